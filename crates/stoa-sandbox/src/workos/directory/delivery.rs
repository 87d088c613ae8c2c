//! One event on its way to one endpoint.

use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};

use super::{Event, Shared};

/// How long an endpoint may take. Not documented.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first pause, in seconds; each is twice the one before. Six of them are three days.
const FIRST_PAUSE: i64 = 4114;
const RETRIES: usize = 6;

/// An address that is told of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where events are posted to.
    pub url: String,
    /// What deliveries to it are signed with.
    pub secret: String,
}

/// An event on its way to one endpoint, and what became of each try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDelivery {
    /// The event's id.
    pub event: String,
    /// What happened.
    pub kind: &'static str,
    /// Where it is sent.
    pub url: String,
    /// The body, byte for byte.
    pub body: String,
    /// When it is sent next; `None`: it has arrived, or is given up.
    pub due: Option<Timestamp>,
    /// The tries so far, oldest first.
    pub tries: Vec<EventTry>,
}

/// One try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventTry {
    /// By WorkOS's clock.
    pub at: Timestamp,
    /// The status that it was answered with; 0: with none.
    pub status: u16,
}

impl EventDelivery {
    pub(super) fn new(url: String, event: &Event, now: Timestamp) -> Self {
        let body = event.document.to_string();
        Self { event: event.id.clone(), kind: event.kind, url, body, due: Some(now), tries: Vec::new() }
    }

    /// The value of `WorkOS-Signature` for a body that is sent at this instant.
    pub fn signature(body: &str, secret: &str, at: Timestamp) -> String {
        let at = at.as_millisecond();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let mac = hmac::sign(&key, format!("{at}.{body}").as_bytes());
        let mac: String = mac.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={at}, v1={mac}")
    }

    fn note(&mut self, at: Timestamp, status: u16) {
        self.tries.push(EventTry { at, status });
        let retries = self.tries.len() - 1;
        self.due = match (200..300).contains(&status) || retries >= RETRIES {
            true => None,
            false => at.checked_add(SignedDuration::from_secs(FIRST_PAUSE << retries)).ok(),
        };
    }
}

/// Sends what is due, until nothing is. Each try is signed anew.
pub(super) async fn send_due(shared: &Shared) {
    loop {
        let now = shared.config.clock.now();
        let next = {
            let all = &shared.state().directories;
            let at = all.deliveries.iter().position(|delivery| delivery.due.is_some_and(|due| due <= now));
            at.and_then(|at| {
                let delivery = all.deliveries.get(at)?.clone();
                let endpoint = all.endpoints.iter().find(|endpoint| endpoint.url == delivery.url)?;
                Some((at, EventDelivery::signature(&delivery.body, &endpoint.secret, now), delivery))
            })
        };
        let Some((at, signature, delivery)) = next else { return };
        let status = tokio::time::timeout(PATIENCE, send(&delivery, &signature)).await.ok().flatten().unwrap_or(0);
        if let Some(sent) = shared.state().directories.deliveries.get_mut(at) {
            sent.note(now, status);
        }
    }
}

/// The status that it is answered with, if it is.
async fn send(delivery: &EventDelivery, signature: &str) -> Option<u16> {
    let target: Uri = delivery.url.parse().ok()?;
    let (host, port) = (target.host()?, target.port_u16().unwrap_or(80));
    // The simulator reaches loopback only, where every name of the sandbox's leads.
    let request = Request::post(format!("http://127.0.0.1:{port}{}", target.path_and_query()?))
        .header("host", format!("{host}:{port}"))
        .header("content-type", "application/json")
        .header("user-agent", "WorkOS Webhooks")
        .header("workos-signature", signature)
        .body(Full::new(Bytes::from(delivery.body.clone())))
        .ok()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    Some(client.request(request).await.ok()?.status().as_u16())
}
