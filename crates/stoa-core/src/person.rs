//! Persons in `directory`, and what a launch has to settle before it may sign a token.
//!
//! Thinkific matches by e-mail, so whoever can choose an address chooses the account. Therefore an address belongs to
//! one person per school, and anything but "mine, active, unchanged and looked at lately" asks the Admin API first.

mod account;
mod address;
mod follow_up;
mod mirrored;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, School, UnknownPerson};
use crate::counted;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::Redeemed;
use crate::ids::{BoundKey, ConnectionId, DetailsKey, DomainKey, EmailKey, PersonKey};
use crate::keys::Pepper;
use crate::mirror::{bound_key, is_within};

pub use self::account::{AccountStep, Findings, Look, external_id};
pub use self::address::{AddressItem, CLAIM_SECONDS, Claim, EmailItem};
pub use self::follow_up::{FollowUp, FollowUpItem, MOST_TRIES, Told};
pub use self::mirrored::{Entered, Mirrored, Owed};

/// The format that this version writes.
pub const PERSON_VERSION: u8 = 1;
/// E-mail changes of one person in one day, tried or done; more is not how people marry, but how accounts are taken.
pub const EMAIL_CHANGES_PER_DAY: u32 = 2;

/// Whether a person may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonState {
    /// Logins go through.
    Active,
    /// Not until somebody activates them again.
    Deactivated,
    /// Never: the tombstone of a deleted person.
    Deleted,
}

impl PersonState {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
        }
    }
}

/// A person in a school.
///
/// Holds no name, and no address unless the earlier integration made one the `external_id`: what the school was told
/// is kept as one opaque fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonItem {
    /// [`PERSON_VERSION`] of the writer.
    pub v: u8,
    /// Thinkific's `external_id`: an opaque id that outlives identity providers, or what an earlier integration bound
    /// the account to, since Thinkific cannot change it.
    pub id: String,
    /// Whether they may come in.
    pub state: PersonState,
    /// Their e-mail address. None, where somebody who had never come in was linked to an account by hand.
    #[serde(rename = "email", with = "or_empty")]
    pub email_key: Option<EmailKey>,
    /// What the school was last told. None, where that must be told again.
    #[serde(with = "or_empty")]
    pub fingerprint: Option<DetailsKey>,
    /// Their Thinkific user id. None, where their token created the account and nobody has asked for it yet.
    #[serde(with = "or_zero")]
    pub user: Option<u64>,
    /// The item's revision: every write compares it.
    pub rev: u64,
    /// E-mail changes on `changed_day`, tried or done.
    #[serde(default)]
    pub changes: u32,
    /// The day of the last e-mail change, counted from the epoch.
    #[serde(default)]
    pub changed_day: i64,
    /// The address that a settlement tries to give them, which is counted already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trying: Option<EmailKey>,
    /// The domain of their address: a connection that does not own it may not replace the address. Earlier versions of
    /// this format did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainKey>,
    /// The connection that they were linked to an account through, by hand, and have not come through since: it may
    /// bring any address of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked: Option<ConnectionId>,
    /// When their account was last looked at, in epoch seconds. Earlier versions of this format did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked: Option<i64>,
}

/// A value that may be missing, which is stored as an empty text.
mod or_empty {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<T, S>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: std::fmt::Display,
        S: Serializer,
    {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_str(""),
        }
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: TryFrom<String, Error: std::fmt::Display>,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() { Ok(None) } else { T::try_from(text).map(Some).map_err(Error::custom) }
    }
}

/// A number that may be missing, which is stored as 0: the versions that know of none of these are asked for an account
/// that there is not, and settle it.
mod or_zero {
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the form serde asks for")]
    pub(super) fn serialize<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(value.unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        u64::deserialize(deserializer).map(|value| Some(value).filter(|value| *value > 0))
    }
}

/// What the directory says about the person and the address of a redeemed identity.
#[derive(Debug)]
pub enum Standing {
    /// Known, active, unchanged, and looked at lately: sign.
    Settled(PersonItem),
    /// Known, active and unchanged, but their account was looked at too long ago: look again first.
    Overdue(PersonItem, Claim),
    /// New, or renamed, and the mirror of the school knows enough: write that down, and sign. The rest follows.
    Entered(Option<PersonItem>, Claim, Entered),
    /// New, or something changed: settle through the Admin API first.
    Unsettled(Option<PersonItem>, Claim),
}

/// A redeemed identity on its way into a school: whatever is decided about it is decided from this, from the directory,
/// and from what is known of accounts.
pub struct Arrival<'a> {
    /// Who they are, as their identity provider says.
    pub identity: &'a Redeemed,
    /// What they are known by.
    pub indexes: &'a Indexes,
    /// Through which connection, as it is now.
    pub connection: &'a Connection,
    /// Into which school.
    pub school: &'a School,
    /// What the mirror of the school says.
    pub mirrored: &'a Mirrored,
    /// The time of the request.
    pub now: Timestamp,
}

