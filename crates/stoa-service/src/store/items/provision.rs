//! The `directory` table: who works on a school, and how many people of a connection have lost what they had.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::directory::UserId;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::routes::Table;

use super::key::{Form, Key, Range, keys};

keys! { Directory:
    /// Whose a school is to work on: `LeaseItem`.
    lease(school: &SchoolId) = "lease#{school}" / "lease";
    /// How many people of a connection have lost what they had: `Removals`.
    removals(connection: &ConnectionId) = "removals#{connection}" / "removals";
    /// What was changed of somebody of a directory by hand. The instant's fraction makes it a key.
    directory_change(connection: &ConnectionId, user: &UserId, at: Timestamp)
        = "history#{connection}#{user}" / "{at}";
}

impl Range {
    /// What was changed of somebody of a directory by hand, oldest first.
    pub(crate) fn directory_changes(connection: &ConnectionId, user: &UserId) -> Self {
        Self { table: Table::Directory, pk: format!("history#{connection}#{user}"), begin: None }
    }
}

/// Whose a school is to work on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LeaseItem {
    /// Counts the holders: whatever an earlier one writes is refused.
    pub(crate) fence: u64,
}

/// The partition of the index for people of a connection for whom something is due. Each has its own: what one customer's
/// client asks for stands in nobody else's way.
pub(crate) fn due_of(connection: &ConnectionId) -> String {
    format!("due#{connection}#thinkific")
}

/// The partition of the index for people of a connection about whom nothing is done until somebody says so.
pub(crate) fn stopped_of(kind: &'static str, connection: &ConnectionId) -> String {
    format!("{kind}#{connection}#thinkific")
}
