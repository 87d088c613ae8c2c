//! What has to follow logins that did not ask the school themselves.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::KeySet;
use stoa_core::person::{FollowUp, FollowUpItem, MOST_TRIES, PersonItem};
use stoa_core::thinkific::{UnknownPassword, get_bound_user, reset_password, take_over_user, update_user};

use super::look::{Look, Stop};
use crate::random;
use crate::store::Revised;

impl Look<'_> {
    /// What has to follow logins, the oldest first.
    pub(super) async fn follow_up(&mut self) -> Result<(), Stop> {
        let mut items = self.clients.store.follow_ups(self.id).await?;
        if items.is_empty() {
            return Ok(());
        }
        items.sort_by_key(|item| item.at);
        let now = self.now();
        let seal_secrets = self.clients.secrets.seal(now).await?;
        let mut is_silent = false;
        for item in items.into_iter().filter(|item| item.is_tried_at(now)) {
            match self.follow_up_one(&item, &seal_secrets).await {
                Ok(()) => self.done.followed += 1,
                // One account stops nobody else. A school that is silent twice is not there.
                Err(Stop::Failed(failure)) if is_of_one(failure.fault) && !is_silent => {
                    is_silent = failure.fault == Fault::ThinkificUnavailable;
                    self.failed(&item).await?;
                    self.failure.get_or_insert(failure);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    async fn follow_up_one(&mut self, item: &FollowUpItem, seal_secrets: &KeySet) -> Result<(), Stop> {
        let told = item.told(seal_secrets);
        if told.is_none() && !item.resets_password {
            return self.doubt(item).await;
        }
        // A password that a stranger may know waits for nobody.
        let kept = if item.resets_password { 0 } else { self.kept().await? };
        let account = self.call(&get_bound_user(&item.id), kept).await?.user()?;
        let Some(told) = told else {
            if let Some(account) = account.filter(|it| it.roles.is_empty() && item.resets_password_of(it)) {
                self.reset_password(account.id).await?;
            }
            return self.doubt(item).await;
        };
        let what = item.decide(account.as_ref(), &told, self.now());
        match (what, account) {
            (FollowUp::Write { resets_password }, Some(account)) => {
                let request = if resets_password {
                    let password = UnknownPassword::from_bytes(random::bytes().map_err(Failure::from)?);
                    take_over_user(account.id, told.profile(), &password)
                } else {
                    update_user(account.id, told.profile())
                };
                match self.call(&request, kept).await?.updated() {
                    Ok(()) => self.found(item, account.id).await,
                    // What the school refuses of one person stops nobody else, and no password.
                    Err(failure) if failure.fault == Fault::ThinkificRefusedAccount => {
                        if resets_password {
                            self.reset_password(account.id).await?;
                        }
                        self.doubt(item).await
                    }
                    Err(failure) => Err(failure.into()),
                }
            }
            (FollowUp::Nothing, Some(account)) => self.found(item, account.id).await,
            (FollowUp::Later, _) => Ok(self.clients.store.put_off(self.id, item).await?),
            (FollowUp::Write { .. } | FollowUp::Nothing, None) | (FollowUp::Doubt, _) => self.doubt(item).await,
        }
    }

    async fn reset_password(&mut self, user: u64) -> Result<(), Stop> {
        let password = UnknownPassword::from_bytes(random::bytes().map_err(Failure::from)?);
        Ok(self.call(&reset_password(user, &password), 0).await?.updated()?)
    }

    /// One more try in vain. After the last one the person's next login asks the school itself; a password that must end
    /// is still owed.
    async fn failed(&self, item: &FollowUpItem) -> Result<(), Stop> {
        if item.tries + 1 == MOST_TRIES {
            if !item.resets_password {
                return self.doubt(item).await;
            }
            self.revise(item, PersonItem::unsettled).await?;
        }
        Ok(self.clients.store.put_off(self.id, item).await?)
    }

    async fn found(&self, item: &FollowUpItem, user: u64) -> Result<(), Stop> {
        self.end(item, |person| person.found(user)).await
    }

    /// The account is not what it was taken for: the person's next login asks the school itself.
    async fn doubt(&self, item: &FollowUpItem) -> Result<(), Stop> {
        self.end(item, PersonItem::unsettled).await
    }

    /// Writes the person, and only then that nothing has to follow.
    async fn end(&self, item: &FollowUpItem, change: impl FnOnce(&PersonItem) -> PersonItem) -> Result<(), Stop> {
        if self.revise(item, change).await? {
            self.clients.store.followed_up(self.id, item).await?;
        }
        Ok(())
    }

    /// Writes the person, if their id is still the one that was followed up. `false`: their login wrote in between, and
    /// the next minute looks again.
    async fn revise(&self, item: &FollowUpItem, change: impl FnOnce(&PersonItem) -> PersonItem) -> Result<bool, Stop> {
        let store = &self.clients.store;
        let person = store.person(&item.person, self.id).await?.filter(|person| person.id == item.id);
        let Some(person) = person else { return Ok(true) };
        let after = change(&person);
        Ok(store.put_person(&Revised { person: &item.person, school: self.id, item: &after }).await?)
    }
}

/// Whether a failure may be one account's.
const fn is_of_one(fault: Fault) -> bool {
    matches!(fault, Fault::ThinkificAnswerStrange | Fault::ThinkificRefusedAccount | Fault::ThinkificUnavailable)
}
