//! What a launch decides from the mirror of a school, without asking the school.
//!
//! The mirror is believed while it is young enough, and of each person only what it saw later than they were looked at
//! last. Whatever it does not know is asked for, as if there were none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Arrival, Claim, PersonItem, Standing};
use crate::connection::{Existing, FirstLogins};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::mirror::{Bound, MirroredAccount, SchoolMirror};

/// What the mirror says of an address, and how far it has come.
#[derive(Clone, Debug, Default)]
pub struct Mirrored {
    /// The account under the address of the identity.
    pub account: Option<MirroredAccount>,
    /// How far the mirror of the school has come.
    pub school: Arc<SchoolMirror>,
}

/// How somebody enters without a call, and what has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Thinkific's user id of the account; None, where the token creates it.
    pub user: Option<u64>,
    /// What is owed to the account.
    pub owed: Owed,
    /// Whether an account loses its password that was there before and not theirs: whoever registered it may not have
    /// been this person.
    pub resets_password: bool,
}

/// What is owed to an account that somebody has entered without a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owed {
    /// Nothing, if the token has created it: a look whether it has.
    Look,
    /// Names, and perhaps a password: it was nobody's.
    TakeOver,
    /// Names: it was theirs.
    Names,
}

impl Arrival<'_> {
    /// How a known, unchanged person goes in.
    pub(super) fn known(&self, person: PersonItem, claim: Claim) -> Result<Standing, Failure> {
        let is_looked_at = self.is_checked_within(&person, self.school.roles_max_age());
        if !self.has_roles() {
            return Ok(if is_looked_at { Standing::Settled(person) } else { Standing::Overdue(person, claim) });
        }
        if self.mirrored.school.roles_at > person.checked {
            self.check_mirrored_roles(person.user)?;
        }
        // Roles are known to be none. Whether the account is still theirs is seen less often.
        let is_theirs = if self.has_accounts() { self.seems_theirs(&person) } else { is_looked_at };
        Ok(if is_theirs { Standing::Settled(person) } else { Standing::Overdue(person, claim) })
    }

    /// How somebody goes in of whom the directory knows nothing.
    pub(super) fn unknown(&self, claim: Claim) -> Result<Standing, Failure> {
        if !self.has_roles() || !self.has_accounts() {
            return Ok(Standing::Unsettled(None, claim));
        }
        let is_privileged = self.check_mirrored_roles(None)?;
        let settings = &self.connection.document().account;
        let resets_password = settings.existing == Existing::TakeOver;
        let Some(account) = &self.mirrored.account else {
            return Ok(self.enter(None, claim, Entered { user: None, owed: Owed::Look, resets_password }));
        };
        if account.several {
            let note = format!("another account has the address of user {}", account.user);
            return Err(Failure::noted(Fault::AccountBound, &note));
        }
        let user = Some(account.user);
        match &account.bound {
            // Nobody has asked yet; or it has a role that the connection names, and is changed with a look only.
            None => Ok(Standing::Unsettled(None, claim)),
            Some(_) if is_privileged => Ok(Standing::Unsettled(None, claim)),
            Some(Bound::To(bound)) if *bound == self.indexes.own_bound => {
                Ok(self.enter(None, claim, Entered { user, owed: Owed::Names, resets_password: false }))
            }
            // It may be bound to the id that the earlier integration gave them. Only the school says how that is written.
            Some(Bound::To(_)) if settings.earlier_external_id.is_some() => Ok(Standing::Unsettled(None, claim)),
            Some(Bound::To(_)) => {
                Err(Failure::noted(Fault::AccountBound, &format!("user {} has another external id", account.user)))
            }
            Some(Bound::ToNobody) if settings.existing == Existing::Refuse => {
                Err(Failure::noted(Fault::AccountUnbound, &format!("user {} has no external id", account.user)))
            }
            Some(Bound::ToNobody) => {
                Ok(self.enter(None, claim, Entered { user, owed: Owed::TakeOver, resets_password }))
            }
        }
    }

    /// How a known person goes in whose name or company has changed: the school is told afterwards, where the mirror
    /// knows that the account is theirs.
    pub(super) fn renamed(&self, person: PersonItem, claim: Claim) -> Result<Standing, Failure> {
        let is_settled = claim.is_kept() && person.fingerprint.is_some() && person.linked.is_none();
        let is_theirs = person.user.is_some_and(|user| {
            self.mirrored.account.as_ref().is_some_and(|account| account.user == user && !account.several)
        });
        if !(is_settled && is_theirs && self.has_roles() && self.has_accounts()) {
            return Ok(Standing::Unsettled(Some(person), claim));
        }
        if self.check_mirrored_roles(person.user)? {
            return Ok(Standing::Unsettled(Some(person), claim));
        }
        let entered = Entered { user: person.user, owed: Owed::Names, resets_password: false };
        Ok(self.enter(Some(person), claim, entered))
    }

    /// Nobody goes in first by a token alone where it has not been tried what the school's tokens do.
    fn enter(&self, before: Option<PersonItem>, claim: Claim, entered: Entered) -> Standing {
        match (before, self.school.document.first_logins) {
            (None, FirstLogins::Ask) => Standing::Unsettled(None, claim),
            (before, FirstLogins::Ask | FirstLogins::Sign) => Standing::Entered(before, claim, entered),
        }
    }

    /// Whether the mirror looked at the roles of a known person within so many seconds, who is refused where it found one,
    /// and at nothing else that speaks against them.
    pub(super) fn is_mirrored_within(&self, person: &PersonItem, seconds: i64) -> bool {
        person.checked.is_some() && self.mirrored.school.has_roles(seconds, self.now) && self.seems_theirs(person)
    }

    fn has_roles(&self) -> bool {
        self.mirrored.school.has_roles(self.school.roles_max_age(), self.now)
    }

    fn has_accounts(&self) -> bool {
        let domain = self.identity.email().domain();
        self.mirrored.school.has_accounts_of(domain, self.school.mirror_max_age(), self.now)
    }

    /// Refuses whoever would enter an account with a role that the connection does not name. Whether there is a role
    /// that it names.
    pub(super) fn check_mirrored_roles(&self, user: Option<u64>) -> Result<bool, Failure> {
        let allowed = &self.connection.document().account.allow_roles;
        let roles: Vec<&str> = self.mirrored.school.roles_of(user, &self.indexes.email_key).collect();
        if roles.iter().any(|role| !allowed.iter().any(|allowed| allowed == role)) {
            let whose = user.map_or_else(|| "the account under the address".to_owned(), |user| format!("user {user}"));
            return Err(Failure::noted(Fault::AccountPrivileged, &format!("{whose} has a role, as mirrored")));
        }
        Ok(!roles.is_empty())
    }

    /// Whether nothing that was seen after the last look says that the account is another's, or gone.
    fn seems_theirs(&self, person: &PersonItem) -> bool {
        let account = self.mirrored.account.as_ref();
        let seen = self.mirrored.school.mirrored_at.max(account.map(|account| account.seen));
        // An item of an earlier version does not say when.
        if person.checked.is_none() || seen <= person.checked {
            return person.checked.is_some();
        }
        match (account, person.user) {
            (None, _) => false,
            (Some(account), _) if account.several => false,
            (Some(account), Some(user)) => account.user == user,
            // Their token created it, and nobody has asked yet what its id is.
            (Some(_), None) => true,
        }
    }
}
