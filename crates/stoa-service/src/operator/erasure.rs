//! Everything that is stored of a person of a directory: to be shown to them, or to be forgotten.
//!
//! What leads to them is found by what is theirs alone: their id, the values that the directory knows them by, and the
//! account that stoa gave them. Whoever has their address by now keeps what they have.

use std::collections::{BTreeMap, BTreeSet};

use stoa_core::directory::{DIRECTORY_VERSION, EdgeItem, IndexedBy, KeyItem, UserId, UserItem};
use stoa_core::ids::{ConnectionId, EmailKey, SchoolId};
use stoa_core::person::{AddressItem, PersonItem};
use stoa_core::provision::{Access, Enrolled, Sync};
use stoa_core::routes::Table;

use super::not_yet::NotYet;
use super::transaction::{Guards, Writes};
use super::{OperatorError, StackAccess};
use crate::store::{ABSENT, ErasedItem, Item, KeptOutItem, Key, Range, Reads, Write, is_kept_out, is_membership, read};

/// What one transaction may write.
const TRANSACTION: usize = 100;

/// An item about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// What it is.
    pub what: &'static str,
    /// Where it is.
    pub key: Key,
}

/// Why an item outlives somebody who is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// Without it an older word of WorkOS that comes late would bring them back.
    Told,
    /// Without it a block would end.
    KeptOut,
    /// Without it whoever has their address next would get their account, which was there before the directory.
    Account,
}

impl Kept {
    /// What the item is.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Told => "when their source last spoke of them",
            Self::KeptOut => "by what they are kept out by hand",
            Self::Account => "that the account was theirs",
        }
    }
}

/// Everything that is stored of a person.
#[derive(Clone, Debug)]
pub struct StoredOf {
    /// Of which directory.
    pub connection: ConnectionId,
    /// Their id in the directory.
    pub user: UserId,
    /// The items, each once.
    pub items: Vec<StoredItem>,
    /// Items that stay. Times and ids of events, and keys.
    kept: Vec<(Kept, Key)>,
    /// What is due for them and what was done.
    pub sync: Option<Sync>,
    /// Their account at the school, which is not stoa's to delete.
    pub account: Option<u64>,
    /// Their address is by now known from somebody's login whose account is another one, or unknown.
    pub address_is_another_s: bool,
    /// By what they go on being kept out by hand: keys of what named them, and nothing else.
    kept_out: Vec<KeptOutItem>,
    /// The version of the person that was read, if the directory has them.
    version: Option<u64>,
    active: bool,
}

impl StoredOf {
    /// What has to come first; `None`: they can be forgotten.
    pub fn not_yet(&self) -> Option<NotYet> {
        if self.active {
            return Some(NotYet::Active);
        }
        let given = self.sync.as_ref().is_some_and(|sync| {
            let is_open = |enrolled: &Enrolled| matches!(enrolled, Enrolled::Giving);
            sync.due_at.is_some()
                || sync.held.is_some()
                || sync.applied.access == Access::Given
                || sync.applied.is_doubtful
                || sync.applied.enrolments.values().any(is_open)
        });
        given.then_some(NotYet::Given)
    }

    /// What stays of them, or comes to stay once they are forgotten, each once.
    pub fn outlived_by(&self) -> BTreeSet<Kept> {
        let becomes = (!self.kept_out.is_empty()).then_some(Kept::KeptOut);
        self.kept.iter().map(|(why, _)| *why).chain(becomes).collect()
    }

    /// That the person's item is as it was read, or still is not there.
    fn same_person(&self, own: Key) -> Write {
        match self.version {
            Some(version) => own.check("version = :version").with(":version", version),
            None => own.check(ABSENT),
        }
    }

    fn add(&mut self, what: &'static str, key: Key) {
        if !self.items.iter().any(|item| item.key == key) {
            self.items.push(StoredItem { what, key });
        }
    }
}

/// What stays of somebody who is kept out and forgotten: by their account they stay kept out as well.
fn kept_of(due: &Sync) -> Sync {
    Sync { v: due.v, wanted: due.wanted, blocked: true, ..Sync::default() }
}

