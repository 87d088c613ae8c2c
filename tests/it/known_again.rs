//! Whoever is taken out of a directory and made again is who they were, and nobody else is
//! (`docs/decisions/0043-who-is-known-again.md`).

use serde_json::{Value, json};
use stoa_core::directory::UserId;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::GLOBEX;
use stoa_sandbox::thinkific::NewUser;
use stoa_service::operator::{Kept, Named, OperatorError, PersonChange, Stopped};

use crate::aws::matching;
use crate::provisioning::{GRANTS, make_mary, start};
use crate::scim_client::{Answered, Scim, members};
use crate::steps::{MARY, MARYS_EMAIL, World};

async fn delete(scim: &Scim, id: &str) {
    let gone = scim.delete(&format!("/v2/Users/{id}")).await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(scim.get(&format!("/v2/Users/{id}")).await.status, 404);
}

fn mary(external_id: Option<&str>) -> Value {
    let mut mary = json!({
        "userName": MARYS_EMAIL,
        "name": {"givenName": "Mary", "familyName": "Miller"},
        "emails": [{"value": MARYS_EMAIL, "type": "work", "primary": true}],
    });
    if let Some(id) = external_id {
        mary["externalId"] = id.into();
    }
    mary
}

/// What the clock starts every minute.
async fn provision(world: &World) -> Value {
    let answer = world.provision().await.unwrap();
    assert_eq!(answer["failed"], 0, "{answer}: {:?}", world.take_log());
    answer
}

async fn make(scim: &Scim, person: &Value) -> String {
    let made = scim.post("/v2/Users", person).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

/// How many people stand in the way of whom, and why.
async fn stuck(world: &World) -> Vec<&'static str> {
    let stuck = world.operator.stopped(&ConnectionId::parse("pg").unwrap(), Stopped::Stuck).await.unwrap();
    stuck.iter().map(|person| person.sync.as_ref().unwrap().stuck.as_ref().unwrap().code()).collect()
}

/// Mary signs in, and whom on-call means is tried again. Of the logins of a day only the first one is written down.
async fn sign_in_and_retry(world: &World, id: &str) {
    world.advance(26 * 3600);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let pg = ConnectionId::parse("pg").unwrap();
    let person = world.operator.directory_person(&pg, &UserId::parse(id).unwrap()).await.unwrap();
    world.operator.retry_person(&person, "she has signed in").await.unwrap();
    provision(world).await;
}

