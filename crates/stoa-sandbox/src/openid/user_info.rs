//! The userinfo endpoint (OIDC core §5.3).

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::Shared;
use super::claims::Issue;
use super::defect::Defect;
use super::forge;
use super::product::Realm;
use super::refuse::bearer;
use super::state::Access;
use super::token::{LARGE, NEVER};

pub(super) async fn respond(shared: &Shared, realm: &Realm, base: &str, headers: &HeaderMap) -> Response {
    let Some(access_token) = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return bearer(None);
    };
    let access_token = access_token.strip_prefix("Bearer ").unwrap_or_default();
    let (claims, defect) = match claims(shared, realm, base, access_token) {
        Ok(claims) => claims,
        Err(error) => return bearer(Some(error)),
    };
    match defect {
        Some(Defect::UserInfo401) => bearer(Some("invalid_token")),
        Some(Defect::UserInfo500) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Defect::UserInfoHtml) => Html("<!doctype html><title>Scheduled maintenance</title>").into_response(),
        Some(Defect::UserInfoJwt) => ([(CONTENT_TYPE, "application/jwt")], signed(shared, &claims)).into_response(),
        Some(Defect::UserInfoList) => Json(json!([claims])).into_response(),
        Some(Defect::UserInfoRedirect) => (StatusCode::FOUND, [(LOCATION, "/maintenance")]).into_response(),
        Some(Defect::UserInfoNever) => {
            tokio::time::sleep(NEVER).await;
            crate::web::cut()
        }
        Some(Defect::UserInfoLarge) => {
            Json(forge::merged(&claims, json!({ "padding": "x".repeat(LARGE) }))).into_response()
        }
        Some(Defect::UserInfoSubjectOther) => {
            Json(forge::merged(&claims, json!({ "sub": "somebody-else" }))).into_response()
        }
        Some(Defect::UserInfoSubjectMissing) => Json(forge::merged(&claims, json!({ "sub": null }))).into_response(),
        _ => Json(claims).into_response(),
    }
}

type Seen = (Value, Option<Defect>);

/// What a good access token may see. It is this product's, still good, and came with an ID token.
fn claims(shared: &Shared, realm: &Realm, base: &str, access_token: &str) -> Result<Seen, &'static str> {
    let now = shared.config.clock.now();
    let state = shared.state();
    let access = state.accesses.get(access_token).filter(|access| access.ends_at > now).ok_or("invalid_token")?;
    let Access { grant, .. } = access;
    let product = grant.request.realm.product;
    let (client, person) = (state.client(product, &grant.request.client), state.person(product, &grant.login));
    let (Some(client), Some(person), true) = (client, person, product == realm.product) else {
        return Err("invalid_token");
    };
    if !grant.request.is_openid() {
        return Err("insufficient_scope");
    }
    let person = forge::person(person.clone(), grant.defect);
    let issue = Issue { base, client, person: &person, grant, access_token, now };
    Ok((Value::Object(issue.user_info()), grant.defect))
}

fn signed(shared: &Shared, claims: &Value) -> String {
    let key = &shared.keys.attacker;
    super::jws::compact(&json!({ "alg": "RS256" }), claims, &key.signer, super::client::Algorithm::Rs256)
        .unwrap_or_default()
}
