//! An HTTP request as API Gateway hands it to a function: payload format 2.0.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, header};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::routing::{Matched, decoded};
use crate::aws::ACCOUNT;

/// What the gateway itself knows of a request.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Who sent it.
    pub(crate) source: IpAddr,
    /// The value of `apigw-requestid`.
    pub(crate) request_id: String,
    /// When it came.
    pub(crate) at: Timestamp,
}

impl Arrival {
    /// A request that arrives now.
    pub(crate) fn now(source: IpAddr) -> Self {
        // 15 characters and an equals sign, as the real ones.
        Self { source, request_id: STANDARD.encode(random::<11>()), at: Timestamp::now() }
    }
}

/// Random bytes, for identifiers only.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    crate::web::fill(&mut bytes);
    bytes
}

/// Makes the event.
pub(crate) fn build(request: &Request<Bytes>, route: &Matched, arrival: &Arrival) -> Value {
    let path = decoded(request.uri().path());
    let query = request.uri().query().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(request.headers(), arrival),
        "requestContext": context(request, route, arrival, &path),
        "isBase64Encoded": false,
    });
    // What there is none of is left out.
    let cookies = cookies(request.headers());
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = Value::Object(query_parameters(query));
    }
    if !route.parameters.is_empty() {
        event["pathParameters"] =
            route.parameters.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into();
    }
    let body = request.body();
    if !body.is_empty() {
        let textual = is_textual(request.headers());
        event["isBase64Encoded"] = json!(!textual);
        event["body"] = json!(if textual { String::from_utf8_lossy(body).into_owned() } else { STANDARD.encode(body) });
    }
    event
}

fn context(request: &Request<Bytes>, route: &Matched, arrival: &Arrival, path: &str) -> Value {
    let host = text(request.headers(), header::HOST);
    let domain = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    json!({
        "accountId": ACCOUNT,
        "apiId": "local",
        "domainName": domain,
        "domainPrefix": domain.split('.').next(),
        "http": {
            "method": request.method().as_str(),
            "path": path,
            "protocol": format!("{:?}", request.version()),
            "sourceIp": arrival.source,
            "userAgent": text(request.headers(), header::USER_AGENT),
        },
        "requestId": arrival.request_id,
        "routeKey": route.key,
        "stage": "$default",
        "time": arrival.at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "timeEpoch": arrival.at.as_millisecond(),
    })
}

/// Names in lower case, several values joined by a comma, no cookies, nothing of the connection.
fn headers(sent: &HeaderMap, arrival: &Arrival) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in sent.keys() {
        let of_the_connection = ["connection", "keep-alive", "te", "transfer-encoding", "upgrade"];
        if *name != header::COOKIE && !of_the_connection.contains(&name.as_str()) {
            headers.insert(name.to_string(), json!(text(sent, name)));
        }
    }
    let source = arrival.source.to_string();
    let forwarded = match headers.get("x-forwarded-for").and_then(Value::as_str) {
        Some(before) => format!("{before}, {source}"),
        None => source,
    };
    headers.insert("x-forwarded-for".to_owned(), json!(forwarded));
    headers.insert("x-amzn-trace-id".to_owned(), json!("Root=1-00000000-000000000000000000000000"));
    headers.insert("x-forwarded-proto".to_owned(), json!("https"));
    headers.insert("x-forwarded-port".to_owned(), json!("443"));
    headers
}

fn cookies(sent: &HeaderMap) -> Vec<String> {
    let lines = sent.get_all(header::COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    lines
        .flat_map(|line| line.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn query_parameters(query: &str) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let joined = match parameters.get(&*name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value.into_owned(),
        };
        parameters.insert(name.into_owned(), json!(joined));
    }
    parameters
}

/// Whether the body stays text. A form post does not, nor does a type that API Gateway has not heard of.
fn is_textual(headers: &HeaderMap) -> bool {
    let content_type = text(headers, header::CONTENT_TYPE).to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"].contains(&media_type)
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> String {
    let values: Vec<_> =
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
    values.join(",")
}
