//! People whom a directory says: at the school before they come, and out of it when they leave.

use serde_json::{Value, json};
use stoa_core::directory::UserId;
use stoa_core::ids::ConnectionId;
use stoa_core::provision::Stuck;
use stoa_core::rehearsal::{Answer, Question};
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::GLOBEX;
use stoa_sandbox::sandbox::{CONNECTION_FILE, Options, Sandbox};
use stoa_sandbox::thinkific::{NewEnrollment, NewUser, Trouble};
use stoa_service::operator::{ConnectionFile, DirectoryPerson, OperatorError, STOPPED_LISTED, StackAccess, Stopped};

use crate::aws::set;
use crate::scim_client::{Scim, members};
use crate::steps::{MARY, MARYS_EMAIL, World};

/// What a connection's file needs besides.
pub const GRANTS: &str = r#"
[directory]
source = "scim"

[[directory.grant]]
everybody = true
courses = [3]

[[directory.grant]]
group = "Leaders"
courses = [4]
thinkific_groups = ["Managers"]
"#;

pub async fn start() -> (World, Scim) {
    start_with(Vec::new()).await
}

/// At a school that gives these answers to a rehearsal.
pub async fn start_with(answers: Vec<(Question, Answer)>) -> (World, Scim) {
    let options = Options { connection: |file| format!("{file}{GRANTS}"), answers, ..Options::default() };
    let world = World::of(Sandbox::start(options).await.unwrap());
    let scim = Scim::of(&world, "pg").await;
    (world, scim)
}

