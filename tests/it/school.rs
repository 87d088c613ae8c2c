//! Thinkific in trouble.

use std::time::Duration;

use futures_util::future::join_all;
use stoa_core::ids::SchoolId;
use stoa_core::routes::Table;
use stoa_sandbox::pingfederate::Person;
use stoa_sandbox::thinkific::{ApiKey, Fault, FaultTarget, Trouble, UnprocessableShape};
use stoa_service::operator::{SecretName, SecretText};

use crate::aws;
use crate::line::{goes_on, waits};
use crate::steps::{MARY, MARYS_EMAIL, World, go_on};

/// A first login that meets this trouble, and another one after it.
async fn trouble_then_fine(world: &World, trouble: Trouble, fault: &str) {
    world.thinkific.fail_next(trouble);
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, fault);
    assert_eq!(world.launches(), 0);
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

fn on_create(trouble: Trouble) -> Fault {
    Fault { target: FaultTarget::AdminCall { method: http::Method::POST, path: "/users".into() }, trouble, times: 1 }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_that_does_not_answer_or_answers_nonsense_is_said_to_be_unavailable() {
    for (trouble, fault) in [
        (Trouble::Status(500), "thinkific_unavailable"),
        (Trouble::Status(520), "thinkific_unavailable"),
        (Trouble::Cut, "thinkific_unavailable"),
        (Trouble::Delay(Duration::from_millis(3200)), "thinkific_unavailable"),
        (Trouble::Status(200), "thinkific_answer_strange"),
        (Trouble::Status(302), "thinkific_answer_strange"),
    ] {
        let world = World::start().await;
        trouble_then_fine(&world, trouble, fault).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_school_is_tried_again_after_its_reset() {
    let world = World::start().await;
    world.thinkific.fail_next(Trouble::RateLimited(Duration::from_secs(10)));
    let browser = world.browser();
    let page = world.log_in(&browser, MARY).await;
    assert!((9..=11).contains(&waits(&page)));
    world.advance(11);
    world.signed_in(&goes_on(&browser, &page).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_of_twenty_new_people_arrives_at_once() {
    let world = World::start().await;
    let mut class = Vec::new();
    for n in 0..20 {
        let login = format!("pupil.{n}");
        world.pingfederate.add_person(Person::new(&login, &format!("{login}@pg.com"), "A", "Pupil", ""));
        let browser = world.browser();
        let answer = world.answer(&browser, &login, "").await;
        class.push((browser, answer));
    }
    // As slow as the real one, which takes ten calls at once.
    let slow = Trouble::Delay(Duration::from_millis(250));
    world.thinkific.inject(Fault { target: FaultTarget::Admin, trouble: slow, times: 200 });
    let pages = join_all(class.iter().map(|(browser, answer)| answer.post(browser))).await;
    for (n, ((browser, _), page)) in class.iter().zip(pages).enumerate() {
        // Whom the school has turned away four times within a second waits a little longer.
        let is_waiting = page.header("refresh").is_some();
        let page = if is_waiting {
            world.advance(waits(&page));
            goes_on(browser, &page).await
        } else {
            page
        };
        world.signed_in(&page, &format!("pupil.{n}@pg.com"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_school_lets_known_people_in_all_the_same() {
    let world = World::with_mary().await;
    world.thinkific.fail_next(Trouble::RateLimited(Duration::from_secs(60)));
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_422_is_a_fault_and_never_a_token() {
    for shape in [
        UnprocessableShape::FieldLists,
        UnprocessableShape::FieldStrings,
        UnprocessableShape::Sentences,
        UnprocessableShape::FieldNames,
    ] {
        let world = World::start().await;
        world.thinkific.answer_unprocessable_as(shape);
        let trouble = Trouble::Unprocessable { field: "first_name".into(), message: "is invalid".into() };
        world.thinkific.inject(on_create(trouble));
        world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "thinkific_refused_account");
        assert_eq!(world.launches(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_made_although_the_answer_was_lost_is_found_by_the_next_login() {
    let world = World::start().await;
    world.thinkific.inject(on_create(Trouble::ApplyThenCut));
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "thinkific_unavailable");
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let accounts = world.thinkific.users().into_iter().filter(|user| user.email == MARYS_EMAIL).count();
    assert_eq!(accounts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_api_key_is_refused_until_it_is_put_and_counts_at_once_after() {
    let world = World::start().await;
    let key = ApiKey::new("fedcba9876543210fedcba9876543210");
    world.thinkific.rotate_api_key(key.clone());
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "thinkific_key_refused");
    let school = SecretName::Thinkific(SchoolId::parse("pg-academy").unwrap());
    world.operator.put_secret(&school, SecretText::new(key.expose()).unwrap()).await.unwrap();
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_sent_back_by_the_school_learns_it_and_the_login_says_so() {
    let world = World::with_mary().await;
    let refuse = Trouble::Unprocessable { field: "email".into(), message: "is invalid".into() };
    world.thinkific.inject(Fault { target: FaultTarget::Sso, trouble: refuse, times: 1 });
    let browser = world.browser();
    let page = world.log_in(&browser, MARY).await;
    world.refused_and_traced(&page, "thinkific_sent_back");
    let again = page.link("Try again").unwrap();
    world.signed_in(&browser.get(again.as_str()).await.unwrap(), MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_without_a_login_says_nothing_about_any() {
    let world = World::start().await;
    let to = |path: &str| format!("{}{path}", world.url());
    let unknown = world.browser().get(&to("/return?login=000000000000&message=x")).await.unwrap();
    world.refused(&unknown, "login_unknown");
    world.refused(&world.browser().get(&to("/return")).await.unwrap(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_at_the_school() {
    let world = World::with_mary().await;
    let browser = world.browser();
    world.signed_in(&world.log_in(&browser, MARY).await, MARYS_EMAIL);
    let page = browser.get(&format!("{}/sign-out/pg", world.url())).await.unwrap();
    assert!(page.text().contains("You are not signed in"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_that_takes_too_long_ends_in_a_page_before_the_gateway_gives_up() {
    let world = World::start().await;
    let browser = world.browser();
    let ticket = world.ticket(&browser, MARY, "").await;
    let slow = Trouble::Delay(Duration::from_millis(2900));
    world.thinkific.inject(Fault { target: FaultTarget::Admin, trouble: slow, times: 9 });
    world.thinkific.add_user(stoa_sandbox::thinkific::NewUser::student(MARYS_EMAIL, "Mary", "Miller"));
    world.refused(&go_on(&browser, &ticket).await, "deadline_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn c181_an_address_that_is_too_long_is_a_fault_and_not_a_broken_redirect() {
    let world = World::with_mary().await;
    let school = aws::matching(&world, Table::Connections, "school#").remove(0);
    let mut document: serde_json::Value = serde_json::from_str(school["document"]["S"].as_str().unwrap()).unwrap();
    document["base_url"] = format!("{}/{}", world.thinkific.school_url(), "a".repeat(8000)).into();
    let text = serde_json::json!({"S": document.to_string()});
    aws::set(&world, Table::Connections, "school#", "document", text).await;
    world.refused_and_traced(&world.log_in(&world.browser(), MARY).await, "token_too_long");
}
