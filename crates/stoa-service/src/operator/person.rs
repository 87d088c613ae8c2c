//! One person of the directory: look, let in or keep out, free their address, link their account.
//!
//! The function `operator` says who is meant, since that needs the pepper; what is written is written here, with the
//! caller's own permission, over the revision that was read. Each change leaves an item that says who made it and why.

use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem};
use serde::{Deserialize, Serialize};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::person::{EmailItem, PERSON_VERSION, PersonItem, PersonState};

use super::question::{Named, Question, Reply};
use super::transaction::{Guards, Writes, put};
use super::{Operator, OperatorError};

/// A person, as the directory knows them.
#[derive(Debug)]
pub struct FoundPerson {
    /// Their key; names nobody.
    pub key: String,
    /// In which school.
    pub school: SchoolId,
    /// Their item; `None`: they have never come in.
    pub item: Option<PersonItem>,
    /// The address that is theirs, where one is.
    pub address: Option<EmailItem>,
}

/// A change of a person by hand: `person#{key}`, sort key `history#{school}#{instant}`.
#[derive(Serialize, Deserialize)]
struct ChangeItem {
    pk: String,
    sk: String,
    v: u8,
    what: String,
    by: String,
    reason: String,
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

impl Operator {
    /// The person who is meant, through a connection.
    pub async fn person(&self, connection: &ConnectionId, named: Named) -> Result<FoundPerson, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        let document = self.current(connection).await?.ok_or_else(unknown)?.document()?;
        let (school, customer) = (document.school, document.customer);
        let question = Question::FindPerson { school: school.clone(), customer, named };
        let Reply::Person(found) = self.ask(&question).await? else {
            return Err(OperatorError::Item("the answer of the function operator".into()));
        };
        let key = found.ok_or_else(|| OperatorError::NoPerson(connection.clone()))?;
        let (pk, sk) = (format!("person#{}", key.person), format!("school#{school}"));
        let item: Option<PersonItem> = self.get(&self.names.directory, pk, &sk).await?;
        let email = key.email.or_else(|| item.as_ref().map(|item| item.email.clone()));
        let address = match email {
            Some(email) => self.get(&self.names.directory, format!("email#{email}"), "owner").await?,
            None => None,
        };
        let address = address.filter(|address: &EmailItem| address.person == key.person);
        Ok(FoundPerson { key: key.person, school, item, address })
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
            PersonChange::Deactivate => self.set_person_state(&mut writes, person, PersonState::Deactivated)?,
            PersonChange::Reactivate => self.set_person_state(&mut writes, person, PersonState::Active)?,
            PersonChange::FreeAddress => self.free_address(&mut writes, person)?,
            PersonChange::Link { user, external_id } => self.link(&mut writes, person, *user, external_id)?,
        }
        let history = ChangeItem {
            pk: format!("person#{}", person.key),
            sk: format!("history#{}#{}", person.school, Self::now()),
            v: PERSON_VERSION,
            what: change.describe(),
            by: self.by.clone(),
            reason: reason.to_owned(),
        };
        writes.put(put(&self.names.directory, &history)?, Guards::Nothing)?;
        self.write("change the person", writes).await
    }

    /// What was changed by hand, oldest first: when, what, by whom and why.
    pub async fn person_history(&self, person: &FoundPerson) -> Result<Vec<[String; 4]>, OperatorError> {
        let begin = format!("history#{}#", person.school);
        let answer = self
            .dynamodb
            .query()
            .table_name(&self.names.directory)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :begin)")
            .expression_attribute_values(":pk", AttributeValue::S(format!("person#{}", person.key)))
            .expression_attribute_values(":begin", AttributeValue::S(begin.clone()))
            .send()
            .await
            .map_err(|error| OperatorError::aws("read the directory", &error))?;
        let line = |item| -> Result<[String; 4], OperatorError> {
            let item: ChangeItem =
                serde_dynamo::from_item(item).map_err(|_| OperatorError::Item("a change of a person".into()))?;
            Ok([item.sk.trim_start_matches(&begin).to_owned(), item.what, item.by, item.reason])
        };
        answer.items.unwrap_or_default().into_iter().map(line).collect()
    }

    fn set_person_state(
        &self,
        writes: &mut Writes,
        person: &FoundPerson,
        state: PersonState,
    ) -> Result<(), OperatorError> {
        let before = person.item.as_ref().ok_or(OperatorError::NeverCameIn)?;
        // A tombstone stays one: whoever comes back under a deleted subject is for the directory to say.
        if before.state == state || before.state == PersonState::Deleted {
            return Err(OperatorError::PersonIs(before.state));
        }
        // By two: a login that is under way takes an item of one more, with its own fingerprint, for its own write.
        self.write_person(writes, Some(before), &PersonItem { state, rev: before.rev + 2, ..before.clone() })
    }

    fn free_address(&self, writes: &mut Writes, person: &FoundPerson) -> Result<(), OperatorError> {
        let address = person.address.as_ref().ok_or(OperatorError::NoAddress)?;
        let delete = Delete::builder()
            .table_name(&self.names.directory)
            .key("pk", AttributeValue::S(address.pk.clone()))
            .key("sk", AttributeValue::S(address.sk.clone()))
            .condition_expression("person = :person")
            .expression_attribute_values(":person", AttributeValue::S(person.key.clone()))
            .build()
            .map_err(|_| OperatorError::Item("a write".into()))?;
        writes.item(TransactWriteItem::builder().delete(delete).build(), Guards::Person);
        Ok(())
    }

    /// Writes the person as one whose account is known, with nothing that the school was told: their next login
    /// writes the account and all the rest, by the ordinary rules. An account with a role stays closed to it.
    fn link(
        &self,
        writes: &mut Writes,
        person: &FoundPerson,
        user: u64,
        external_id: &str,
    ) -> Result<(), OperatorError> {
        let before = person.item.as_ref();
        let linked = match before {
            Some(before) => PersonItem {
                id: external_id.to_owned(),
                user,
                fingerprint: String::new(),
                rev: before.rev + 2,
                ..before.clone()
            },
            None => PersonItem {
                pk: format!("person#{}", person.key),
                sk: format!("school#{}", person.school),
                v: PERSON_VERSION,
                id: external_id.to_owned(),
                state: PersonState::Active,
                email: String::new(),
                fingerprint: String::new(),
                user,
                rev: 1,
                changes: 0,
                changed_day: 0,
            },
        };
        self.write_person(writes, before, &linked)
    }

    fn write_person(
        &self,
        writes: &mut Writes,
        before: Option<&PersonItem>,
        after: &PersonItem,
    ) -> Result<(), OperatorError> {
        let put = put(&self.names.directory, after)?;
        let put = match before {
            Some(before) => put
                .condition_expression("rev = :rev")
                .expression_attribute_values(":rev", AttributeValue::N(before.rev.to_string())),
            None => put.condition_expression("attribute_not_exists(pk)"),
        };
        writes.put(put, Guards::Person)
    }
}
