//! A login of somebody whom the directory knows under the subject that their identity provider sent before, and still
//! sends beside the new one: they are moved, with account, address and state, before anything else is decided of them.

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::Redeemed;
use stoa_core::keys::Pepper;
use stoa_core::person::{EmailItem, Indexes};

use crate::clients::Clients;
use crate::store::{LaunchReads, Moving};

/// What became of somebody who may have come under another subject before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// They did not, or may not be moved: they come as whoever they are now.
    Nobody,
    /// They were moved, and what was read says so.
    Moved,
    /// Another login wrote in between: what was read is old.
    Overtaken,
}

/// Somebody who comes, and may have come under another subject before.
pub struct Returning<'a> {
    /// What is asked and written through.
    pub clients: &'a Clients,
    /// Who they are.
    pub identity: &'a Redeemed,
    /// What they are known by.
    pub indexes: &'a Indexes,
    /// What keys are made with.
    pub pepper: &'a Pepper,
    /// The time of the request.
    pub now: Timestamp,
}

impl Returning<'_> {
    /// Moves them, and brings what was read to that. A login of a known person costs nothing here, and neither does one of
    /// a connection without `subject.previous`.
    pub async fn meet_previous(&self, reads: &mut LaunchReads) -> Result<Before, Failure> {
        let Self { identity, indexes, pepper, now, .. } = *self;
        let key = identity.previous_key(&reads.connection, pepper, now).filter(|key| *key != indexes.person_key);
        let (None, Some(key), Some(owner)) = (&reads.person, key, &reads.owner) else {
            return Ok(Before::Nobody);
        };
        let (store, school) = (&self.clients.store, reads.connection.school());
        let (known, is_owed) = store.known_before(&key, school).await?;
        let Some(person) = known.filter(|person| person.may_move(&key, Some(owner), indexes)) else {
            return Ok(Before::Nobody);
        };
        if is_owed {
            // What is owed stands under the key that would be gone. It is done within minutes.
            return Err(Failure::noted(Fault::SettlingUnderWay, "an earlier login of theirs is still followed up"));
        }
        let after = person.moved(indexes);
        let moving = Moving { from: &key, to: &indexes.person_key, school, before: &person, after: &after };
        let by = format!("a login through {}", reads.connection.id());
        if !store.move_person(&moving, (&indexes.email_key, owner), &by, now).await? {
            return Ok(Before::Overtaken);
        }
        reads.owner = Some(EmailItem { person: indexes.person_key.clone(), ..owner.clone() });
        reads.person = Some(after);
        Ok(Before::Moved)
    }
}
