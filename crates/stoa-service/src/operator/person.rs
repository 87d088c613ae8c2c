//! One person of the directory: look, let in or keep out, free their address, link their account.
//!
//! The function `operator` says who is meant, since that needs the pepper; what is written is written here, with the
//! caller's own permission, over the revision that was read. Each change leaves an item that says who made it and why.

use jiff::Timestamp;
use stoa_core::ids::{ConnectionId, EmailKey, PersonKey, SchoolId};
use stoa_core::person::{AddressItem, EmailItem, PERSON_VERSION, PersonItem, PersonState};

use super::question::{Named, Question, Reply};
use super::transaction::{Guards, Writes};
use super::{Answerer, OperatorError, StackAccess};
use crate::store::{ABSENT, Key, PersonChangeItem, Range, Reads, Write, free_email};

/// A person, as the directory knows them.
#[derive(Debug)]
pub struct FoundPerson {
    /// The connection that they were asked for through.
    pub connection: ConnectionId,
    /// Their key; names nobody.
    pub key: PersonKey,
    /// In which school.
    pub school: SchoolId,
    /// Their item; `None`: they have never come in.
    pub item: Option<PersonItem>,
    /// The key of the address that is asked about or that they had last.
    email: Option<EmailKey>,
    /// The address that is theirs, where one is.
    pub address: Option<EmailItem>,
    /// Whether the mirror knows an account under that address, which stays when it is freed.
    is_mirrored: bool,
}

/// How long ago somebody may have come for the last time, in seconds, to count as gone. Holidays are shorter.
const GONE_SECONDS: i64 = 30 * 24 * 3600;

impl FoundPerson {
    /// When they were last seen, in epoch seconds, if they still come in: an active person whose account was looked at
    /// within thirty days. A login looks at least once a day.
    pub fn still_comes_in(&self, now: Timestamp) -> Option<i64> {
        let item = self.item.as_ref().filter(|item| item.state == PersonState::Active)?;
        item.checked.filter(|seen| now.as_second() - seen < GONE_SECONDS)
    }
}

/// What is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonChange {
    /// They come in no more, from the next launch on.
    Deactivate,
    /// They come in again.
    Reactivate,
    /// Somebody else may have their address.
    FreeAddress,
    /// Their account is this one, whatever it was bound to.
    Link {
        /// Thinkific's user id.
        user: u64,
        /// The account's `external_id`, which Thinkific cannot change.
        external_id: String,
    },
}

impl PersonChange {
    /// As it stands in the history.
    pub fn describe(&self) -> String {
        match self {
            Self::Deactivate => "deactivated".to_owned(),
            Self::Reactivate => "reactivated".to_owned(),
            Self::FreeAddress => "address freed".to_owned(),
            Self::Link { user, .. } => format!("linked to user {user}"),
        }
    }
}

impl StackAccess {
    /// The person who is meant, through a connection.
    pub async fn person(&self, connection: &ConnectionId, named: Named) -> Result<FoundPerson, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let document = self.current(connection).await?.ok_or_else(unknown)?.document()?;
        let (school, customer) = (document.school, document.customer);
        let question = Question::FindPerson { school: school.clone(), customer, named };
        let Reply::Person(found) = self.ask(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        let key = found.ok_or_else(|| OperatorError::NoPerson(connection.clone()))?;
        let item: Option<PersonItem> = self.tables.get(&Key::person(&key.person, &school), Reads::Consistent).await?;
        let email = key.email.or_else(|| item.as_ref().and_then(|item| item.email_key.clone()));
        let address = match &email {
            Some(email) => self.tables.get::<AddressItem>(&Key::email(email), Reads::Consistent).await?,
            None => None,
        };
        let is_mirrored = address.as_ref().is_some_and(|address| address.account.is_some());
        let address = address.and_then(|address| address.owner());
        let now = Self::now();
        let address = address.filter(|address: &EmailItem| address.person == key.person && !address.has_lapsed(now));
        Ok(FoundPerson { connection: connection.clone(), key: key.person, school, item, email, address, is_mirrored })
    }

    /// Changes a person, if nobody has changed them since they were read.
    pub async fn change_person(
        &self,
        person: &FoundPerson,
        change: &PersonChange,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let mut writes = Writes::default();
        match change {
            PersonChange::Deactivate => writes.guarded(set_state(person, PersonState::Deactivated)?, Guards::Person),
            PersonChange::Reactivate => writes.guarded(set_state(person, PersonState::Active)?, Guards::Person),
            PersonChange::FreeAddress => {
                writes.guarded(free_address(person)?, Guards::Person);
                if let Some(before) = &person.item {
                    writes.guarded(write(person, &before.decided()), Guards::Person);
                }
            }
            PersonChange::Link { user, external_id } => {
                writes.guarded(link(person, *user, external_id), Guards::Person);
            }
        }
        writes.push(self.record_of(person, &change.describe(), reason, Self::now()));
        self.write("change the person", writes).await
    }