impl Arrival<'_> {
    /// Decides from the directory whether the person may go in, and by which path.
    pub fn standing(&self, person: Option<PersonItem>, claim: Claim) -> Result<Standing, Failure> {
        if claim == Claim::Others {
            return Err(Failure::noted(Fault::EmailOwned, "the address belongs to another person of the directory"));
        }
        let Some(person) = person else {
            return match self.connection.document().account.unknown_person {
                UnknownPerson::Create => self.unknown(claim),
                UnknownPerson::Refuse => Err(Fault::PersonUnknown.into()),
            };
        };
        match person.state {
            PersonState::Active => {}
            PersonState::Deactivated => return Err(Fault::PersonDeactivated.into()),
            PersonState::Deleted => return Err(Fault::PersonDeleted.into()),
        }
        if !person.has(&self.indexes.email_key) {
            self.check_replaced(&person)?;
            self.check_change_limit(&person)?;
            return Ok(Standing::Unsettled(Some(person), claim));
        }
        let is_unchanged = claim.is_kept() && person.fingerprint.as_ref() == Some(&self.indexes.fingerprint);
        if is_unchanged { self.known(person, claim) } else { self.renamed(person, claim) }
    }

    /// Whether a person may go in although the look at their account failed so: the school was not there to be asked,
    /// and the last look is not too long ago. What it did answer, it answered; and a role that the mirror saw since, however
    /// long ago, speaks against it.
    pub fn may_go_unlooked(&self, person: &PersonItem, why: Fault) -> bool {
        let most = self.school.roles_max_age() + self.school.roles_grace();
        let is_refused =
            self.mirrored.school.roles_at > person.checked && self.check_mirrored_roles(person.user).is_err();
        matches!(why, Fault::CallsSpent | Fault::ThinkificBusy | Fault::ThinkificUnavailable)
            && !is_refused
            && (self.is_checked_within(person, most) || self.is_mirrored_within(person, most))
    }

    /// The mirror looks at everybody's roles: who is on its list was refused.
    fn is_checked_within(&self, person: &PersonItem, seconds: i64) -> bool {
        is_within(person.checked, seconds, self.now)
    }

    /// A connection speaks for its own domains only. An item of an earlier version does not say whose its address was;
    /// then the account has to ([`Self::choose_account`]).
    fn check_replaced(&self, person: &PersonItem) -> Result<(), Failure> {
        let may = match (&person.linked, &person.domain) {
            (Some(through), _) => through == self.connection.id(),
            (None, Some(domain)) => self.indexes.owned_domains.contains(domain),
            (None, None) => true,
        };
        if may {
            return Ok(());
        }
        let wanted = self.connection.document().domains.join(", ");
        Err(Failure::with(Fault::EmailChangeForeign, wanted, "the previous address is of another domain"))
    }

    fn check_change_limit(&self, person: &PersonItem) -> Result<(), Failure> {
        let is_counted = person.trying.as_ref() == Some(&self.indexes.email_key);
        if !is_counted && person.changes_on(person.counts_on(self.now)) >= EMAIL_CHANGES_PER_DAY {
            let limit = format!("{EMAIL_CHANGES_PER_DAY} changes a day");
            return Err(Failure::with(Fault::EmailChangeLimit, limit, self.identity.email().domain()));
        }
        Ok(())
    }
}

/// What an identity is known by in this school.
#[derive(Clone, Debug)]
pub struct Indexes {
    /// The person's key.
    pub person_key: PersonKey,
    /// The key of their address.
    pub email_key: EmailKey,
    /// What the school is told.
    pub fingerprint: DetailsKey,
    /// The domain of the address.
    pub domain: DomainKey,
    /// What an account is bound to that is a new person's.
    pub own_bound: BoundKey,
    /// The domains of the connection. Each key is of a domain and the person, so that the table does not tell who works
    /// together.
    pub owned_domains: Vec<DomainKey>,
}

impl Indexes {
    /// Of an identity that came through a connection.
    pub fn new(identity: &Redeemed, connection: &Connection, pepper: &Pepper) -> Self {
        let person_key = identity.person_key(connection, pepper);
        let domain_key = |domain: &str| {
            DomainKey::from_bytes(pepper.index("domain", &[connection.school().as_str(), person_key.as_str(), domain]))
        };
        Self {
            email_key: identity.email_key(connection, pepper),
            fingerprint: identity.fingerprint(pepper),
            domain: domain_key(identity.email().domain()),
            owned_domains: connection.document().domains.iter().map(|domain| domain_key(domain)).collect(),
            own_bound: bound_key(connection.school(), &new_id(&person_key, pepper), pepper),
            person_key,
        }
    }

