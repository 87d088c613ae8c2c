//! The probe: a whole login through the gateway that the clock makes, and what it tells of each that stops.

use serde_json::Value;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::routes::Table;
use stoa_saml::idp::NewKey;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_service::operator::{OperatorError, SecretName, SecretText};

use crate::steps::{MARY, World};

impl World {
    /// A run of the probe, and its line.
    pub async fn probe_once(&self) -> Value {
        self.log();
        self.probe().await.unwrap();
        let mut lines = self.log().into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
        lines.find(|line| line["function"] == "probe" && line["ms"].is_u64()).unwrap()
    }
}

async fn start() -> World {
    let world = World::start().await;
    world.set_up_probe().await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn it_signs_in_as_far_as_the_page_of_a_test() {
    let world = start().await;
    let line = world.probe_once().await;
    assert_eq!(
        (&line["ProbeFailed"], &line["level"], &line["step"]),
        (&0.into(), &"info".into(), &Value::Null),
        "{line}"
    );
    // It has a reference of its own, and was proven as everybody is.
    let login = world.logins().pop().unwrap();
    assert_eq!((&login["pk"]["S"], &login["connection"]["S"]), (&line["login"], &"probe".into()));
    assert_eq!(world.steps(), ["started", "verified", "tested"]);
    assert!(world.operator.probed().await.unwrap().is_some());
    // A second one is another login.
    assert_ne!(world.probe_once().await["login"], line["login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_set_up_again_where_the_host_is_another_one() {
    let world = start().await;
    let school = SchoolId::parse("pg-academy").unwrap();
    let before = world.operator.trusts(&ConnectionId::probe()).await.unwrap().keys;
    world.operator.set_up_probe(&school, "https://another.example").await.unwrap();
    assert_eq!(world.probe_once().await["ProbeFailed"], 1, "it is at the other host");
    world.operator.set_up_probe(&school, &world.url()).await.unwrap();
    world.advance(61);
    assert_eq!(world.probe_once().await["ProbeFailed"], 0);
    let after = world.operator.trusts(&ConnectionId::probe()).await.unwrap().keys;
    assert!(after.len() == 1 && after[0].fingerprint != before[0].fingerprint);
}

#[tokio::test(flavor = "multi_thread")]
async fn c214_it_never_reaches_a_school_and_nobody_opens_its_connection() {
    let world = start().await;
    world.probe_once().await;
    assert_eq!((world.launches(), world.thinkific.calls().len()), (0, 0));
    assert!(world.front.items(Table::Directory).unwrap().is_empty());
    let id = ConnectionId::probe();
    let opened = world.operator.set_state(&id, ConnectionState::Active, "a test").await;
    assert!(matches!(opened, Err(OperatorError::ProbeStays)), "{opened:?}");
    // Not even where somebody writes the table by hand.
    world.operator.activate_untested(&id, "a test").await.unwrap();
    let page = world.browser().get(&format!("{}/login/probe", world.url())).await.unwrap();
    world.refused(&page, "connection_not_active");
    assert_eq!(world.probe_once().await["ProbeFailed"], 0, "a test goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stops_it_is_in_its_line_and_in_the_trace() {
    for (function, action, step) in [
        ("login", "dynamodb:PutItem", "start"),
        ("saml-acs", "dynamodb:UpdateItem", "response"),
        ("thinkific-launch", "dynamodb:UpdateItem", "launch"),
    ] {
        let world = start().await;
        world.front.inject(Fault::next(function, action, FaultKind::Deny));
        let line = world.probe_once().await;
        assert_eq!(
            (&line["ProbeFailed"], &line["step"], &line["got"]),
            (&1.into(), &step.into(), &"status 500".into())
        );
        assert_eq!(line["login"].is_string(), step != "start", "{line}");
        assert_eq!(world.probe_once().await["ProbeFailed"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_logins_are_nobody_s_for_the_metrics() {
    let world = start().await;
    world.log();
    world.probe().await.unwrap();
    world.front.inject(Fault::next("saml-acs", "dynamodb:UpdateItem", FaultKind::Deny));
    world.probe().await.unwrap();
    let log = world.log().concat();
    assert!(log.contains("\"connection\":\"probe\"") && !log.contains("\"outcome\""), "{log}");
    world.log_in(&world.browser(), MARY).await;
    assert!(world.log().concat().contains("\"outcome\":\"ok\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_takes_the_place_of_the_one_before() {
    let world = start().await;
    assert_eq!(world.probe_once().await["ProbeFailed"], 0);
    let keys = || async { world.operator.trusts(&ConnectionId::probe()).await.unwrap().keys };
    let before = keys().await;
    world.set_up_probe().await.unwrap();
    let after = keys().await;
    assert_eq!((before.len(), after.len()), (1, 1));
    assert_ne!(before[0].fingerprint, after[0].fingerprint);
    // A process holds the key for a minute.
    world.advance(61);
    assert_eq!(world.probe_once().await["ProbeFailed"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_s_signature_signs_in_as_the_probe() {
    let world = start().await;
    let other = NewKey::generate().unwrap();
    let secret = SecretText::new(&other.private_pem).unwrap();
    world.operator.put_secret(&SecretName::Probe, secret).await.unwrap();
    let line = world.probe_once().await;
    assert_eq!((&line["ProbeFailed"], &line["step"]), (&1.into(), &"response".into()), "{line}");
    assert_eq!(world.steps(), ["started", "saml_signature_mismatch"]);
}