    /// Makes everything of a person that of another subject of the same customer, whom nobody has come in as. The
    /// subject that they had is unknown afterwards, and whoever comes in under it is new.
    pub async fn move_person(
        &self,
        former: &FoundPerson,
        subject: &FoundPerson,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let item = former.item.as_ref().ok_or(OperatorError::NeverCameIn)?;
        if item.state == PersonState::Deleted {
            return Err(OperatorError::PersonIs(item.state));
        }
        if subject.item.is_some() || subject.key == former.key {
            return Err(OperatorError::SubjectTaken);
        }
        let mut writes = Writes::default();
        // Its domain was kept under the former key. Who is linked by hand may bring any address of the connection's.
        let linked = Some(subject.connection.clone());
        let moved = PersonItem { fingerprint: None, domain: None, linked, rev: item.rev + 2, ..item.clone() };
        writes.guarded(write(subject, &moved), Guards::Person);
        let gone = Key::person(&former.key, &former.school).delete();
        writes.guarded(gone.only_if("rev = :rev").with(":rev", item.rev), Guards::Person);
        if let (Some(email), Some(address)) = (&former.email, &former.address) {
            let owner = EmailItem { person: subject.key.clone(), ..address.clone() };
            let owned = Key::email(email).put(&owner).only_if("person = :person").with(":person", &former.key);
            writes.guarded(owned, Guards::Person);
        }
        let at = Self::now();
        for (person, what) in [(former, "moved to another subject"), (subject, "moved from another subject")] {
            writes.push(self.record_of(person, what, reason, at));
        }
        self.write("move the person", writes).await
    }

    fn record_of(&self, person: &FoundPerson, what: &str, reason: &str, at: Timestamp) -> Write {
        let key = Key::person_change(&person.key, &person.school, at);
        let change = PersonChangeItem {
            sk: key.sk.clone().unwrap_or_default(),
            v: PERSON_VERSION,
            what: what.to_owned(),
            by: self.by.clone(),
            reason: reason.to_owned(),
        };
        key.put(&change)
    }

    /// What was changed by hand, oldest first: when, what, by whom and why.
    pub async fn person_history(&self, person: &FoundPerson) -> Result<Vec<[String; 4]>, OperatorError> {
        let range = Range::person_changes(&person.key, &person.school);
        self.changes_in(&range).await
    }

    /// What was changed by hand in a range, oldest first.
    pub(super) async fn changes_in(&self, range: &Range) -> Result<Vec<[String; 4]>, OperatorError> {
        let changes = self.tables.query(range, Reads::Consistent).await;
        let changes: Vec<PersonChangeItem> = changes.map_err(OperatorError::store("read the directory"))?;
        let line = |item: PersonChangeItem| [item.at().to_owned(), item.what, item.by, item.reason];
        Ok(changes.into_iter().map(line).collect())
    }
}

fn set_state(person: &FoundPerson, state: PersonState) -> Result<Write, OperatorError> {
    let before = person.item.as_ref().ok_or(OperatorError::NeverCameIn)?;
    // A tombstone stays one: whoever comes back under a deleted subject is for the directory to say.
    if before.state == state || before.state == PersonState::Deleted {
        return Err(OperatorError::PersonIs(before.state));
    }
    Ok(write(person, &PersonItem { state, ..before.decided() }))
}

fn free_address(person: &FoundPerson) -> Result<Write, OperatorError> {
    let email = person.email.as_ref().filter(|_| person.address.is_some()).ok_or(OperatorError::NoAddress)?;
    let condition =
        if person.is_mirrored { "person = :person" } else { "person = :person AND attribute_not_exists(mirror)" };
    Ok(free_email(email, &person.key, person.is_mirrored).only_if(condition))
}

/// The person as one whose account is known, with nothing that the school was told: their next login writes the account
/// and all the rest, by the ordinary rules. An account with a role stays closed to it. Whose the address is that it
/// replaces is for whoever links to say, of the connection that they link through and of no other.
fn link(person: &FoundPerson, user: u64, external_id: &str) -> Write {
    let (id, linked) = (external_id.to_owned(), Some(person.connection.clone()));
    let linked = match &person.item {
        Some(before) => {
            PersonItem { id, user: Some(user), fingerprint: None, domain: None, linked, ..before.decided() }
        }
        None => PersonItem {
            v: PERSON_VERSION,
            id,
            state: PersonState::Active,
            email_key: None,
            fingerprint: None,
            user: Some(user),
            rev: 1,
            changes: 0,
            changed_day: 0,
            trying: None,
            domain: None,
            linked,
            checked: None,
        },
    };
    write(person, &linked)
}

/// Over the revision that was read.
fn write(person: &FoundPerson, after: &PersonItem) -> Write {
    let put = Key::person(&person.key, &person.school).put(after);
    match &person.item {
        Some(before) => put.only_if("rev = :rev").with(":rev", before.rev),
        None => put.only_if(ABSENT),
    }
}
