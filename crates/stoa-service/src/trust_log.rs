//! The lines of `trust-refresh`: one for each event, and one for the run with the metrics that alarms read.

use std::time::Duration;

use serde::Serialize;
use stoa_core::failure::Failure;
use stoa_core::trust::Event;

use crate::environment::Environment;
use crate::store::WatchOver;

/// One thing that happened to one connection's trust. `docs/logging.md` describes each field.
#[derive(Serialize)]
pub struct TrustLine<'a> {
    level: &'static str,
    function: &'a str,
    build: &'a str,
    request: &'a str,
    connection: &'a str,
    /// What is watched: `saml`, `jwks` or `jwks#teams`. Absent where the look broke off.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
}

impl<'a> TrustLine<'a> {
    /// A line about a connection.
    pub fn new(function: &'a str, build: &'a str, request: &'a str, connection: &'a str) -> Self {
        Self {
            level: "info",
            function,
            build,
            request,
            connection,
            of: None,
            event: None,
            fingerprint: None,
            days: None,
            detail: None,
            fault: None,
            wanted: None,
            got: None,
        }
    }

    /// What happened, to which part of its trust.
    pub fn about(self, of: WatchOver, event: &'a Event) -> Self {
        Self {
            of: Some(of.as_str()),
            level: event.kind.level(),
            event: Some(event.kind.code()),
            fingerprint: event.fingerprint.as_deref(),
            days: event.days,
            detail: event.detail.as_deref(),
            ..self
        }
    }

    /// Why the look broke off.
    pub fn failed(self, failure: &'a Failure) -> Self {
        Self {
            level: failure.fault.face().level.as_str(),
            fault: Some(failure.fault.code()),
            wanted: failure.detail.wanted.as_deref(),
            got: failure.detail.got.as_deref(),
            ..self
        }
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
    /// The days until the longest-lived key of some connection ends: the least of all connections.
    #[serde(rename = "TrustKeyExpiringDays", skip_serializing_if = "Option::is_none")]
    pub expiring_days: Option<i64>,
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
            expiring_days: self.expiring_days.into_iter().chain(other.expiring_days).min(),
        }
    }
}

/// A whole run.
#[derive(Serialize)]
pub struct RunLine<'a> {
    /// `info`
    pub level: &'static str,
    /// The function's name in the register.
    pub function: &'a str,
    /// Git revision and function version.
    pub build: &'a str,
    /// AWS request id.
    pub request: &'a str,
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
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let metrics = Metrics::of(&seen, &environment.metric_namespace, timestamp);
        let (function, build) = (environment.function, &environment.build);
        Self { level: "info", function, build, request, ms, left, seen, metrics }
    }
}

/// The metadata of the embedded metrics. They have no dimension: a series for each connection would cost money, and
/// the lines of the events say which connection it is.
#[derive(Serialize)]
pub struct Metrics<'a> {
    #[serde(rename = "Timestamp")]
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    directives: [Directive<'a>; 1],
}

#[derive(Serialize)]
struct Directive<'a> {
    #[serde(rename = "Namespace")]
    namespace: &'a str,
    #[serde(rename = "Dimensions")]
    dimensions: [[&'static str; 0]; 1],
    #[serde(rename = "Metrics")]
    metrics: Vec<Named>,
}

#[derive(Serialize)]
struct Named {
    #[serde(rename = "Name")]
    name: &'static str,
    #[serde(rename = "Unit")]
    unit: &'static str,
}

impl<'a> Metrics<'a> {
    fn of(seen: &Seen, namespace: &'a str, timestamp: i64) -> Self {
        let mut names = vec!["TrustLooksFailed", "TrustFetchFailing", "TrustKeysWaiting", "TrustHeld"];
        names.extend(seen.expiring_days.map(|_| "TrustKeyExpiringDays"));
        Self::named(names, namespace, timestamp)
    }

    /// These fields of the line, as counts.
    pub(crate) fn named(names: Vec<&'static str>, namespace: &'a str, timestamp: i64) -> Self {
        let metrics = names.into_iter().map(|name| Named { name, unit: "Count" }).collect();
        Self { timestamp, directives: [Directive { namespace, dimensions: [[]], metrics }] }
    }
}
