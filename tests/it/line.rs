//! Whoever has to ask a school that takes no more calls waits in line, at a page that goes on by itself, and gets in.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use stoa_core::line::LONGEST_SECONDS;
use stoa_core::routes::Table;
use stoa_core::turn::{CALLS_FEW, CALLS_PER_MINUTE, CALLS_RESERVED};
use stoa_sandbox::browser::{Browser, Page};
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::Trouble;

use crate::aws;
use crate::spending::{another_customer_s_first_timer, spent};
use crate::steps::{MARY, MARYS_EMAIL, World};

/// How long a browser waits at a page, in seconds, and where it goes then.
fn refresh(page: &Page) -> (i64, String) {
    let header = page.header("refresh").unwrap_or_else(|| panic!("no page that goes on: {}", page.text()));
    let (seconds, url) = header.split_once("; url=").unwrap();
    (seconds.parse().unwrap(), url.to_owned())
}

/// Asserts that somebody waits, and for how long.
#[track_caller]
pub fn waits(page: &Page) -> i64 {
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("You are in line"), "{}", page.text());
    refresh(page).0
}

/// What a browser does at such a page once its time has come.
pub async fn goes_on(browser: &Browser, page: &Page) -> Page {
    browser.follow_link(page, &refresh(page).1).await.unwrap()
}

async fn a_class(world: &World, of: usize) -> Vec<(Browser, Page, String)> {
    let mut class = Vec::new();
    for n in 0..of {
        let login = format!("pupil.{n}");
        world.pingfederate.add_person(Person::new(&login, &format!("{login}@pg.com"), "A", "Pupil", ""));
        let browser = world.browser();
        let page = world.log_in(&browser, &login).await;
        class.push((browser, page, format!("{login}@pg.com")));
    }
    class
}

