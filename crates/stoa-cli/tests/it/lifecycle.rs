//! From a draft to everybody: a link, a test, an activation.

use stoa_sandbox::sandbox::CONNECTION_FILE;

use stoa_cli::Input;
use stoa_sandbox::openid::{INITECH, Product};

use crate::command::Desk;

/// Makes the sandbox's connection a draft again.
async fn draft(desk: &Desk) {
    use stoa_core::connection::ConnectionState;
    let id = stoa_core::ids::ConnectionId::parse("pg").unwrap();
    desk.sandbox.operator.set_state(&id, ConnectionState::Draft, "a test").await.unwrap();
}

async fn test_link(desk: &Desk) -> String {
    let said = desk.stoa(&["connection", "test", "pg", "--host", &desk.sandbox.url()]).await.done();
    said.lines().last().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_draft_is_tested_by_a_link_and_then_activated() {
    let desk = Desk::new().await;
    draft(&desk).await;
    let activate = ["connection", "activate", "pg", "--reason", "they go live"];
    let refusal = desk.stoa(&activate).await.refused();
    assert!(refusal.contains("pg is not tested: no test login has succeeded"), "{refusal}");
    assert!(refusal.contains("`stoa connection test pg`"), "{refusal}");

    let link = test_link(&desk).await;
    assert!(link.starts_with(&format!("{}/login/pg?test=", desk.sandbox.url())), "{link}");
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let page = desk.sandbox.browser().get(&link).await.unwrap();
    assert!(page.text().contains("The test login worked"), "{}", page.text());

    let list = desk.stoa(&["connection", "list"]).await.done();
    assert!(list.contains("tested"), "{list}");
    let result = desk.stoa(&["connection", "test", "pg", "--result"]).await.done();
    assert!(result.contains("Connection pg is tested: login ") && result.contains("state: draft → tested"), "{result}");
    assert!(!result.contains("/login/pg"), "{result}");
    desk.file("pg.toml", |text| format!("{text}company = \"company\"\n"));
    desk.stoa(&["connection", "apply", &desk.path().join("pg.toml").display().to_string(), "--reason", "a test"])
        .await
        .done();
    let list = desk.stoa(&["connection", "list"]).await.done();
    assert!(list.contains("draft") && !list.contains("tested"), "{list}");
    desk.stoa(&["connection", "rollback", "pg", "1", "--reason", "as it was tested"]).await.done();
    desk.stoa(&activate).await.done();
    let history = desk.stoa(&["connection", "history", "pg"]).await.done();
    let last = history.lines().rfind(|line| line.starts_with("version")).unwrap();
    assert!(last.contains("active") && last.contains("they go live (test login "), "{history}");
    assert!(!history.contains("tester"), "{history}");
}

#[tokio::test]
async fn a_change_of_an_active_connection_says_that_it_counts_for_everybody() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| format!("{text}company = \"company\"\n"));
    for command in [&["plan", &file][..], &["apply", &file, "--reason", "a test"]] {
        let said = desk.stoa(&[&["connection"][..], command].concat()).await.done();
        assert!(said.contains("note: pg is active and stays active"), "{said}");
    }
    let said = desk.stoa(&["connection", "rollback", "pg", "1", "--reason", "back"]).await.done();
    assert!(said.contains("note: pg is active and stays active"), "{said}");
}

#[tokio::test]
async fn a_link_outlives_a_change_and_not_the_next_link() {
    let desk = Desk::new().await;
    let first = test_link(&desk).await;
    let file = desk.write("pg.toml", &format!("{CONNECTION_FILE}company = \"company\"\n"));
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let works = async |link: &str| desk.sandbox.browser().get(link).await.unwrap().text().contains("login worked");
    assert!(works(&first).await);
    let second = test_link(&desk).await;
    assert!(!works(&first).await && works(&second).await);
}

/// As the README has it: the file, `apply`, their administrator's test, `activate`. A client secret is not for a file.
#[tokio::test]
async fn a_second_customer_with_another_identity_provider_is_a_file_and_two_commands() {
    let desk = Desk::new().await;
    let (openid, url) = (&desk.sandbox.openid, desk.sandbox.url());
    // Their administrator registers the application, as a developer can in the simulator's page.
    let console = format!("{}/sandbox/clients", openid.url(Product::Okta));
    let redirect_uri = format!("{url}/oidc/initech/callback");
    let typed = [("product", "okta"), ("client_id", INITECH.client_id), ("client_secret", INITECH.secret)];
    let typed = [&typed[..], &[("redirect_uri", &redirect_uri)]].concat();
    desk.sandbox.browser().post(None, &console, &typed).await.unwrap();
    let file = INITECH.file.replace("https://initech.okta.com", &openid.url(Product::Okta));
    let file = desk.write("initech.toml", &file);
    let secret = Input::Piped(Box::new(INITECH.secret.as_bytes()));
    desk.stoa_with(&["secret", "put", "oidc/initech", "--before-apply"], secret).await.done();

    let said = desk.stoa(&["connection", "apply", &file, "--host", &url, "--reason", "a test"]).await.done();
    let link = said.lines().map(str::trim).find(|line| line.starts_with(&url)).unwrap_or_else(|| panic!("{said}"));
    openid.sign_on_as(Product::Okta, INITECH.person);
    let page = desk.sandbox.browser().get(link).await.unwrap();
    assert!(page.text().contains("The test login worked"), "{}", page.text());
    desk.stoa(&["connection", "activate", "initech", "--reason", "tested by their administrator"]).await.done();
    // Functions hold a connection for a minute.
    desk.sandbox.advance(61);
    let page = desk.sandbox.browser().get(&format!("{url}/login/initech")).await.unwrap();
    assert_eq!(page.url.host_str(), Some(stoa_sandbox::thinkific::HOST), "{}", page.text());
    assert!(page.text().contains(INITECH.person), "{}", page.text());
}
