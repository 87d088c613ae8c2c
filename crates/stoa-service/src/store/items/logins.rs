//! The `logins` table: each login, the last test of each connection that succeeded, and the unsolicited assertions that
//! have been used. `ttl` cleans them up; what is too old is compared in code.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::ids::{Attempt, ConnectionId, PersonKey, ProofHash, Reference, SchoolId};
use stoa_core::routes::Table;
use stoa_core::webhook::EventId;

use super::key::{Form, Key, keys};

keys! { Logins:
    /// A login: `LoginItem`, kept for a day, and for thirty from the proof or a failure on.
    login(reference: &Reference => reference.as_str()) = "{reference}";
    /// The last test of a connection that succeeded, kept for thirty days.
    tested(connection: &ConnectionId) = "tested#{connection}";
    /// An unsolicited assertion that has been used.
    assertion(proof: &ProofHash) = "assertion#{proof}";
    /// Whose turn it is to ask a school about a person: `TurnItem`, kept for two days.
    turn(school: &SchoolId, person: &PersonKey) = "turn#{school}#{person}";
    /// The calls that a school was asked for in a minute, counted from the epoch; kept for an hour.
    calls(school: &SchoolId, minute: i64) = "calls#{school}#{minute}";
    /// A webhook that has been taken, kept for a week.
    webhook(school: &SchoolId, event: &EventId => event.as_str()) = "webhook#{school}#{event}";
    /// The line before a school: its next free place, and the last one of each connection; kept for a day.
    line(school: &SchoolId) = "line#{school}";
}

/// How long it is remembered that an assertion was used, once it could not pass any more.
const USED_KEPT_SECONDS: i64 = 3600;

/// How long a webhook is remembered: longer than one is believed.
const WEBHOOK_KEPT_SECONDS: i64 = 7 * 86_400;

/// A webhook that has been taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookItem {
    /// When it was taken first, in epoch seconds.
    pub(crate) at: i64,
    /// When DynamoDB may clean it up, in epoch seconds.
    pub(crate) ttl: i64,
}

impl WebhookItem {
    /// Of one that is taken now.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { at: now.as_second(), ttl: now.as_second() + WEBHOOK_KEPT_SECONDS }
    }
}

/// A test login that got as far as a test can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedItem {
    /// When, in epoch seconds.
    pub at: i64,
    /// The connection's version under which the identity was proven.
    #[serde(rename = "cv")]
    pub connection_version: u32,
    /// The reference of that login.
    pub login: Reference,
    /// When DynamoDB may clean it up, in epoch seconds.
    pub ttl: i64,
}

/// An unsolicited assertion that has been used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssertionItem {
    /// The attempt that used it.
    pub(crate) attempt: Attempt,
    /// When DynamoDB may clean it up, in epoch seconds.
    pub(crate) ttl: i64,
}

impl AssertionItem {
    /// Of an assertion that could pass until then.
    pub(crate) fn new(attempt: Attempt, until: Timestamp) -> Self {
        Self { attempt, ttl: until.as_second() + USED_KEPT_SECONDS }
    }
}
