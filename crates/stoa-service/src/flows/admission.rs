//! A login of somebody whom the connection's directory knows: refused if they have left, and into the account that was
//! made for them.

use stoa_core::connection::Authority;
use stoa_core::directory::UserId;
use stoa_core::failure::Failure;
use stoa_core::identity::Redeemed;
use stoa_core::keys::Pepper;
use stoa_core::person::{Claim, Indexes, PersonItem};
use stoa_core::provision::admit;

use crate::clients::Clients;
use crate::store::{Brought, Claiming, LaunchReads, Revised};

/// Somebody who comes, and what was read of them.
pub struct Coming<'a> {
    /// What is asked and written through.
    pub clients: &'a Clients,
    /// Who they are.
    pub identity: &'a Redeemed,
    /// What they are known by.
    pub indexes: &'a Indexes,
    /// What keys are made with.
    pub pepper: &'a Pepper,
    /// The time of the request.
    pub now: jiff::Timestamp,
}

impl Coming<'_> {
    /// Decides whether they may come in, and brings what was read to what the directory has done for them: so a first
    /// login asks nothing of the school, and no later one writes what the directory says. Whom the directory does not
    /// know comes as if there were none.
    ///
    /// Returns the id that their account has, or gets from whoever is quicker, this login or the provisioner.
    pub async fn meet_directory(&self, reads: &mut LaunchReads) -> Result<Option<UserId>, Failure> {
        let Some((of, directory)) = reads.connection.joined_directory() else { return Ok(None) };
        let (of, authority) = (of.clone(), directory.authority);
        let Some(key) = self.identity.join_key(&reads.connection, self.pepper) else { return Ok(None) };
        let store = &self.clients.store;
        let brought = Brought {
            value: &key,
            address: self.identity.address_key(&reads.connection, self.pepper),
            email: &self.indexes.email_key,
            account: reads.person.as_ref().and_then(|person| UserId::parse(&person.id).ok()),
        };
        let Some(joined) = store.joined(&of, &brought).await? else { return Ok(None) };
        admit(&joined.user, joined.sync.as_ref())?;
        let user = Some(joined.user.id);
        let Some(applied) = joined.sync.map(|sync| sync.applied.at(reads.connection.school())) else { return Ok(user) };
        match &mut reads.person {
            None => match applied.first_item(self.indexes) {
                Some(person) => self.adopt(reads, person).await?,
                None => reads.person = applied.item_elsewhere(self.indexes),
            },
            Some(person) if authority == Authority::Directory => {
                if let Some(told) = applied.told_of(person, self.indexes) {
                    person.fingerprint = Some(told);
                    person.checked = person.checked.max(applied.seen);
                }
            }
            Some(_) => {}
        }
        Ok(user)
    }

    /// Writes down the person with their address. Where somebody else writes at the same time, the launch goes its usual
    /// way, which knows what to make of it.
    async fn adopt(&self, reads: &mut LaunchReads, person: PersonItem) -> Result<(), Failure> {
        let (store, school) = (&self.clients.store, reads.connection.school());
        let claim = store.claim(reads.owner.clone(), school, self.indexes, self.now).await?;
        if claim == Claim::Others {
            return Ok(());
        }
        let kept = claim.kept(self.indexes, self.now);
        let revised = Revised { person: &self.indexes.person_key, school, item: &person };
        let claiming = Claiming { email: &self.indexes.email_key, item: &kept, found: &claim };
        if store.adopt(&revised, &claiming).await? {
            reads.person = Some(person);
            reads.owner = Some(kept);
        }
        Ok(())
    }
}
