//! What a run has found out.

use std::collections::BTreeSet;

use crate::ids::CourseId;
use crate::thinkific::{Enrollment, User};

/// What this run has found out.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The run has begun, and its beginning is written down.
    pub(super) has_begun: bool,
    /// An earlier run broke off, or the account was not stoa's: nothing is taken for granted.
    pub(super) is_doubtful: bool,
    /// The account was made just now: nothing is in it.
    pub(super) is_fresh: bool,
    /// The school refused to make an account, and said which fields were wrong.
    pub(super) refused: Option<String>,
    /// The school refused the name or the address.
    pub(super) refused_profile: Option<String>,
    pub(super) search_page: u32,
    pub(super) found: Asked<User>,
    pub(super) binding: Asked<String>,
    pub(super) bound: Asked<User>,
    pub(super) looked: Option<User>,
    pub(super) list: Vec<Enrollment>,
    pub(super) list_page: u32,
    pub(super) is_listed: bool,
    pub(super) was_listed_again: bool,
    /// The course whose end was taken away with `null`, until the school's list says what came of it.
    pub(super) unended: Option<CourseId>,
    /// Whether the school keeps the end of an enrollment that is told that there is none.
    pub(super) keeps_ends: Option<bool>,
    /// Courses that are written down as about to be given.
    pub(super) noted: BTreeSet<CourseId>,
    pub(super) refused_courses: BTreeSet<CourseId>,
    pub(super) refused_groups: BTreeSet<String>,
}

/// What was asked, and whether there is such a thing.
#[derive(Clone, Debug, Default)]
pub(super) enum Asked<T> {
    #[default]
    No,
    Nothing,
    Found(T),
}

impl<T> From<Option<T>> for Asked<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Nothing, Self::Found)
    }
}
