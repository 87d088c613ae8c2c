//! What somebody can do who knows no more of a login than its reference, which stands in addresses and on screenshots.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use stoa_core::binding::{Pending, SameSite};
use stoa_core::ids::Reference;
use stoa_core::routes::Table;
use stoa_sandbox::browser::{Browser, Follow, Page};
use stoa_sandbox::openid::{PG_OIDC, Product, Realm};
use url::Url;

use crate::aws;
use crate::oidc::{answer, as_it_comes, login_url, our_calls};
use crate::steps::{MARYS_EMAIL, World, go_on};

/// A code that the provider gave to a person for a login that they made up under somebody's reference: the browser that
/// it is for, with the cookie that belongs to it.
async fn under_anothers_reference(world: &World, reference: &str, person: &str) -> (Browser, Page) {
    let forged = Pending::begin(Reference::parse(reference).unwrap(), jiff::Timestamp::now(), [7; 32]);
    let stranger = world.browser().following(Follow::Nothing);
    let begun = stranger.get(&login_url(world, &PG_OIDC, "")).await.unwrap();
    let asked = Url::parse(begun.header("location").unwrap()).unwrap();
    let challenge = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, forged.pkce_verifier().as_bytes()));
    let issuer = world.openid.issuer(&Realm::of(Product::PingFederate));
    let mut request = asked.clone();
    request.query_pairs_mut().clear().extend_pairs(asked.query_pairs().map(|(name, value)| match &*name {
        "state" => (name, forged.oidc_state(&[&issuer, PG_OIDC.client_id]).into()),
        "nonce" => (name, forged.oidc_nonce().into()),
        "code_challenge" => (name, (&*challenge).into()),
        _ => (name, value),
    }));
    world.openid.sign_on_as(PG_OIDC.product, person);
    let answered = stranger.get(request.as_str()).await.unwrap();
    let cookie = forged.set_cookie(SameSite::Lax).leak().split(';').next().unwrap();
    (stranger.with_header("cookie", cookie), answered)
}

#[tokio::test(flavor = "multi_thread")]
async fn c136_who_knows_a_reference_neither_enters_nor_ends_its_login_nor_writes_into_it() {
    let world = as_it_comes(&PG_OIDC).await;
    let browser = world.browser();
    let back = answer(&world, &PG_OIDC, &browser, "").await;
    let before = aws::matching(&world, Table::Logins, "")[0].clone();
    let reference = before["pk"]["S"].as_str().unwrap();
    // One whom the connection would admit, and one whom it would not.
    for person in ["suharto", "partner.p"] {
        let (stranger, answered) = under_anothers_reference(&world, reference, person).await;
        our_calls(&world);
        for _ in 0..2 {
            world.refused(&go_on(&stranger, &answered).await, "login_replayed");
        }
        assert_eq!(our_calls(&world), [], "a code was asked about for a login of another browser");
    }
    assert_eq!(aws::matching(&world, Table::Logins, reference)[0], before);
    world.signed_in(&go_on(&browser, &back).await, MARYS_EMAIL);

    // Nor is a login that has arrived a way to go on for other browsers, or for other codes.
    let (stranger, answered) = under_anothers_reference(&world, reference, "suharto").await;
    world.refused(&go_on(&stranger, &answered).await, "login_replayed");
    let other_code = back.header("location").unwrap().replace("code=", "code=x");
    world.refused(&browser.get(&other_code).await.unwrap(), "login_replayed");
}
