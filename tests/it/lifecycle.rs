//! The life of a connection: a draft that is tested by a link, activated after that, and switched off again.

use serde_json::json;
use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Browser, Page};
use stoa_sandbox::pingfederate::{Defect, Person};
use stoa_service::operator::{OperatorError, Untested};

use crate::aws;
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

const DAY: i64 = 24 * 3600;

fn pg() -> ConnectionId {
    ConnectionId::parse("pg").unwrap()
}

/// A new test link, as the customer's administrator gets it.
async fn link(world: &World) -> String {
    let (link, _) = world.operator.open_test_link(&pg()).await.unwrap();
    link.address(&world.url())
}

/// Mary follows the link.
async fn follow(world: &World, browser: &Browser, link: &str) -> Page {
    world.pingfederate.sign_on_as(MARY);
    browser.get(link).await.unwrap()
}

async fn activate(world: &World) -> Result<(), OperatorError> {
    world.operator.set_state(&pg(), ConnectionState::Active, "a test").await.map(drop)
}

#[track_caller]
fn shows(page: &Page, parts: &[&str]) {
    for part in parts {
        assert!(page.text().contains(part), "no {part:?} in {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_link_shows_what_arrived_what_was_wanted_and_what_would_be_sent_on() {
    let world = World::start().await;
    let page = follow(&world, &world.browser(), &format!("{}&return_to=/courses/safety", link(&world).await)).await;
    assert_eq!(page.status, 200);
    shows(&page, &["The test login worked", "because you used a test link"]);
    shows(&page, &["Person name_id miller.m", "Email email miller.m@pg.com", "First name firstName Mary"]);
    shows(&page, &["return_to http://thinkific.localhost", "/courses/safety", "external_id"]);
    assert_eq!((world.launches(), world.thinkific.calls().len()), (0, 0));
    assert_eq!(world.front.items(Table::Directory).unwrap().len(), 0);
}

/// The message is proven, so the administrator sees what came beside the name identifier that did not.
#[tokio::test(flavor = "multi_thread")]
async fn a_test_without_a_name_id_shows_what_arrived() {
    let world = World::start().await;
    world.pingfederate.next_defect(Defect::EmptyNameId);
    let page = follow(&world, &world.browser(), &link(&world).await).await;
    shows(&page, &["saml_name_id_empty", "Email email miller.m@pg.com", "First name firstName Mary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_test_showed_is_kept_nowhere() {
    let world = World::start().await;
    let browser = world.browser();
    world.pingfederate.edit_person(MARY, |person| person.last_name = Some("Needle-Miller".into()));
    shows(&follow(&world, &browser, &link(&world).await).await, &["Needle-Miller"]);
    let kept = format!("{:?}{:?}", world.front.items(Table::Logins).unwrap(), world.log());
    assert!(!kept.contains("Needle") && !kept.contains(MARYS_EMAIL), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_no_test_seals_and_shows_nothing_more_than_before() {
    let world = World::with_mary().await;
    let sealed = |world: &World| {
        let items = world.front.items(Table::Logins).unwrap();
        items.iter().filter_map(|item| item["sealed"]["S"].as_str().map(str::len)).max().unwrap()
    };
    world.ticket(&world.browser(), MARY, "").await;
    let ordinary = sealed(&world);
    world.ticket(&world.browser(), MARY, "?test=1").await;
    assert_eq!(sealed(&world), ordinary);
    let page = world.log_in_to(&world.browser(), MARY, "?test=1").await;
    assert!(page.text().contains("The test login worked") && !page.text().contains(MARYS_EMAIL), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_test_shows_the_exact_reason_and_everything_that_was_proven() {
    let world = World::start().await;
    let link = link(&world).await;
    world.pingfederate.add_person(Person::new("noemail.n", "", "Nora", "Nomail", ""));
    world.pingfederate.sign_on_as("noemail.n");
    let page = world.browser().get(&link).await.unwrap();
    world.refused_and_traced(&page, "email_missing");
    shows(&page, &["email_missing", "Nora", "Nomail", "Email email (not sent)"]);
    assert!(page.link("Try again").is_none(), "a retry without the link would be no test");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_proof_shows_the_exact_reason_and_nothing_that_was_not_proven() {
    let world = World::start().await;
    let link = link(&world).await;
    world.pingfederate.next_defect(Defect::SignedByAnotherKey);
    let page = follow(&world, &world.browser(), &link).await;
    let fault = world.faults().pop().unwrap();
    assert!(page.status >= 400 && fault.starts_with("saml_"), "{fault}");
    shows(&page, &[&fault, "only if it could be verified"]);
    assert!(!page.text().contains(MARYS_EMAIL), "{}", page.text());

    world.pingfederate.next_defect(Defect::SignedByAnotherKey);
    let stranger = world.log_in(&world.browser(), MARY).await;
    assert!(stranger.text().contains("saml-untrusted") && !stranger.text().contains(&fault), "{}", stranger.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_knows_the_reference_of_a_test_is_shown_nothing() {
    let world = World::start().await;
    let link = link(&world).await;
    let tester = world.browser();
    world.pingfederate.sign_on_as(MARY);
    let ticket = tester.following(stoa_sandbox::browser::Follow::WithoutScripts).get(&link).await.unwrap();
    let answer = crate::steps::Answer::on(ticket).post(&tester.following(stoa_sandbox::browser::Follow::Nothing)).await;
    // A ticket of somebody else's making, with the reference of the test in it.
    let launch = answer.header("location").unwrap().to_owned();
    let reference = launch.split("login=").nth(1).unwrap();
    let forged = format!("__Host-t-{reference}=pg.pg-academy.{0}.{0}.{1}", "a".repeat(32), "A".repeat(43));
    let stranger = world.browser().with_header("cookie", forged.leak());
    let page = stranger.get(&format!("{}{launch}", world.url())).await.unwrap();
    world.refused(&page, "ticket_wrong");
    assert!(!page.text().contains("ticket_wrong") && !page.text().contains("test link"), "{}", page.text());
    shows(&go_on(&tester, &answer).await, &["The test login worked", MARYS_EMAIL]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_link_works_at_once_for_three_days_and_until_the_next_one() {
    let world = World::start().await;
    let browser = world.browser();
    // Every function holds the connection now.
    world.log_in(&browser, MARY).await;
    let first = link(&world).await;
    shows(&follow(&world, &browser, &first).await, &["The test login worked"]);
    let second = link(&world).await;
    world.refused(&follow(&world, &browser, &first).await, "test_link_wrong");
    world.advance(3 * DAY - 600);
    shows(&follow(&world, &browser, &second).await, &["The test login worked"]);
    world.advance(600);
    world.refused(&follow(&world, &browser, &second).await, "test_link_wrong");
    for wrong in ["", "0", "true", "AAAA"] {
        let page = follow(&world, &browser, &format!("{}?test={wrong}", world.login_url())).await;
        world.refused(&page, "test_link_wrong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_not_followed_by_a_login_that_is_none() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "?test=1").await;
    let kept = browser.with_stolen_cookies();
    shows(&go_on(&browser, &ticket).await, &["The test login worked"]);
    let before = world.launches();
    world.refused(&go_on(&kept, &ticket).await, "login_used");
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_becomes_active_after_a_test_of_the_document_that_is_in_force() {
    let world = World::start().await;
    let refused = async |world: &World, wanted: Untested| match activate(world).await {
        Err(OperatorError::Untested(_, why)) => assert_eq!(why, wanted),
        other => panic!("{other:?}"),
    };
    world.set_state("pg", ConnectionState::Draft).await;
    refused(&world, Untested::Never).await;
    shows(&follow(&world, &world.browser(), &link(&world).await).await, &["The test login worked"]);
    let tested = world.operator.last_test(&pg()).await.unwrap().unwrap();

    // A change of state is no change of what was tested; a change of the document is.
    world.operator.mark_tested(&pg()).await.unwrap().unwrap();
    world.reconfigure(|text| format!("{text}company = \"company\"\n")).await;
    refused(&world, Untested::Earlier { version: 3 }).await;
    world.reconfigure(str::to_owned).await;
    aws::set(&world, Table::Logins, "tested#", "at", json!({"N": (tested.at - 8 * DAY).to_string()})).await;
    refused(&world, Untested::Old { days: 8 }).await;
    aws::set(&world, Table::Logins, "tested#", "at", json!({"N": (tested.at - 6 * DAY).to_string()})).await;
    activate(&world).await.unwrap();

    let history = world.operator.history(&pg()).await.unwrap();
    let reason = history.last().unwrap().reason.clone().unwrap();
    assert_eq!(reason, format!("a test (test login {})", tested.login));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_test_and_a_login_that_is_no_test_prove_nothing() {
    let world = World::with_mary().await;
    world.log_in(&world.browser(), MARY).await;
    let link = link(&world).await;
    world.pingfederate.next_defect(Defect::SignedByAnotherKey);
    follow(&world, &world.browser(), &link).await;
    assert_eq!(world.operator.last_test(&pg()).await.unwrap().unwrap_err(), Untested::Never);
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_off_can_be_undone_and_a_changed_connection_must_be_tested_again() {
    let world = World::start().await;
    world.set_state("pg", ConnectionState::Disabled).await;
    activate(&world).await.unwrap();

    world.set_state("pg", ConnectionState::Disabled).await;
    world.reconfigure(|text| format!("{text}company = \"company\"\n")).await;
    assert!(matches!(activate(&world).await, Err(OperatorError::Untested(_, Untested::Never))));
    // A test needs somebody who is let in to test, and nobody else.
    let link = link(&world).await;
    world.advance(61);
    shows(&follow(&world, &world.browser(), &link).await, &["The test login worked"]);
    world.refused(&world.log_in(&world.browser(), MARY).await, "connection_not_active");
    activate(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_active_connection_stays_active_when_its_document_changes() {
    let world = World::start().await;
    world.reconfigure(|text| format!("{text}company = \"company\"\n")).await;
    assert_eq!(world.operator.current(&pg()).await.unwrap().unwrap().state, ConnectionState::Active);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_that_cannot_be_recorded_has_not_worked_and_works_the_next_time() {
    let world = World::start().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "?test=1").await;
    world.front.inject(Fault::next("thinkific-launch", "dynamodb:UpdateItem", FaultKind::Unavailable).times(3));
    world.refused(&go_on(&browser, &ticket).await, "store_unavailable");
    assert_eq!(world.operator.last_test(&pg()).await.unwrap().unwrap_err(), Untested::Never);
    world.front.clear_faults();
    shows(&go_on(&browser, &ticket).await, &["The test login worked"]);
    world.operator.last_test(&pg()).await.unwrap().unwrap();
}
