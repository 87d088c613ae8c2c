//! The token that the school is given (part H of the catalogue).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use url::Url;

use crate::steps::{MARY, MARYS_EMAIL, World};

fn claims(world: &World) -> Map<String, Value> {
    world.thinkific.sso_attempts().pop().unwrap().claims.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c177_a_token_is_short_lived_unique_and_as_documented() {
    let world = World::with_mary().await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
        let claims = claims(&world);
        let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert!(iat < jiff::Timestamp::now().as_second() && exp - iat <= 65, "{iat} to {exp}");
        assert!(seen.insert(claims["jti"].as_str().unwrap().to_owned()), "the same jti twice");
        let names: Vec<_> = claims.keys().map(String::as_str).collect();
        assert_eq!(names, ["email", "exp", "external_id", "first_name", "iat", "jti", "last_name"]);
    }
}

/// The key is used as text although it looks like hexadecimal digits, and the algorithm is the one that Thinkific takes.
#[tokio::test(flavor = "multi_thread")]
async fn c177_a_token_is_an_hs256_under_the_key_as_it_was_given() {
    let world = World::with_mary().await;
    let page = world.log_in(&world.browser(), MARY).await;
    let carrier = page.hops.iter().find_map(|hop| hop.url.query_pairs().find(|(name, _)| name == "jwt")).unwrap().1;
    let (signed, signature) = carrier.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header, json!({"typ": "JWT", "alg": "HS256"}));
    let key = world.thinkific.api_key();
    assert!(key.expose().bytes().all(|byte| byte.is_ascii_hexdigit()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes())), signature);
}

#[tokio::test(flavor = "multi_thread")]
async fn c178_the_token_is_shown_to_the_school_alone() {
    let world = World::with_mary().await;
    let page = world.log_in(&world.browser(), MARY).await;
    world.signed_in(&page, MARYS_EMAIL);
    let carriers: Vec<_> =
        page.hops.iter().filter(|hop| hop.url.query().is_some_and(|query| query.contains("jwt="))).collect();
    assert_eq!(carriers.len(), 1);
    assert_eq!(carriers[0].url.host_str(), Some(stoa_sandbox::thinkific::HOST));
}

#[tokio::test(flavor = "multi_thread")]
async fn c179_the_school_is_told_of_addresses_of_its_own_and_ours_only() {
    let world = World::with_mary().await;
    let page = world.log_in_to(&world.browser(), MARY, "?return_to=https://evil.example/courses/").await;
    let sso = page.hops.iter().find(|hop| hop.url.path() == "/api/sso/v2/sso/jwt").unwrap();
    for (name, home) in [("return_to", world.thinkific.school_url()), ("error_url", world.url())] {
        let (_, given) = sso.url.query_pairs().find(|(own, _)| own == name).unwrap();
        assert_eq!(Url::parse(&given).unwrap().origin(), Url::parse(&home).unwrap().origin(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c180_no_attribute_becomes_a_claim_by_its_name() {
    let world = World::with_mary().await;
    let honest = claims_after(&world).await;
    world.pingfederate.edit_person(MARY, |person| {
        person.others = ["external_id", "iat", "exp", "jti", "roles", "bio", "company", "provider", "timezone"]
            .map(|name| (name.to_owned(), vec!["1".to_owned()]))
            .into();
    });
    assert_eq!(claims_after(&world).await, honest);
}

/// The claims of a login, without those that differ each time.
async fn claims_after(world: &World) -> Map<String, Value> {
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let mut claims = claims(world);
    for changing in ["iat", "exp", "jti"] {
        claims.remove(changing);
    }
    claims
}
