//! What lines of the log have in common: how they begin, what they say of a failure, and how long something took.

use std::time::Duration;

use serde::Serialize;
use stoa_core::failure::{Detail, Failure};

use crate::environment::Environment;

/// How the line of an invocation begins.
#[derive(Clone, Copy, Serialize)]
pub struct Head<'a> {
    /// `info`, `warn` or `error`.
    level: &'static str,
    /// The function's name in the register.
    function: &'static str,
    /// Git revision and function version.
    build: &'a str,
    /// AWS request id.
    request: &'a str,
}

impl<'a> Head<'a> {
    /// Of an everyday event.
    pub fn new(environment: &'a Environment, request: &'a str) -> Self {
        Self { level: "info", function: environment.function, build: &environment.build, request }
    }

    /// The same at another level.
    pub fn at(self, level: &'static str) -> Self {
        Self { level, ..self }
    }
}

/// What a line says of a failure.
#[derive(Clone, Copy, Serialize)]
pub struct Failed<'a> {
    /// The exact code.
    fault: &'static str,
    /// What was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<&'a str>,
    /// What came, unverified.
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
}

impl<'a> Failed<'a> {
    /// What on-call may know.
    pub fn of(failure: &'a Failure) -> Self {
        let Detail { wanted, got } = &failure.detail;
        Self { fault: failure.fault.code(), wanted: wanted.as_deref(), got: got.as_deref() }
    }
}

/// The level of the line about a failure.
pub fn level(failure: &Failure) -> &'static str {
    failure.fault.face().level.as_str()
}

/// In whole milliseconds.
pub fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_core::fault::Fault;

    use super::*;

    #[derive(Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        head: Head<'a>,
        school: &'a str,
        #[serde(flatten)]
        failed: Option<Failed<'a>>,
        ms: u64,
    }

    #[test]
    fn the_fields_stand_in_the_line_where_their_struct_does() {
        let line = |failure: Option<&Failure>| {
            let head = Head { level: "info", function: "mirror", build: "abc1234", request: "8f5c" };
            let head = head.at(failure.map_or("warn", level));
            let line = Line { head, school: "acme", failed: failure.map(Failed::of), ms: 3 };
            serde_json::to_string(&line).unwrap()
        };
        let begins = |level: &str| {
            format!(r#"{{"level":"{level}","function":"mirror","build":"abc1234","request":"8f5c","school":"acme","#)
        };
        assert_eq!(line(None), begins("warn") + r#""ms":3}"#);
        assert_eq!(line(Some(&Fault::Internal.into())), begins("error") + r#""fault":"internal","ms":3}"#);
        let strange = Failure::with(Fault::Internal, "a", "b");
        assert_eq!(line(Some(&strange)), begins("error") + r#""fault":"internal","wanted":"a","got":"b","ms":3}"#);
    }
}
