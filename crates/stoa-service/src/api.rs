//! The Admin API of a school, over the wire.

use std::future::Future;
use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::Key;
use stoa_core::thinkific::{ApiAnswer, ApiRequest, GraphqlRequest, WebhooksRequest, graphql_api, webhooks_api};

use crate::http_client::Outbound;

/// A browser waits behind this.
pub const TIMEOUT: Duration = Duration::from_secs(3);
/// Nobody waits behind this.
const PATIENCE: Duration = Duration::from_secs(10);
/// A page of 25 users is far smaller.
const MAX_ANSWER: usize = 512 * 1024;
/// A list that nobody waits for has longer pages, and profiles of any length.
const MAX_LIST: usize = 8 * 1024 * 1024;
/// Cloudflare, before the API, turns away requests without one.
const USER_AGENT: &str = concat!("stoa/", env!("CARGO_PKG_VERSION"));

/// Sends one request with the school's key, and gives it up after [`TIMEOUT`], or earlier.
pub async fn call(
    outbound: &Outbound,
    school: &School,
    api_key: &Key,
    request: &ApiRequest,
    earlier: Duration,
) -> Result<ApiAnswer, Failure> {
    within(TIMEOUT.min(earlier), exchange(outbound, admin(school, api_key, request)?, request, MAX_ANSWER)).await
}

/// The same where nobody waits.
pub async fn call_patiently(
    outbound: &Outbound,
    school: &School,
    api_key: &Key,
    request: &ApiRequest,
) -> Result<ApiAnswer, Failure> {
    within(PATIENCE, exchange(outbound, admin(school, api_key, request)?, request, MAX_LIST)).await
}

/// Sends one request to the Webhooks API with the school's key, which is a bearer token there.
pub async fn call_webhooks(
    outbound: &Outbound,
    school: &School,
    api_key: &Key,
    WebhooksRequest(request): &WebhooksRequest,
) -> Result<ApiAnswer, Failure> {
    within(
        TIMEOUT,
        exchange(outbound, bearing(webhooks_api(&school.document.api_url), api_key, request)?, request, MAX_ANSWER),
    )
    .await
}

/// Sends one request to GraphQL with the school's key as a bearer token, which may not be taken there.
pub async fn call_graphql(
    outbound: &Outbound,
    school: &School,
    api_key: &Key,
    GraphqlRequest(request): &GraphqlRequest,
) -> Result<ApiAnswer, Failure> {
    within(
        TIMEOUT,
        exchange(outbound, bearing(graphql_api(&school.document.api_url), api_key, request)?, request, MAX_ANSWER),
    )
    .await
}

/// To an API that stands beside the Admin API, if that is where Thinkific's is.
fn bearing(api: Option<String>, api_key: &Key, request: &ApiRequest) -> Result<http::request::Builder, Failure> {
    let api = api.ok_or_else(|| Failure::noted(Fault::ConfigurationBroken, "api_url does not end with /public/v1"))?;
    let bearer = secret_header(&format!("Bearer {}", api_key.expose()))?;
    Ok(to(&format!("{api}{}", request.path), request).header("authorization", bearer))
}

fn admin(school: &School, api_key: &Key, request: &ApiRequest) -> Result<http::request::Builder, Failure> {
    let head = to(&format!("{}{}", school.document.api_url, request.path), request);
    let head = head.header("x-auth-subdomain", &school.document.subdomain);
    Ok(head.header("x-auth-api-key", secret_header(api_key.expose())?))
}

async fn within(
    timeout: Duration,
    answer: impl Future<Output = Result<ApiAnswer, Failure>>,
) -> Result<ApiAnswer, Failure> {
    match tokio::time::timeout(timeout, answer).await {
        Ok(answer) => answer,
        Err(_elapsed) => {
            let note = format!("no answer within {} s", timeout.as_secs());
            Err(Failure::noted(Fault::ThinkificUnavailable, &note))
        }
    }
}

fn to(url: &str, request: &ApiRequest) -> http::request::Builder {
    http::Request::builder()
        .method(request.method.as_str())
        .uri(url)
        .header("user-agent", USER_AGENT)
        .header("accept", "application/json")
        .header("content-type", "application/json")
}

async fn exchange(
    outbound: &Outbound,
    head: http::request::Builder,
    request: &ApiRequest,
    most: usize,
) -> Result<ApiAnswer, Failure> {
    let body = request.body.as_ref().map(serde_json::Value::to_string).unwrap_or_default();
    let http_request = head.body(SdkBody::from(body)).map_err(|_| Fault::ConfigurationBroken)?;
    let unreachable = |note: &str| Failure::noted(Fault::ThinkificUnavailable, note);
    let response = outbound.send(http_request).await.map_err(|_| unreachable("no connection"))?;
    let status = response.status().as_u16();
    let reset = response.headers().get("ratelimit-reset").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = Limited::new(response.into_body(), most)
        .collect()
        .await
        .map_err(|_| unreachable("the answer broke off or is too large"))?
        .to_bytes();
    Ok(ApiAnswer { status, rate_limit_reset: reset, body: body.to_vec() })
}

fn secret_header(text: &str) -> Result<http::HeaderValue, Failure> {
    let mut value = http::HeaderValue::from_str(text)
        .map_err(|_| Failure::noted(Fault::SecretBroken, "the API key is not one line of ASCII"))?;
    value.set_sensitive(true);
    Ok(value)
}
