//! `/login`: from an address to the connection that it signs in through.

use stoa_core::connection::ConnectionState;
use stoa_core::routes::Table;
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::GLOBEX;

use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World};

fn address(world: &World) -> String {
    format!("{}/login", world.url())
}

/// Types an address into our page.
async fn type_in(world: &World, browser: &Browser, typed: &str) -> Page {
    world.pingfederate.sign_on_as(MARY);
    let page = browser.get(&address(world)).await.unwrap();
    browser.submit(&page, page.form_to("/login").unwrap(), &[("email", typed)]).await.unwrap()
}

/// The items of the domains, as an attacker would like to see them.
fn entries(world: &World) -> Vec<String> {
    let items = world.front.items(Table::Connections).unwrap();
    let keys =
        items.iter().map(|item| format!("{} {}", item["pk"]["S"].as_str().unwrap(), item["sk"]["S"].as_str().unwrap()));
    keys.filter(|key| key.starts_with("discovery#")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_leads_to_the_connection_of_its_domain() {
    let world = World::with_mary().await;
    for typed in [MARYS_EMAIL, "  Miller.M@PG.com "] {
        world.signed_in(&type_in(&world, &world.browser(), typed).await, MARYS_EMAIL);
    }
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_wants_to_go_survives_the_question() {
    let world = World::with_mary().await;
    world.add_connection().await;
    let browser = world.browser();
    world.pingfederate.sign_on_as(MARY);
    let page = browser.get(&format!("{}?return_to=/courses/take/welcome", address(&world))).await.unwrap();
    let page = browser.submit(&page, &page.forms[0], &[("email", MARYS_EMAIL)]).await.unwrap();
    let page = browser.press(&page, &page.forms[0], &page.forms[0].buttons[0].label).await.unwrap();
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    for bad in ["https://evil.example/", "//evil.example", "/api/public/v1/users"] {
        let page = browser.get(&format!("{}?return_to={bad}", address(&world))).await.unwrap();
        assert!(!page.body.contains("return_to") && !page.body.contains("evil"), "{}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c142_of_several_connections_the_person_chooses_one_of_their_own_domain() {
    let world = World::with_mary().await;
    world.add_connection().await;
    world.reconfigure(|text| format!("name = \"P&G <Cincinnati>\"\n{text}")).await;
    let browser = world.browser();
    let page = type_in(&world, &browser, MARYS_EMAIL).await;
    let labels: Vec<_> = page.forms[0].buttons.iter().map(|button| button.label.as_str()).collect();
    assert_eq!(labels, ["P&G <Cincinnati>", "pg"]);
    world.signed_in(&browser.press(&page, &page.forms[0], "P&G <Cincinnati>").await.unwrap(), MARYS_EMAIL);

    let foreign = [("email", MARYS_EMAIL), ("connection", "umbrella")];
    let page = browser.submit(&page, &page.forms[0], &foreign).await.unwrap();
    world.refused(&page, "choice_foreign");
    assert!(page.text().contains("domain-unknown"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn c146_a_domain_that_is_nobody_s_and_one_that_is_hidden_are_told_apart_by_nothing() {
    let world = World::start().await;
    world.reconfigure(|text| format!("discoverable = false\n{text}")).await;
    let browser = world.browser();
    let mut seen = Vec::new();
    for typed in ["somebody@nobody.example", MARYS_EMAIL] {
        let form = browser.get(&address(&world)).await.unwrap();
        world.forget();
        let page = browser.submit(&form, &form.forms[0], &[("email", typed)]).await.unwrap();
        let calls: Vec<_> =
            world.front.take_calls().iter().map(|call| (call.action.clone(), call.units.to_bits())).collect();
        world.refused(&page, "domain_unknown");
        let reference = page.header("apigw-requestid").unwrap().to_owned();
        let headers: Vec<_> = page.headers.keys().map(ToString::to_string).collect();
        seen.push((page.status, headers, page.body.replace(&reference, "REFERENCE"), calls));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].3.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_active_connections_that_want_to_be_found_have_entries() {
    let world = World::start().await;
    assert_eq!(entries(&world), ["discovery#pg.com pg"]);
    for state in [ConnectionState::Disabled, ConnectionState::Active, ConnectionState::Draft] {
        world.set_state("pg", state).await;
        assert_eq!(entries(&world).len(), usize::from(state == ConnectionState::Active), "{state:?}");
    }
    world.refused(&type_in(&world, &world.browser(), MARYS_EMAIL).await, "domain_unknown");

    world.set_state("pg", ConnectionState::Active).await;
    world.reconfigure(|text| text.replace("[\"pg.com\"]", "[\"pg.com\", \"us.pg.com\"]")).await;
    assert_eq!(entries(&world), ["discovery#pg.com pg", "discovery#us.pg.com pg"]);
    world.reconfigure(|text| text.replace("[\"pg.com\"]", "[\"us.pg.com\"]")).await;
    assert_eq!(entries(&world), ["discovery#us.pg.com pg"]);
    world.reconfigure(|text| format!("discoverable = false\n{text}")).await;
    assert_eq!(entries(&world), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_address_is_asked_for_again() {
    let world = World::start().await;
    for typed in ["", "miller.m", "@pg.com", "a@b@pg.com", "m\u{456}ller@pg.com", "a@pg.com, b@pg.com"] {
        let page = type_in(&world, &world.browser(), typed).await;
        world.refused(&page, "address_malformed");
        assert!(page.link("Try again").is_some_and(|link| link.path() == "/login"), "{}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_chooses_nobody_s_connection() {
    let world = World::with_mary().await;
    let browser = world.browser();
    world.pingfederate.sign_on_as(MARY);
    for from in [None, Some("https://evil.example"), Some(&*world.thinkific.school_url())] {
        let page = browser.post(from, &address(&world), &[("email", MARYS_EMAIL)]).await.unwrap();
        assert!(page.status == 200 && page.form_to("/login").is_some(), "{}", page.text());
        assert!(!page.body.contains(MARYS_EMAIL), "{}", page.body);
    }
    world.signed_in(&type_in(&world, &browser, MARYS_EMAIL).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c216_the_address_is_in_no_address_of_ours_no_item_and_no_log_line() {
    let world = World::with_mary().await;
    world.add_connection().await;
    let browser = world.browser();
    let typed = "needle.n@pg.com";
    let page = type_in(&world, &browser, typed).await;
    let page = browser.press(&page, &page.forms[0], &page.forms[0].buttons[0].label).await.unwrap();
    assert!(page.hops.len() > 2);
    for hop in page.hops.iter().filter(|hop| hop.url.host_str() == Some(stoa_sandbox::sandbox::HOST)) {
        assert!(!hop.url.as_str().contains("needle"), "{}", hop.url);
    }
    let kept = format!("{:?}{:?}", world.front.items(Table::Logins).unwrap(), world.log());
    assert!(kept.contains("started") && !kept.contains("needle"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_framed_question_is_offered_outside_the_frame() {
    let world = World::start().await;
    let browser = world.browser();
    let portal = browser.get(&format!("{}/enrollments", world.thinkific.school_url())).await.unwrap();
    world.refused(&browser.frame(&portal, &address(&world)).await.unwrap(), "framed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_whose_connection_is_gone_lets_nobody_in() {
    let world = World::start().await;
    aws::delete(&world, Table::Connections, "connection#").await;
    world.refused(&type_in(&world, &world.browser(), MARYS_EMAIL).await, "connection_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_provider_that_takes_a_hint_gets_the_address() {
    let world = World::with_mary().await;
    world.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
    world.connect_workos(str::to_owned).await.unwrap();
    let hint = async |typed: &str| {
        let browser = world.browser();
        let form = browser.get(&address(&world)).await.unwrap();
        let stopped = browser.following(Follow::Nothing);
        let page = stopped.submit(&form, &form.forms[0], &[("email", typed)]).await.unwrap();
        let to = url::Url::parse(page.header("location").unwrap()).unwrap();
        let hint = to.query_pairs().find(|(name, _)| name == "login_hint");
        hint.map(|(_, value)| value.into_owned())
    };
    assert_eq!(hint("mila@globex.com").await.as_deref(), Some("mila@globex.com"));
    assert_eq!(hint("Ada.Wong@umbrella.example").await.as_deref(), Some("ada.wong@umbrella.example"));
    assert_eq!(hint(MARYS_EMAIL).await, None);
}
