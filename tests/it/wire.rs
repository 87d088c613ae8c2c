//! The deployable binaries, behind a local Lambda runtime API. Runs where `STOA_WIRE` names the folder with
//! `{function}/bootstrap` (`sam build` leaves it in `target/lambda`), and fails where they are missing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use stoa_core::email::Email;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::{ROUTES, Table};
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::events::replay;
use stoa_sandbox::openid::GLOBEX;
use stoa_sandbox::sandbox::{Mode, Options, Sandbox};
use stoa_service::operator::LoginsWanted;

use crate::odd_events::Bench;
use crate::provisioning::{GRANTS, comes_and_goes};
use crate::scim_client::Scim;
use crate::steps::World;

fn options() -> Option<Options> {
    let folder = std::env::var_os("STOA_WIRE")?;
    // Tests run in their package's folder; the variable is relative to the workspace.
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    Some(Options { mode: Mode::Wire(folder), ..Options::default() })
}

async fn start() -> Option<Sandbox> {
    Some(Sandbox::start(options()?).await.expect("the deployables start"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployables_bring_a_person_of_a_directory_into_the_school_and_out_of_it() {
    let Some(options) = options() else { return };
    let options = Options { connection: |file| format!("{file}{GRANTS}"), ..options };
    let world = World::of(Sandbox::start(options).await.expect("the deployables start"));
    let scim = Scim::of(&world, "pg").await;
    comes_and_goes(&world, &scim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployables_carry_a_new_and_a_known_person_into_the_school() {
    let Some(sandbox) = start().await else { return };
    let login = format!("{}?return_to=/courses/safety-basics", sandbox.login_url());
    sandbox.pingfederate.sign_on_as("miller.m");
    for _ in 0..2 {
        sandbox.front.take_calls();
        let page = sandbox.browser().get(&login).await.expect("a login");
        assert!(page.text().contains("You are signed in as Mary Miller"), "{}", page.text());
        assert_eq!(page.url.path(), "/courses/safety-basics");
    }
    let tally = Tally::of(&sandbox.front.take_calls());
    assert_eq!(tally.writes, 3, "{tally:?}");
    let log: usize = sandbox.take_log().iter().map(String::len).sum();
    assert!(log > 0, "the functions' log lines are read from their standard output");
    let items = sandbox.front.items(Table::Logins).expect("items");
    let logins = items.iter().filter(|item| item["pk"]["S"].as_str().is_some_and(|key| !key.contains('#')));
    assert_eq!(logins.count(), 2);

    let wire = sandbox.wire.as_ref().expect("wire mode");
    for (function, took) in wire.start_times() {
        let resident = wire.resident(function).map_or(0, |memory| memory.peak_kb);
        println!(
            "{function}: {:.1} ms to the first request for an event, {resident} kB resident",
            took.as_secs_f64() * 1e3
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployables_show_the_fault_page_of_a_failed_login() {
    let Some(sandbox) = start().await else { return };
    sandbox.pingfederate.sign_on_as("partner.p");
    let page = sandbox.browser().get(&sandbox.login_url()).await.expect("a page");
    assert_eq!(page.status, 403);
    assert!(page.text().contains("email-domain-foreign"), "{}", page.text());
    let log = sandbox.take_log().concat();
    assert!(log.contains("\"fault\":\"email_domain_foreign\"") && !log.contains("pat@"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployables_answer_every_sample_event() {
    let Some(sandbox) = start().await else { return };
    sandbox.connect_openid(&GLOBEX, str::to_owned).await.expect("an OpenID connection");
    sandbox.connect_workos(str::to_owned).await.expect("a WorkOS connection");
    let wire = sandbox.wire.as_ref().expect("wire mode");
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    replay(wire.as_ref(), &events).await.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deployables_find_the_logins_of_an_address_for_the_operator() {
    let Some(sandbox) = start().await else { return };
    sandbox.pingfederate.sign_on_as("miller.m");
    sandbox.browser().get(&sandbox.login_url()).await.expect("a login");
    let connection = ConnectionId::parse(sandbox.connection()).expect("its name");
    let email = Email::parse("miller.m@pg.com").ok();
    let wanted = LoginsWanted { connection: &connection, since: None, email: email.as_ref(), limit: 10 };
    let found = sandbox.operator.logins(wanted, |_| true).await.expect("an answer of the function operator");
    assert_eq!(found.logins.len(), 1);
    let log = sandbox.take_log().concat();
    assert!(log.contains("\"asked\":\"find_logins\"") && !log.contains("miller"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c144_the_deployables_answer_whatever_the_gateway_hands_over() {
    let Some(sandbox) = start().await else { return };
    sandbox.connect_openid(&GLOBEX, str::to_owned).await.expect("an OpenID connection");
    let wire = sandbox.wire.as_ref().expect("wire mode");
    let processes = || ROUTES.iter().map(|function| wire.process(function.name)).collect::<Vec<_>>();
    let before = processes();
    let bench = Bench { sandbox: &sandbox, take_log: &|| sandbox.take_log() };
    let count = bench.run().await;
    bench.run_others().await;
    println!("{count} events answered");
    assert_eq!(before, processes(), "no process has ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn c144_the_deployables_answer_what_is_not_json() {
    let Some(sandbox) = start().await else { return };
    let wire = sandbox.wire.as_ref().expect("wire mode");
    let deep = "[".repeat(10_000);
    let half = "{\"requestContext\":{\"http\":{\"method\":\"\\ud800\"}}}";
    for text in
        [&b""[..], b"{", b"nul", b"{\"a\":1e999}", b"\xff", b"{\"a\":\"\xff\"}", half.as_bytes(), deep.as_bytes()]
    {
        for function in ROUTES {
            sandbox.take_log();
            let answer = wire.invoke_bytes(function.name, Bytes::copy_from_slice(text)).await;
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", function.name));
            let expected = match function.name {
                "operator" | "csv-import" => !answer["not_understood"]["expected"].is_null(),
                "trust-refresh" | "mirror" | "provisioner" | "probe" => answer["failed"] == 0,
                "workos-sync" => answer["WorkosSyncFailed"] == 0,
                _ => {
                    answer["statusCode"] == 500
                        && answer["body"].as_str().is_some_and(|body| body.contains("event_strange"))
                }
            };
            assert!(expected, "{}: {answer}", function.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployable_that_does_not_start_says_why_in_its_log() {
    let Some(folder) = std::env::var_os("STOA_WIRE") else { return };
    let bootstrap = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(folder).join("login/bootstrap");
    let output = tokio::process::Command::new(bootstrap).env_clear().output();
    let output = tokio::time::timeout(Duration::from_secs(10), output).await.expect("it ends").expect("it runs");
    assert!(!output.status.success());
    let line: Value = serde_json::from_slice(&output.stdout).expect("one line of JSON");
    assert_eq!(
        (&line["level"], &line["function"], &line["fault"]),
        (&"error".into(), &"login".into(), &"internal".into())
    );
    assert_eq!(line["ended"], "the environment variable STOA_TABLE_CONNECTIONS is missing");
}
