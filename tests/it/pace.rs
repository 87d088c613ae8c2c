//! What is left of a school's calls is used, and no call of the mirror's or the provisioner's meets its limit: neither
//! within a minute nor over the edge of two. The simulated school counts any sixty seconds, the strictest that its
//! documents allow.

use serde_json::Value;
use stoa_core::turn::{CALLS_PER_MINUTE, CALLS_RESERVED};
use stoa_sandbox::thinkific::NewUser;

use crate::provisioning::start;
use crate::steps::World;

const MINUTE: i64 = 60;
const MOST: usize = (CALLS_PER_MINUTE - CALLS_RESERVED) as usize;

/// Runs a function at the given second of so many minutes in a row. The calls of each run.
async fn calls_of_each(world: &World, function: &str, second: i64, runs: usize) -> Vec<usize> {
    let now = || world.thinkific.clock().now().as_second();
    world.thinkific.take_calls();
    let mut calls = Vec::new();
    // In a minute of which nothing is known.
    let mut at = (now() / MINUTE + 2) * MINUTE + second;
    for _ in 0..runs {
        world.advance(at - now());
        at += MINUTE;
        world.invoke(function, Value::Null).await.unwrap();
        let made = world.thinkific.take_calls();
        assert!(made.iter().all(|call| call.status != 429), "{second}: {calls:?}, and then {}", made.len());
        calls.push(made.len());
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_uses_what_is_left_and_meets_no_limit_where_its_run_begins_with_the_minute() {
    mirror_from(0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_uses_what_is_left_and_meets_no_limit_where_its_run_begins_late_in_a_minute() {
    mirror_from(58).await;
}

async fn mirror_from(second: i64) {
    let world = World::start().await;
    for n in 0..250 {
        world.thinkific.add_user(NewUser::student(&format!("pupil.{n}@pg.com"), "A", "Pupil"));
    }
    let calls = calls_of_each(&world, "mirror", second, 2).await;
    assert!(calls.iter().all(|calls| (MOST * 95 / 100..=MOST).contains(calls)), "{second}: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provisioner_meets_no_limit_where_its_run_begins_late_in_a_minute() {
    let (world, scim) = start().await;
    scim.people(130).await;
    let calls = calls_of_each(&world, "provisioner", 57, 2).await;
    assert!(calls.iter().sum::<usize>() > MOST, "{calls:?}");
}
