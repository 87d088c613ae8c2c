//! What a login costs: the numbers that the design promises, counted from the calls themselves.

use std::collections::BTreeSet;

use stoa_sandbox::aws::journal::{Call, Tally};

use crate::steps::{MARY, MARYS_EMAIL, World};

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
    assert!(tally.write_units <= 5.0, "{} write units", tally.write_units);
    assert_eq!(batches(&calls).len(), 1, "{calls:#?}");
    assert!(calls.iter().filter(|call| call.operation == "BatchGetItem").all(|call| call.consistent));
    assert_eq!(world.thinkific.calls(), [], "the Admin API was asked");

    let log = world.log();
    assert_eq!(log.len(), 3);
    let bytes: usize = log.iter().map(String::len).sum();
    assert!(bytes <= LOG_BYTES, "{bytes} bytes of log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_login_costs_five_writes_and_two_calls_of_the_school() {
    let world = World::start().await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);

    let calls = world.front.take_calls();
    // The login's three, the address, the person.
    assert_eq!(Tally::of(&calls).writes, 5, "{calls:#?}");
    assert_eq!(batches(&calls).len(), 1, "{calls:#?}");
    let school: Vec<_> = world.thinkific.calls().into_iter().map(|call| (call.method, call.status)).collect();
    assert_eq!(school, [("GET".to_owned(), 200), ("POST".to_owned(), 201)]);
    assert!(world.log().iter().map(String::len).sum::<usize>() <= LOG_BYTES);
}
