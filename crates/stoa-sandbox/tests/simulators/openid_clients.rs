//! How clients prove who they are, Entra's tenants, and the tokens that Teams hands out.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use stoa_sandbox::openid::{
    Algorithm, ClientAuth, ClientSecret, FOREIGN_TENANT, GLOBEX_TENANT, PERSONAL_TENANT, Product, Realm, TEAMS_WEB,
    TeamsKey, TeamsToken,
};

use crate::openid_provider::{Answer, CLIENT, Provider, SECRET, basic, part, verified};

const APP: &str = "2c3caa80-93f9-425e-8b85-0745f50c0d24";

fn outcome(answer: &Answer) -> (u16, Option<String>) {
    (answer.status, answer.json()["error"].as_str().map(str::to_owned))
}

fn refused(status: u16, error: &str) -> (u16, Option<String>) {
    (status, Some(error.to_owned()))
}

#[tokio::test]
async fn id_and_secret_are_form_urlencoded_before_they_are_joined() {
    let provider = Provider::start(Product::PingFederate).await;
    assert_eq!(provider.redeem(&provider.code().await, &[]).await.status, 200);
    let raw = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    for authorization in [raw, basic(CLIENT, "wrong"), basic("somebody", SECRET), "Basic ???".to_owned()] {
        let answer = provider.redeem_as(&authorization, &provider.code().await, &[]).await;
        assert_eq!(outcome(&answer), refused(401, "invalid_client"), "{authorization}");
        assert!(answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic")));
    }
}

#[tokio::test]
async fn a_secret_in_the_body_is_taken_where_the_product_takes_it() {
    let form = [("client_id", CLIENT), ("client_secret", SECRET)];
    for (product, taken) in [(Product::PingFederate, true), (Product::Entra, true), (Product::Okta, false)] {
        let provider = Provider::start(product).await;
        let answer = provider.redeem_as("", &provider.code().await, &form).await;
        assert_eq!(answer.status, if taken { 200 } else { 401 }, "{product:?}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    let post = ClientAuth::Post(ClientSecret::new(SECRET));
    let okta = Provider::with(Realm::of(Product::Okta), |client| client.auth = post).await;
    assert_eq!(okta.redeem_as("", &okta.code().await, &form).await.status, 200);
    assert_eq!(outcome(&okta.redeem(&okta.code().await, &[]).await), refused(401, "invalid_client"));
    let both = okta.redeem(&okta.code().await, &form).await;
    assert_eq!(outcome(&both), refused(400, "invalid_request"), "two ways at once");
}

#[tokio::test]
async fn the_token_request_is_a_form_with_one_of_each() {
    let provider = Provider::start(Product::PingFederate).await;
    let code = provider.code().await;
    let other = provider.redeem(&code, &[("grant_type", "password")]).await;
    assert_eq!(outcome(&other), refused(400, "unsupported_grant_type"));
    let twice = provider.redeem(&code, &[("code", &code), ("code", &code)]).await;
    assert_eq!(outcome(&twice), refused(400, "invalid_request"));
    let path = provider.path("token_endpoint");
    let json = [("content-type", "application/json"), ("authorization", &basic(CLIENT, SECRET))];
    assert_eq!(outcome(&provider.send(http::Method::POST, &path, &json, "{}").await), refused(400, "invalid_request"));
    assert_eq!(provider.send(http::Method::GET, &path, &[], "").await.status, 405);
    assert_eq!(provider.redeem(&code, &[]).await.status, 200, "nothing of it spent the code");
}

/// A client's key, and assertions by it.
struct Asserter {
    key: EcdsaKeyPair,
}

impl Asserter {
    fn new() -> Self {
        Self { key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap() }
    }

    fn auth(&self) -> ClientAuth {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        ClientAuth::PrivateKeyJwt(json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "k1", "x": x, "y": y }
        ]}))
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_under(&json!({ "alg": "ES256", "kid": "k1", "x5t": "k1" }), claims)
    }

    fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encoded(header), encoded(claims));
        let signature = self.key.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn assert_by(provider: &Provider, assertion: &str) -> (u16, Option<String>) {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let form = [("client_assertion_type", kind), ("client_assertion", assertion)];
    outcome(&provider.redeem_as("", &provider.code().await, &form).await)
}

