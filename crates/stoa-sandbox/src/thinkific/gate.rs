//! What stands before the Admin API: Cloudflare, the key, the limits, trouble on demand, and the journal.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::fault::{FaultTarget, ResetUnit, Trouble};
use super::journal::Call;
use super::school::School;
use super::unprocessable::unprocessable;
use super::{Plan, Shared};
use crate::web::cut;

/// What a call is believed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Credentials {
    /// `X-Auth-API-Key` and `X-Auth-Subdomain`, or a bearer token that is an API access token.
    ApiKey,
    /// A bearer token that is an API access token. The API key is none, unless the school takes it there.
    AccessToken,
    /// A bearer token: an API access token, and, if the school takes it there, the API key.
    Bearer,
}

/// A call that is under way. It is one less when its answer is there, and also when its client has gone.
struct UnderWay<'a>(&'a Shared);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.school().pace.at_once -= 1;
    }
}

pub(super) async fn stand(
    State((shared, credentials)): State<(Shared, Credentials)>,
    request: Request,
    next: Next,
) -> Response {
    let at = shared.config.clock.now();
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return cut() };
    let body = body.to_bytes();
    let (method, path) = (parts.method.clone(), parts.uri.to_string());
    let text = String::from_utf8_lossy(&body).into_owned();
    shared.school().settle(at);
    // Cloudflare stands before the key.
    let is_blocked = shared.school().next_block(|target| hits(target, &parts.method, parts.uri.path()));
    let response = match refuse(&shared, credentials, &parts.headers, at) {
        _ if is_blocked => blocked(),
        Some(refusal) => refusal,
        None => {
            let _under_way = UnderWay(&shared);
            pass(&shared, Request::from_parts(parts, Body::from(body)), next).await
        }
    };
    let response = if shared.config.always_sends_reset { telling_reset(&shared, response, at) } else { response };
    let cut = response.extensions().get::<crate::web::Cut>().is_some();
    let status = if cut { 0 } else { response.status().as_u16() };
    shared.school().calls.push(Call { at, method: method.to_string(), path, body: text, status });
    response
}

fn is_known(shared: &Shared, school: &School, credentials: Credentials, headers: &HeaderMap) -> bool {
    let given = |name: &str| headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    let bearer = given("authorization").strip_prefix(b"Bearer ").unwrap_or_default();
    let by_key =
        school.api_key.is(given("x-auth-api-key")) && given("x-auth-subdomain") == shared.config.subdomain.as_bytes();
    match credentials {
        Credentials::ApiKey => by_key || school.access_token.is(bearer),
        Credentials::AccessToken => {
            school.access_token.is(bearer) || shared.config.graphql_takes_api_key && school.api_key.is(bearer)
        }
        Credentials::Bearer => {
            school.access_token.is(bearer) || shared.config.webhooks_take_api_key && school.api_key.is(bearer)
        }
    }
}

fn refuse(shared: &Shared, credentials: Credentials, headers: &HeaderMap, now: Timestamp) -> Option<Response> {
    if headers.get(header::USER_AGENT).is_none_or(HeaderValue::is_empty) {
        // Cloudflare's, not Thinkific's: no JSON.
        return Some((StatusCode::FORBIDDEN, "error code: 1010").into_response());
    }
    let mut school = shared.school();
    match school.plan {
        Plan::WithApi if is_known(shared, &school, credentials, headers) => {}
        // The same words, whether the key is wrong or the plan has no API.
        Plan::WithApi | Plan::WithoutApi => {
            let body = axum::Json(json!({"error": "Authentication Error"}));
            return Some((StatusCode::UNAUTHORIZED, body).into_response());
        }
        Plan::WithoutApps => {
            let error = "Access to Apps is not available on your plan. Upgrade to gain access";
            return Some((StatusCode::FORBIDDEN, axum::Json(json!({"error": error}))).into_response());
        }
    }
    let pace = &mut school.pace;
    let minute = SignedDuration::from_mins(1);
    pace.recent.retain(|at| now.duration_since(*at) < minute);
    if let Some(until) = pace.closed_until.filter(|until| *until > now) {
        return Some(too_many(shared.config.reset_unit, until));
    }
    // GraphQL has points of its own.
    if credentials == Credentials::AccessToken {
        pace.at_once += 1;
        return None;
    }
    if let Some(first) = pace.recent.front().filter(|_| pace.recent.len() >= pace.per_minute) {
        return Some(too_many(shared.config.reset_unit, first.saturating_add(minute).unwrap_or(now)));
    }
    if pace.at_once >= shared.config.requests_at_once {
        return Some(too_many(
            shared.config.reset_unit,
            now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now),
        ));
    }
    pace.recent.push_back(now);
    pace.at_once += 1;
    None
}

