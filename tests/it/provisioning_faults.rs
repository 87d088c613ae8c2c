//! Whatever goes wrong on the way of a person into a school: at each write and each call, and what is left of it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, Trouble};

use crate::provisioning::start;
use crate::scim_client::Scim;
use crate::steps::World;

/// Somebody in the group whose people get everything.
async fn come(scim: &Scim, group: &str, name: &str) -> String {
    let id = scim.person(name).await;
    let patch = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
    assert!(scim.patch(&format!("/v2/Groups/{group}"), &patch).await.status < 300);
    id
}

/// Runs until nothing is due, whatever becomes of each; then the end has to be the right one.
async fn settle(world: &World, name: &str, told: &str) {
    for _ in 0..6 {
        let _ = world.invoke("provisioner", Value::Null).await;
        world.advance(120);
    }
    let email = format!("{name}@pg.com");
    assert_eq!(world.open_to(&email), [3, 4], "{told}");
    let users: Vec<_> = world.thinkific.users().into_iter().filter(|user| user.email == email).collect();
    assert_eq!(users.len(), 1, "{told}");
    let enrollments = world.thinkific.enrollments().iter().filter(|it| it.user_id == users[0].id).count();
    assert_eq!(enrollments, 2, "{told}");
    assert!(world.thinkific.members("Managers").unwrap().contains(&email), "{told}");
    let due = world.front.items(Table::Directory).unwrap().into_iter().filter(|item| item.get("due_at").is_some());
    assert_eq!(due.count(), 0, "{told}");
}

async fn group(scim: &Scim) -> String {
    scim.post("/v2/Groups", &json!({"displayName": "Leaders"})).await.id()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_call_the_person_ends_as_they_should() {
    let (world, scim) = start().await;
    let group = group(&scim).await;
    let mut points = 0;
    for (method, path) in [(Method::POST, "/users"), (Method::POST, "/enrollments"), (Method::POST, "/group_users")] {
        for trouble in [
            Trouble::ApplyThenCut,
            Trouble::Cut,
            Trouble::Status(500),
            Trouble::Status(503),
            Trouble::Status(520),
            Trouble::Blocked,
            Trouble::RateLimited(Duration::from_secs(1)),
            Trouble::RateLimited(Duration::from_secs(50)),
        ] {
            let name = format!("c{points}");
            points += 1;
            come(&scim, &group, &name).await;
            let target = FaultTarget::AdminCall { method: method.clone(), path: path.to_owned() };
            world.thinkific.inject(SchoolFault { target, trouble: trouble.clone(), times: 1 });
            settle(&world, &name, &format!("{trouble:?} at {method} {path}")).await;
            world.thinkific.clear_faults();
        }
    }
    assert_eq!(points, 24);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_write_the_person_ends_as_they_should() {
    let (world, scim) = start().await;
    let group = group(&scim).await;
    let mut points = 0;
    for (after, kind, times) in points_of_writes() {
        let name = format!("w{points}");
        points += 1;
        come(&scim, &group, &name).await;
        world.front.inject(Fault::next("provisioner", "dynamodb:UpdateItem", kind).after(after).times(times));
        settle(&world, &name, &format!("{kind:?}, {times} times, at write {after}")).await;
        world.front.clear_faults();
    }
    assert_eq!(points, 48);
}

/// Each write of a run, refused or cut once, which the client tries again by itself, and as often as it tries.
fn points_of_writes() -> impl Iterator<Item = (usize, FaultKind, usize)> {
    let kinds = [FaultKind::ApplyThenCutConnection, FaultKind::CutConnection, FaultKind::Throttle];
    let of_a_write = move |after| kinds.map(|kind| [(after, kind, 1), (after, kind, 3)]).concat();
    (0..8).flat_map(of_a_write)
}
