//! Connections: what is refused, what is written, and the way back.

use stoa_core::ids::ConnectionId;
use stoa_sandbox::sandbox::CONNECTION_FILE;
use stoa_service::operator::ConnectionFile;

use crate::command::Desk;

/// Another connection beside the sandbox's own.
fn other(text: &str) -> String {
    text.replace("id = \"pg\"", "id = \"acme\"")
        .replace("customer = \"pg\"", "customer = \"acme\"")
        .replace("pg.com", "acme.example")
        .replace("https://sso.example.com/saml/pg", "https://sso.example.com/saml/acme")
}

#[tokio::test]
async fn a_plan_writes_nothing_and_an_apply_what_was_planned() {
    let desk = Desk::new().await;
    let file = desk.file("acme.toml", other);
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    assert!(plan.contains("Connection acme: new, version 1, draft"), "{plan}");
    assert!(plan.contains("domains: (none) → [\"acme.example\"]"), "{plan}");
    assert!(plan.contains("Nothing was written."), "{plan}");
    let list = desk.stoa(&["connection", "list"]).await.done();
    assert!(!list.contains("acme"), "{list}");
    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(applied.contains("Written: connection acme, version 1, draft."), "{applied}");
    assert!(applied.contains("/login/acme?test=") && applied.contains("`stoa connection guide acme`"), "{applied}");
    let list = desk.stoa(&["connection", "list"]).await.done();
    assert!(list.lines().count() == 2 && list.starts_with("acme ") && list.contains("\npg "), "{list}");
    let again = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(again.contains("unchanged at version 1") && again.ends_with("Nothing to do.\n"), "{again}");
}

#[tokio::test]
async fn a_folder_brings_its_schools_along() {
    let desk = Desk::new().await;
    desk.file("acme.toml", |text| other(text).replace("pg-academy", "acme-academy"));
    let missing = desk.stoa(&["connection", "plan", &desk.path().display().to_string()]).await.refused();
    assert!(missing.contains("schools/acme-academy.toml"), "{missing}");
    desk.write(
        "schools/acme-academy.toml",
        "id = \"acme-academy\"\nsubdomain = \"acme\"\nbase_url = \"https://acme.thinkific.com\"\n",
    );
    let applied =
        desk.stoa(&["connection", "apply", &desk.path().display().to_string(), "--reason", "a test"]).await.done();
    let (school, connection) =
        (applied.find("Written: school acme-academy."), applied.find("Written: connection acme, version 1"));
    assert!(school.is_some() && school < connection, "{applied}");
}

#[tokio::test]
async fn one_of_two_who_apply_at_once_is_refused() {
    let desk = Desk::new().await;
    let files: Vec<String> = (1..=8)
        .map(|n| desk.file(&format!("pg{n}.toml"), |text| format!("{text}\n[admit]\ngroups = [\"g{n}\"]\n")))
        .collect();
    let operator = &desk.sandbox.operator;
    let mut planned = Vec::new();
    for file in &files {
        let file = ConnectionFile {
            path: file.clone(),
            text: std::fs::read_to_string(file).unwrap(),
            metadata: Some(std::fs::read(desk.path().join("pg-metadata.xml")).unwrap()),
            ..ConnectionFile::default()
        };
        planned.push(operator.plan(&file).await.unwrap());
    }
    // All of them have read version 2.
    let mut results = Vec::new();
    for planned in planned {
        results.push(operator.apply(planned).await.map_err(|error| error.to_string()));
    }
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let refusal = results.into_iter().find_map(Result::err).unwrap();
    assert_eq!(refusal, "nothing was written: somebody else has changed pg in the meantime");
}

#[tokio::test]
async fn a_domain_is_one_customer_s_only() {
    let desk = Desk::new().await;
    let file = desk.file("thief.toml", |text| other(text).replace("acme.example", "pg.com"));
    let refusal = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
    assert!(refusal.contains("the domain pg.com belongs to pg, not to acme"), "{refusal}");
    assert!(!desk.stoa(&["connection", "list"]).await.done().contains("acme"));
}

