//! Whose account is whose. Nobody enters one that is not theirs, and everybody has one only.

use serde_json::json;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_core::turn::REMEMBERED_SECONDS;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::{Fault as SchoolFault, FaultTarget, NewUser, Trouble};
use stoa_service::operator::{Named, PersonChange};

use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

/// A login that must not end in the school; the school is as it was before.
pub async fn turned_away(world: &World, login: &str, fault: &str) {
    let (users, launches) = (world.thinkific.users(), world.launches());
    let page = world.log_in(&world.browser(), login).await;
    world.refused_and_traced(&page, fault);
    assert_eq!(world.launches(), launches);
    assert_eq!(world.thinkific.users(), users, "an account was touched");
}

pub fn rename(world: &World, email: &str) {
    world.pingfederate.edit_person(MARY, |person| person.email = Some(email.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_whose_record_shows_somebody_else_s_address_does_not_enter_their_account() {
    let world = World::with_mary().await;
    turned_away(&world, "mallory.m", "email_owned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recycled_address_does_not_open_the_former_owner_s_account() {
    let world = World::start().await;
    world.signed_in(&world.log_in(&world.browser(), "smith.j1").await, "john.smith@pg.com");
    turned_away(&world, "smith.j2", "email_owned").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_school_administrator_s_address_does_not_open_the_administrator_s_account() {
    let world = World::start().await;
    turned_away(&world, "admin.s", "account_privileged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_bound_to_somebody_else_is_not_entered() {
    let world = World::start().await;
    let bound = NewUser { external_id: Some("another".into()), ..NewUser::student(MARYS_EMAIL, "Mary", "Miller") };
    world.thinkific.add_user(bound);
    turned_away(&world, MARY, "account_bound").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_registered_an_account_before_its_person_came_has_no_way_in_afterwards() {
    let world = World::start().await;
    let chosen = "chosen by a stranger";
    let registered = NewUser { password: Some(chosen.into()), ..NewUser::student(MARYS_EMAIL, "At", "Tacker") };
    let account = world.thinkific.add_user(registered);
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, chosen), Some(account));

    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.enter_with_password(MARYS_EMAIL, chosen), None);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((user.id, user.first_name.as_str()), (account, "Mary"));
    let writes = world.thinkific.calls().iter().filter(|call| call.method == "PUT").count();
    assert_eq!(writes, 1, "the password was not written together with the name");

    // From then on it is the person's: a password that they choose there stays theirs.
    let password = user.password;
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Miller-Jones".into()));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let after = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((after.last_name.as_str(), after.password), ("Miller-Jones", password));
}

/// What the steps say of accounts that were nobody's.
fn taken_over(world: &World) -> Vec<String> {
    let items = world.front.items(Table::Logins).unwrap();
    let steps = items.iter().filter_map(|item| item["steps"]["L"].as_array()).flatten().map(|step| &step["M"]);
    let taken = steps.filter(|step| step["s"]["S"] == "takenover");
    taken.map(|step| step["g"]["S"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_take_over_is_a_step_of_its_own_and_nothing_else_is_one() {
    let world = World::start().await;
    let account = world.thinkific.user("existing@pg.com").unwrap().id;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(taken_over(&world), [""; 0]);
    for _ in 0..2 {
        world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    }
    assert_eq!(taken_over(&world), [format!("user {account}, password replaced")]);
    let steps = world.steps();
    let at = steps.iter().position(|step| step == "takenover").unwrap();
    assert_eq!(steps[at - 1..=at + 1], ["verified", "takenover", "launched"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_leave_the_password_of_an_account_that_was_nobody_s() {
    let world = World::start().await;
    world.reconfigure(|text| format!("{text}\n[account]\nexisting = \"keep_password\"\n")).await;
    let password = world.thinkific.user("existing@pg.com").unwrap().password;
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    let user = world.thinkific.user("existing@pg.com").unwrap();
    assert_eq!((user.password, user.sign_ins), (password, 1));
    assert_eq!(taken_over(&world), [format!("user {}, password kept", user.id)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_may_take_over_no_account_that_is_nobody_s() {
    let world = World::start().await;
    world.reconfigure(|text| format!("{text}\n[account]\nexisting = \"refuse\"\n")).await;
    turned_away(&world, "existing.e", "account_unbound").await;
    assert_eq!(taken_over(&world), [""; 0]);
    // Whoever has none gets one, and whoever on-call vouches for gets theirs.
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let account = world.thinkific.user("existing@pg.com").unwrap();
    let (pg, subject) = (ConnectionId::parse("pg").unwrap(), Named::Subject("existing.e".to_owned()));
    let person = world.operator.person(&pg, subject).await.unwrap();
    let link = PersonChange::Link { user: account.id, external_id: "vouched-for".to_owned() };
    world.operator.change_person(&person, &link, "a test").await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    let after = world.thinkific.user("existing@pg.com").unwrap();
    assert_eq!(
        (after.id, after.password, after.external_id.as_deref()),
        (account.id, account.password, Some("vouched-for"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_merely_like_the_person_s_is_nobody_s() {
    let world = World::start().await;
    world.thinkific.search_loosely(true);
    for (likes, page) in [(0, 1), (99, 1), (100, 2), (230, 3)] {
        let login = format!("victim.{likes}");
        let email = format!("{login}@pg.com");
        world.pingfederate.add_person(Person::new(&login, &email, "Vic", "Tim", ""));
        for n in 0..likes {
            world.thinkific.add_user(NewUser::student(&format!("{email}.{n}.example"), "At", "Tacker"));
        }
        let account = world.thinkific.add_user(NewUser::student(&email.to_uppercase(), "Vic", "Tim"));
        world.thinkific.take_calls();
        world.signed_in(&world.log_in(&world.browser(), &login).await, &email);
        assert_eq!(world.thinkific.user(&email).unwrap().id, account, "{likes}");
        let searches = world.thinkific.calls().iter().filter(|call| call.path.contains("query")).count();
        assert_eq!(searches, page, "{likes}");
        world.advance(61);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_only_likes_are_found_an_account_is_created_and_one_among_too_many_is_not_guessed() {
    let world = World::start().await;
    world.thinkific.search_loosely(true);
    let add = |from: usize, to: usize| {
        for n in from..to {
            world.thinkific.add_user(NewUser::student(&format!("{MARYS_EMAIL}.{n}.example"), "At", "Tacker"));
        }
    };
    add(0, 500);
    // The creation is its own search.
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().first_name, "Mary");
    // Where there is an account, it has to be found.
    for n in 0..500 {
        world.thinkific.add_user(NewUser::student(&format!("li.xl@pg.com.{n}.example"), "At", "Tacker"));
    }
    let account = world.thinkific.add_user(NewUser::student("li.xl@pg.com", "Li", "Xl"));
    turned_away(&world, "li.xl", "thinkific_answer_strange").await;
    world.thinkific.remove_user(world.thinkific.user("li.xl@pg.com.7.example").unwrap().id);
    world.advance(61);
    world.signed_in(&world.log_in(&world.browser(), "li.xl").await, "li.xl@pg.com");
    assert_eq!(world.thinkific.user("li.xl@pg.com").unwrap().id, account);
}

/// Whoever changes the address of their own account to a colleague's keeps them out, until they are looked at.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_a_colleague_took_in_the_school_is_given_back() {
    let world = World::with_mary().await;
    let account = world.thinkific.user(MARYS_EMAIL).unwrap().id;
    world.thinkific.edit_user(account, |user| user.email = "li.xl@pg.com".into());
    turned_away(&world, "li.xl", "account_bound").await;
    world.advance(3600);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), "li.xl").await, "li.xl@pg.com");
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_whose_new_address_somebody_else_holds_is_not_merged_with_theirs() {
    let world = World::with_mary().await;
    world.thinkific.add_user(NewUser::student("married@pg.com", "Another", "Married"));
    rename(&world, "married@pg.com");
    turned_away(&world, MARY, "account_bound").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_in_one_record_does_not_lock_out_its_owner() {
    let world = World::with_mary().await;
    for wrong in ["existing@pg.com", "admin@pg.com"] {
        rename(&world, wrong);
        let page = world.log_in(&world.browser(), MARY).await;
        assert_eq!(page.status, 409, "{}", page.text());
    }
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    rename(&world, MARYS_EMAIL);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_new_people_with_one_address_one_gets_it() {
    let world = World::start().await;
    let accounts = world.thinkific.users().len();
    let (mary, mallory) = (world.browser(), world.browser());
    let hers = world.ticket(&mary, MARY, "").await;
    let theirs = world.ticket(&mallory, "mallory.m", "").await;
    let (one, other) = tokio::join!(go_on(&mary, &hers), go_on(&mallory, &theirs));
    let conflicts = [&one, &other].iter().filter(|page| page.status == 409).count();
    assert_eq!((conflicts, world.launches()), (1, 1));
    assert_eq!(world.thinkific.users().len(), accounts + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whose_account_was_deleted_in_the_school_gets_a_new_one() {
    let world = World::with_mary().await;
    world.thinkific.remove_user(world.thinkific.user(MARYS_EMAIL).unwrap().id);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.thinkific.remove_user(world.thinkific.user(MARYS_EMAIL).unwrap().id);
    rename(&world, "married.m@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "married.m@pg.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn c183_an_address_that_the_school_refuses_mints_no_token() {
    let world = World::with_mary().await;
    let put = FaultTarget::AdminCall { method: http::Method::PUT, path: "/users".into() };
    let refuse = Trouble::Unprocessable { field: "email".into(), message: "has already been taken".into() };
    for (trouble, fault) in [
        (refuse, "thinkific_refused_account"),
        (Trouble::Status(500), "thinkific_unavailable"),
        (Trouble::ApplyThenCut, "thinkific_unavailable"),
    ] {
        rename(&world, "married.m@pg.com");
        world.thinkific.inject(SchoolFault { target: put.clone(), trouble, times: 1 });
        let before = world.launches();
        world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, fault);
        assert_eq!(world.launches(), before);
        world.advance(REMEMBERED_SECONDS);
    }
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "married.m@pg.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_of_an_earlier_integration_is_taken_over_by_the_id_it_gave() {
    for (form, id) in [("email", MARYS_EMAIL), ("subject", MARY)] {
        let world = World::start().await;
        let bound = NewUser { external_id: Some(id.into()), ..NewUser::student(MARYS_EMAIL, "Mary", "Miller") };
        let account = world.thinkific.add_user(bound);
        turned_away(&world, MARY, "account_bound").await;

        world.reconfigure(|text| format!("{text}\n[account]\nearlier_external_id = \"{form}\"\n")).await;
        for _ in 0..2 {
            world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        }
        let user = world.thinkific.user(MARYS_EMAIL).unwrap();
        assert_eq!((user.id, user.external_id.as_deref(), user.sign_ins), (account, Some(id), 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c183_an_account_follows_its_person_to_another_address_before_they_enter() {
    let world = World::with_mary().await;
    let (account, accounts) = (world.thinkific.user(MARYS_EMAIL).unwrap(), world.thinkific.users().len());
    rename(&world, "married.m@pg.com");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "married.m@pg.com");

    let after = world.thinkific.user("married.m@pg.com").unwrap();
    assert_eq!((after.id, after.external_id, after.sign_ins), (account.id, account.external_id, 2));
    assert_eq!(world.thinkific.users().len(), accounts, "a second account");
    let written = world.thinkific.calls().iter().find(|call| call.method == "PUT").unwrap().at;
    assert!(written <= world.thinkific.sso_attempts().last().unwrap().at, "signed in before the address was written");

    // The former address is free: somebody new may have it, with an account of their own.
    world.pingfederate.add_person(Person::new("miller.m2", MARYS_EMAIL, "Martin", "Miller", "new"));
    world.signed_in(&world.log_in(&world.browser(), "miller.m2").await, MARYS_EMAIL);
    assert_ne!(world.thinkific.user(MARYS_EMAIL).unwrap().id, account.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_third_address_in_one_day_is_too_many_and_the_next_day_is_another() {
    let world = World::with_mary().await;
    for email in ["one@pg.com", "two@pg.com"] {
        rename(&world, email);
        world.signed_in(&world.log_in(&world.browser(), MARY).await, email);
    }
    rename(&world, "three@pg.com");
    turned_away(&world, MARY, "email_change_limit").await;
    world.advance(24 * 3600);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, "three@pg.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn c182_a_deactivated_or_deleted_person_is_turned_away_with_a_valid_assertion() {
    for (state, fault) in [("deactivated", "person_deactivated"), ("deleted", "person_deleted")] {
        let world = World::with_mary().await;
        aws::set(&world, Table::Directory, "person#", "state", json!({"S": state})).await;
        turned_away(&world, MARY, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_directory_says_who_exists_nobody_else_enters() {
    let world = World::with_mary().await;
    world.reconfigure(|text| format!("{text}\n[account]\nunknown_person = \"refuse\"\n")).await;
    turned_away(&world, "existing.e", "person_unknown").await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c114_an_address_outside_the_customer_s_domains_is_refused() {
    let world = World::start().await;
    turned_away(&world, "partner.p", "email_domain_foreign").await;
    assert_eq!(world.front.items(Table::Directory).unwrap().len(), 0, "something was kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn c114_a_domain_that_was_given_up_between_ticket_and_launch_is_refused() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    world.reconfigure(|text| text.replace("[\"pg.com\"]", "[\"pg.example\"]")).await;
    world.refused_and_traced(&go_on(&browser, &ticket).await, "email_domain_foreign");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_group_that_is_the_same_byte_for_byte_opens_the_door() {
    let world = World::with(|text| format!("{text}\n[admit]\ngroups = [\"Learning-Users\"]\n")).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    for groups in [&["learning-users"][..], &["Learning-Users "], &["Learning-Users,Other"], &[]] {
        world.pingfederate.edit_person(MARY, |person| {
            person.groups = groups.iter().map(|group| (*group).to_owned()).collect();
        });
        turned_away(&world, MARY, "group_not_admitted").await;
    }
    world.pingfederate.edit_person(MARY, |person| {
        person.others =
            vec![("http://schemas.microsoft.com/claims/groups.link".into(), vec!["https://x.example".into()])];
    });
    turned_away(&world, MARY, "groups_overage").await;
}

/// Marks of direction would turn the school's pages and lists around, and names that look the same be two.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_reaches_the_school_without_what_nobody_sees() {
    let world = World::start().await;
    world.pingfederate.edit_person(MARY, |mary| {
        mary.first_name = Some("\u{202e}Ma\u{200b}ry\u{2066} Ann".to_owned());
        mary.last_name = Some("می\u{200c}نا".to_owned());
    });
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let user = world.thinkific.user(MARYS_EMAIL).unwrap();
    assert_eq!((&*user.first_name, &*user.last_name), ("Mary Ann", "می\u{200c}نا"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_with_one_name_or_none_get_the_names_that_the_school_requires() {
    let world = World::start().await;
    for (login, email, names) in [
        ("suharto", "suharto@pg.com", ("Suharto", "-")),
        ("frontdesk", "frontdesk@pg.com", ("frontdesk", "-")),
        ("li.xl", "li.xl@pg.com", ("小龙", "李")),
    ] {
        world.signed_in(&world.log_in(&world.browser(), login).await, email);
        let user = world.thinkific.user(email).unwrap();
        assert_eq!((&*user.first_name, &*user.last_name), names);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changed_reaches_the_school() {
    let world = World::with_mary().await;
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Miller-Jones".into()));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.user(MARYS_EMAIL).unwrap().last_name, "Miller-Jones");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_of_somebody_new_make_one_account() {
    let world = World::start().await;
    let accounts = world.thinkific.users().len();
    let browser = world.browser();
    let (one, two) = tokio::join!(world.log_in(&browser, MARY), world.log_in(&browser, MARY));
    world.signed_in(&one, MARYS_EMAIL);
    world.signed_in(&two, MARYS_EMAIL);
    assert_eq!(world.thinkific.users().len(), accounts + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_login_that_broke_off_after_any_write_is_mended_by_the_next() {
    let down = |action, after| Fault::next("thinkific-launch", action, FaultKind::Unavailable).after(after).times(3);
    for fault in [
        down("dynamodb:PutItem", 0),
        down("dynamodb:UpdateItem", 0),
        down("dynamodb:UpdateItem", 1),
        down("dynamodb:UpdateItem", 2),
        down("dynamodb:UpdateItem", 3),
        down("secretsmanager:GetSecretValue", 0).on("thinkific/pg-academy"),
    ] {
        let world = World::start().await;
        let accounts = world.thinkific.users().len();
        world.front.inject(fault.clone());
        let page = world.log_in(&world.browser(), MARY).await;
        assert_eq!((page.status, world.launches()), (503, 0), "{fault:?}");
        world.front.clear_faults();
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(world.thinkific.users().len(), accounts + 1, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_address_that_broke_off_after_any_write_is_mended_by_the_next_login() {
    let puts = [("dynamodb:PutItem", 0), ("dynamodb:PutItem", 1)];
    for (action, after) in puts.into_iter().chain((0..4).map(|after| ("dynamodb:UpdateItem", after))) {
        let world = World::with_mary().await;
        let (account, accounts) = (world.thinkific.user(MARYS_EMAIL).unwrap().id, world.thinkific.users().len());
        rename(&world, "married.m@pg.com");
        let down = Fault::next("thinkific-launch", action, FaultKind::Unavailable).after(after).times(3);
        world.front.inject(down);
        world.refused(&world.log_in(&world.browser(), MARY).await, "store_unavailable");
        world.front.clear_faults();

        world.signed_in(&world.log_in(&world.browser(), MARY).await, "married.m@pg.com");
        assert_eq!(world.thinkific.user("married.m@pg.com").unwrap().id, account);
        assert_eq!(world.thinkific.users().len(), accounts, "{action} {after}: a second account");
        let owners = aws::matching(&world, Table::Directory, "email#").len();
        assert_eq!(owners, 1, "{action} {after}: the former address is still owned");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_login_never_reaches_the_school() {
    let world = World::start().await;
    for state in [ConnectionState::Active, ConnectionState::Tested, ConnectionState::Draft] {
        world.set_state("pg", state).await;
        world.advance(61);
        let page = world.log_in_to(&world.browser(), MARY, "?test=1").await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains("The test login worked"), "{}", page.text());
    }
    assert_eq!((world.launches(), world.thinkific.calls().len()), (0, 0));
    assert_eq!(world.front.items(Table::Directory).unwrap().len(), 0);
    world.refused(&world.log_in(&world.browser(), MARY).await, "connection_not_active");
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_connection_that_is_switched_off_lets_nobody_in_at_any_step() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    let answer = world.answer(&browser, MARY, "").await;
    world.set_state("pg", ConnectionState::Disabled).await;
    // The launch looks at once, the others within a minute.
    world.refused_and_traced(&go_on(&browser, &ticket).await, "connection_disabled");
    world.advance(61);
    world.refused(&answer.post(&browser).await, "connection_disabled");
    world.refused(&world.log_in(&browser, MARY).await, "connection_disabled");
    let metadata = browser.get(&format!("{}/saml/pg/metadata", world.url())).await.unwrap();
    world.refused(&metadata, "connection_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_connection_that_became_a_draft_again_launches_nobody() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    world.set_state("pg", ConnectionState::Draft).await;
    world.refused_and_traced(&go_on(&browser, &ticket).await, "connection_not_active");
}

#[tokio::test(flavor = "multi_thread")]
async fn c133_a_connection_that_was_deleted_while_a_login_was_pending_lets_nobody_in() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    let answer = world.answer(&browser, MARY, "").await;
    aws::delete(&world, Table::Connections, "connection#").await;
    world.refused(&go_on(&browser, &ticket).await, "connection_unknown");
    world.advance(61);
    world.refused(&answer.post(&browser).await, "connection_unknown");
}
