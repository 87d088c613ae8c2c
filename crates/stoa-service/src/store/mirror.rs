//! The mirror of a school: what it has under each address, how far the last look came, and what has to follow logins.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use stoa_core::failure::Failure;
use stoa_core::ids::{EmailKey, PersonKey, SchoolId};
use stoa_core::mirror::{MirroredAccount, SchoolMirror};
use stoa_core::person::{AddressItem, FollowUpItem, PERSON_VERSION, PersonItem};

use super::{Key, Range, Reads, Store, read};

/// DynamoDB takes no more keys in a batch.
const BATCH: usize = 100;

/// An account on a page of a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MirroredUser {
    /// Thinkific's user id.
    #[serde(rename = "u")]
    pub(crate) user: u64,
    /// Its address, where that is of a domain that is written down.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<EmailKey>,
    /// Whether it is known to what it is bound.
    #[serde(rename = "a", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_asked: bool,
    /// Whether another account has had the address, in other letters, at the look before.
    #[serde(rename = "s", default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) several: bool,
    /// Its roles.
    #[serde(rename = "r", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) roles: BTreeSet<String>,
}

/// A page of a look at all accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MirroredPage {
    /// Its number.
    pub(crate) page: u32,
    /// When its look began, in epoch seconds.
    pub(crate) began: i64,
    /// Who was on it.
    pub(crate) users: Vec<MirroredUser>,
}

impl Store {
    /// How far the mirror of a school has come, as of now.
    pub(crate) async fn school_mirror(&self, school: &SchoolId) -> Result<SchoolMirror, Failure> {
        let found: Option<SchoolMirror> = self.tables.get(&Key::mirror(school), Reads::Consistent).await?;
        Ok(found.unwrap_or_default())
    }

    /// Writes how far the mirror has come, over the revision before. `false`: somebody else wrote in the meantime.
    pub(crate) async fn put_school_mirror(&self, school: &SchoolId, mirror: &SchoolMirror) -> Result<bool, Failure> {
        let put = Key::mirror(school)
            .put(mirror)
            .only_if("attribute_not_exists(pk) OR rev = :before")
            .with(":before", mirror.rev - 1);
        Ok(self.tables.write(put).await?.is_applied())
    }

    /// The accounts that the mirror has under these addresses.
    pub(crate) async fn mirrored_accounts(
        &self,
        emails: &[EmailKey],
    ) -> Result<HashMap<EmailKey, MirroredAccount>, Failure> {
        let mut accounts = HashMap::new();
        for emails in emails.chunks(BATCH) {
            let keys: Vec<(Key, &EmailKey)> = emails.iter().map(|email| (Key::email(email), email)).collect();
            let wanted = keys.iter().map(|(key, _)| key.clone());
            for (table, item) in self.tables.batch("the mirror", wanted, Reads::Consistent).await? {
                let Some((_, email)) = keys.iter().find(|(key, _)| key.is_of(table, &item)) else { continue };
                let address: AddressItem = read(table, item)?;
                accounts.extend(address.account.map(|account| ((*email).clone(), account)));
            }
        }
        Ok(accounts)
    }

    /// Writes down which account the school has under an address. Whose the address is, is left alone.
    pub(crate) async fn mirror_account(&self, email: &EmailKey, account: &MirroredAccount) -> Result<(), Failure> {
        let write = Key::email(email)
            .update("SET mirror = :account, v = if_not_exists(v, :v)")
            .with(":account", account)
            .with(":v", PERSON_VERSION);
        self.tables.write(write).await?;
        Ok(())
    }

    /// Writes down that the school has this account no longer under an address. Another one stays.
    pub(crate) async fn forget_account(&self, email: &EmailKey, user: u64) -> Result<(), Failure> {
        let write = Key::email(email).update("REMOVE mirror").only_if("mirror.#user = :user").with(":user", user);
        self.tables.write(write).await?;
        Ok(())
    }

    /// Writes a page of a look.
    pub(crate) async fn put_mirrored_page(
        &self,
        school: &SchoolId,
        side: u8,
        page: &MirroredPage,
    ) -> Result<(), Failure> {
        self.tables.write(Key::mirrored_page(school, side, page.page).put(page)).await?;
        Ok(())
    }

    /// The pages of a look, and what was left of one before it.
    pub(crate) async fn mirrored_pages(&self, school: &SchoolId, side: u8) -> Result<Vec<MirroredPage>, Failure> {
        Ok(self.tables.query(&Range::mirrored_pages(school, side), Reads::Consistent).await?)
    }

    /// One page of a look.
    pub(crate) async fn mirrored_page(
        &self,
        school: &SchoolId,
        side: u8,
        page: u32,
    ) -> Result<Option<MirroredPage>, Failure> {
        Ok(self.tables.get(&Key::mirrored_page(school, side, page), Reads::Consistent).await?)
    }

    /// Deletes a page of a look.
    pub(crate) async fn delete_mirrored_page(&self, school: &SchoolId, side: u8, page: u32) -> Result<(), Failure> {
        self.tables.write(Key::mirrored_page(school, side, page).delete()).await?;
        Ok(())
    }

    /// What has to follow logins at a school.
    pub(crate) async fn follow_ups(&self, school: &SchoolId) -> Result<Vec<FollowUpItem>, Failure> {
        Ok(self.tables.query(&Range::follow_ups(school), Reads::Consistent).await?)
    }

    /// Counts that something was tried in vain, if it is still the same that has to follow.
    pub(crate) async fn put_off(&self, school: &SchoolId, item: &FollowUpItem) -> Result<(), Failure> {
        let write = Key::follow_up(school, &item.person)
            .update("SET tries = :tries")
            .only_if("#at = :at")
            .with(":tries", item.tries + 1)
            .with(":at", item.at);
        self.tables.write(write).await?;
        Ok(())
    }

    /// Nothing has to follow any more, if it is still the same.
    pub(crate) async fn followed_up(&self, school: &SchoolId, item: &FollowUpItem) -> Result<(), Failure> {
        let write = Key::follow_up(school, &item.person).delete().only_if("#at = :at").with(":at", item.at);
        self.tables.write(write).await?;
        Ok(())
    }

    /// A person at a school, as they are now.
    pub(crate) async fn person(&self, person: &PersonKey, school: &SchoolId) -> Result<Option<PersonItem>, Failure> {
        Ok(self.tables.get(&Key::person(person, school), Reads::Consistent).await?)
    }
}
