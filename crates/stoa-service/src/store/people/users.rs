//! People.

use std::collections::BTreeSet;

use jiff::Timestamp;
use stoa_core::directory::{
    DIRECTORY_VERSION, EdgeItem, GroupId, IndexedBy, KeyItem, KeyOf, Membership, UserId, UserItem, keys,
    known_again_by, own_address, unverified_address,
};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::provision::{Rank, Sync};
use stoa_core::routes::Table;
use stoa_scim::text::folded;
use stoa_scim::{Profile, ResourceType};

use super::edges::filled;
use super::group::Group;
use super::kept_out::Values;
use super::{Changed, People, TRANSACTION, Wrote};
use crate::random;
use crate::store::items::is_membership;
use crate::store::{ABSENT, Key, Range, Reads, Write, read};

/// A person, opened.
#[derive(Debug)]
pub struct User {
    /// What is stored.
    pub item: UserItem,
    /// What the client wrote.
    pub profile: Profile,
}

/// A person with all that is known of them, as of one moment.
pub struct Person {
    /// The person; `None`: they were taken away.
    pub user: Option<User>,
    /// The groups that they belong to, and since when.
    pub groups: Vec<(Group, Timestamp)>,
}

impl Person {
    /// The groups by name, as grants see them.
    pub fn memberships(&self) -> Vec<Membership> {
        let named = |(group, since): &(Group, Timestamp)| Membership {
            group: group.profile.naming().to_owned(),
            since: *since,
        };
        self.groups.iter().map(named).collect()
    }
}

/// What is known of a person before their groups are read.
pub(super) struct Found {
    pub(super) user: Option<User>,
    pub(super) edges: Vec<EdgeItem>,
    /// How many changes of what is wanted of them there were.
    wanted: Option<u64>,
}

