//! What a large directory takes: runs where `STOA_PEOPLE` says how many people there are, and prints the figures.
//!
//! ```sh
//! STOA_PEOPLE=5000 cargo test --workspace --test it -- scim_sizes:: --nocapture
//! ```

use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use serde_json::json;

use crate::scim_client::{Answered, Scim, members};
use crate::steps::World;

/// How many creations are on their way at once.
const AT_ONCE: usize = 16;
/// How many requests are sent before a minute passes: a connection has 3,000.
const IN_A_MINUTE: usize = 2_500;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_directory_is_listed_searched_and_changed() {
    let Some(count) = std::env::var("STOA_PEOPLE").ok().and_then(|count| count.parse::<usize>().ok()) else { return };
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let mut ids = Vec::new();
    let began = Instant::now();
    for first in (0..count).step_by(IN_A_MINUTE) {
        let some = (first..count.min(first + IN_A_MINUTE)).map(|n| {
            let scim = &scim;
            async move { scim.person(&format!("p{n}")).await }
        });
        ids.extend(stream::iter(some).buffered(AT_ONCE).collect::<Vec<String>>().await);
        world.advance(61);
        world.log();
        world.front.take_calls();
    }
    println!("{count} people: made in {} ms", began.elapsed().as_millis());
    let all: Vec<&String> = ids.iter().collect();
    let most = all.len().min(40_000);
    let whole = json!({"displayName": "All", "members": members(&all[..most])});
    let group = scim.post("/v2/Groups", &json!({"displayName": "All"})).await.id();
    let path = format!("/v2/Groups/{group}");
    timed(&world, "a whole list put in place of none", || scim.put(&path, &whole), 200).await;
    timed(&world, "the same list again", || scim.put(&path, &whole), 200).await;
    let one = json!([{"op": "remove", "path": "members", "value": members(&all[..1])}]);
    timed(&world, "a PATCH of one member", || scim.patch(&path, &one), 204).await;
    let itself = format!("{path}?excludedAttributes=members");
    timed(&world, "the group without members", || scim.get(&itself), 200).await;
    timed(&world, "the first page of people", || scim.get("/v2/Users?count=100"), 200).await;
    let filter = "/v2/Users?filter=userName+eq+%22p7%22";
    timed(&world, "a person by their name", || scim.get(filter), 200).await;
    let status = if count > 5_000 { 400 } else { 200 };
    let filter = "/v2/Users?filter=displayName+co+%22x%22+or+userName+ew+%227%22&count=10";
    timed(&world, "a filter over everybody", || scim.get(filter), status).await;
    let empty = json!({"displayName": "All", "members": []});
    timed(&world, "an empty list in place of the whole", || scim.put(&path, &empty), 200).await;
}

/// Sends a request until it is answered so: one that is cut off by its time goes on where it ended.
async fn timed<F: Future<Output = Answered>>(world: &World, what: &str, request: impl Fn() -> F, status: u16) {
    world.front.take_calls();
    let (mut tries, began) = (1, Instant::now());
    while request().await.status != status {
        tries += 1;
        assert!(tries < 20, "{what}: never {status}");
    }
    let took = began.elapsed().as_millis();
    let calls = world.front.take_calls();
    let calls: std::collections::BTreeSet<u64> =
        calls.iter().filter(|call| call.principal == "scim").map(|call| call.request).collect();
    println!("{what}: {took} ms, {tries} requests, {} calls, {} kB resident at most", calls.len(), peak());
    world.log();
}

/// Of the whole process, with the tables and the client in it.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").to_owned()
}
