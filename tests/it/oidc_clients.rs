//! How we prove who we are at a token endpoint, where we do not call at all, and what never gets into a log.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_sandbox::openid::{Algorithm, ClientAuth, ClientSecret, Defect, INITECH, PG_OIDC, Product, Realm};
use stoa_service::operator::{ConnectionFile, SecretName, SecretText};

use crate::oidc::{as_it_comes, connected, ends, log_in};
use crate::steps::{MARYS_EMAIL, World};

const AUTH: &str = "client_auth = ";

fn with_auth(file: &str, method: &str) -> String {
    file.replace("client_id = ", &format!("{AUTH}\"{method}\"\nclient_id = "))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_secret_goes_in_the_header_or_in_the_body() {
    // Okta takes the registered method and no other.
    let world = connected(&INITECH, |file| with_auth(file, "client_secret_post")).await;
    world.refused(&log_in(&world, &INITECH, &world.browser(), "").await, "oidc_client_refused");
    let secret = ClientSecret::new(INITECH.secret);
    world.openid.edit_client(Product::Okta, INITECH.client_id, |client| client.auth = ClientAuth::Post(secret));
    world.signed_in(&log_in(&world, &INITECH, &world.browser(), "").await, "peter@initech.com");
}

/// A key as we keep it, and as the provider has it registered.
fn key_pair(elliptic: bool) -> (String, Value) {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (der, jwk) = if elliptic {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) });
        (pair.to_pkcs8v1().unwrap().as_ref().to_vec(), jwk)
    } else {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let public: RsaPublicKeyComponents<Vec<u8>> = pair.public_key().into();
        (
            pair.as_der().unwrap().as_ref().to_vec(),
            json!({ "kty": "RSA", "n": encode(&public.n), "e": encode(&public.e) }),
        )
    };
    let mut jwk = jwk;
    jwk["kid"] = json!("ours-1");
    jwk["use"] = json!("sig");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der));
    (pem, jwk)
}

async fn put_key(world: &World, pem: &str) {
    let keys = json!({ "keys": [{ "id": "ours-1", "from": 0, "value": pem }] }).to_string();
    let name = SecretName::Oidc(ConnectionId::parse(INITECH.id).unwrap());
    world.operator.put_secret(&name, SecretText::new(&keys).unwrap()).await.unwrap();
    world.advance(61);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_proves_us_once_with_each_assertion() {
    for elliptic in [false, true] {
        let (pem, jwk) = key_pair(elliptic);
        let world = connected(&INITECH, |file| with_auth(file, "private_key_jwt")).await;
        world.openid.edit_client(Product::Okta, INITECH.client_id, |client| {
            client.auth = ClientAuth::PrivateKeyJwt(json!({ "keys": [jwk] }));
        });
        put_key(&world, &pem).await;
        for _ in 0..2 {
            world.signed_in(&log_in(&world, &INITECH, &world.browser(), "").await, "peter@initech.com");
        }
        put_key(&world, &key_pair(elliptic).0).await;
        world.refused_and_traced(&log_in(&world, &INITECH, &world.browser(), "").await, "oidc_client_refused");
        let got = world.front.items(Table::Logins).unwrap();
        assert!(json!(got).to_string().contains("status 401 invalid_client"), "{got:?}");
        put_key(&world, "no key").await;
        world.refused_and_traced(&log_in(&world, &INITECH, &world.browser(), "").await, "secret_broken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_algorithms_of_the_connection_are_taken() {
    for (algorithm, setting) in [(Algorithm::Es256, "ES256"), (Algorithm::Ps256, "PS256"), (Algorithm::Rs512, "RS512")]
    {
        let world = as_it_comes(&PG_OIDC).await;
        let set = |client: &mut stoa_sandbox::openid::Client| client.algorithm = algorithm;
        world.openid.edit_client(Product::PingFederate, PG_OIDC.client_id, set);
        world.refused_and_traced(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "oidc_algorithm_refused");
        let named = format!("algorithms = [\"{setting}\"]\nclient_id = ");
        world.connect_openid(&PG_OIDC, |file| file.replace("client_id = ", &named)).await.unwrap();
        world.openid.edit_client(Product::PingFederate, PG_OIDC.client_id, set);
        world.advance(61);
        world.signed_in(&log_in(&world, &PG_OIDC, &world.browser(), "").await, MARYS_EMAIL);
    }
}

/// A connection whose discovery document leads to a private address at one of its endpoints.
async fn leading_inside(member: &str) -> World {
    let world = as_it_comes(&PG_OIDC).await;
    let realm = Realm::of(Product::PingFederate);
    let mut document: Value = serde_json::from_str(&world.openid.discovery(&realm)).unwrap();
    document[member] = json!("https://169.254.169.254/latest");
    let text = PG_OIDC
        .file
        .replace("https://sso.pg.example", &world.openid.issuer(&realm))
        .replace("client_id = ", "discovery_file = \"d.json\"\njwks_file = \"j.json\"\nclient_id = ");
    let file = ConnectionFile {
        path: "pg-oidc.toml".into(),
        text,
        discovery: Some(document.to_string().into_bytes()),
        jwks: Some(world.openid.jwks(&realm).into_bytes()),
        ..ConnectionFile::default()
    };
    world.operator.apply(world.operator.plan(&file).await.unwrap()).await.unwrap();
    world.advance(61);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn c165_c166_an_endpoint_at_a_private_address_is_not_called() {
    for member in ["token_endpoint", "userinfo_endpoint"] {
        let world = leading_inside(member).await;
        world.refused_and_traced(&log_in(&world, &PG_OIDC, &world.browser(), "").await, "oidc_address_forbidden");
    }
    let world = leading_inside("jwks_uri").await;
    ends(&world, &PG_OIDC, &[(Defect::KidUnknown, "oidc_address_forbidden")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c176_neither_secrets_nor_tokens_nor_codes_get_into_logs_or_items() {
    let world = as_it_comes(&PG_OIDC).await;
    let mut written = String::new();
    for defect in [
        None,
        Some(Defect::CodeUnknown),
        Some(Defect::TokenHalfJson),
        Some(Defect::IssuerOther),
        Some(Defect::NonceOther),
        Some(Defect::UserInfoHtml),
    ] {
        if let Some(defect) = defect {
            world.openid.next_defect(defect);
        }
        log_in(&world, &PG_OIDC, &world.browser(), "").await;
        written.push_str(&world.log().concat());
    }
    written.push_str(&json!(world.front.items(Table::Logins).unwrap()).to_string());
    let encoded: String = url::form_urlencoded::byte_serialize(PG_OIDC.secret.as_bytes()).collect();
    // A token has a dot before its second part; three letters alone are in a random hash now and then.
    for secret in [PG_OIDC.secret, &encoded, ".eyJ", "Bearer", "Basic ", "code=", MARYS_EMAIL] {
        assert!(!written.contains(secret), "{secret}: {written}");
    }
}
