//! Persons and e-mail owners in `directory`, and what a launch has to settle before it may sign a token.
//!
//! Thinkific matches by e-mail, so whoever can choose an address chooses the account. Therefore an address belongs to
//! one person per school, and anything but "mine, active and unchanged" takes the slow path through the Admin API.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, EarlierExternalId, UnknownPerson};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::Redeemed;
use crate::ids::{EmailKey, Fingerprint, PersonKey};
use crate::keys::Pepper;
use crate::thinkific::User;

/// The format that this version writes.
pub const PERSON_VERSION: u8 = 1;
/// E-mail changes of one person in one day; more is not how people marry, but how accounts are taken.
pub const EMAIL_CHANGES_PER_DAY: u32 = 2;
const DAY_SECONDS: i64 = 24 * 3600;

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
    pub fingerprint: Option<Fingerprint>,
    /// Their Thinkific user id.
    pub user: u64,
    /// The item's revision: every write compares it.
    pub rev: u64,
    /// E-mail changes on `changed_day`.
    #[serde(default)]
    pub changes: u32,
    /// The day of the last e-mail change, counted from the epoch.
    #[serde(default)]
    pub changed_day: i64,
}

/// Whose an e-mail address is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailItem {
    /// Format of the item.
    pub v: u8,
    /// The person's key.
    pub person: PersonKey,
    /// When it was claimed, in epoch seconds.
    pub since: i64,
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

/// What the directory says about the person and the address of a redeemed identity.
#[derive(Debug)]
pub enum Standing {
    /// Known, active and unchanged: sign.
    Settled(PersonItem),
    /// New, or something changed: settle through the Admin API first.
    Unsettled(Option<PersonItem>),
}

/// Decides from the two items whether the person may go in, and by which path.
pub fn standing(
    identity: &Redeemed,
    indexes: &Indexes,
    person: Option<PersonItem>,
    owner: Option<&EmailItem>,
    connection: &Connection,
    now: Timestamp,
) -> Result<Standing, Failure> {
    if let Some(owner) = owner
        && owner.person != indexes.person_key
    {
        return Err(Failure::noted(Fault::EmailOwned, "the address belongs to another person of the directory"));
    }
    let Some(person) = person else {
        return match connection.document().account.unknown_person {
            UnknownPerson::Create => Ok(Standing::Unsettled(None)),
            UnknownPerson::Refuse => Err(Fault::PersonUnknown.into()),
        };
    };
    match person.state {
        PersonState::Active => {}
        PersonState::Deactivated => return Err(Fault::PersonDeactivated.into()),
        PersonState::Deleted => return Err(Fault::PersonDeleted.into()),
    }
    let is_same_email = person.email_key.as_ref() == Some(&indexes.email_key);
    if is_same_email && owner.is_some() && person.fingerprint.as_ref() == Some(&indexes.fingerprint) {
        return Ok(Standing::Settled(person));
    }
    if !is_same_email {
        check_change_limit(&person, identity, now)?;
    }
    Ok(Standing::Unsettled(Some(person)))
}

fn check_change_limit(person: &PersonItem, identity: &Redeemed, now: Timestamp) -> Result<(), Failure> {
    if person.changed_day == day(now) && person.changes >= EMAIL_CHANGES_PER_DAY {
        let limit = format!("{EMAIL_CHANGES_PER_DAY} changes a day");
        return Err(Failure::with(Fault::EmailChangeLimit, limit, identity.email().domain()));
    }
    Ok(())
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(DAY_SECONDS)
}

/// What an identity is known by in this school.
#[derive(Clone, Debug)]
pub struct Indexes {
    /// The person's key.
    pub person_key: PersonKey,
    /// The key of their address.
    pub email_key: EmailKey,
    /// What the school is told.
    pub fingerprint: Fingerprint,
}

impl Indexes {
    /// Of an identity that came through a connection.
    pub fn new(identity: &Redeemed, connection: &Connection, pepper: &Pepper) -> Self {
        Self {
            person_key: identity.person_key(connection, pepper),
            email_key: identity.email_key(connection, pepper),
            fingerprint: identity.fingerprint(pepper),
        }
    }

