//! DynamoDB and Secrets Manager in trouble: a page that says to try again, nothing lost, no check skipped.

use std::time::{Duration, Instant};

use serde_json::json;
use stoa_core::ids::SchoolId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::thinkific::ApiKey;
use stoa_service::operator::{SecretName, SecretText};

use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

/// Every call of a first login: by whom, what, on which secret, after how many of them.
const CALLS: &[(&str, &str, Option<&str>, usize)] = &[
    ("login", "dynamodb:GetItem", None, 0),
    ("login", "dynamodb:PutItem", None, 0),
    ("saml-acs", "dynamodb:GetItem", None, 0),
    ("saml-acs", "dynamodb:Query", None, 0),
    ("saml-acs", "secretsmanager:GetSecretValue", Some("seal"), 0),
    ("saml-acs", "secretsmanager:GetSecretValue", Some("pepper"), 0),
    ("saml-acs", "dynamodb:UpdateItem", None, 0),
    ("thinkific-launch", "dynamodb:BatchGetItem", None, 0),
    ("thinkific-launch", "secretsmanager:GetSecretValue", Some("seal"), 0),
    ("thinkific-launch", "secretsmanager:GetSecretValue", Some("pepper"), 0),
    ("thinkific-launch", "secretsmanager:GetSecretValue", Some("thinkific/pg-academy"), 0),
    ("thinkific-launch", "dynamodb:PutItem", None, 0),
    ("thinkific-launch", "dynamodb:UpdateItem", None, 0),
    ("thinkific-launch", "dynamodb:UpdateItem", None, 1),
    ("thinkific-launch", "dynamodb:UpdateItem", None, 2),
    ("thinkific-launch", "dynamodb:UpdateItem", None, 3),
];

/// The SDK asks three times in all.
fn three_times((principal, action, secret, after): (&str, &str, Option<&str>, usize), kind: FaultKind) -> Fault {
    let fault = Fault::next(principal, action, kind).after(after).times(3);
    match secret {
        Some(secret) => fault.on(secret),
        None => fault,
    }
}

