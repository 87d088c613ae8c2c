//! Logins that begin in the customer's portal: converted, confirmed by a click, or refused. Never simply believed.

use stoa_sandbox::browser::{Browser, Follow, Page};

use crate::steps::{Answer, MARY, MARYS_EMAIL, World};

fn set(policy: &str) -> fn(&str) -> String {
    match policy {
        "confirm" => |text| text.replace("\"convert\"", "\"confirm\""),
        _ => |text| text.replace("\"convert\"", "\"off\""),
    }
}

fn portal(world: &World, target: Option<&str>) -> String {
    world.pingfederate.sign_on_as(MARY);
    world.pingfederate.start_url(world.pingfederate_partner(), target)
}

/// Up to the page "Continue as …?".
async fn asked(world: &World, browser: &Browser, target: Option<&str>) -> Page {
    let page = browser.get(&portal(world, target)).await.unwrap();
    assert!(page.text().contains("Continue as Mary M. (m…m@pg.com)?"), "{}", page.text());
    assert!(page.sends_by_itself().is_none(), "confirmed without a click");
    page
}

async fn confirm(browser: &Browser, page: &Page) -> Page {
    browser.press(page, &page.forms[0], "Continue").await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c103_by_default_a_click_in_the_portal_begins_a_login_of_our_own() {
    let world = World::with_mary().await;
    let page = world.browser().get(&portal(&world, Some("/courses/take/welcome"))).await.unwrap();
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    let ours = page.hops.iter().any(|hop| hop.url.path() == "/login/pg");
    assert!(ours, "no login of ours: {:#?}", page.hops);
}

#[tokio::test(flavor = "multi_thread")]
async fn c134_a_hostile_target_of_the_portal_is_replaced_by_the_default() {
    let world = World::with_mary().await;
    for target in ["https://evil.example/", "//evil.example", "/api/public/v1/users", "javascript:alert(1)"] {
        let page = world.browser().get(&portal(&world, Some(target))).await.unwrap();
        world.signed_in(&page, MARYS_EMAIL);
        assert_eq!(page.url.path(), "/enrollments", "{target}");
    }
}

/// PingFederate's administrators write a whole address into `TargetResource`.
#[tokio::test(flavor = "multi_thread")]
async fn c134_a_target_may_be_a_whole_address_of_the_school_and_of_no_other_site() {
    for policy in ["convert", "confirm"] {
        let world = if policy == "convert" { World::with_mary().await } else { World::with(set(policy)).await };
        for (site, lands) in [
            (world.thinkific.school_url(), "/courses/take/welcome"),
            ("https://pg-academy.thinkific.com".to_owned(), "/courses/take/welcome"),
            ("https://evil.example".to_owned(), "/enrollments"),
        ] {
            let browser = world.browser();
            let target = format!("{site}/courses/take/welcome");
            let page = match policy {
                "convert" => browser.get(&portal(&world, Some(&target))).await.unwrap(),
                _ => confirm(&browser, &asked(&world, &browser, Some(&target)).await).await,
            };
            world.signed_in(&page, MARYS_EMAIL);
            assert_eq!(page.url.path(), lands, "{policy}, {target}");
        }
        assert_eq!(world.faults(), [""; 0]);
    }
}

/// Portals number and name their tiles as they like.
#[tokio::test(flavor = "multi_thread")]
async fn a_portals_own_relay_state_is_not_taken_for_ours() {
    for target in ["101", "7", "1", "0", "2024-onboarding", "0/courses/take/welcome", "stoa", "stoa-x"] {
        let world = World::with_mary().await;
        let page = world.browser().get(&portal(&world, Some(target))).await.unwrap();
        world.signed_in(&page, MARYS_EMAIL);
        assert_eq!(page.url.path(), "/enrollments", "{target}");
        // Beside another login that is under way.
        let browser = world.browser();
        world.pingfederate.ask();
        browser.get(&world.login_url()).await.unwrap();
        world.forget();
        let page = browser.get(&portal(&world, Some(target))).await.unwrap();
        world.signed_in(&page, MARYS_EMAIL);
        assert_eq!(world.faults(), [""; 0], "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c103_where_it_is_off_a_click_in_the_portal_leads_to_a_page_that_says_so() {
    let world = World::with(set("off")).await;
    let page = world.browser().get(&portal(&world, None)).await.unwrap();
    world.refused(&page, "idp_initiated_off");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_login_arrives_where_the_portal_said() {
    let world = World::with(set("confirm")).await;
    let browser = world.browser();
    let page = asked(&world, &browser, Some("/courses/take/welcome")).await;
    assert_eq!(world.launches(), 0);
    let page = confirm(&browser, &page).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
}

/// Where a fresh sign-in is demanded, no way around the request leads around the demand.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_login_is_of_a_fresh_sign_in_where_one_is_demanded() {
    let world = World::with(|text| text.replace("\"convert\"", "\"confirm\"\nforce_authn = true")).await;
    let browser = world.browser();
    asked(&world, &browser, None).await;
    // PingFederate remembers her, and says since when.
    world.advance(600);
    world.pingfederate.ask();
    let start = world.pingfederate.start_url(world.pingfederate_partner(), None);
    let page = browser.get(&start).await.unwrap();
    world.refused(&page, "saml_authentication_stale");
    assert!(page.text().contains("the rules agreed with your company"), "nothing has expired: {}", page.text());
    assert_eq!(world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c136_only_a_click_on_our_own_page_confirms() {
    let world = World::with(set("confirm")).await;
    let browser = world.browser();
    let page = asked(&world, &browser, None).await;
    let launch = page.forms[0].action.to_string();

    world.refused_and_traced(&browser.get(&launch).await.unwrap(), "confirmation_foreign");
    // The ticket's cookie stays at home when another site posts.
    let foreign = browser.post(Some(&world.pingfederate.url()), &launch, &[]).await.unwrap();
    world.refused(&foreign, "ticket_missing");
    // Where the cookie comes along all the same, the origin shows who posted.
    for origin in ["https://evil.example", "null"] {
        let forged = browser.with_header("origin", origin).post(None, &launch, &[]).await.unwrap();
        world.refused_and_traced(&forged, "confirmation_foreign");
    }
    assert_eq!(world.launches(), 0);
    world.signed_in(&confirm(&browser, &page).await, MARYS_EMAIL);
}

/// Whoever was sent here as somebody else sees whom, and signs in as themselves.
#[tokio::test(flavor = "multi_thread")]
async fn c136_whoever_is_somebody_else_says_so_and_arrives_as_themselves() {
    let world = World::with(set("confirm")).await;
    let (mallory, mary) = (world.browser(), world.browser());
    world.pingfederate.sign_on_as("existing.e");
    let start = world.pingfederate.start_url(world.pingfederate_partner(), Some("/courses/take/welcome"));
    let hers = Answer::on(mallory.following(Follow::WithoutScripts).get(&start).await.unwrap());
    let page = hers.post(&mary).await;
    assert!(page.text().contains("Continue as Erin E. (e…g@pg.com)?"), "{}", page.text());
    let own = page.link("This is not me").unwrap();
    world.pingfederate.sign_on_as(MARY);
    let page = mary.follow_link(&page, own.as_str()).await.unwrap();
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    let spanish = mary.with_header("accept-language", "es").get(&portal(&world, None)).await.unwrap();
    assert!(spanish.text().contains("No soy yo"), "{}", spanish.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn c104_an_unsolicited_response_is_asked_about_once() {
    let world = World::with(set("confirm")).await;
    let browser = world.browser();
    let start = portal(&world, None);
    let answer = Answer::on(browser.following(Follow::WithoutScripts).get(&start).await.unwrap());
    let page = answer.post(&browser).await;
    world.refused(&answer.post(&browser).await, "assertion_replayed");
    world.refused(&answer.post(&world.browser()).await, "assertion_replayed");
    world.signed_in(&confirm(&browser, &page).await, MARYS_EMAIL);
    world.refused(&confirm(&browser, &page).await, "ticket_missing");
    assert_eq!(world.launches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c104_of_two_clicks_on_continue_one_is_launched() {
    let world = World::with(set("confirm")).await;
    let browser = world.browser();
    let page = asked(&world, &browser, None).await;
    let thief = browser.with_stolen_cookies();
    world.signed_in(&confirm(&browser, &page).await, MARYS_EMAIL);
    world.refused_and_traced(&confirm(&thief, &page).await, "login_used");
    assert_eq!(world.launches(), 1);
}
