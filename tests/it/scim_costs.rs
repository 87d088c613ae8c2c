//! What a SCIM request costs, counted from the calls themselves; and what is left of one that breaks off.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_sandbox::aws::journal::Call;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::scim_client::{Answered, Scim, members};
use crate::steps::World;

/// Requests of the function to its directory since the last look: reads, writes, and the names of the operations.
fn costs(world: &World) -> (usize, usize) {
    let calls = world.front.take_calls();
    let of = |is: &dyn Fn(&&Call) -> bool| {
        let calls = calls.iter().filter(|call| is_directory(call));
        calls.filter(is).map(|call| call.request).collect::<BTreeSet<_>>().len()
    };
    assert!(!calls.iter().any(|call| call.resource.contains("/index/")), "an index is read: {calls:#?}");
    let late = calls.iter().find(|call| is_directory(call) && !call.is_write() && !call.consistent);
    assert!(late.is_none(), "a read that may miss a second: {late:?}");
    (of(&|call| !call.is_write()), of(&|call| call.is_write()))
}

/// A call to the directory, but for the draws of requests: those are one in twenty-five.
fn is_directory(call: &Call) -> bool {
    call.operation != "UpdateItem"
        && call.principal == "scim"
        && call.resource.starts_with("directory")
        && call.action.starts_with("dynamodb:")
}

