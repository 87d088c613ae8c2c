//! What a school has is known before anybody comes: each row of what a launch decides from the mirror, with the calls
//! that it makes.

use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_core::turn::REMEMBERED_SECONDS;
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::{Fault, FaultTarget, NewUser, Trouble};

use crate::accounts::turned_away;
use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World};

const HOUR: i64 = 3600;
const MINUTE: i64 = 60;
const STRANGERS: &str = "chosen by a stranger";

/// A sandbox whose school's tokens were tried, and more settings of its file.
async fn world_with(settings: &str) -> World {
    let world = World::start().await;
    let file = format!("{}first_logins = \"sign\"\n{settings}\n", world.school_file());
    world.operator.apply_school("pg-academy.toml", &file).await.unwrap();
    world
}

/// The mirror, minute by minute, until there is nothing left to do. The last of its answers.
pub async fn mirrored(world: &World) -> Value {
    for _ in 0..50 {
        let done = world.mirror().await.unwrap();
        assert_eq!(done["failed"], 0, "{done}");
        if done["calls"] == 0 {
            return done;
        }
        world.advance(MINUTE);
    }
    panic!("the mirror never comes to its end");
}

/// Mirrored, and nothing remembered of it but that.
async fn warm(world: &World) {
    mirrored(world).await;
    // Functions hold how far the mirror has come for a minute.
    world.advance(MINUTE);
    world.forget();
}

fn asked(world: &World) -> Vec<String> {
    let calls = world.thinkific.take_calls();
    calls.into_iter().map(|call| format!("{} {}", call.method, call.path.split('?').next().unwrap())).collect()
}

async fn comes_in(world: &World, login: &str) {
    world.signed_in(&world.log_in(&world.browser(), login).await, &format!("{login}@pg.com"));
}

