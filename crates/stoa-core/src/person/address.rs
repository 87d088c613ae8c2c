//! Whose an e-mail address is in a school.
//!
//! A settlement claims the address first, for a minute, and the claim is kept by the very write that gives the person
//! the address. So whatever breaks off in between leaves an address that is free again by itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Indexes, PERSON_VERSION, PersonItem};
use crate::ids::{EmailKey, PersonKey};
use crate::mirror::MirroredAccount;

/// How long a claim counts that was not kept: longer than any launch takes, as short as a colleague can wait.
pub const CLAIM_SECONDS: i64 = 60;

/// Whose an e-mail address is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailItem {
    /// Format of the item.
    pub v: u8,
    /// The person's key.
    pub person: PersonKey,
    /// When it was claimed, in epoch seconds.
    pub since: i64,
    /// Until when the claim counts, in epoch seconds, where its settlement has not ended. Absent: it was kept. Earlier
    /// versions of this format did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// An address as one person finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody's; or the item is one that counts no longer, which is here.
    Free(Option<EmailItem>),
    /// Theirs, kept or not.
    Mine(EmailItem),
    /// Somebody else's.
    Others,
}

impl Claim {
    /// Decides whose an address is, from its item and the item of the person who claimed it.
    ///
    /// A claim that was not kept counts for a minute. One that was kept counts as long as its person has the address:
    /// an earlier version could leave one behind, and so can a launch that cannot give up a former address.
    pub fn of(owner: Option<EmailItem>, claimant: Option<&PersonItem>, indexes: &Indexes, now: Timestamp) -> Self {
        let Some(owner) = owner else { return Self::Free(None) };
        if owner.person == indexes.person_key {
            return Self::Mine(owner);
        }
        // An earlier version wrote no end: its settlement may be under way as well.
        let is_recent = now.as_second() < owner.until.unwrap_or(owner.since + CLAIM_SECONDS);
        let is_kept = owner.until.is_none() && claimant.is_some_and(|person| person.has(&indexes.email_key));
        if is_recent || is_kept { Self::Others } else { Self::Free(Some(owner)) }
    }

    /// Whether it is theirs for good.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Mine(EmailItem { until: None, .. }))
    }

    /// The claim that a settlement begins with.
    pub fn begun(indexes: &Indexes, now: Timestamp) -> EmailItem {
        EmailItem {
            v: PERSON_VERSION,
            person: indexes.person_key.clone(),
            since: now.as_second(),
            until: Some(now.as_second() + CLAIM_SECONDS),
        }
    }

    /// The claim that a settlement ends with.
    pub fn kept(&self, indexes: &Indexes, now: Timestamp) -> EmailItem {
        let since = match self {
            Self::Mine(EmailItem { since, until: None, .. }) => *since,
            Self::Mine(_) | Self::Free(_) | Self::Others => now.as_second(),
        };
        EmailItem { v: PERSON_VERSION, person: indexes.person_key.clone(), since, until: None }
    }
}

/// What is known of an address: whose it is, and which account the school has under it. Either may be there without the
/// other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct AddressItem {
    #[serde(default)]
    v: u8,
    #[serde(default)]
    person: Option<PersonKey>,
    #[serde(default)]
    since: Option<i64>,
    #[serde(default)]
    until: Option<i64>,
    /// The account that the mirror of the school has under it.
    #[serde(default, rename = "mirror")]
    pub account: Option<MirroredAccount>,
}

impl AddressItem {
    /// Whose it is, where it is somebody's.
    pub fn owner(&self) -> Option<EmailItem> {
        let (person, since) = (self.person.clone()?, self.since?);
        Some(EmailItem { v: self.v, person, since, until: self.until })
    }
}

impl EmailItem {
    /// Whether its settlement broke off too long ago for it to count.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now.as_second())
    }
}

impl PersonItem {
    /// Whether the address is theirs.
    pub fn has(&self, email: &EmailKey) -> bool {
        self.email_key.as_ref() == Some(email)
    }
}
