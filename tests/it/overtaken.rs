//! Several functions over one key set at once: what was asked for later stays, whichever of them writes last.

use std::time::Duration;

use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::{Defect, Endpoint, PG_OIDC, Product, Realm};

use crate::aws;
use crate::oidc::{as_it_comes, log_in, our_calls};
use crate::steps::{MARYS_EMAIL, World};

/// Before the write, and long enough for everything that happens meanwhile.
const LATE: FaultKind = FaultKind::Delay(Duration::from_millis(1200));

/// Until somebody has been given the keys, whose write is late.
async fn keys_are_fetched(world: &World) {
    while !our_calls(world).contains(&Endpoint::Jwks) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
}

fn assert_current(world: &World) {
    let stored = aws::matching(world, Table::Trust, PG_OIDC.id)[0]["jwks"]["S"].clone();
    assert_eq!(stored, world.openid.jwks(&Realm::of(Product::PingFederate)));
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_a_callback_that_was_overtaken_brings_no_withdrawn_key_back() {
    let world = as_it_comes(&PG_OIDC).await;
    world.openid.rotate_keys(Product::PingFederate);
    world.front.inject(Fault::next("oidc-callback", "dynamodb:UpdateItem", LATE).after(1));
    let meanwhile = async {
        keys_are_fetched(&world).await;
        world.openid.retire_previous_key(Product::PingFederate);
        world.refresh_trust().await.unwrap();
    };
    let browser = world.browser();
    let (page, ()) = tokio::join!(log_in(&world, &PG_OIDC, &browser, ""), meanwhile);
    world.signed_in(&page, MARYS_EMAIL);
    assert_current(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_an_hourly_look_that_was_overtaken_takes_no_new_key_away() {
    let world = as_it_comes(&PG_OIDC).await;
    world.front.inject(Fault::next("trust-refresh", "dynamodb:UpdateItem", LATE));
    let browser = world.browser();
    let meanwhile = async {
        keys_are_fetched(&world).await;
        world.openid.rotate_keys(Product::PingFederate);
        // Instants are whole seconds.
        world.advance(2);
        log_in(&world, &PG_OIDC, &browser, "").await
    };
    let (looked, page) = tokio::join!(world.refresh_trust(), meanwhile);
    looked.unwrap();
    world.signed_in(&page, MARYS_EMAIL);
    assert_current(&world);
}

/// Strangers name unknown keys too, and a refused write costs as much as one that is applied.
#[tokio::test(flavor = "multi_thread")]
async fn c154_an_unknown_key_is_written_about_once_a_minute() {
    let world = as_it_comes(&PG_OIDC).await;
    for (seconds, expected) in [(0, 2), (0, 0), (61, 2)] {
        world.advance(seconds);
        world.front.take_calls();
        world.openid.next_defect(Defect::KidUnknown);
        world.refused(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "oidc_key_unknown");
        let calls = world.front.take_calls();
        let writes = calls.iter().filter(|call| call.resource == "trust" && call.action == "dynamodb:UpdateItem");
        assert_eq!(writes.count(), expected);
    }
}

/// Else a look could hold what is published against a connection that has just been applied anew.
#[tokio::test(flavor = "multi_thread")]
async fn c168_a_look_reads_a_connection_as_it_is_now() {
    let world = as_it_comes(&PG_OIDC).await;
    world.front.take_calls();
    world.refresh_trust().await.unwrap();
    let calls = world.front.take_calls();
    let reads: Vec<bool> = calls
        .iter()
        .filter(|call| call.resource == "connections" && call.action == "dynamodb:GetItem")
        .map(|call| call.consistent)
        .collect();
    assert!(!reads.is_empty() && reads.iter().all(|is_consistent| *is_consistent), "{reads:?}");
}
