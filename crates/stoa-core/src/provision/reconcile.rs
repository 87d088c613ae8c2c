//! One person's way from what was done to what should be, call by call.
//!
//! A reconciliation says what comes next ([`Reconciliation::step`]) and is told what came of it
//! ([`Reconciliation::heard`]); whoever carries it out writes down [`Reconciliation::applied`] where it says so. It may
//! be dropped anywhere. What was about to be changed was written down before, so the next one knows what to look at.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::applied::{Access, Account, Applied, Enrolled, InGroup};
use super::call::{Call, names};
use super::sync::Stuck;
use crate::connection::{Connection, EarlierExternalId, Existing, Leavers};
use crate::directory::Desired;
use crate::email::Email;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::email_key;
use crate::ids::{CourseId, DetailsKey, EmailKey};
use crate::keys::Pepper;
use crate::thinkific::{ApiAnswer, Enrollment, SEARCH_PAGES, Searched, User};

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

/// What the school is told of a person, as stoa remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Name and address.
    pub fingerprint: DetailsKey,
    /// The address alone.
    pub email_key: EmailKey,
}

impl Told {
    /// Of a person; `None`: they have no address.
    pub fn new(desired: &Desired, connection: &Connection, pepper: &Pepper) -> Option<Self> {
        let email = desired.email.as_ref()?;
        let (first_name, last_name) = names(desired, email);
        let told = [email.as_str(), &first_name, &last_name, ""];
        Some(Self {
            fingerprint: DetailsKey::from_bytes(pepper.index("fingerprint", &told)),
            email_key: email_key(connection.school(), email, pepper),
        })
    }
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

/// What this run has found out.
#[derive(Debug, Default)]
struct Seen {
    /// The run has begun, and its beginning is written down.
    has_begun: bool,
    /// An earlier run broke off, or the account was not stoa's: nothing is taken for granted.
    is_doubtful: bool,
    /// The account was made just now: nothing is in it.
    is_fresh: bool,
    /// The school refused to make an account, and said which fields were wrong.
    refused: Option<String>,
    /// The school refused the name or the address.
    refused_profile: Option<String>,
    search_page: u32,
    found: Asked<User>,
    binding: Asked<String>,
    bound: Asked<User>,
    looked: Option<User>,
    list: Vec<Enrollment>,
    list_page: u32,
    is_listed: bool,
    was_listed_again: bool,
    /// Courses that are written down as about to be given.
    noted: BTreeSet<CourseId>,
    refused_courses: BTreeSet<CourseId>,
    refused_groups: BTreeSet<String>,
}

/// What was asked, and whether there is such a thing.
#[derive(Clone, Debug, Default)]
enum Asked<T> {
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

