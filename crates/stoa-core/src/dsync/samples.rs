//! What tests of several parts are about.
#![allow(clippy::unwrap_used, reason = "only tests have them, and a test may panic")]

use jiff::Timestamp;

use super::words::WorkosId;

/// When it is.
pub(super) fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// An id of WorkOS's.
pub(super) fn id(text: &str) -> WorkosId {
    WorkosId::parse(text).unwrap()
}
