//! A person who becomes known under another subject, as a login finds that they are.

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::ids::{EmailKey, PersonKey, SchoolId};
use stoa_core::person::{EmailItem, PERSON_VERSION, PersonItem};

use super::directory::is_refused;
use super::{ABSENT, Key, PersonChangeItem, Reads, Store, Transacted, Write, read};

/// A person under two keys.
pub struct Moving<'a> {
    /// The key that they are known by.
    pub from: &'a PersonKey,
    /// The key that they come with.
    pub to: &'a PersonKey,
    /// In which school.
    pub school: &'a SchoolId,
    /// What is known of them.
    pub before: &'a PersonItem,
    /// What is written of them.
    pub after: &'a PersonItem,
}

impl Store {
    /// Who is known under a key, and whether something is still to be done about their account.
    pub async fn known_before(
        &self,
        person: &PersonKey,
        school: &SchoolId,
    ) -> Result<(Option<PersonItem>, bool), Failure> {
        let (own, owed) = (Key::person(person, school), Key::follow_up(school, person));
        let keys = [own.clone(), owed.clone()];
        let (mut known, mut is_owed) = (None, false);
        for (table, item) in self.tables.batch("person before", keys, Reads::Consistent).await? {
            if own.is_of(table, &item) {
                known = Some(read(table, item)?);
            } else {
                is_owed |= owed.is_of(table, &item);
            }
        }
        Ok((known, is_owed))
    }

    /// Moves a person with their address, and leaves a note under both keys: all or nothing, over the revision that was
    /// read, and never onto somebody who is known. `false`: somebody else wrote in the meantime.
    pub async fn move_person(
        &self,
        moving: &Moving<'_>,
        (email, owner): (&EmailKey, &EmailItem),
        by: &str,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let Moving { from, to, school, before, after } = *moving;
        let gone = Key::person(from, school).delete().only_if("rev = :rev").with(":rev", before.rev);
        let owned = Key::email(email).update("SET person = :to").only_if("person = :from AND since = :since");
        let owned = owned.with(":to", to).with(":from", from).with(":since", owner.since);
        let writes = vec![
            Key::person(to, school).put(after).only_if(ABSENT),
            gone,
            owned,
            note(Key::person_change(from, school, now), "moved to another subject", by),
            note(Key::person_change(to, school, now), "moved from another subject", by),
        ];
        match self.tables.transact(writes).await? {
            Transacted::Applied => Ok(true),
            Transacted::Cancelled(reasons) => is_refused(&reasons),
        }
    }
}

fn note(key: Key, what: &str, by: &str) -> Write {
    let change = PersonChangeItem {
        sk: key.sk.clone().unwrap_or_default(),
        v: PERSON_VERSION,
        what: what.to_owned(),
        by: by.to_owned(),
        reason: "their login brought the previous subject (subject.previous)".to_owned(),
    };
    key.put(&change)
}
