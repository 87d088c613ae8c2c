//! The `directory` table: persons, the owners of e-mail addresses, and what was changed of persons by hand. Kept until
//! removed.
//!
//! The forms of persons and owners are in `stoa-core`, which decides from them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::ids::{EmailKey, PersonKey, SchoolId};
use stoa_core::routes::Table;

use super::key::{Form, Key, Range, keys};

keys! { Directory:
    /// A person in a school: `PersonItem`.
    person(person: &PersonKey, school: &SchoolId) = "person#{person}" / "school#{school}";
    /// Whose an address is: `EmailItem`. The key contains the school.
    email(email: &EmailKey) = "email#{email}" / "owner";
    /// How far the mirror of a school has come: `SchoolMirror`.
    mirror(school: &SchoolId) = "school#{school}" / "mirrored";
    /// A page of the last or the present look at a school's accounts, which take turns: `MirroredPage`.
    mirrored_page(school: &SchoolId, side: u8, page: u32) = "mirror#{school}" / "page#{side}#{page:06}";
    /// What has to follow a login that asked the school nothing: `FollowUpItem`.
    follow_up(school: &SchoolId, person: &PersonKey) = "owed#{school}" / "account#{person}";
    /// What was changed of a person by hand. The instant's fraction makes it a key.
    person_change(person: &PersonKey, school: &SchoolId, at: Timestamp) = "person#{person}" / "history#{school}#{at}";
    /// How far somebody has come in a course, by Thinkific's ids.
    progress(school: &SchoolId, user: u64, course: u64) = "progress#{school}#{user}" / "course#{course}";
}

impl Range {
    /// What has to follow logins at a school.
    pub(crate) fn follow_ups(school: &SchoolId) -> Self {
        Self { table: Table::Directory, pk: format!("owed#{school}"), begin: Some("account#".to_owned()) }
    }

    /// The pages of one of the two last looks at a school's accounts, in their order.
    pub(crate) fn mirrored_pages(school: &SchoolId, side: u8) -> Self {
        Self { table: Table::Directory, pk: format!("mirror#{school}"), begin: Some(format!("page#{side}#")) }
    }

    /// How far somebody has come in their courses, by Thinkific's id.
    pub(crate) fn progress(school: &SchoolId, user: u64) -> Self {
        Key::progress(school, user, 0).partition()
    }

    /// What was changed of a person by hand, oldest first.
    pub(crate) fn person_changes(person: &PersonKey, school: &SchoolId) -> Self {
        Key::person(person, school).partition().from(format!("history#{school}#"))
    }
}

/// The course of which an item of somebody's progress is, by its sort key.
pub(crate) fn course_of(sk: &str) -> Option<u64> {
    sk.strip_prefix("course#")?.parse().ok()
}

/// A change of a person by hand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PersonChangeItem {
    /// The sort key, which ends with the instant.
    pub(crate) sk: String,
    /// The item's format.
    pub(crate) v: u8,
    /// What was changed.
    pub(crate) what: String,
    /// The ARN of who changed it.
    pub(crate) by: String,
    /// On-call's reason.
    pub(crate) reason: String,
}

impl PersonChangeItem {
    /// When it was changed, as the key has it.
    pub(crate) fn at(&self) -> &str {
        self.sk.rsplit('#').next().unwrap_or_default()
    }
}
