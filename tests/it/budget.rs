//! What a login costs: the numbers that the design promises, counted from the calls themselves.

use std::collections::BTreeSet;

use stoa_core::login::MAX_STEPS;
use stoa_core::routes::Table;
use stoa_sandbox::aws::bill::{Usage, access_log_bytes, item_size, log_bytes, stored_bytes, total};
use stoa_sandbox::aws::journal::{Call, Tally};
use stoa_sandbox::browser::Follow;
use stoa_sandbox::openid::{GLOBEX, INITECH, PG_OIDC};

use crate::oidc::{answer, as_it_comes, log_in};
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

const LOG_BYTES: usize = 3584;

fn batches(calls: &[Call]) -> BTreeSet<u64> {
    calls.iter().filter(|call| call.operation == "BatchGetItem").map(|call| call.request).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_costs_three_writes_and_one_batch_of_consistent_reads() {
    let world = World::with_mary().await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);

    let calls = world.front.take_calls();
    let tally = Tally::of(&calls);
    assert_eq!(tally.writes, 3, "{calls:#?}");
    // One for each write, and one for each index that the login enters.
    assert!((tally.write_units - 5.0).abs() < f64::EPSILON, "{} write units", tally.write_units);
    assert_eq!(batches(&calls).len(), 1, "{calls:#?}");
    assert!(calls.iter().filter(|call| call.operation == "BatchGetItem").all(|call| call.consistent));
    assert_eq!(world.thinkific.calls(), [], "the Admin API was asked");

    let log = world.log();
    assert_eq!(log.len(), 3);
    let bytes: usize = log.iter().map(String::len).sum();
    assert!(bytes <= LOG_BYTES, "{bytes} bytes of log");
}

/// Three functions at 256 MB, which is 0.145 of a core: 4 ms of work, and four calls that take 4 ms each. No clock is
/// asked here; docs/benchmarks.md has what was measured.
const SECONDS: f64 = 0.044;

#[tokio::test(flavor = "multi_thread")]
async fn a_million_logins_of_known_people_cost_eight_dollars_and_a_half() {
    let world = World::with_mary().await;
    world.gateway.take_hops();
    let before: usize = world.logins().iter().map(stored_bytes).sum();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let hops = world.gateway.take_hops();
    let routes = ["GET /login/{connection}", "POST /saml/{connection}/acs", "GET /launch"];
    assert_eq!(hops.len(), routes.len(), "{hops:?}");
    let usage = Usage {
        requests: hops.len(),
        seconds: SECONDS,
        tally: Tally::of(&world.front.take_calls()),
        log_bytes: log_bytes(&world.log()),
        access_log_bytes: hops.iter().zip(routes).map(|(hop, route)| access_log_bytes(hop.status, route)).sum(),
        stored_bytes: world.logins().iter().map(stored_bytes).sum::<usize>() - before,
    };
    let bill = usage.bill();
    assert!(total(&bill) * 1e6 <= 8.5, "{:.2}: {bill:#?}", total(&bill) * 1e6);
    // What is kept is billed for as long as it is kept.
    let keeping = usage.keeping();
    assert!(total(&keeping) * 1e6 <= 0.75, "{:.2}: {keeping:#?}", total(&keeping) * 1e6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_costs_one_write_more_through_a_provider_that_is_asked_about_a_code() {
    for example in [&PG_OIDC, &GLOBEX, &INITECH] {
        let world = as_it_comes(example).await;
        log_in(&world, example, &world.browser(), "").await;
        world.forget();
        log_in(&world, example, &world.browser(), "?return_to=/courses/take/welcome").await;
        assert_eq!(world.launches(), 2);
        let tally = Tally::of(&world.front.take_calls());
        // The claim, before the token endpoint is called: no read can hold off a hundred requests at once.
        assert_eq!(tally.writes, 4, "{}", example.id);
        assert!((tally.write_units - 6.0).abs() < f64::EPSILON, "{}: {} write units", example.id, tally.write_units);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_of_a_login_is_one_unit_in_aws_too() {
    let world = as_it_comes(&GLOBEX).await;
    let browser = world.browser();
    let arrived = answer(&world, &GLOBEX, &browser, "?return_to=/courses/take/welcome").await;
    go_on(&browser.following(Follow::Nothing), &arrived).await;
    let items = world.front.items(Table::Logins).unwrap();
    assert!(items.len() == 1 && items[0]["state"]["S"] == "verified" && items[0]["who"]["S"].is_string(), "{items:?}");
    // Request ids and builds of AWS are longer than the sandbox's.
    let steps = items[0]["steps"]["L"].as_array().unwrap().len();
    let size = item_size(&items[0]) + steps * (36 - 22 + 20 - 7);
    assert!(size <= 1024, "{size} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_login_costs_eight_writes_and_one_call_of_the_school() {
    let world = World::start().await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);

    let calls = world.front.take_calls();
    // The login's three, the claim, and one transaction: the person, and the claim that is kept. Before them the turn and
    // the calls of the school's minute, after them the end of the turn.
    assert_eq!(Tally::of(&calls).writes, 8, "{calls:#?}");
    // What a launch reads; the turns; all of it once more, now that the turn is theirs; and, before the account is
    // created, whether turn and address still are.
    assert_eq!(batches(&calls).len(), 4, "{calls:#?}");
    let school: Vec<_> = world.thinkific.calls().into_iter().map(|call| (call.method, call.status)).collect();
    assert_eq!(school, [("POST".to_owned(), 201)]);
    assert!(world.log().iter().map(String::len).sum::<usize>() <= LOG_BYTES);
}

/// As DynamoDB counts, or a little more: names and values, and here the types as well.
fn largest_login(world: &World) -> usize {
    let items = world.front.items(Table::Logins).unwrap();
    items.iter().map(|item| item.to_string().len()).max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_is_one_kilobyte_until_it_is_verified_and_two_after() {
    let world = World::start().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "?return_to=/courses/take/welcome").await;
    assert!(largest_login(&world) <= 1024, "{} bytes", largest_login(&world));
    answer.post(&browser.following(Follow::Nothing)).await;
    assert!(largest_login(&world) <= 2048, "{} bytes", largest_login(&world));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_keeps_twenty_steps_however_often_it_is_answered_wrongly() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    for _ in 0..30 {
        assert!(answer.post_with(&browser, &[("SAMLResponse", &answer.tampered())]).await.status >= 400);
    }
    for _ in 0..5 {
        answer.post(&browser.following(Follow::Nothing)).await;
    }
    world.signed_in(&answer.post(&browser).await, MARYS_EMAIL);
    let steps = |item: &serde_json::Value| item["steps"]["L"].as_array().map_or(0, Vec::len);
    let most = world.front.items(Table::Logins).unwrap().iter().map(steps).max().unwrap();
    // One place is left for the day on which the school sends somebody back.
    assert_eq!(most, MAX_STEPS - 1);
}
