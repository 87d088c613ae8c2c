//! The work that the costliest lawful requests make grows with their size, and no faster.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stoa_scim::limits::{ELEMENTS, MEMBERS, OPERATIONS};
use stoa_scim::{Patch, Profile, ResourceType};

/// The quickest of a few runs: what else the machine does only adds.
fn quickest(run: impl Fn()) -> Duration {
    let once = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..3).map(once).min().unwrap_or_default()
}

fn assert_linear(what: &str, small: Duration, large: Duration, times: u32) {
    let ratio = large.as_secs_f64() / small.as_secs_f64().max(1e-6);
    assert!(ratio < f64::from(times) * 4.0, "{what}: {times} times as much takes {ratio:.1} times as long ({large:?})");
}

#[test]
fn c186_members_and_operations_cost_each_the_same() {
    let group = |count: usize| {
        let members: Vec<Value> = (0..count).map(|number| json!({ "value": format!("{number:036}") })).collect();
        json!({ "displayName": "G", "members": members }).to_string()
    };
    let create = |body: &String| quickest(|| drop(Profile::create(ResourceType::Group, body.as_bytes()).unwrap()));
    assert_linear("members", create(&group(MEMBERS / 10)), create(&group(MEMBERS)), 10);

    // Each operation goes through a full list, with a name that has to be folded.
    let emails: Vec<Value> = (0..ELEMENTS).map(|number| json!({ "value": format!("\u{e9}{number}") })).collect();
    let body = json!({ "userName": "a", "emails": emails }).to_string();
    let profile = Profile::create(ResourceType::User, body.as_bytes()).unwrap().profile;
    let patch = |count: usize| {
        let one =
            json!({ "op": "replace", "path": "emails[value eq \"\u{c9}49\" or value eq \"x\"].display", "value": "d" });
        Patch::parse(ResourceType::User, json!({ "Operations": vec![one; count] }).to_string().as_bytes()).unwrap()
    };
    let apply = |count: usize| {
        let patch = patch(count);
        quickest(|| drop(patch.apply(&profile).unwrap()))
    };
    assert_linear("operations", apply(OPERATIONS / 10), apply(OPERATIONS), 10);
}
