//! The lines of `provisioner`: one for each person about whom something was done, one for a school that could not be
//! worked on, and one for the run with the metrics that alarms read.

use std::time::Duration;

use serde::Serialize;
use stoa_core::failure::Failure;

use crate::environment::Environment;
use crate::log_line::{Failed, Head, level, milliseconds};
use crate::metrics::Metrics;
use crate::store::{DuePerson, Then};

/// What became of one person. `docs/logging.md` describes each field.
#[derive(Serialize)]
pub(crate) struct PersonLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    connection: &'a str,
    user: &'a str,
    /// `settled`, `again`, `stuck` or `held`; absent where the run broke off.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    /// Why they are stuck.
    #[serde(skip_serializing_if = "Option::is_none")]
    stuck: Option<&'static str>,
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
}

impl<'a> PersonLine<'a> {
    /// About a person.
    pub(crate) fn new(environment: &'a Environment, request: &'a str, person: &'a DuePerson) -> Self {
        let DuePerson { connection, user, .. } = person;
        let (head, connection, user) = (Head::new(environment, request), connection.as_str(), user.as_str());
        Self { head, connection, user, outcome: None, stuck: None, failed: None }
    }

    /// What follows.
    pub(crate) fn ended(self, then: &Then) -> Self {
        let (level, outcome, stuck) = match then {
            Then::Nothing => ("info", "settled", None),
            Then::Again { .. } => ("info", "again", None),
            Then::Stuck(why) => ("warn", "stuck", Some(why.code())),
            Then::Held(_) => ("warn", "held", None),
        };
        Self { head: self.head.at(level), outcome: Some(outcome), stuck, ..self }
    }

    /// Why it broke off.
    pub(crate) fn failed(self, failure: &'a Failure) -> Self {
        Self { head: self.head.at(level(failure)), failed: Some(Failed::of(failure)), ..self }
    }
}

/// A school that could not be worked on.
#[derive(Serialize)]
pub(crate) struct SchoolLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    school: &'a str,
    #[serde(flatten)]
    failed: Failed<'a>,
}

impl<'a> SchoolLine<'a> {
    /// Why not.
    pub(crate) fn failed(
        environment: &'a Environment,
        request: &'a str,
        school: &'a str,
        failure: &'a Failure,
    ) -> Self {
        let head = Head::new(environment, request).at(level(failure));
        Self { head, school, failed: Failed::of(failure) }
    }
}

/// What a run has done, at all schools.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Done {
    /// People about whom something was done or decided.
    pub(crate) people: u32,
    /// Calls of schools.
    pub(crate) calls: u32,
    /// People and schools whose work broke off, on our side or at the school.
    #[serde(rename = "ProvisionFailed")]
    pub(crate) failed: u32,
    /// People who have got stuck.
    #[serde(rename = "ProvisionStuck")]
    pub(crate) stuck: u32,
    /// People whose removal is held.
    #[serde(rename = "ProvisionHeld")]
    pub(crate) held: u32,
    /// How long whoever has waited longest has, at the end of the run.
    #[serde(rename = "ProvisionWaitingSeconds")]
    pub(crate) waiting_seconds: i64,
    /// People who were left for the next run.
    pub(crate) put_off: u32,
}

impl Done {
    /// Of one person.
    pub(crate) fn of(then: &Then) -> Self {
        let done = Self { people: 1, ..Self::default() };
        match then {
            Then::Nothing | Then::Again { .. } => done,
            Then::Stuck(_) => Self { stuck: 1, ..done },
            Then::Held(_) => Self { held: 1, ..done },
        }
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            people: self.people + other.people,
            calls: self.calls + other.calls,
            failed: self.failed + other.failed,
            stuck: self.stuck + other.stuck,
            held: self.held + other.held,
            waiting_seconds: self.waiting_seconds.max(other.waiting_seconds),
            put_off: self.put_off + other.put_off,
        }
    }
}

/// A whole run.
#[derive(Serialize)]
pub(crate) struct RunLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    ms: u64,
    /// Its fields are the metrics.
    #[serde(flatten)]
    done: Done,
    #[serde(rename = "_aws")]
    metrics: Metrics<'a>,
}

impl<'a> RunLine<'a> {
    /// A run that ended at this instant, in epoch milliseconds.
    pub(crate) fn new(
        environment: &'a Environment,
        request: &'a str,
        done: Done,
        took: Duration,
        timestamp: i64,
    ) -> Self {
        let names = ["ProvisionFailed", "ProvisionStuck", "ProvisionHeld", "ProvisionWaitingSeconds"];
        let metrics = Metrics::run(&environment.metric_namespace, timestamp, names);
        Self { head: Head::new(environment, request), ms: milliseconds(took), done, metrics }
    }
}
