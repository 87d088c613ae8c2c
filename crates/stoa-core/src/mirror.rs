//! What a school has, as it was last seen: so that a launch asks the school nothing that is known already.
//!
//! Nothing here names anybody: addresses and external ids are HMACs under the pepper. Roles are in one place, the
//! school's own item, which is replaced as a whole: an account that lost its role is not one that nobody took off a list.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{BadHash, BoundKey, EmailKey, SchoolId};
use crate::keys::Pepper;

/// The format that this version writes.
pub const MIRROR_VERSION: u8 = 1;
/// How far the clocks of two instances may lie apart, in seconds.
const CLOCK_SECONDS: i64 = 60;

/// The account that a school has under an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirroredAccount {
    /// Thinkific's user id.
    pub user: u64,
    /// To what it is bound. None: nobody has asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
    /// When this was written, in epoch seconds. What has not changed since is not written again.
    pub seen: i64,
    /// Whether another account has the address in other letters.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several: bool,
}

/// To what an account is bound (`external_id` under provider `SSO`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Bound {
    /// To nothing: whoever signs in under its address first is bound to it.
    ToNobody,
    /// To an external id.
    To(BoundKey),
}

impl TryFrom<String> for Bound {
    type Error = BadHash;
    fn try_from(text: String) -> Result<Self, BadHash> {
        if text.is_empty() { Ok(Self::ToNobody) } else { BoundKey::try_from(text).map(Self::To) }
    }
}

impl From<Bound> for String {
    fn from(bound: Bound) -> Self {
        match bound {
            Bound::ToNobody => Self::new(),
            Bound::To(key) => key.into(),
        }
    }
}

impl Bound {
    /// As the Admin API tells it.
    pub fn of(school: &SchoolId, external_id: Option<&str>, pepper: &Pepper) -> Self {
        external_id.map_or(Self::ToNobody, |id| Self::To(bound_key(school, id, pepper)))
    }
}

/// The key of an external id in a school.
pub fn bound_key(school: &SchoolId, external_id: &str, pepper: &Pepper) -> BoundKey {
    BoundKey::from_bytes(pepper.index("bound", &[school.as_str(), external_id]))
}

/// An account that holds a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Privileged {
    /// Thinkific's user id.
    pub user: u64,
    /// Its address, where that is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailKey>,
    /// Its roles.
    pub roles: BTreeSet<String>,
}

/// How far the mirror of a school has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchoolMirror {
    /// [`MIRROR_VERSION`] of the writer.
    pub v: u8,
    /// The item's revision: every write compares it.
    pub rev: u64,
    /// When the last look at all accounts began that came to its end, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirrored_at: Option<i64>,
    /// When the last look at the accounts with a role began that came to its end, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles_at: Option<i64>,
    /// The domains whose addresses the last whole look wrote down. Of any other, nothing is known.
    #[serde(default)]
    pub domains: BTreeSet<String>,
    /// Every account that holds a role.
    #[serde(default)]
    pub privileged: Vec<Privileged>,
    /// The look at all accounts that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
    /// What the last whole look found, less what was asked since.
    #[serde(default)]
    pub found: Found,
    /// On which side the pages of the last whole look are: 0 or 1. The one under way writes on the other.
    #[serde(default)]
    pub side: u8,
    /// The page of the last whole look whose accounts are asked next to what they are bound.
    #[serde(default)]
    pub binding: u32,
    /// That somebody has asked for a look at all accounts, and when, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<i64>,
}

/// A look at all accounts, page by page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began, in epoch seconds.
    pub began: i64,
    /// The page that comes next, counted from 1.
    pub page: u32,
    /// How many there are, as the school said with the last one.
    pub pages: u32,
    /// The domains whose addresses it writes down.
    pub domains: BTreeSet<String>,
    /// What it has found so far.
    pub found: Found,
}

/// How many accounts a look has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// All of the school.
    pub accounts: u64,
    /// Those under an address of a domain that connections claim.
    pub claimed: u64,
    /// Of these, the ones of which nobody knows yet to what they are bound.
    pub unasked: u64,
}

impl SchoolMirror {
    /// Whether everything but roles was seen within so many seconds, addresses of this domain included.
    pub fn has_accounts_of(&self, domain: &str, seconds: i64, now: Timestamp) -> bool {
        self.domains.contains(domain) && is_within(self.mirrored_at, seconds, now)
    }

    /// Whether roles were seen within so many seconds.
    pub fn has_roles(&self, seconds: i64, now: Timestamp) -> bool {
        is_within(self.roles_at, seconds, now)
    }

    /// The roles of an account, by its user id and by its address: whichever of them has some.
    pub fn roles_of<'a>(&'a self, user: Option<u64>, email: &'a EmailKey) -> impl Iterator<Item = &'a str> {
        let is_it = move |it: &&Privileged| Some(it.user) == user || it.email.as_ref() == Some(email);
        self.privileged.iter().filter(is_it).flat_map(|it| &it.roles).map(String::as_str)
    }
}

/// Clocks of instances differ by a little. An instant further in the future was a wrong clock's, and counts for nothing.
pub fn is_within(at: Option<i64>, seconds: i64, now: Timestamp) -> bool {
    at.is_some_and(|at| (-CLOCK_SECONDS.min(seconds)..seconds).contains(&(now.as_second() - at)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::KeySet;

    fn pepper() -> Pepper {
        Pepper::from_keys(&KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"x"}]}"#).unwrap())
    }

    #[test]
    fn what_an_account_is_bound_to_is_unknown_nobody_or_a_key() {
        let school = SchoolId::parse("academy").unwrap();
        let account = |bound: Option<Bound>| MirroredAccount { user: 7, bound, seen: 9, several: false };
        let bound = Bound::of(&school, Some("maria@acme.com"), &pepper());
        for bound in [None, Some(Bound::ToNobody), Some(bound)] {
            let stored = serde_json::to_string(&account(bound.clone())).unwrap();
            assert!(!stored.contains("maria") && stored.contains("bound") == bound.is_some(), "{stored}");
            assert_eq!(serde_json::from_str::<MirroredAccount>(&stored).unwrap(), account(bound));
        }
        assert!(Bound::try_from("maria@acme.com".to_owned()).is_err());
    }

    #[test]
    fn a_role_is_found_by_user_and_by_address() {
        let email = |byte| EmailKey::from_bytes([byte; 24]);
        let role =
            |user, byte, role: &str| Privileged { user, email: Some(email(byte)), roles: [role.to_owned()].into() };
        let mirror = SchoolMirror {
            privileged: vec![role(7, 1, "site_admin"), role(8, 2, "affiliate")],
            ..SchoolMirror::default()
        };
        let roles = |user, byte| mirror.roles_of(user, &email(byte)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(roles(Some(7), 9), ["site_admin"]);
        assert_eq!(roles(None, 2), ["affiliate"]);
        assert_eq!(roles(Some(7), 2), ["site_admin", "affiliate"]);
        assert_eq!(roles(None, 9), [""; 0]);
    }
}
