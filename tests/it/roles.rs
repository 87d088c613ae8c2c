//! Accounts that change in the school while nothing changes about their person: a role, another address, their end.

use std::time::Duration;

use serde_json::json;
use stoa_core::routes::Table;
use stoa_core::turn::REMEMBERED_SECONDS;
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::thinkific::{Fault, FaultTarget, NewUser, Trouble};

use crate::accounts::turned_away;
use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World};

const HOUR: i64 = 3600;

fn mary(world: &World) -> u64 {
    world.thinkific.user(MARYS_EMAIL).unwrap().id
}

fn give(world: &World, roles: &[&str]) {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    assert!(world.thinkific.edit_user(mary(world), |user| user.roles = roles));
}

async fn comes_in(world: &World) {
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

/// The school's file with more settings.
async fn set_school(world: &World, settings: &str) {
    let file = format!("{}{settings}\n", world.school_file());
    world.operator.apply_school("pg-academy.toml", &file).await.unwrap();
}

fn asked(world: &World) -> Vec<String> {
    let calls = world.thinkific.take_calls();
    calls.into_iter().map(|call| format!("{} {}", call.method, call.path.split('?').next().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_got_a_role_after_its_first_login_is_refused_within_the_hour() {
    for role in ["site_admin", "course_admin", "group_analyst", "affiliate", "one_of_tomorrow"] {
        let world = World::with_mary().await;
        give(&world, &[role]);
        world.advance(HOUR);
        for _ in 0..2 {
            turned_away(&world, MARY, "account_privileged").await;
        }
        give(&world, &[]);
        world.advance(REMEMBERED_SECONDS);
        comes_in(&world).await;
    }
}

/// What the school has said of an account counts until it says something else, however silent it is in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_school_has_told_is_not_forgotten_when_it_is_silent() {
    let world = World::with_mary().await;
    give(&world, &["site_admin"]);
    world.advance(HOUR);
    turned_away(&world, MARY, "account_privileged").await;
    for (trouble, fault) in silences() {
        world.advance(REMEMBERED_SECONDS);
        world.thinkific.fail_next(trouble);
        turned_away(&world, MARY, fault).await;
    }
    give(&world, &[]);
    world.advance(REMEMBERED_SECONDS);
    comes_in(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_hour_a_known_person_costs_no_call_and_after_it_one() {
    let world = World::with_mary().await;
    let account = mary(&world);
    for (seconds, calls, writes) in [(HOUR - 60, 0, 3), (60, 1, 7), (HOUR - 60, 0, 3), (HOUR, 1, 7)] {
        world.advance(seconds);
        world.forget();
        comes_in(&world).await;
        assert_eq!(asked(&world), vec![format!("GET /users/{account}"); calls], "{seconds}");
        assert_eq!(Tally::of(&world.front.take_calls()).writes, writes, "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_decides_how_old_a_look_may_be() {
    let world = World::with_mary().await;
    set_school(&world, "roles_max_age = \"0s\"").await;
    comes_in(&world).await;
    give(&world, &["site_admin"]);
    turned_away(&world, MARY, "account_privileged").await;

    set_school(&world, "roles_max_age = \"2h\"").await;
    give(&world, &[]);
    world.advance(2 * HOUR);
    comes_in(&world).await;
    give(&world, &["site_admin"]);
    world.advance(2 * HOUR - 60);
    comes_in(&world).await;
    world.advance(60);
    turned_away(&world, MARY, "account_privileged").await;

    for wrong in
        ["roles_max_age = \"25h\"", "roles_grace = \"8d\"", "roles_max_age = \"an hour\"", "roles_max_age = 3600"]
    {
        let file = format!("{}{wrong}\n", world.school_file());
        assert!(world.operator.plan_school("pg-academy.toml", &file).await.is_err(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_registers_the_address_of_a_deleted_account_keeps_no_way_in() {
    let world = World::with_mary().await;
    let (before, chosen) = (mary(&world), "chosen by a stranger");
    world.thinkific.remove_user(before);
    let registered = NewUser { password: Some(chosen.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    let account = world.thinkific.add_user(registered);
    world.advance(HOUR);
    comes_in(&world).await;
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, chosen), None);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((user.id, user.first_name.as_str(), user.external_id.is_some()), (account, "Mary", true));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_address_was_changed_in_the_school_gets_its_own_back() {
    let world = World::with_mary().await;
    let account = mary(&world);
    world.thinkific.edit_user(account, |user| user.email = "existing.f@pg.com".into());
    world.advance(HOUR);
    comes_in(&world).await;
    assert_eq!(mary(&world), account);

    // If somebody else has registered it by then, neither account is entered.
    world.thinkific.edit_user(account, |user| user.email = "existing.f@pg.com".into());
    world.thinkific.add_user(NewUser::student(MARYS_EMAIL, "At", "Tacker"));
    world.advance(HOUR);
    turned_away(&world, MARY, "account_bound").await;
}

/// Until the next look the stranger's account is taken for the person's own, and bound to them.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_registered_again_and_entered_between_two_looks_loses_its_password() {
    let world = World::with_mary().await;
    let chosen = "chosen by a stranger";
    world.thinkific.remove_user(mary(&world));
    let registered = NewUser { password: Some(chosen.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    let account = world.thinkific.add_user(registered);
    comes_in(&world).await;
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, chosen), Some(account));
    world.advance(HOUR);
    comes_in(&world).await;
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, chosen), None);
    assert_eq!(mary(&world), account);
    assert!(world.steps().contains(&"takenover".to_owned()));
}

/// Each way in which the school can fail to answer, and the fault. Who finds it busy waits: `line.rs`.
fn silences() -> [(Trouble, &'static str); 3] {
    [
        (Trouble::Status(503), "thinkific_unavailable"),
        (Trouble::Cut, "thinkific_unavailable"),
        (Trouble::Delay(Duration::from_millis(3200)), "thinkific_unavailable"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_does_not_answer_is_borne_for_a_day_and_no_longer() {
    let day = 24 * HOUR;
    for (trouble, fault) in silences() {
        let world = World::with_mary().await;
        world.advance(HOUR + day - 60);
        world.thinkific.fail_next(trouble.clone());
        world.forget();
        comes_in(&world).await;
        let launched = world.log().pop().unwrap();
        assert!(launched.contains(&format!("\"also\":\"{fault}\"")), "{launched}");

        world.advance(61);
        world.thinkific.fail_next(trouble);
        turned_away(&world, MARY, fault).await;
        world.advance(61);
        comes_in(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_school_is_borne_for_a_day() {
    let world = World::with_mary().await;
    world.advance(25 * HOUR - 60);
    world.thinkific.fail_next(Trouble::RateLimited(Duration::from_secs(60)));
    world.forget();
    comes_in(&world).await;
    let launched = world.log().pop().unwrap();
    assert!(launched.contains("\"also\":\"thinkific_busy\""), "{launched}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_school_does_answer_is_never_overlooked() {
    let refused = Trouble::Unprocessable { field: "id".into(), message: "is odd".into() };
    for (trouble, fault) in [
        (Trouble::Status(401), "thinkific_key_refused"),
        (Trouble::Status(200), "thinkific_answer_strange"),
        (refused, "thinkific_refused_account"),
    ] {
        let world = World::with_mary().await;
        world.advance(HOUR);
        world.thinkific.fail_next(trouble);
        turned_away(&world, MARY, fault).await;
        world.advance(REMEMBERED_SECONDS);
        comes_in(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_may_bear_no_silence_at_all() {
    for (trouble, fault) in silences() {
        let world = World::with_mary().await;
        set_school(&world, "roles_grace = \"0s\"").await;
        world.advance(HOUR);
        world.thinkific.fail_next(trouble);
        turned_away(&world, MARY, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_written_by_an_earlier_version_is_looked_at_first() {
    let world = World::with_mary().await;
    let account = mary(&world);
    for attribute in ["checked", "domain"] {
        aws::unset(&world, Table::Directory, "person#", attribute).await;
    }
    // Nobody knows how old the last look is, so a silence is not borne.
    world.thinkific.inject(Fault { target: FaultTarget::Admin, trouble: Trouble::Status(503), times: 1 });
    turned_away(&world, MARY, "thinkific_unavailable").await;
    world.forget();
    comes_in(&world).await;
    assert_eq!(asked(&world), [format!("GET /users/{account}")]);
    let item = &aws::matching(&world, Table::Directory, "person#")[0];
    assert!(item["checked"]["N"].is_string() && item["domain"]["S"].is_string(), "{item}");

    aws::unset(&world, Table::Directory, "person#", "checked").await;
    give(&world, &["course_admin"]);
    turned_away(&world, MARY, "account_privileged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_in_the_future_was_a_wrong_clock_s() {
    let world = World::with_mary().await;
    aws::set(&world, Table::Directory, "person#", "checked", json!({"N": "9999999999"})).await;
    give(&world, &["site_admin"]);
    turned_away(&world, MARY, "account_privileged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_the_connection_names_opens_the_account_and_no_other_with_it() {
    let world = World::with_mary().await;
    world.reconfigure(|text| format!("{text}\n[account]\nallow_roles = [\"group_analyst\"]\n")).await;
    give(&world, &["group_analyst"]);
    world.advance(HOUR);
    comes_in(&world).await;
    for roles in [&["affiliate"][..], &["group_analyst", "site_admin"], &["Group_Analyst"], &["group_analyst "]] {
        give(&world, roles);
        world.advance(HOUR);
        turned_away(&world, MARY, "account_privileged").await;
    }
    // Somebody new, too.
    let analyst = NewUser { roles: vec!["group_analyst".into()], ..NewUser::student("li.xl@pg.com", "Li", "Xl") };
    let account = world.thinkific.add_user(analyst);
    world.signed_in(&world.log_in(&world.browser(), "li.xl").await, "li.xl@pg.com");
    assert_eq!(world.thinkific.user("li.xl@pg.com").unwrap().id, account);
    turned_away(&world, "admin.s", "account_privileged").await;
}

/// Two tabs look at once: one write overtakes the other, and both get in.
#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_look_at_one_account_at_once() {
    let world = World::with_mary().await;
    world.advance(HOUR);
    let browser = world.browser();
    let (one, two) = tokio::join!(world.log_in(&browser, MARY), world.log_in(&browser, MARY));
    world.signed_in(&one, MARYS_EMAIL);
    world.signed_in(&two, MARYS_EMAIL);
}

/// The look reads the account that the person's item names, and writes over no change by hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_under_way_does_not_undo_a_deactivation() {
    let world = World::with_mary().await;
    world.advance(HOUR);
    let slow = Trouble::Delay(Duration::from_millis(1500));
    world.thinkific.fail_next(slow);
    let browser = world.browser();
    let (page, ()) = tokio::join!(world.log_in(&browser, MARY), async {
        while world.thinkific.calls().is_empty() && world.steps().iter().filter(|step| *step == "verified").count() < 2
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        let connection = stoa_core::ids::ConnectionId::parse("pg").unwrap();
        let named = stoa_service::operator::Named::Email(MARYS_EMAIL.to_owned());
        let person = world.operator.person(&connection, named).await.unwrap();
        let change = stoa_service::operator::PersonChange::Deactivate;
        world.operator.change_person(&person, &change, "a test").await.unwrap();
    });
    world.refused(&page, "person_deactivated");
}