async fn pass(shared: &Shared, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let trouble = shared.school().next_trouble(|target| hits(target, &method, &path));
    match trouble {
        None => next.run(request).await,
        Some(Trouble::ApplyThenCut) => {
            next.run(request).await;
            cut()
        }
        Some(Trouble::Blocked) => blocked(),
        Some(Trouble::Cut) => cut(),
        Some(Trouble::Delay(wait)) => {
            tokio::time::sleep(wait).await;
            next.run(request).await
        }
        Some(Trouble::RateLimited(wait)) => close(shared, wait),
        Some(Trouble::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let page = match status.as_u16() {
                520..=530 => cloudflare(&format!("api.thinkific.com | {}", status.as_u16())),
                _ => "<html><body>error</body></html>".to_owned(),
            };
            (status, Html(page)).into_response()
        }
        Some(Trouble::Unprocessable { field, message }) => unprocessable(shared, &[(&field, &message)]),
    }
}

/// Cloudflare's page for what it takes for a robot.
pub(super) fn blocked() -> Response {
    let mut response = (StatusCode::FORBIDDEN, Html(cloudflare("Just a moment..."))).into_response();
    response.headers_mut().insert(header::SERVER, HeaderValue::from_static("cloudflare"));
    response.headers_mut().insert("cf-mitigated", HeaderValue::from_static("challenge"));
    response
}

fn cloudflare(title: &str) -> String {
    format!("<!DOCTYPE html><html lang=\"en-US\"><head><title>{title}</title></head><body>Cloudflare</body></html>")
}

fn close(shared: &Shared, wait: Duration) -> Response {
    let now = shared.config.clock.now();
    let until = now.saturating_add(SignedDuration::try_from(wait).unwrap_or_default()).unwrap_or(now);
    shared.school().pace.closed_until = Some(until);
    too_many(shared.config.reset_unit, until)
}

fn hits(target: &FaultTarget, method: &Method, path: &str) -> bool {
    match target {
        FaultTarget::Admin => true,
        FaultTarget::AdminCall { method: wanted, path: start } => wanted == method && path.starts_with(start.as_str()),
        FaultTarget::Sso => false,
    }
}

/// An answer that says when the minute is over, though nothing was refused.
fn telling_reset(shared: &Shared, mut response: Response, now: Timestamp) -> Response {
    let until = now.saturating_add(SignedDuration::from_mins(1)).unwrap_or(now);
    if !response.headers().contains_key("ratelimit-reset") {
        tell_reset(&mut response, shared.config.reset_unit, until);
    }
    response
}

fn too_many(unit: ResetUnit, until: Timestamp) -> Response {
    let body = axum::Json(json!({"error": "Rate limit exceeded"}));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    tell_reset(&mut response, unit, until);
    response
}

fn tell_reset(response: &mut Response, unit: ResetUnit, until: Timestamp) {
    let reset = match unit {
        ResetUnit::EpochMilliseconds => Some(until.as_millisecond()),
        ResetUnit::EpochSeconds => Some(until.as_second()),
        ResetUnit::Missing => None,
    };
    if let Some(reset) = reset {
        response.headers_mut().insert("ratelimit-reset", reset.into());
    }
}