/// The customer's client makes Mary.
pub async fn make_mary(scim: &Scim) -> String {
    let mary = json!({
        "userName": MARYS_EMAIL,
        "externalId": "mary",
        "name": {"givenName": "Mary", "familyName": "Miller"},
        "emails": [{"value": MARYS_EMAIL, "type": "work", "primary": true}],
    });
    let made = scim.post("/v2/Users", &mary).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

pub async fn set_active(scim: &Scim, id: &str, active: bool) {
    let patch = json!([{"op": "replace", "path": "active", "value": active}]);
    let patched = scim.patch(&format!("/v2/Users/{id}"), &patch).await;
    assert_eq!(patched.status, 200, "{patched:?}");
}

impl World {
    /// What the clock starts every minute.
    async fn provision(&self) -> Value {
        let answer = self.invoke("provisioner", Value::Null).await.unwrap();
        assert_eq!(answer["failed"], 0, "{answer}: {:?}", self.take_log());
        answer
    }

    /// The courses that are open to whoever has an address.
    pub fn open_to(&self, email: &str) -> Vec<u64> {
        let user = self.thinkific.user(email).unwrap().id;
        let now = self.thinkific.clock().now();
        let all = self.thinkific.enrollments();
        let open = all.iter().filter(|it| it.user_id == user && it.opens_lessons(now) && !it.is_expired(now));
        let mut open: Vec<u64> = open.map(|it| it.course_id).collect();
        open.sort_unstable();
        open
    }

    /// The item of what is due for somebody.
    fn sync(&self, id: &str) -> Value {
        let items = self.front.items(Table::Directory).unwrap();
        let is_it = |item: &&Value| {
            item["sk"]["S"] == "sync#thinkific" && item["pk"]["S"].as_str().unwrap().ends_with(&format!("#{id}"))
        };
        items.iter().find(is_it).cloned().unwrap()
    }
}

/// Mary, from her customer's client into the school and out of it again.
pub async fn comes_and_goes(world: &World, scim: &Scim) {
    let id = make_mary(scim).await;
    let group = json!({"displayName": "Leaders", "members": members(&[&id])});
    assert_eq!(scim.post("/v2/Groups", &group).await.status, 201);
    assert!(world.thinkific.user(MARYS_EMAIL).is_none());

    assert_eq!(world.provision().await["people"], 1);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((user.first_name.as_str(), user.last_name.as_str()), ("Mary", "Miller"));
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
    assert!(world.thinkific.members("Managers").unwrap().contains(&MARYS_EMAIL.to_owned()));

    // The first login, and the next one: nothing is asked of the school.
    world.thinkific.take_calls();
    for _ in 0..2 {
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
    assert!(world.thinkific.take_calls().is_empty());
    assert_eq!(world.thinkific.users().iter().filter(|user| user.email == MARYS_EMAIL).count(), 1);

    // Nothing is due, so nothing is done.
    assert_eq!(world.provision().await, json!({"people": 0, "failed": 0, "calls": 0}));

    set_active(scim, &id, false).await;
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "person_inactive");
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [0; 0]);
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "person_inactive");

    set_active(scim, &id, true).await;
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, user.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_made_by_scim_is_enrolled_enters_without_a_call_and_is_out_when_they_leave() {
    let (world, scim) = start().await;
    comes_and_goes(&world, &scim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_from_a_file_becomes_the_person_s_and_keeps_what_it_had() {
    let (world, scim) = start().await;
    let chosen = NewUser { password: Some("chosen by somebody".into()), ..NewUser::student(MARYS_EMAIL, "M", "M") };
    let account = world.thinkific.add_user(chosen);
    let since = Some(world.thinkific.clock().now());
    let four = NewEnrollment { user_id: account, course_id: 4, activated_at: since, expiry_date: None };
    world.thinkific.enroll(four);
    let id = make_mary(&scim).await;
    world.provision().await;
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((user.id, user.first_name.as_str()), (account, "Mary"));
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, "chosen by somebody"), None);
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
    world.thinkific.take_calls();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(world.thinkific.take_calls().is_empty());
    set_active(&scim, &id, false).await;
    world.provision().await;
    // Course 4 was not stoa's to take away.
    assert_eq!(world.open_to(MARYS_EMAIL), [4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c198_an_account_with_a_role_is_left_alone_and_its_person_is_stuck_alone() {
    let (world, scim) = start().await;
    let admin = NewUser { roles: vec!["site_admin".into()], ..NewUser::student(MARYS_EMAIL, "Admin", "Istrator") };
    world.thinkific.add_user(admin);
    let (mary, bob) = (make_mary(&scim).await, scim.person("bob").await);
    let users = world.thinkific.user(MARYS_EMAIL);
    world.provision().await;
    assert_eq!(world.thinkific.user(MARYS_EMAIL), users);
    assert_eq!(world.sync(&mary)["stuck"]["M"]["why"]["S"], "privileged");
    assert_eq!(world.open_to("bob@pg.com"), [3]);
    assert!(world.sync(&bob).get("stuck").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_name_is_their_only_address_is_known_by_it_and_out_when_they_leave() {
    let (world, scim) = start().await;
    let made = scim.post("/v2/Users", &json!({"userName": "Miller.M@pg.com"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    world.provision().await;
    world.thinkific.take_calls();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(world.thinkific.take_calls().is_empty());
    set_active(&scim, &made.id(), false).await;
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "person_inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_with_another_name_grants_what_that_name_grants() {
    let (world, scim) = start().await;
    let id = make_mary(&scim).await;
    let group = scim.post("/v2/Groups", &json!({"displayName": "Team", "members": members(&[&id])})).await.id();
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
    let path = format!("/v2/Groups/{group}");
    // By a PATCH that is cut off before anybody is marked; then by a PUT.
    world.front.inject(Fault::next("scim", "dynamodb:UpdateItem", FaultKind::CutConnection).after(1).times(9));
    let by_patch = json!([{"op": "replace", "value": {"displayName": "Leaders"}}]);
    assert!(scim.patch(&path, &by_patch).await.status >= 500);
    world.front.clear_faults();
    assert_eq!(scim.patch(&path, &by_patch).await.status, 204);
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3, 4]);
    assert_eq!(scim.put(&path, &json!({"displayName": "Team"})).await.status, 200);
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
    // The same name once more changes nothing for anybody.
    assert_eq!(scim.put(&path, &json!({"displayName": "Team"})).await.status, 200);
    assert_eq!(world.provision().await["people"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c197_no_client_takes_over_an_account_of_another_domain_however_it_is_spelled() {
    let (world, scim) = start().await;
    let eve = "eve@globex.com";
    world.thinkific.add_user(NewUser { password: Some("chosen by Eve".into()), ..NewUser::student(eve, "Eve", "E") });
    let before = world.thinkific.users();
    for (n, address) in [eve, "EVE@Globex.COM", " eve@globex.com", "eve@globex.com\u{200b}"].into_iter().enumerate() {
        let by_mail = json!({"userName": format!("eve{n}"), "emails": [{"value": address, "primary": true}]});
        let by_name = json!({"userName": format!("{n}{address}"), "externalId": format!("named{n}")});
        for person in [by_mail, by_name] {
            let answered = scim.post("/v2/Users", &person).await;
            assert!([201, 400].contains(&answered.status), "{answered:?}");
        }
    }
    world.provision().await;
    assert_eq!(world.thinkific.users(), before);
    assert!(world.open_to(eve).is_empty());
    assert_ne!(world.thinkific.enter_with_password(eve, "chosen by Eve"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_is_not_there_is_tried_again_and_nothing_is_lost() {
    let (world, scim) = start().await;
    make_mary(&scim).await;
    world.thinkific.fail_next(Trouble::Status(503));
    world.provision().await;
    assert!(world.thinkific.user(MARYS_EMAIL).is_none());
    assert_eq!(world.provision().await["people"], 0, "it waits");
    world.advance(31);
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c194_more_who_leave_at_once_than_may_are_held_and_go_on() {
    let (world, scim) = start().await;
    let people = scim.people(12).await;
    world.provision().await;
    let mary = make_mary(&scim).await;
    world.provision().await;
    for id in &people {
        set_active(&scim, id, false).await;
    }
    world.provision().await;
    let out = (0..12).filter(|n| world.open_to(&format!("p{n}@pg.com")).is_empty()).count();
    assert_eq!(out, 10);
    set_active(&scim, &mary, false).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    world.provision().await;
    assert!(world.sync(&mary).get("held").is_some());
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);

    let pg = ConnectionId::parse("pg").unwrap();
    let held = world.operator.stopped(&pg, Stopped::Held).await.unwrap();
    assert_eq!(held.len(), 3);
    for person in &held {
        world.operator.release_person(person, "they have really left").await.unwrap();
    }
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [0; 0]);
    assert!(world.operator.stopped(&pg, Stopped::Held).await.unwrap().is_empty());
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_with_much_to_do_does_not_keep_the_next_one_waiting() {
    let (world, scim) = start().await;
    world.connect_openid(&GLOBEX, |file| format!("{file}{GRANTS}")).await.unwrap();
    let globex = Scim::of(&world, "globex").await;
    let people = scim.people(20).await;
    // Changed addresses go first.
    for (n, id) in people.iter().enumerate() {
        let moved =
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": format!("q{n}@pg.com")}]);
        assert_eq!(scim.patch(&format!("/v2/Users/{id}"), &moved).await.status, 200);
    }
    let mila = json!({"userName": "mila", "externalId": "mila", "emails": [{"value": GLOBEX.person, "primary": true}]});
    assert_eq!(globex.post("/v2/Users", &mila).await.status, 201);
    // The school takes less than all of them need, and ends the run.
    world.thinkific.allow_per_minute(15);
    world.invoke("provisioner", Value::Null).await.unwrap();
    assert!(world.thinkific.user(GLOBEX.person).is_some());
    let begun = (0..20).filter(|n| world.thinkific.user(&format!("q{n}@pg.com")).is_some()).count();
    assert!((1..20).contains(&begun), "{begun} of the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_tried_again_is_counted_once() {
    let (world, scim) = start().await;
    let mary = make_mary(&scim).await;
    world.provision().await;
    set_active(&scim, &mary, false).await;
    for pause in [31, 61, 121] {
        world.thinkific.fail_next(Trouble::Status(503));
        world.provision().await;
        assert!(world.sync(&mary).get("counted").is_some());
        world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
        world.advance(pause);
    }
    let made = || {
        let removals = &crate::aws::matching(&world, stoa_core::routes::Table::Directory, "removals#")[0];
        removals["made"]["N"].clone()
    };
    assert_eq!(made(), "1");
    world.provision().await;
    assert_eq!((world.open_to(MARYS_EMAIL), world.sync(&mary).get("counted")), (vec![], None));
    assert_eq!(made(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_by_hand_is_out_until_they_are_let_in_again() {
    let (world, scim) = start().await;
    let id = UserId::parse(&make_mary(&scim).await).unwrap();
    world.provision().await;
    let pg = ConnectionId::parse("pg").unwrap();
    for (blocks, open) in [(true, &[][..]), (false, &[3])] {
        let mary = world.operator.directory_person(&pg, &id).await.unwrap();
        world.operator.block_person(&mary, blocks, "a stolen telephone").await.unwrap();
        let page = world.log_in(&world.browser(), MARY).await;
        match blocks {
            true => world.refused_and_traced(&page, "person_inactive"),
            false => world.signed_in(&page, MARYS_EMAIL),
        }
        world.provision().await;
        assert_eq!(world.open_to(MARYS_EMAIL), open);
    }
}

/// Who is kept out by hand goes on being kept out.
async fn is_kept_out(world: &World) {
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    world.provision().await;
    assert!(world.thinkific.user(MARYS_EMAIL).is_none() || world.open_to(MARYS_EMAIL).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_kept_out_by_hand_is_under_another_id_and_under_none() {
    let (world, scim) = start().await;
    let pg = ConnectionId::parse("pg").unwrap();
    let first = make_mary(&scim).await;
    world.provision().await;
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
    world.provision().await;
    let mary = world_person(&world.operator, &pg, &id).await;
    world.operator.block_person(&mary, true, "a stolen telephone").await.unwrap();
    set_active(&scim, &id, false).await;
    world.provision().await;
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
        world.provision().await;
        assert!(!is_blocked(&world, &other));
        let path = format!("/v2/Users/{other}");
        let changed = if way == "PUT" { scim.put(&path, change).await } else { scim.patch(&path, change).await };
        assert_eq!(changed.status, 200, "{changed:?}");
        assert!(is_blocked(&world, &other), "{way} {change}");
        is_kept_out(&world).await;
        world.provision().await;
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
    world.provision().await;
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

async fn world_person(operator: &StackAccess, connection: &ConnectionId, id: &str) -> DirectoryPerson {
    operator.directory_person(connection, &UserId::parse(id).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_held_removals_are_found_though_only_some_are_listed() {
    let (world, scim) = start().await;
    let people = scim.people(205).await;
    let pg = ConnectionId::parse("pg").unwrap();
    set(&world, Table::Directory, "user#pg#", "held", json!({"N": "1"})).await;
    set(&world, Table::Directory, "user#pg#", "due_of", json!({"S": "held#pg#thinkific"})).await;
    // The index is behind: somebody was let through already.
    set(&world, Table::Directory, &format!("user#pg#{}", people[0]), "released", json!({"BOOL": true})).await;
    let listed = world.operator.stopped(&pg, Stopped::Held).await.unwrap();
    assert_eq!(listed.len(), usize::from(STOPPED_LISTED));
    let mut held: Vec<String> =
        world.operator.held(&pg).await.unwrap().iter().map(|person| person.user.to_string()).collect();
    held.sort();
    let mut wanted = people[1..].to_vec();
    wanted.sort();
    assert_eq!(held, wanted);
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

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_first_is_not_put_behind_the_rest_by_a_later_change() {
    let (world, scim) = start().await;
    let id = make_mary(&scim).await;
    let due_at = || world.sync(&id)["due_at"]["N"].as_str().unwrap().parse::<i64>().unwrap();
    assert!(due_at() > 100_000_000_000);
    let left = scim.post("/v2/Groups", &json!({"displayName": "Leaders", "members": members(&[&id])})).await.id();
    let none = json!({"displayName": "Leaders", "members": []});
    assert_eq!(scim.put(&format!("/v2/Groups/{left}"), &none).await.status, 200);
    let first = due_at();
    assert!(first < 100_000_000_000, "{first}");
    scim.post("/v2/Groups", &json!({"displayName": "Others", "members": members(&[&id])})).await;
    assert_eq!(due_at(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_stuck_is_tried_again_when_somebody_says_so() {
    let (world, scim) = start().await;
    let account = world
        .thinkific
        .add_user(NewUser { roles: vec!["course_admin".into()], ..NewUser::student(MARYS_EMAIL, "Mary", "Miller") });
    make_mary(&scim).await;
    world.provision().await;
    let pg = ConnectionId::parse("pg").unwrap();
    let stuck = world.operator.stopped(&pg, Stopped::Stuck).await.unwrap();
    assert_eq!(stuck[0].sync.as_ref().unwrap().stuck, Some(Stuck::Privileged { user: account }));
    world.thinkific.edit_user(account, |user| user.roles.clear());
    assert_eq!(world.provision().await["people"], 0);
    world.operator.retry_person(&stuck[0], "the role is gone").await.unwrap();
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_before_their_account_is_made_has_the_same_one_afterwards() {
    let (world, scim) = start().await;
    make_mary(&scim).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    world.provision().await;
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, user);
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_not_both_work_on_a_school() {
    let (world, scim) = start().await;
    scim.people(20).await;
    let (one, other) = tokio::join!(world.invoke("provisioner", Value::Null), world.invoke("provisioner", Value::Null));
    let people = [one, other].map(|answer| answer.unwrap()["people"].as_u64().unwrap());
    assert_eq!(people.iter().sum::<u64>(), 20);
    assert!(people.contains(&0), "{people:?}");
    assert_eq!(world.thinkific.users().iter().filter(|user| user.email.starts_with('p')).count(), 20);
}

/// Bob, who has an address besides his own.
async fn make_bob(scim: &Scim, besides: &str) -> String {
    let bob = json!({
        "userName": "bob@pg.com",
        "externalId": "bob",
        "name": {"givenName": "Bob", "familyName": "Jones"},
        "emails": [
            {"value": besides, "type": "other"},
            {"value": "bob@pg.com", "type": "work", "primary": true},
        ],
    });
    let made = scim.post("/v2/Users", &bob).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.id()
}

#[tokio::test(flavor = "multi_thread")]
async fn c182_an_address_that_somebody_has_besides_opens_nobody_s_account() {
    let (world, scim) = start().await;
    let bob = make_bob(&scim, MARYS_EMAIL).await;
    world.provision().await;
    let account = world.thinkific.user("bob@pg.com").unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user("bob@pg.com"), Some(account.clone()));
    assert_ne!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account.id);
    // Whether it is Bob who comes by it is not known. So whoever has left does not.
    set_active(&scim, &bob, false).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_somebody_has_besides_shuts_nobody_out_whose_own_it_is() {
    let (world, scim) = start().await;
    let (bob, mary) = (make_bob(&scim, MARYS_EMAIL).await, make_mary(&scim).await);
    world.provision().await;
    world.thinkific.take_calls();
    for active in [true, false] {
        set_active(&scim, &bob, active).await;
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert!(world.thinkific.take_calls().is_empty());
    }
    set_active(&scim, &bob, true).await;
    set_active(&scim, &mary, false).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
    // Once it is Bob's own.
    let moved = json!([{"op": "replace", "path": "emails", "value": [{"value": MARYS_EMAIL, "primary": true}]}]);
    assert_eq!(scim.delete(&format!("/v2/Users/{mary}")).await.status, 204);
    assert_eq!(scim.patch(&format!("/v2/Users/{bob}"), &moved).await.status, 200);
    set_active(&scim, &bob, false).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "person_inactive");
}

/// A connection whose logins are joined by name.
fn by_name(file: &str) -> String {
    let join = "source = \"scim\"\njoin = { claim = \"name_id\", attribute = \"userName\" }";
    format!("{file}{}", GRANTS.replace("source = \"scim\"", join))
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

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_first_by_another_address_than_the_directory_s_is_in_the_account_that_was_made() {
    let world = World::of(Sandbox::start(Options { connection: by_name, ..Options::default() }).await.unwrap());
    let file = format!("{}first_logins = \"sign\"\n", world.school_file());
    world.operator.apply_school("pg-academy.toml", &file).await.unwrap();
    let scim = Scim::of(&world, "pg").await;
    let mary = json!({"userName": MARY, "emails": [{"value": "mary.miller@pg.com", "primary": true}]});
    assert_eq!(scim.post("/v2/Users", &mary).await.status, 201);
    world.provision().await;
    let account = world.thinkific.user("mary.miller@pg.com").unwrap().id;
    crate::mirror::mirrored(&world).await;
    world.advance(61);
    world.forget();
    for _ in 0..2 {
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account);
        assert_eq!(world.open_to(MARYS_EMAIL), [3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_with_people_stays_with_its_school() {
    let (world, scim) = start().await;
    let other = world.school_file().replace("pg-academy", "other");
    let other = other.replace("thinkific.localhost", "other.localhost");
    world.operator.apply_school("other.toml", &other).await.unwrap();
    let metadata = world.pingfederate.metadata(world.pingfederate_partner()).unwrap();
    let file = |school: &str| ConnectionFile {
        path: "pg.toml".into(),
        metadata: Some(metadata.clone().into_bytes()),
        text: format!("{CONNECTION_FILE}{GRANTS}").replace("pg-academy", school),
        ..ConnectionFile::default()
    };
    assert!(world.operator.plan(&file("other")).await.is_ok());
    let id = make_mary(&scim).await;
    let refused = world.operator.plan(&file("other")).await.err();
    assert!(matches!(refused, Some(OperatorError::SchoolFixed(..))), "{refused:?}");
    assert!(world.operator.plan(&file("pg-academy")).await.is_ok());
    // Gone, and not yet out of the school.
    world.provision().await;
    let mary = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    assert_eq!(scim.delete(&format!("/v2/Users/{id}")).await.status, 204);
    let refused = world.operator.plan(&file("other")).await.err();
    assert!(matches!(refused, Some(OperatorError::SchoolBusy(..))), "{refused:?}");
    world.provision().await;
    assert!(world.open_to(MARYS_EMAIL).is_empty());
    // At another school her account's number is somebody else's.
    let plan = world.operator.plan(&file("other")).await.unwrap();
    world.operator.apply(plan).await.unwrap();
    assert_eq!(make_mary(&scim).await, id);
    let item = world.sync(&id);
    assert_eq!(item["applied"]["M"]["account"]["M"]["user"]["N"], mary.to_string());
    assert_eq!(item["applied"]["M"]["school"]["S"], "pg-academy");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_does_not_come_in_through_a_connection_that_asks_the_same_directory() {
    let (world, scim) = start().await;
    let id = make_mary(&scim).await;
    world.provision().await;
    world.add_connection_with(|file| format!("{file}\n[directory]\nsource = \"none\"\nof = \"pg\"\n")).await;
    world.signed_in(&world.log_in_through_two(&world.browser(), MARY).await, MARYS_EMAIL);
    set_active(&scim, &id, false).await;
    world.refused_and_traced(&world.log_in_through_two(&world.browser(), MARY).await, "person_inactive");

    let metadata = world.pingfederate.metadata(world.pingfederate_partner()).unwrap().into_bytes();
    let two = CONNECTION_FILE.replace("id = \"pg\"", "id = \"pg-two\"").replace("/saml/pg\"", "/saml/pg-two\"");
    let plan = |directory: &str| ConnectionFile {
        path: "pg-two.toml".into(),
        metadata: Some(metadata.clone()),
        text: format!("{two}{directory}"),
        ..ConnectionFile::default()
    };
    for wrong in ["pg-two", "nobody"] {
        let file = plan(&format!("\n[directory]\nsource = \"none\"\nof = \"{wrong}\"\n"));
        let refused = world.operator.plan(&file).await.err();
        assert!(matches!(refused, Some(OperatorError::NoDirectoryBeside(..))), "{refused:?}");
    }
    let silent = world.operator.plan(&plan("")).await.unwrap();
    let beside = world.operator.directories_beside(silent.document()).await.unwrap();
    assert_eq!(beside, [ConnectionId::parse("pg").unwrap()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_stuck_for_want_of_a_domain_is_due_once_the_connection_has_it() {
    let (world, scim) = start().await;
    let email = "ada@pg-new.example";
    let ada = json!({"userName": "ada", "externalId": "ada", "emails": [{"value": email, "primary": true}]});
    let id = scim.post("/v2/Users", &ada).await.id();
    world.provision().await;
    assert_eq!(world.sync(&id)["stuck"]["M"]["why"]["S"], "no_address");
    let metadata = world.pingfederate.metadata(world.pingfederate_partner()).unwrap();
    let file = ConnectionFile {
        path: "pg.toml".into(),
        metadata: Some(metadata.into_bytes()),
        text: format!("{CONNECTION_FILE}{GRANTS}").replacen("domains = [", "domains = [\"pg-new.example\", ", 1),
        ..ConnectionFile::default()
    };
    let planned = world.operator.plan(&file).await.unwrap();
    let document = planned.document().clone();
    world.operator.apply(planned).await.unwrap();
    let waiting = world.operator.waiting_for_domain(&document).await.unwrap().unwrap();
    assert_eq!(world.operator.make_due(&waiting).await.unwrap().0, 1);
    world.advance(200);
    world.provision().await;
    assert_eq!(world.open_to(email), [3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_with_one_address_one_has_the_account_that_was_nobody_s() {
    let (world, scim) = start().await;
    world.thinkific.add_user(NewUser::student(MARYS_EMAIL, "M", "M"));
    let mary = make_mary(&scim).await;
    let address = json!([{"value": MARYS_EMAIL, "type": "work", "primary": true}]);
    let twin = json!({"userName": "twin", "externalId": "twin", "emails": address});
    let twin = scim.post("/v2/Users", &twin).await.id();
    world.provision().await;
    let is_stuck = |id: &String| world.sync(id).get("stuck").is_some_and(|why| why["M"]["why"]["S"] == "bound");
    let (stuck, other): (Vec<_>, Vec<_>) = [&mary, &twin].into_iter().partition(|id| is_stuck(id));
    assert_eq!((stuck.len(), other.len()), (1, 1));
    // In another run as well; and whoever has no account ends nothing of the other's.
    let pg = ConnectionId::parse("pg").unwrap();
    let person = world_person(&world.operator, &pg, stuck[0]).await;
    world.operator.retry_person(&person, "once more").await.unwrap();
    world.provision().await;
    assert!(is_stuck(stuck[0]));
    set_active(&scim, stuck[0], false).await;
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
}
