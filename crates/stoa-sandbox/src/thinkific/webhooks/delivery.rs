//! One event on its way to one target.

use std::time::Duration;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::super::{ApiKey, Shared};
use super::event::Event;
use super::subscriptions::Subscription;

/// How long a target may take. Not documented.
const PATIENCE: Duration = Duration::from_secs(10);
/// The first pause, in seconds; each is twice the one before. Fourteen of them are sixteen hours.
const FIRST_PAUSE: i64 = 7;
const RETRIES: usize = 14;

/// An event on its way to one target, and what became of each try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The event's id.
    pub event: String,
    /// What happened.
    pub topic: String,
    /// Where it is sent.
    pub target_url: String,
    /// The body, byte for byte.
    pub body: String,
    /// Whether it is signed.
    pub is_signed: bool,
    /// When it is sent next; `None`: it has arrived, or is given up.
    pub due: Option<Timestamp>,
    /// The tries so far, oldest first.
    pub tries: Vec<Try>,
}

/// One try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Try {
    /// By the school's clock.
    pub at: Timestamp,
    /// The status that it was answered with; 0: with none.
    pub status: u16,
}

impl Delivery {
    pub(super) fn new(target: &Subscription, event: &Event, now: Timestamp) -> Self {
        Self {
            event: event.id.clone(),
            topic: event.topic.clone(),
            target_url: target.target_url.clone(),
            body: event.body.clone(),
            is_signed: target.is_signed,
            due: Some(now),
            tries: Vec::new(),
        }
    }

    /// The value of `X-Thinkific-Hmac-Sha256`: of the body's bytes, in lower-case hexadecimal.
    pub fn signature(&self, key: &ApiKey) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
        hmac::sign(&key, self.body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn note(&mut self, at: Timestamp, status: u16) {
        self.tries.push(Try { at, status });
        let retries = self.tries.len() - 1;
        self.due = if (200..300).contains(&status) || retries >= RETRIES {
            None
        } else {
            let pause = SignedDuration::from_secs(FIRST_PAUSE << retries);
            at.checked_add(pause).ok()
        };
    }
}

/// Sends what is due, until nothing is.
pub(super) async fn send_due(shared: &Shared) {
    loop {
        let now = shared.config.clock.now();
        let next = {
            let school = shared.school();
            let mut deliveries = school.webhooks.deliveries.iter();
            let at = deliveries.position(|delivery| delivery.due.is_some_and(|due| due <= now));
            at.and_then(|at| Some((at, school.webhooks.deliveries.get(at)?.clone(), school.api_key.clone())))
        };
        let Some((at, delivery, key)) = next else { return };
        let status = tokio::time::timeout(PATIENCE, send(&delivery, &key)).await.ok().flatten().unwrap_or(0);
        if let Some(sent) = shared.school().webhooks.deliveries.get_mut(at) {
            sent.note(now, status);
        }
    }
}

/// The status that it is answered with, if it is.
async fn send(delivery: &Delivery, key: &ApiKey) -> Option<u16> {
    let target: Uri = delivery.target_url.parse().ok()?;
    let (host, port) = (target.host()?, target.port_u16().unwrap_or(80));
    // The simulator reaches loopback only, where every name of the sandbox's leads.
    let request = Request::post(format!("http://127.0.0.1:{port}{}", target.path_and_query()?))
        .header("host", format!("{host}:{port}"))
        .header("content-type", "application/json")
        .header("user-agent", "Thinkific");
    let request =
        if delivery.is_signed { request.header("x-thinkific-hmac-sha256", delivery.signature(key)) } else { request };
    let request = request.body(Full::new(Bytes::from(delivery.body.clone()))).ok()?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    Some(client.request(request).await.ok()?.status().as_u16())
}
