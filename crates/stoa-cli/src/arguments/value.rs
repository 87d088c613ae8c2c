//! Values that several commands take.

use stoa_core::ids::{BadName, ConnectionId, SchoolId};

/// Why something is done: one line.
pub(crate) fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    match text.len() {
        0 => Err("a reason is needed"),
        1..=500 if text.chars().any(char::is_control) => Err("one line without control characters"),
        1..=500 => Ok(text.to_owned()),
        _ => Err("at most 500 bytes"),
    }
}

pub(super) fn connection(text: &str) -> Result<ConnectionId, BadName> {
    ConnectionId::parse(text)
}

pub(super) fn school(text: &str) -> Result<SchoolId, BadName> {
    SchoolId::parse(text)
}
