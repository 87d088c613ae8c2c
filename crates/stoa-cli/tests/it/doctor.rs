//! `stoa doctor` and `stoa status`: nothing on a healthy stack, and each check broken in turn is that finding alone.

use serde_json::{Value, json};
use stoa_cli::Input;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::rehearsal::{Answer, Question};
use stoa_core::routes::{ON_CALL_LOOKS, ROUTES, Table};
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::pingfederate::{Defect, Published};
use stoa_sandbox::sandbox::Options;
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, Plan, Trouble};
use stoa_sandbox::workos::NewDirectoryUser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::command::{Desk, Ran};

async fn doctor(desk: &Desk) -> Ran {
    desk.stoa(&["doctor", "--host", &desk.sandbox.url()]).await
}

/// The names of the checks that found something, and the text.
fn found(ran: &Ran) -> Vec<&str> {
    let lines = ran.out.lines().filter(|line| !line.starts_with(' ') && !line.starts_with("Not a finding: "));
    lines.filter_map(|line| line.split_whitespace().next()).collect()
}

#[track_caller]
fn alone(ran: &Ran, check: &str, parts: &[&str]) {
    assert_eq!((ran.code, found(ran)), (1, vec![check]), "{ran:?}");
    for part in parts {
        assert!(ran.out.contains(part), "{part}: {ran:?}");
    }
    assert!(ran.err.contains("1 finding\n"), "{ran:?}");
}

fn pg() -> ConnectionId {
    ConnectionId::parse("pg").unwrap()
}

/// Items of a table under a partition key.
fn items(desk: &Desk, table: Table, pk: &str) -> Vec<Value> {
    let items = desk.sandbox.front.items(table).unwrap();
    items.into_iter().filter(|item| item["pk"]["S"] == pk).collect()
}

async fn put(desk: &Desk, table: Table, item: &Value) {
    let name = desk.sandbox.front.stack().table_name(table);
    desk.dynamodb("PutItem", &json!({ "TableName": name, "Item": item }).to_string()).await;
}

async fn delete(desk: &Desk, table: Table, item: &Value) {
    let name = desk.sandbox.front.stack().table_name(table);
    let key = json!({ "pk": item["pk"], "sk": item["sk"] });
    desk.dynamodb("DeleteItem", &json!({ "TableName": name, "Key": key }).to_string()).await;
}

fn watch(seen: &Value) -> Value {
    json!({ "pk": { "S": "watch#pg" }, "sk": { "S": "saml" }, "n": { "N": "7" }, "watch": { "M": seen } })
}

/// What a stack is told of which nothing is wrong, and whose school nobody has asked anything.
const HEALTHY: &str = "Not a finding: no trail records who asks the function operator: docs/runbook/doctor.md#trail_off\n\
                       Not a finding: pg-academy was never rehearsed: `stoa school rehearse pg-academy`\n\
                       Nothing found in 41 checks.\n";

#[tokio::test]
async fn on_a_healthy_stack_nothing_is_found() {
    let desk = Desk::new().await;
    let ran = doctor(&desk).await;
    assert_eq!((ran.code, ran.out.as_str()), (0, HEALTHY), "{ran:?}");
    // People who got in, or did something wrong themselves, change nothing; neither does a look at the keys.
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    desk.sandbox.refresh_trust().await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0);
    // It looks, with the rights of whoever is on call, and writes nothing.
    desk.sandbox.front.take_calls();
    doctor(&desk).await;
    let calls = desk.sandbox.front.calls();
    let written = calls.iter().filter(|call| call.principal == "on-call").filter(|call| {
        ["Put", "Update", "Delete", "Create", "Transact"].iter().any(|verb| call.operation.starts_with(verb))
    });
    assert_eq!(written.count(), 0, "{calls:?}");
}