/// Mary is in her account, in her course, and nothing stands in the way.
async fn is_in(world: &World, account: u64) {
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((user.id, world.open_to(MARYS_EMAIL), stuck(world).await), (account, vec![3], vec![]));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.users().iter().filter(|user| user.email == MARYS_EMAIL).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_deleted_and_made_again_has_their_account_and_courses() {
    for (signs_in_before, runs_between, tries_between) in [
        (false, true, false),
        (false, false, false),
        (true, true, false),
        (true, false, false),
        (false, true, true),
        (true, true, true),
    ] {
        let (world, scim) = start().await;
        let id = make_mary(&scim).await;
        let group = json!({"displayName": "Leaders", "members": members(&[&id])});
        assert_eq!(scim.post("/v2/Groups", &group).await.status, 201);
        provision(&world).await;
        let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
        if signs_in_before {
            world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        }
        delete(&scim, &id).await;
        if runs_between {
            provision(&world).await;
            assert!(world.open_to(MARYS_EMAIL).is_empty());
        }
        if tries_between {
            world.log_in(&world.browser(), MARY).await;
            assert!(world.open_to(MARYS_EMAIL).is_empty());
            // What a refusal was is remembered for ten minutes.
            world.advance(601);
        }
        let again = make_mary(&scim).await;
        assert_eq!(again, id);
        // Groups are not brought back: their client says who is in them.
        assert_eq!(scim.get(&format!("/v2/Users/{id}")).await.body["groups"], json!([]));
        provision(&world).await;
        is_in(&world, account).await;
        assert_eq!(provision(&world).await["people"], 0);
        // And out again like anybody else.
        delete(&scim, &id).await;
        provision(&world).await;
        assert!(world.open_to(MARYS_EMAIL).is_empty());
    }
}

/// The administrator has removed the application and added it again: everybody at once, more than may leave.
#[tokio::test(flavor = "multi_thread")]
async fn whose_removal_was_held_is_back_without_having_been_out() {
    let (world, scim) = start().await;
    let people = scim.people(13).await;
    provision(&world).await;
    for id in &people {
        delete(&scim, id).await;
    }
    provision(&world).await;
    let pg = ConnectionId::parse("pg").unwrap();
    assert_eq!(world.operator.stopped(&pg, Stopped::Held).await.unwrap().len(), 3);
    assert_eq!(scim.people(13).await, people);
    provision(&world).await;
    assert!((0..13).all(|n| world.open_to(&format!("p{n}@pg.com")) == [3]));
    assert!(world.operator.stopped(&pg, Stopped::Held).await.unwrap().is_empty());
    assert_eq!(stuck(&world).await, [""; 0]);
}

/// A recycled address: another person of the client's gets nothing of the first one's, whether that one ever came or not.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_with_the_same_address_gets_nothing_of_theirs() {
    for (before, after, signs_in) in [
        (Some("00u1"), Some("00u2"), false),
        (Some("00u1"), Some("00u2"), true),
        (Some("00u1"), None, true),
        (None, None, false),
        (None, None, true),
        // Their name once more is no id.
        (Some(MARY), Some(MARY), false),
        (Some(MARYS_EMAIL), Some(MARYS_EMAIL), true),
    ] {
        let (world, scim) = start().await;
        let first = make(&scim, &mary(before)).await;
        provision(&world).await;
        if signs_in {
            world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        }
        delete(&scim, &first).await;
        provision(&world).await;
        world.advance(60);
        let account = world.thinkific.user(MARYS_EMAIL).unwrap();
        let mut other = mary(after);
        other["name"] = json!({"givenName": "Marian", "familyName": "Mills"});
        let second = make(&scim, &other).await;
        assert_ne!(second, first, "{before:?} {after:?}");
        provision(&world).await;
        assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap(), account, "{before:?} {after:?} {signs_in}");
        assert!(world.open_to(MARYS_EMAIL).is_empty());
        assert_eq!(stuck(&world).await, ["bound"], "{before:?} {after:?} {signs_in}");
    }
}

/// A nickname is the client's id of whoever has it this year: it says nothing of who had it last year.
#[tokio::test(flavor = "multi_thread")]
async fn a_nickname_hands_nothing_on_to_who_has_it_next() {
    let (world, scim) = start().await;
    let person = |address: &str| json!({"userName": address, "externalId": "mary", "emails": [{"value": address, "primary": true}]});
    // She had another address than her nickname would be: to the first one, it looked like an id.
    let first = make(&scim, &person("mary.smith@pg.com")).await;
    provision(&world).await;
    let account = world.thinkific.user("mary.smith@pg.com").unwrap();
    delete(&scim, &first).await;
    let second = make(&scim, &person("mary@pg.com")).await;
    assert_ne!(second, first);
    provision(&world).await;
    assert_eq!(world.thinkific.user("mary.smith@pg.com").unwrap(), account);
    assert!(world.open_to("mary.smith@pg.com").is_empty());
    assert_ne!(world.thinkific.user("mary@pg.com").unwrap().id, account.id);
    assert_eq!(stuck(&world).await, [""; 0]);
}

/// An account that was there before the directory, whether a login had bound it or nobody had: it becomes the first one's
/// of the directory who has its address, and nobody's after them unless they prove the address.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_from_before_the_directory_is_not_handed_on_with_its_address() {
    for signs_in_before in [true, false] {
        let (world, scim) = start().await;
        match signs_in_before {
            true => world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL),
            false => drop(world.thinkific.add_user(NewUser::student(MARYS_EMAIL, "Mary", "Miller"))),
        }
        world.advance(60);
        let first = make(&scim, &mary(Some("00u1"))).await;
        provision(&world).await;
        assert_eq!((stuck(&world).await, world.open_to(MARYS_EMAIL)), (vec![], vec![3]), "{signs_in_before}");
        let account = world.thinkific.user(MARYS_EMAIL).unwrap();
        delete(&scim, &first).await;
        provision(&world).await;
        world.advance(60);
        let second = make(&scim, &mary(Some("00u2"))).await;
        provision(&world).await;
        assert_eq!(stuck(&world).await, ["bound"], "{signs_in_before}");
        assert!(world.open_to(MARYS_EMAIL).is_empty());
        // Whoever signs in by now with this address has it.
        sign_in_and_retry(&world, &second).await;
        is_in(&world, account.id).await;
    }
}

