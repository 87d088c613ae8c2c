//! The people and groups of a connection's directory.
//!
//! Every change is one transaction with the marks of those for whom something is due at the school. A membership is two
//! items of its own, so that two changes of one group lose nothing of each other. Nothing here reads an index: what an
//! index shows late decides nothing.

mod edges;
mod find;
mod group;
mod groups;
mod kept_out;
mod replacement;
mod sync;
mod together;
mod tokens;
mod told;
mod users;

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use stoa_core::directory::{IndexedBy, KeyItem, KeyOf, Sealed, Sealing};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::keys::{KeySet, Pepper, SealBroken};
use stoa_core::routes::Table;
use stoa_scim::{Profile, ResourceType};

use super::due::Due;
use super::{ABSENT, Item, Key, Reads, Store, Transacted, Write};
use crate::random;

pub use edges::EdgesChanged;
pub use group::Group;
pub use replacement::Regrouped;
pub use together::Moved;
pub use told::Heard;
pub use users::{Person, User};

/// What one transaction may write.
const TRANSACTION: usize = 100;
/// What one batch may read.
const BATCH: usize = 100;
/// How many batches or transactions of one request are on their way at once.
const AT_ONCE: usize = 8;
/// How often a transaction that met another one is tried.
const TRIES: u32 = 8;

/// A connection's directory, with what opens it.
#[derive(Clone, Copy)]
pub struct People<'a> {
    /// Where it is.
    pub store: &'a Store,
    /// Whose it is.
    pub connection: &'a ConnectionId,
    /// The secret `directory`.
    pub sealing_keys: &'a KeySet,
    /// What names become in keys.
    pub pepper: &'a Pepper,
    /// As of when it is read and written.
    pub now: Timestamp,
}

/// How a change of a person or a group ended.
#[derive(Debug)]
pub enum Changed<T> {
    /// It is stored.
    Applied(T),
    /// Somebody else has a value that only one may have. Nothing was written.
    Taken(IndexedBy),
    /// It was changed since it was read. Nothing was written.
    Meanwhile,
}

/// How a transaction ended.
enum Wrote {
    All,
    /// Nothing: the conditions of these writes were refused.
    Refused(Vec<usize>),
}

impl<'a> People<'a> {
    fn sealing(&self) -> Sealing<'a> {
        Sealing::new(self.sealing_keys)
    }

    fn due(&self) -> Due<'a> {
        Due { connection: self.connection, now: self.now }
    }

    fn seal(&self, profile: &Profile, key: &Key, version: u64) -> Result<Sealed, Failure> {
        let random = random::bytes()?;
        self.sealing().seal(profile, (&key.pk, version), random, self.now).map_err(|_| Fault::Internal.into())
    }

    fn open(&self, sealed: &Sealed, key: &Key, version: u64, resource: ResourceType) -> Result<Profile, Failure> {
        let broken = |_: SealBroken| Failure::noted(Fault::StoreItemStrange, "a profile whose seal does not open");
        self.sealing().open(sealed, (&key.pk, version), resource).map_err(broken)
    }

    /// The item that says that a resource has a value.
    fn key_of(&self, key: &KeyOf, id: &str) -> Key {
        match key.by.is_unique() {
            true => Key::lock(self.connection, key.by.as_str(), &key.hash),
            false => Key::found(self.connection, key.by.as_str(), &key.hash, id),
        }
    }

    /// Takes a value for a resource. One of somebody who was taken away is free.
    fn take(&self, key: &KeyOf, id: &str) -> Write {
        let put = self.key_of(key, id).put(&KeyItem::of(id.to_owned()));
        if key.by.is_unique() { put.only_if("attribute_not_exists(pk) OR attribute_exists(gone)") } else { put }
    }

    /// The same, if nobody ever had it.
    fn take_first(&self, key: &KeyOf, id: &str) -> Write {
        let take = self.take(key, id);
        if key.by.is_unique() { take.only_if(ABSENT) } else { take }
    }

    /// Gives a value up, and leaves written down whose it was.
    fn leave(&self, key: &KeyOf, id: &str) -> Write {
        let put = self.key_of(key, id).put(&KeyItem { gone: true, ..KeyItem::of(id.to_owned()) });
        put.only_if("id = :id").with(":id", id)
    }

    /// Gives a value up, which is the resource's own.
    fn give_up(&self, key: &KeyOf, id: &str) -> Write {
        self.key_of(key, id).delete().only_if("id = :id").with(":id", id)
    }

    /// Writes all of it or nothing. Another transaction that has one of the items in hand is waited for.
    async fn transact(&self, writes: Vec<Write>) -> Result<Wrote, Failure> {
        for attempt in 0..TRIES {
            let reasons = match self.store.tables.transact(writes.clone()).await {
                Ok(Transacted::Applied) => return Ok(Wrote::All),
                Ok(Transacted::Cancelled(reasons)) => reasons,
                Err(error) => return Err(error.into()),
            };
            let is = |code: &'static str| move |reason: &Option<String>| reason.as_deref() == Some(code);
            if reasons.iter().any(is("ConditionalCheckFailed")) {
                let refused = reasons.iter().enumerate().filter(|(_, reason)| is("ConditionalCheckFailed")(reason));
                return Ok(Wrote::Refused(refused.map(|(index, _)| index).collect()));
            }
            if let Some(other) = reasons.iter().flatten().find(|reason| *reason != "TransactionConflict") {
                return Err(Failure::noted(Fault::StoreUnavailable, other));
            }
            let [spread] = random::bytes()?;
            tokio::time::sleep(Duration::from_millis((10 << attempt) + u64::from(spread) / 8)).await;
        }
        Err(Failure::noted(Fault::StoreContended, "a transaction of the directory"))
    }

    /// Items by their keys, in no order, as far as they are there.
    async fn read_all(&self, keys: Vec<Key>) -> Result<Vec<Item>, Failure> {
        let batches: Vec<Vec<Key>> = keys.chunks(BATCH).map(<[Key]>::to_vec).collect();
        let read = |keys| self.store.tables.batch(Table::Directory.as_str(), keys, Reads::Consistent);
        let found: Vec<Vec<(Table, Item)>> =
            stream::iter(batches).map(read).buffered(AT_ONCE).try_collect().await.map_err(Failure::from)?;
        Ok(found.into_iter().flatten().map(|(_, item)| item).collect())
    }
}
