//! Which logins there were: by connection, and by an address that only the function `operator` can look up.

use serde_json::{Value, json};
use stoa_core::email::Email;
use stoa_core::ids::ConnectionId;
use stoa_core::login::{LoginItem, State};
use stoa_core::routes::{ROUTES, Table};
use stoa_sandbox::aws::journal::Outcome;
use stoa_sandbox::aws::policy::ON_CALL;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_service::operator::{LoginsFound, LoginsWanted, OperatorError};

use crate::aws::{delete, invoke, spoil_secret};
use crate::steps::{MARY, MARYS_EMAIL, World};

async fn found(world: &World, email: Option<&str>, limit: usize) -> Result<LoginsFound, OperatorError> {
    let connection = ConnectionId::parse(world.connection()).unwrap();
    let email = email.map(|text| Email::parse(text).unwrap());
    let wanted = LoginsWanted { connection: &connection, since: None, email: email.as_ref(), limit };
    world.operator.logins(wanted, |_| true).await
}

fn states(found: &LoginsFound) -> Vec<State> {
    found.logins.iter().map(|login| login.state).collect()
}

/// Mary's login and one that is refused, a second apart, so that their order is certain.
async fn two_logins() -> World {
    let world = World::start().await;
    world.log_in(&world.browser(), MARY).await;
    world.advance(2);
    world.log_in(&world.browser(), "partner.p").await;
    world.forget();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_s_logins_are_listed_newest_first_and_no_other_s() {
    let world = two_logins().await;
    world.add_connection().await;
    world.pingfederate.sign_on_as(MARY);
    world.browser().get(&format!("{}/login/pg-two", world.url())).await.unwrap();

    let all = found(&world, None, 10).await.unwrap();
    assert_eq!(states(&all), [State::Refused, State::Launched]);
    assert!(!all.may_be_more && all.logins.iter().all(|login| login.connection.as_str() == "pg"));
    let newest = found(&world, None, 1).await.unwrap();
    assert!(newest.may_be_more && states(&newest) == [State::Refused]);

    let connection = ConnectionId::parse("pg").unwrap();
    let since = jiff::Timestamp::from_second(all.logins[0].began).ok();
    let wanted = LoginsWanted { connection: &connection, since, email: None, limit: 10 };
    assert_eq!(states(&world.operator.logins(wanted, |_| true).await.unwrap()), [State::Refused]);
    let launched = |login: &LoginItem| login.state == State::Launched;
    let kept = world.operator.logins(LoginsWanted { since: None, ..wanted }, launched).await.unwrap();
    assert_eq!(states(&kept), [State::Launched]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_finds_the_proven_logins_of_one_person() {
    let world = two_logins().await;
    world.advance(2);
    world.log_in(&world.browser(), MARY).await;
    world.forget();
    let hers = found(&world, Some(MARYS_EMAIL), 10).await.unwrap();
    assert_eq!(states(&hers), [State::Launched, State::Launched]);
    assert!(hers.logins[0].began > hers.logins[1].began);
    assert!(found(&world, Some("nobody@pg.com"), 10).await.unwrap().logins.is_empty());

    let log = world.log();
    assert_eq!(log.len(), 2);
    let line: Value = serde_json::from_str(&log[0]).unwrap();
    assert_eq!(
        (&line["function"], &line["asked"], &line["found"]),
        (&json!("operator"), &json!("find_logins"), &json!(2))
    );
    let calls = world.front.take_calls();
    let invoked: Vec<_> = calls.iter().filter(|call| call.resource == "function/operator").collect();
    assert!(invoked.len() == 2 && invoked.iter().all(|call| call.principal == ON_CALL));
    let everything = format!("{log:?} {calls:?} {:?}", world.front.items(Table::Logins).unwrap());
    for needle in ["miller", "nobody", "@"] {
        assert!(!everything.contains(needle), "{needle} in {everything}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_found_by_its_address_only_after_it_was_proven() {
    let world = World::start().await;
    let answer = world.answer(&world.browser(), MARY, "").await;
    assert_eq!(states(&found(&world, None, 10).await.unwrap()), [State::Started]);
    assert!(found(&world, Some(MARYS_EMAIL), 10).await.unwrap().logins.is_empty());
    drop(answer);
    let items = world.front.items(Table::Logins).unwrap();
    assert_eq!(items[0].get("who"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsolicited_login_is_found_by_its_address_too() {
    let world = World::with(|file| file.replace("\"convert\"", "\"confirm\"")).await;
    world.pingfederate.sign_on_as(MARY);
    let portal = world.pingfederate.start_url(world.pingfederate_partner(), None);
    world.browser().get(&portal).await.unwrap();
    assert_eq!(states(&found(&world, Some(MARYS_EMAIL), 10).await.unwrap()), [State::Verified]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_operator_may_invoke_and_only_that_function() {
    let world = World::start().await;
    let question = json!({"find_logins": {"school": "pg-academy", "email": MARYS_EMAIL, "since": 0, "limit": 1}});
    for principal in ROUTES.iter().map(|function| function.name) {
        let (status, answer) = invoke(&world, principal, "stoa-local-operator", &question).await;
        assert!(status >= 400 && answer["__type"] == "AccessDeniedException", "{principal}: {answer}");
    }
    for function in ["stoa-local-login", "other-operator", "stoa-local-nobody"] {
        let (status, answer) = invoke(&world, ON_CALL, function, &question).await;
        assert!(status >= 400 && answer["__type"] == "AccessDeniedException", "{function}: {answer}");
    }
    assert_eq!(invoke(&world, ON_CALL, "stoa-local-operator", &question).await, (200, json!({"logins": []})));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_of_another_version_is_answered_with_those_that_are_known() {
    let world = World::start().await;
    for question in [json!({"find_needle": {}}), json!({"find_logins": {"email": "needle@pg.com"}}), json!(null)] {
        let (status, answer) = invoke(&world, ON_CALL, "stoa-local-operator", &question).await;
        let told = &answer["not_understood"];
        assert_eq!(
            (status, &told["known"]),
            (
                200,
                &json!([
                    "find_logins",
                    "find_person",
                    "hash_scim_token",
                    "webhooks",
                    "look",
                    "rehearse",
                    "catalogue",
                    "hash_groups"
                ])
            )
        );
        assert!(told["expected"].as_str().unwrap().contains("events/operator/"), "{told}");
    }
    assert!(world.log().iter().all(|line| line.contains("\"asked\":null") && !line.contains("needle")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_function_cannot_do_the_command_says() {
    let world = World::start().await;
    spoil_secret(&world, "pepper").await;
    world.advance(61);
    let refused = found(&world, Some(MARYS_EMAIL), 1).await.unwrap_err();
    assert!(matches!(&refused, OperatorError::Refused { fault, .. } if fault == "secret_broken"), "{refused}");
    let line: Value = serde_json::from_str(&world.log().pop().unwrap()).unwrap();
    assert_eq!((&line["fault"], &line["wanted"]), (&json!("secret_broken"), &json!("stoa-local/pepper")));

    world.front.inject(Fault::next(ON_CALL, "lambda:InvokeFunction", FaultKind::Throttle));
    let refused = found(&world, Some(MARYS_EMAIL), 1).await.unwrap_err();
    assert!(matches!(&refused, OperatorError::Refused { .. }), "asked again after a throttle: {refused}");
    let throttled = Outcome::Failed("TooManyRequestsException".to_owned());
    assert!(world.front.calls().iter().any(|call| call.outcome == throttled));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_login_is_gone_is_left_out() {
    let world = two_logins().await;
    world.front.inject(Fault::next(ON_CALL, "dynamodb:BatchGetItem", FaultKind::LeaveUnprocessed));
    assert_eq!(found(&world, None, 10).await.unwrap().logins.len(), 2, "what a batch leaves out is asked for again");
    delete(&world, Table::Logins, "").await;
    assert!(found(&world, None, 10).await.unwrap().logins.is_empty());
}
