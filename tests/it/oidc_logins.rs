//! Logins by OpenID Connect that arrive, however the browser, the provider's keys and our settings behave meanwhile.

use futures_util::future::join_all;
use serde_json::json;
use stoa_core::connection::ConnectionState;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{Fault, FaultKind};
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::{
    Client, Defect, Endpoint, FOREIGN_TENANT, GLOBEX, GLOBEX_TENANT, HOOLI, INITECH, PG_OIDC, Product, Realm,
};

use crate::aws;
use crate::oidc::{answer, as_it_comes, connected, ends, log_in, login_url, our_calls};
use crate::steps::{MARYS_EMAIL, World, go_on};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_each_product_arrives() {
    for (example, email) in [(&PG_OIDC, MARYS_EMAIL), (&GLOBEX, "mila@globex.com"), (&INITECH, "peter@initech.com")] {
        let world = as_it_comes(example).await;
        let page = log_in(&world, example, &world.browser(), "?return_to=/courses/take/welcome").await;
        world.signed_in(&page, email);
        assert_eq!(page.url.path(), "/courses/take/welcome", "{}", example.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_makes_one_call_or_two_and_reads_no_discovery_document() {
    let world = as_it_comes(&PG_OIDC).await;
    log_in(&world, &PG_OIDC, &world.browser(), "").await;
    assert_eq!(our_calls(&world), [Endpoint::Token, Endpoint::UserInfo]);
    world.openid.edit_client(Product::PingFederate, PG_OIDC.client_id, |client| client.thin = false);
    world.advance(3600);
    log_in(&world, &PG_OIDC, &world.browser(), "").await;
    assert_eq!(our_calls(&world), [Endpoint::Token]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c163_what_is_asked_for() {
    let world = connected(&PG_OIDC, |file| file.replace("client_id", "prompt = \"login\"\nclient_id")).await;
    let browser = world.browser();
    let page = log_in(&world, &PG_OIDC, &browser, "?login_hint=miller.m@pg.com").await;
    world.signed_in(&page, MARYS_EMAIL);
    let request = world.openid.requests().pop().unwrap();
    assert_eq!(request["response_type"], "code");
    assert_eq!(request["client_id"], PG_OIDC.client_id);
    assert_eq!(request["redirect_uri"], format!("{}/oidc/pg-oidc/callback", world.url()));
    assert_eq!(request["scope"], "openid profile email");
    assert_eq!((request["code_challenge_method"].as_str(), request["code_challenge"].len()), ("S256", 43));
    assert_eq!((request["state"].len(), request["nonce"].len()), (43, 43));
    assert_eq!((request["prompt"].as_str(), request["pfidpadapterid"].as_str()), ("login", "OAuth"));
    assert_eq!(request["login_hint"], "miller.m@pg.com");
    ends(&world, &PG_OIDC, &[(Defect::AuthTimeOld, "oidc_authentication_too_old")]).await;
    for hint in ["miller.m", "a b@pg.com", ""] {
        log_in(&world, &PG_OIDC, &world.browser(), &format!("?login_hint={hint}")).await;
        assert!(!world.openid.requests().pop().unwrap().contains_key("login_hint"), "{hint:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_of_the_login_is_lax() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let stopped = browser.following(Follow::Nothing);
    let page = stopped.get(&login_url(&world, &PG_OIDC, "")).await.unwrap();
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-l-") && cookie.contains("SameSite=Lax"), "{cookie}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_reload_of_the_callback_arrives_before_the_launch_and_once_after_it() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "?return_to=/courses/take/welcome").await;
    // Twice: the second time nobody asks the provider.
    go_on(&browser.following(Follow::Nothing), &back).await;
    let page = go_on(&browser, &back).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    // After the launch: one fresh login to the same place.
    let page = go_on(&browser, &back).await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
    assert_eq!(world.faults(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn c164_a_reload_while_the_first_request_is_under_way_arrives() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    world.openid.next_defect(Defect::TokenSlow);
    let back = answer(&world, &PG_OIDC, &browser, "?return_to=/courses/take/welcome").await;
    // The browser does not wait for the first answer, so its cookie is lost.
    let first = browser.with_stolen_cookies();
    let (_, page) = tokio::join!(go_on(&first, &back), go_on(&browser, &back));
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(page.url.path(), "/courses/take/welcome");
}

#[tokio::test(flavor = "multi_thread")]
async fn c136_c147_an_answer_in_another_browser_is_to_no_login() {
    let world = as_it_comes(&PG_OIDC).await;
    let (browser, other) = (world.browser(), world.browser());
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    answer(&world, &PG_OIDC, &other, "").await;
    world.refused(&go_on(&other, &back).await, "oidc_state_unknown");
    assert!(!our_calls(&world).contains(&Endpoint::Token), "a stranger's code was exchanged");
    world.signed_in(&go_on(&browser, &back).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c137_two_tabs_each_end_at_their_own_destination() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let one = answer(&world, &PG_OIDC, &browser, "?return_to=/courses/one").await;
    let two = answer(&world, &PG_OIDC, &browser, "?return_to=/courses/two").await;
    assert_eq!(go_on(&browser, &two).await.url.path(), "/courses/two");
    assert_eq!(go_on(&browser, &one).await.url.path(), "/courses/one");
}

#[tokio::test(flavor = "multi_thread")]
async fn c158_an_answer_at_another_connections_callback_is_to_no_login() {
    let world = as_it_comes(&PG_OIDC).await;
    world.connect_openid(&INITECH, str::to_owned).await.unwrap();
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    let address = back.header("location").unwrap().replace("/oidc/pg-oidc/", "/oidc/initech/");
    world.refused(&browser.get(&address).await.unwrap(), "oidc_state_unknown");
    assert_eq!(our_calls(&world), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn c168_a_login_that_began_with_another_client_does_not_go_on() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    world.connect_openid(&PG_OIDC, |file| file.replace("(test)", "(other)")).await.unwrap();
    world.advance(61);
    world.refused(&go_on(&browser, &back).await, "oidc_state_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_callback_of_a_disabled_connection_is_refused() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    world.set_state("pg-oidc", ConnectionState::Disabled).await;
    world.advance(61);
    world.refused(&go_on(&browser, &back).await, "connection_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_in_a_frame_or_in_advance_uses_nothing_up() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    let address = back.header("location").unwrap();
    world.refused(&browser.frame(&back, address).await.unwrap(), "framed");
    assert_eq!(browser.with_header("sec-purpose", "prefetch").get(address).await.unwrap().status, 204);
    world.signed_in(&go_on(&browser, &back).await, MARYS_EMAIL);
}

#[tokio::test(flavor = "multi_thread")]
async fn c150_a_posted_answer_has_no_route() {
    let world = as_it_comes(&PG_OIDC).await;
    world.openid.next_defect(Defect::ModeFormPost);
    let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.refused(&page, "method_not_allowed");
    assert!(our_calls(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_a_sudden_new_key_costs_one_fetch_and_fails_no_login() {
    let world = as_it_comes(&PG_OIDC).await;
    let browsers: Vec<Browser> = (0..20).map(|_| world.browser()).collect();
    world.openid.rotate_keys(Product::PingFederate);
    let pages = join_all(browsers.iter().map(|browser| log_in(&world, &PG_OIDC, browser, ""))).await;
    let failed: Vec<&Page> = pages.iter().filter(|page| !page.text().contains(MARYS_EMAIL)).collect();
    assert!(failed.is_empty(), "{:?}", world.faults());
    assert_eq!(our_calls(&world).iter().filter(|endpoint| **endpoint == Endpoint::Jwks).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_an_unknown_key_is_asked_for_once_a_minute() {
    let world = as_it_comes(&PG_OIDC).await;
    let fetches = async |expected: usize| {
        world.openid.next_defect(Defect::KidUnknown);
        world.refused_and_traced(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "oidc_key_unknown");
        assert_eq!(our_calls(&world).iter().filter(|call| **call == Endpoint::Jwks).count(), expected);
    };
    fetches(1).await;
    fetches(0).await;
    world.advance(61);
    fetches(1).await;
}

/// Each id with the key of another: what stoa has kept of a provider that replaces a key under its name.
#[tokio::test(flavor = "multi_thread")]
async fn c154_a_new_key_under_the_old_name_costs_one_fetch_and_fails_no_login() {
    let world = as_it_comes(&PG_OIDC).await;
    let stored = aws::matching(&world, Table::Trust, PG_OIDC.id)[0]["jwks"]["S"].as_str().unwrap().to_owned();
    let mut set: serde_json::Value = serde_json::from_str(&stored).unwrap();
    for key in set["keys"].as_array_mut().unwrap() {
        if let Some(modulus) = key["n"].as_str().map(|text| format!("{}AAAA{}", &text[..100], &text[104..])) {
            key["n"] = json!(modulus);
        }
    }
    aws::set(&world, Table::Trust, PG_OIDC.id, "jwks", json!({ "S": set.to_string() })).await;
    let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.signed_in(&page, MARYS_EMAIL);
    assert_eq!(our_calls(&world).iter().filter(|endpoint| **endpoint == Endpoint::Jwks).count(), 1);
    // A signature that is wrong all the same asks once a minute.
    for (seconds, expected) in [(0, 0), (61, 1), (0, 0)] {
        world.advance(seconds);
        world.openid.next_defect(Defect::SignedByAnotherKey);
        let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
        world.refused_and_traced(&page, "oidc_signature_wrong");
        assert_eq!(our_calls(&world).iter().filter(|call| **call == Endpoint::Jwks).count(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c154_a_lost_reply_to_the_wish_to_fetch_a_key_fails_no_login() {
    let world = as_it_comes(&PG_OIDC).await;
    world.openid.rotate_keys(Product::PingFederate);
    // The first claims the code.
    let lost = Fault::next("oidc-callback", "dynamodb:UpdateItem", FaultKind::ApplyThenCutConnection).after(1);
    world.front.inject(lost);
    let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.signed_in(&page, MARYS_EMAIL);
}

/// What a function whose clock had run ahead by a year has left in the table.
async fn written_next_year(world: &World, attribute: &str) {
    let next_year = (jiff::Timestamp::now().as_second() + 365 * 24 * 3600).to_string();
    aws::set(world, Table::Trust, PG_OIDC.id, attribute, json!({ "N": next_year })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c175_a_clock_that_ran_ahead_shuts_no_new_key_out() {
    let world = as_it_comes(&PG_OIDC).await;
    written_next_year(&world, "tried").await;
    world.openid.rotate_keys(Product::PingFederate);
    let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.signed_in(&page, MARYS_EMAIL);
    written_next_year(&world, "at").await;
    world.openid.announce_next_key(Product::PingFederate);
    world.refresh_trust().await.unwrap();
    let realm = Realm::of(Product::PingFederate);
    assert_eq!(aws::matching(&world, Table::Trust, PG_OIDC.id)[0]["jwks"]["S"], world.openid.jwks(&realm));
}

/// A function may hold the connection as it was before, for a minute.
#[tokio::test(flavor = "multi_thread")]
async fn c168_the_keys_of_a_former_address_do_not_come_back() {
    let world = as_it_comes(&PG_OIDC).await;
    log_in(&world, &PG_OIDC, &world.browser(), "").await;
    let elsewhere = format!("{}?elsewhere", world.openid.jwks_url(&Realm::of(Product::PingFederate)));
    world.openid.change_discovery(Product::PingFederate, json!({ "jwks_uri": elsewhere }));
    world.connect_openid(&PG_OIDC, str::to_owned).await.unwrap();
    let keys = || aws::matching(&world, Table::Trust, PG_OIDC.id)[0]["jwks"].clone();
    let applied = keys();
    world.openid.rotate_keys(Product::PingFederate);
    world.refused_and_traced(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "oidc_key_unknown");
    assert_eq!(keys(), applied);
    world.advance(61);
    let page = log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.signed_in(&page, MARYS_EMAIL);
}

/// Globex as an application for several tenants.
fn several_tenants(file: &str) -> String {
    let tenants = format!(
        "discovery_url = \"https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration\"\ntenants = [\"{GLOBEX_TENANT}\"]\nclient_id"
    );
    file.replace(&format!("{GLOBEX_TENANT}/v2.0"), "{tenantid}/v2.0").replacen("client_id", &tenants, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn c157_c170_people_of_another_tenant_are_refused_whatever_their_address() {
    let world = connected(&GLOBEX, several_tenants).await;
    let everybody = |client: &mut Client| client.tenants.push(FOREIGN_TENANT.to_owned());
    world.openid.edit_client(Product::Entra, GLOBEX.client_id, everybody);
    world.signed_in(&log_in(&world, &GLOBEX, &world.browser(), "").await, "mila@globex.com");
    ends(
        &world,
        &GLOBEX,
        &[(Defect::TenantOther, "oidc_tenant_foreign"), (Defect::TenantMismatch, "oidc_issuer_wrong")],
    )
    .await;
    // Mallory has a tenant of her own, and has written Mila's address into it.
    let mut mallory = GLOBEX;
    mallory.person = "mallory@evil.example";
    let before = world.launches();
    world.refused_and_traced(&log_in(&world, &mallory, &world.browser(), "").await, "oidc_tenant_foreign");
    assert_eq!(world.launches(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn c171_a_subject_in_other_letters_is_another_person() {
    let world = as_it_comes(&PG_OIDC).await;
    world.signed_in(&log_in(&world, &PG_OIDC, &world.browser(), "").await, MARYS_EMAIL);
    ends(&world, &PG_OIDC, &[(Defect::SubjectCase, "email_owned")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c158_a_provider_that_names_itself_must_do_so_each_time() {
    let world = as_it_comes(&HOOLI).await;
    world.signed_in(&log_in(&world, &HOOLI, &world.browser(), "").await, HOOLI.person);
    assert_eq!(our_calls(&world), [Endpoint::Token]);
    ends(
        &world,
        &HOOLI,
        &[
            (Defect::ResponseIssuerMissing, "oidc_response_issuer_missing"),
            (Defect::ResponseIssuerOther, "oidc_response_issuer_wrong"),
            (Defect::EmailVerifiedMissing, "oidc_email_unverified"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c170_a_private_account_under_the_company_s_address_is_refused() {
    let world = as_it_comes(&HOOLI).await;
    for (person, fault) in [
        ("erlich@hooli.example", "oidc_hosted_domain_foreign"),
        ("somebody@gmail.com", "oidc_hosted_domain_foreign"),
        // The Workspace counts, and then the address, which may be in another domain of it.
        ("gavin@hooli.test", ""),
    ] {
        let mut somebody = HOOLI;
        somebody.person = person;
        let page = log_in(&world, &somebody, &world.browser(), "").await;
        match fault {
            "" => world.signed_in(&page, person),
            fault => world.refused_and_traced(&page, fault),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c133_a_callback_after_the_login_was_swept_is_refused() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    aws::delete(&world, Table::Logins, "").await;
    world.refused(&go_on(&browser, &back).await, "login_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_took_longer_than_half_an_hour_is_refused() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = Browser::new();
    // The provider's code lasts a minute, so its clock is set for it to be young.
    const HALF_AN_HOUR: jiff::SignedDuration = jiff::SignedDuration::from_secs(1801);
    world.openid.clock().advance(HALF_AN_HOUR);
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    world.advance(1801);
    world.openid.clock().advance(-HALF_AN_HOUR);
    world.refused(&go_on(&browser, &back).await, "login_expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn c132_a_draft_takes_test_logins_only_and_they_reach_no_school() {
    let world = as_it_comes(&PG_OIDC).await;
    world.set_state("pg-oidc", ConnectionState::Draft).await;
    world.advance(61);
    world.refused(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "connection_not_active");
    let before = world.launches();
    let page = log_in(&world, &PG_OIDC, &world.browser(), "?test=1").await;
    assert_eq!((page.status, page.url.host_str()), (200, Some(stoa_sandbox::sandbox::HOST)), "{}", page.text());
    assert_eq!(world.faults(), [""; 0]);
    assert_eq!(world.launches(), before);
}
