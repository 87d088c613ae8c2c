//! What came of a call.

use super::Reconciliation;
use super::seen::{Asked, Seen};
use crate::email::Email;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::provision::applied::{Access, Account, Applied, InGroup};
use crate::provision::call::Call;
use crate::thinkific::{ApiAnswer, SEARCH_PAGES, Searched, User};

impl Reconciliation<'_> {
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
            Call::Extend { course, .. } | Call::Unend { course, .. } if answer.status == 404 => {
                self.course_refused(*course);
            }
            Call::Extend { id, course, until, .. } => match refused(answer)? {
                Some(_) => self.course_refused(*course),
                None => self.extended(*id, *course, *until),
            },
            Call::Unend { id, course, .. } => match refused(answer)? {
                Some(_) => self.course_refused(*course),
                None => self.given(*id, *course, None),
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

    /// The account is gone, and everything with it.
    fn forget(&mut self) {
        let (access, school) = (self.applied.access, self.applied.school.take());
        self.applied = Applied { access, school, is_doubtful: true, ..Applied::default() };
        self.seen = Seen { has_begun: true, search_page: 1, list_page: 1, ..Seen::default() };
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
