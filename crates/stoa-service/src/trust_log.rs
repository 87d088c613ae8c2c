//! The lines of `trust-refresh`: one for each event, and one for the run with the metrics that alarms read.

use std::time::Duration;

use serde::Serialize;
use stoa_core::failure::Failure;
use stoa_core::trust::Event;

use crate::environment::Environment;
use crate::log_line::{Failed, Head, level, milliseconds};
use crate::metrics::Metrics;
use crate::store::WatchOver;

/// One thing that happened to one connection's trust. `docs/logging.md` describes each field.
#[derive(Serialize)]
pub struct TrustLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    connection: &'a str,
    /// What is watched: `saml`, `jwks` or `jwks#teams`. Absent where the look broke off, and for
    /// secrets and tokens that end.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<&'static str>,
    /// An event's code; absent where the look broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// Why the look broke off, on our side.
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
}

impl<'a> TrustLine<'a> {
    /// A line about a connection.
    pub fn new(head: Head<'a>, connection: &'a str) -> Self {
        Self { head, connection, of: None, event: None, fingerprint: None, days: None, detail: None, failed: None }
    }

    /// What happened, to which part of its trust.
    pub fn about(self, of: WatchOver, event: &'a Event) -> Self {
        Self { of: Some(of.as_str()), ..self.told(event) }
    }

    /// What happened to something of the connection's that nobody watches over.
    pub fn told(self, event: &'a Event) -> Self {
        Self {
            head: self.head.at(event.kind.level()),
            event: Some(event.kind.code()),
            fingerprint: event.fingerprint.as_deref(),
            days: event.days,
            detail: event.detail.as_deref(),
            ..self
        }
    }

    /// Why the look broke off.
    pub fn failed(self, failure: &'a Failure) -> Self {
        Self { head: self.head.at(level(failure)), failed: Some(Failed::of(failure)), ..self }
    }
}

/// What a run found, over all connections.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Seen {
    /// Connections that were looked at.
    pub connections: u32,
    /// Connections whose look broke off, on our side.
    #[serde(rename = "TrustLooksFailed")]
    pub failed: u32,
    /// Providers that have been out of reach for seven days.
    #[serde(rename = "TrustFetchFailing")]
    pub failing: u32,
    /// Keys that wait to be trusted: there is time to object.
    #[serde(rename = "TrustKeysWaiting")]
    pub waiting: u32,
    /// Changes that wait for a person.
    #[serde(rename = "TrustHeld")]
    pub held: u32,
    /// Certificates that are the last of their connection to end, and end in as many days as is told.
    #[serde(rename = "TrustKeyExpirySteps")]
    pub expiry_steps: u32,
    /// Client secrets, and last tokens of SCIM clients, that end in as many days as is told.
    #[serde(rename = "CredentialExpirySteps")]
    pub credential_steps: u32,
}

impl Seen {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            failed: self.failed + other.failed,
            failing: self.failing + other.failing,
            waiting: self.waiting + other.waiting,
            held: self.held + other.held,
            expiry_steps: self.expiry_steps + other.expiry_steps,
            credential_steps: self.credential_steps + other.credential_steps,
        }
    }
}

/// A whole run.
#[derive(Serialize)]
pub struct RunLine<'a> {
    /// Level, function, build, request.
    #[serde(flatten)]
    pub head: Head<'a>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Connections that the time did not reach: the next run goes on with them.
    pub left: usize,
    /// What was found; its fields are the metrics.
    #[serde(flatten)]
    pub seen: Seen,
    /// CloudWatch's embedded metric format.
    #[serde(rename = "_aws")]
    pub metrics: Metrics<'a>,
}

impl<'a> RunLine<'a> {
    /// A run that ended at this instant, in epoch milliseconds: what was found, and how many connections it left.
    pub fn new(
        environment: &'a Environment,
        request: &'a str,
        (seen, left): (Seen, usize),
        took: Duration,
        timestamp: i64,
    ) -> Self {
        let names = [
            "TrustLooksFailed",
            "TrustFetchFailing",
            "TrustKeysWaiting",
            "TrustHeld",
            "TrustKeyExpirySteps",
            "CredentialExpirySteps",
        ];
        let metrics = Metrics::run(&environment.metric_namespace, timestamp, names);
        Self { head: Head::new(environment, request), ms: milliseconds(took), left, seen, metrics }
    }
}
