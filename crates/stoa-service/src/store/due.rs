//! That something is to be done about a person at a school.

use jiff::Timestamp;
use stoa_core::directory::{DIRECTORY_VERSION, KeyOf, UserId};
use stoa_core::ids::ConnectionId;
use stoa_core::provision::{Rank, due_at};

use super::{Key, Write, due_of};

/// For whom it is due.
#[derive(Clone, Copy)]
pub(crate) struct Due<'a> {
    /// Of which directory.
    pub(crate) connection: &'a ConnectionId,
    /// Since now.
    pub(crate) now: Timestamp,
}

impl Due<'_> {
    /// Marks a person, in the transaction that changes what is wanted of them. What is due already keeps its place,
    /// unless something comes that goes first: else a removal would wait behind all the rest.
    pub(crate) fn mark(&self, user: &UserId, rank: Rank) -> Write {
        self.mark_and(user, rank, "")
    }

    /// Marks a person who is taken away, and notes by what they would be known again.
    pub(crate) fn mark_gone(&self, user: &UserId, known_by: Option<&KeyOf>) -> Write {
        match known_by {
            None => self.mark(user, Rank::First),
            Some(known_by) => {
                self.mark_and(user, Rank::First, ", known_by = :known_by").with(":known_by", &known_by.hash)
            }
        }
    }

    /// Marks somebody who turns out to be somebody that a person keeps out.
    pub(crate) fn mark_kept_out(&self, user: &UserId, rank: Rank) -> Write {
        self.mark_and(user, rank, ", blocked = :yes").with(":yes", true)
    }

    fn mark_and(&self, user: &UserId, rank: Rank, also: &str) -> Write {
        let at = match rank {
            Rank::First => ":at",
            Rank::Then => "if_not_exists(due_at, :at)",
        };
        Key::sync(self.connection, user)
            .update(format!(
                "SET v = :v, due_of = :of, due_at = {at}, tries = :none{also} REMOVE stuck ADD wanted :one"
            ))
            .with(":v", DIRECTORY_VERSION)
            .with(":of", due_of(self.connection))
            .with(":at", due_at(rank, self.now))
            .with(":none", 0)
            .with(":one", 1)
    }
}
