//! A look at everything that a directory has.

use serde::{Deserialize, Serialize};

use crate::directory::{GroupId, UserId};

/// How often a list is begun again before it is left.
const AGAIN: u8 = 3;

/// A look at everything that a directory has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// As of when it counts, in epoch milliseconds.
    pub as_of: i64,
    /// What is looked at now.
    pub phase: Phase,
    /// The last id of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How often the list that is read now was begun again, since the API did not know any more after whom to go on.
    #[serde(default)]
    pub again: u8,
    /// Whether the list of people, as it is read now, has had anybody so far.
    #[serde(default)]
    pub has_people: bool,
    /// Why nobody is to be taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
}

/// What a look at everything looks at, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its people.
    People,
    /// Its groups.
    Groups,
    /// Who belongs to the groups, one group after the other, in the order of our ids. `None`: the first is next.
    Members {
        /// The group whose members are looked at, or were looked at last.
        group: Option<GroupId>,
        /// Whether its list has ended.
        is_done: bool,
    },
    /// Which people are in no page.
    MissingPeople {
        /// After whom.
        after: Option<UserId>,
    },
    /// Which groups are in no page.
    MissingGroups,
}

/// Why a look at everything takes nobody away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// A list has entries that cannot be read. Each may be somebody.
    Unreadable,
    /// A part of it was refused again and again.
    Refused,
    /// The list of people or of groups is empty, and the directory holds some.
    Empty,
}

impl Whole {
    /// One that begins, as of then.
    pub const fn new(as_of: i64) -> Self {
        Self { as_of, phase: Phase::People, after: None, again: 0, has_people: false, doubt: None }
    }

    /// What is next, from its beginning.
    #[must_use]
    pub fn at(self, phase: Phase) -> Self {
        Self { phase, after: None, again: 0, ..self }
    }

    /// The same list from its beginning, since the API does not know any more after whom to go on: whoever was in it may
    /// be gone, up to the last one. `Err`: that was so too often.
    pub fn again(self) -> Result<Self, Self> {
        match self.again < AGAIN {
            true => Ok(Self { again: self.again + 1, after: None, has_people: false, ..self }),
            false => Err(self),
        }
    }

    /// With a doubt. The first one stays.
    #[must_use]
    pub fn doubted(self, doubt: Option<Doubt>) -> Self {
        Self { doubt: self.doubt.or(doubt), ..self }
    }
}

impl Doubt {
    /// For the log.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Unreadable => "a list with entries that cannot be read",
            Self::Refused => "a list that is refused in the middle, each time",
            Self::Empty => "an empty list of a directory that has people",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_begun_again_three_times() {
        let mut whole = Whole { after: Some("directory_user_1".to_owned()), ..Whole::new(1) };
        for again in 1..=3 {
            whole = Whole { has_people: true, ..whole }.again().unwrap();
            assert_eq!((whole.again, whole.after.as_deref(), &whole.phase), (again, None, &Phase::People));
            assert!(!whole.has_people, "nobody was in it yet");
            whole.after = Some("directory_user_1".to_owned());
        }
        assert_eq!(whole.again().unwrap_err().at(Phase::Groups).again, 0);
    }
}
