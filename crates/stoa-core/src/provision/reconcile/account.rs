//! The person's account at the school: the one that is known, one that is made, or one that turns out to be there.

use super::seen::Asked;
use super::{Reconciliation, Step, stuck};
use crate::connection::{EarlierExternalId, Existing};
use crate::email::Email;
use crate::provision::applied::Account;
use crate::provision::call::Call;
use crate::provision::sync::Stuck;
use crate::thinkific::User;

impl Reconciliation<'_> {
    /// The person's account: the one that is known, or one that is made, or the one that turns out to be there.
    pub(super) fn find_account(&mut self) -> Result<Account, Step> {
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
                Asked::Found(user) => self.adopt_bound(user),
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

    /// An account that is bound to the person is theirs.
    pub(super) fn adopt_bound(&mut self, user: User) -> Result<Account, Step> {
        self.check_roles(&user)?;
        let external_id = self.desired.user.as_str().to_owned();
        let is_made = self.is_made(&user);
        Ok(self.adopt(Account { user: user.id, external_id, is_made, password_is_due: false }, user))
    }

    fn adopt(&mut self, account: Account, user: User) -> Account {
        self.applied.account = Some(account.clone());
        self.applied.told = None;
        self.seen.is_doubtful = true;
        self.seen.looked = Some(user);
        account
    }

    /// The account as it is now; `None`: it was made just now. Nothing is done to one that has got a role.
    pub(super) fn look(&self, account: &Account) -> Result<Option<User>, Step> {
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
    pub(super) fn check_domain(&self, user: &User, email: &Email) -> Result<(), Step> {
        let is_same = user.email.eq_ignore_ascii_case(email.as_str());
        let is_own = || Email::parse(&user.email).is_ok_and(|email| self.connection.owns_domain(email.domain()));
        if is_same || is_own() { Ok(()) } else { Err(stuck(Stuck::AddressForeign { user: user.id })) }
    }
}