/// Whoever is inactive has their nickname until they are deleted; the next one who is given it is not they.
#[tokio::test(flavor = "multi_thread")]
async fn a_nickname_of_somebody_inactive_brings_back_only_who_has_their_name() {
    let (world, scim) = start().await;
    let person = |address: &str| json!({"userName": address, "externalId": "mary", "emails": [{"value": address, "primary": true}]});
    let first = make(&scim, &person("mary.smith@pg.com")).await;
    provision(&world).await;
    let inactive = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(scim.patch(&format!("/v2/Users/{first}"), &inactive).await.status, 200);
    assert_eq!(scim.post("/v2/Users", &person("mary@pg.com")).await.status, 409);
    provision(&world).await;
    assert!(world.open_to("mary.smith@pg.com").is_empty());
    assert_eq!(make(&scim, &person("Mary.Smith@pg.com")).await, first);
}

/// An account goes from one person to the next only whole: what was to end for the first one ends before, and what begins
/// again for them begins somewhere else.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_handed_on_is_the_first_one_s_no_more() {
    let (world, scim) = start().await;
    let first = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    // Their removal is held: as long as it is, the account is theirs.
    let pg = ConnectionId::parse("pg").unwrap();
    let others = scim.people(12).await;
    provision(&world).await;
    for id in &others {
        delete(&scim, id).await;
    }
    provision(&world).await;
    delete(&scim, &first).await;
    provision(&world).await;
    let second = make(&scim, &mary(Some("00u2"))).await;
    sign_in_and_retry(&world, &second).await;
    assert_eq!(stuck(&world).await, ["bound"]);
    let held = world.operator.directory_person(&pg, &UserId::parse(&first).unwrap()).await.unwrap();
    world.operator.release_person(&held, "it is another one").await.unwrap();
    provision(&world).await;
    assert!(world.open_to(MARYS_EMAIL).is_empty());
    sign_in_and_retry(&world, &second).await;
    is_in(&world, account).await;
    // Made again with their own id and another address, the first one does not come into it. The school knows it by this
    // id, so it makes them no other one: somebody has to decide.
    let back = json!({"userName": "m.m", "externalId": "00u1", "emails": [{"value": "m.m@pg.com", "primary": true}]});
    assert_eq!(make(&scim, &back).await, first);
    provision(&world).await;
    assert_eq!((stuck(&world).await, world.open_to(MARYS_EMAIL)), (vec!["bound"], vec![3]));
    assert!(world.thinkific.user("m.m@pg.com").is_none());
    delete(&scim, &first).await;
    provision(&world).await;
    is_in(&world, account).await;
}

/// The directory knew somebody before the last login of whoever had their address then: that login proves nothing for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_from_before_somebody_had_the_address_gives_them_nothing() {
    let (world, scim) = start().await;
    let mut second = mary(Some("00u2"));
    second["userName"] = "marian".into();
    second["active"] = false.into();
    second["emails"][0]["value"] = "marian@elsewhere.example".into();
    let id = make(&scim, &second).await;
    world.advance(60);
    let first = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    world.advance(60);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let account = world.thinkific.user(MARYS_EMAIL).unwrap();
    delete(&scim, &first).await;
    provision(&world).await;
    world.advance(60);
    second["active"] = true.into();
    second["emails"][0]["value"] = MARYS_EMAIL.into();
    assert_eq!(scim.put(&format!("/v2/Users/{id}"), &second).await.status, 200);
    provision(&world).await;
    assert_eq!((stuck(&world).await, world.open_to(MARYS_EMAIL)), (vec!["bound"], vec![]));
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap(), account);
}

/// An account from before the directory stays whose it was when that one is forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn whose_an_account_was_outlives_their_being_forgotten() {
    let (world, scim) = start().await;
    world.thinkific.add_user(NewUser::student(MARYS_EMAIL, "Mary", "Miller"));
    let first = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    delete(&scim, &first).await;
    provision(&world).await;
    let (pg, user) = (ConnectionId::parse("pg").unwrap(), UserId::parse(&first).unwrap());
    let stored = world.operator.stored_of(&pg, &user).await.unwrap();
    assert!(stored.outlived_by().contains(&Kept::Account), "{stored:?}");
    world.operator.erase(&stored, "asked by letter").await.unwrap();
    make(&scim, &mary(Some("00u2"))).await;
    provision(&world).await;
    assert_eq!((stuck(&world).await, world.open_to(MARYS_EMAIL)), (vec!["bound"], vec![]));
}

