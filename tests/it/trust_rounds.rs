//! More connections than a run of `trust-refresh` has time for, providers that never answer among them: nobody is left
//! out. The time is shrunk with everything in it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_sandbox::providers::Providers;

use crate::steps::World;

/// Every sixth provider goes silent.
const CONNECTIONS: usize = 240;
/// How far AWS is: a look is five calls, so a run does not get round.
const FAR: Duration = Duration::from_millis(30);
/// How long a run has. A provider that does not answer in a thirtieth of it is out of reach.
const SECONDS: u64 = 3;

fn name(number: usize) -> String {
    let kind = if number.is_multiple_of(6) { "silent" } else { "sound" };
    format!("c{number:03}-{kind}")
}

async fn many() -> (World, Providers) {
    let world = World::start().await;
    let metadata = world.pingfederate.metadata(world.pingfederate_partner()).unwrap();
    let providers = Providers::start(metadata).await.unwrap();
    for number in 0..CONNECTIONS {
        let id = world.connect_copy(&name(number), &providers).await.unwrap();
        if id.as_str().ends_with("silent") {
            providers.silence(id.as_str());
        }
    }
    world.front.set_distance(FAR);
    world.forget();
    (world, providers)
}

/// One run: how many connections it has left, and which providers did not answer in time.
async fn run(world: &World) -> (u64, Vec<String>) {
    world.advance(3600);
    let answer = world.invoke("trust-refresh", json!({ "seconds": SECONDS })).await.unwrap();
    let lines: Vec<Value> = world.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = lines.last().unwrap();
    assert_eq!((&line["left"], &line["TrustLooksFailed"]), (&answer["left"], &json!(0)), "{line}");
    let failed = lines.iter().filter(|line| line["event"] == "fetch_failed");
    (answer["left"].as_u64().unwrap(), failed.map(|line| line["connection"].as_str().unwrap().to_owned()).collect())
}

/// How often each provider of a kind was looked at, by how often its watch was written.
fn looks(world: &World, kind: &str) -> BTreeMap<String, u64> {
    let items = world.front.items(Table::Trust).unwrap();
    let watches = items.iter().filter(|item| item["sk"]["S"] == "saml");
    let looked = watches.map(|item| {
        let (pk, n) = (item["pk"]["S"].as_str().unwrap(), item["n"]["N"].as_str().unwrap());
        (pk.strip_prefix("watch#").unwrap().to_owned(), n.parse().unwrap())
    });
    let mut looks: BTreeMap<_, _> = (0..CONNECTIONS).map(name).map(|name| (name, 0)).collect();
    looks.extend(looked);
    looks.retain(|id, _| id.ends_with(kind));
    looks
}

/// The least and the most.
fn range(looks: &BTreeMap<String, u64>) -> (u64, u64) {
    (*looks.values().min().unwrap(), *looks.values().max().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_over_before_it_is_round_is_gone_on_with_by_the_next() {
    let (world, providers) = many().await;
    // The first looks are what an application wrote.
    let before = (range(&looks(&world, "sound")), range(&looks(&world, "silent")));
    assert!(before.0.0 == before.0.1 && before.1.0 == before.1.1, "{before:?}");
    let (mut runs, mut all_left, mut late) = (0, 0, Vec::new());
    while range(&looks(&world, "sound")).0 < before.0.0 + 2 || range(&looks(&world, "silent")).0 < before.1.0 + 2 {
        let (left, failed) = run(&world).await;
        all_left += left;
        late.extend(failed);
        runs += 1;
        // On a busy machine a sound one is late, too. From then on it has another turn.
        let mut in_time = looks(&world, "sound");
        in_time.retain(|name, _| !late.contains(name));
        assert!(in_time.len() > CONNECTIONS / 2, "{} were in time", in_time.len());
        let (least, most) = range(&in_time);
        assert!(most - least <= 1, "after {runs} runs one was looked at {least} times, another {most} times");
        assert!(runs < 60, "{:?}", looks(&world, "silent"));
    }
    assert!(all_left > 0, "each run reached everybody: nothing is shown");
    // Whoever did not answer the last time is asked when all the others have been.
    providers.take_asked();
    let (_, failed) = run(&world).await;
    let asked = providers.take_asked();
    let first = asked.iter().position(|name| name.ends_with("silent")).unwrap();
    let others = asked.iter().skip(first).filter(|name| !name.ends_with("silent"));
    let others: Vec<_> = others.filter(|name| !late.contains(name) && !failed.contains(name)).collect();
    assert!(first > 0 && others.is_empty(), "after {first} that were sound came a silent one, and then {others:?}");
}

/// Lambda ends a process that is over its time or its memory, whatever it is at. Those that were under way are left out
/// until the next round, since one of them may have done it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_broken_off_is_not_begun_again_from_the_same_connection() {
    let (world, _providers) = many().await;
    let (before, mut runs) = (range(&looks(&world, "sound")), 0);
    let reached = || looks(&world, "sound").values().filter(|looks| **looks > before.0).count();
    while reached() < CONNECTIONS / 2 {
        world.advance(3600);
        let run = world.invoke("trust-refresh", json!({ "seconds": SECONDS }));
        assert!(tokio::time::timeout(Duration::from_secs(1), run).await.is_err(), "it was over before");
        runs += 1;
        assert!(runs < 100, "{runs} runs have reached {} connections", reached());
    }
    assert!(runs > 1, "one run that was broken off has reached half of them: nothing is shown");
}
