//! One Response, one launch: whoever posts it, however often, in whatever order.

use futures_util::future::join_all;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Browser, Follow};
use stoa_sandbox::pingfederate::Defect;

use crate::aws;
use crate::steps::{Answer, MARY, MARYS_EMAIL, World, go_on};

const MANY: usize = 50;

/// From now on the identity provider asks who is there, so that a fresh login ends at its sign-on page.
fn end_sessions(world: &World, browser: &Browser) {
    world.pingfederate.ask();
    browser.forget_site(&world.pingfederate.url()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn c104_of_fifty_browsers_that_post_one_response_exactly_one_is_launched() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    end_sessions(&world, &browser);
    let before = world.launches();
    let others: Vec<_> = (1..MANY).map(|_| world.browser()).chain([browser]).collect();
    let pages = join_all(others.iter().map(|browser| answer.post(browser))).await;
    assert_eq!(world.launches(), before + 1);
    world.signed_in(pages.last().unwrap(), MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c104_of_fifty_posts_from_one_browser_exactly_one_is_launched() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    end_sessions(&world, &browser);
    let before = world.launches();
    let pages = join_all((0..MANY).map(|_| answer.post(&browser))).await;
    assert_eq!(world.launches(), before + 1, "{:?}", world.faults());
    assert!(pages.iter().any(|page| page.text().contains(MARYS_EMAIL)));
}

#[tokio::test(flavor = "multi_thread")]
async fn c104_of_fifty_thieves_of_the_whole_jar_exactly_one_is_launched() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    end_sessions(&world, &browser);
    let before = world.launches();
    // Who holds the cookies is the browser, as far as anybody can tell: no protocol helps. But one launch is one.
    let thieves: Vec<_> = (0..MANY).map(|_| browser.with_stolen_cookies()).collect();
    join_all(thieves.iter().map(|browser| answer.post(browser))).await;
    assert_eq!(world.launches(), before + 1, "{:?}", world.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn c137_ten_open_tabs_each_end_at_their_own_destination() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let mut tabs = Vec::new();
    for n in 0..10 {
        tabs.push(world.answer(&browser, MARY, &format!("?return_to=/courses/take/welcome?n={n}")).await);
    }
    for (n, tab) in tabs.iter().enumerate() {
        let page = tab.post(&browser).await;
        world.signed_in(&page, MARYS_EMAIL);
        assert_eq!(page.url.query(), Some(&*format!("n={n}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c137_a_browser_that_opens_ten_tabs_at_once_brings_each_where_it_belongs() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let queries: Vec<_> = (0..10).map(|n| format!("?return_to=/courses/take/welcome?n={n}")).collect();
    let pages = join_all(queries.iter().map(|query| world.log_in_to(&browser, MARY, query))).await;
    for (n, page) in pages.iter().enumerate() {
        world.signed_in(page, MARYS_EMAIL);
        assert_eq!(page.url.query(), Some(&*format!("n={n}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_the_identity_provider_s_page_arrives() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "?return_to=/courses/take/welcome").await;
    // The first click's answer is thrown away by the browser; its cookie may or may not have been kept.
    answer.post(&browser.following(Follow::Nothing)).await;
    let page = answer.post(&browser).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_of_the_launch_arrives_by_one_fresh_login() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "?return_to=/courses/take/welcome").await;
    let kept = browser.with_stolen_cookies();
    world.signed_in(&go_on(&browser, &ticket).await, MARYS_EMAIL);
    // The reload was sent before the launch's answer had dropped the ticket's cookie.
    let page = go_on(&kept, &ticket).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_button_arrives_once_by_a_fresh_login_and_then_has_its_own_fault() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let first = world.answer(&browser, MARY, "?return_to=/courses/take/welcome").await;
    world.signed_in(&first.post(&browser).await, MARYS_EMAIL);

    // Back, and the post again: stopped at the fresh login's own Response, which is posted and then posted again.
    let second = Answer::on(first.post(&browser.following(Follow::WithoutScripts)).await);
    let page = second.post(&browser).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    assert_eq!(world.faults(), [""; 0]);
    world.refused_and_traced(&second.post(&browser).await, "login_used");
}

/// Whatever somebody mails: which login follows another one is for the browser's own cookies to say.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_cannot_say_that_a_login_follows_another_one() {
    for query in ["?again=1", "?again=1&again=1", "?again", "?return_to=/courses/take/welcome&again=1"] {
        let world = World::with_mary().await;
        let browser = world.browser();
        let first = world.answer(&browser, MARY, query).await;
        world.signed_in(&first.post(&browser).await, MARYS_EMAIL);
        world.signed_in(&first.post(&browser).await, MARYS_EMAIL);
        assert_eq!(world.faults(), [""; 0], "{query}");
        assert_eq!(browser.cookie("__Host-a-pg").map(|cookie| cookie.value), None, "{query}");
    }
}

/// By another connection it is the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_follows_another_one_does_so_through_its_connection_and_once() {
    let world = World::with_mary().await;
    world.add_connection().await;
    let browser = world.browser();
    let first = world.answer(&browser, MARY, "").await;
    world.signed_in(&first.post(&browser).await, MARYS_EMAIL);
    let fresh = first.post(&browser.following(Follow::Nothing)).await;
    assert_eq!((fresh.status, fresh.header("location")), (303, Some("/login/pg")));
    assert!(browser.cookie("__Host-a-pg").is_some());
    let again = || world.front.items(Table::Logins).unwrap().iter().filter(|item| item.get("again").is_some()).count();
    browser.get(&format!("{}/login/pg-two", world.url())).await.unwrap();
    assert_eq!(again(), 0);
    world.signed_in(&go_on(&browser, &fresh).await, MARYS_EMAIL);
    assert_eq!((again(), browser.cookie("__Host-a-pg").is_some()), (1, false));
    world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
    assert_eq!(again(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_of_any_of_the_three_writes_still_arrives() {
    for (function, action) in [
        ("login", "dynamodb:PutItem"),
        ("saml-acs", "dynamodb:UpdateItem"),
        ("thinkific-launch", "dynamodb:UpdateItem"),
    ] {
        let world = World::with_mary().await;
        let before = world.launches();
        world.front.inject(Fault::next(function, action, FaultKind::ApplyThenCutConnection));
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        assert_eq!(world.launches(), before + 1, "{function}");
        assert_eq!(world.logins().len(), 2, "{function}: a login more than two");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c104_another_assertion_for_an_answered_login_is_a_replay() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let first = world.answer(&browser, MARY, "").await;
    let request = first.came_from();
    let second = Answer::on(browser.following(Follow::WithoutScripts).get(&request).await.unwrap());
    world.signed_in(&first.post(&browser).await, MARYS_EMAIL);
    let before = world.launches();
    world.refused_and_traced(&second.post(&browser).await, "login_replayed");
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn c105_a_former_response_in_answer_to_a_new_login_is_refused() {
    let world = World::with_mary().await;
    let browser = world.browser();
    world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
    browser.forget_site(&world.url()).unwrap();
    end_sessions(&world, &browser);
    world.pingfederate.next_defect(Defect::ReplayPrevious);
    let before = world.launches();
    let page = world.answer(&browser, MARY, "").await.post(&browser.following(Follow::WithoutScripts)).await;
    // Of no login of this browser: a page that posts again by itself, then a fresh login. Nothing is believed.
    assert!(page.sends_by_itself().is_some());
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn c106_a_replay_after_the_item_was_swept_is_refused() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    world.signed_in(&answer.post(&browser).await, MARYS_EMAIL);
    aws::delete(&world, Table::Logins, "").await;
    world.refused(&answer.post(&browser).await, "login_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn c107_the_launch_before_the_ticket_is_refused() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let login = world.ticket(&browser, MARY, "").await;
    let thief = world.browser();
    world.refused(&go_on(&thief, &login).await, "ticket_missing");
    world.refused(&browser.get(&format!("{}/launch", world.url())).await.unwrap(), "ticket_missing");
    world.signed_in(&go_on(&browser, &login).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c107_a_ticket_of_more_than_two_minutes_is_refused_and_another_try_arrives() {
    let world = World::with_mary().await;
    let browser = Browser::new();
    let ticket = world.ticket(&browser, MARY, "").await;
    world.advance(121);
    let page = go_on(&browser, &ticket).await;
    world.refused_and_traced(&page, "ticket_expired");
    let again = page.link("Try again").unwrap();
    world.signed_in(&browser.get(again.as_str()).await.unwrap(), MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c107_a_pending_login_of_another_connection_is_refused() {
    let world = World::with_mary().await;
    world.add_connection().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    let other = format!("{}/saml/pg-two/acs", world.url());
    let fields = [("SAMLResponse", answer.response()), ("RelayState", "0")];
    let page = browser.post(Some(&world.pingfederate.url()), &other, &fields).await.unwrap();
    world.refused_and_traced(&page, "saml_destination_mismatch");
}
