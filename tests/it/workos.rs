//! Logins through WorkOS: what its environment sends, and everything that may be wrong with it.

use stoa_core::connection::ConnectionState;
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::workos::{Answer, CONNECTION, Defect, ORGANIZATION};

use crate::steps::{World, go_on};

const ADA: &str = "00u1a";
pub const ADAS_EMAIL: &str = "ada.wong@umbrella.example";

/// A sandbox with the customer whose identity provider stands behind WorkOS. Ada signs on.
pub async fn umbrella() -> World {
    umbrella_with(str::to_owned).await
}

async fn umbrella_with(change: fn(&str) -> String) -> World {
    let world = World::start().await;
    world.connect_workos(change).await.unwrap();
    world.workos.sign_on_as(ADA);
    world.forget();
    world
}

fn login_url(world: &World) -> String {
    format!("{}/login/umbrella", world.url())
}

async fn log_in(world: &World, browser: &Browser) -> Page {
    browser.get(&login_url(world)).await.unwrap()
}

/// A login up to WorkOS's redirect to the callback, which is not followed.
async fn answer(world: &World, browser: &Browser) -> Page {
    let stopping = browser.following(Follow::Nothing);
    let page = go_on(&stopping, &stopping.get(&login_url(world)).await.unwrap()).await;
    assert!(page.header("location").unwrap().contains("/oidc/umbrella/callback?"), "{}", page.text());
    page
}

