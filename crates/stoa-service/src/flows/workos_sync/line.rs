//! What a run has done, and its log line.

use std::time::Duration;

use serde::Serialize;
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;

use crate::clients::Clients;
use crate::log_line::{Failed, Head, level, milliseconds};
use crate::metrics::Metrics;

/// What was done, of all connections together.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Done {
    /// Connections whose directory is at WorkOS.
    pub(super) connections: u32,
    /// Of these, the ones at which something failed.
    #[serde(rename = "WorkosSyncFailed")]
    pub(super) failed: u32,
    /// Those whose turn did not come. They are the first of the next run.
    pub(super) waiting: u32,
    /// Calls of WorkOS's API.
    pub(super) calls: u32,
    /// Events that the API returned, of whichever directory.
    pub(super) events: u32,
    /// Of all that was heard, what was news: the webhooks have missed it.
    pub(super) news: u32,
    /// Entries of lists that cannot be read.
    pub(super) strange: u32,
}

impl Done {
    /// Both together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            failed: self.failed + other.failed,
            waiting: self.waiting + other.waiting,
            calls: self.calls + other.calls,
            events: self.events + other.events,
            news: self.news + other.news,
            strange: self.strange + other.strange,
        }
    }
}

/// The log line. `docs/logging.md` describes each field.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<&'a str>,
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ms: Option<u64>,
    #[serde(flatten)]
    done: Option<Done>,
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    metrics: Option<Metrics<'a>>,
}

impl<'a> Line<'a> {
    /// Of a run.
    pub(super) fn run(clients: &'a Clients, request: &'a str, done: Done, took: Duration) -> Self {
        let ended = clients.clock.now().as_millisecond();
        let metrics = Metrics::run(&clients.environment.metric_namespace, ended, ["WorkosSyncFailed"]);
        let line = Self::new(clients, request);
        Self { ms: Some(milliseconds(took)), done: Some(done), metrics: Some(metrics), ..line }
    }

    /// Of a connection whose directory could not be asked.
    pub(super) fn failed(
        clients: &'a Clients,
        request: &'a str,
        connection: &'a ConnectionId,
        failure: &'a Failure,
    ) -> Self {
        let line = Self::new(clients, request);
        let (head, failed) = (line.head.at(level(failure)), Some(Failed::of(failure)));
        Self { head, connection: Some(connection.as_str()), failed, ..line }
    }

    fn new(clients: &'a Clients, request: &'a str) -> Self {
        let head = Head::new(&clients.environment, request);
        Self { head, connection: None, failed: None, ms: None, done: None, metrics: None }
    }
}
