//! Whether what was done is all that should be.

use jiff::Timestamp;

use super::Reconciliation;
use crate::ids::CourseId;
use crate::provision::applied::{Access, Applied, Enrolled, InGroup};

impl Reconciliation<'_> {
    /// Whether what was done is all that should be.
    pub(super) fn is_settled(&self) -> bool {
        let Applied { account, told, access, enrolments, groups, is_doubtful, .. } = &self.applied;
        if *is_doubtful {
            return false;
        }
        let has_left = !groups.values().any(|group| *group == InGroup::Given);
        if !self.desired.active {
            return account.is_none()
                || (*access == Access::Withdrawn
                    && has_left
                    && !enrolments.keys().any(|course| self.is_given(*course)));
        }
        let is_told = self.told.is_some_and(|wanted| told.as_ref() == Some(&wanted.fingerprint));
        let has_courses = self.desired.enrolments.keys().all(|course| self.is_enrolled(*course));
        let has_more = enrolments.keys().any(|course| !self.is_wanted(*course) && self.is_given(*course));
        let are_groups = self.desired.groups.iter().all(|group| groups.get(group) == Some(&InGroup::Given))
            && groups.iter().all(|(name, group)| *group == InGroup::Left || self.desired.groups.contains(name));
        account.is_some() && *access == Access::Given && is_told && has_courses && !has_more && are_groups
    }

    pub(super) fn is_wanted(&self, course: CourseId) -> bool {
        self.desired.active && self.desired.enrolments.contains_key(&course)
    }

    /// Whether the person has a course as they should: its end is over already, or it is the one that they have.
    pub(super) fn is_enrolled(&self, course: CourseId) -> bool {
        let Some(wanted) = self.desired.enrolments.get(&course) else { return true };
        let wanted = wanted.map(Timestamp::as_second);
        match self.applied.enrolments.get(&course) {
            None => !self.is_ahead(wanted),
            Some(Enrolled::Giving) => false,
            Some(Enrolled::Given { until, .. }) => *until == wanted,
            Some(Enrolled::Found { until }) => !outlasts(wanted, *until) || !self.is_ahead(wanted),
        }
    }

    /// Whether a course is open by what stoa gave, or may be.
    fn is_given(&self, course: CourseId) -> bool {
        match self.applied.enrolments.get(&course) {
            Some(Enrolled::Giving) => true,
            Some(Enrolled::Given { until, .. }) => self.is_ahead(*until),
            Some(Enrolled::Found { .. }) | None => false,
        }
    }

    pub(super) fn is_ahead(&self, until: Option<i64>) -> bool {
        until.is_none_or(|until| until > self.now.as_second())
    }
}

/// Whether an end is later than another; none is the latest.
pub(super) fn outlasts(one: Option<i64>, other: Option<i64>) -> bool {
    match (one, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) => one > other,
    }
}
