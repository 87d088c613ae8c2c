//! People of a connection's directory at the school: what is due, what stands in the way, and what somebody decides.
//!
//! What is written is written here, with the caller's own permission; the function `provisioner` carries it out within
//! a minute. Each change leaves an item that says who made it and why.

use std::collections::BTreeSet;

use stoa_core::directory::{IndexedBy, KeyHash, KeyItem, UserId, UserItem};
use stoa_core::ids::ConnectionId;
use stoa_core::provision::{Rank, Sync, due_at};

use super::transaction::{Guards, Writes};
use super::{OperatorError, StackAccess};
use crate::store::{
    ABSENT, Between, Due, Entries, KeptOutItem, Key, PRESENT, PersonChangeItem, Range, Reads, ValueItem, Write, due_of,
    due_person, stopped_of,
};

/// How many of those about whom nothing is done are listed: people of one look at the index.
pub const STOPPED_LISTED: u16 = 200;

/// At how many who share an address it is looked whether they are kept out: as many as a login looks at.
const SHARERS: usize = 49;

/// What one transaction takes away of a block.
const LIFTED_AT_ONCE: usize = 100;

/// Who is meant by a change.
#[derive(Clone, Debug)]
pub struct DirectoryPerson {
    /// Of which directory.
    pub connection: ConnectionId,
    /// Their id in the directory.
    pub user: UserId,
    /// What is due for them and what was done; `None`: nothing ever was.
    pub sync: Option<Sync>,
    /// Whether the directory has them: not if their source has deleted them, nor if the id is nobody's.
    pub exists: bool,
    /// By what they are kept out although the directory has them no more, or under another id.
    pub kept_out: Vec<KeptOutItem>,
    /// By what somebody else is whose address they have, and they with them.
    pub kept_out_beside: Vec<KeptOutItem>,
    /// Who else has their address and is kept out: by this address nobody comes in.
    pub kept_out_with: Vec<UserId>,
}

/// Why nothing is done about people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Too many were to leave at once.
    Held,
    /// Something stands in the way.
    Stuck,
}

impl Stopped {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Stuck => "stuck",
        }
    }
}

impl StackAccess {
    /// Somebody of a connection's directory, by the id that its source was given.
    pub async fn directory_person(
        &self,
        connection: &ConnectionId,
        user: &UserId,
    ) -> Result<DirectoryPerson, OperatorError> {
        if self.current(connection).await?.is_none() {
            return Err(OperatorError::NoConnection(connection.clone()));
        }
        let sync = self.tables.get(&Key::sync(connection, user), Reads::Consistent).await;
        let sync = sync.map_err(OperatorError::store("read the directory"))?;
        let item = self.user_item(connection, user).await?;
        let exists = item.is_some();
        let kept_out = self.kept_out_in(&Range::kept_out(connection, user)).await?;
        let (mut kept_out_beside, mut kept_out_with) = (Vec::new(), Vec::new());
        if let Some(hash) = item.and_then(|item| item.address) {
            kept_out_beside =
                self.kept_out_in(&Range::kept_out_by(connection, IndexedBy::Email.as_str(), &hash)).await?;
            kept_out_beside.retain(|item| !kept_out.contains(item));
            kept_out_with = self.kept_out_of(connection, &hash).await?;
            kept_out_with.retain(|other| other != user);
        }
        let (connection, user) = (connection.clone(), user.clone());
        Ok(DirectoryPerson { connection, user, sync, exists, kept_out, kept_out_beside, kept_out_with })
    }

    async fn user_item(&self, connection: &ConnectionId, user: &UserId) -> Result<Option<UserItem>, OperatorError> {
        let item = self.tables.get(&Key::user(connection, user), Reads::Consistent).await;
        item.map_err(OperatorError::store("read the directory"))
    }

    /// Who of those who have an address is kept out, as far as they are looked at.
    async fn kept_out_of(&self, connection: &ConnectionId, address: &KeyHash) -> Result<Vec<UserId>, OperatorError> {
        let failed = || OperatorError::store("read the directory");
        let range = Range::found(connection, IndexedBy::Email.as_str(), address);
        let found: Vec<ValueItem> = self.tables.query(&range, Reads::Consistent).await.map_err(failed())?;
        let mut kept_out = Vec::new();
        for user in found.iter().filter_map(|item| UserId::parse(&item.id).ok()).take(SHARERS) {
            let sync: Result<Option<Sync>, _> = self.tables.get(&Key::sync(connection, &user), Reads::Consistent).await;
            if sync.map_err(failed())?.is_some_and(|sync| sync.blocked) {
                kept_out.push(user);
            }
        }
        Ok(kept_out)
    }

