//! Logins that arrive.

use stoa_sandbox::browser::Browser;

use crate::steps::{MARY, MARYS_EMAIL, World};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_new_arrives_where_they_wanted_to_go() {
    let world = World::start().await;
    let page = world.log_in_to(&world.browser(), MARY, "?return_to=/courses/take/safety-basics").await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/safety-basics");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_is_not_allowed_is_replaced_by_the_default() {
    let world = World::start().await;
    for bad in ["https://evil.example/", "/users/sign_out", "//evil.example", "/api/public/v1/users"] {
        let page = world.log_in_to(&world.browser(), MARY, &format!("?return_to={bad}")).await;
        world.signed_in(&page, MARYS_EMAIL);
        assert_eq!(page.url.path(), "/enrollments", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_of_the_customer_arrives_whatever_their_record_looks_like() {
    let world = World::start().await;
    for (login, email) in [
        ("existing.e", "existing@pg.com"),
        ("suharto", "suharto@pg.com"),
        ("frontdesk", "frontdesk@pg.com"),
        ("li.xl", "li.xl@pg.com"),
        ("bak.z", "bak.z@pg.com"),
        ("vandenberg.mc", "vandenberg.mc@pg.com"),
        ("nogroup.n", "nogroup.n@pg.com"),
        ("upper.p", "petra.upper@pg.com"),
    ] {
        world.signed_in(&world.log_in(&world.browser(), login).await, email);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_signs_on_slowly_arrives() {
    let world = World::with_mary().await;
    let browser = world.browser();
    let answer = world.answer(&browser, MARY, "").await;
    world.advance(240);
    world.signed_in(&answer.post(&browser).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_without_scripts_arrives_by_pressing_buttons() {
    let world = World::with_mary().await;
    let browser: Browser = world.browser();
    world.signed_in(&world.answer(&browser, MARY, "").await.post(&browser).await, MARYS_EMAIL);
}
