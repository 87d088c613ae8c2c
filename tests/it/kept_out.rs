//! Whoever is kept out by hand is by all that names them, and nobody else is
//! (`docs/decisions/0045-a-block-is-by-what-names-somebody.md`).

use serde_json::{Value, json};
use stoa_core::directory::UserId;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::sandbox::{Options, Sandbox};
use stoa_service::operator::{DirectoryPerson, OperatorError, StackAccess};

use crate::provisioning::{by_name, make_mary, set_active, start};
use crate::scim_client::Scim;
use crate::steps::{MARY, MARYS_EMAIL, World};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_by_hand_is_out_until_they_are_let_in_again() {
    let (world, scim) = start().await;
    let id = UserId::parse(&make_mary(&scim).await).unwrap();
    world.provision().await.unwrap();
    let pg = ConnectionId::parse("pg").unwrap();
    for (blocks, open) in [(true, &[][..]), (false, &[3])] {
        let mary = world.operator.directory_person(&pg, &id).await.unwrap();
        world.operator.block_person(&mary, blocks, "a stolen telephone").await.unwrap();
        let page = world.log_in(&world.browser(), MARY).await;
        match blocks {
            true => world.refused_and_traced(&page, "person_inactive"),
            false => world.signed_in(&page, MARYS_EMAIL),
        }
        world.provision().await.unwrap();
        assert_eq!(world.open_to(MARYS_EMAIL), open);
    }
}