#[tokio::test]
async fn a_host_that_does_not_answer_or_has_another_time_is_found() {
    let desk = Desk::new().await;
    let nobody = desk.stoa(&["doctor", "--host", "http://127.0.0.1:1"]).await;
    alone(&nobody, "host_unreachable", &["there was no connection", "doctor.md#host_unreachable"]);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for status in ["200 OK", "503 Service Unavailable"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            let date = if status.starts_with("200") { "date: Tue, 01 Jan 2030 00:00:00 GMT\r\n" } else { "" };
            let answer = format!("HTTP/1.1 {status}\r\n{date}connection: close\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    alone(&desk.stoa(&["doctor", "--host", &host]).await, "host_clock", &["differ by "]);
    alone(&desk.stoa(&["doctor", "--host", &host]).await, "host_unreachable", &["status 503"]);
}

#[tokio::test]
async fn a_function_that_is_half_deployed_or_does_not_answer_is_found() {
    let desk = Desk::new().await;
    desk.sandbox.front.shift_traffic("saml-acs");
    alone(&doctor(&desk).await, "traffic_shared", &["stoa-local-saml-acs", "another version than 1"]);
    let desk = Desk::new().await;
    desk.sandbox.front.inject(Fault::next("operator", "secretsmanager:GetSecretValue", FaultKind::Deny));
    alone(&doctor(&desk).await, "operator_silent", &["docs/runbook/faults/permission_missing.md"]);
}

#[tokio::test]
async fn a_secret_that_is_missing_and_one_that_is_nobody_s_are_found() {
    let desk = Desk::new().await;
    let secret = Input::Piped(Box::new(&b"a secret of somebody"[..]));
    desk.stoa_with(&["secret", "put", "oidc/initech", "--before-apply"], secret).await.done();
    alone(&doctor(&desk).await, "secret_unowned", &["oidc/initech", "`stoa secret remove oidc/initech`"]);
    desk.stoa(&["secret", "remove", "oidc/initech"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "what was removed is gone");

    let file = desk.file("pg.toml", |text| {
        let pem = include_str!("../../../stoa-saml/testdata/keys/sp.crt");
        text.replace("sp_entity_id", &format!("sp_certificates = [\"\"\"{pem}\"\"\"]\nsp_entity_id"))
    });
    desk.stoa(&["connection", "apply", &file, "--reason", "encrypted"]).await.done();
    alone(&doctor(&desk).await, "secret_missing", &["saml/pg: there is no such secret", "`stoa secret put saml/pg`"]);
    let key = include_str!("../../../stoa-saml/testdata/keys/sp.key");
    desk.stoa_with(&["secret", "put", "saml/pg"], Input::Piped(Box::new(key.as_bytes()))).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");
}

#[tokio::test]
async fn what_the_table_connections_lacks_is_found() {
    let desk = Desk::new().await;
    let current = items(&desk, Table::Connections, "connection#pg");
    let current = current.iter().find(|item| item["sk"]["S"] == "current").unwrap();
    let mut broken = current.clone();
    broken["document"]["S"] = json!(current["document"]["S"].as_str().unwrap().replace("pg.com", "gmail.com"));
    put(&desk, Table::Connections, &broken).await;
    alone(&doctor(&desk).await, "connection_broken", &["gmail.com", "configuration_broken.md"]);
    put(&desk, Table::Connections, current).await;

    for (pk, check, part) in [
        ("school#pg-academy", "school_missing", "its school pg-academy is not stored"),
        ("domain#pg-academy#pg.com", "claim_missing", "nobody has claimed its domain pg.com"),
        ("discovery#pg.com", "lead_missing", "/login does not lead to it from pg.com"),
    ] {
        let item = items(&desk, Table::Connections, pk).remove(0);
        delete(&desk, Table::Connections, &item).await;
        alone(&doctor(&desk).await, check, &[part]);
        put(&desk, Table::Connections, &item).await;
    }
    assert_eq!(doctor(&desk).await.code, 0);
    // As the page of the check says.
    let item = items(&desk, Table::Connections, "discovery#pg.com").remove(0);
    delete(&desk, Table::Connections, &item).await;
    desk.stoa(&["connection", "disable", "pg", "--reason", "a lead is missing"]).await.done();
    desk.stoa(&["connection", "activate", "pg", "--reason", "a lead is missing"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");
    let claim = items(&desk, Table::Connections, "domain#pg-academy#pg.com").remove(0);
    delete(&desk, Table::Connections, &claim).await;
    let file = desk.file("pg.toml", |text| format!("{text}company = \"company\"\n"));
    desk.stoa(&["connection", "apply", &file, "--reason", "a claim is missing"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");
}

#[tokio::test]
async fn what_is_wrong_with_an_identity_provider_s_keys_is_found() {
    let desk = Desk::new().await;
    let now = jiff::Timestamp::now().as_second();
    let at = |seconds: i64| json!({ "N": seconds.to_string() });
    let (days, key) = (24 * 3600, json!({ "S": "00".repeat(32) }));
    let held = json!({ "M": { "what": { "S": "entity_id" }, "got": { "S": "https://x.example" }, "since": at(now) } });
    let waiting = json!({ "L": [{ "M": { "fingerprint": key, "certificate": key, "since": at(now) } }] });
    for (seen, check, part) in [
        (json!({ "held": held }), "trust_held", "another entity id"),
        (json!({ "waiting": waiting }), "key_waiting", "1 new key waits"),
        (
            json!({ "failing_since": at(now - 2 * days), "failure": { "S": "no answer" } }),
            "trust_unreadable",
            "no answer",
        ),
    ] {
        put(&desk, Table::Trust, &watch(&seen)).await;
        alone(&doctor(&desk).await, check, &[part, "docs/runbook/alarms/Trust"]);
    }
    put(&desk, Table::Trust, &watch(&json!({ "failing_since": at(now - days / 2) }))).await;
    assert_eq!(doctor(&desk).await.code, 0, "a night is not long");
    // Only a certificate that has expired is left.
    let trusted = items(&desk, Table::Trust, "pg").remove(0);
    let old = desk.write("old.pem", include_str!("../../../stoa-saml/testdata/keys/idp-expired.crt"));
    desk.stoa(&["connection", "trust", "pg", "add", &old, "--reason", "a test"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "another one is valid for years");
    delete(&desk, Table::Trust, &trusted).await;
    alone(&doctor(&desk).await, "key_expiring", &["has expired", "TrustKeyExpiring.md"]);
}

#[tokio::test]
async fn that_nobody_looks_at_the_keys_is_found() {
    let desk = Desk::new().await;
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let file = desk.file("pg.toml", |text| {
        text.replace("metadata_file = \"pg-metadata.xml\"", &format!("metadata_url = \"{url}\""))
    });
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "it was applied a moment ago");
    let hours_ago = (jiff::Timestamp::now().as_second() - 4 * 3600).to_string();
    let mut current = items(&desk, Table::Connections, "connection#pg");
    let current = current.iter_mut().find(|item| item["sk"]["S"] == "current").unwrap();
    current["at"]["N"] = json!(hours_ago);
    put(&desk, Table::Connections, current).await;
    alone(&doctor(&desk).await, "trust_unseen", &["the function trust-refresh", "published for pg"]);
    desk.sandbox.refresh_trust().await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");
    // One that cannot be read is looked at all the same.
    desk.sandbox.pingfederate.publish_instead(Some(Published::Status(503)));
    desk.sandbox.refresh_trust().await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0);
}

#[tokio::test]
async fn a_schedule_that_is_off_a_run_that_failed_and_alarms_that_nobody_hears_are_found() {
    let desk = Desk::new().await;
    desk.sandbox.front.switch_schedule_off("mirror");
    alone(&doctor(&desk).await, "schedule_off", &["schedule stoa-local-mirror: it is switched off"]);
    let desk = Desk::new().await;
    desk.sandbox.front.queue_failure("TrustRefreshFailures");
    alone(&doctor(&desk).await, "runs_failed", &["queue stoa-local-TrustRefreshFailures: 1 run could not"]);
    let desk = Desk::new().await;
    desk.sandbox.front.leave_alarms_unconfirmed();
    alone(&doctor(&desk).await, "alarms_unheard", &["topic stoa-local-AlarmTopic: nobody who is to be told"]);
}

#[tokio::test]
async fn logs_that_are_kept_for_ever_and_an_account_without_a_trail_are_found() {
    let desk = Desk::new().await;
    let asks = "Not a finding: no trail records who asks the function operator";
    let front = &desk.sandbox.front;
    let of = |function: &str| {
        let functions = json!([format!("arn:aws:lambda:us-east-1:000000000000:function:stoa-local-{function}")]);
        let resources = json!([{ "Type": "AWS::Lambda::Function", "Values": functions }]);
        json!({ "EventSelectors": [
            { "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": resources },
        ] })
    };
    for (selected, is_told) in [(of("login"), true), (of("operator"), false)] {
        front.select_trail(selected);
        let ran = doctor(&desk).await;
        assert_eq!((ran.code, ran.out.contains(asks)), (0, is_told), "{ran:?}");
    }
    // Who asked is read once, not for the finding and the remark.
    front.take_calls();
    doctor(&desk).await;
    let calls = front.take_calls();
    assert_eq!(calls.iter().filter(|call| call.operation == "DescribeTrails").count(), 1, "{calls:?}");
    let lists = |call: &&stoa_sandbox::aws::journal::Call| {
        let (is_list, is_ours) = (call.keys.contains("connections"), call.principal == "on-call");
        call.operation == "Query" && is_list && is_ours
    };
    assert_eq!(calls.iter().filter(lists).count(), 1, "{calls:?}");

    let off =
        async || alone(&doctor(&desk).await, "trail_off", &["CloudTrail: no trail records every change", "#trail_off"]);
    let reads = json!({ "EventSelectors": [{ "ReadWriteType": "ReadOnly", "IncludeManagementEvents": true }] });
    let data = json!([{ "Field": "eventCategory", "Equals": ["Data"] }]);
    for selected in [reads, json!({ "AdvancedEventSelectors": [{ "FieldSelectors": data }] })] {
        front.select_trail(selected);
        off().await;
    }
    front.select_trail(of("operator"));
    front.keep_trail_to("us-east-1");
    assert_eq!(doctor(&desk).await.code, 0, "it is of this region");
    front.keep_trail_to("eu-central-1");
    off().await;
    front.keep_trail_to("us-east-1");
    front.stop_trail();
    off().await;
    let desk = Desk::new().await;
    desk.sandbox.front.keep_log_for_ever("operator");
    alone(
        &doctor(&desk).await,
        "log_retention",
        &["log group /aws/lambda/stoa-local-operator: its lines are kept forever"],
    );
}

/// A host whose certificate nobody vouches for, and one that has no name.
#[tokio::test]
async fn a_host_that_browsers_would_not_open_is_found() {
    let desk = Desk::new().await;
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let Ok(mut connection) = rustls::ServerConnection::new(std::sync::Arc::new(config.clone())) else { return };
            let _ = connection.complete_io(&mut socket);
        }
    });
    let at = async |host: &str| desk.stoa(&["doctor", "--host", host]).await;
    alone(&at(&host).await, "host_certificate", &["browsers do not accept its certificate: ", "#host_certificate"]);
    alone(&at("https://nothing.invalid").await, "host_unresolved", &["its name leads to no address"]);
}

#[tokio::test]
async fn the_end_of_a_client_secret_is_found_and_listed() {
    let desk = Desk::new().await;
    let day = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(20 * 24)).to_string()[..10].to_owned();
    let contacts = "\n[[contact]]\nname = \"A\"\nrole = \"administrator\"\nemail = \"a@pg.com\"\n\n[[contact]]\nname = \"B\"\n\
                    role = \"administrator\"\nat = \"school\"\nemail = \"b@academy.example\"\n";
    let file = |text: &str| {
        let ending = format!("secret_expires = \"{day}\"\nclient_id = ");
        format!("{}{contacts}", text.replace("client_id = ", &ending))
    };
    desk.sandbox.connect_openid(&stoa_sandbox::openid::PG_OIDC, file).await.unwrap();
    let parts =
        ["pg-oidc: its client secret expires in 20 days", "`stoa secret put oidc/pg-oidc`", "CredentialExpiring.md"];
    alone(&doctor(&desk).await, "secret_expiring", &parts);
    let status = desk.stoa(&["status"]).await.done();
    assert!(status.contains("Expires within 60 days:\nin 20 days   pg-oidc: client secret"), "{status}");
    // As the alarm: of each connection that is not closed.
    let id = ConnectionId::parse("pg-oidc").unwrap();
    desk.sandbox.operator.set_state(&id, ConnectionState::Disabled, "over").await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "nobody comes in by it");
    desk.stoa(&["connection", "test", "pg-oidc"]).await.done();
    alone(&doctor(&desk).await, "secret_expiring", &["pg-oidc: its client secret expires"]);
}

#[tokio::test]
async fn an_account_that_runs_few_functions_at_once_is_found() {
    let desk = Desk::new().await;
    desk.sandbox.front.limit_account();
    alone(&doctor(&desk).await, "concurrency_low", &["only 10 functions", "doctor.md#concurrency_low"]);
}

/// The Webhooks API may take no key at all, which is no reason to leave the rest unseen.
#[tokio::test]
async fn a_school_whose_webhooks_take_no_key_is_looked_at_all_the_same() {
    let answers = vec![(Question::WebhooksKey, Answer::Refused)];
    let desk = Desk::with(Options { answers, ..Options::default() }).await;
    desk.sandbox.set_up_probe().await.unwrap();
    let ran = doctor(&desk).await;
    assert!(!ran.out.contains("not_checked") && !ran.out.contains("thinkific_key_refused"), "{ran:?}");
    let told = desk.stoa(&["thinkific", "webhooks", "pg-academy"]).await.refused();
    assert!(told.contains("thinkific_key_refused"), "{told}");
}

#[tokio::test]
async fn a_school_that_takes_no_key_or_does_not_answer_is_found() {
    let desk = Desk::new().await;
    let school = &desk.sandbox.thinkific;
    school.change_plan(Plan::WithoutApi);
    alone(&doctor(&desk).await, "school_refuses", &["pg-academy: Thinkific refuses its key, with status 401"]);
    school.change_plan(Plan::WithApi);
    assert_eq!(doctor(&desk).await.code, 0);
    for (trouble, part) in [
        (Trouble::Status(503), "answers with status 503"),
        (Trouble::Blocked, "answers with status 403"),
        (Trouble::Cut, "thinkific_unavailable"),
    ] {
        school.inject(SchoolFault { target: FaultTarget::Admin, trouble, times: 20 });
        alone(&doctor(&desk).await, "school_silent", &["pg-academy: ", part]);
        school.clear_faults();
    }
    school.allow_per_minute(0);
    assert_eq!(doctor(&desk).await.code, 0, "one that is busy has taken its key");
}

#[tokio::test]
async fn what_is_not_known_or_told_of_a_school_is_found() {
    let desk = Desk::new().await;
    let school = &desk.sandbox.thinkific;
    desk.stoa(&["thinkific", "webhooks", "pg-academy", "--write"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0);
    let own = school.subscriptions().remove(0);
    school.edit_subscription(&own.id, |own| own.status = "disabled".to_owned());
    alone(
        &doctor(&desk).await,
        "webhooks_broken",
        &["1 is missing and 1 is broken or one too many", "pg-academy --write`"],
    );
    desk.stoa(&["thinkific", "webhooks", "pg-academy", "--write"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");

    desk.sandbox.mirror().await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0);
    let seen = items(&desk, Table::Directory, "school#pg-academy").remove(0);
    for (at, hours, part) in [
        ("roles_at", 3, "its accounts with a role were last looked at"),
        ("mirrored_at", 25, "its accounts were last looked at"),
    ] {
        let mut old = seen.clone();
        old[at]["N"] = json!((jiff::Timestamp::now().as_second() - hours * 3600).to_string());
        put(&desk, Table::Directory, &old).await;
        alone(&doctor(&desk).await, "mirror_old", &[part, "MirrorAbsent.md"]);
    }
}

#[tokio::test]
async fn what_a_customer_s_scim_client_lacks_is_found() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| format!("{text}\n[directory]\nsource = \"scim\"\n"));
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    alone(&doctor(&desk).await, "scim_token_missing", &["pg: ", "`stoa scim token create pg`"]);
    desk.scim_token("60d").await;
    let expires = &["its SCIM client expires in 60 days", "`stoa scim token create pg`"];
    alone(&doctor(&desk).await, "scim_token_expiring", expires);
    let token = desk.scim_token("61d").await;
    assert_eq!(doctor(&desk).await.code, 0, "one that lives longer follows it");

    // As it is when they were made days ago.
    let tokens = items(&desk, Table::Directory, "scim#pg").remove(0);
    let made_earlier = |mut item: Value| {
        for token in item["tokens"]["L"].as_array_mut().unwrap() {
            token["M"]["created"]["N"] = json!((jiff::Timestamp::now().as_second() - 3 * 24 * 3600).to_string());
        }
        item
    };
    put(&desk, Table::Directory, &made_earlier(tokens)).await;
    assert_eq!(doctor(&desk).await.code, 0, "it has told of nobody yet");
    desk.scim(&token, "POST /Users", &json!({ "userName": "ada@pg.com" })).await;
    assert_eq!(doctor(&desk).await.code, 0, "it has just come");
    let mut used = items(&desk, Table::Directory, "used#pg").remove(0);
    used["at"]["N"] = json!((jiff::Timestamp::now().as_second() - 25 * 3600).to_string());
    put(&desk, Table::Directory, &used).await;
    alone(&doctor(&desk).await, "scim_silent", &["has not come since", "doctor.md#scim_silent"]);
    desk.stoa(&["scim", "token", "revoke", "pg", "1"]).await.done();
    let tokens = items(&desk, Table::Directory, "scim#pg").remove(0);
    put(&desk, Table::Directory, &made_earlier(tokens)).await;
    alone(&doctor(&desk).await, "scim_silent", &[]);
    let token = desk.scim_token("90d").await;
    let tokens = items(&desk, Table::Directory, "scim#pg").remove(0);
    put(&desk, Table::Directory, &made_earlier(tokens)).await;
    // Functions hold for a minute which tokens there are.
    desk.sandbox.advance(61);
    desk.scim(&token, "POST /Users", &json!({ "userName": "bea@pg.com" })).await;
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");

    // Whoever may only look sees nobody for it.
    desk.sandbox.front.take_calls();
    doctor(&desk).await;
    let seen = desk.sandbox.front.take_calls().into_iter();
    let seen: Vec<_> =
        seen.filter(|call| call.principal == "on-call" && call.resource.starts_with("directory")).collect();
    assert_eq!(seen.len(), 4, "{seen:?}");
    let patterns = ON_CALL_LOOKS.conditions[0].values;
    for call in &seen {
        assert!(ON_CALL_LOOKS.actions.iter().any(|action| action.as_str() == call.action), "{call:?}");
        let covered = |key: &String| patterns.iter().any(|pattern| key.starts_with(pattern.trim_end_matches('*')));
        assert!(call.keys.iter().all(covered), "{call:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_certificate_in_the_file_is_found_and_listed() {
    let desk = Desk::new().await;
    let [ours, ended] = [
        include_str!("../../../stoa-saml/testdata/keys/sp.crt"),
        include_str!("../../../stoa-saml/testdata/keys/idp-expired.crt"),
    ];
    let file = |certificates: &[&str]| {
        let list = certificates.iter().map(|pem| format!("\"\"\"{pem}\"\"\"")).collect::<Vec<_>>().join(", ");
        desk.file("pg.toml", |text| text.replace("sp_entity_id", &format!("sp_certificates = [{list}]\nsp_entity_id")))
    };
    let key = include_str!("../../../stoa-saml/testdata/keys/sp.key");
    desk.stoa_with(&["secret", "put", "saml/pg"], Input::Piped(Box::new(key.as_bytes()))).await.done();
    desk.stoa(&["connection", "apply", &file(&[ended]), "--reason", "a test"]).await.done();
    let parts = ["pg: the last certificate of saml.sp_certificates has expired", "TrustKeyExpiring.md"];
    alone(&doctor(&desk).await, "own_key_expiring", &parts);
    let status = desk.stoa(&["status"]).await.done();
    assert!(status.contains("is over   pg: the last certificate of saml.sp_certificates"), "{status}");
    desk.stoa(&["connection", "apply", &file(&[ended, ours]), "--reason", "a test"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "a later one follows it");
}

/// By the other connection, whoever has left comes in.
#[tokio::test]
async fn a_connection_that_does_not_ask_the_directory_beside_it_is_found() {
    let desk = Desk::new().await;
    let contacts = "\n[[contact]]\nname = \"A\"\nrole = \"administrator\"\nemail = \"a@pg.com\"\n\n[[contact]]\nname = \"B\"\n\
                    role = \"administrator\"\nat = \"school\"\nemail = \"b@academy.example\"\n";
    let file = |text: &str| format!("{text}{contacts}");
    desk.sandbox.connect_openid(&stoa_sandbox::openid::PG_OIDC, file).await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "neither has a directory");
    let with = desk.file("pg.toml", |text| format!("{text}\n[directory]\nsource = \"csv\"\n"));
    desk.stoa(&["connection", "apply", &with, "--reason", "a test"]).await.done();
    let parts = ["pg-oidc: whoever has left the directory of pg", "of = \"pg\"", "doctor.md#directory_unasked"];
    alone(&doctor(&desk).await, "directory_unasked", &parts);
    desk.sandbox.operator.set_state(&pg(), ConnectionState::Disabled, "over").await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "nobody comes in by a connection that is closed, nor leaves its directory");
    desk.sandbox.operator.set_state(&pg(), ConnectionState::Active, "back").await.unwrap();
    let asking = |text: &str| {
        file(text).replacen("\n[[contact]]", "\n[directory]\nsource = \"none\"\nof = \"pg\"\n\n[[contact]]", 1)
    };
    desk.sandbox.connect_openid(&stoa_sandbox::openid::PG_OIDC, asking).await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");
}

/// A customer who has left is no finding for ever.
#[tokio::test]
async fn nothing_is_found_of_a_connection_that_is_closed() {
    let desk = Desk::new().await;
    let url = desk.sandbox.pingfederate.metadata_url(desk.sandbox.pingfederate_partner());
    let pem = include_str!("../../../stoa-saml/testdata/keys/sp.crt");
    let file = desk.file("pg.toml", |text| {
        let text = text.replace("metadata_file = \"pg-metadata.xml\"", &format!("metadata_url = \"{url}\""));
        text.replace("sp_entity_id", &format!("sp_certificates = [\"\"\"{pem}\"\"\"]\nsp_entity_id"))
    });
    let key = include_str!("../../../stoa-saml/testdata/keys/sp.key");
    desk.stoa_with(&["secret", "put", "saml/pg"], Input::Piped(Box::new(key.as_bytes()))).await.done();
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    assert!(desk.stoa(&["secret", "remove", "saml/pg"]).await.refused().contains("in use"));
    desk.stoa(&["connection", "disable", "pg", "--reason", "they have left"]).await.done();
    let mut current = items(&desk, Table::Connections, "connection#pg");
    let current = current.iter_mut().find(|item| item["sk"]["S"] == "current").unwrap();
    current["at"]["N"] = json!((jiff::Timestamp::now().as_second() - 4 * 3600).to_string());
    put(&desk, Table::Connections, current).await;
    assert_eq!(doctor(&desk).await.code, 0, "nobody looks at what it publishes, and nobody has to");
    desk.stoa(&["secret", "remove", "saml/pg"]).await.done();
    assert_eq!(doctor(&desk).await.code, 0, "nor does it need a secret");
    // Open again, it does.
    desk.stoa(&["connection", "activate", "pg", "--reason", "they are back"]).await.done();
    alone(&doctor(&desk).await, "secret_missing", &["saml/pg: it is marked for deletion"]);
}

#[tokio::test]
async fn that_nobody_gets_in_or_can_be_called_is_found() {
    let desk = Desk::new().await;
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    for _ in 0..3 {
        assert_eq!(doctor(&desk).await.code, 0, "two may be chance");
        desk.sandbox.pingfederate.next_defect(Defect::WrongAudience);
        desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    }
    alone(&doctor(&desk).await, "logins_failing", &["none of its last 3", "saml_audience_mismatch", "`stoa trace "]);
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "somebody got in");

    let file = desk.file("pg.toml", |text| text.replace("at = \"school\"\n", ""));
    desk.stoa(&["connection", "apply", &file, "--reason", "a test"]).await.done();
    alone(&doctor(&desk).await, "contact_missing", &["nobody at the school", "[[contact]]"]);
}

/// What could not be looked at is not healthy.
#[tokio::test]
async fn what_cannot_be_looked_at_is_a_finding() {
    for action in [
        "secretsmanager:ListSecrets",
        "lambda:GetAlias",
        "lambda:GetAccountSettings",
        "scheduler:GetSchedule",
        "sqs:GetQueueAttributes",
    ] {
        let desk = Desk::new().await;
        desk.sandbox.front.inject(Fault::next("on-call", action, FaultKind::Deny));
        alone(&doctor(&desk).await, "not_checked", &["AccessDenied", "doctor.md#not_checked"]);
    }
}

/// The page explains each check, under its name.
#[test]
fn every_check_has_its_section_on_the_page() {
    let source = include_str!("../../src/doctor/check.rs");
    let codes = source.lines().filter_map(|line| line.trim().split_once(" = \"")?.1.split('"').next());
    let codes: Vec<&str> = codes.collect();
    let page = include_str!("../../../../docs/runbook/doctor.md");
    let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings, codes);
    // Who is started by the clock is in the register.
    let section = page.split("## schedule_off").nth(1).unwrap().split("\n## ").next().unwrap();
    let scheduled: Vec<&str> = ROUTES.iter().filter(|own| own.schedule.is_some()).map(|own| own.name).collect();
    let named = section.split(['(', ')']).nth(1).unwrap().split(',');
    let mut named: Vec<&str> = named.map(|name| name.trim().trim_matches('`')).collect();
    named.sort_unstable();
    assert_eq!(named, {
        let mut scheduled = scheduled;
        scheduled.sort_unstable();
        scheduled
    });
}