/// Two who have one address, and sign in with it: a login of one of them proves nothing for the other while both are there.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_somebody_who_is_there_gives_nobody_else_their_account() {
    let (world, scim) = start().await;
    make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    let mut other = mary(Some("00u2"));
    other["userName"] = "marian@pg.com".into();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    make(&scim, &other).await;
    world.advance(60);
    world.log_in(&world.browser(), MARY).await;
    provision(&world).await;
    assert_eq!(stuck(&world).await, ["bound"]);
}

/// Somebody is made again while they are being forgotten: nothing of them is.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_while_they_are_being_forgotten_is_not() {
    let (world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    delete(&scim, &id).await;
    provision(&world).await;
    let (pg, user) = (ConnectionId::parse("pg").unwrap(), UserId::parse(&id).unwrap());
    let stored = world.operator.stored_of(&pg, &user).await.unwrap();
    assert_eq!(make(&scim, &mary(Some("00u1"))).await, id);
    let before = world.front.items(Table::Directory).unwrap();
    let refused = world.operator.erase(&stored, "asked by letter").await;
    assert!(matches!(refused, Err(OperatorError::PersonMeanwhile)), "{refused:?}");
    assert_eq!(world.front.items(Table::Directory).unwrap(), before);
}

/// Whoever has read somebody before they were taken away and made again writes nothing over them.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_made_again_has_another_version_than_they_ever_had() {
    let (world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    let path = format!("/v2/Users/{id}");
    let version = |answer: &Answered| answer.body["meta"]["version"].as_str().unwrap().to_owned();
    let first = version(&scim.get(&path).await);
    delete(&scim, &id).await;
    world.advance(1);
    assert_eq!(make(&scim, &mary(Some("00u1"))).await, id);
    assert_ne!(version(&scim.get(&path).await), first);
}