/// Who is kept out by hand goes on being kept out.
async fn is_kept_out(world: &World) {
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    world.provision().await.unwrap();
    assert!(world.thinkific.user(MARYS_EMAIL).is_none() || world.open_to(MARYS_EMAIL).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_by_hand_is_under_another_id_and_under_none() {
    let (world, scim) = start().await;
    let pg = ConnectionId::parse("pg").unwrap();
    let first = make_mary(&scim).await;
    world.provision().await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let mary = world_person(&world.operator, &pg, &first).await;
    world.operator.block_person(&mary, true, "a stolen telephone").await.unwrap();
    assert_eq!(scim.delete(&format!("/v2/Users/{first}")).await.status, 204);
    is_kept_out(&world).await;
    // Another id at the source, and the same address.
    let address = json!([{"value": MARYS_EMAIL, "type": "work", "primary": true}]);
    let second = scim.post("/v2/Users", &json!({"userName": "mm", "externalId": "m2", "emails": address})).await.id();
    is_kept_out(&world).await;
    // What is known of her is none of what she had first.
    assert_eq!(scim.delete(&format!("/v2/Users/{second}")).await.status, 204);
    let third = json!({"userName": "m3", "externalId": "m2", "emails": [{"value": "m.m@pg.com", "primary": true}]});
    let third = scim.post("/v2/Users", &third).await.id();
    assert!(world.sync(&third).get("blocked").is_some());
    is_kept_out(&world).await;

    let mary = world_person(&world.operator, &pg, &third).await;
    assert!(mary.kept_out.len() >= 5, "{:?}", mary.kept_out);
    world.operator.block_person(&mary, false, "it was found").await.unwrap();
    for id in [first, second, third] {
        let lifted = world_person(&world.operator, &pg, &id).await;
        assert!(lifted.kept_out.is_empty() && !lifted.sync.unwrap().blocked);
    }
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(crate::aws::matching(&world, Table::Directory, "lock#").iter().all(|item| item.get("kept_out").is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_somebody_gave_up_while_they_were_kept_out_keeps_out() {
    let (world, scim) = start().await;
    let pg = ConnectionId::parse("pg").unwrap();
    let id = make_mary(&scim).await;
    let mary = world_person(&world.operator, &pg, &id).await;
    world.operator.block_person(&mary, true, "a stolen telephone").await.unwrap();
    let moved = json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "m.m@pg.com"}]);
    assert_eq!(scim.patch(&format!("/v2/Users/{id}"), &moved).await.status, 200);
    is_kept_out(&world).await;
    let found = scim.get(&format!("/v2/Users?filter=emails.value%20eq%20%22{MARYS_EMAIL}%22")).await;
    assert_eq!(found.body["totalResults"], 0, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_forgotten_while_they_are_kept_out_goes_on_being_kept_out() {
    let (world, scim) = start().await;
    let pg = ConnectionId::parse("pg").unwrap();
    let id = make_mary(&scim).await;
    world.provision().await.unwrap();
    let mary = world_person(&world.operator, &pg, &id).await;
    world.operator.block_person(&mary, true, "a stolen telephone").await.unwrap();
    set_active(&scim, &id, false).await;
    world.provision().await.unwrap();
    let stored = world.operator.stored_of(&pg, &mary.user).await.unwrap();
    world.operator.erase(&stored, "she asked for it").await.unwrap();
    let rest = crate::aws::matching(&world, Table::Directory, &format!("user#pg#{id}"));
    let keeps_out = |item: &Value| item.get("kept_out").is_some() || item["blocked"]["BOOL"] == true;
    assert!(!rest.is_empty() && rest.iter().all(keeps_out), "{rest:?}");
    let bare = |item: &Value| item["applied"]["M"] == json!({"access": {"S": "none"}});
    assert!(rest.iter().any(bare), "{rest:?}");
    is_kept_out(&world).await;
    let mary = world_person(&world.operator, &pg, &id).await;
    assert!(!mary.exists && !mary.kept_out.is_empty());
    world.operator.block_person(&mary, false, "it was found").await.unwrap();
    let items = world.front.items(Table::Directory).unwrap();
    assert!(items.iter().all(|item| item.get("kept_out").is_none()));
    assert!(world_person(&world.operator, &pg, &id).await.kept_out.is_empty());
}

fn person(name: &str, id: &str, address: &str) -> Value {
    json!({"userName": name, "externalId": id, "emails": [{"value": address, "type": "work", "primary": true}]})
}

async fn block(world: &World, id: &str, blocks: bool) {
    let pg = ConnectionId::parse("pg").unwrap();
    let person = world_person(&world.operator, &pg, id).await;
    world.operator.block_person(&person, blocks, "a stolen telephone").await.unwrap();
}

fn is_blocked(world: &World, id: &str) -> bool {
    world.sync(id).get("blocked").is_some()
}

/// Several who were kept out had the same values, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn who_brings_the_values_of_several_who_are_kept_out_is_made_and_kept_out() {
    let (world, scim) = start().await;
    let mut values = Vec::new();
    for n in 0..4 {
        let id = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await;
        assert_eq!(id.status, 201, "{n}: {id:?}");
        let id = id.id();
        if n == 0 {
            block(&world, &id, true).await;
        }
        assert!(is_blocked(&world, &id), "{n}");
        // Known again by the id each time, and by another one at last.
        let renamed = person("mm", &format!("m{}", n + 2), MARYS_EMAIL);
        assert_eq!(scim.put(&format!("/v2/Users/{id}"), &renamed).await.status, 200);
        assert_eq!(scim.delete(&format!("/v2/Users/{id}")).await.status, 204);
        values.push(id);
    }
    is_kept_out(&world).await;
    let last = scim.post("/v2/Users", &person("mm", "m9", MARYS_EMAIL)).await.id();
    block(&world, &last, false).await;
    let items = world.front.items(Table::Directory).unwrap();
    assert!(items.iter().all(|item| item.get("kept_out").is_none()));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

/// Somebody who is there takes what another one is kept out by: by whatever way it is written.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_value_of_somebody_who_is_kept_out_is_kept_out_too() {
    let address = json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": MARYS_EMAIL}]);
    let name = json!([{"op": "replace", "value": {"userName": "mm"}}]);
    let id = json!([{"op": "replace", "path": "externalId", "value": "m1"}]);
    let both = person("other", "m1", MARYS_EMAIL);
    for (way, change) in [("PATCH", &address), ("PATCH", &name), ("PATCH", &id), ("PUT", &both)] {
        let (world, scim) = start().await;
        let mary = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
        let other = scim.post("/v2/Users", &person("other", "o1", "other@pg.com")).await.id();
        block(&world, &mary, true).await;
        assert_eq!(scim.delete(&format!("/v2/Users/{mary}")).await.status, 204);
        world.provision().await.unwrap();
        assert!(!is_blocked(&world, &other));
        let path = format!("/v2/Users/{other}");
        let changed = if way == "PUT" { scim.put(&path, change).await } else { scim.patch(&path, change).await };
        assert_eq!(changed.status, 200, "{changed:?}");
        assert!(is_blocked(&world, &other), "{way} {change}");
        is_kept_out(&world).await;
        world.provision().await.unwrap();
        assert!(world.open_to("other@pg.com").is_empty());
        // Whoever lets them in lets in whoever brings any of it.
        block(&world, &other, false).await;
        let items = world.front.items(Table::Directory).unwrap();
        assert!(items.iter().all(|item| item.get("kept_out").is_none() && item.get("blocked").is_none()), "{items:?}");
    }
}

/// Two who share an address: that one of them is kept out is seen of the other, who can be let in by the address alone.
#[tokio::test(flavor = "multi_thread")]
async fn who_shares_the_address_of_somebody_who_is_kept_out_is_let_in_by_it_and_that_one_is_not() {
    let (world, scim) = start().await;
    let first = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
    let second = scim.post("/v2/Users", &person("m2", "m2", MARYS_EMAIL)).await.id();
    block(&world, &first, true).await;
    assert_eq!(scim.delete(&format!("/v2/Users/{first}")).await.status, 204);
    assert!(!is_blocked(&world, &second));
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    let pg = ConnectionId::parse("pg").unwrap();
    let shown = world_person(&world.operator, &pg, &second).await;
    assert_eq!((shown.kept_out.len(), shown.kept_out_beside.len()), (0, 1));
    block(&world, &second, false).await;
    world.advance(601);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(is_blocked(&world, &first));
    let again = scim.post("/v2/Users", &person("m3", "m1", "m3@pg.com")).await.id();
    assert!(is_blocked(&world, &again));
}

/// Somebody who is there is nobody's former id: who gets what they gave up is let in without them.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_by_what_somebody_gave_up_who_is_there_lets_that_one_not_in() {
    let (world, scim) = start().await;
    let first = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
    block(&world, &first, true).await;
    assert_eq!(scim.put(&format!("/v2/Users/{first}"), &person("mm", "m1", "m1@pg.com")).await.status, 200);
    let second = scim.post("/v2/Users", &person("m2", "m2", MARYS_EMAIL)).await.id();
    assert!(is_blocked(&world, &second));
    is_kept_out(&world).await;
    block(&world, &second, false).await;
    assert!(is_blocked(&world, &first) && !is_blocked(&world, &second));
    world.provision().await.unwrap();
    world.advance(601);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(world.thinkific.user("m1@pg.com").is_none());
}

/// Whoever has the address of somebody who is there and kept out is told of by `show`.
#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_sign_in_for_somebody_who_is_kept_out_is_shown_so() {
    let (world, scim) = start().await;
    let first = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
    let second = scim.post("/v2/Users", &person("m2", "m2", MARYS_EMAIL)).await.id();
    block(&world, &first, true).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    let pg = ConnectionId::parse("pg").unwrap();
    let shown = world_person(&world.operator, &pg, &second).await;
    assert_eq!(shown.kept_out_with, [UserId::parse(&first).unwrap()]);
    assert!(world_person(&world.operator, &pg, &first).await.kept_out_with.is_empty());
}

/// A creation that is refused writes nothing of whom it would have been.
#[tokio::test(flavor = "multi_thread")]
async fn a_creation_that_is_refused_leaves_nothing_of_a_block() {
    let (world, scim) = start().await;
    let first = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
    block(&world, &first, true).await;
    assert_eq!(scim.put(&format!("/v2/Users/{first}"), &person("mm", "m1", "m1@pg.com")).await.status, 200);
    let other = scim.post("/v2/Users", &person("other", "o1", "other@pg.com")).await.id();
    let before = crate::aws::matching(&world, Table::Directory, "user#pg#").len();
    assert_eq!(scim.post("/v2/Users", &person("mm", "m9", MARYS_EMAIL)).await.status, 409);
    assert_eq!(scim.put(&format!("/v2/Users/{other}"), &person("mm", "o1", MARYS_EMAIL)).await.status, 409);
    assert_eq!(crate::aws::matching(&world, Table::Directory, "user#pg#").len(), before);
    assert!(!is_blocked(&world, &other));
}

/// Each block is its own: that one is lifted lets nobody else in.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_lets_in_nobody_else_who_had_the_address() {
    let (world, scim) = start().await;
    let ids = [("mm", "m1"), ("m2", "m2")];
    let mut made = Vec::new();
    for (name, id) in ids {
        made.push(scim.post("/v2/Users", &person(name, id, MARYS_EMAIL)).await.id());
    }
    for id in &made {
        block(&world, id, true).await;
        assert_eq!(scim.delete(&format!("/v2/Users/{id}")).await.status, 204);
    }
    block(&world, &made[0], false).await;
    assert!(!is_blocked(&world, &made[0]) && is_blocked(&world, &made[1]));
    is_kept_out(&world).await;
}

