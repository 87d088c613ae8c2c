//! Whether somebody of a directory may come in, and with which account.

use super::applied::Applied;
use super::sync::Sync;
use crate::directory::UserItem;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::ids::DetailsKey;
use crate::person::{Indexes, PERSON_VERSION, PersonItem, PersonState};

/// Decides whether a person may come in, from what their directory says of them and what is due.
///
/// Whoever is inactive may not, from the moment on that their directory says so; nor whom somebody keeps out. Only where
/// too many were to leave at once, whoever is held goes on until somebody has looked at it.
pub fn admit(user: &UserItem, sync: Option<&Sync>) -> Result<(), Failure> {
    let is_held = sync.is_some_and(|sync| sync.held.is_some() && !sync.released);
    if sync.is_some_and(|sync| sync.blocked) {
        return Err(kept_out());
    }
    if !user.active && !is_held {
        return Err(Failure::noted(Fault::PersonInactive, "inactive in the directory"));
    }
    Ok(())
}

/// Of somebody whom a person keeps out, whether or not their directory has them.
pub fn kept_out() -> Failure {
    Failure::noted(Fault::PersonInactive, "kept out by hand")
}

impl Applied {
    /// The item of a person who comes for the first time and whose account is made already: nothing has to be asked of
    /// the school. `None`: there is no such account yet, or not under the address that they bring.
    pub fn first_item(&self, indexes: &Indexes) -> Option<PersonItem> {
        let account = self.account.as_ref().filter(|account| !account.password_is_due)?;
        if self.email_key.as_ref() != Some(&indexes.email_key) {
            return None;
        }
        Some(PersonItem {
            v: PERSON_VERSION,
            id: account.external_id.clone(),
            state: PersonState::Active,
            email_key: Some(indexes.email_key.clone()),
            fingerprint: Some(indexes.fingerprint.clone()),
            user: Some(account.user),
            rev: 1,
            changes: 0,
            changed_day: 0,
            trying: None,
            domain: Some(indexes.domain.clone()),
            linked: None,
            checked: self.seen,
        })
    }

    /// The item of a person who comes for the first time, and by another address than their account has: nothing was
    /// written of them yet. The school is asked, as about every address that changes: a token alone would name one account
    /// by its id, and another one, or none, by its address. `None`: there is no such account yet, or it has that address.
    pub fn item_elsewhere(&self, indexes: &Indexes) -> Option<PersonItem> {
        let account = self.account.as_ref().filter(|account| !account.password_is_due)?;
        let email_key = self.email_key.as_ref().filter(|email_key| **email_key != indexes.email_key)?;
        Some(PersonItem {
            v: PERSON_VERSION,
            id: account.external_id.clone(),
            state: PersonState::Active,
            email_key: Some(email_key.clone()),
            fingerprint: None,
            user: Some(account.user),
            rev: 0,
            changes: 0,
            changed_day: 0,
            trying: None,
            domain: None,
            linked: None,
            checked: None,
        })
    }

    /// What the school was last told of a person who comes again, where the directory's word counts and not a login's:
    /// what this login says, so that nothing of it is written. `None`: the account is not the one of the directory, or there
    /// is a doubt about it that only the school can settle.
    pub fn told_of(&self, person: &PersonItem, indexes: &Indexes) -> Option<DetailsKey> {
        let is_in_doubt = person.fingerprint.is_none() || person.checked.is_none();
        let is_theirs = self.account.as_ref().is_some_and(|account| person.user == Some(account.user));
        (is_theirs && !is_in_doubt && person.has(&indexes.email_key)).then(|| indexes.fingerprint.clone())
    }
}