    async fn kept_out_in(&self, range: &Range) -> Result<Vec<KeptOutItem>, OperatorError> {
        let items = self.tables.query(range, Reads::Consistent).await;
        items.map_err(OperatorError::store("read the directory"))
    }

    /// What was changed of somebody by hand, oldest first: when, what, by whom and why.
    pub async fn directory_history(&self, person: &DirectoryPerson) -> Result<Vec<[String; 4]>, OperatorError> {
        self.changes_in(&Range::directory_changes(&person.connection, &person.user)).await
    }

    /// The people of a connection about whom nothing is done until somebody says so, at most [`STOPPED_LISTED`].
    pub async fn stopped(
        &self,
        connection: &ConnectionId,
        why: Stopped,
    ) -> Result<Vec<DirectoryPerson>, OperatorError> {
        let of = stopped_of(why.as_str(), connection);
        let between = Between { index: stoa_core::routes::Index::DirectoryByDue, of: &of, first: 0, last: i64::MAX };
        let items =
            self.tables.earliest(&between, STOPPED_LISTED).await.map_err(OperatorError::store("read the directory"))?;
        let mut people = Vec::new();
        for person in items.iter().filter_map(due_person) {
            people.push(self.directory_person(connection, &person.user).await?);
        }
        Ok(people)
    }

    /// Everybody of a connection whose removal is held. The index is behind at times, so their items decide.
    pub async fn held(&self, connection: &ConnectionId) -> Result<Vec<DirectoryPerson>, OperatorError> {
        let mut people = self.all_stopped(connection, Stopped::Held).await?;
        people.retain(|person| person.sync.as_ref().is_some_and(|sync| sync.held.is_some() && !sync.released));
        Ok(people)
    }

    /// Everybody of a connection about whom the index says that nothing is done.
    pub(super) async fn all_stopped(
        &self,
        connection: &ConnectionId,
        why: Stopped,
    ) -> Result<Vec<DirectoryPerson>, OperatorError> {
        let of = stopped_of(why.as_str(), connection);
        let entries = Entries { index: stoa_core::routes::Index::DirectoryByDue, of: &of, since: 0 };
        let (mut people, mut start) = (Vec::new(), None);
        loop {
            let page = self.tables.entries(&entries, STOPPED_LISTED, start).await;
            let page = page.map_err(OperatorError::store("read the directory"))?;
            for person in page.items.iter().filter_map(due_person) {
                people.push(self.directory_person(connection, &person.user).await?);
            }
            start = page.next;
            if start.is_none() {
                return Ok(people);
            }
        }
    }

    /// Has another try made for somebody.
    pub async fn retry_person(&self, person: &DirectoryPerson, reason: &str) -> Result<(), OperatorError> {
        let update = person.due("SET tries = :none", "REMOVE stuck").with(":none", 0);
        self.write_directory(person, update, "another try", reason).await
    }

    /// Has somebody's account looked at again before anything is taken for granted, and what is missing done.
    pub(super) async fn look_again(&self, person: &DirectoryPerson, reason: &str) -> Result<(), OperatorError> {
        let update = match &person.sync {
            Some(_) => person
                .due("SET applied.is_doubtful = :yes, tries = :none", "REMOVE stuck")
                .with(":yes", true)
                .with(":none", 0),
            // Nothing was ever due: the item comes into being.
            None => {
                Due { connection: &person.connection, now: Self::now() }.mark(&person.user, Rank::Then).only_if(ABSENT)
            }
        };
        self.write_directory(person, update, "looked at again", reason).await
    }

    /// Lets somebody's held removal through.
    pub async fn release_person(&self, person: &DirectoryPerson, reason: &str) -> Result<(), OperatorError> {
        let update = person.due("SET released = :yes", "REMOVE held, counted").with(":yes", true);
        self.write_directory(person, update, "removal let through", reason).await
    }