impl StackAccess {
    /// Everything that is stored of a person. Somebody whom the directory has no more may still have left something.
    pub async fn stored_of(&self, connection: &ConnectionId, user: &UserId) -> Result<StoredOf, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let school = self.current(connection).await?.ok_or_else(unknown)?.document()?.school;
        let mut stored = StoredOf {
            connection: connection.clone(),
            user: user.clone(),
            items: Vec::new(),
            kept: Vec::new(),
            sync: None,
            account: None,
            address_is_another_s: false,
            kept_out: Vec::new(),
            version: None,
            active: false,
        };
        // First what is found by the profile: it is read from the item that goes last.
        let traces = self.traces_of(connection, user).await?;
        let mut joining = Vec::new();
        for value in traces.values {
            if IndexedBy::ALL.iter().any(|by| by.joins() && value.pk.split('#').nth(2) == Some(by.as_str())) {
                joining.push(KeptOutItem::new(user, value.pk.clone()));
            }
            let key = Key { table: Table::Directory, pk: value.pk, sk: Some(value.sk) };
            stored.add("a value by which they are found", key);
        }
        self.own_items(&mut stored).await?;
        if stored.sync.as_ref().is_some_and(|sync| sync.blocked) {
            stored.kept_out = joining;
        }
        let applied = stored.sync.as_ref().map(|sync| sync.applied.clone());
        // What was done was done at the school that the connection had then.
        let school = applied.as_ref().and_then(|applied| applied.school.clone()).unwrap_or(school);
        stored.account = applied.as_ref().and_then(|applied| applied.account.as_ref()).map(|account| account.user);
        let mut emails: Vec<EmailKey> = traces.emails;
        emails.extend(applied.and_then(|applied| applied.email_key));
        for email in emails {
            self.items_of_address(&mut stored, (&school, &email)).await?;
        }
        if let Some(account) = stored.account {
            let claim = Key::account(connection, account);
            let claimant: Option<KeyItem> = self.tables.get(&claim, Reads::Consistent).await?;
            if claimant.is_some_and(|claimant| claimant.id == user.as_str()) {
                stored.kept.push((Kept::Account, claim));
            }
            for key in self.keys_of(&Range::progress(&school, account)).await? {
                stored.add("how far they are in a course", key);
            }
        }
        match stored.items.is_empty() {
            true => Err(OperatorError::NotInDirectory(connection.clone())),
            false => Ok(stored),
        }
    }

    /// What is kept under the person's id.
    async fn own_items(&self, stored: &mut StoredOf) -> Result<(), OperatorError> {
        let (connection, user) = (stored.connection.clone(), stored.user.clone());
        for key in self.keys_of(&Range::directory_changes(&connection, &user)).await? {
            stored.add("a change by hand", key);
        }
        let (own, sync) = (Key::user(&connection, &user), Key::sync(&connection, &user));
        for (key, item) in self.items_of(&Range::of_user(&connection, &user)).await? {
            let sk = key.sk.clone().unwrap_or_default();
            if is_membership(&sk) {
                let edge: EdgeItem = read(Table::Directory, item)?;
                let member = Key::member(&connection, &edge.group, edge.generation, &user);
                stored.add("a membership, among the group's items", member);
                stored.add("a membership", key);
            } else if key == own {
                let item: UserItem = read(Table::Directory, item)?;
                (stored.version, stored.active) = (Some(item.version), item.active);
                stored.add("what their source wrote of them, sealed", key);
                stored.add("that there is such a person", Key::listed_user(&connection, &user));
            } else if key == sync {
                let due: Sync = read(Table::Directory, item)?;
                match due == kept_of(&due) {
                    true => stored.kept.push((Kept::KeptOut, key)),
                    false => stored.add("what is due at the school, and what was done", key),
                }
                stored.sync = Some(due);
            } else {
                stored.kept.push((if is_kept_out(&sk) { Kept::KeptOut } else { Kept::Told }, key));
            }
        }
        Ok(())
    }

    /// What logins and the mirror know of their address, if it is their account's.
    async fn items_of_address(
        &self,
        stored: &mut StoredOf,
        (school, email): (&SchoolId, &EmailKey),
    ) -> Result<(), OperatorError> {
        let key = Key::email(email);
        let Some(address) = self.tables.get::<AddressItem>(&key, Reads::Consistent).await? else { return Ok(()) };
        let Some(owner) = address.owner() else {
            let is_theirs = address.account.as_ref().map(|account| account.user) == stored.account;
            if is_theirs {
                stored.add("which account the school has under their address", key);
            }
            return Ok(());
        };
        let person: Option<PersonItem> =
            self.tables.get(&Key::person(&owner.person, school), Reads::Consistent).await?;
        let accounts = [person.and_then(|person| person.user), address.account.map(|account| account.user)];
        let is_theirs = accounts.into_iter().flatten().any(|user| user != 0 && Some(user) == stored.account);
        if !is_theirs {
            stored.address_is_another_s = true;
            return Ok(());
        }
        stored.add("whose their address is", key);
        stored.add("which account is theirs, by their logins", Key::person(&owner.person, school));
        stored.add("what has to follow a login of theirs", Key::follow_up(school, &owner.person));
        for key in self.keys_of(&Range::person_changes(&owner.person, school)).await? {
            stored.add("a change by hand", key);
        }
        Ok(())
    }

    async fn items_of(&self, range: &Range) -> Result<Vec<(Key, Item)>, OperatorError> {
        let items = self.tables.all(range, Reads::Consistent).await?;
        let text = |item: &Item, name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let keyed = |item: Item| {
            let (pk, sk) = (text(&item, "pk")?, text(&item, "sk"));
            Some((Key { table: range.table, pk, sk }, item))
        };
        Ok(items.into_iter().filter_map(keyed).collect())
    }

    async fn keys_of(&self, range: &Range) -> Result<Vec<Key>, OperatorError> {
        Ok(self.items_of(range).await?.into_iter().map(|(key, _)| key).collect())
    }

    /// The items themselves, as JSON, without what is sealed in them.
    pub async fn items_as_json(&self, stored: &StoredOf) -> Result<Vec<serde_json::Value>, OperatorError> {
        let mut shown = Vec::new();
        let items = stored.items.iter().map(|item| (item.what, &item.key));
        let kept = stored.kept.iter().map(|(why, key)| (why.as_str(), key));
        for (what, key) in items.chain(kept) {
            let item: Option<BTreeMap<String, serde_json::Value>> = self.tables.get(key, Reads::Consistent).await?;
            let Some(mut item) = item else { continue };
            for sealed in ["sealed", "seal_key", "salt"] {
                item.remove(sealed);
            }
            shown.push(serde_json::json!({"what": what, "item": item}));
        }
        Ok(shown)
    }

    /// Forgets a person: what leads to them first, so that whoever is cut off finds the rest again. That it was done, by
    /// whom and why, is kept, with an id that leads nowhere any more. Nothing is erased of somebody who has changed, nor a
    /// value that somebody else has by now.
    pub async fn erase(&self, stored: &StoredOf, reason: &str) -> Result<(), OperatorError> {
        if let Some(why) = stored.not_yet() {
            return Err(OperatorError::NotErasable(why));
        }
        // A block outlives them: it is lifted by whoever made it, not by being forgotten.
        for kept_out in stored.kept_out.chunks(TRANSACTION / 2) {
            let mut writes = Writes::default();
            for item in kept_out {
                writes.push(item.beside_the_value().put(item));
                writes.push(item.among(&stored.connection, &stored.user).put(item));
            }
            self.write("erase the person", writes).await?;
        }
        let own = Key::user(&stored.connection, &stored.user);
        let sync = Key::sync(&stored.connection, &stored.user);
        let first: Vec<&Key> =
            stored.items.iter().map(|item| &item.key).filter(|key| **key != own && **key != sync).collect();
        for keys in first.chunks(TRANSACTION - 1) {
            let mut writes = Writes::default();
            writes.guarded(stored.same_person(own.clone()), Guards::Person);
            for key in keys {
                let delete = (*key).clone().delete();
                match key.is_lock() {
                    true => {
                        let own = delete.only_if("attribute_not_exists(pk) OR id = :user");
                        writes.guarded(own.with(":user", stored.user.as_str()), Guards::Person);
                    }
                    false => writes.push(delete),
                }
            }
            self.write("erase the person", writes).await?;
        }
        let mut writes = Writes::default();
        let gone = match stored.version {
            Some(version) => own.delete().only_if("version = :version").with(":version", version),
            None => stored.same_person(own),
        };
        writes.guarded(gone, Guards::Person);
        if let Some(due) = &stored.sync {
            let last = if due.blocked { sync.put(&kept_of(due)) } else { sync.delete() };
            writes.guarded(last.only_if("wanted = :wanted").with(":wanted", due.wanted), Guards::Person);
        }
        let erased = ErasedItem {
            v: DIRECTORY_VERSION,
            user: stored.user.clone(),
            items: stored.items.len(),
            by: self.by.clone(),
            reason: reason.to_owned(),
        };
        writes.push(Key::erased(&stored.connection, Self::now()).put(&erased));
        self.write("erase the person", writes).await
    }
}