/// What on-call does where they know that it is the same person: with that, the next try mends it.
#[tokio::test(flavor = "multi_thread")]
async fn whom_only_a_person_can_know_again_is_linked_by_hand() {
    for signs_in_before in [true, false] {
        let (world, scim) = start().await;
        let first = make(&scim, &mary(None)).await;
        provision(&world).await;
        if signs_in_before {
            world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        }
        delete(&scim, &first).await;
        provision(&world).await;
        world.advance(60);
        let second = make(&scim, &mary(None)).await;
        provision(&world).await;
        assert_eq!(stuck(&world).await, ["bound"]);

        let (pg, account) = (ConnectionId::parse("pg").unwrap(), world.thinkific.user(MARYS_EMAIL).unwrap());
        let person = world.operator.person(&pg, Named::Subject(MARY.to_owned())).await.unwrap();
        let link = PersonChange::Link { user: account.id, external_id: account.external_id.unwrap() };
        world.operator.change_person(&person, &link, "it is she, says her administrator").await.unwrap();
        world.advance(601);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        let person = world.operator.directory_person(&pg, &UserId::parse(&second).unwrap()).await.unwrap();
        world.operator.retry_person(&person, "she is linked").await.unwrap();
        provision(&world).await;
        is_in(&world, account.id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_id_of_another_connection_s_client_is_somebody_else() {
    let (world, scim) = start().await;
    world.connect_openid(&GLOBEX, |file| format!("{file}{GRANTS}")).await.unwrap();
    let globex = Scim::of(&world, "globex").await;
    let first = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap();
    delete(&scim, &first).await;
    provision(&world).await;
    let second = make(&globex, &mary(Some("00u1"))).await;
    assert_ne!(second, first);
    provision(&world).await;
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap(), account);
    assert!(world.open_to(MARYS_EMAIL).is_empty());
    // And at home she is still herself.
    assert_eq!(make(&scim, &mary(Some("00u1"))).await, first);
    provision(&world).await;
    is_in(&world, account.id).await;
}

/// A deletion of several transactions that breaks off: until it is done, they are there; then it is the same as at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_breaks_off_leaves_them_known() {
    let (world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    for n in 0..60 {
        let group = json!({"displayName": format!("Group {n}"), "members": members(&[&id])});
        assert_eq!(scim.post("/v2/Groups", &group).await.status, 201);
    }
    provision(&world).await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    world.front.inject(Fault::next("scim", "dynamodb:DeleteItem", FaultKind::CutConnection).after(1).times(99));
    let path = format!("/v2/Users/{id}");
    assert!(scim.delete(&path).await.status >= 500);
    world.front.clear_faults();
    assert_eq!(scim.get(&path).await.status, 200);
    assert_eq!(scim.post("/v2/Users", &mary(Some("00u1"))).await.status, 409);
    delete(&scim, &id).await;
    assert_eq!(make(&scim, &mary(Some("00u1"))).await, id);
    provision(&world).await;
    is_in(&world, account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_known_by_the_id_that_their_client_called_them_last_and_by_no_other() {
    let (world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    // Another name and another id, by PUT and by PATCH.
    let mut other = mary(Some("00u2"));
    other["userName"] = "mary.jones@pg.com".into();
    let path = format!("/v2/Users/{id}");
    assert_eq!(scim.put(&path, &other).await.status, 200);
    let patch = json!([{"op": "replace", "path": "externalId", "value": "00u3"}]);
    assert_eq!(scim.patch(&path, &patch).await.status, 200);
    delete(&scim, &id).await;
    for (n, earlier) in ["00u1", "00u2"].into_iter().enumerate() {
        let somebody = json!({"userName": format!("other{n}@pg.com"), "externalId": earlier});
        assert_ne!(make(&scim, &somebody).await, id);
    }
    // Back under the first name, with another address on the way in: it is she by her id alone.
    assert_eq!(make(&scim, &mary(Some("00u3"))).await, id);
    provision(&world).await;
    is_in(&world, account).await;
}

/// The id is not kept from others: whoever is given it by their client has it.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_somebody_gone_is_free_for_whoever_is_given_it() {
    let (world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    let bob = scim.person("bob").await;
    delete(&scim, &id).await;
    let found = scim.get("/v2/Users?filter=externalId%20eq%20%2200u1%22").await;
    assert_eq!((found.status, &found.body["totalResults"]), (200, &json!(0)), "{found:?}");
    let patch = json!([{"op": "replace", "path": "externalId", "value": "00u1"}]);
    assert_eq!(scim.patch(&format!("/v2/Users/{bob}"), &patch).await.status, 200);
    let found = scim.get("/v2/Users?filter=externalId%20eq%20%2200u1%22").await;
    assert_eq!(found.body["Resources"][0]["id"], bob);
    assert_eq!(scim.post("/v2/Users", &mary(Some("00u1"))).await.status, 409);
    // Bob is deleted and made again: Bob, not Mary.
    delete(&scim, &bob).await;
    let again = json!({"userName": "bob", "externalId": "00u1", "emails": [{"value": "bob@pg.com", "primary": true}]});
    assert_eq!(make(&scim, &again).await, bob);
    provision(&world).await;
    assert_eq!(world.open_to("bob@pg.com"), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_make_them_again_at_once_one_does() {
    let (_world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    for _ in 0..5 {
        delete(&scim, &id).await;
        let person = mary(Some("00u1"));
        let (one, other) = tokio::join!(scim.post("/v2/Users", &person), scim.post("/v2/Users", &person));
        let mut answered = [one.status, other.status];
        answered.sort_unstable();
        assert_eq!(answered, [201, 409], "{one:?} {other:?}");
        assert_eq!(scim.get(&format!("/v2/Users/{id}")).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_forgotten_is_not_known_again() {
    let (world, scim) = start().await;
    let id = make(&scim, &mary(Some("00u1"))).await;
    provision(&world).await;
    delete(&scim, &id).await;
    provision(&world).await;
    assert_eq!(matching(&world, Table::Directory, "lock#pg#user-external-id#").len(), 1);
    let (pg, user) = (ConnectionId::parse("pg").unwrap(), UserId::parse(&id).unwrap());
    let stored = world.operator.stored_of(&pg, &user).await.unwrap();
    world.operator.erase(&stored, "asked by letter").await.unwrap();
    let items = world.front.items(Table::Directory).unwrap();
    let is_of =
        |item: &Value| ["lock#pg#", "user#pg#"].iter().any(|of| item["pk"]["S"].as_str().unwrap().starts_with(of));
    assert!(!items.iter().any(is_of), "{items:?}");
    assert_ne!(make(&scim, &mary(Some("00u1"))).await, id);
}