#[tokio::test]
async fn the_status_counts_who_refused_and_tells_what_was_changed() {
    let desk = Desk::new().await;
    let status = async || desk.stoa(&["status"]).await.done();
    let quiet = status().await;
    assert!(quiet.contains("pg                   active    0 ok ") && quiet.contains("none in a day"), "{quiet}");
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    desk.sandbox.pingfederate.next_defect(Defect::WrongAudience);
    desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    desk.stoa(&["connection", "disable", "pg", "--reason", "a drill"]).await.done();
    let key = desk.write("key.pem", include_str!("../../testdata/sha1.pem"));
    desk.stoa(&["connection", "trust", "pg", "add", &key, "--reason", "by phone"]).await.done();
    let told = status().await;
    assert!(told.contains("pg                   disabled  1 ok, 1 idp "), "{told}");
    let changes: Vec<&str> = told.lines().skip_while(|line| !line.starts_with("Changed in")).skip(1).collect();
    assert!(
        changes.iter().any(|line| line.contains("pg version 3: state: active → disabled") && line.ends_with("a drill"))
    );
    assert!(changes.iter().any(|line| line.contains("pg key ") && line.ends_with("by phone")), "{told}");
    assert!(changes.iter().any(|line| line.contains("pg version 1: new")), "{told}");
    desk.sandbox.operator.set_state(&pg(), ConnectionState::Active, "over").await.unwrap();
    assert!(status().await.contains("pg                   active "));
}

