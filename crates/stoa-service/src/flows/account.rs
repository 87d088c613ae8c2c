//! The slow path of a launch: the person is new, or something about them changed.
//!
//! Claim the address, look at the accounts, create or change one, give up the former address, write the person down.
//! Each write can be repeated: a crash anywhere is mended by the next login.

use std::time::Duration;

use jiff::Timestamp;
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::Redeemed;
use stoa_core::keys::Key;
use stoa_core::person::{
    AccountStep, EmailItem, Findings, Indexes, PERSON_VERSION, PersonItem, choose_account, external_id,
};
use stoa_core::thinkific::{
    ApiAnswer, ApiRequest, UnknownPassword, User, create_user, find_user, get_binding, get_user, take_over_user,
    update_user,
};

use crate::api;
use crate::clients::Clients;
use crate::random;
use crate::store::LaunchReads;

/// Calls in all, while the school says that it is busy for a moment.
const BUSY_TRIES: u32 = 4;
/// What counts as a moment.
const BRIEF_SECONDS: i64 = 2;

/// What settling an account needs.
pub struct Account<'a> {
    /// What is asked and written through.
    pub clients: &'a Clients,
    /// What was read.
    pub reads: &'a LaunchReads,
    /// Whose account it is.
    pub identity: &'a Redeemed,
    /// What they are known by.
    pub indexes: &'a Indexes,
    /// The id that a new person gets: derived, so that a second try after a crash has the same.
    pub new_id: &'a str,
    /// The school's API key.
    pub api_key: &'a Key,
    /// The time of the request.
    pub now: Timestamp,
}

impl Account<'_> {
    /// Settles the account and returns the person as written.
    pub async fn settle(&self, before: Option<&PersonItem>) -> Result<PersonItem, Failure> {
        self.claim_email().await?;
        let person_id = before.map_or(self.new_id, |before| &before.id).to_owned();
        let (user, bound_to) = match self.write_account(before, &person_id).await {
            Ok(written) => written,
            Err(failure) => {
                self.unclaim_email(before, failure.fault).await;
                return Err(failure);
            }
        };
        let id = if before.is_some() { person_id } else { external_id(&person_id, bound_to.as_deref()) };
        let person = PersonItem::settled(before, self.indexes, id, user, self.now);
        // Before the person is written: after it, a login would find nothing left to do.
        if let Some(former) = before.and_then(|before| before.email_key.as_ref())
            && *former != self.indexes.email_key
        {
            self.clients.store.release_email(former, &self.indexes.person_key).await?;
        }
        if self.clients.store.put_person(&self.indexes.person_key, self.reads.connection.school(), &person).await? {
            Ok(person)
        } else {
            Err(Failure::noted(Fault::StoreContended, "the person was written by another login"))
        }
    }

    async fn claim_email(&self) -> Result<(), Failure> {
        let claim =
            EmailItem { v: PERSON_VERSION, person: self.indexes.person_key.clone(), since: self.now.as_second() };
        if self.clients.store.claim_email(&self.indexes.email_key, &claim).await? {
            Ok(())
        } else {
            Err(Failure::noted(Fault::EmailOwned, "another person of the directory claimed the address"))
        }
    }

    /// Gives up an address whose account is not the person's: its owner may come yet. That this fails must not hide
    /// why the person was refused.
    async fn unclaim_email(&self, before: Option<&PersonItem>, why: Fault) {
        let is_refused = matches!(why, Fault::AccountBound | Fault::AccountPrivileged | Fault::ThinkificRefusedAccount);
        let is_new = before.is_none_or(|before| before.email_key.as_ref() != Some(&self.indexes.email_key));
        if is_refused && is_new {
            let _ = self.clients.store.release_email(&self.indexes.email_key, &self.indexes.person_key).await;
        }
    }

    /// Returns the user's id and the `external_id` it was bound to before.
    async fn write_account(
        &self,
        before: Option<&PersonItem>,
        person_id: &str,
    ) -> Result<(u64, Option<String>), Failure> {
        let known = match before {
            Some(before) => self.call(&get_user(before.user)).await?.user()?,
            None => None,
        };
        let (by_email, bound_to) = self.look_up().await?;
        let findings = Findings { by_email: by_email.as_ref(), bound_to: bound_to.as_deref(), known: known.as_ref() };
        match choose_account(self.identity, person_id, &self.reads.connection, &findings)? {
            AccountStep::Update { user } => {
                self.call(&update_user(user, self.identity)).await?.updated()?;
                Ok((user, bound_to))
            }
            AccountStep::TakeOver { user } => {
                let password = UnknownPassword::from_bytes(random::bytes()?);
                self.call(&take_over_user(user, self.identity, &password)).await?.updated()?;
                Ok((user, bound_to))
            }
            AccountStep::Create => Ok((self.create(person_id).await?, None)),
        }
    }

    async fn look_up(&self) -> Result<(Option<User>, Option<String>), Failure> {
        let email = self.identity.email().as_str();
        let Some(user) = self.call(&find_user(email)).await?.users_with(email)? else { return Ok((None, None)) };
        let bound_to = self.call(&get_binding(user.id)).await?.binding()?;
        Ok((Some(user), bound_to))
    }

    /// Creates the user. "Already taken" may be our own first try, whose answer was lost, or another tab's: then the
    /// account is looked up once more, and must be bound to this person.
    async fn create(&self, person_id: &str) -> Result<u64, Failure> {
        let refused = match self.call(&create_user(self.identity, person_id)).await?.created() {
            Ok(user) => return Ok(user.id),
            Err(failure) if failure.fault == Fault::ThinkificRefusedAccount => failure,
            Err(failure) => return Err(failure),
        };
        match self.look_up().await? {
            (Some(user), Some(bound)) if bound == person_id && user.roles.is_empty() => Ok(user.id),
            _ => Err(refused),
        }
    }

    /// A class that arrives at once meets the school's limit of calls at once, which is over in a second: the browser
    /// waits. The limit of calls a minute is left to the person.
    async fn call(&self, request: &ApiRequest) -> Result<ApiAnswer, Failure> {
        let school: &School = &self.reads.school;
        for _ in 1..BUSY_TRIES {
            let answer = api::call(&self.clients.outbound, school, self.api_key, request).await?;
            let wait = answer.retry_after(self.now);
            if answer.status != 429 || wait > BRIEF_SECONDS {
                return Ok(answer);
            }
            // Spread, so that those who were turned away together do not come back together; all waits together end
            // before the soft deadline.
            let [spread] = random::bytes()?;
            tokio::time::sleep(Duration::from_millis(250 + 6 * u64::from(spread))).await;
        }
        api::call(&self.clients.outbound, school, self.api_key, request).await
    }
}
