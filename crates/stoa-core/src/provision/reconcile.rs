//! One person's way from what was done to what should be, call by call.
//!
//! A reconciliation says what comes next ([`Reconciliation::step`]) and is told what came of it
//! ([`Reconciliation::heard`]); whoever carries it out writes down [`Reconciliation::applied`] where it says so. It may
//! be dropped anywhere. What was about to be changed was written down before, so the next one knows what to look at.

mod account;
mod enrolments;
mod heard;
mod seen;
mod settled;
mod told;

use jiff::Timestamp;

use self::seen::{Asked, Seen};
use super::applied::{Access, Account, Applied, InGroup};
use super::call::Call;
use super::sync::Stuck;
use crate::connection::{Connection, Leavers};
use crate::directory::Desired;
use crate::thinkific::User;

pub use self::told::Told;

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Write down [`Reconciliation::applied`].
    Note,
    /// Make a call, and say what came of it.
    Call(Call),
    /// Write down [`Reconciliation::applied`]: that was all.
    End(Outcome),
}

/// How a reconciliation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as it should be.
    Settled,
    /// As much as can be done is done, and this stands in the way of the rest.
    Stuck(Stuck),
}

/// One person's reconciliation.
pub struct Reconciliation<'a> {
    connection: &'a Connection,
    desired: &'a Desired,
    told: Option<&'a Told>,
    /// The id that a login has given to whom the address belongs.
    owner: Option<&'a str>,
    now: Timestamp,
    applied: Applied,
    seen: Seen,
}

impl<'a> Reconciliation<'a> {
    /// Of a person, from what was written down last. `owner` is the id at the school of whom a login has proven the
    /// address to belong to.
    pub fn new(
        connection: &'a Connection,
        (desired, told): (&'a Desired, Option<&'a Told>),
        applied: Applied,
        owner: Option<&'a str>,
        now: Timestamp,
    ) -> Self {
        let seen = Seen { is_doubtful: applied.is_doubtful, search_page: 1, list_page: 1, ..Seen::default() };
        Self { connection, desired, told, owner, now, applied, seen }
    }

    /// What is done, as far as it is known.
    pub const fn applied(&self) -> &Applied {
        &self.applied
    }

    /// What comes next.
    pub fn step(&mut self) -> Step {
        if self.is_settled() {
            return Step::End(Outcome::Settled);
        }
        if !self.seen.has_begun {
            self.seen.has_begun = true;
            let before = self.applied.clone();
            self.applied.is_doubtful = true;
            self.applied.school = Some(self.connection.school().clone());
            if self.desired.active && self.applied.told.as_ref() != self.told.map(|told| &told.fingerprint) {
                self.applied.told = None;
            }
            if self.applied != before {
                return Step::Note;
            }
        }
        let work = if self.desired.active { self.give() } else { self.withdraw() };
        match work {
            Err(step) => step,
            Ok(()) => self.end(),
        }
    }

    fn end(&mut self) -> Step {
        self.applied.is_doubtful = false;
        if self.desired.active {
            self.applied.access = Access::Given;
        }
        if self.seen.looked.is_some() || self.seen.is_fresh {
            self.applied.seen = Some(self.now.as_second());
        }
        let course = self.seen.refused_courses.first().map(|course| Stuck::CourseRefused { course: course.0 });
        let group = self.seen.refused_groups.first().map(|group| Stuck::GroupRefused { group: group.clone() });
        Step::End(course.or(group).map_or(Outcome::Settled, Outcome::Stuck))
    }

    fn give(&mut self) -> Result<(), Step> {
        let (Some(email), Some(told)) = (&self.desired.email, self.told) else {
            if let Some(account) = self.applied.account.clone() {
                self.take_away(&account)?;
            }
            return Err(stuck(Stuck::NoAddress));
        };
        let account = self.find_account()?;
        let looked = self.take_away(&account)?;
        if let Some(user) = &looked {
            self.check_domain(user, email)?;
        }
        if let Some(fields) = &self.seen.refused_profile {
            return Err(stuck(Stuck::ProfileRefused { fields: fields.clone() }));
        }
        let has_moved = looked.as_ref().is_some_and(|user| !user.email.eq_ignore_ascii_case(email.as_str()));
        if has_moved || account.password_is_due || self.applied.told.as_ref() != Some(&told.fingerprint) {
            return Err(Step::Call(Call::Tell { user: account.user, resets_password: account.password_is_due }));
        }
        self.enrol(account.user)?;
        self.join(account.user)
    }

    /// What is taken away waits for nothing that the school may refuse, nor for an address. The account as it is now;
    /// `None`: it was made just now.
    fn take_away(&mut self, account: &Account) -> Result<Option<User>, Step> {
        let looked = self.look(account)?;
        if self.seen.is_doubtful && looked.is_some() {
            self.list(account.user)?;
        }
        self.end_others()?;
        Ok(looked)
    }

    fn join(&mut self, user: u64) -> Result<(), Step> {
        for (name, group) in &mut self.applied.groups {
            if !self.desired.groups.contains(name) {
                *group = InGroup::Left;
            }
        }
        let is_missing = |group: &&String| {
            self.applied.groups.get(*group) != Some(&InGroup::Given) && !self.seen.refused_groups.contains(*group)
        };
        match self.desired.groups.iter().find(is_missing) {
            Some(group) => Err(Step::Call(Call::Join { user, group: group.clone() })),
            None => Ok(()),
        }
    }

    fn withdraw(&mut self) -> Result<(), Step> {
        let Some(account) = self.applied.account.clone() else {
            // An earlier run may have made one.
            if !self.seen.is_doubtful {
                return Ok(());
            }
            let user = match self.seen.bound.clone() {
                Asked::No => return Err(Step::Call(Call::Bound)),
                Asked::Nothing => return Ok(()),
                Asked::Found(user) => user,
            };
            self.adopt_bound(user)?;
            self.applied.access = Access::Given;
            return self.withdraw();
        };
        self.take_away(&account)?;
        for group in self.applied.groups.values_mut() {
            *group = InGroup::Left;
        }
        if self.applied.access == Access::Withdrawn {
            return Ok(());
        }
        let leavers = self.connection.directory().map(|directory| directory.leavers).unwrap_or_default();
        match leavers {
            Leavers::Expire => {}
            Leavers::Delete if account.is_made => return Err(Step::Call(Call::Delete { user: account.user })),
            // What stoa did not make it does not delete.
            Leavers::ExpireAndResetPassword | Leavers::Delete => {
                return Err(Step::Call(Call::ResetPassword { user: account.user }));
            }
        }
        self.applied.access = Access::Withdrawn;
        Ok(())
    }
}

const fn stuck(why: Stuck) -> Step {
    Step::End(Outcome::Stuck(why))
}
