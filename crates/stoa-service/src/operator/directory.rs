//! People of a connection's directory at the school: what is due, what stands in the way, and what somebody decides.
//!
//! What is written is written here, with the caller's own permission; the function `provisioner` carries it out within
//! a minute. Each change leaves an item that says who made it and why.

use stoa_core::directory::UserId;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::provision::{Rank, Sync, due_at};

use super::transaction::{Guards, Writes};
use super::{Operator, OperatorError};
use crate::store::{Between, Key, PRESENT, PersonChangeItem, Reads, Write, due_of, due_person, stopped_of};

/// People of one look at the index.
const LOOK: u16 = 200;

/// Who is meant by a change.
#[derive(Clone, Debug)]
pub struct DirectoryPerson {
    /// Of which directory.
    pub connection: ConnectionId,
    /// At which school.
    school: SchoolId,
    /// Their id in the directory.
    pub user: UserId,
    /// What is due for them and what was done; `None`: nothing ever was.
    pub sync: Option<Sync>,
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

impl Operator {
    /// Somebody of a connection's directory, by the id that its source was given.
    pub async fn directory_person(
        &self,
        connection: &ConnectionId,
        user: &UserId,
    ) -> Result<DirectoryPerson, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let school = self.current(connection).await?.ok_or_else(unknown)?.document()?.school;
        let sync = self.tables.get(&Key::sync(connection, user), Reads::Consistent).await;
        let sync = sync.map_err(OperatorError::store("read the directory"))?;
        Ok(DirectoryPerson { connection: connection.clone(), school, user: user.clone(), sync })
    }

    /// The people of a connection about whom nothing is done until somebody says so, at most 200.
    pub async fn stopped(
        &self,
        connection: &ConnectionId,
        why: Stopped,
    ) -> Result<Vec<DirectoryPerson>, OperatorError> {
        let of = stopped_of(why.as_str(), connection);
        let between = Between { index: stoa_core::routes::Index::DirectoryByDue, of: &of, first: 0, last: i64::MAX };
        let items = self.tables.earliest(&between, LOOK).await.map_err(OperatorError::store("read the directory"))?;
        let mut people = Vec::new();
        for person in items.iter().filter_map(due_person) {
            people.push(self.directory_person(connection, &person.user).await?);
        }
        Ok(people)
    }

    /// Has another try made for somebody.
    pub async fn retry_person(&self, person: &DirectoryPerson, reason: &str) -> Result<(), OperatorError> {
        let update = person.due("SET tries = :none", "REMOVE stuck").with(":none", 0);
        self.write_directory(person, update, "another try", reason).await
    }

    /// Lets somebody's held removal through.
    pub async fn release_person(&self, person: &DirectoryPerson, reason: &str) -> Result<(), OperatorError> {
        let update = person.due("SET released = :yes", "REMOVE held, counted").with(":yes", true);
        self.write_directory(person, update, "removal let through", reason).await
    }

    /// Keeps somebody out, whatever the directory says, or no longer.
    pub async fn block_person(
        &self,
        person: &DirectoryPerson,
        blocks: bool,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let (update, what) = match blocks {
            true => (person.due("SET blocked = :yes", "REMOVE stuck, held").with(":yes", true), "kept out"),
            false => (person.due("SET tries = :none", "REMOVE blocked, stuck").with(":none", 0), "let in again"),
        };
        self.write_directory(person, update, what, reason).await
    }

    async fn write_directory(
        &self,
        person: &DirectoryPerson,
        update: Write,
        what: &str,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let mut writes = Writes::default();
        writes.guarded(update.only_if(PRESENT), Guards::Person);
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
    /// An update that makes them due at once.
    fn due(&self, set: &str, remove: &str) -> Write {
        let due = due_at(Rank::First, Operator::now());
        Key::sync(&self.connection, &self.user)
            .update(format!("{set}, due_of = :of, due_at = :at {remove} ADD wanted :one"))
            .with(":of", due_of(&self.school))
            .with(":at", due)
            .with(":one", 1)
    }
}
