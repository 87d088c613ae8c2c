//! Which school account is a person's, and whether it may be entered.
//!
//! What is known of accounts comes from the Admin API: a search, the account that the person's item names, a binding. A
//! mirror of the school could answer the same, and nothing here would change.

use super::{Arrival, PersonItem};
use crate::connection::{EarlierExternalId, Existing};
use crate::email::Email;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::thinkific::User;

/// What to do with the account that the Admin API found under the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStep {
    /// There is none: create it.
    Create,
    /// It is this person's: write what changed.
    Update {
        /// The Thinkific user id.
        user: u64,
    },
    /// It is nobody's yet: make it this person's.
    TakeOver {
        /// The Thinkific user id.
        user: u64,
        /// Whether the password must end: whoever registered it may not have been this person.
        resets_password: bool,
    },
}

/// What was found out about accounts before one is touched.
pub struct Findings<'a> {
    /// The account under the identity's address.
    pub by_email: Option<&'a User>,
    /// The `external_id` that account is bound to, where it is bound.
    pub bound_to: Option<&'a str>,
    /// The account that the person's item names.
    pub known: Option<&'a User>,
}

/// What a look at the account of a known person found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// It is as it was left: theirs, under their address. Its Thinkific user id.
    AsLeft(u64),
    /// It is gone or has another address, so that the address may be another account's: settle.
    Moved,
}

impl Arrival<'_> {
    /// Decides which account is the person's, or that none may be touched.
    ///
    /// An account with a role is neither entered nor changed, unless the connection names the role. An account bound to
    /// another id is somebody else's, unless it is bound to the id that the earlier integration gave this person.
    pub fn choose_account(
        &self,
        person_id: &str,
        before: Option<&PersonItem>,
        findings: &Findings<'_>,
    ) -> Result<AccountStep, Failure> {
        for user in [findings.by_email, findings.known].into_iter().flatten() {
            self.check_roles(user)?;
        }
        if let Some(before) = before {
            self.check_replaced_account(before, findings.known)?;
        }
        if let (Some(known), Some(by_email)) = (findings.known, findings.by_email)
            && known.id != by_email.id
        {
            let note = format!("user {} holds the new address of user {}", by_email.id, known.id);
            return Err(Failure::noted(Fault::AccountBound, &note));
        }
        if let Some(known) = findings.known {
            return Ok(AccountStep::Update { user: known.id });
        }
        let Some(user) = findings.by_email else { return Ok(AccountStep::Create) };
        match findings.bound_to {
            None => self.take_over(user),
            // Not the account that was settled: a token bound it since, whoever had registered it.
            Some(bound) if bound == person_id && before.is_some() => Ok(AccountStep::TakeOver {
                user: user.id,
                resets_password: self.connection.document().account.existing != Existing::KeepPassword,
            }),
            Some(bound) if bound == person_id || self.is_earlier_id(bound) => Ok(AccountStep::Update { user: user.id }),
            Some(_) => Err(Failure::noted(Fault::AccountBound, &format!("user {} has another external id", user.id))),
        }
    }

    /// Decides from the account of a known person about whom nothing has changed whether they go in.
    pub fn look_at(&self, account: Option<&User>) -> Result<Look, Failure> {
        let Some(account) = account else { return Ok(Look::Moved) };
        self.check_roles(account)?;
        let is_theirs = account.email.eq_ignore_ascii_case(self.identity.email().as_str());
        Ok(if is_theirs { Look::AsLeft(account.id) } else { Look::Moved })
    }

    /// Refuses an account with a role that the connection does not name: whoever states an address would be the
    /// school's administrator.
    pub fn check_roles(&self, user: &User) -> Result<(), Failure> {
        let allowed = &self.connection.document().account.allow_roles;
        if user.roles.iter().any(|role| !allowed.contains(role)) {
            return Err(Failure::noted(Fault::AccountPrivileged, &format!("user {} has a role", user.id)));
        }
        Ok(())
    }

    /// An item of an earlier version does not say whose the domain of its address is. The account does: it has that
    /// address, or one that its owner chose.
    fn check_replaced_account(&self, before: &PersonItem, known: Option<&User>) -> Result<(), Failure> {
        let is_said = before.domain.is_some() || before.linked.is_some();
        if before.has(&self.indexes.email_key) || is_said {
            return Ok(());
        }
        let Some(known) = known else {
            return Err(Failure::noted(Fault::EmailChangeForeign, "the account whose address is replaced is gone"));
        };
        self.check_account_domain(known)
    }

    /// Refuses to replace an account's address if it is of a domain that the connection does not speak for.
    pub fn check_account_domain(&self, user: &User) -> Result<(), Failure> {
        match Email::parse(&user.email) {
            Ok(email) if self.connection.owns_domain(email.domain()) => Ok(()),
            Ok(_) | Err(_) => {
                let note = format!("user {} has an address of another domain", user.id);
                Err(Failure::with(Fault::EmailChangeForeign, self.connection.document().domains.join(", "), &note))
            }
        }
    }

    fn take_over(&self, user: &User) -> Result<AccountStep, Failure> {
        let resets_password = match self.connection.document().account.existing {
            Existing::TakeOver => true,
            Existing::KeepPassword => false,
            Existing::Refuse => {
                return Err(Failure::noted(Fault::AccountUnbound, &format!("user {} has no external id", user.id)));
            }
        };
        Ok(AccountStep::TakeOver { user: user.id, resets_password })
    }

    /// Whether the earlier integration gave this `external_id` to this person, where the connection names its form. It
    /// may have kept the capitals of an address.
    fn is_earlier_id(&self, bound: &str) -> bool {
        match self.connection.document().account.earlier_external_id {
            None => false,
            Some(EarlierExternalId::Email) => bound.eq_ignore_ascii_case(self.identity.email().as_str()),
            Some(EarlierExternalId::Subject) => bound == self.identity.subject(),
        }
    }
}

/// What the token carries as `external_id`: the account's own where the earlier integration bound it, since
/// Thinkific cannot change it; else the person's id.
pub fn external_id(person_id: &str, bound_to: Option<&str>) -> String {
    bound_to.unwrap_or(person_id).to_owned()
}