    /// Keeps somebody out, whatever the directory says, or no longer. What they are known by is written down when they
    /// give it up, so that it keeps them out also if their source deletes them, or makes them again under another id. Whom
    /// the directory does not have cannot be kept out so: nobody knows by what they would come.
    pub async fn block_person(
        &self,
        person: &DirectoryPerson,
        blocks: bool,
        reason: &str,
    ) -> Result<(), OperatorError> {
        if blocks && !person.exists {
            return Err(OperatorError::NotInDirectory(person.connection.clone()));
        }
        if blocks {
            let update = person.due("SET blocked = :yes", "REMOVE stuck, held").with(":yes", true);
            let still_there = Key::user(&person.connection, &person.user).check(PRESENT);
            return self.write_changed(person, vec![update, still_there], ("kept out", reason)).await;
        }
        self.lift(person).await?;
        let update = person.due("SET tries = :none", "REMOVE blocked, stuck").with(":none", 0);
        let updates = person.sync.iter().map(|_| update.clone()).collect();
        self.write_changed(person, updates, ("let in again", reason)).await
    }

    /// Lets in whoever brings what somebody was kept out by, under any of the ids that they had. Whom the directory still
    /// has under another id is somebody else: that one stays out, and this person is let in by what is theirs by now.
    async fn lift(&self, person: &DirectoryPerson) -> Result<(), OperatorError> {
        let connection = &person.connection;
        let mut former = BTreeSet::from([&person.user]);
        for first in person.kept_out.iter().map(KeptOutItem::first).collect::<BTreeSet<_>>() {
            if *first == person.user || self.user_item(connection, first).await?.is_some() {
                continue;
            }
            former.insert(first);
            // Their account may still be known by this id. That comes first: as long as the values stand there, it is seen
            // what is left to be lifted.
            let lift = Key::sync(connection, first).update("REMOVE blocked").only_if(PRESENT);
            self.tables.write(lift).await.map_err(OperatorError::store("let the person in again"))?;
        }
        let mut keys = Vec::new();
        for item in person.kept_out.iter().chain(&person.kept_out_beside) {
            let first = item.first();
            if former.contains(first) {
                keys.extend(former.iter().map(|id| item.among(connection, id)));
                keys.push(item.beside_the_value());
                continue;
            }
            if self.possesses(&person.user, item).await? {
                keys.extend([item.among(connection, first), item.beside_the_value()]);
            }
            keys.push(item.among(connection, &person.user));
        }
        for keys in keys.chunks(LIFTED_AT_ONCE) {
            let mut writes = Writes::default();
            keys.iter().for_each(|key| writes.push(key.clone().delete()));
            self.write("let the person in again", writes).await?;
        }
        Ok(())
    }

    /// Whether somebody has by now what somebody was kept out by.
    async fn possesses(&self, user: &UserId, item: &KeptOutItem) -> Result<bool, OperatorError> {
        for key in item.possession(user) {
            let held: Result<Option<KeyItem>, _> = self.tables.get(&key, Reads::Consistent).await;
            let held = held.map_err(OperatorError::store("read the directory"))?;
            if held.is_some_and(|held| !held.gone && held.id == user.as_str()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn write_directory(
        &self,
        person: &DirectoryPerson,
        update: Write,
        what: &str,
        reason: &str,
    ) -> Result<(), OperatorError> {
        self.write_changed(person, vec![update], (what, reason)).await
    }

    /// Writes what is changed of somebody, together with who changed it and why.
    async fn write_changed(
        &self,
        person: &DirectoryPerson,
        updates: Vec<Write>,
        (what, reason): (&str, &str),
    ) -> Result<(), OperatorError> {
        if person.sync.is_none() && !person.exists && person.kept_out.is_empty() {
            return Err(OperatorError::NotInDirectory(person.connection.clone()));
        }
        let mut writes = Writes::default();
        for update in updates {
            writes.guarded(update, Guards::Person);
        }
        let key = Key::directory_change(&person.connection, &person.user, Self::now());
        let change = PersonChangeItem {
            sk: key.sk.clone().unwrap_or_default(),
            v: stoa_core::provision::SYNC_VERSION,
            what: what.to_owned(),
            by: self.by.clone(),
            reason: reason.to_owned(),
        };
        writes.push(key.put(&change));
        self.write("change the person", writes).await
    }
}

impl DirectoryPerson {
    /// An update that makes them due at once, if anything ever was.
    fn due(&self, set: &str, remove: &str) -> Write {
        let due = due_at(Rank::First, StackAccess::now());
        Key::sync(&self.connection, &self.user)
            .update(format!("{set}, due_of = :of, due_at = :at {remove} ADD wanted :one"))
            .with(":of", due_of(&self.connection))
            .with(":at", due)
            .with(":one", 1)
            .only_if(PRESENT)
    }
}
