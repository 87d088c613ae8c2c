//! An OpenID provider with one client, and requests to it that are written by hand.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use stoa_sandbox::openid::{Client, Config, OpenId, Product, Realm};
use url::form_urlencoded::{self, byte_serialize};

pub const REDIRECT: &str = "http://stoa.localhost:9/oidc/acme/callback";
pub const CLIENT: &str = "P&G Academy (test)";
pub const SECRET: &str = "a secret: +/%&=~";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A product with one client, without a browser: each request is written by hand.
pub struct Provider {
    pub openid: OpenId,
    pub realm: Realm,
    pub cookie: Option<String>,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A parameter of the address that it leads to.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location.as_ref()?.strip_prefix(REDIRECT)?;
        let query = location.strip_prefix('?').or_else(|| location.strip_prefix('#'))?;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Somebody ordinary.
pub fn person(product: Product) -> &'static str {
    match product {
        Product::PingFederate => "miller.m",
        Product::Entra => "mila@globex.com",
        Product::Okta => "peter@initech.com",
        Product::Google => "hanna@hooli.example",
    }
}

impl Provider {
    pub async fn start(product: Product) -> Self {
        Self::with(Realm::of(product), |_| {}).await
    }

    pub async fn with(realm: Realm, change: impl FnOnce(&mut Client)) -> Self {
        let openid = OpenId::start(Config::default()).await.unwrap();
        let mut client = Client::new(realm.product, CLIENT, SECRET, REDIRECT);
        change(&mut client);
        openid.register(client);
        openid.sign_on_as(realm.product, person(realm.product));
        Self { openid, realm, cookie: None }
    }

    /// Where an endpoint is, from the discovery document.
    pub fn path(&self, member: &str) -> String {
        let document: Value = serde_json::from_str(&self.openid.discovery(&self.realm)).unwrap();
        let url = document[member].as_str().unwrap().to_owned();
        url.strip_prefix(&self.openid.url(self.realm.product)).unwrap().to_owned()
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.try_send(method, path, headers, body).await.expect("an answer")
    }

    /// `None` where the connection was cut.
    async fn try_send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Answer> {
        let address = self.openid.address();
        let host = format!("{}:{}", self.realm.product.host(), address.port());
        let mut request = Request::builder().method(method).uri(format!("http://{address}{path}")).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let client = legacy::Client::builder(TokioExecutor::new()).build_http();
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        let (head, body) = Response::into_parts(client.request(request).await.ok()?);
        let location = head.headers.get("location").map(|value| value.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes();
        Some(Answer { status: head.status.as_u16(), location, headers: head.headers, body })
    }

    /// An authorization request; a changed parameter without a value is left out.
    pub async fn authorize(&self, changes: &[(&str, &str)]) -> Answer {
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", REDIRECT),
            ("scope", "openid profile email"),
            ("state", "s1"),
            ("nonce", "n1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        parameters.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let path = format!("{}?{query}", self.path("authorization_endpoint"));
        self.send(Method::GET, &path, &[], "").await
    }

    pub async fn code(&self) -> String {
        let answer = self.authorize(&[]).await;
        answer.parameter("code").unwrap_or_else(|| panic!("{:?}", answer.location))
    }

    /// A token request with HTTP Basic, form-urlencoded as it has to be.
    pub async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        self.redeem_as(&basic(CLIENT, SECRET), code, changes).await
    }

    pub async fn redeem_as(&self, authorization: &str, code: &str, changes: &[(&str, &str)]) -> Answer {
        self.try_redeem(authorization, code, changes).await.expect("an answer")
    }

    pub async fn try_redeem(&self, authorization: &str, code: &str, changes: &[(&str, &str)]) -> Option<Answer> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        if !authorization.is_empty() {
            headers.push(("authorization", authorization));
        }
        self.try_send(Method::POST, &self.path("token_endpoint"), &headers, &body).await
    }

    /// A whole login's token answer.
    pub async fn tokens(&self) -> Value {
        let answer = self.redeem(&self.code().await, &[]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        answer.json()
    }

    pub async fn user_info(&self, access_token: &str) -> Answer {
        let authorization = format!("Bearer {access_token}");
        self.send(Method::GET, &self.path("userinfo_endpoint"), &[("authorization", &authorization)], "").await
    }

    /// The claims of a token that a published key has signed.
    pub fn verified(&self, token: &str) -> Option<Value> {
        verified(&self.openid.jwks(&self.realm), token)
    }
}

pub fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}

/// By a library that nobody here has written. Times are the simulator's.
pub fn verified(jwks: &str, token: &str) -> Option<Value> {
    let set: JwkSet = serde_json::from_str(jwks).unwrap();
    let header = jsonwebtoken::decode_header(token).ok()?;
    let key = DecodingKey::from_jwk(set.find(header.kid.as_deref()?)?).ok()?;
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(jsonwebtoken::decode(token, &key, &validation).ok()?.claims)
}

/// A part of a token, unverified.
pub fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
