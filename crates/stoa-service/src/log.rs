//! One wide log line for each invocation, and the metric in it.
//!
//! It names nobody: no address, no name, no group, no assertion, no ticket, no token, no IP.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use stoa_core::failure::Detail;
use stoa_core::fault::Fault;

use crate::environment::EnvironmentError;

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
    /// `info`, `warn` or `error`.
    pub level: &'static str,
    /// The function's name in the register.
    pub function: &'a str,
    /// Git revision and function version.
    pub build: &'a str,
    /// AWS request id.
    pub request: &'a str,
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
    /// The exact fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<&'static str>,
    /// What was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<&'a str>,
    /// What came, unverified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<&'a str>,
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
    pub metric: Option<Metric<'a>>,
    /// Metric dimension: `ok`, `person`, `idp`, `school` or `stoa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// 1 where a login ended here: what CloudWatch counts.
    #[serde(rename = "Logins", skip_serializing_if = "Option::is_none")]
    pub logins: Option<u8>,
}

/// The metadata of the embedded metric: dimensions connection × outcome, for people, and outcome alone, for alarms, and no
/// others, since each series costs money.
#[derive(Serialize)]
pub struct Metric<'a> {
    #[serde(rename = "Timestamp")]
    timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
struct Directive<'a> {
    #[serde(rename = "Namespace")]
    namespace: &'a str,
    #[serde(rename = "Dimensions")]
    dimensions: &'static [&'static [&'static str]],
    #[serde(rename = "Metrics")]
    metrics: [Named; 1],
}

#[derive(Serialize)]
struct Named {
    #[serde(rename = "Name")]
    name: &'static str,
    #[serde(rename = "Unit")]
    unit: &'static str,
}

impl<'a> Metric<'a> {
    /// A login that ended at this instant, in epoch milliseconds.
    pub fn login(namespace: &'a str, timestamp: i64) -> Self {
        let dimensions: &[&[&str]] = &[&["connection", "outcome"], &["outcome"]];
        Self::of(namespace, timestamp, dimensions, Named { name: "Logins", unit: "Count" })
    }

    /// A login that waits in line.
    pub fn waiting(namespace: &'a str, timestamp: i64) -> Self {
        Self::of(namespace, timestamp, &[&["connection"]], Named { name: "LineSeconds", unit: "Seconds" })
    }

    const fn of(
        namespace: &'a str,
        timestamp: i64,
        dimensions: &'static [&'static [&'static str]],
        metric: Named,
    ) -> Self {
        Self { timestamp, metrics: [Directive { namespace, dimensions, metrics: [metric] }] }
    }
}

impl<'a> Line<'a> {
    /// Adds a fault.
    pub fn fail(&mut self, fault: Fault, detail: &'a Detail) {
        self.level = fault.face().level.as_str();
        self.answer = "fault";
        self.fault = Some(fault.code());
        self.wanted = detail.wanted.as_deref();
        self.got = detail.got.as_deref();
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
