//! The courses: what the school lists, what is missing, and what is given no longer.

use jiff::Timestamp;

use super::settled::outlasts;
use super::{Reconciliation, Step};
use crate::failure::Failure;
use crate::ids::CourseId;
use crate::provision::applied::Enrolled;
use crate::provision::call::Call;
use crate::thinkific::{ApiAnswer, Enrollment};

impl Reconciliation<'_> {
    pub(super) fn enrol(&mut self, user: u64) -> Result<(), Step> {
        let missing = |course: &CourseId| !self.is_enrolled(*course) && !self.seen.refused_courses.contains(course);
        let is_missing = self.desired.enrolments.keys().any(missing);
        if is_missing && !self.seen.is_fresh {
            self.list(user)?;
        }
        let courses: Vec<_> = self.desired.enrolments.iter().map(|(course, until)| (*course, *until)).collect();
        for (course, until) in courses {
            self.enrol_in(user, course, until)?;
        }
        Ok(())
    }

    pub(super) fn list(&mut self, user: u64) -> Result<(), Step> {
        if !self.seen.is_listed {
            return Err(Step::Call(Call::List { user, page: self.seen.list_page }));
        }
        Ok(())
    }

    /// The enrollment of a course, as the school lists it: the one that lasts longest, where there are several.
    fn listed(&self, course: CourseId) -> Option<Enrollment> {
        let last = |it: &&Enrollment| (!it.is_free_trial, it.ends().unwrap_or(i64::MAX));
        self.seen.list.iter().filter(|it| it.course_id == course).max_by_key(last).copied()
    }

    fn enrol_in(&mut self, user: u64, course: CourseId, until: Option<Timestamp>) -> Result<(), Step> {
        if self.is_enrolled(course) || self.seen.refused_courses.contains(&course) {
            return Ok(());
        }
        let wanted = until.map(Timestamp::as_second);
        let listed = self.listed(course);
        let is_ours = matches!(self.applied.enrolments.get(&course), Some(Enrolled::Given { .. } | Enrolled::Giving));
        if let Some(listed) = listed.filter(|listed| !is_ours && listed.is_open(self.now)) {
            let has = listed.ends();
            if !outlasts(wanted, has) {
                self.applied.enrolments.insert(course, Enrolled::Found { until: has });
                return Ok(());
            }
        }
        // That it was not theirs is known now, and may not be after the call.
        if !is_ours && self.seen.noted.insert(course) {
            self.applied.enrolments.insert(course, Enrolled::Giving);
            self.note_others(course);
            return Err(Step::Note);
        }
        let call = match (listed, self.applied.enrolments.get(&course)) {
            (Some(listed), _) => {
                let begins = listed.is_free_trial || listed.activated_at.is_none();
                match until.is_none() && self.seen.keeps_ends == Some(true) {
                    true => Call::Unend { id: listed.id, course, begins },
                    false => Call::Extend { id: listed.id, course, until, begins },
                }
            }
            (None, Some(Enrolled::Given { id, .. })) => Call::Extend { id: *id, course, until, begins: false },
            (None, Some(Enrolled::Giving | Enrolled::Found { .. }) | None) => Call::Enrol { user, course, until },
        };
        Err(Step::Call(call))
    }

    /// With one course that is about to be given, all others are written down that are: one write for all of them.
    fn note_others(&mut self, first: CourseId) {
        let others: Vec<_> = self.desired.enrolments.keys().copied().filter(|course| *course != first).collect();
        for course in others {
            let is_theirs = self.listed(course).is_some_and(|listed| listed.is_open(self.now));
            if !is_theirs && !self.applied.enrolments.contains_key(&course) && !self.is_enrolled(course) {
                self.seen.noted.insert(course);
                self.applied.enrolments.insert(course, Enrolled::Giving);
            }
        }
    }

    /// Ends what was given and is wanted no longer. What was found is forgotten: it was never stoa's.
    pub(super) fn end_others(&mut self) -> Result<(), Step> {
        let others: Vec<_> = self
            .applied
            .enrolments
            .iter()
            .map(|(course, it)| (*course, *it))
            .filter(|it| !self.is_wanted(it.0))
            .collect();
        for (course, enrolled) in others {
            match enrolled {
                Enrolled::Given { id, until } if self.is_ahead(until) => {
                    return Err(Step::Call(Call::End { id, course }));
                }
                Enrolled::Given { .. } | Enrolled::Found { .. } | Enrolled::Giving => {
                    self.applied.enrolments.remove(&course);
                }
            }
        }
        Ok(())
    }

    pub(super) fn given(&mut self, id: u64, course: CourseId, until: Option<Timestamp>) {
        self.applied.enrolments.insert(course, Enrolled::Given { id, until: until.map(Timestamp::as_second) });
    }

    /// A course was given to another end. That it has none any more is believed once the school's list says so: what `null`
    /// does to an end is not documented, and whoever comes back would stay out. Of one course, which answers for the rest.
    pub(super) fn extended(&mut self, id: u64, course: CourseId, until: Option<Timestamp>) {
        let had_end = self.listed(course).is_some_and(|listed| listed.ends().is_some());
        if until.is_none() && had_end && self.seen.keeps_ends.is_none() {
            self.seen.unended = Some(course);
            self.look_again();
        } else {
            self.given(id, course, until);
        }
    }

    /// Where an enrollment is refused, it may be there already: the school's list says so, once.
    pub(super) fn course_refused(&mut self, course: CourseId) {
        if self.seen.was_listed_again {
            self.seen.refused_courses.insert(course);
            if self.applied.enrolments.get(&course) == Some(&Enrolled::Giving) {
                self.applied.enrolments.remove(&course);
            }
        } else {
            self.list_again();
        }
    }

    fn list_again(&mut self) {
        self.seen.was_listed_again = true;
        self.look_again();
    }

    fn look_again(&mut self) {
        self.seen.is_listed = false;
        self.seen.is_doubtful = true;
        self.seen.is_fresh = false;
        self.seen.list.clear();
        self.seen.list_page = 1;
    }

    pub(super) fn heard_list(&mut self, user: u64, page: u32, answer: &ApiAnswer) -> Result<(), Failure> {
        let found = answer.enrollments(user)?;
        self.seen.list.extend(found.items);
        self.seen.list_page = page + 1;
        self.seen.is_listed = !found.has_more;
        if self.seen.is_listed {
            if let Some(listed) = self.seen.unended.take().and_then(|course| self.listed(course)) {
                self.seen.keeps_ends = Some(listed.ends().is_some());
            }
            let known: Vec<_> = self.applied.enrolments.keys().copied().collect();
            for course in known {
                self.compare(course);
            }
        }
        Ok(())
    }

    /// What is written down of a course is held against the school's list.
    fn compare(&mut self, course: CourseId) {
        let listed = self.listed(course).filter(|listed| !listed.is_free_trial);
        let is = match (self.applied.enrolments.get(&course), listed) {
            (Some(Enrolled::Giving | Enrolled::Given { .. }), Some(it)) => {
                Some(Enrolled::Given { id: it.id, until: it.ends() })
            }
            (Some(Enrolled::Found { .. }), Some(it)) if it.is_open(self.now) => {
                Some(Enrolled::Found { until: it.ends() })
            }
            // About to be given, and not given yet: written down already.
            (Some(Enrolled::Giving), None) if self.is_wanted(course) => {
                self.seen.noted.insert(course);
                Some(Enrolled::Giving)
            }
            (Some(Enrolled::Giving | Enrolled::Given { .. } | Enrolled::Found { .. }) | None, Some(_) | None) => None,
        };
        match is {
            Some(is) => self.applied.enrolments.insert(course, is),
            None => self.applied.enrolments.remove(&course),
        };
    }
}
