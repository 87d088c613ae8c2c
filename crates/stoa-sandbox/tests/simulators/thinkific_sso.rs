//! The school's SSO endpoint: what it takes, and each refusal.

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use stoa_sandbox::browser::{Browser, Page};
use stoa_sandbox::thinkific::{Config, Fault, FaultTarget, NewUser, SsoRefusal, Thinkific, Trouble};
use url::form_urlencoded::Serializer;

struct Visit {
    school: Thinkific,
    browser: Browser,
}

impl Visit {
    async fn start() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        Self { school: Thinkific::start(config).await.unwrap(), browser: Browser::new() }
    }

    fn claims(&self) -> Value {
        let now = self.school.clock().now().as_second();
        json!({
            "email": "miller.m@pg.com", "first_name": "Mary", "last_name": "Miller", "external_id": "p-1",
            "iat": now - 5, "exp": now + 60, "jti": "j-1",
        })
    }

    fn token(&self, claims: &Value) -> String {
        self.signed(Algorithm::HS256, self.school.api_key().expose().as_bytes(), claims)
    }

    fn signed(&self, algorithm: Algorithm, key: &[u8], claims: &Value) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
    }

    fn address(&self, jwt: &str, others: &[(&str, &str)]) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("jwt", jwt).extend_pairs(others);
        format!("{}/api/sso/v2/sso/jwt?{}", self.school.school_url(), query.finish())
    }

    async fn enter(&self, jwt: &str) -> Page {
        self.browser.get(&self.address(jwt, &[])).await.unwrap()
    }

    async fn refused(&self, claims: &Value) -> SsoRefusal {
        self.refused_token(&self.token(claims)).await
    }

    async fn refused_token(&self, jwt: &str) -> SsoRefusal {
        let page = Browser::new().get(&self.address(jwt, &[])).await.unwrap();
        assert_eq!(page.status, 422);
        self.school.sso_attempts().pop().unwrap().outcome.unwrap_err()
    }
}

