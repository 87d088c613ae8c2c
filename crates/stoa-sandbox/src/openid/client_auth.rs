//! Which client is at the token endpoint (RFC 6749 §2.3, RFC 7523 §2.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::Shared;
use super::client::{Client, ClientAuth};
use super::fields::Fields;
use super::product::{Endpoint, Product, Realm};
use super::token_error::TokenError;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How far ahead an assertion may end.
const ASSERTION_SECONDS: i64 = 3600;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Basic,
    Post,
}

/// The client, if it has proven that it is one.
pub(super) fn authenticate(
    shared: &Shared,
    realm: &Realm,
    base: &str,
    headers: &HeaderMap,
    fields: &Fields,
) -> Result<Client, TokenError> {
    let basic = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (secret, assertion) = (fields.get("client_secret"), fields.get("client_assertion"));
    if [basic.is_some(), secret.is_some(), assertion.is_some()].into_iter().filter(|used| *used).count() > 1 {
        return Err(TokenError::TwoWays);
    }
    if let Some(assertion) = assertion {
        return check_assertion(shared, realm, base, fields, assertion);
    }
    let id = fields.get("client_id");
    if let Some(basic) = basic {
        let (own, secret) = read_basic(basic).ok_or(TokenError::WrongSecret)?;
        if id.is_some_and(|id| id != own) {
            return Err(TokenError::UnknownClient);
        }
        return check_secret(client(shared, realm, &own)?, &secret, Method::Basic);
    }
    let client = client(shared, realm, id.ok_or(TokenError::Missing("client_id"))?)?;
    check_secret(client, secret.ok_or(TokenError::NoSecret)?, Method::Post)
}

fn client(shared: &Shared, realm: &Realm, id: &str) -> Result<Client, TokenError> {
    shared.state().client_at(realm, id).cloned().ok_or(TokenError::UnknownClient)
}

/// Id and secret are form-urlencoded before they are joined (RFC 6749 §2.3.1).
fn read_basic(header: &str) -> Option<(String, String)> {
    let encoded = header.strip_prefix("Basic ").or_else(|| header.strip_prefix("basic "))?;
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

/// Strict: what is not encoded although it has to be, such as a space, is no form-urlencoded text.
fn form_decoded(text: &str) -> Option<String> {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b"*-._~+%".contains(&byte);
    if !text.bytes().all(lawful) {
        return None;
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn check_secret(client: Client, secret: &str, method: Method) -> Result<Client, TokenError> {
    let registered = match &client.auth {
        ClientAuth::Basic(_) => Method::Basic,
        ClientAuth::Post(_) => Method::Post,
        ClientAuth::PrivateKeyJwt(_) => return Err(TokenError::WrongSecret),
    };
    let method_good = client.product != Product::Okta || method == registered;
    let good = method_good && client.secret().is_some_and(|own| own.is(secret));
    if good { Ok(client) } else { Err(TokenError::WrongSecret) }
}

#[derive(Debug, Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    jti: String,
    #[serde(default)]
    nbf: i64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// `private_key_jwt`: signed by a registered key, for this endpoint, not for long, and only once.
fn check_assertion(
    shared: &Shared,
    realm: &Realm,
    base: &str,
    fields: &Fields,
    assertion: &str,
) -> Result<Client, TokenError> {
    if fields.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(TokenError::BadAssertion);
    }
    // Read once unverified, for whose keys to take; nothing else of it is used.
    let claimed: Assertion =
        jsonwebtoken::dangerous::insecure_decode(assertion).map_err(|_| TokenError::BadAssertion)?.claims;
    let client = client(shared, realm, &claimed.sub)?;
    if !names_key(client.product, assertion) {
        return Err(TokenError::BadAssertion);
    }
    let ClientAuth::PrivateKeyJwt(keys) = &client.auth else { return Err(TokenError::BadAssertion) };
    let claims = verified(keys, assertion).ok_or(TokenError::BadAssertion)?;
    let now = shared.config.clock.now().as_second();
    let audiences = [format!("{base}{}", realm.path(Endpoint::Token)), realm.issuer(base)];
    let audience_good = match &claims.aud {
        Audience::One(one) => audiences.contains(one),
        Audience::Several(several) => several.iter().any(|one| audiences.contains(one)),
    };
    let time_good = claims.exp > now && claims.exp <= now + ASSERTION_SECONDS && claims.nbf <= now;
    let id_good =
        claims.iss == client.id && claims.sub == client.id && fields.get("client_id").is_none_or(|id| id == client.id);
    if !(audience_good && time_good && id_good) || claims.jti.is_empty() {
        return Err(TokenError::BadAssertion);
    }
    let fresh = shared.state().assertions.insert((client.id.clone(), claims.jti));
    if fresh { Ok(client) } else { Err(TokenError::BadAssertion) }
}

/// Google takes no assertion of a client's. Entra finds its key by the thumbprint of a certificate, and by nothing else.
fn names_key(product: Product, assertion: &str) -> bool {
    let Ok(header) = jsonwebtoken::decode_header(assertion) else { return false };
    match product {
        Product::Google => false,
        Product::Entra => header.x5t.is_some() || header.x5t_s256.is_some(),
        Product::PingFederate | Product::Okta => header.kid.is_some(),
    }
}

fn verified(keys: &serde_json::Value, assertion: &str) -> Option<Assertion> {
    let set: JwkSet = serde_json::from_value(keys.clone()).ok()?;
    let header = jsonwebtoken::decode_header(assertion).ok()?;
    let jwk = set.find(header.kid.as_deref()?)?;
    // The sandbox's clock can be moved, so times are compared by the caller.
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Some(jsonwebtoken::decode(assertion, &DecodingKey::from_jwk(jwk).ok()?, &validation).ok()?.claims)
}