#[tokio::test]
async fn a_client_assertion_is_the_clients_for_this_endpoint_short_and_used_once() {
    for product in [Product::PingFederate, Product::Entra, Product::Okta] {
        let asserter = Asserter::new();
        let provider = Provider::with(Realm::of(product), |client| client.auth = asserter.auth()).await;
        let endpoint = format!("{}{}", provider.openid.url(product), provider.path("token_endpoint"));
        let now = provider.openid.clock().now().as_second();
        let good = |jti: &str| json!({ "iss": CLIENT, "sub": CLIENT, "aud": endpoint, "exp": now + 60, "jti": jti });
        let first = asserter.sign(&good("1"));
        assert_eq!(assert_by(&provider, &first).await, (200, None));
        assert_eq!(assert_by(&provider, &first).await, refused(401, "invalid_client"), "a second time");
        let stranger = Asserter::new().sign(&good("2"));
        assert_eq!(assert_by(&provider, &stranger).await, refused(401, "invalid_client"));
        for (member, value) in [
            ("aud", json!("https://elsewhere.example/token")),
            ("iss", json!("somebody")),
            ("exp", json!(now - 1)),
            ("exp", json!(now + 90_000)),
            ("nbf", json!(now + 60)),
            ("jti", json!("")),
        ] {
            let mut claims = good(&format!("{member}{value}"));
            claims[member] = value;
            let answer = assert_by(&provider, &asserter.sign(&claims)).await;
            assert_eq!(answer, refused(401, "invalid_client"), "{claims}");
        }
        let code = provider.code().await;
        assert_eq!(outcome(&provider.redeem(&code, &[]).await), refused(401, "invalid_client"), "it has no secret");
    }
}

#[tokio::test]
async fn a_client_can_have_other_algorithms_and_fat_tokens() {
    for algorithm in [Algorithm::Rs512, Algorithm::Ps256, Algorithm::Es256] {
        let provider = Provider::with(Realm::of(Product::PingFederate), |client| {
            client.algorithm = algorithm;
            client.thin = false;
        });
        let provider = provider.await;
        let token = provider.tokens().await["id_token"].as_str().unwrap().to_owned();
        assert_eq!(part(&token, 0)["alg"], algorithm.as_str());
        let claims = provider.verified(&token).unwrap();
        assert_eq!((&claims["email"], &claims["groups"]), (&json!("miller.m@pg.com"), &json!(["Learning-Users"])));
    }
}

#[tokio::test]
async fn entra_keeps_tenants_apart() {
    let provider = Provider::start(Product::Entra).await;
    let claims = part(provider.tokens().await["id_token"].as_str().unwrap(), 1);
    assert_eq!((&claims["tid"], &claims["ver"]), (&json!(GLOBEX_TENANT), &json!("2.0")));
    assert_ne!(claims["sub"], claims["oid"], "`sub` is pairwise");
    provider.openid.sign_on_as(Product::Entra, "mallory@evil.example");
    assert_eq!(provider.authorize(&[]).await.location, None, "a stranger in this tenant");

    let shared = Provider::with(Realm::tenant("organizations"), |client| {
        client.tenants.push(FOREIGN_TENANT.to_owned());
    });
    let shared = shared.await;
    shared.openid.sign_on_as(Product::Entra, "mallory@evil.example");
    let foreign = part(shared.tokens().await["id_token"].as_str().unwrap(), 1);
    assert_eq!(foreign["tid"], FOREIGN_TENANT);
    assert_eq!(foreign["iss"], shared.openid.issuer(&Realm::tenant(FOREIGN_TENANT)));
    assert_eq!(foreign["email"], "mila@globex.com", "anybody can write that into their own directory");
    let document: Value = serde_json::from_str(&shared.openid.discovery(&shared.realm)).unwrap();
    assert!(document["issuer"].as_str().unwrap().ends_with("/{tenantid}/v2.0"));
    shared.openid.sign_on_as(Product::Entra, "pia@outlook.com");
    assert_eq!(shared.authorize(&[]).await.location, None, "no personal account among organizations");

    let elsewhere = Provider::with(Realm::tenant(FOREIGN_TENANT), |_| {}).await;
    assert_eq!(elsewhere.authorize(&[]).await.location, None, "the application is not known there");
    let nowhere = Provider::with(Realm::tenant("11111111-1111-4111-8111-111111111111"), |_| {}).await;
    assert_eq!(nowhere.authorize(&[]).await.status, 400);
}

