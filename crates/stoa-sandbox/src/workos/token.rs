//! `POST /sso/token`: a code for a profile.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::defect::Defect;
use super::organization::Person;
use super::state::{Answer, Code};
use super::{CODE_LIFETIME, Shared};
use crate::web;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/sso/token", post(exchange))
}

type Refusal = (StatusCode, Json<Value>);

fn refusal(status: StatusCode, error: &str, description: &str) -> Refusal {
    (status, Json(json!({"error": error, "error_description": description})))
}

async fn exchange(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let redeemed = fields(&headers, &body).and_then(|fields| redeem(&shared, &fields));
    let (code, profile) = match redeemed {
        Ok(redeemed) => redeemed,
        Err(refusal) => return refusal.into_response(),
    };
    if code.defect == Some(Defect::TokenSlow) {
        tokio::time::sleep(Duration::from_secs(30)).await;
    }
    let form = shared.state().answer;
    let mut answer = answer(form, profile);
    match code.defect {
        Some(Defect::NoProfile) => {
            answer["profile"].take();
            Json(answer).into_response()
        }
        Some(Defect::TokenInvalidGrant) => {
            refusal(StatusCode::BAD_REQUEST, "invalid_grant", "The code has expired or is invalid.").into_response()
        }
        Some(Defect::TokenInvalidClient) => {
            refusal(StatusCode::BAD_REQUEST, "invalid_client", "Invalid client ID.").into_response()
        }
        Some(Defect::TokenUnauthorized) => {
            (StatusCode::UNAUTHORIZED, Json(json!({"message": "Unauthorized"}))).into_response()
        }
        Some(Defect::TokenUnprocessable) => {
            let body = json!({"message": "Validation failed", "code": "invalid_request_parameters", "errors": []});
            (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
        }
        Some(Defect::TokenBusy) => {
            (StatusCode::TOO_MANY_REQUESTS, Json(json!({"message": "Rate limit exceeded."}))).into_response()
        }
        Some(Defect::TokenFails) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Defect::TokenHtml) => Html("<!doctype html><title>Maintenance</title>").into_response(),
        Some(Defect::TokenRedirect) => Redirect::temporary("/sso/profile").into_response(),
        Some(Defect::TokenHuge) => {
            answer["profile"]["name"] = "x".repeat(2 << 20).into();
            Json(answer).into_response()
        }
        Some(Defect::TokenCut) => web::cut(),
        _ => Json(answer).into_response(),
    }
}

fn answer(form: Answer, mut profile: Value) -> Value {
    let access_token = web::token();
    match form {
        Answer::Whole => {
            profile["raw_attributes"] = json!({});
            json!({"token_type": "Bearer", "access_token": access_token, "expires_in": 600, "profile": profile})
        }
        Answer::Short => json!({"access_token": access_token, "profile": profile}),
    }
}

/// A form (RFC 6749 §4.1.3), or JSON, as some of WorkOS's own libraries send it.
fn fields(headers: &HeaderMap, body: &[u8]) -> Result<HashMap<String, String>, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().unwrap_or_default() {
        "application/x-www-form-urlencoded" => {
            let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
            if web::is_repeated(&fields) {
                return Err(refusal(StatusCode::BAD_REQUEST, "invalid_request", "A field is repeated."));
            }
            Ok(fields.into_iter().collect())
        }
        "application/json" => serde_json::from_slice(body)
            .map_err(|_| refusal(StatusCode::BAD_REQUEST, "invalid_request", "The body is not JSON.")),
        _ => Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", "Send a form.")),
    }
}

/// Takes the code, once, and says who it is for.
fn redeem(shared: &Shared, fields: &HashMap<String, String>) -> Result<(Code, Value), Refusal> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if field("client_id") != shared.config.client_id {
        return Err(refusal(StatusCode::BAD_REQUEST, "invalid_client", "Invalid client ID."));
    }
    if field("client_secret") != shared.config.api_key.expose() {
        return Err(refusal(StatusCode::UNAUTHORIZED, "invalid_client", "Invalid client secret."));
    }
    if field("grant_type") != "authorization_code" {
        return Err(refusal(StatusCode::BAD_REQUEST, "unsupported_grant_type", "Unsupported grant type."));
    }
    let invalid = || refusal(StatusCode::BAD_REQUEST, "invalid_grant", "The code has expired or is invalid.");
    let code = shared.state().codes.remove(field("code")).ok_or_else(invalid)?;
    let age = shared.config.clock.now().duration_since(code.at);
    if age > CODE_LIFETIME || !is_bound(code.challenge.as_deref(), field("code_verifier")) {
        return Err(invalid());
    }
    let (organization, connection) = shared.connection(&code.connection).ok_or_else(invalid)?;
    let person = organization.people.iter().find(|person| person.idp_id == code.idp_id).ok_or_else(invalid)?;
    let profile = profile(person, (&organization.id, &connection.id, &connection.kind), code.defect);
    Ok((code, profile))
}

/// A verifier is needed where there was a challenge, and only there (RFC 9700 §2.1.1).
fn is_bound(challenge: Option<&str>, verifier: &str) -> bool {
    challenge.map_or(verifier.is_empty(), |challenge| challenge == web::s256(verifier))
}

fn profile(person: &Person, (organization, connection, kind): (&str, &str, &str), defect: Option<Defect>) -> Value {
    let name: Vec<&str> = [&person.first_name, &person.last_name].into_iter().flatten().map(String::as_str).collect();
    let mut profile = json!({
        "object": "profile",
        "id": format!("prof_01{}", person.idp_id.to_ascii_uppercase()),
        "connection_id": connection,
        "connection_type": kind,
        "organization_id": organization,
        "idp_id": person.idp_id,
        "email": person.email,
        "name": name.join(" "),
        "first_name": person.first_name,
        "last_name": person.last_name,
        "role": {"slug": "member"},
        "roles": [{"slug": "member"}],
        "groups": person.groups,
        "custom_attributes": person.custom_attributes,
    });
    match defect {
        Some(Defect::OtherOrganization) => profile["organization_id"] = "org_01TRICELL".into(),
        Some(Defect::OtherConnection) => profile["connection_id"] = "conn_01OTHER".into(),
        Some(Defect::NoOrganization) => profile["organization_id"] = Value::Null,
        Some(Defect::NoEmail) => profile["email"] = Value::Null,
        Some(Defect::EmptyEmail) => profile["email"] = "".into(),
        Some(Defect::NoIdpId) => profile["idp_id"] = Value::Null,
        _ => {}
    }
    profile
}