fn give(world: &World, email: &str, roles: &[&str]) {
    let id = world.thinkific.user(email).unwrap().id;
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    assert!(world.thinkific.edit_user(id, |user| user.roles = roles));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_without_an_account_gets_one_from_their_token_without_a_call() {
    let world = world_with("").await;
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), [""; 0]);
    let calls = world.front.take_calls();
    // The login's three, and one transaction: the person, their address, what has to follow.
    assert_eq!(Tally::of(&calls).writes, 4, "{calls:#?}");
    // What follows is a look: the token has created the account, and its names are the token's.
    world.mirror().await.unwrap();
    assert_eq!(asked(&world).len(), 1);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    let person = &aws::matching(&world, Table::Directory, "person#")[0];
    assert_eq!(person["user"]["N"], user.id.to_string());
    // From then on they are known.
    world.forget();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!((asked(&world).len(), Tally::of(&world.front.take_calls()).writes), (0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_a_file_made_is_entered_without_a_call_and_loses_its_password_after() {
    let world = world_with("").await;
    let made = NewUser { password: Some(STRANGERS.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    let account = world.thinkific.add_user(made);
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), [""; 0]);
    assert!(world.steps().contains(&"takenover".to_owned()));
    world.mirror().await.unwrap();
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, STRANGERS), None);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((user.id, user.first_name.as_str(), user.external_id.is_some()), (account, "Mary", true));
    // Once.
    let password = user.password;
    world.advance(MINUTE);
    mirrored(&world).await;
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().password, password);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_decides_what_becomes_of_an_account_that_a_file_made() {
    for (setting, fault) in [("keep_password", None), ("refuse", Some("account_unbound"))] {
        let world = world_with("").await;
        world.reconfigure(|text| format!("{text}\n[account]\nexisting = \"{setting}\"\n")).await;
        let made = NewUser { password: Some(STRANGERS.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
        world.thinkific.add_user(made);
        warm(&world).await;
        match fault {
            Some(fault) => turned_away(&world, MARY, fault).await,
            None => world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL),
        }
        assert_eq!(asked(&world), [""; 0], "{setting}");
        mirrored(&world).await;
        assert!(world.thinkific.enter_with_password(MARYS_EMAIL, STRANGERS).is_some(), "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_bound_to_somebody_else_is_refused_without_a_call() {
    let world = world_with("").await;
    let bound = NewUser { external_id: Some("theirs".into()), ..NewUser::student(MARYS_EMAIL, "Mary", "Miller") };
    world.thinkific.add_user(bound);
    warm(&world).await;
    turned_away(&world, MARY, "account_bound").await;
    assert_eq!(asked(&world), [""; 0]);
    // Unless it may be the earlier integration's: only the school says how that was written.
    world.reconfigure(|text| format!("{text}\n[account]\nearlier_external_id = \"subject\"\n")).await;
    turned_away(&world, MARY, "account_bound").await;
    assert_ne!(asked(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_s_own_account_is_known_by_what_it_is_bound_to() {
    let world = world_with("").await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    // The directory is restored from before they came.
    aws::delete(&world, Table::Directory, "person#").await;
    aws::delete(&world, Table::Directory, "email#").await;
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_a_role_is_refused_without_a_call_whoever_comes() {
    let world = world_with("").await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    warm(&world).await;
    turned_away(&world, "admin.s", "account_privileged").await;
    for role in ["site_admin", "course_admin", "group_analyst", "affiliate"] {
        give(&world, MARYS_EMAIL, &[role]);
        // A quarter of an hour, and the minute for which functions hold it.
        world.advance(15 * MINUTE);
        warm(&world).await;
        turned_away(&world, MARY, "account_privileged").await;
        assert_eq!(asked(&world), [""; 0], "{role}");
        give(&world, MARYS_EMAIL, &[]);
        world.advance(15 * MINUTE);
        warm(&world).await;
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(asked(&world), [""; 0], "{role}");
    }
}

/// The role that the API cannot be asked for is seen with everybody, twice a day.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_tomorrow_is_seen_at_the_look_at_everybody() {
    let world = world_with("").await;
    give(&world, "existing@pg.com", &["one_of_tomorrow"]);
    warm(&world).await;
    turned_away(&world, "existing.e", "account_privileged").await;
    assert_eq!(asked(&world), [""; 0]);
    world.advance(15 * MINUTE);
    warm(&world).await;
    turned_away(&world, "existing.e", "account_privileged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_after_days_costs_no_call_and_no_more_than_ever() {
    let world = World::with_mary().await;
    for hours in [2, 26, 24 * 8] {
        world.advance(hours * HOUR);
        warm(&world).await;
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(asked(&world), [""; 0], "{hours} h");
        let calls = world.front.take_calls();
        let tally = Tally::of(&calls);
        assert_eq!(tally.writes, 3, "{calls:#?}");
        assert!((tally.write_units - 5.0).abs() < f64::EPSILON, "{} write units", tally.write_units);
        let batches = calls.iter().filter(|call| call.operation == "BatchGetItem");
        assert_eq!(batches.map(|call| call.request).collect::<std::collections::BTreeSet<_>>().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_too_old_is_not_believed() {
    let world = world_with("").await;
    warm(&world).await;
    world.advance(HOUR);
    // Its roles are an hour old.
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), ["POST /users"]);
    world.advance(25 * HOUR);
    // Roles are young, the rest is not: the look at everybody fails.
    let listing = FaultTarget::AdminCall { method: http::Method::GET, path: "/users".into() };
    world.mirror().await.unwrap();
    aws::set(&world, Table::Directory, "school#", "mirrored_at", json!({"N": "1"})).await;
    world.thinkific.inject(Fault { target: listing, trouble: Trouble::Status(503), times: 0 });
    world.advance(MINUTE);
    world.forget();
    comes_in(&world, "suharto").await;
    assert_eq!(asked(&world), ["POST /users"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_was_not_tried_is_asked_at_first_logins() {
    let world = World::start().await;
    warm(&world).await;
    comes_in(&world, "suharto").await;
    assert_eq!(asked(&world), ["POST /users"]);
    // Of an account that the mirror knows, the creation is not tried.
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    assert_eq!(asked(&world)[0], "GET /users");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_registers_after_the_mirror_has_looked_is_theirs_for_minutes_only() {
    let world = world_with("").await;
    warm(&world).await;
    let registered = NewUser { password: Some(STRANGERS.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    let account = world.thinkific.add_user(registered);
    world.advance(MINUTE);
    world.forget();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), [""; 0]);
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, STRANGERS), Some(account));
    world.mirror().await.unwrap();
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, STRANGERS), None);
}

/// The account that a stale entry names is another person's by now: no later login writes it.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_address_changed_after_the_look_is_never_written() {
    let world = world_with("").await;
    let stale = world.thinkific.add_user(NewUser::student(MARYS_EMAIL, "Former", "Owner"));
    warm(&world).await;
    assert!(world.thinkific.edit_user(stale, |user| user.email = "former@elsewhere.example".into()));
    let before = world.thinkific.user("former@elsewhere.example").unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), [""; 0]);
    assert_ne!(world.thinkific.user(MARYS_EMAIL).unwrap().id, stale);
    // Before anything has followed, with another name, and when it is time for a look.
    for last_name in ["Miller-Jones", "Jones"] {
        world.pingfederate.edit_person(MARY, |person| person.last_name = Some(last_name.into()));
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        world.advance(HOUR);
        world.forget();
    }
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    mirrored(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user("former@elsewhere.example").unwrap(), before);
}

/// Whoever registered the account may change its address before its password ends: both are put right.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_must_end_ends_though_the_address_was_changed() {
    let world = world_with("").await;
    let made = NewUser { password: Some(STRANGERS.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    let account = world.thinkific.add_user(made);
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert!(world.thinkific.edit_user(account, |user| user.email = "stranger@elsewhere.example".into()));
    world.mirror().await.unwrap();
    assert_eq!(world.thinkific.enter_with_password("stranger@elsewhere.example", STRANGERS), None);
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, STRANGERS), None);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account);
}

/// One account that the school does not answer for stops nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn one_account_that_fails_stops_no_other() {
    let world = world_with("").await;
    for email in [MARYS_EMAIL, "existing@pg.com"] {
        if let Some(user) = world.thinkific.user(email) {
            world.thinkific.edit_user(user.id, |user| user.external_id = None);
        } else {
            world.thinkific.add_user(NewUser::student(email, "At", "Tacker"));
        }
        let user = world.thinkific.user(email).unwrap().id;
        world.thinkific.edit_user(user, |user| user.password = Some(STRANGERS.into()));
    }
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.advance(1);
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    world.thinkific.fail_next(Trouble::Status(500));
    let done = world.mirror().await.unwrap();
    assert_eq!((&done["failed"], &done["followed"]), (&json!(1), &json!(1)));
    world.advance(MINUTE);
    world.mirror().await.unwrap();
    for email in [MARYS_EMAIL, "existing@pg.com"] {
        assert_eq!(world.thinkific.enter_with_password(email, STRANGERS), None, "{email}");
    }
}

/// What is not what it was taken for is not changed, and asked about at the next login.
#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_login_never_changes_an_account_with_a_role() {
    let world = world_with("").await;
    let made = NewUser { password: Some(STRANGERS.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    world.thinkific.add_user(made);
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    give(&world, MARYS_EMAIL, &["course_admin"]);
    let before = world.thinkific.user(MARYS_EMAIL).unwrap();
    mirrored(&world).await;
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap(), before);
    world.advance(MINUTE);
    turned_away(&world, MARY, "account_privileged").await;
    give(&world, MARYS_EMAIL, &[]);
    world.advance(15 * MINUTE + REMEMBERED_SECONDS);
    warm(&world).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_follows_a_login_that_did_not_wait_for_it() {
    let world = world_with("").await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.advance(MINUTE);
    warm(&world).await;
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Miller-Jones".into()));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(asked(&world), [""; 0]);
    let directory = world.front.items(Table::Directory).unwrap();
    assert!(!json!(directory).to_string().contains("Miller"), "the name is in the table");
    mirrored(&world).await;
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().last_name, "Miller-Jones");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_changes_is_settled_at_the_school() {
    let world = world_with("").await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.advance(MINUTE);
    warm(&world).await;
    world.pingfederate.edit_person(MARY, |person| person.email = Some("jones.m@pg.com".into()));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "jones.m@pg.com");
    assert_ne!(asked(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_changed_is_written_and_what_is_gone_is_forgotten() {
    let world = world_with("").await;
    for n in 0..260 {
        world.thinkific.add_user(NewUser::student(&format!("pupil.{n}@pg.com"), "A", "Pupil"));
        world.thinkific.add_user(NewUser::student(&format!("guest.{n}@elsewhere.example"), "A", "Guest"));
    }
    let whole = |done: &Value| done["written"].as_u64().unwrap();
    let mut written = 0;
    loop {
        let done = world.mirror().await.unwrap();
        assert_eq!(done["failed"], 0);
        written += whole(&done);
        world.advance(MINUTE);
        if done["calls"] == 0 {
            break;
        }
    }
    // Each account of a claimed domain, the two that were there included: once for itself, once for its binding.
    assert_eq!(written, 2 * 262);
    assert_eq!(aws::matching(&world, Table::Directory, "email#").len(), 262);

    world.thinkific.remove_user(world.thinkific.user("pupil.7@pg.com").unwrap().id);
    let moved = world.thinkific.user("pupil.8@pg.com").unwrap().id;
    world.thinkific.edit_user(moved, |user| user.email = "pupil.eight@pg.com".into());
    world.advance(12 * HOUR);
    let mut written = 0;
    loop {
        let done = world.mirror().await.unwrap();
        written += whole(&done);
        world.advance(MINUTE);
        if done["calls"] == 0 {
            break;
        }
    }
    assert_eq!(written, 2, "the account with a new address, and its binding");
    let mirrored = aws::matching(&world, Table::Directory, "email#");
    assert_eq!(mirrored.iter().filter(|item| item.get("mirror").is_some()).count(), 261);
}

/// A look at a large school goes on where it broke off.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_breaks_off_goes_on_at_its_page() {
    let world = world_with("").await;
    for n in 0..600 {
        world.thinkific.add_user(NewUser::student(&format!("pupil.{n}@pg.com"), "A", "Pupil"));
    }
    let pages = |world: &World| {
        let calls = world.thinkific.take_calls();
        let lists = calls.into_iter().filter(|call| call.path.starts_with("/users?limit")).map(|call| call.path);
        lists.map(|path| path.rsplit('=').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    world.thinkific.take_calls();
    // Four calls for roles, one for the first page; then the school is down.
    world.thinkific.inject(Fault {
        target: FaultTarget::Admin,
        trouble: Trouble::Delay(std::time::Duration::ZERO),
        times: 5,
    });
    world.thinkific.inject(Fault { target: FaultTarget::Admin, trouble: Trouble::Status(503), times: 1 });
    let done = world.mirror().await.unwrap();
    assert_eq!(done["failed"], 1, "{done}");
    assert_eq!(pages(&world), ["1", "2"]);
    world.advance(MINUTE);
    world.mirror().await.unwrap();
    assert_eq!(pages(&world), ["2", "3"]);
}

/// Twenty calls are left to logins, and nearly all while somebody waits.
#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_leaves_logins_their_calls() {
    let world = world_with("").await;
    for n in 0..200 {
        world.thinkific.add_user(NewUser::student(&format!("pupil.{n}@pg.com"), "A", "Pupil"));
    }
    let done = world.mirror().await.unwrap();
    assert!(done["calls"].as_u64().unwrap() >= 90, "{done}");
    for minute in aws::matching(&world, Table::Logins, "calls#") {
        assert!(minute["all"]["N"].as_str().unwrap().parse::<u32>().unwrap() <= 100, "{minute}");
    }
    comes_in(&world, "suharto").await;
}

/// Nobody learns from the table whose accounts there are.
#[tokio::test(flavor = "multi_thread")]
async fn the_mirror_names_nobody() {
    let world = world_with("").await;
    let login = "needle.n";
    world.pingfederate.add_person(Person::new(login, "needle.n@pg.com", "Needlefirst", "Needlelast", ""));
    let made =
        NewUser { external_id: Some("needle-id".into()), ..NewUser::student("needle.o@pg.com", "Needlef", "Needlel") };
    world.thinkific.add_user(made);
    world
        .thinkific
        .add_user(NewUser { roles: vec!["affiliate".into()], ..NewUser::student("needle.p@pg.com", "N", "N") });
    warm(&world).await;
    comes_in(&world, login).await;
    let stored = json!(world.front.items(Table::Directory).unwrap()).to_string().to_lowercase();
    assert!(!stored.contains("needle"), "{stored}");
    world.mirror().await.unwrap();
    assert!(world.log().iter().all(|line| !line.to_lowercase().contains("needle")));
}