/// Its line is not there where it was never set up: the alarm says so.
#[tokio::test]
async fn a_probe_that_does_not_sign_in_is_found() {
    let desk = Desk::new().await;
    let set_up = ["probe", "set-up", "pg-academy", "--host", &desk.sandbox.url()];
    let said = desk.stoa(&set_up).await.done();
    assert!(said.contains("It takes tests only") && said.contains("stoa logins --connection probe"), "{said}");
    assert_eq!(doctor(&desk).await.code, 0, "it was set up just now");
    let age = |item: &Value, by: i64| {
        let at: i64 = item["at"]["N"].as_str().unwrap().parse().unwrap();
        let mut older = item.clone();
        older["at"] = json!({ "N": (at - by).to_string() });
        older
    };
    let current =
        items(&desk, Table::Connections, "connection#probe").into_iter().find(|item| item["sk"]["S"] == "current");
    put(&desk, Table::Connections, &age(&current.unwrap(), 3600)).await;
    alone(&doctor(&desk).await, "probe_silent", &["it has never signed in", "ProbeFailing.md"]);
    desk.sandbox.probe().await.unwrap();
    assert_eq!(doctor(&desk).await.code, 0, "it signs in");
    let tested = items(&desk, Table::Logins, "tested#probe").remove(0);
    let name = desk.sandbox.front.stack().table_name(Table::Logins);
    desk.dynamodb("PutItem", &json!({ "TableName": name, "Item": age(&tested, 3600) }).to_string()).await;
    alone(&doctor(&desk).await, "probe_silent", &["has not signed in since"]);
}

