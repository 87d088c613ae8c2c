//! The requests, and what is believed of the answers.

use bytes::Bytes;
use http::Request;
use http::Uri;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as Http;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

/// What a filter is spelled with in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// So many requests are kept for the page.
const KEPT: usize = 200;

/// A request of the client's and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// As in HTTP: `PATCH`.
    pub method: String,
    /// From the base address on, with its query.
    pub path: String,
    /// What was sent.
    pub body: Value,
    /// The status of the answer; 0: there was none.
    pub status: u16,
    /// What is wrong with it, as the console says; `None`: nothing.
    pub error: Option<String>,
}

/// A request failed; which and why is its [`Exchange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// The status; 0: there was no answer that can be read.
    pub(super) status: u16,
}

/// Where the application is, and what was asked of it.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) address: String,
    pub(super) token: String,
    /// The last ones.
    pub(super) exchanges: Vec<Exchange>,
    /// How many there were.
    pub(super) sent: usize,
}

/// What is sent.
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    /// Behind the base address.
    pub(super) path: String,
    pub(super) query: Vec<(&'a str, String)>,
    pub(super) body: Value,
    /// The statuses that the product takes for success.
    pub(super) expects: &'a [u16],
}

impl<'a> Ask<'a> {
    pub(super) fn get(path: &str, query: Vec<(&'a str, String)>) -> Self {
        Self { method: "GET", path: path.to_owned(), query, body: Value::Null, expects: &[200] }
    }

    pub(super) fn send(method: &'a str, path: String, body: Value, expects: &'a [u16]) -> Self {
        Self { method, path, query: Vec::new(), body, expects }
    }
}

impl Client {
    /// Whether the address has a query parameter, which Entra sends with every request.
    pub(super) fn has_flag(&self, flag: &str) -> bool {
        self.address.split_once('?').is_some_and(|(_, query)| query.split('&').any(|own| own == flag))
    }

    /// Sends a request and reads the answer; with `agent` for a user agent.
    pub(super) async fn ask(&mut self, ask: Ask<'_>, agent: Option<&str>) -> Result<Value, Failed> {
        let (base, own) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let mut query: Vec<String> = own.split('&').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        query.extend(ask.query.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, QUERY))));
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let path = format!("{}{query}", ask.path);
        let url = format!("{}{path}", base.trim_end_matches('/'));
        let body = if ask.body.is_null() { String::new() } else { ask.body.to_string() };
        let (status, answer) = self.answer(ask.method, &url, body, agent).await.unwrap_or_default();
        let read: Option<Value> = serde_json::from_slice(&answer).ok();
        let error = match (status, &read) {
            (0, _) => Some("The application did not answer.".to_owned()),
            (status, _) if !ask.expects.contains(&status) => {
                let detail = read.as_ref().and_then(|read| read["detail"].as_str()).unwrap_or("no detail");
                Some(format!("The application answered {status}: {detail}"))
            }
            (204, _) | (_, Some(_)) => None,
            (_, None) => Some("The answer is not JSON.".to_owned()),
        };
        let failed = error.is_some();
        self.note(Exchange { method: ask.method.to_owned(), path, body: ask.body, status, error });
        match failed {
            true => Err(Failed { status }),
            false => Ok(read.unwrap_or_default()),
        }
    }

    /// Says of the last answer that something in it is not as the product needs it.
    pub(super) fn object(&mut self, error: &str) -> Failed {
        let last = self.exchanges.last_mut();
        let status = last.as_ref().map_or(0, |last| last.status);
        if let Some(last) = last {
            last.error = Some(error.to_owned());
        }
        Failed { status }
    }

    /// The `id` of what an answer shows.
    pub(super) fn id(&mut self, answer: &Value) -> Result<String, Failed> {
        match answer["id"].as_str() {
            Some(id) => Ok(id.to_owned()),
            None => Err(self.object("The answer has no id.")),
        }
    }

    /// The resource that a list shows, if it shows one (RFC 7644 §3.4.2).
    pub(super) fn only(&mut self, list: &Value) -> Result<Option<Value>, Failed> {
        let total = list["totalResults"].as_u64();
        let first = list["Resources"].get(0).cloned();
        match (total, first) {
            (Some(0), None) => Ok(None),
            (Some(1), Some(first)) => Ok(Some(first)),
            (Some(_), _) => Err(self.object("The search found more than one.")),
            (None, _) => Err(self.object("totalResults is not a number.")),
        }
    }

    fn note(&mut self, exchange: Exchange) {
        self.exchanges.push(exchange);
        self.sent += 1;
        let over = self.exchanges.len().saturating_sub(KEPT);
        self.exchanges.drain(..over);
    }

    async fn answer(&self, method: &str, url: &str, body: String, agent: Option<&str>) -> Option<(u16, Bytes)> {
        let target: Uri = url.parse().ok()?;
        let (host, port) = (target.host()?, target.port_u16().unwrap_or(80));
        // The simulator reaches loopback only, where every name of the sandbox's leads.
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:{port}{}", target.path_and_query()?))
            .header("host", format!("{host}:{port}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("accept", "application/scim+json");
        if !body.is_empty() {
            request = request.header("content-type", "application/scim+json");
        }
        if let Some(agent) = agent {
            request = request.header("user-agent", agent);
        }
        let request = request.body(Full::new(Bytes::from(body))).ok()?;
        let http = Http::builder(TokioExecutor::new()).build_http();
        let (head, body) = http.request(request).await.ok()?.into_parts();
        Some((head.status.as_u16(), body.collect().await.ok()?.to_bytes()))
    }
}