    /// The `external_id` that a new person gets: derived, so that a second try after a crash has the same.
    pub fn new_id(&self, pepper: &Pepper) -> String {
        new_id(&self.person_key, pepper)
    }
}

fn new_id(person: &PersonKey, pepper: &Pepper) -> String {
    URL_SAFE_NO_PAD.encode(pepper.index("external id", &[person.as_str()]))
}

impl PersonItem {
    /// The item of a person whose account is about to be settled. Whatever breaks off after it, the next login finds
    /// something left to do; and a try at another address is counted, once, however it ends.
    #[must_use]
    pub fn begun(&self, indexes: &Indexes, now: Timestamp) -> Self {
        let trying = (!self.has(&indexes.email_key)).then(|| indexes.email_key.clone());
        let (changes, changed_day) = match &trying {
            Some(email) if self.trying.as_ref() != Some(email) => {
                let day = self.counts_on(now);
                (self.changes_on(day) + 1, day)
            }
            Some(_) | None => (self.changes, self.changed_day),
        };
        Self { fingerprint: None, rev: self.rev + 1, trying, changes, changed_day, ..self.clone() }
    }

    /// The day that a change of address counts on.
    fn counts_on(&self, now: Timestamp) -> i64 {
        counted::day(Some(self.changed_day), now)
    }

    fn changes_on(&self, day: i64) -> u32 {
        if self.changed_day == day { self.changes } else { 0 }
    }

    /// The item of a person about whom on-call has decided something: what was counted against them is forgotten,
    /// and so is what they tried. By two revisions, since a login that is under way takes an item of one more, with its
    /// own fingerprint, for its own write.
    #[must_use]
    pub fn decided(&self) -> Self {
        Self { rev: self.rev + 2, changes: 0, changed_day: 0, trying: None, ..self.clone() }
    }

    /// The item of a person who has come with another subject than before, by which `indexes` are: the same account, of
    /// which the school was told the same. By two revisions, since a login that is under way would take the next one for
    /// its own write.
    #[must_use]
    pub fn moved(&self, indexes: &Indexes) -> Self {
        Self { rev: self.rev + 2, domain: Some(indexes.domain.clone()), ..self.clone() }
    }

    /// Whether the person of this item, whose key is `key`, may be moved to the subject of `indexes`: they may come in,
    /// and the address that somebody comes with under the new one is theirs. A word for the old subject alone moves
    /// nobody, since it may stand in an attribute that people fill in by themselves.
    pub fn may_move(&self, key: &PersonKey, owner: Option<&EmailItem>, indexes: &Indexes) -> bool {
        let is_theirs = owner.is_some_and(|owner| owner.person == *key && owner.until.is_none());
        self.state == PersonState::Active && is_theirs && self.has(&indexes.email_key)
    }

    /// The item of a person whose account has just been settled. `begun` is what the settlement began with.
    pub fn settled(begun: Option<&Self>, indexes: &Indexes, id: String, user: Option<u64>, now: Timestamp) -> Self {
        Self {
            v: PERSON_VERSION,
            id,
            state: PersonState::Active,
            email_key: Some(indexes.email_key.clone()),
            fingerprint: Some(indexes.fingerprint.clone()),
            user,
            rev: begun.map_or(1, |begun| begun.rev + 1),
            changes: begun.map_or(0, |begun| begun.changes),
            changed_day: begun.map_or(0, |begun| begun.changed_day),
            trying: None,
            domain: Some(indexes.domain.clone()),
            linked: None,
            checked: Some(now.as_second()),
        }
    }

    /// The item of a person whose account has just been looked at and is not as it was left: that the school is silent
    /// the next time makes nobody forget it.
    #[must_use]
    pub fn doubted(&self) -> Self {
        Self { rev: self.rev + 1, checked: None, ..self.clone() }
    }

    /// The item of a person whose token created or bound an account, of which only now is known which it is.
    #[must_use]
    pub fn found(&self, user: u64) -> Self {
        Self { rev: self.rev + 1, user: Some(user), ..self.clone() }
    }

    /// The item of a person whose account is not what it was taken for: their next login asks the school itself, also
    /// which account it is.
    #[must_use]
    pub fn unsettled(&self) -> Self {
        Self { fingerprint: None, user: None, ..self.doubted() }
    }

    /// The item of a person whose account has just been looked at and is as it was left.
    #[must_use]
    pub fn looked_at(&self, indexes: &Indexes, user: u64, now: Timestamp) -> Self {
        Self {
            rev: self.rev + 1,
            user: Some(user),
            domain: Some(indexes.domain.clone()),
            linked: None,
            checked: Some(now.as_second()),
            ..self.clone()
        }
    }
}
