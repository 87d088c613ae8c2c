//! That something is to be done about a person at a school.

use jiff::Timestamp;
use stoa_core::directory::{DIRECTORY_VERSION, UserId};
use stoa_core::ids::{ConnectionId, SchoolId};

use super::{Key, Write};

/// Separates the ranks in `due_at`: more than any instant in epoch seconds that there will be.
const RANK: i64 = 100_000_000_000;

/// How soon it is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rank {
    /// First: somebody leaves, or their address changed.
    First,
    /// In turn.
    InTurn,
}

/// For whom it is due.
#[derive(Clone, Copy)]
pub(crate) struct Due<'a> {
    /// Of which directory.
    pub(crate) connection: &'a ConnectionId,
    /// At which school.
    pub(crate) school: &'a SchoolId,
    /// Since now.
    pub(crate) now: Timestamp,
}

impl Due<'_> {
    /// Marks a person, in the transaction that changes what is wanted of them.
    pub(crate) fn mark(&self, user: &UserId, rank: Rank) -> Write {
        let rank = match rank {
            Rank::First => 0,
            Rank::InTurn => RANK,
        };
        Key::sync(self.connection, user)
            .update("SET v = :v, due_of = :of, due_at = :at, tries = :none REMOVE stuck ADD wanted :one")
            .with(":v", DIRECTORY_VERSION)
            .with(":of", format!("due#{}#thinkific", self.school))
            .with(":at", rank + self.now.as_second())
            .with(":none", 0)
            .with(":one", 1)
    }
}