impl People<'_> {
    /// A person, without their groups: one read.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>, Failure> {
        let key = Key::user(self.connection, id);
        let item: Option<UserItem> = self.store.tables.get(&key, Reads::Consistent).await?;
        item.map(|item| self.opened_user(item)).transpose()
    }

    /// People by their ids, in no order, as far as there are any.
    pub async fn users(&self, ids: &[UserId]) -> Result<Vec<User>, Failure> {
        let keys = ids.iter().map(|id| Key::user(self.connection, id)).collect();
        let items = self.read_all(keys).await?;
        items.into_iter().map(|item| self.opened_user(read(Table::Directory, item)?)).collect()
    }

    /// A person and their groups: one read, and one more where there are groups.
    pub async fn person(&self, id: &UserId) -> Result<Person, Failure> {
        let Found { user, edges, .. } = self.found(id).await?;
        // While the members of a group are being replaced, somebody may be in two generations of them.
        let ids: BTreeSet<&GroupId> = edges.iter().map(|edge| &edge.group).collect();
        let keys = ids.into_iter().map(|id| Key::group(self.connection, id)).collect();
        let mut groups = Vec::new();
        for item in self.read_all(keys).await? {
            let group = self.opened_group(read(Table::Directory, item)?)?;
            let is_current = |edge: &&EdgeItem| edge.group == group.item.id && edge.generation == group.item.generation;
            if let Some(edge) = edges.iter().find(is_current) {
                groups.push((group, instant(edge.since)?));
            }
        }
        groups.sort_by(|(one, _), (other, _)| one.item.id.cmp(&other.item.id));
        Ok(Person { user, groups })
    }

    pub(super) async fn found(&self, id: &UserId) -> Result<Found, Failure> {
        let mut found = Found { user: None, edges: Vec::new(), wanted: None };
        let (own, sync) = (Key::user(self.connection, id), Key::sync(self.connection, id));
        for item in self.store.tables.all(&Range::of_user(self.connection, id), Reads::Consistent).await? {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default();
            if Some(sk) == own.sk.as_deref() {
                found.user = Some(self.opened_user(read(Table::Directory, item)?)?);
            } else if Some(sk) == sync.sk.as_deref() {
                found.wanted = Some(read::<Sync>(Table::Directory, item)?.wanted);
            } else if is_membership(sk) {
                found.edges.push(read(Table::Directory, item)?);
            }
        }
        Ok(found)
    }

    /// Writes a new person; or, where their client's id is that of somebody who is inactive, brings that one back.
    pub async fn create_user(&self, profile: &Profile) -> Result<Changed<User>, Failure> {
        let id = UserId::from_random(random::bytes()?);
        let (item, values, mut writes) = self.new_user((&id, 1), profile).await?;
        for (value, write) in values.iter().zip(&mut writes) {
            *write = self.take_first(value, id.as_str());
        }
        match self.transact(writes).await? {
            Wrote::All => Ok(Changed::Applied(User { item, profile: profile.clone() })),
            Wrote::Refused(refused) => {
                let taken: Vec<&KeyOf> = refused.iter().filter_map(|index| values.get(*index)).collect();
                self.revive(profile, &taken).await
            }
        }
    }

    /// The first version of a person whose id somebody may have had before: whoever has read that one writes nothing over
    /// this one.
    pub(super) fn version_of_return(&self) -> u64 {
        self.now.as_millisecond().unsigned_abs()
    }

    /// A person who is new: their item, the values that they take, and the writes, the values' first.
    pub(super) async fn new_user(
        &self,
        (id, version): (&UserId, u64),
        profile: &Profile,
    ) -> Result<(UserItem, Vec<KeyOf>, Vec<Write>), Failure> {
        let key = Key::user(self.connection, id);
        let created = self.now.as_second();
        let item = UserItem {
            v: DIRECTORY_VERSION,
            id: id.clone(),
            version,
            active: profile.is_active(),
            address: Some(own_address(profile, self.connection, self.pepper)),
            sealed: self.seal(profile, &key, version)?,
            created,
            modified: created,
        };
        let values: Vec<KeyOf> = keys(profile, self.connection, self.pepper).into_iter().collect();
        let mut writes: Vec<Write> = values.iter().map(|value| self.take(value, id.as_str())).collect();
        writes.push(key.put(&item).only_if(ABSENT));
        writes.push(Key::listed_user(self.connection, id).put(&KeyItem::of(id.to_string())));
        let room = TRANSACTION.saturating_sub(writes.len() + 2);
        writes.extend(self.mark_new(id, &values, room).await?);
        Ok((item, values, writes))
    }

    /// Somebody has one of the values, or had it. If they are inactive, or were taken away, and the client has the same id
    /// for them, it is they who come back: under the id that they had, with the memberships that they kept.
    async fn revive(&self, profile: &Profile, taken: &[&KeyOf]) -> Result<Changed<User>, Failure> {
        let by = |by: IndexedBy| taken.iter().copied().find(move |value| value.by == by);
        let Some(value) = by(IndexedBy::UserExternalId).or_else(|| by(IndexedBy::UserName)) else {
            return Ok(Changed::Meanwhile);
        };
        let Some(lock) = self.lock(value).await? else { return Ok(Changed::Meanwhile) };
        let id = UserId::parse(&lock.id).map_err(|_| Failure::noted(Fault::StoreItemStrange, "a lock of directory"))?;
        // An id that only repeats the name or the address says nothing of who had it last year.
        let is_known = known_again_by(profile, self.connection, self.pepper).as_ref() == Some(value);
        if lock.gone {
            let id = if is_known { id } else { UserId::from_random(random::bytes()?) };
            return self.come_back(&id, profile).await;
        }
        let Some(before) = self.user(&id).await? else { return Ok(Changed::Meanwhile) };
        // Two people without an id of the client's are not one because one has the other's former name.
        let has_same_id = profile.external_id().is_some() && before.profile.external_id() == profile.external_id();
        let has_same_name = folded(before.profile.naming()) == folded(profile.naming());
        let is_theirs = has_same_id && (is_known || has_same_name);
        match !before.item.active && is_theirs {
            true => self.change_user(&before, profile).await,
            false => Ok(Changed::Taken(value.by)),
        }
    }

    /// Writes somebody whose client's id is free again. Under the id that they had, what was done for them at the school is
    /// theirs, and what is still due of their end is not, as both are noted under it.
    async fn come_back(&self, id: &UserId, profile: &Profile) -> Result<Changed<User>, Failure> {
        let (item, values, writes) = self.new_user((id, self.version_of_return()), profile).await?;
        match self.transact(writes).await? {
            Wrote::All => Ok(Changed::Applied(User { item, profile: profile.clone() })),
            Wrote::Refused(refused) => {
                let value = refused.iter().find_map(|index| values.get(*index));
                Ok(value.map_or(Changed::Meanwhile, |value| Changed::Taken(value.by)))
            }
        }
    }

    /// Writes what has become of a person. Nothing is written where nothing has changed.
    pub async fn change_user(&self, before: &User, profile: &Profile) -> Result<Changed<User>, Failure> {
        if before.profile == *profile {
            return Ok(Changed::Applied(User { item: before.item.clone(), profile: profile.clone() }));
        }
        self.rewrite_user(before, profile, None).await
    }

    /// The same, in one transaction with another write.
    pub(super) async fn rewrite_user(
        &self,
        before: &User,
        profile: &Profile,
        along: Option<Write>,
    ) -> Result<Changed<User>, Failure> {
        let (id, version) = (&before.item.id, before.item.version + 1);
        let key = Key::user(self.connection, id);
        let item = UserItem {
            v: DIRECTORY_VERSION,
            version,
            active: profile.is_active(),
            address: Some(own_address(profile, self.connection, self.pepper)),
            sealed: self.seal(profile, &key, version)?,
            modified: self.now.as_second(),
            ..before.item.clone()
        };
        let [had, has] = [&before.profile, profile].map(|profile| keys(profile, self.connection, self.pepper));
        let taken: Vec<&KeyOf> = has.difference(&had).collect();
        let given_up: Vec<&KeyOf> = had.difference(&has).collect();
        if taken.len() + given_up.len() + 3 > TRANSACTION {
            return Err(Failure::noted(Fault::ScimTooLarge, "more values change at once than one transaction writes"));
        }
        let moves = unverified_address(&before.profile) != unverified_address(profile);
        let rank = if !item.active || moves { Rank::First } else { Rank::Then };
        let mut writes: Vec<Write> = taken.iter().map(|value| self.take(value, id.as_str())).collect();
        writes.extend(given_up.iter().map(|value| self.give_up(value, id.as_str())));
        let put = key.clone().put(&item).only_if("version = :before").with(":before", before.item.version);
        writes.push(put);
        let room = TRANSACTION.saturating_sub(writes.len() + 2);
        let values = Values { taken: &taken, given_up: &given_up };
        writes.extend(self.mark_changed(id, rank, values, room).await?);
        writes.extend(along);
        match self.transact(writes).await? {
            Wrote::All => Ok(Changed::Applied(User { item, profile: profile.clone() })),
            Wrote::Refused(refused) => {
                let value = refused.iter().find_map(|index| taken.get(*index));
                Ok(value.map_or(Changed::Meanwhile, |value| Changed::Taken(value.by)))
            }
        }
    }

    /// Where it is said that a person has the values by which they are found. A value that one may have can be somebody
    /// else's by now.
    pub async fn value_keys(&self, user: &User) -> Result<Vec<Key>, Failure> {
        let id = user.item.id.as_str();
        let mut found = Vec::new();
        for value in keys(&user.profile, self.connection, self.pepper) {
            if !value.by.is_unique() || self.owner(&value).await?.as_deref() == Some(id) {
                found.push(self.key_of(&value, id));
            }
        }
        Ok(found)
    }

    /// By what somebody would be known again who was taken away, if nobody else has it by now: three reads.
    pub async fn former_key(&self, id: &UserId) -> Result<Option<Key>, Failure> {
        let Some(hash) = self.store.sync(self.connection, id).await?.and_then(|sync| sync.known_by) else {
            return Ok(None);
        };
        let value = KeyOf { by: IndexedBy::UserExternalId, hash };
        let is_theirs = self.lock(&value).await?.is_some_and(|lock| lock.gone && lock.id == id.as_str());
        Ok(is_theirs.then(|| self.key_of(&value, id.as_str())))
    }

    /// Takes a person away, with their memberships. What follows at the school is still marked, and whom their client's id
    /// meant stays written down: made again with it, they are who they were.
    pub async fn delete_user(&self, before: &User) -> Result<Changed<()>, Failure> {
        let known_by = known_again_by(&before.profile, self.connection, self.pepper);
        self.take_away(before, known_by.as_ref(), None).await
    }

    /// Takes away somebody whose id follows from what their source calls them, with another write.
    pub(super) async fn remove_user(&self, before: &User, along: Option<Write>) -> Result<Changed<()>, Failure> {
        self.take_away(before, None, along).await
    }

    async fn take_away(
        &self,
        before: &User,
        known_by: Option<&KeyOf>,
        along: Option<Write>,
    ) -> Result<Changed<()>, Failure> {
        let id = &before.item.id;
        let Found { edges, wanted, .. } = self.found(id).await?;
        let values = keys(&before.profile, self.connection, self.pepper);
        let room = TRANSACTION - values.len() - 4;
        let key = Key::user(self.connection, id);
        let same = key.clone().check("version = :before").with(":before", before.item.version);
        // Those that do not fit go first, each marked: whoever asks again takes away what is left.
        let (first, last) = edges.split_at(edges.len().saturating_sub(room / 2));
        let begin = || vec![same.clone(), self.due().mark(id, Rank::First)];
        let earlier = filled(begin, first.iter().map(|edge| self.remove_edge(edge)).collect());
        let wanted = wanted.map(|wanted| wanted + earlier.len() as u64);
        for writes in earlier {
            if let Wrote::Refused(_) = self.transact(writes).await? {
                return Ok(Changed::Meanwhile);
            }
        }
        let mut writes = vec![key.delete().only_if("version = :before").with(":before", before.item.version)];
        writes.push(Key::listed_user(self.connection, id).delete());
        writes.extend(values.iter().map(|value| match Some(value) == known_by {
            true => self.leave(value, id.as_str()),
            false => self.give_up(value, id.as_str()),
        }));
        writes.extend(last.iter().flat_map(|edge| self.remove_edge(edge)));
        let mark = self.due().mark_gone(id, known_by);
        let mark = self.mark_giving_up(id, mark, &values.iter().collect::<Vec<_>>()).await?;
        // A membership that came since they were read is marked: it would be nobody's.
        writes.push(match wanted {
            Some(wanted) => mark.and_only_if("wanted = :read").with(":read", wanted),
            None => mark.and_only_if("attribute_not_exists(wanted)"),
        });
        writes.extend(along);
        match self.transact(writes).await? {
            Wrote::All => Ok(Changed::Applied(())),
            Wrote::Refused(_) => Ok(Changed::Meanwhile),
        }
    }

    pub(super) fn opened_user(&self, item: UserItem) -> Result<User, Failure> {
        let key = Key::user(self.connection, &item.id);
        let profile = self.open(&item.sealed, &key, item.version, ResourceType::User)?;
        Ok(User { item, profile })
    }

    /// Which of these people there are.
    pub(super) async fn known_users(&self, ids: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, Failure> {
        let keys = ids.iter().map(|id| Key::user(self.connection, id)).collect();
        let items = self.read_all(keys).await?;
        let ids = items.into_iter().map(|item| read::<UserItem>(Table::Directory, item).map(|item| item.id));
        Ok(ids.collect::<Result<_, _>>()?)
    }
}

/// An instant of an item.
pub(super) fn instant(second: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_second(second).map_err(|_| Failure::noted(Fault::StoreItemStrange, "an instant of directory"))
}
