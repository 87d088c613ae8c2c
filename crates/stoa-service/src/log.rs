//! One wide log line for each invocation, and the metric in it.
//!
//! It names nobody: no address, no name, no group, no assertion, no ticket, no token, no IP.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use stoa_core::failure::Detail;
use stoa_core::fault::Fault;

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
    /// Writes a line.
    pub fn write<T: Serialize>(&self, line: &T) {
        let Ok(mut text) = serde_json::to_string(line) else { return };
        text.push('\n');
        match self {
            // There is nowhere to report that the log cannot be written.
            Self::StandardOutput => drop(std::io::stdout().lock().write_all(text.as_bytes())),
            Self::Memory(lines) => lines.lock().unwrap_or_else(PoisonError::into_inner).push(text),
        }
    }
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
    /// What was answered: `redirect`, `page`, or `fault`.
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
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// CloudWatch's embedded metric format: a login ended here.
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    pub metric: Option<Metric<'a>>,
    /// Metric dimension: `ok`, `person`, `idp`, `school` or `stoa`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// 1 where a login ended here: what CloudWatch counts.
    #[serde(rename = "Logins", skip_serializing_if = "Option::is_none")]
    pub logins: Option<u8>,
}

/// The metadata of the embedded metric: dimensions connection × outcome and no others, since each series costs money.
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
    dimensions: [[&'static str; 2]; 1],
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
        Self {
            timestamp,
            metrics: [Directive {
                namespace,
                dimensions: [["connection", "outcome"]],
                metrics: [Named { name: "Logins", unit: "Count" }],
            }],
        }
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

    /// Writes the line.
    pub fn write(&self, log: &Log) {
        log.write(self);
    }
}
