//! The token endpoint.

use std::time::Duration;

use axum::response::{Html, IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::claims::Issue;
use super::client::Client;
use super::client_auth::authenticate;
use super::defect::Defect;
use super::fields::Fields;
use super::product::{Product, Realm};
use super::state::{Access, Grant};
use super::token_error::TokenError;
use super::{Shared, forge, pkce};
use crate::web::token;

/// How long a slow answer takes: longer than anybody likes, shorter than anybody's patience.
const SLOW: Duration = Duration::from_millis(1500);
/// How long no answer takes.
pub(super) const NEVER: Duration = Duration::from_secs(60);
/// More than a client has a reason to read.
pub(super) const LARGE: usize = 4 << 20;
const ACCESS_SECONDS: i64 = 3600;

pub(super) async fn respond(shared: &Shared, realm: &Realm, base: &str, headers: &HeaderMap, body: &[u8]) -> Response {
    let issued = redeem(shared, realm, base, headers, body);
    let defect = issued.as_ref().ok().and_then(|(_, grant)| grant.defect);
    match defect {
        Some(Defect::TokenSlow) => tokio::time::sleep(SLOW).await,
        Some(Defect::TokenNever) => {
            tokio::time::sleep(NEVER).await;
            return crate::web::cut();
        }
        _ => {}
    }
    issued.and_then(|(client, grant)| issue(shared, base, &client, &grant)).unwrap_or_else(|error| {
        error.response(realm.product, shared.config.clock.now(), headers.contains_key(AUTHORIZATION))
    })
}

/// Authenticates the client and takes its code.
fn redeem(
    shared: &Shared,
    realm: &Realm,
    base: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(Client, Grant), TokenError> {
    let fields = Fields::read(headers, body)?;
    let client = authenticate(shared, realm, base, headers, &fields)?;
    match fields.get("grant_type") {
        Some("authorization_code") => {}
        Some(_) => return Err(TokenError::GrantType),
        None => return Err(TokenError::Missing("grant_type")),
    }
    let code = fields.get("code").ok_or(TokenError::Missing("code"))?;
    let grant = take(shared, realm, &client, code)?;
    if fields.get("redirect_uri") != Some(&grant.request.back.redirect_uri) {
        return Err(TokenError::RedirectUri);
    }
    if !pkce::fits(grant.request.challenge.as_ref(), fields.get("code_verifier")) {
        return Err(TokenError::Verifier);
    }
    Ok((client, grant))
}

/// A code is good once, for its client, for a while. A second use ends what the first one gave (RFC 6749 §4.1.2).
fn take(shared: &Shared, realm: &Realm, client: &Client, code: &str) -> Result<Grant, TokenError> {
    let now = shared.config.clock.now();
    let mut state = shared.state();
    let known = state.codes.get_mut(code).filter(|grant| grant.request.client == client.id);
    let is_formed = code.len() == token().len();
    let grant = known.ok_or(if is_formed { TokenError::UnknownCode } else { TokenError::MalformedCode })?;
    if grant.request.realm != *realm {
        return Err(TokenError::ForeignCode);
    }
    if let Some(access_token) = grant.spent_for.clone() {
        state.accesses.remove(&access_token);
        return Err(TokenError::SpentCode);
    }
    grant.spent_for = Some(format!("at-{}", token()));
    if now.duration_since(grant.issued_at) > client.product.code_lifetime() {
        return Err(TokenError::OldCode);
    }
    Ok(grant.clone())
}

fn issue(shared: &Shared, base: &str, client: &Client, grant: &Grant) -> Result<Response, TokenError> {
    let product = client.product;
    if let Some(response) = broken(grant.defect)? {
        return Ok(response);
    }
    let person = shared.state().person(product, &grant.login).cloned();
    let (Some(person), Some(access_token)) = (person, grant.spent_for.clone()) else {
        return Err(TokenError::UnknownCode);
    };
    let person = forge::person(person, grant.defect);
    let now = shared.config.clock.now();
    let issue = Issue { base, client, person: &person, grant, access_token: &access_token, now };
    let Ok(id_token) = forge::id_token(shared, &issue) else {
        return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response());
    };
    let ends_at = now + jiff::SignedDuration::from_secs(ACCESS_SECONDS);
    shared.state().accesses.insert(access_token.clone(), Access { grant: grant.clone(), ends_at });
    let mut answer = json!({
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
    });
    if product != Product::PingFederate {
        answer["scope"] = json!(grant.request.scopes.join(" "));
    }
    // OAuth without OpenID: an access token only (OIDC core §3.1.2.1).
    if grant.request.is_openid() {
        answer["id_token"] = json!(id_token);
    }
    Ok(finished(answer, grant.defect))
}

fn finished(mut answer: Value, defect: Option<Defect>) -> Response {
    match defect {
        Some(Defect::IdTokenMissing) => {
            answer.as_object_mut().map(|members| members.remove("id_token"));
        }
        Some(Defect::IdTokenStrange) => answer["id_token"] = json!(42),
        Some(Defect::TokenLarge) => answer["padding"] = json!("x".repeat(LARGE)),
        _ => {}
    }
    let mut text = answer.to_string();
    if defect == Some(Defect::TokenHalfJson) {
        text.truncate(text.len() / 2);
    }
    ([(CONTENT_TYPE, "application/json;charset=UTF-8"), (CACHE_CONTROL, "no-store")], text).into_response()
}

/// The answers that are no tokens at all.
fn broken(defect: Option<Defect>) -> Result<Option<Response>, TokenError> {
    let after = |status: StatusCode| (status, [(RETRY_AFTER, "30")]).into_response();
    Ok(Some(match defect {
        Some(Defect::TokenInvalidGrant) => return Err(TokenError::AsArmed("invalid_grant")),
        Some(Defect::TokenInvalidClient) => return Err(TokenError::AsArmed("invalid_client")),
        Some(Defect::TokenUnauthorizedClient) => return Err(TokenError::AsArmed("unauthorized_client")),
        Some(Defect::Token500) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Defect::Token503) => after(StatusCode::SERVICE_UNAVAILABLE),
        Some(Defect::Token429) => after(StatusCode::TOO_MANY_REQUESTS),
        Some(Defect::TokenHtml) => Html("<!doctype html><title>Scheduled maintenance</title>").into_response(),
        Some(Defect::TokenCut) => crate::web::cut(),
        Some(Defect::TokenRedirect) => (StatusCode::FOUND, [(LOCATION, "/maintenance")]).into_response(),
        _ => return Ok(None),
    }))
}
