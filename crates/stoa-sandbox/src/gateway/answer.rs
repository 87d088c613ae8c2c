//! What a function returned, as an HTTP response: payload format 2.0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::Value;

/// Lambda's limit on what a function returns.
const RETURNED_BYTES: usize = 6_291_456;

/// The response; `None` where API Gateway answers 500 since it cannot read what was returned.
///
/// Format 2.0 knows `headers` and `cookies` and no `multiValueHeaders`.
pub(crate) fn response(returned: Value) -> Option<Response<Full<Bytes>>> {
    if returned.to_string().len() > RETURNED_BYTES {
        return None;
    }
    let Some(status) = returned.get("statusCode") else { return Some(inferred(&returned)) };
    let status = StatusCode::from_u16(u16::try_from(status.as_u64()?).ok()?).ok()?;
    let mut response = Response::new(Full::new(body(&returned)?));
    *response.status_mut() = status;
    for (name, value) in returned["headers"].as_object().into_iter().flatten() {
        let name: HeaderName = name.parse().ok()?;
        // The gateway frames the body itself.
        if ![header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING].contains(&name) {
            response.headers_mut().insert(name, header_value(value)?);
        }
    }
    for cookie in returned["cookies"].as_array().into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, header_value(cookie)?);
    }
    if !response.headers().contains_key(header::CONTENT_TYPE) {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=utf-8"));
    }
    Some(response)
}

fn body(returned: &Value) -> Option<Bytes> {
    let body = match &returned["body"] {
        Value::Null => return Some(Bytes::new()),
        Value::String(body) => body,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if returned["isBase64Encoded"].as_bool().unwrap_or(false) {
        STANDARD.decode(body).ok().map(Bytes::from)
    } else {
        Some(Bytes::from(body.clone()))
    }
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    match value {
        Value::String(text) => HeaderValue::from_str(text).ok(),
        Value::Number(_) | Value::Bool(_) => HeaderValue::from_str(&value.to_string()).ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Anything without a status code is taken for a JSON body.
fn inferred(returned: &Value) -> Response<Full<Bytes>> {
    let body = returned.as_str().map_or_else(|| returned.to_string(), str::to_owned);
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