/// A block that is lifted only in part is seen, and lifted by whoever tries again.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_lifted_in_part_is_lifted_by_the_next_try() {
    let (update, delete, put) = ("dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:PutItem");
    for (action, after) in [(update, 0), (delete, 0), (update, 1), (put, 0)] {
        let (world, scim) = start().await;
        let first = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
        block(&world, &first, true).await;
        assert_eq!(scim.delete(&format!("/v2/Users/{first}")).await.status, 204);
        let second = scim.post("/v2/Users", &person("m2", "m2", MARYS_EMAIL)).await.id();
        let pg = ConnectionId::parse("pg").unwrap();
        let person = world_person(&world.operator, &pg, &second).await;
        world.front.inject(Fault::next("on-call", action, FaultKind::Deny).after(after));
        let lifted = world.operator.block_person(&person, false, "it was found").await;
        assert!(lifted.is_err(), "{action} {after}");
        is_kept_out(&world).await;
        block(&world, &second, false).await;
        let items = world.front.items(Table::Directory).unwrap();
        assert!(items.iter().all(|item| item.get("kept_out").is_none() && item.get("blocked").is_none()), "{action}");
        world.advance(601);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
}

pub async fn world_person(operator: &StackAccess, connection: &ConnectionId, id: &str) -> DirectoryPerson {
    operator.directory_person(connection, &UserId::parse(id).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_directory_does_not_have_is_not_kept_out_by_it() {
    let (world, scim) = start().await;
    let mary = make_mary(&scim).await;
    assert_eq!(scim.delete(&format!("/v2/Users/{mary}")).await.status, 204);
    let pg = ConnectionId::parse("pg").unwrap();
    let operator = &world.operator;
    let deleted = operator.directory_person(&pg, &UserId::parse(&mary).unwrap()).await.unwrap();
    assert!(!deleted.exists && deleted.sync.is_some());
    let nobody = operator.directory_person(&pg, &UserId::from_random([7; 16])).await.unwrap();
    assert!(!nobody.exists && nobody.sync.is_none());
    for refused in [
        operator.block_person(&deleted, true, "a stolen telephone").await,
        operator.block_person(&nobody, true, "a stolen telephone").await,
        operator.block_person(&nobody, false, "it was found").await,
        operator.retry_person(&nobody, "it is corrected").await,
    ] {
        assert!(matches!(refused, Err(OperatorError::NotInDirectory(_))), "{refused:?}");
    }
    // What is due for the deleted can still be tried again.
    operator.retry_person(&deleted, "it is corrected").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_with_an_address_nobody_who_has_left_or_is_kept_out_comes_in() {
    let (world, scim) = start().await;
    let mary = make_mary(&scim).await;
    let email = json!([{"value": MARYS_EMAIL, "type": "work", "primary": true}]);
    let twin = scim.post("/v2/Users", &json!({"userName": "twin", "externalId": "twin", "emails": email})).await.id();
    set_active(&scim, &mary, false).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    set_active(&scim, &twin, false).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");

    // Whoever is kept out is, whether the other one is active or not.
    set_active(&scim, &mary, true).await;
    let pg = ConnectionId::parse("pg").unwrap();
    let blocked = world.operator.directory_person(&pg, &UserId::parse(&mary).unwrap()).await.unwrap();
    world.operator.block_person(&blocked, true, "a stolen telephone").await.unwrap();
    for active in [true, false] {
        set_active(&scim, &twin, active).await;
        world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    }
}

/// Whoever was kept out and is deleted comes under a name that the directory does not know, and by the address that they had.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_kept_out_is_by_the_address_too_where_logins_are_joined_by_something_else() {
    let world = World::of(Sandbox::start(Options { connection: by_name, ..Options::default() }).await.unwrap());
    let scim = Scim::of(&world, "pg").await;
    let id = scim.post("/v2/Users", &person("mm", "m1", MARYS_EMAIL)).await.id();
    block(&world, &id, true).await;
    assert_eq!(scim.delete(&format!("/v2/Users/{id}")).await.status, 204);
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    block(&world, &id, false).await;
    world.advance(601);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}