#[tokio::test]
async fn entra_marks_guests_too_many_groups_and_its_older_tokens() {
    let provider = Provider::start(Product::Entra).await;
    let claims = async |login: &str| {
        provider.openid.sign_on_as(Product::Entra, login);
        part(provider.tokens().await["id_token"].as_str().unwrap(), 1)
    };
    let guest = claims("gus_agency.example#EXT#@globex.onmicrosoft.com").await;
    assert_eq!(guest["idp"], format!("https://sts.windows.net/{FOREIGN_TENANT}/"));
    assert_eq!((&guest["tid"], &guest["acct"]), (&json!(GLOBEX_TENANT), &json!(1)));
    assert_eq!(claims("petra_outlook.com#EXT#@globex.onmicrosoft.com").await["idp"], "live.com");
    let overage = claims("olga@globex.com").await;
    assert_eq!((overage.get("groups"), &overage["_claim_names"]), (None, &json!({ "groups": "src1" })));
    assert_eq!(claims("noah@globex.com").await.get("email"), None);

    let older = Provider::with(Realm::of(Product::Entra).v1(), |_| {}).await;
    let claims = part(older.tokens().await["id_token"].as_str().unwrap(), 1);
    assert_eq!((&claims["ver"], &claims["upn"]), (&json!("1.0"), &json!("mila@globex.com")));
    assert_eq!(claims["iss"], format!("{}/{GLOBEX_TENANT}/", older.openid.url(Product::Entra)));
}

#[tokio::test]
async fn teams_hands_out_entras_tokens() {
    let provider = Provider::start(Product::Entra).await;
    let openid = &provider.openid;
    let keys = openid.jwks(&Realm::tenant("common"));
    let claims = |login: &str, kind: &TeamsToken| verified(&keys, &openid.teams_token(login, kind).unwrap());

    let v2 = claims("mila@globex.com", &TeamsToken::v2(APP)).unwrap();
    assert_eq!(v2["iss"], format!("https://login.microsoftonline.com/{GLOBEX_TENANT}/v2.0"));
    assert_eq!((&v2["aud"], &v2["azp"], &v2["scp"]), (&json!(APP), &json!(TEAMS_WEB), &json!("access_as_user")));
    let v1 = claims("mila@globex.com", &TeamsToken::v1(APP, "sso.example.com")).unwrap();
    assert_eq!(v1["iss"], format!("https://sts.windows.net/{GLOBEX_TENANT}/"));
    assert_eq!((&v1["aud"], &v1["appid"]), (&json!(format!("api://sso.example.com/{APP}")), &json!(TEAMS_WEB)));
    assert_eq!(v1["oid"], v2["oid"], "the same person");
    assert_eq!(claims("pia@outlook.com", &TeamsToken::v2(APP)).unwrap()["tid"], PERSONAL_TENANT);

    let forged = TeamsToken { key: TeamsKey::Attacker, ..TeamsToken::v2(APP) };
    assert_eq!(claims("mila@globex.com", &forged), None);
    let sudden = TeamsToken { key: TeamsKey::Next, ..TeamsToken::v2(APP) };
    assert_eq!(claims("mila@globex.com", &sudden), None, "not published yet");
    let changed = TeamsToken { changes: json!({ "scp": "openid", "oid": null }), ..TeamsToken::v2(APP) };
    let changed = claims("mila@globex.com", &changed).unwrap();
    assert_eq!((&changed["scp"], changed.get("oid")), (&json!("openid"), None));
    let old = TeamsToken { moved: -120, ..TeamsToken::v2(APP) };
    assert!(claims("mila@globex.com", &old).unwrap()["exp"].as_i64().unwrap() < openid.clock().now().as_second());
    assert_eq!(openid.teams_token("nobody@globex.com", &TeamsToken::v2(APP)), None);
}

/// As each of them documents it.
#[tokio::test]
async fn entra_finds_a_client_s_key_by_a_thumbprint_and_google_takes_no_assertion() {
    for (product, header, taken) in [
        (Product::PingFederate, json!({ "alg": "ES256", "kid": "k1" }), true),
        (Product::Okta, json!({ "alg": "ES256", "kid": "k1" }), true),
        (Product::Entra, json!({ "alg": "ES256", "kid": "k1" }), false),
        (Product::Entra, json!({ "alg": "ES256", "kid": "k1", "x5t#S256": "k1" }), true),
        (Product::Google, json!({ "alg": "ES256", "kid": "k1", "x5t": "k1" }), false),
    ] {
        let asserter = Asserter::new();
        let provider = Provider::with(Realm::of(product), |client| client.auth = asserter.auth()).await;
        let endpoint = format!("{}{}", provider.openid.url(product), provider.path("token_endpoint"));
        let now = provider.openid.clock().now().as_second();
        let claims = json!({ "iss": CLIENT, "sub": CLIENT, "aud": endpoint, "exp": now + 60, "jti": "1" });
        let answer = assert_by(&provider, &asserter.sign_under(&header, &claims)).await;
        assert_eq!(answer.0 == 200, taken, "{product:?} {header}: {answer:?}");
    }
}
