//! What a run has done, and its log line.

use std::time::Duration;

use serde::Serialize;
use stoa_core::failure::Failure;
use stoa_core::ids::SchoolId;

use crate::clients::Clients;
use crate::log_line::{Failed, Head, level, milliseconds};

/// What was done, of all schools together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Done {
    /// Schools that were looked at.
    pub(super) schools: u32,
    /// Of these, the ones at which something failed.
    pub(super) failed: u32,
    /// Calls of the Admin API.
    pub(super) calls: u32,
    /// Addresses that were written.
    pub(super) written: u32,
    /// Accounts that were followed up.
    pub(super) followed: u32,
}

impl Done {
    /// Both together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            schools: self.schools + other.schools,
            failed: self.failed + other.failed,
            calls: self.calls + other.calls,
            written: self.written + other.written,
            followed: self.followed + other.followed,
        }
    }
}

/// The log line. `docs/logging.md` describes each field.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    school: Option<&'a str>,
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
    ms: u64,
    #[serde(flatten)]
    done: Done,
}

impl<'a> Line<'a> {
    /// Of a run.
    pub(super) fn run(clients: &'a Clients, request: &'a str, done: Done, took: Duration) -> Self {
        Self { ms: milliseconds(took), done, ..Self::new(clients, request) }
    }

    /// Of a school at which something failed, or of a connection that cannot be read.
    pub(super) fn failed(
        clients: &'a Clients,
        request: &'a str,
        school: Option<&'a SchoolId>,
        failure: &'a Failure,
    ) -> Self {
        let line = Self::new(clients, request);
        let (head, failed) = (line.head.at(level(failure)), Some(Failed::of(failure)));
        Self { head, school: school.map(SchoolId::as_str), failed, ..line }
    }

    fn new(clients: &'a Clients, request: &'a str) -> Self {
        let head = Head::new(&clients.environment, request);
        Self { head, school: None, failed: None, ms: 0, done: Done::default() }
    }
}