/// A parameter of the address to which a page redirects.
fn parameter(page: &Page, name: &str) -> String {
    let location = page.url.join(page.header("location").unwrap()).unwrap();
    let found = location.query_pairs().find(|(own, _)| own == name);
    found.unwrap_or_else(|| panic!("no {name} in {location}")).1.into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_customer_arrives_where_they_wanted() {
    let world = umbrella().await;
    let address = format!("{}?return_to=/courses/take/welcome", login_url(&world));
    let page = world.browser().get(&address).await.unwrap();
    world.signed_in(&page, ADAS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    world.workos.sign_on_as("00u1b");
    world.signed_in(&log_in(&world, &world.browser()).await, "wesker@umbrella.example");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_costs_one_call_of_workos() {
    let world = umbrella().await;
    world.signed_in(&log_in(&world, &world.browser()).await, ADAS_EMAIL);
    let calls: Vec<_> = world.workos.take_calls().into_iter().map(|it| (it.method, it.path, it.status)).collect();
    assert_eq!(calls, [("POST".to_owned(), "/sso/token".to_owned(), 200)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_be_whole_or_have_only_what_a_login_needs() {
    let world = umbrella().await;
    for form in [Answer::Whole, Answer::Short] {
        world.workos.answer(form);
        world.signed_in(&log_in(&world, &world.browser()).await, ADAS_EMAIL);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c163_the_request_binds_the_code_to_this_browser() {
    let world = umbrella().await;
    let stopping = world.browser().following(Follow::Nothing);
    let page = stopping.get(&format!("{}?login_hint=ada%40umbrella.example", login_url(&world))).await.unwrap();
    assert!(page.header("location").unwrap().starts_with(&format!("{}/sso/authorize?", world.workos.url())));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", world.workos.client_id()),
        ("connection", CONNECTION),
        ("code_challenge_method", "S256"),
        ("login_hint", "ada@umbrella.example"),
        ("redirect_uri", &format!("{}/oidc/umbrella/callback", world.url())),
    ] {
        assert_eq!(parameter(&page, name), value);
    }
    assert_eq!(parameter(&page, "code_challenge").len(), 43);
    // WorkOS takes one selector.
    assert!(!page.header("location").unwrap().contains("organization="));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_alone_selects_its_connection() {
    let world = umbrella_with(|text| text.replace("connection = \"conn_01UMBRELLA\"\n", "")).await;
    world.signed_in(&log_in(&world, &world.browser()).await, ADAS_EMAIL);
    // Without a connection, with two, and with one that is not linked yet.
    for organization in ["org_01NONE", "org_01TWO", "org_01PENDING", "org_01GONE"] {
        let text =
            |text: &str| text.replace("connection = \"conn_01UMBRELLA\"\n", "").replace(ORGANIZATION, organization);
        world.connect_workos(text).await.unwrap();
        world.advance(61);
        world.refused_and_traced(&log_in(&world, &world.browser()).await, "workos_set_up_wrong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_cancels_is_told_so() {
    let world = umbrella().await;
    world.workos.ask();
    let browser = world.browser();
    let page = log_in(&world, &browser).await;
    let page = browser.press(&page, &page.forms[0], "Cancel").await.unwrap();
    world.refused_and_traced(&page, "oidc_access_denied");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_answer_has_its_own_fault() {
    let world = umbrella().await;
    for (defect, fault) in [
        (Defect::AccessDenied, "oidc_access_denied"),
        (Defect::AmbiguousConnectionSelector, "workos_set_up_wrong"),
        (Defect::ConnectionDomainInvalid, "workos_set_up_wrong"),
        (Defect::ConnectionInvalid, "workos_set_up_wrong"),
        (Defect::ConnectionStrategyInvalid, "workos_set_up_wrong"),
        (Defect::ConnectionUnlinked, "workos_set_up_wrong"),
        (Defect::IdpInitiatedSsoDisabled, "idp_initiated_off"),
        (Defect::InvalidConnectionSelector, "workos_set_up_wrong"),
        (Defect::OrganizationInvalid, "workos_set_up_wrong"),
        (Defect::OauthFailed, "oidc_provider_failed"),
        (Defect::ProfileNotAllowedOutsideOrganization, "workos_profile_foreign"),
        (Defect::ServerError, "oidc_provider_failed"),
        (Defect::SigninConsentDenied, "oidc_access_denied"),
        (Defect::UnknownError, "oidc_error_unknown"),
        (Defect::ErrorWithCode, "oidc_error_with_code"),
        (Defect::OtherOrganization, "workos_profile_foreign"),
        (Defect::OtherConnection, "workos_profile_foreign"),
        (Defect::NoOrganization, "workos_profile_foreign"),
        (Defect::EmptyEmail, "email_missing"),
        (Defect::NoEmail, "email_missing"),
        (Defect::NoIdpId, "subject_missing"),
        (Defect::NoProfile, "oidc_token_answer_strange"),
        (Defect::TokenInvalidGrant, "oidc_code_refused"),
        (Defect::TokenInvalidClient, "oidc_client_refused"),
        (Defect::TokenUnauthorized, "oidc_client_refused"),
        (Defect::TokenUnprocessable, "oidc_token_request_refused"),
        (Defect::TokenBusy, "oidc_token_endpoint_unavailable"),
        (Defect::TokenFails, "oidc_token_endpoint_unavailable"),
        (Defect::TokenHtml, "oidc_token_answer_strange"),
        (Defect::TokenRedirect, "oidc_token_answer_strange"),
        (Defect::TokenHuge, "oidc_token_answer_strange"),
        (Defect::TokenCut, "oidc_token_endpoint_unavailable"),
    ] {
        world.workos.next_defect(defect);
        let page = log_in(&world, &world.browser()).await;
        world.refused_and_traced(&page, fault);
        assert!(!page.text().contains("Chosen in the simulator"), "the description is shown");
        assert!(world.workos.take_calls().len() <= 1, "{defect:?}: called twice");
    }
    assert_eq!(world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_no_login_is_refused_before_anything_is_asked() {
    let world = umbrella().await;
    for (defect, fault) in [
        (Defect::CodeTwice, "oidc_response_malformed"),
        (Defect::NoCode, "oidc_response_empty"),
        (Defect::OtherState, "oidc_state_unknown"),
    ] {
        world.workos.next_defect(defect);
        world.refused(&log_in(&world, &world.browser()).await, fault);
        assert_eq!(world.workos.take_calls(), [], "{defect:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_endpoint_that_hangs_is_given_up_in_time() {
    let world = umbrella().await;
    world.workos.next_defect(Defect::TokenSlow);
    let began = std::time::Instant::now();
    let page = log_in(&world, &world.browser()).await;
    world.refused_and_traced(&page, "oidc_token_endpoint_unavailable");
    assert!(began.elapsed().as_secs() < 8, "the soft deadline came first");
    world.signed_in(&log_in(&world, &world.browser()).await, ADAS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c103_a_login_that_began_at_the_identity_provider_becomes_one_of_ours() {
    let world = umbrella().await;
    let page = world.browser().get(&world.workos.start_url(CONNECTION)).await.unwrap();
    world.signed_in(&page, ADAS_EMAIL);
    assert!(page.hops.iter().any(|hop| hop.url.path() == "/login/umbrella"), "no login of ours: {:#?}", page.hops);
    // The code that came without a state was never redeemed.
    assert_eq!(world.workos.take_calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c147_states_that_are_always_lost_do_not_go_round_for_ever() {
    let world = umbrella().await;
    for _ in 0..10 {
        world.workos.next_defect(Defect::NoState);
    }
    let page = log_in(&world, &world.browser()).await;
    world.refused(&page, "oidc_state_missing");
    assert_eq!(world.workos.take_calls(), []);
    assert_eq!(world.launches(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c147_an_answer_counts_only_in_the_browser_that_asked() {
    let world = umbrella().await;
    let (browser, other) = (world.browser(), world.browser());
    let page = answer(&world, &browser).await;
    world.refused(&go_on(&other, &page).await, "oidc_state_unknown");
    assert_eq!(world.workos.take_calls(), []);
    world.signed_in(&go_on(&browser, &page).await, ADAS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_code_that_was_put_into_another_browser_s_login_is_refused() {
    let world = umbrella().await;
    let (thief, victim) = (world.browser(), world.browser());
    let stolen = parameter(&answer(&world, &thief).await, "code");
    let own = answer(&world, &victim).await;
    let forged = format!("{}/oidc/umbrella/callback?code={stolen}&state={}", world.url(), parameter(&own, "state"));
    world.refused_and_traced(&victim.get(&forged).await.unwrap(), "oidc_code_refused");
    // What was refused ends nothing.
    world.signed_in(&go_on(&victim, &own).await, ADAS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_second_code_for_one_login_is_refused() {
    let world = umbrella().await;
    let browser = world.browser();
    let stopping = browser.following(Follow::Nothing);
    let request = stopping.get(&login_url(&world)).await.unwrap();
    let (first, second) = (go_on(&stopping, &request).await, go_on(&stopping, &request).await);
    assert_ne!(parameter(&first, "code"), parameter(&second, "code"));
    world.signed_in(&go_on(&browser, &first).await, ADAS_EMAIL);
    world.refused_and_traced(&go_on(&browser, &second).await, "login_replayed");
    assert_eq!(world.launches(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_of_the_callback_arrives_before_the_launch_and_after_it() {
    let world = umbrella().await;
    let browser = world.browser();
    let page = answer(&world, &browser).await;
    let ticket = go_on(&browser.following(Follow::Nothing), &page).await;
    assert_eq!(ticket.status, 303, "{}", ticket.text());
    // Before the launch: the ticket of the first time is in the cookie.
    world.signed_in(&go_on(&browser, &page).await, ADAS_EMAIL);
    assert_eq!(world.launches(), 1);
    // After it: one fresh login.
    world.signed_in(&go_on(&browser, &page).await, ADAS_EMAIL);
    assert_eq!(world.launches(), 2);
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c168_a_login_begun_with_another_client_is_nobody_s() {
    let world = umbrella().await;
    let browser = world.browser();
    let page = answer(&world, &browser).await;
    world.connect_workos(|text| text.replace("client_01SANDBOX", "client_01OTHER")).await.unwrap();
    world.advance(61);
    world.refused(&go_on(&browser, &page).await, "oidc_state_unknown");
    assert_eq!(world.workos.take_calls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_disabled_connection_takes_no_answer() {
    let world = umbrella().await;
    let browser = world.browser();
    let page = answer(&world, &browser).await;
    world.set_state("umbrella", ConnectionState::Disabled).await;
    world.advance(61);
    world.refused(&go_on(&browser, &page).await, "connection_disabled");
    assert_eq!(world.workos.take_calls(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_outside_the_domain_or_the_groups_is_not_admitted() {
    let world = umbrella_with(|text| text.replace("[workos]", "[admit]\ngroups = [\"Learners\"]\n\n[workos]")).await;
    for (person, fault) in [("00u1c", "email_domain_foreign"), ("00u1d", "group_not_admitted")] {
        world.workos.sign_on_as(person);
        world.refused_and_traced(&log_in(&world, &world.browser()).await, fault);
    }
    world.workos.sign_on_as(ADA);
    world.signed_in(&log_in(&world, &world.browser()).await, ADAS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapped_attribute_can_be_the_subject() {
    let world =
        umbrella_with(|text| text.replace("[workos]", "[subject]\nfrom = \"custom.department\"\n\n[workos]")).await;
    world.signed_in(&log_in(&world, &world.browser()).await, ADAS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_api_key_is_ours_to_mend() {
    let world = umbrella().await;
    let (id, key) = (stoa_core::ids::ConnectionId::parse("umbrella").unwrap(), "sk_test_wrong");
    let secret = stoa_service::operator::SecretText::new(key).unwrap();
    world.operator.put_secret(&stoa_service::operator::SecretName::Oidc(id), secret).await.unwrap();
    world.refused_and_traced(&log_in(&world, &world.browser()).await, "oidc_client_refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn c176_neither_the_key_nor_a_code_is_in_a_log_line_or_an_item() {
    let world = umbrella().await;
    let browser = world.browser();
    let page = answer(&world, &browser).await;
    let secrets = [parameter(&page, "code"), parameter(&page, "state"), world.workos.api_key().expose().to_owned()];
    world.signed_in(&go_on(&browser, &page).await, ADAS_EMAIL);
    world.workos.next_defect(Defect::TokenUnauthorized);
    log_in(&world, &world.browser()).await;
    let mut seen = world.log();
    assert!(!seen.is_empty());
    seen.extend(world.front.items(stoa_core::routes::Table::Logins).unwrap().iter().map(ToString::to_string));
    for secret in secrets.iter().map(String::as_str).chain([ADAS_EMAIL, ADA]) {
        assert!(!seen.iter().any(|text| text.contains(secret)), "{secret} in {seen:#?}");
    }
}
