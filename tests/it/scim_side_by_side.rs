//! SCIM requests that meet each other, and deletions that are cut off: nobody comes in or goes unmarked.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::aws::{matching, set, unset};
use crate::scim_client::{Answered, Scim, members};
use crate::steps::World;

/// For whom something is due.
fn marked(world: &World) -> BTreeSet<String> {
    let items = matching(world, Table::Directory, "user#pg#").into_iter();
    let due = items.filter(|item| item["sk"]["S"] == "sync#thinkific" && item.get("due_of").is_some());
    due.map(|item| item["pk"]["S"].as_str().unwrap().rsplit_once('#').unwrap().1.to_owned()).collect()
}

/// As after a run of the provisioner.
async fn settle(world: &World) {
    for attribute in ["due_of", "due_at"] {
        unset(world, Table::Directory, "user#pg#", attribute).await;
    }
    assert!(marked(world).is_empty());
}

fn sorted(ids: &[String]) -> Vec<String> {
    let mut ids = ids.to_vec();
    ids.sort();
    ids
}

fn named(ids: &[String]) -> Value {
    json!({"displayName": "All", "members": members(&ids.iter().collect::<Vec<_>>())})
}

/// Sends it until it is not told to come again.
async fn put_until_taken(world: &World, scim: &Scim, path: &str, list: &Value) -> Answered {
    for _ in 0..40 {
        let answered = scim.put(path, list).await;
        if answered.status != 503 {
            return answered;
        }
        world.advance(1);
    }
    panic!("always 503")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_whole_lists_side_by_side_one_counts_and_everybody_of_it_is_marked() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let people = scim.people(330).await;
    let group = scim.post("/v2/Groups", &named(&[])).await.id();
    let path = format!("/v2/Groups/{group}");
    // One by one, in several transactions, and as a next generation.
    for (one, other) in [(0..1, 1..2), (0..60, 30..120), (0..300, 20..330)] {
        let lists = [&people[one], &people[other]];
        for _ in 0..2 {
            assert_eq!(scim.put(&path, &named(&[])).await.status, 200);
            settle(&world).await;
            let [first, second] = lists.map(named);
            let (first, second) = tokio::join!(
                put_until_taken(&world, &scim, &path, &first),
                put_until_taken(&world, &scim, &path, &second)
            );
            assert_eq!((first.status, second.status), (200, 200), "{first:?} {second:?}");
            let found = scim.members(&group).await;
            assert!(lists.iter().any(|list| found == sorted(list)), "{} members", found.len());
            let marked = marked(&world);
            let unmarked: Vec<_> = found.iter().filter(|id| !marked.contains(*id)).collect();
            assert!(unmarked.is_empty(), "{unmarked:?}");
        }
    }
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_another_request_is_writing_is_not_written_twice_and_waits_no_longer_than_that_lives() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let people = scim.people(300).await;
    let group = scim.post("/v2/Groups", &named(&people[..2])).await.id();
    let path = format!("/v2/Groups/{group}");
    let until = world.thinkific.clock().now().as_second() + 30;
    set(&world, Table::Directory, &format!("group#pg#{group}"), "replacing", json!({"N": until.to_string()})).await;
    let edges = || matching(&world, Table::Directory, &format!("group#pg#{group}")).len();
    let before = edges();
    let whole = named(&people);
    let refused = scim.put(&path, &whole).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!((edges(), scim.members(&group).await), (before, sorted(&people[..2])));
    // What is written one by one goes on.
    let add = json!([{"op": "add", "path": "members", "value": members(&[&people[2]])}]);
    assert_eq!(scim.patch(&path, &add).await.status, 204);
    world.advance(31);
    assert_eq!(scim.put(&path, &whole).await.status, 200);
    assert_eq!(scim.members(&group).await, sorted(&people));
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_is_cut_off_has_marked_whom_it_has_touched() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let people = scim.people(120).await;
    let ada = scim.person("ada").await;
    for n in 0..60 {
        scim.post("/v2/Groups", &json!({"displayName": format!("G{n}"), "members": members(&[&ada])})).await.id();
    }
    let group = scim.post("/v2/Groups", &named(&people)).await.id();
    settle(&world).await;
    let memberships = |world: &World| {
        let of = matching(world, Table::Directory, &format!("user#pg#{ada}")).into_iter();
        of.filter(|item| item["sk"]["S"].as_str().unwrap().starts_with("member#")).count()
    };
    let path = format!("/v2/Users/{ada}");
    let mut cuts = 0;
    loop {
        world.front.inject(Fault::next("scim", "dynamodb:DeleteItem", FaultKind::CutConnection).after(cuts).times(9));
        let status = scim.delete(&path).await.status;
        world.front.clear_faults();
        if status == 204 {
            break;
        }
        assert!(status >= 500, "{status}");
        assert!(memberships(&world) == 60 || marked(&world).contains(&ada), "cut at {cuts}");
        cuts += 1;
    }
    assert!(cuts > 1 && marked(&world).contains(&ada), "{cuts} cuts");
    assert_eq!(scim.get(&path).await.status, 404);

    let path = format!("/v2/Groups/{group}");
    let mut cuts = 0;
    loop {
        world.front.inject(Fault::next("scim", "dynamodb:DeleteItem", FaultKind::CutConnection).after(cuts).times(9));
        let status = scim.delete(&path).await.status;
        world.front.clear_faults();
        if status == 204 {
            break;
        }
        assert!(status >= 500, "{status}");
        // All are in it, or none.
        assert!([0, people.len()].contains(&scim.members(&group).await.len()), "cut at {cuts}");
        cuts += 1;
    }
    assert!(cuts > 1, "{cuts} cuts");
    let marked = marked(&world);
    assert!(people.iter().all(|id| marked.contains(id)));
    let left = world.front.items(Table::Directory).unwrap();
    assert!(!left.iter().any(|item| item["pk"]["S"] == format!("group#pg#{group}")));
    world.log();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_an_id_of_the_client_s_is_not_whoever_had_the_name() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let smith = json!({"userName": "j.smith@pg.com"});
    let id = scim.post("/v2/Users", &smith).await.id();
    let path = format!("/v2/Users/{id}");
    let off = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(scim.patch(&path, &off).await.status, 200);
    let refused = scim.post("/v2/Users", &smith).await;
    assert_eq!((refused.status, &refused.body["scimType"]), (409, &json!("uniqueness")), "{refused:?}");
    assert_eq!(scim.get(&path).await.body["active"], false);
    // A client that means them finds them, and says so.
    let found = scim.get("/v2/Users?filter=userName+eq+%22j.smith@pg.com%22").await;
    assert_eq!(found.body["Resources"][0]["id"], id);
    let on = json!([{"op": "replace", "path": "active", "value": true}]);
    assert_eq!(scim.patch(&path, &on).await.body["active"], true);
    world.log();
}

/// Somebody comes into a group while they are being deleted: the group has no member who is nobody.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_added_to_a_group_while_they_are_deleted_is_in_none() {
    let world = World::with_directory().await;
    let scim = Scim::of(&world, "pg").await;
    let ada = scim.person("ada").await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Leaders"})).await.id();
    let late = FaultKind::Delay(Duration::from_millis(800));
    world.front.inject(Fault::next("scim", "dynamodb:DeleteItem", late));
    let add = json!([{"op": "add", "path": "members", "value": members(&[&ada])}]);
    let (user, path) = (format!("/v2/Users/{ada}"), format!("/v2/Groups/{group}"));
    let added = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        scim.patch(&path, &add).await
    };
    let (deleted, added) = tokio::join!(scim.delete(&user), added);
    assert_eq!((deleted.status, added.status), (204, 204), "{deleted:?} {added:?}");
    assert_eq!(scim.members(&group).await, [""; 0]);
    let items = world.front.items(Table::Directory).unwrap();
    assert!(!items.iter().any(|item| item["sk"]["S"].as_str().unwrap_or_default().starts_with("member#")), "{items:?}");
}
