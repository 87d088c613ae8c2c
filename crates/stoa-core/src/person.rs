//! Persons and e-mail owners in `directory`, and what a launch has to settle before it may sign a token.
//!
//! Thinkific matches by e-mail, so whoever can choose an address chooses the account. Therefore an address belongs to
//! one person per school, and anything but "mine, active and unchanged" takes the slow path through the Admin API.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::connection::{Connection, EarlierExternalId, UnknownPerson};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::identity::Redeemed;
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
    /// Yes.
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
    /// The key of their e-mail address.
    pub email: String,
    /// What the school was last told.
    pub fingerprint: String,
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
    pub person: String,
    /// When it was claimed, in epoch seconds.
    pub since: i64,
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
    keys: &Keys,
    person: Option<PersonItem>,
    owner: Option<&EmailItem>,
    connection: &Connection,
    now: Timestamp,
) -> Result<Standing, Failure> {
    if let Some(owner) = owner
        && owner.person != keys.person
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
    if person.email == keys.email && owner.is_some() && person.fingerprint == keys.fingerprint {
        return Ok(Standing::Settled(person));
    }
    if person.email != keys.email {
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

/// The keys that an identity has in this school.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Of the person.
    pub person: String,
    /// Of the address.
    pub email: String,
    /// Of what the school is told.
    pub fingerprint: String,
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
        None => Ok(AccountStep::Update { user: user.id }),
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
    pub fn settled(before: Option<&Self>, keys: &Keys, id: String, user: u64, now: Timestamp) -> Self {
        let changed = before.is_some_and(|before| before.email != keys.email);
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
            email: keys.email.clone(),
            fingerprint: keys.fingerprint.clone(),
            user,
            rev: before.map_or(1, |before| before.rev + 1),
            changes,
            changed_day,
        }
    }
}