    /// The `external_id` that a new person gets: derived, so that a second try after a crash has the same.
    pub fn new_id(&self, pepper: &Pepper) -> String {
        URL_SAFE_NO_PAD.encode(pepper.index("external id", &[self.person_key.as_str()]))
    }
}

/// What to do with the account that the Admin API found under the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountStep {
    /// There is none: create it.
    Create,
    /// It is this person's: write what changed.
    Update {
        /// The Thinkific user id.
        user: u64,
    },
    /// It is nobody's yet: whoever registered it may not have been this person, so that their password must end.
    TakeOver {
        /// The Thinkific user id.
        user: u64,
    },
}

/// What was found out about accounts before one is touched.
pub struct Findings<'a> {
    /// The account under the identity's address.
    pub by_email: Option<&'a User>,
    /// The `external_id` that account is bound to, where it is bound.
    pub bound_to: Option<&'a str>,
    /// The account that the person's item names.
    pub known: Option<&'a User>,
}

/// Decides which account is the person's, or that none may be touched.
///
/// An account with any role is never entered or changed. An account bound to another id is somebody else's, unless it
/// is bound to the id that the earlier integration gave this person.
pub fn choose_account(
    identity: &Redeemed,
    person_id: &str,
    connection: &Connection,
    findings: &Findings<'_>,
) -> Result<AccountStep, Failure> {
    for user in [findings.by_email, findings.known].into_iter().flatten() {
        if !user.roles.is_empty() {
            return Err(Failure::noted(Fault::AccountPrivileged, &format!("user {} has a role", user.id)));
        }
    }
    if let (Some(known), Some(by_email)) = (findings.known, findings.by_email)
        && known.id != by_email.id
    {
        let note = format!("user {} holds the new address of user {}", by_email.id, known.id);
        return Err(Failure::noted(Fault::AccountBound, &note));
    }
    if let Some(known) = findings.known {
        return Ok(AccountStep::Update { user: known.id });
    }
    let Some(user) = findings.by_email else { return Ok(AccountStep::Create) };
    match findings.bound_to {
        None => Ok(AccountStep::TakeOver { user: user.id }),
        Some(bound) if bound == person_id || is_earlier_id(bound, identity, connection) => {
            Ok(AccountStep::Update { user: user.id })
        }
        Some(_) => Err(Failure::noted(Fault::AccountBound, &format!("user {} has another external id", user.id))),
    }
}

/// Whether the earlier integration gave this `external_id` to this person, where the connection names its form. It
/// may have kept the capitals of an address.
fn is_earlier_id(bound: &str, identity: &Redeemed, connection: &Connection) -> bool {
    match connection.document().account.earlier_external_id {
        None => false,
        Some(EarlierExternalId::Email) => bound.eq_ignore_ascii_case(identity.email().as_str()),
        Some(EarlierExternalId::Subject) => bound == identity.subject(),
    }
}

/// What the token carries as `external_id`: the account's own where the earlier integration bound it, since
/// Thinkific cannot change it; else the person's id.
pub fn external_id(person_id: &str, bound_to: Option<&str>) -> String {
    bound_to.unwrap_or(person_id).to_owned()
}

impl PersonItem {
    /// The item of a person whose account has just been settled. `before` is what the launch read.
    pub fn settled(before: Option<&Self>, indexes: &Indexes, id: String, user: u64, now: Timestamp) -> Self {
        let changed = before.is_some_and(|before| before.email_key.as_ref() != Some(&indexes.email_key));
        let today = day(now);
        let (changes, changed_day) = match before {
            Some(before) if changed && before.changed_day == today => (before.changes + 1, today),
            Some(_) if changed => (1, today),
            Some(before) => (before.changes, before.changed_day),
            None => (0, 0),
        };
        Self {
            v: PERSON_VERSION,
            id,
            state: PersonState::Active,
            email_key: Some(indexes.email_key.clone()),
            fingerprint: Some(indexes.fingerprint.clone()),
            user,
            rev: before.map_or(1, |before| before.rev + 1),
            changes,
            changed_day,
        }
    }
}
