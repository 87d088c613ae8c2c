//! One wide log line for each invocation, and the metric in it.
//!
//! It names nobody: no address, no name, no group, no assertion, no ticket, no token, no IP.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;

use crate::environment::EnvironmentError;
use crate::log_line::{Failed, Head, level};
use crate::metrics::Metrics;

/// Where the lines go.
#[derive(Clone, Debug, Default)]
pub enum Log {
    /// Where Lambda picks them up.
    #[default]
    StandardOutput,
    /// Kept, for the sandbox and the tests.
    Memory(Arc<Mutex<Vec<String>>>),
}

impl Log {
    /// Writes a line, and when that was. Lambda asks every line for a `timestamp` before it believes its `level`.
    pub fn write<T: Serialize>(&self, at: Timestamp, line: &T) {
        let Ok(mut text) = serde_json::to_string(&Stamped { timestamp: format!("{at:.3}"), line }) else { return };
        text.push('\n');
        match self {
            // There is nowhere to report that the log cannot be written.
            Self::StandardOutput => drop(std::io::stdout().lock().write_all(text.as_bytes())),
            Self::Memory(lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).push(text),
        }
    }
}

/// Every line begins so.
#[derive(Serialize)]
struct Stamped<'a, T> {
    /// RFC 3339, UTC, to the millisecond.
    timestamp: String,
    #[serde(flatten)]
    line: &'a T,
}

/// The line's fields, in the order of writing. `docs/logging.md` describes each.
#[derive(Serialize)]
pub struct Line<'a> {
    /// Level, function, build, request.
    #[serde(flatten)]
    pub head: Head<'a>,
    /// The gateway's request id.
    pub gateway: &'a str,
    /// Browser family.
    pub browser: &'static str,
    /// The connection, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<&'a str>,
    /// The login's reference, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<&'a str>,
    /// What was answered: `redirect`, `page`, `resource`, or `fault`.
    pub answer: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What failed.
    #[serde(flatten)]
    pub failed: Option<Failed<'a>>,
    /// A second failure, behind the one that the person saw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<&'static str>,
    /// For how long its person waits in the line before the school, in seconds: what CloudWatch takes the most of.
    #[serde(rename = "LineSeconds", skip_serializing_if = "Option::is_none")]
    pub waits: Option<i64>,
    /// What a SCIM client asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<&'static str>,
    /// What was left out of its request, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<&'a str>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// CloudWatch's embedded metric format: a login ended here, or waits.
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metrics<'a>>,
    /// Metric dimension: `ok`, `person`, `idp`, `school` or `stoa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// 1 where a login ended here: what CloudWatch counts.
    #[serde(rename = "Logins", skip_serializing_if = "Option::is_none")]
    pub logins: Option<u8>,
}

impl<'a> Line<'a> {
    /// Adds a failure.
    pub fn fail(&mut self, failure: &'a Failure) {
        self.head = self.head.at(level(failure));
        self.answer = "fault";
        self.failed = Some(Failed::of(failure));
    }
}

/// A line of the process itself, beside those of its invocations.
#[derive(Serialize)]
pub(crate) struct ProcessLine {
    level: &'static str,
    function: &'static str,
    fault: &'static str,
    /// Where the code panicked: file and line.
    #[serde(skip_serializing_if = "Option::is_none")]
    panicked: Option<String>,
    /// Why the process ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
}

impl ProcessLine {
    fn of(function: &'static str) -> Self {
        Self { level: "error", function, fault: Fault::Internal.code(), panicked: None, ended: None }
    }

    /// The code panicked.
    pub(crate) fn panicked(function: &'static str, place: Option<String>) -> Self {
        Self { panicked: Some(place.unwrap_or_else(|| "somewhere".to_owned())), ..Self::of(function) }
    }

    /// The process ends: a setting is missing, or the Lambda runtime gave up, whose message could quote what came.
    pub(crate) fn ended(function: &'static str, setting: Option<&EnvironmentError>) -> Self {
        let why = setting.map_or_else(|| "the Lambda runtime ended".to_owned(), ToString::to_string);
        Self { ended: Some(why), ..Self::of(function) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_begins_with_its_time() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let line = serde_json::json!({"level": "info"});
        for milliseconds in [1_795_416_000_007, 1_795_416_000_000] {
            Log::Memory(lines.clone()).write(Timestamp::from_millisecond(milliseconds).unwrap(), &line);
        }
        let [first, second] =
            [7, 0].map(|ms| format!("{{\"timestamp\":\"2026-11-23T06:40:00.00{ms}Z\",\"level\":\"info\"}}\n"));
        assert_eq!(*lines.lock().unwrap(), [first, second]);
    }
}