const AT_WORKOS: &str = r#"
[directory]
source = "workos"
workos = { directory = "directory_01UMBRELLA", api_url = "API" }

[[contact]]
at = "customer"
name = "Their help desk"
role = "administrator"
email = "help@umbrella.example"

[[contact]]
at = "school"
name = "Our desk"
role = "administrator"
email = "desk@academy.example"

[workos]
"#;

/// A customer whose directory is at WorkOS, as it was just applied.
async fn at_workos(desk: &Desk) {
    let settings = AT_WORKOS.replace("API", &desk.sandbox.workos.url());
    desk.sandbox.connect_workos(|file| file.replacen("[workos]\n", &settings, 1)).await.unwrap();
    let hook = format!("{}/workos/umbrella/webhook", desk.sandbox.url());
    let secret = desk.sandbox.workos.subscribe_events(&hook);
    desk.stoa_with(&["secret", "put", "workos/umbrella"], Input::Piped(Box::new(std::io::Cursor::new(secret))))
        .await
        .done();
    desk.sandbox.workos.hold_events(true);
}

async fn sync(desk: &Desk) {
    desk.sandbox.invoke("workos-sync", Value::Null).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_directory_at_workos_is_found() {
    let desk = Desk::new().await;
    at_workos(&desk).await;
    assert_eq!(doctor(&desk).await.code, 0, "it was applied a moment ago");
    let workos = &desk.sandbox.workos;
    sync(&desk).await;
    assert_eq!(doctor(&desk).await.code, 0);

    workos.set_directory_state("unlinked");
    sync(&desk).await;
    alone(
        &doctor(&desk).await,
        "workos_unlinked",
        &["umbrella: its directory at WorkOS is unlinked", "doctor.md#workos_unlinked"],
    );
    workos.set_directory_state("linked");
    sync(&desk).await;
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");

    workos.next_api_answer(500, "");
    sync(&desk).await;
    assert_eq!(doctor(&desk).await.code, 0, "once may happen");
    let hour_ago = ((jiff::Timestamp::now().as_second() - 3600) * 1000).to_string();
    let mut failing = items(&desk, Table::Directory, "workos#umbrella").remove(0);
    failing["failing"]["M"]["since"]["N"] = json!(hour_ago);
    put(&desk, Table::Directory, &failing).await;
    alone(&doctor(&desk).await, "workos_silent", &["cannot be asked since", "faults/workos_unavailable.md"]);
    sync(&desk).await;
    assert_eq!(doctor(&desk).await.code, 0, "it answers again");

    let mut current = items(&desk, Table::Connections, "connection#umbrella");
    let current = current.iter_mut().find(|item| item["sk"]["S"] == "current").unwrap();
    current["at"]["N"] = json!((jiff::Timestamp::now().as_second() - 3600).to_string());
    put(&desk, Table::Connections, current).await;
    assert_eq!(doctor(&desk).await.code, 0);
    let seen = items(&desk, Table::Directory, "workos#umbrella").remove(0);
    let mut old = seen.clone();
    old["turn_at"]["N"] = json!(hour_ago);
    put(&desk, Table::Directory, &old).await;
    alone(&doctor(&desk).await, "workos_silent", &["was last asked", "WorkosSyncAbsent.md"]);
    delete(&desk, Table::Directory, &seen).await;
    alone(&doctor(&desk).await, "workos_silent", &["was never asked"]);
    put(&desk, Table::Directory, &seen).await;

    let add = |name: &str| {
        workos.add_directory_user(&NewDirectoryUser::sample(name, &format!("{name}@umbrella.example")));
    };
    add("ada");
    workos.lose_events();
    desk.sandbox.advance(600);
    sync(&desk).await;
    alone(&doctor(&desk).await, "workos_unheard", &["its webhook has not told", "doctor.md#workos_unheard"]);
    add("bea");
    workos.deliver_events().await;
    desk.sandbox.advance(600);
    sync(&desk).await;
    assert_eq!(doctor(&desk).await.code, 0, "the repair mends it");
}

#[tokio::test]
async fn that_nothing_can_prove_what_workos_tells_is_found() {
    let desk = Desk::new().await;
    let settings = AT_WORKOS.replace("API", &desk.sandbox.workos.url());
    desk.sandbox.connect_workos(|file| file.replacen("[workos]\n", &settings, 1)).await.unwrap();
    alone(&doctor(&desk).await, "secret_missing", &["workos/umbrella", "`stoa secret put workos/umbrella`"]);
}
