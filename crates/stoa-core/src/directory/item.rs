//! The forms of the directory's items.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{GroupId, KeyHash, UserId};

/// The format that this version writes.
pub const DIRECTORY_VERSION: u8 = 1;

/// A profile, encrypted.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Which key of the secret `directory` it was sealed with.
    #[serde(rename = "seal_key")]
    pub key: String,
    /// Random bytes and ciphertext, as unpadded base64url.
    #[serde(rename = "sealed")]
    pub text: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A person, as their source wants them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserItem {
    /// The item's format.
    pub v: u8,
    /// SCIM's id of the person.
    pub id: UserId,
    /// Which change of the profile this is, from 1: what the seal is bound to.
    pub version: u64,
    /// Whether they may be at the school.
    pub active: bool,
    /// The address that counts of theirs, as keys have it. Absent: an earlier version has written the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<KeyHash>,
    /// What the client wrote.
    #[serde(flatten)]
    pub sealed: Sealed,
    /// When they were first written, in epoch seconds.
    pub created: i64,
    /// When the profile was last changed, in epoch seconds.
    pub modified: i64,
}

/// A group, as its source wants it, without its members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupItem {
    /// The item's format.
    pub v: u8,
    /// SCIM's id of the group.
    pub id: GroupId,
    /// Which change of profile or members this is, from 1.
    pub version: u64,
    /// Which change of the profile the seal is bound to.
    pub profile: u64,
    /// Which edges are the group's: those of other generations are on their way in or out.
    pub generation: u64,
    /// What the client wrote.
    #[serde(flatten)]
    pub sealed: Sealed,
    /// When it was first written, in epoch seconds.
    pub created: i64,
    /// When it was last changed, in epoch seconds.
    pub modified: i64,
    /// The generation before, of which a replacement has not noted and removed everything yet. Absent: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<u64>,
    /// Whether the group has another name and not all of its members are marked yet: what is granted goes by the name.
    #[serde(default, skip_serializing_if = "is_false")]
    pub renamed: bool,
    /// Until when one request alone may write the next generation, in epoch seconds. Absent: nobody is writing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacing: Option<i64>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A membership: the same form among the group's items and among the person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeItem {
    /// The item's format.
    pub v: u8,
    /// Which group.
    pub group: GroupId,
    /// Who belongs to it.
    pub user: UserId,
    /// Of which generation of the group's members.
    pub generation: u64,
    /// Since when, in epoch seconds.
    pub since: i64,
}

/// That a resource has a value: the lock of a unique one, or one of the entries of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyItem {
    /// The item's format.
    pub v: u8,
    /// The id of the resource that has it.
    pub id: String,
    /// The resource had it, and is taken away: it is anybody's, and whoever is made with it is the one who had it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
}

impl KeyItem {
    /// Of a resource that has a value, or is one of a list.
    pub const fn of(id: String) -> Self {
        Self { v: DIRECTORY_VERSION, id, gone: false }
    }
}