/// The minute of ours is spent, whoever spent it.
async fn spend(world: &World) {
    let open = CALLS_PER_MINUTE - CALLS_RESERVED;
    spent(world, open, open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_the_minute_spent_waits_and_gets_in_without_another_login() {
    let world = World::start().await;
    spend(&world).await;
    let browser = world.browser();
    let page = world.log_in(&browser, MARY).await;
    let seconds = waits(&page);
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(world.thinkific.calls().len(), 0);
    assert!(world.steps().contains(&"waiting".to_owned()));
    // Too early is no fault, and costs nobody their place.
    assert!(waits(&goes_on(&browser, &page).await) <= seconds);
    aws::delete(&world, Table::Logins, "calls#").await;
    world.advance(seconds);
    world.signed_in(&goes_on(&browser, &page).await, MARYS_EMAIL);
    assert_eq!(world.faults(), [""; 0]);
    assert_eq!(world.thinkific.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_waits_gets_in_in_order_however_long_it_takes() {
    let world = World::start().await;
    spend(&world).await;
    // An hour of the line is taken.
    let ahead = jiff::Timestamp::now().as_millisecond() + 3_600_000;
    put_line(&world, ahead, ahead).await;
    let class = a_class(&world, 5).await;
    let places: Vec<i64> = places(&world);
    assert_eq!(places.len(), 5);
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] == 600), "{places:?}");
    for (browser, page, _) in &class {
        assert_eq!(waits(page), 300);
        // Nobody is let in before their time.
        waits(&goes_on(browser, page).await);
    }
    aws::delete(&world, Table::Logins, "calls#").await;
    // The page asks every five minutes; ticket and login live as long as the line.
    for _ in 0..11 {
        world.advance(300);
        for (browser, page, _) in &class {
            waits(&goes_on(browser, page).await);
        }
    }
    world.advance(310);
    for (browser, page, email) in &class {
        world.signed_in(&goes_on(browser, page).await, email);
    }
    assert_eq!(world.faults(), [""; 0]);
}

/// The places of whoever waits, in the order in which they came: the school gives ids in this order.
fn places(world: &World) -> Vec<i64> {
    let turns = aws::matching(world, Table::Logins, "turn#");
    let mut places: Vec<i64> = turns.iter().filter_map(|turn| turn["place"]["N"].as_str()?.parse().ok()).collect();
    places.sort_unstable();
    places
}

/// A line whose next free place is this one, with somebody of the connection in it.
pub async fn put_line(world: &World, next: i64, own: i64) {
    let item = json!({
        "pk": {"S": "line#pg-academy"},
        "next": {"N": next.to_string()},
        "of_pg": {"N": own.to_string()},
    });
    let put = json!({"TableName": world.front.stack().table_name(Table::Logins), "Item": item});
    assert_eq!(aws::call(world, "sandbox", "DynamoDB_20120810.PutItem", &put).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_s_line_is_not_another_s() {
    let world = World::start().await;
    spend(&world).await;
    waits(&world.log_in(&world.browser(), MARY).await);
    world.signed_in(&another_customer_s_first_timer(&world).await, "peter@initech.com");
    // Known people need no call.
    spent(&world, CALLS_PER_MINUTE - 2, CALLS_FEW - 2).await;
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_has_one_place_however_often_they_come() {
    let world = World::start().await;
    spend(&world).await;
    for _ in 0..4 {
        waits(&world.log_in(&world.browser(), MARY).await);
    }
    assert_eq!(places(&world).len(), 1);
    let line = &aws::matching(&world, Table::Logins, "line#")[0];
    let next: i64 = line["next"]["N"].as_str().unwrap().parse().unwrap();
    assert_eq!(next - places(&world)[0], 600, "the line is as long as one call takes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_takes_no_more_for_a_moment_moves_the_line_and_nobody_loses_their_place() {
    let world = World::start().await;
    spend(&world).await;
    let class = a_class(&world, 3).await;
    aws::delete(&world, Table::Logins, "calls#").await;
    world.advance(61);
    world.thinkific.fail_next(Trouble::RateLimited(Duration::from_secs(20)));
    let (browser, page, _) = &class[0];
    let seconds = waits(&goes_on(browser, page).await);
    assert!((18..=21).contains(&seconds), "{seconds}");
    for (browser, page, _) in &class[1..] {
        // Less what this has taken.
        assert!(waits(&goes_on(browser, page).await) > seconds / 2);
    }
    world.advance(22);
    for (browser, page, email) in &class {
        world.signed_in(&goes_on(browser, page).await, email);
    }
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_longer_than_anybody_waits_takes_nobody() {
    let world = World::start().await;
    let far = jiff::Timestamp::now().as_millisecond() + (LONGEST_SECONDS + 300) * 1000;
    put_line(&world, far, far).await;
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "calls_spent");
    assert!(page.text().contains("in a few hours"), "a minute changes nothing: {}", page.text());
    assert_eq!(page.status, 429);
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "calls_spent");
    // The same, where the school says so: past the line, a call is made, and refused.
    put_line(&world, far, 0).await;
    world.thinkific.fail_next(Trouble::RateLimited(Duration::from_secs(60)));
    world.refused_and_traced(&world.log_in(&world.browser(), "suharto").await, "thinkific_busy");
}

/// Whose look is too old to do without waits like everybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_person_whose_look_is_too_old_waits_for_it() {
    let world = World::with_mary().await;
    world.advance(26 * 3600);
    world.thinkific.fail_next(Trouble::RateLimited(Duration::from_secs(20)));
    let browser = world.browser();
    let page = world.log_in(&browser, MARY).await;
    let seconds = waits(&page);
    world.advance(seconds);
    world.signed_in(&goes_on(&browser, &page).await, MARYS_EMAIL);
    assert_eq!(world.faults(), [""; 0]);
}

/// Many at once have places of their own.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_at_once_gets_places_one_after_the_other() {
    let world = World::start().await;
    spend(&world).await;
    let mut class = Vec::new();
    for n in 0..12 {
        let login = format!("pupil.{n}");
        world.pingfederate.add_person(Person::new(&login, &format!("{login}@pg.com"), "A", "Pupil", ""));
        let browser = world.browser();
        let answer = world.answer(&browser, &login, "").await;
        class.push((browser, answer));
    }
    let pages = join_all(class.iter().map(|(browser, answer)| answer.post(browser))).await;
    for page in &pages {
        waits(page);
    }
    let places = places(&world);
    assert_eq!(places.len(), 12);
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 600), "{places:?}");
}

/// An account that is in the way takes more calls than its place had time for: who comes behind it waits for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_takes_more_calls_moves_those_behind_it() {
    let world = World::start().await;
    spend(&world).await;
    let browser = world.browser();
    let page = world.log_in(&browser, "existing.e").await;
    waits(&page);
    let class = a_class(&world, 2).await;
    aws::delete(&world, Table::Logins, "calls#").await;
    world.advance(61);
    let far = jiff::Timestamp::now().as_millisecond() + 3_600_000;
    put_line(&world, far, far).await;
    world.signed_in(&goes_on(&browser, &page).await, "existing@pg.com");
    assert_eq!(world.thinkific.calls().len(), 4);
    let line = &aws::matching(&world, Table::Logins, "line#")[0];
    assert_eq!(line["moved"]["N"], "1800", "{line}");
    drop(class);
}

/// The page that goes on by itself asks for an address; that the person has confirmed is kept with the login.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_had_to_confirm_does_so_once() {
    let world = World::with(|text| text.replace("\"convert\"", "\"confirm\"")).await;
    spend(&world).await;
    world.pingfederate.sign_on_as(MARY);
    let browser = world.browser();
    let portal = world.pingfederate.start_url(world.pingfederate_partner(), None);
    let asked = browser.get(&portal).await.unwrap();
    let page = browser.press(&asked, &asked.forms[0], "Continue").await.unwrap();
    waits(&page);
    waits(&goes_on(&browser, &page).await);
    aws::delete(&world, Table::Logins, "calls#").await;
    world.advance(61);
    world.signed_in(&goes_on(&browser, &page).await, MARYS_EMAIL);
}