async fn fails_with_a_page_and_then_works(kind: FaultKind) {
    for call in CALLS {
        let world = World::start().await;
        world.front.inject(three_times(*call, kind));
        let browser = world.browser();
        let page = world.log_in(&browser, MARY).await;
        let fault = if call.1.starts_with("secrets") { "secrets_unavailable" } else { "store_unavailable" };
        world.refused(&page, fault);
        assert_eq!(page.status, 503, "{call:?}");
        assert!(page.text().contains("try again in a few minutes"), "{call:?}: {}", page.text());
        assert_eq!(world.launches(), 0, "{call:?}");
        world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c220_a_throttled_call_anywhere_fails_closed_and_the_next_try_works() {
    fails_with_a_page_and_then_works(FaultKind::Throttle).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c220_an_error_of_aws_anywhere_fails_closed_and_the_next_try_works() {
    fails_with_a_page_and_then_works(FaultKind::Unavailable).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_error_of_aws_anywhere_is_not_noticed() {
    for call in CALLS {
        let world = World::start().await;
        world.front.inject(three_times(*call, FaultKind::CutConnection).times(1));
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(world.faults(), [""; 0], "{call:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c220_a_store_that_does_not_answer_in_time_fails_closed() {
    let world = World::with_mary().await;
    let before = world.launches();
    let late = FaultKind::Delay(Duration::from_millis(2200));
    world.front.inject(three_times(("saml-acs", "dynamodb:UpdateItem", None, 0), late));
    world.refused(&world.log_in(&world.browser(), MARY).await, "store_unavailable");
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_done_in_part_is_asked_for_again() {
    let world = World::with_mary().await;
    world.front.inject(Fault::next("thinkific-launch", "dynamodb:BatchGetItem", FaultKind::LeaveUnprocessed));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c220_secrets_that_cannot_be_read_are_used_as_they_were_for_an_hour() {
    let world = World::with_mary().await;
    let down = |function| Fault::next(function, "secretsmanager:GetSecretValue", FaultKind::Unavailable).times(1000);
    world.front.inject(down("thinkific-launch").on("thinkific/pg-academy"));
    world.advance(50 * 60);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.advance(11 * 60);
    world.refused(&world.log_in(&world.browser(), MARY).await, "secrets_unavailable");
    // Seal and pepper are held an hour in any case, and were read an hour ago.
    world.front.clear_faults();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.front.inject(down("saml-acs"));
    world.advance(119 * 60);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.advance(2 * 60);
    world.refused(&world.log_in(&world.browser(), MARY).await, "secrets_unavailable");
}

/// Three patient tries for each of three outlast the function. Each is asked for once and briefly, all at once, and what
/// hangs for one of them is not asked for the others.
#[tokio::test(flavor = "multi_thread")]
async fn c220_secrets_that_hang_hold_a_login_up_once_a_minute_and_stop_none() {
    let world = World::with_mary().await;
    let hangs = FaultKind::Delay(Duration::from_secs(30));
    let hang = |function| Fault::next(function, "secretsmanager:GetSecretValue", hangs).times(1000);
    let reads = || world.front.calls().iter().filter(|call| call.operation == "GetSecretValue").count();
    // The school's key after a minute, seal and pepper after an hour.
    for (function, seconds) in [("thinkific-launch", 61), ("saml-acs", 3601)] {
        world.front.inject(hang(function));
        world.advance(seconds);
        world.forget();
        let began = Instant::now();
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        let took = began.elapsed();
        assert!((Duration::from_millis(500)..Duration::from_secs(6)).contains(&took), "{function}: {took:?}");
        // Whoever has just asked in vain does not ask, even if it would be answered.
        world.front.clear_faults();
        world.forget();
        world.advance(50);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(reads(), 0, "{function}");
        world.advance(11);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert!(reads() > 0, "{function}");
        assert_eq!(world.faults(), [""; 0]);
    }
}

/// The version says that there is a new key: what was asked for in vain was another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_asked_for_however_lately_the_old_one_was_in_vain() {
    let world = World::with_mary().await;
    let fails = Fault::next("thinkific-launch", "secretsmanager:GetSecretValue", FaultKind::Unavailable);
    world.front.inject(fails.times(1000));
    world.advance(61);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.front.clear_faults();
    let key = ApiKey::new("fedcba9876543210fedcba9876543210");
    world.thinkific.rotate_api_key(key.clone());
    let school = SecretName::Thinkific(SchoolId::parse("pg-academy").unwrap());
    world.operator.put_secret(&school, SecretText::new(key.expose()).unwrap()).await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

/// The old key opens nothing any more, so the new one is worth more than half a second.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_is_waited_for_longer_than_one_that_is_held() {
    let world = World::with_mary().await;
    let slow = FaultKind::Delay(Duration::from_millis(1000));
    let key = ApiKey::new("fedcba9876543210fedcba9876543210");
    world.thinkific.rotate_api_key(key.clone());
    let school = SecretName::Thinkific(SchoolId::parse("pg-academy").unwrap());
    world.operator.put_secret(&school, SecretText::new(key.expose()).unwrap()).await.unwrap();
    world.front.inject(Fault::next("thinkific-launch", "secretsmanager:GetSecretValue", slow).times(1000));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_another_form_is_a_fault_that_does_not_show_it() {
    let world = World::start().await;
    aws::spoil_secret(&world, "thinkific/pg-academy").await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "secret_broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_of_a_form_that_nobody_wrote_is_a_fault_and_not_a_login() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    aws::set(&world, Table::Logins, "", "state", json!({"S": "royal"})).await;
    world.refused(&go_on(&browser, &ticket).await, "store_item_strange");

    let world = World::start().await;
    aws::set(&world, Table::Connections, "connection#", "document", json!({"S": "{}"})).await;
    world.refused(&world.log_in(&world.browser(), MARY).await, "configuration_broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_somebody_planted_in_the_table_opens_nothing() {
    let world = World::with_mary().await;
    let (mary, erin) = (world.browser(), world.browser());
    world.ticket(&mary, MARY, "").await;
    let hers = aws::matching(&world, Table::Logins, "").into_iter().find(|item| item.get("sealed").is_some()).unwrap();
    let erins = world.ticket(&erin, "existing.e", "").await;
    for attribute in ["sealed", "seal_key"] {
        aws::set(&world, Table::Logins, "", attribute, hers[attribute].clone()).await;
    }
    let before = world.launches();
    world.refused_and_traced(&go_on(&erin, &erins).await, "ticket_wrong");
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_to_note_a_failure_does_not_hide_it() {
    let world = World::start().await;
    world.front.inject(three_times(("saml-acs", "dynamodb:UpdateItem", None, 0), FaultKind::Unavailable));
    world.pingfederate.sign_on_as("partner.p");
    world.browser().get(&world.login_url()).await.unwrap();
    let line = world.log().pop().unwrap();
    assert!(line.contains("\"email_domain_foreign\"") && line.contains("\"also\":\"store_unavailable\""), "{line}");
}