    /// Whether what was done is all that should be.
    fn is_settled(&self) -> bool {
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

    fn is_wanted(&self, course: CourseId) -> bool {
        self.desired.active && self.desired.enrolments.contains_key(&course)
    }

    /// Whether the person has a course as they should: its end is over already, or it is the one that they have.
    fn is_enrolled(&self, course: CourseId) -> bool {
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

    fn is_ahead(&self, until: Option<i64>) -> bool {
        until.is_none_or(|until| until > self.now.as_second())
    }

    fn give(&mut self) -> Result<(), Step> {
        let (Some(email), Some(told)) = (&self.desired.email, self.told) else { return Err(stuck(Stuck::NoAddress)) };
        let account = self.find_account()?;
        let looked = self.look(&account)?;
        if let Some(user) = &looked {
            self.check_domain(user, email)?;
        }
        // What is taken away waits for nothing that the school may refuse.
        if self.seen.is_doubtful && looked.is_some() {
            self.list(account.user)?;
        }
        self.end_others()?;
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

    /// The person's account: the one that is known, or one that is made, or the one that turns out to be there.
    fn find_account(&mut self) -> Result<Account, Step> {
        if let Some(account) = &self.applied.account {
            return Ok(account.clone());
        }
        let Some(refused) = self.seen.refused.clone() else { return Err(Step::Call(Call::Create)) };
        match self.seen.found.clone() {
            Asked::No => Err(Step::Call(Call::Search { page: self.seen.search_page })),
            Asked::Found(user) => {
                self.check_roles(&user)?;
                let bound = match &self.seen.binding {
                    Asked::No => return Err(Step::Call(Call::Binding { user: user.id })),
                    Asked::Nothing => None,
                    Asked::Found(id) => Some(id.clone()),
                };
                let account = self.claim(&user, bound)?;
                Ok(self.adopt(account, user))
            }
            Asked::Nothing => match self.seen.bound.clone() {
                Asked::No => Err(Step::Call(Call::Bound)),
                // It was made for this person, whose address has changed since.
                Asked::Found(user) => {
                    self.check_roles(&user)?;
                    let is_made = self.is_made(&user);
                    let external_id = self.desired.user.as_str().to_owned();
                    Ok(self.adopt(Account { user: user.id, external_id, is_made, password_is_due: false }, user))
                }
                Asked::Nothing => Err(stuck(Stuck::ProfileRefused { fields: refused })),
            },
        }
    }

    /// Whether an account under the person's address may become theirs.
    fn claim(&self, user: &User, bound: Option<String>) -> Result<Account, Step> {
        let (id, ours) = (user.id, self.desired.user.as_str());
        let Some(bound) = bound else {
            let password_is_due = match self.connection.document().account.existing {
                Existing::TakeOver => true,
                Existing::KeepPassword => false,
                Existing::Refuse => return Err(stuck(Stuck::Unbound { user: id })),
            };
            return Ok(Account { user: id, external_id: ours.to_owned(), is_made: false, password_is_due });
        };
        let is_earlier = match self.connection.document().account.earlier_external_id {
            Some(EarlierExternalId::Email) => bound.eq_ignore_ascii_case(&user.email),
            // Only a login knows the subject.
            Some(EarlierExternalId::Subject) | None => false,
        };
        if bound != ours && self.owner != Some(bound.as_str()) && !is_earlier {
            return Err(stuck(Stuck::Bound { user: id }));
        }
        Ok(Account {
            user: id,
            is_made: bound == ours && self.is_made(user),
            external_id: bound,
            password_is_due: false,
        })
    }

    /// Whether an account that is bound to the person may have been made for them: a token binds older ones too.
    fn is_made(&self, user: &User) -> bool {
        user.created().zip(self.desired.created).is_some_and(|(made, known)| made >= known)
    }

    fn adopt(&mut self, account: Account, user: User) -> Account {
        self.applied.account = Some(account.clone());
        self.applied.told = None;
        self.seen.is_doubtful = true;
        self.seen.looked = Some(user);
        account
    }

    /// The account as it is now; `None`: it was made just now. Nothing is done to one that has got a role.
    fn look(&self, account: &Account) -> Result<Option<User>, Step> {
        if self.seen.is_fresh {
            return Ok(None);
        }
        let Some(user) = &self.seen.looked else { return Err(Step::Call(Call::Look { user: account.user })) };
        self.check_roles(user)?;
        Ok(Some(user.clone()))
    }

    fn check_roles(&self, user: &User) -> Result<(), Step> {
        let allowed = &self.connection.document().account.allow_roles;
        let has_role = user.roles.iter().any(|role| !allowed.contains(role));
        if has_role { Err(stuck(Stuck::Privileged { user: user.id })) } else { Ok(()) }
    }

    /// A connection replaces no address of a domain that it does not own.
    fn check_domain(&self, user: &User, email: &Email) -> Result<(), Step> {
        let is_same = user.email.eq_ignore_ascii_case(email.as_str());
        let is_own = || Email::parse(&user.email).is_ok_and(|email| self.connection.owns_domain(email.domain()));
        if is_same || is_own() { Ok(()) } else { Err(stuck(Stuck::AddressForeign { user: user.id })) }
    }

    fn enrol(&mut self, user: u64) -> Result<(), Step> {
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

    fn list(&mut self, user: u64) -> Result<(), Step> {
        if !self.seen.is_listed {
            return Err(Step::Call(Call::List { user, page: self.seen.list_page }));
        }
        Ok(())
    }

    /// The enrollment of a course, as the school lists it: the one that lasts longest, where there are several.
    fn listed(&self, course: CourseId) -> Option<Enrollment> {
        let last = |it: &&Enrollment| (!it.is_free_trial, it.expiry_date.map_or(i64::MAX, Timestamp::as_second));
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
            let has = listed.expiry_date.map(Timestamp::as_second);
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
                Call::Extend { id: listed.id, course, until, begins }
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
    fn end_others(&mut self) -> Result<(), Step> {
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
            self.check_roles(&user)?;
            let is_made = self.is_made(&user);
            let external_id = self.desired.user.as_str().to_owned();
            self.adopt(Account { user: user.id, external_id, is_made, password_is_due: false }, user);
            self.applied.access = Access::Given;
            return self.withdraw();
        };
        self.look(&account)?;
        if self.seen.is_doubtful {
            self.list(account.user)?;
        }
        self.end_others()?;
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

    /// What came of a call. A failure ends the run: the school is not there, or not to be understood, for the moment.
    pub fn heard(&mut self, call: &Call, answer: &ApiAnswer) -> Result<(), Failure> {
        match call {
            Call::Create => match refused(answer)? {
                Some(fields) => self.seen.refused = Some(fields),
                None => self.created(answer.created()?),
            },
            Call::Search { page } => {
                let email = self.desired.email.as_ref().map_or("", Email::as_str);
                self.seen.found = match answer.searched(email)? {
                    Searched::Found(user) => Asked::Found(user),
                    Searched::Nobody => Asked::Nothing,
                    Searched::NotYet if *page < SEARCH_PAGES => {
                        self.seen.search_page = page + 1;
                        Asked::No
                    }
                    Searched::NotYet => {
                        let note = "too many addresses are like this one";
                        return Err(Failure::noted(Fault::ThinkificAnswerStrange, note));
                    }
                };
            }
            Call::Binding { .. } => self.seen.binding = answer.binding()?.into(),
            Call::Bound => self.seen.bound = answer.user()?.into(),
            Call::Look { .. } => match answer.user()? {
                Some(user) => self.seen.looked = Some(user),
                None => self.forget(),
            },
            Call::Tell { .. } if answer.status == 404 => self.forget(),
            Call::Tell { .. } => match refused(answer)? {
                Some(fields) => self.seen.refused_profile = Some(fields),
                None => self.told(),
            },
            Call::ResetPassword { .. } => {
                gone_or_done(answer)?;
                self.applied.access = Access::Withdrawn;
            }
            Call::List { user, page } => self.heard_list(*user, *page, answer)?,
            Call::Enrol { course, until, .. } => match refused(answer)? {
                Some(_) => self.course_refused(*course),
                None => match answer.enrolled() {
                    Ok(enrollment) => self.given(enrollment.id, *course, *until),
                    // It was taken, and the answer does not say under which number.
                    Err(_) => self.course_refused(*course),
                },
            },
            Call::Extend { course, .. } if answer.status == 404 => self.course_refused(*course),
            Call::Extend { id, course, until, .. } => match refused(answer)? {
                Some(_) => self.course_refused(*course),
                None => self.given(*id, *course, *until),
            },
            Call::End { course, .. } => {
                gone_or_done(answer)?;
                self.applied.enrolments.remove(course);
            }
            Call::Join { group, .. } => match refused(answer)? {
                Some(_) => {
                    self.seen.refused_groups.insert(group.clone());
                }
                None => {
                    self.applied.groups.insert(group.clone(), InGroup::Given);
                }
            },
            Call::Delete { .. } => {
                gone_or_done(answer)?;
                self.forget();
                self.applied.access = Access::Withdrawn;
            }
        }
        Ok(())
    }

    fn created(&mut self, user: User) {
        let external_id = self.desired.user.as_str().to_owned();
        self.applied.account = Some(Account { user: user.id, external_id, is_made: true, password_is_due: false });
        self.applied.enrolments.clear();
        self.seen.is_fresh = true;
        self.told();
    }

    fn told(&mut self) {
        self.applied.told = self.told.map(|told| told.fingerprint.clone());
        self.applied.email_key = self.told.map(|told| told.email_key.clone());
        if let Some(account) = &mut self.applied.account {
            account.password_is_due = false;
        }
        if let (Some(looked), Some(email)) = (&mut self.seen.looked, &self.desired.email) {
            email.as_str().clone_into(&mut looked.email);
        }
    }

    fn given(&mut self, id: u64, course: CourseId, until: Option<Timestamp>) {
        self.applied.enrolments.insert(course, Enrolled::Given { id, until: until.map(Timestamp::as_second) });
    }

    /// The account is gone, and everything with it.
    fn forget(&mut self) {
        let Applied { access, .. } = self.applied;
        self.applied = Applied { access, is_doubtful: true, ..Applied::default() };
        self.seen = Seen { has_begun: true, search_page: 1, list_page: 1, ..Seen::default() };
    }

    /// Where an enrollment is refused, it may be there already: the school's list says so, once.
    fn course_refused(&mut self, course: CourseId) {
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
        self.seen.is_listed = false;
        self.seen.was_listed_again = true;
        self.seen.is_doubtful = true;
        self.seen.is_fresh = false;
        self.seen.list.clear();
        self.seen.list_page = 1;
    }

    fn heard_list(&mut self, user: u64, page: u32, answer: &ApiAnswer) -> Result<(), Failure> {
        let found = answer.enrollments(user)?;
        self.seen.list.extend(found.items);
        self.seen.list_page = page + 1;
        self.seen.is_listed = !found.has_more;
        if self.seen.is_listed {
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
        let until = |it: &Enrollment| it.expiry_date.map(Timestamp::as_second);
        let is = match (self.applied.enrolments.get(&course), listed) {
            (Some(Enrolled::Giving | Enrolled::Given { .. }), Some(it)) => {
                Some(Enrolled::Given { id: it.id, until: until(&it) })
            }
            (Some(Enrolled::Found { .. }), Some(it)) if it.is_open(self.now) => {
                Some(Enrolled::Found { until: until(&it) })
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

/// The fields that a 422 names; `None`: it was none. Any other failure is one.
fn refused(answer: &ApiAnswer) -> Result<Option<String>, Failure> {
    match answer.updated() {
        Ok(()) => Ok(None),
        Err(failure) if failure.fault == Fault::ThinkificRefusedAccount => {
            Ok(Some(failure.detail.got.unwrap_or_default()))
        }
        Err(failure) => Err(failure),
    }
}

/// The answer to a call that takes something away: what is gone is taken away.
fn gone_or_done(answer: &ApiAnswer) -> Result<(), Failure> {
    if answer.status == 404 { Ok(()) } else { answer.updated() }
}

const fn stuck(why: Stuck) -> Step {
    Step::End(Outcome::Stuck(why))
}

/// Whether an end is later than another; none is the latest.
fn outlasts(one: Option<i64>, other: Option<i64>) -> bool {
    match (one, other) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) => one > other,
    }
}