fn change(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_new_person_gets_an_account_and_is_signed_in() {
    let visit = Visit::start().await;
    let page = visit.enter(&visit.token(&visit.claims())).await;
    assert_eq!(page.url.path(), "/enrollments");
    assert!(page.text().contains("You are signed in as Mary Miller (miller.m@pg.com)"), "{}", page.text());
    let user = visit.school.user("MILLER.M@pg.com").unwrap();
    assert_eq!((user.external_id.as_deref(), user.sign_ins), (Some("p-1"), 1));
}

#[tokio::test]
async fn somebody_known_by_email_in_any_case_keeps_the_account_and_is_bound() {
    let visit = Visit::start().await;
    let before = visit.school.user("existing@pg.com").unwrap();
    visit.enter(&visit.token(&change(visit.claims(), "email", json!("Existing@PG.com")))).await;
    let after = visit.school.user("existing@pg.com").unwrap();
    assert_eq!((after.id, after.first_name.as_str()), (before.id, "Erin"));
    assert_eq!(after.external_id.as_deref(), Some("p-1"));
}

#[tokio::test]
async fn return_to_is_followed_on_the_school_only() {
    let visit = Visit::start().await;
    for (at, (target, path)) in [
        ("/courses/take/welcome", "/courses/take/welcome"),
        ("https://elsewhere.example/", "/enrollments"),
        ("//elsewhere.example/", "/enrollments"),
    ]
    .into_iter()
    .enumerate()
    {
        let jwt = visit.token(&change(visit.claims(), "jti", json!(format!("j-{at}"))));
        let page = visit.browser.get(&visit.address(&jwt, &[("return_to", target)])).await.unwrap();
        assert_eq!(page.url.path(), path, "{target}");
    }
}

#[tokio::test]
async fn a_refusal_goes_to_error_url_then_return_to_then_its_own_page() {
    let visit = Visit::start().await;
    let own = format!("{}/users/sign_in", visit.school.school_url());
    let page = visit.browser.get(&visit.address("x", &[("error_url", &own), ("return_to", "/")])).await.unwrap();
    assert_eq!(page.url.path(), "/users/sign_in");
    assert_eq!(page.url.query(), Some("kind=error&message=Not+enough+or+too+many+segments"));
    let page = visit.browser.get(&visit.address("x", &[("return_to", "/")])).await.unwrap();
    assert_eq!((page.url.path(), page.url.query()), ("/", None));
    assert!(page.text().contains("You are not signed in"));
    assert_eq!(visit.enter("x").await.status, 422);
}

#[tokio::test]
async fn only_hs256_with_the_keys_own_characters_opens() {
    let visit = Visit::start().await;
    let key = visit.school.api_key();
    let hs512 = visit.signed(Algorithm::HS512, key.expose().as_bytes(), &visit.claims());
    assert_eq!(visit.refused_token(&hs512).await, SsoRefusal::Algorithm);
    let none = format!("eyJhbGciOiJub25lIn0.{}.", visit.token(&visit.claims()).split('.').nth(1).unwrap());
    assert_eq!(visit.refused_token(&none).await, SsoRefusal::Algorithm);
    let decoded = visit.signed(Algorithm::HS256, &[0xd3, 0x5d, 0xb7], &visit.claims());
    assert_eq!(visit.refused_token(&decoded).await, SsoRefusal::Signature);
    assert_eq!(visit.refused_token("a.b").await, SsoRefusal::Malformed);
}

#[tokio::test]
async fn times_are_held_to_the_second() {
    let visit = Visit::start().await;
    let now = visit.school.clock().now().as_second();
    let with = |name: &str, value: Value| change(visit.claims(), name, value);
    assert_eq!(visit.refused(&with("iat", json!(now + 30))).await, SsoRefusal::IatInFuture);
    assert_eq!(visit.refused(&with("iat", json!(now - 125))).await, SsoRefusal::IatTooOld);
    assert_eq!(visit.refused(&with("iat", json!("soon"))).await, SsoRefusal::Claim("iat"));
    assert_eq!(visit.refused(&with("iat", json!(1.5))).await, SsoRefusal::Claim("iat"));
    assert_eq!(visit.refused(&with("exp", json!(now))).await, SsoRefusal::Expired);
    assert_eq!(visit.refused(&with("nbf", json!(now + 30))).await, SsoRefusal::NotYet);
    let jwt = visit.token(&visit.claims());
    visit.school.clock().advance(SignedDuration::from_mins(10));
    assert_eq!(visit.refused_token(&jwt).await, SsoRefusal::IatTooOld);
}

#[tokio::test]
async fn email_and_both_names_are_required() {
    let visit = Visit::start().await;
    for name in ["email", "first_name", "last_name"] {
        for value in [Value::Null, json!(""), json!(" "), json!(7)] {
            assert_eq!(visit.refused(&change(visit.claims(), name, value)).await, SsoRefusal::Claim(name));
        }
    }
    assert_eq!(visit.refused(&change(visit.claims(), "email", json!("miller"))).await, SsoRefusal::Claim("email"));
}

#[tokio::test]
async fn a_token_works_once() {
    let visit = Visit::start().await;
    let jwt = visit.token(&visit.claims());
    visit.enter(&jwt).await;
    assert_eq!(visit.refused_token(&jwt).await, SsoRefusal::Replayed);
}

#[tokio::test]
async fn an_external_id_is_bound_once_and_never_moves() {
    let visit = Visit::start().await;
    visit.enter(&visit.token(&visit.claims())).await;
    let other_id = change(change(visit.claims(), "external_id", json!("p-2")), "jti", json!("j-2"));
    assert_eq!(visit.refused(&other_id).await, SsoRefusal::ExternalIdTaken);
    let other_email = change(change(visit.claims(), "email", json!("new@pg.com")), "jti", json!("j-3"));
    assert_eq!(visit.refused(&other_email).await, SsoRefusal::ExternalIdTaken);
    assert!(visit.school.user("new@pg.com").is_none());
}

#[tokio::test]
async fn roles_in_a_token_are_ignored_and_an_administrators_account_opens() {
    let visit = Visit::start().await;
    visit.enter(&visit.token(&change(visit.claims(), "roles", json!(["site_admin"])))).await;
    assert!(visit.school.user("miller.m@pg.com").unwrap().roles.is_empty());
    let admin = change(change(visit.claims(), "email", json!("admin@pg.com")), "jti", json!("j-2"));
    let page = visit.enter(&visit.token(&change(admin, "external_id", json!("p-9")))).await;
    assert!(page.text().contains("admin@pg.com"), "the school itself does not protect its administrators");
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let visit = Visit::start().await;
    let page = visit.enter(&visit.token(&visit.claims())).await;
    let page = visit.browser.follow_link(&page, "/users/sign_out").await.unwrap();
    assert!(page.text().contains("You are not signed in"));
    let page = visit.browser.get(&format!("{}/enrollments", visit.school.school_url())).await.unwrap();
    assert_eq!(page.url.path(), "/users/sign_in");
}

#[tokio::test]
async fn an_injected_fault_meets_the_login_only() {
    let visit = Visit::start().await;
    visit.school.inject(Fault { target: FaultTarget::Sso, trouble: Trouble::Status(503), times: 1 });
    assert_eq!(visit.enter(&visit.token(&visit.claims())).await.status, 503);
    assert_eq!(visit.enter(&visit.token(&visit.claims())).await.url.path(), "/enrollments");
}

#[tokio::test]
async fn the_old_key_stops_when_the_key_changes() {
    let visit = Visit::start().await;
    let jwt = visit.token(&visit.claims());
    visit.school.rotate_api_key(stoa_sandbox::thinkific::ApiKey::new("fedcba9876543210fedcba9876543210"));
    assert_eq!(visit.refused_token(&jwt).await, SsoRefusal::Signature);
}

#[tokio::test]
async fn what_is_not_documented_is_a_setting() {
    let config = Config {
        require_jti: true,
        login_updates_names: true,
        users: vec![NewUser::student("miller.m@pg.com", "M", "M")],
        ..Config::default()
    };
    let visit = Visit::with(config).await;
    assert_eq!(visit.refused(&change(visit.claims(), "jti", Value::Null)).await, SsoRefusal::Claim("jti"));
    visit.enter(&visit.token(&visit.claims())).await;
    assert_eq!(visit.school.user("miller.m@pg.com").unwrap().first_name, "Mary");
}
