//! Who is in which course.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A person in a course. There is at most one for each person and course.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    /// Thinkific's id.
    pub id: u64,
    /// Whose it is.
    pub user_id: u64,
    /// The course.
    pub course_id: u64,
    /// Since when it counts; without it, it is a preview.
    pub activated_at: Option<Timestamp>,
    /// When it ends.
    pub expiry_date: Option<Timestamp>,
    /// When the first lesson was opened.
    pub started_at: Option<Timestamp>,
    /// When the last lesson was done.
    pub completed_at: Option<Timestamp>,
    /// How much is done, 0 to 100.
    pub percent_completed: u8,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Enrollment {
    /// Whether only a preview may be seen.
    pub fn is_free_trial(&self) -> bool {
        self.activated_at.is_none()
    }

    /// Whether its end has come.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expiry_date.is_some_and(|end| end <= now)
    }

    /// Whether lessons open: it counts already, and not no longer.
    pub fn opens_lessons(&self, now: Timestamp) -> bool {
        self.activated_at.is_some_and(|start| start <= now) && !self.is_expired(now)
    }
}

/// An enrollment to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewEnrollment {
    /// Thinkific's id of whoever is to be in it.
    pub user_id: u64,
    /// Thinkific's id of the course.
    pub course_id: u64,
    /// Since when it counts; `None`: a preview only.
    pub activated_at: Option<Timestamp>,
    /// When it ends, if it does.
    pub expiry_date: Option<Timestamp>,
}

/// All of them, by id and by person.
#[derive(Debug, Default)]
pub(super) struct Enrollments {
    by_id: BTreeMap<u64, Enrollment>,
    by_user: HashMap<u64, Vec<u64>>,
}

impl Enrollments {
    pub(super) fn all(&self) -> impl Iterator<Item = &Enrollment> {
        self.by_id.values()
    }

    pub(super) fn of_user(&self, user: u64) -> impl Iterator<Item = &Enrollment> {
        self.by_user.get(&user).into_iter().flatten().filter_map(|id| self.by_id.get(id))
    }

    pub(super) fn get(&self, id: u64) -> Option<&Enrollment> {
        self.by_id.get(&id)
    }

    pub(super) fn find(&self, user: u64, course: u64) -> Option<&Enrollment> {
        self.of_user(user).find(|enrollment| enrollment.course_id == course)
    }

    pub(super) fn insert(&mut self, enrollment: Enrollment) {
        self.by_user.entry(enrollment.user_id).or_default().push(enrollment.id);
        self.by_id.insert(enrollment.id, enrollment);
    }

    pub(super) fn change(&mut self, id: u64, now: Timestamp, change: impl FnOnce(&mut Enrollment)) -> bool {
        let Some(enrollment) = self.by_id.get_mut(&id) else { return false };
        change(enrollment);
        enrollment.updated_at = now;
        true
    }

    /// With an account go its enrollments, and what was achieved in them.
    pub(super) fn remove_user(&mut self, user: u64) {
        for id in self.by_user.remove(&user).unwrap_or_default() {
            self.by_id.remove(&id);
        }
    }
}
