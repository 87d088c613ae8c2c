//! People whom a directory says: at the school before they come, and out of it when they leave.

use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_core::provision::Stuck;
use stoa_core::rehearsal::{Answer, Question};
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::openid::GLOBEX;
use stoa_sandbox::sandbox::{CONNECTION_FILE, Options, Sandbox};
use stoa_sandbox::thinkific::{NewEnrollment, NewUser, Trouble};
use stoa_service::operator::{ConnectionFile, OperatorError, STOPPED_LISTED, Stopped};

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
    /// What is due for somebody, and what was done.
    pub fn sync(&self, id: &str) -> Value {
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
pub fn by_name(file: &str) -> String {
    let join = "source = \"scim\"\njoin = { claim = \"name_id\", attribute = \"userName\" }";
    format!("{file}{}", GRANTS.replace("source = \"scim\"", join))
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
    let person = crate::kept_out::world_person(&world.operator, &pg, stuck[0]).await;
    world.operator.retry_person(&person, "once more").await.unwrap();
    world.provision().await;
    assert!(is_stuck(stuck[0]));
    set_active(&scim, stuck[0], false).await;
    world.provision().await;
    assert_eq!(world.open_to(MARYS_EMAIL), [3]);
}
