//! The Admin API of a school, over the wire.

use std::time::Duration;

use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::Key;
use stoa_core::thinkific::{ApiAnswer, ApiRequest};

use crate::http_client::Outbound;

/// A browser waits behind this.
pub const TIMEOUT: Duration = Duration::from_secs(3);
/// Nobody waits behind this.
const PATIENCE: Duration = Duration::from_secs(10);
/// A page of 25 users is far smaller.
const MAX_ANSWER: usize = 512 * 1024;
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
    within(TIMEOUT.min(earlier), exchange(outbound, school, api_key, request)).await
}

/// The same where nobody waits.
pub async fn call_patiently(
    outbound: &Outbound,
    school: &School,
    api_key: &Key,
    request: &ApiRequest,
) -> Result<ApiAnswer, Failure> {
    within(PATIENCE, exchange(outbound, school, api_key, request)).await
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

async fn exchange(
    outbound: &Outbound,
    school: &School,
    api_key: &Key,
    request: &ApiRequest,
) -> Result<ApiAnswer, Failure> {
    let body = request.body.as_ref().map(serde_json::Value::to_string).unwrap_or_default();
    let http_request = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("{}{}", school.document.api_url, request.path))
        .header("user-agent", USER_AGENT)
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("x-auth-subdomain", &school.document.subdomain)
        .header("x-auth-api-key", secret_header(api_key)?)
        .body(SdkBody::from(body))
        .map_err(|_| Fault::ConfigurationBroken)?;
    let unreachable = |note: &str| Failure::noted(Fault::ThinkificUnavailable, note);
    let response = outbound.send(http_request).await.map_err(|_| unreachable("no connection"))?;
    let status = response.status().as_u16();
    let reset = response.headers().get("ratelimit-reset").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = Limited::new(response.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|_| unreachable("the answer broke off or is too large"))?
        .to_bytes();
    Ok(ApiAnswer { status, rate_limit_reset: reset, body: body.to_vec() })
}

fn secret_header(api_key: &Key) -> Result<http::HeaderValue, Failure> {
    let mut value = http::HeaderValue::from_str(api_key.expose())
        .map_err(|_| Failure::noted(Fault::SecretBroken, "the API key is not one line of ASCII"))?;
    value.set_sensitive(true);
    Ok(value)
}