/// Both have planned while the domain was free; the transaction decides.
#[tokio::test]
async fn a_domain_that_two_customers_ask_for_at_once_is_one_s() {
    let desk = Desk::new().await;
    let metadata = || Some(std::fs::read(desk.path().join("pg-metadata.xml")).unwrap());
    let file = |id: &str| ConnectionFile {
        path: format!("{id}.toml"),
        text: other(CONNECTION_FILE).replace("\"acme\"", &format!("\"{id}\"")),
        metadata: metadata(),
        ..ConnectionFile::default()
    };
    let operator = &desk.sandbox.operator;
    let (first, second) = (operator.plan(&file("acme")).await.unwrap(), operator.plan(&file("zenith")).await.unwrap());
    operator.apply(first).await.unwrap();
    let refusal = operator.apply(second).await.unwrap_err().to_string();
    assert_eq!(refusal, "nothing was written: the domain acme.example belongs to another customer, not to zenith");
    assert!(operator.current(&ConnectionId::parse("zenith").unwrap()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_public_mail_domain_cannot_be_claimed() {
    let desk = Desk::new().await;
    let file = desk.file("acme.toml", |text| other(text).replace("acme.example", "gmail.com"));
    let refusal = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
    assert!(refusal.contains("public mail provider"), "{refusal}");
}

#[tokio::test]
async fn our_entity_id_cannot_be_changed() {
    let desk = Desk::new().await;
    let file =
        desk.file("pg.toml", |text| text.replace("https://sso.example.com/saml/pg", "https://elsewhere.example"));
    let refusal = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
    assert!(refusal.contains("https://sso.example.com/saml/pg"), "{refusal}");
}

#[tokio::test]
async fn disabling_is_immediate_and_the_history_says_who_and_why() {
    let desk = Desk::new().await;
    let disabled = desk.stoa(&["connection", "disable", "pg", "--reason", "key stolen"]).await.done();
    assert!(disabled.contains("version 3, state: active → disabled"), "{disabled}");
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(page.status, 403);
    let twice = desk.stoa(&["connection", "disable", "pg", "--reason", "again"]).await.done();
    assert!(twice.contains("is already disabled. Nothing was written."), "{twice}");
    desk.stoa(&["connection", "activate", "pg", "--reason", "new key"]).await.done();
    let history = desk.stoa(&["connection", "history", "pg"]).await.done();
    let versions: Vec<&str> = history.lines().filter(|line| line.starts_with("version")).collect();
    let numbers: Vec<&str> = versions.iter().map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4"], "{history}");
    let third = versions[2];
    assert!(third.contains("arn:aws:iam::000000000000:user/on-call") && third.ends_with("key stolen"), "{third}");
    assert!(history.contains("key stolen\n    state: active → disabled\n"), "{history}");
}

#[tokio::test]
async fn a_rollback_writes_the_earlier_document_as_a_new_version() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| format!("{text}\n[admit]\ngroups = [\"nobody\"]\n"));
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    let back = desk.stoa(&["connection", "rollback", "pg", "2", "--reason", "locked everybody out"]).await.done();
    assert!(back.contains("admit.groups: [\"nobody\"] → []"), "{back}");
    assert!(back.contains("Written: connection pg, version 4, restored from version 2."), "{back}");
    let again = desk.stoa(&["connection", "rollback", "pg", "2", "--reason", "twice"]).await.done();
    assert!(again.contains("Nothing was written."), "{again}");
    let unknown = desk.stoa(&["connection", "rollback", "pg", "9", "--reason", "x"]).await.refused();
    assert!(unknown.contains("has no version 9"), "{unknown}");
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(page.url.host_str(), Some("thinkific.localhost"), "{}", page.text());
}

#[tokio::test]
async fn a_rollback_brings_back_a_connection_whose_item_is_gone() {
    let desk = Desk::new().await;
    desk.dynamodb(
        "DeleteItem",
        r#"{"TableName":"stoa-local-connections","Key":{"pk":{"S":"connection#pg"},"sk":{"S":"current"}}}"#,
    )
    .await;
    let file = desk.file("pg.toml", str::to_owned);
    let refusal = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.refused();
    assert!(refusal.contains("`rollback` brings it back"), "{refusal}");
    let back = desk.stoa(&["connection", "rollback", "pg", "2", "--reason", "deleted by mistake"]).await.done();
    assert!(back.contains("Written: connection pg, version 3"), "{back}");
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(page.url.host_str(), Some("thinkific.localhost"), "{}", page.text());
}

#[tokio::test]
async fn a_domain_that_is_dropped_stays_claimed() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| text.replace("[\"pg.com\"]", "[\"us.pg.example\"]"));
    let applied = desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(applied.contains("note: pg.com stays claimed"), "{applied}");
    let thief = desk.file("thief.toml", |text| other(text).replace("acme.example", "pg.com"));
    assert!(desk.stoa(&["connection", "plan", &thief]).await.refused().contains("belongs to pg"));
}

#[tokio::test]
async fn a_new_key_in_the_metadata_is_announced_and_not_taken() {
    let desk = Desk::new().await;
    desk.sandbox.pingfederate.announce_next_certificate();
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    desk.write("pg-metadata.xml", &metadata);
    let file = desk.file("pg.toml", str::to_owned);
    let plan = desk.stoa(&["connection", "plan", &file]).await.done();
    assert!(plan.contains("note: the metadata names a key that pg does not trust"), "{plan}");
}

#[tokio::test]
async fn check_says_what_is_known_of_the_certificates_without_asking_anybody() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", str::to_owned);
    // The sandbox's identity provider is on http, which only a sandbox may be.
    let refusal = crate::command::stoa(&["connection", "check", &file]).await.refused();
    assert!(refusal.contains("must be an absolute https address"), "{refusal}");
    let checked = crate::command::stoa(&["--sandbox", "http://127.0.0.1:1", "connection", "check", &file]).await.done();
    assert!(checked.contains("Connection pg: valid."), "{checked}");
    assert!(checked.contains("Signing certificate: ") && checked.contains("    SHA-256 "), "{checked}");
    desk.sandbox.pingfederate.announce_next_certificate();
    let metadata = desk.sandbox.pingfederate.metadata(desk.sandbox.pingfederate_partner()).unwrap();
    desk.write("pg-metadata.xml", &metadata);
    let checked = crate::command::stoa(&["--sandbox", "http://127.0.0.1:1", "connection", "check", &file]).await.done();
    assert!(checked.contains("warning: 2 signing certificates"), "{checked}");
}
