//! The calls that a school takes a minute are everybody's: who may spend them, and who cannot spend the others'.

use futures_util::future::join_all;
use serde_json::json;
use stoa_core::routes::Table;
use stoa_core::turn::{CALLS_FEW, CALLS_PER_MINUTE, CALLS_RESERVED, TURN_SECONDS, TURNS_PER_DAY};
use stoa_sandbox::browser::Page;
use stoa_sandbox::openid::INITECH;
use stoa_sandbox::thinkific::NewUser;

use crate::aws;
use crate::line::{goes_on, waits};
use crate::oidc::log_in;
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

const MANY: usize = 60;

/// One ticket, launched many times, twenty at once: the embedded DynamoDB answers no more in time.
async fn launch_often(world: &World, login: &str) -> Vec<Page> {
    let browser = world.browser();
    let ticket = world.ticket(&browser, login, "").await;
    // A fresh login, which whoever comes too late is sent to, ends at the provider's page.
    world.pingfederate.ask();
    browser.forget_site(&world.pingfederate.url()).unwrap();
    world.forget();
    let thieves: Vec<_> = (0..MANY).map(|_| browser.with_stolen_cookies()).collect();
    let mut pages = Vec::new();
    for thieves in thieves.chunks(20) {
        pages.extend(join_all(thieves.iter().map(|thief| go_on(thief, &ticket))).await);
    }
    pages
}

pub async fn another_customer_s_first_timer(world: &World) -> Page {
    world.connect_openid(&INITECH, str::to_owned).await.unwrap();
    log_in(world, &INITECH, &world.browser(), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_launches_of_one_refused_ticket_ask_the_school_once() {
    let world = World::start().await;
    let pages = launch_often(&world, "admin.s").await;
    assert!(pages.iter().all(|page| page.status < 500), "{:?}", world.faults());
    // The creation is refused, the search finds the account, and its binding is asked for.
    assert_eq!(world.thinkific.calls().len(), 3);
    assert_eq!(world.launches(), 0);
    world.signed_in(&another_customer_s_first_timer(&world).await, "peter@initech.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_launches_of_somebody_new_make_one_account() {
    let world = World::start().await;
    let pages = launch_often(&world, MARY).await;
    // Whoever had read the directory before, and had its turn after, finds it settled.
    let calls = world.thinkific.calls();
    assert_eq!(calls.iter().map(|call| call.method.as_str()).collect::<Vec<_>>(), ["POST"]);
    assert!(pages.iter().all(|page| page.status < 500), "{:?}", world.faults());
    assert_eq!(world.launches(), 1);
    world.signed_in(&another_customer_s_first_timer(&world).await, "peter@initech.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_given_again_without_a_call_until_something_changes() {
    let world = World::start().await;
    let bound = NewUser { external_id: Some("theirs".into()), ..NewUser::student(MARYS_EMAIL, "Mary", "Miller") };
    let account = world.thinkific.add_user(bound);
    let calls = async || {
        world.forget();
        world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "account_bound");
        world.thinkific.calls().len()
    };
    assert_eq!(calls().await, 3);
    for _ in 0..3 {
        assert_eq!(calls().await, 0, "the same was asked again");
    }
    // Other details, another version of the connection, and ten minutes each ask again.
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Miller-Jones".into()));
    assert_eq!(calls().await, 3);
    world.reconfigure(|text| format!("{text}\n[account]\nearlier_external_id = \"subject\"\n")).await;
    assert_eq!(calls().await, 3);
    world.thinkific.remove_user(account);
    assert_eq!(calls().await, 0);
    world.advance(601);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_at_each_login_is_changed_ten_times_a_day() {
    let world = World::start().await;
    let named = |name: String| world.pingfederate.edit_person(MARY, |person| person.last_name = Some(name));
    for n in 0..TURNS_PER_DAY {
        named(format!("Miller {n}"));
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    }
    named("Miller".to_owned());
    world.forget();
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "settled_too_often");
    assert!(page.text().contains("help desk"), "what changes is in their records: {}", page.text());
    assert_eq!(world.thinkific.calls().len(), 0);
    // As they were at the last login, they get in; and the next day is another.
    named(format!("Miller {}", TURNS_PER_DAY - 1));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    world.advance(24 * 3600);
    named("Miller".to_owned());
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

/// So many calls in this minute and in the next ones, however long a slow machine takes.
pub async fn spent(world: &World, all: u32, by_pg: u32) {
    let minute = jiff::Timestamp::now().as_second().div_euclid(60);
    for minute in minute..minute + 5 {
        let item = json!({
            "pk": {"S": format!("calls#pg-academy#{minute}")},
            "all": {"N": all.to_string()},
            "of_pg": {"N": by_pg.to_string()},
        });
        let put = json!({"TableName": world.front.stack().table_name(Table::Logins), "Item": item});
        assert_eq!(aws::call(world, "sandbox", "DynamoDB_20120810.PutItem", &put).await.0, 200);
    }
}

/// Another request's turn outlasts the wait: a change that is not made yet is not made twice.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_another_request_in_vain_is_told_so() {
    let world = World::with_mary().await;
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Miller-Jones".into()));
    let until = jiff::Timestamp::now().as_second() + TURN_SECONDS + 30;
    aws::set(&world, Table::Logins, "turn#", "until", json!({"N": until.to_string()})).await;
    world.forget();
    world.refused(&world.log_in(&world.browser(), MARY).await, "settling_under_way");
    assert_eq!(world.thinkific.calls().len(), 0);
    aws::set(&world, Table::Logins, "turn#", "until", json!({"N": "0"})).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

/// Who was looked at lately can do without a look, and whoever is new cannot do without calls.
#[tokio::test(flavor = "multi_thread")]
async fn looks_that_may_wait_leave_half_the_minute_to_the_new() {
    let world = World::with_mary().await;
    let file = format!("{}roles_max_age = \"0s\"\n", world.school_file());
    world.operator.apply_school("pg-academy.toml", &file).await.unwrap();
    spent(&world, CALLS_PER_MINUTE / 2, CALLS_PER_MINUTE / 2).await;
    world.forget();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    assert_eq!(world.thinkific.take_calls().len(), 0);
    world.signed_in(&world.log_in(&world.browser(), "suharto").await, "suharto@pg.com");
    assert_eq!(world.thinkific.take_calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_cannot_spend_the_others_minute() {
    let world = World::start().await;
    let open = CALLS_PER_MINUTE - CALLS_RESERVED;
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    spent(&world, open, open).await;
    world.forget();
    waits(&world.log_in(&world.browser(), MARY).await);
    assert_eq!(world.thinkific.calls().len(), 0);
    world.signed_in(&another_customer_s_first_timer(&world).await, "peter@initech.com");
    // Known people need no call.
    world.signed_in(&world.log_in(&world.browser(), "existing.e").await, "existing@pg.com");
    // Whoever has made few has a part of what is left, and nobody more than there is.
    aws::delete(&world, Table::Logins, "line#").await;
    aws::delete(&world, Table::Logins, "turn#").await;
    spent(&world, CALLS_PER_MINUTE - 1, CALLS_FEW - 1).await;
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    spent(&world, CALLS_PER_MINUTE, 0).await;
    let browser = world.browser();
    let page = world.log_in(&browser, "suharto").await;
    waits(&page);
    world.advance(360);
    world.signed_in(&goes_on(&browser, &page).await, "suharto@pg.com");
}
