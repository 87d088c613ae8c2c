//! Bounded work: eight times as much of what costs most takes about eight times as long.
//!
//! Ratios of two sizes in one run, in processor time of this thread; no time is held against a clock.

use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{fs, thread};

use serde_json::{Value, json};
use stoa_scim::limits::{ELEMENTS, MEMBERS, OPERATIONS};
use stoa_scim::{Patch, Profile, ResourceType};

/// How much more the whole is than the part.
const TIMES: usize = 8;
/// The whole may take this much longer, whatever else the machine does. A quadratic step takes 64 times as long.
const AT_MOST: f64 = 24.0;

/// What this thread has used. Elsewhere than on Linux, what has passed.
fn used() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Brings the kernel's account up to date.
    thread::yield_now();
    let account = fs::read_to_string("/proc/thread-self/schedstat");
    match account.ok().and_then(|account| account.split(' ').next()?.parse().ok()) {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => START.elapsed(),
    }
}

fn time(run: &dyn Fn()) -> f64 {
    let start = used();
    run();
    (used() - start).as_secs_f64().max(1e-3)
}

/// What shares the caches may spoil a try.
#[track_caller]
fn linear(what: &str, part: &dyn Fn(), whole: &dyn Fn()) {
    let is_linear = |_| time(whole) / time(part) < AT_MOST;
    assert!((0..3).any(is_linear), "{what}: {TIMES} times as much takes more than {AT_MOST} times as long");
}

#[test]
fn c186_each_member_costs_the_same() {
    let group = |count: usize| {
        let members: Vec<Value> = (0..count).map(|number| json!({ "value": format!("{number:036}") })).collect();
        json!({ "displayName": "G", "members": members }).to_string()
    };
    let create = |body: &str| drop(Profile::create(ResourceType::Group, body.as_bytes()).unwrap());
    let (part, whole) = (group(MEMBERS / TIMES), group(MEMBERS));
    linear("members", &|| create(&part), &|| create(&whole));
}

/// Each operation goes through a full list, with a name that has to be folded.
#[test]
fn c186_each_operation_costs_the_same() {
    let emails: Vec<Value> = (0..ELEMENTS).map(|number| json!({ "value": format!("\u{e9}{number}") })).collect();
    let body = json!({ "userName": "a", "emails": emails }).to_string();
    let profile = Profile::create(ResourceType::User, body.as_bytes()).unwrap().profile;
    let patch = |count: usize| {
        let path = "emails[value eq \"\u{c9}49\" or value eq \"x\"].display";
        let one = json!({ "op": "replace", "path": path, "value": "d" });
        Patch::parse(ResourceType::User, json!({ "Operations": vec![one; count] }).to_string().as_bytes()).unwrap()
    };
    let (part, whole) = (patch(OPERATIONS / TIMES), patch(OPERATIONS));
    linear("operations", &|| drop(part.apply(&profile).unwrap()), &|| drop(whole.apply(&profile).unwrap()));
}
