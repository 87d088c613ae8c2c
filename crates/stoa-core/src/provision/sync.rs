//! What is due for a person at a school, in which order, and what stands in the way.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::applied::Applied;
use crate::directory::KeyHash;
use crate::fault::Fault;

/// Tries after which a person is stuck, while the school does not answer. With growing pauses they take a day.
pub const TRIES: u32 = 12;
/// The pause after the first try that failed, in seconds. It doubles.
const FIRST_PAUSE: i64 = 30;
/// The longest pause, in seconds.
const LONGEST_PAUSE: i64 = 6 * 3600;
/// Between what is due of one rank and of the next, in the index: more than there are seconds.
const RANK: i64 = 100_000_000_000;

/// A person's item of one target: what is due, what was done, what stands in the way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sync {
    /// The item's format.
    pub v: u8,
    /// Counts the changes of what is wanted.
    #[serde(default)]
    pub wanted: u64,
    /// When something is due, as [`due_at`] says. Absent: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<i64>,
    /// What was done.
    #[serde(default)]
    pub applied: Applied,
    /// Tries in a row that the school did not answer.
    #[serde(default)]
    pub tries: u32,
    /// Why nothing is done until something changes, or somebody says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
    /// Since when a removal is held, in epoch seconds: too many were to leave at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<i64>,
    /// Somebody let a held removal through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// The removal that is due is counted already: trying it again is no other one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted: bool,
    /// Somebody keeps the person out, whatever the directory says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// By what they would be known again, as their source has taken them away: the hash of its own id of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_by: Option<KeyHash>,
    /// The number of the lease of whoever wrote last: an earlier one's writes are refused.
    #[serde(default)]
    pub fence: u64,
}

/// The format that this version writes.
pub const SYNC_VERSION: u8 = 1;

/// What is done first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Removals and changed addresses: every minute of them opens what should be closed.
    First,
    /// Everything else.
    Then,
}

impl Rank {
    /// Every one, in order.
    pub const ALL: [Self; 2] = [Self::First, Self::Then];

    const fn offset(self) -> i64 {
        match self {
            Self::First => 0,
            Self::Then => RANK,
        }
    }

    /// Of what is due so.
    pub const fn of(due_at: i64) -> Self {
        if due_at < RANK { Self::First } else { Self::Then }
    }
}

/// The place in the index of what is due of a rank at a time.
pub fn due_at(rank: Rank, at: Timestamp) -> i64 {
    rank.offset() + at.as_second()
}

/// The pause after so many tries in a row, in seconds; `None`: no more.
pub fn retry_in(tries: u32) -> Option<i64> {
    (tries < TRIES).then(|| FIRST_PAUSE.saturating_mul(1_i64 << tries.saturating_sub(1).min(20)).min(LONGEST_PAUSE))
}

/// Why nothing is done about a person until something changes, or somebody says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Stuck {
    /// The directory has no address for them that the connection may speak for.
    NoAddress,
    /// Their account has a role that the connection does not name.
    Privileged {
        /// The account.
        user: u64,
    },
    /// Nobody is bound to the account under their address, and the connection takes none over.
    Unbound {
        /// The account.
        user: u64,
    },
    /// The account under their address is bound to somebody else.
    Bound {
        /// The account.
        user: u64,
    },
    /// Their account has an address of a domain that the connection does not own.
    AddressForeign {
        /// The account.
        user: u64,
    },
    /// The school refuses their name or address.
    ProfileRefused {
        /// Which fields it named.
        fields: String,
    },
    /// The school refuses an enrollment: there is no such course, or none that can be given.
    CourseRefused {
        /// Which of the school's courses.
        course: u64,
    },
    /// The school has no such group.
    GroupRefused {
        /// Its name.
        group: String,
    },
    /// The school did not answer, try after try, or not in a form that is understood.
    NoAnswer {
        /// The fault's code.
        fault: String,
    },
}

impl Stuck {
    /// After the last try.
    pub fn no_answer(fault: Fault) -> Self {
        Self::NoAnswer { fault: fault.code().to_owned() }
    }

    /// A word for logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::Privileged { .. } => "privileged",
            Self::Unbound { .. } => "unbound",
            Self::Bound { .. } => "bound",
            Self::AddressForeign { .. } => "address_foreign",
            Self::ProfileRefused { .. } => "profile_refused",
            Self::CourseRefused { .. } => "course_refused",
            Self::GroupRefused { .. } => "group_refused",
            Self::NoAnswer { .. } => "no_answer",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whoever_leaves_goes_before_everybody_who_comes_however_long_they_have_waited() {
        let (early, late) = (Timestamp::UNIX_EPOCH, "2200-01-01T00:00:00Z".parse().unwrap());
        assert!(due_at(Rank::First, late) < due_at(Rank::Then, early));
        assert!(due_at(Rank::First, early) < due_at(Rank::First, late));
        assert_eq!([early, late].map(|at| Rank::of(due_at(Rank::Then, at))), [Rank::Then; 2]);
        assert_eq!([early, late].map(|at| Rank::of(due_at(Rank::First, at))), [Rank::First; 2]);
    }

    #[test]
    fn pauses_double_up_to_six_hours_and_tries_end_after_a_day() {
        let pauses: Vec<_> = (1..TRIES).map(|tries| retry_in(tries).unwrap()).collect();
        assert_eq!(pauses[..4], [30, 60, 120, 240]);
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        assert!((12 * 3600..48 * 3600).contains(&pauses.iter().sum::<i64>()));
        assert_eq!(retry_in(TRIES), None);
    }
}