/// A client whose token and connection are at hand.
async fn warm(world: &World) -> Scim {
    let scim = Scim::of(world, "pg").await;
    assert_eq!(scim.get("/v2/ServiceProviderConfig").await.status, 200);
    costs(world);
    scim
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_costs_what_is_promised() {
    let world = World::with_directory().await;
    let scim = warm(&world).await;
    let ada = scim.person("ada").await;
    assert_eq!(costs(&world), (3, 1), "a creation: whether one of their three values keeps out");
    let path = format!("/v2/Users/{ada}");
    scim.get(&path).await;
    assert_eq!(costs(&world), (1, 0), "a person by id");
    for filter in ["userName+eq+%22ada%22", "externalId+eq+%22ext-ada%22", "emails.value+eq+%22ada@pg.com%22"] {
        assert_eq!(scim.get(&format!("/v2/Users?filter={filter}")).await.body["totalResults"], 1);
        assert_eq!(costs(&world), (2, 0), "{filter}");
    }
    scim.patch(&path, &json!([{"op": "replace", "path": "displayName", "value": "A."}])).await;
    assert_eq!(costs(&world), (1, 1), "a change of a person");
    scim.patch(&path, &json!([{"op": "replace", "path": "displayName", "value": "A."}])).await;
    assert_eq!(costs(&world), (1, 0), "the same change again");

    let people = scim.people(256).await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders"})).await.id();
    let path = format!("/v2/Groups/{group}");
    costs(&world);
    let add = |ids: &[&String]| json!([{"op": "add", "path": "members", "value": members(ids)}]);
    assert_eq!(scim.patch(&path, &add(&[&ada])).await.status, 204);
    assert_eq!(costs(&world), (3, 1), "one member: the group, whether they are one, whether there are they");
    let all: Vec<&String> = people.iter().collect();
    assert_eq!(scim.patch(&path, &add(&all)).await.status, 204);
    let (reads, writes) = costs(&world);
    // Batches are side by side, and so are the transactions after the first one: four rounds of reading and two or so
    // of writing.
    assert!(reads <= 7 && writes <= 8, "256 members: {reads} reads, {writes} transactions");
    assert_eq!(scim.members(&group).await.len(), 257);
    costs(&world);
    assert_eq!(scim.delete(&format!("/v2/Users/{ada}")).await.status, 204);
    let (_, writes) = costs(&world);
    assert_eq!(writes, 1, "somebody is taken away with their membership");
}

/// Everything of a directory but what differs from one run to the next.
fn state(world: &World) -> Vec<String> {
    let mut items: Vec<String> = world
        .front
        .items(Table::Directory)
        .unwrap()
        .into_iter()
        .map(|mut item| {
            for name in ["sealed", "modified", "created", "since", "due_at", "wanted"] {
                item.as_object_mut().unwrap().remove(name);
            }
            item.to_string()
        })
        .filter(|item| !["used#", "scim#", "pace#"].iter().any(|form| item.contains(form)))
        .collect();
    items.sort();
    items
}

/// Orders every kind of fault at every write, and says after each what is left: nothing, or all of it; and all of it once
/// the client has asked again.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_breaks_off_is_done_or_not_and_done_when_it_is_sent_again() {
    let world = World::with_directory().await;
    let scim = warm(&world).await;
    let ada = scim.person("ada").await;
    let bob = scim.person("bob").await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders", "members": members(&[&bob])})).await.id();
    let (person, team) = (format!("/v2/Users/{ada}"), format!("/v2/Groups/{group}"));
    let kinds =
        [FaultKind::ApplyThenCutConnection, FaultKind::CutConnection, FaultKind::Throttle, FaultKind::Unavailable];
    let mut points = 0;
    for kind in kinds {
        // Once is hidden by the client's own second try; more often than it tries is not.
        for times in [1, 9] {
            for (path, there, back) in [
                (
                    &person,
                    json!([{"op": "replace", "path": "userName", "value": "ada.l"}]),
                    json!([{"op": "replace", "path": "userName", "value": "ada"}]),
                ),
                (
                    &team,
                    json!([{"op": "add", "path": "members", "value": members(&[&ada])},
                           {"op": "remove", "path": "members", "value": members(&[&bob])}]),
                    json!([{"op": "remove", "path": "members", "value": members(&[&ada])},
                           {"op": "add", "path": "members", "value": members(&[&bob])}]),
                ),
            ] {
                let before = state(&world);
                world.front.inject(Fault::next("scim", "dynamodb:UpdateItem", kind).times(times));
                let first = scim.patch(path, &there).await;
                world.front.clear_faults();
                points += 1;
                let after = state(&world);
                assert!([200, 204, 500, 503].contains(&first.status), "{first:?}");
                if first.status >= 500 && kind != FaultKind::ApplyThenCutConnection {
                    assert_eq!(after, before, "{kind:?} × {times}: {first:?}");
                }
                let second = scim.patch(path, &there).await;
                assert!(second.status < 300, "{kind:?} × {times}: {second:?}");
                let done = without_versions(&state(&world));
                assert_ne!(done, without_versions(&before));
                if first.status < 300 {
                    assert_eq!(without_versions(&after), done, "2xx means stored: {kind:?} × {times}");
                }
                assert!(scim.patch(path, &back).await.status < 300);
                assert_eq!(without_versions(&state(&world)), without_versions(&before), "{kind:?} × {times}");
            }
            let before = state(&world).len();
            let name = format!("new{points}");
            world.front.inject(Fault::next("scim", "dynamodb:PutItem", kind).times(times));
            let first = scim.post("/v2/Users", &json!({"userName": name})).await;
            world.front.clear_faults();
            points += 1;
            let second = scim.post("/v2/Users", &json!({"userName": name})).await;
            let made = |answered: &Answered| usize::from(answered.status == 201);
            // Whoever hears nothing of the first is told by the second that the person is there, or makes them.
            let is_hidden = kind == FaultKind::ApplyThenCutConnection && second.status == 409;
            assert!(made(&first) + made(&second) == 1 || is_hidden, "{kind:?} × {times}: {first:?} {second:?}");
            assert_eq!(state(&world).len(), before + 5, "{kind:?} × {times}");
        }
    }
    println!("{points} points");
    world.log();
}

fn without_versions(items: &[String]) -> Vec<Value> {
    let read = |item: &String| {
        let mut item: Value = serde_json::from_str(item).unwrap();
        for name in ["version", "profile"] {
            item.as_object_mut().unwrap().remove(name);
        }
        item
    };
    items.iter().map(read).collect()
}
