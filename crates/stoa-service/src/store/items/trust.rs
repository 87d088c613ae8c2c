//! The `trust` table: the keys that identity providers sign with, what has been seen of their providers, and what
//! people did to them. Kept until removed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{Attempt, ConnectionId};
use stoa_core::oidc::Jwks;
use stoa_core::routes::Table;
use stoa_core::trust::Watch;
use stoa_saml::Certificate;

use super::Item;
use super::key::{Form, Key, Range, keys};

keys! { Trust:
    /// A SAML provider's key, by the lower-case hex SHA-256 of its certificate.
    trusted(connection: &ConnectionId, fingerprint: &str) = "{connection}" / "{fingerprint}";
    /// A key set, beside the keys.
    key_set(connection: &ConnectionId, set: KeySet) = "{connection}" / "{set}";
    /// What has been seen at a provider. Not in the partition of the keys, which every login reads whole.
    watch(connection: &ConnectionId, watched: WatchOver) = "watch#{connection}" / "{watched}";
    /// How far the looks at all providers have come. No connection has an empty name.
    round() = "watch#" / "round";
    /// What a person did, by the number of the watch's write: in the order of the writes.
    trust_change(connection: &ConnectionId, number: u32) = "watch#{connection}" / "history#{number:06}";
}

/// How far the looks at all providers have come: with which connections the next run goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundItem {
    /// The last connection that a run has taken on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<ConnectionId>,
    /// The last one of those that were out of reach, which a run looks at after the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<ConnectionId>,
}

/// Which of a connection's key sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySet {
    /// That of its OpenID provider.
    Oidc,
    /// That of its Teams tokens.
    Teams,
}

impl KeySet {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Oidc, Self::Teams];

    /// The sort key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "jwks",
            Self::Teams => "jwks#teams",
        }
    }
}

impl fmt::Display for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a watch is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchOver {
    /// A SAML provider's metadata, and the keys in it.
    Saml,
    /// A key set.
    KeySet(KeySet),
}

impl WatchOver {
    /// The sort key; that of a key set is the same here as there.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "saml",
            Self::KeySet(set) => set.as_str(),
        }
    }
}

impl fmt::Display for WatchOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The condition of a write of a key that is new. A function that may write key sets can leave an item here, but none
/// that has a certificate.
pub(crate) const NO_KEY: &str = "attribute_not_exists(certificate)";

/// How often an unknown key may make functions ask the provider, in seconds.
pub(crate) const FETCH_EVERY: i64 = 60;
/// How long one such fetch may take, in seconds.
const FETCH_SECONDS: i64 = 5;

impl Range {
    /// A SAML provider's keys, and the key sets beside them.
    pub(crate) fn trusted(connection: &ConnectionId) -> Self {
        Self { table: Table::Trust, pk: connection.to_string(), begin: None }
    }

    /// What people did to a connection's keys, oldest first.
    pub(crate) fn trust_changes(connection: &ConnectionId) -> Self {
        Key::trust_change(connection, 0).partition().from("history#")
    }
}

/// A SAML provider's key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrustItem {
    /// Lower-case hex SHA-256 of the certificate.
    #[serde(rename = "sk")]
    pub fingerprint: String,
    /// The certificate, base64 of its DER.
    pub certificate: String,
    /// Trusted from, in epoch seconds.
    pub from: i64,
    /// Trusted until, in epoch seconds; absent: until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The ARN of who trusted it, where it was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whether a person added it by hand: the metadata does not take it away.
    #[serde(default, rename = "kept", skip_serializing_if = "std::ops::Not::not")]
    pub is_kept: bool,
}

/// A key set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JwksItem {
    /// Where it is published. Earlier versions of this format did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The key set as the provider wrote it. Absent until the first fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// When it was fetched, in epoch seconds.
    #[serde(default)]
    pub at: i64,
    /// When a token with an unknown key last made a function ask, in epoch seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tried: i64,
    /// Whether that function has not written what it was told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asking: bool,
    /// That function's attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Attempt>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// What has been seen of a provider's keys.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct WatchItem {
    /// Counted up by every write, so that of two writers at once one is refused. 0: nobody has looked yet.
    pub n: u32,
    /// What has been seen.
    pub watch: Watch,
}

/// What a person did to a connection's keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrustChange {
    /// What they did.
    pub what: KeyChange,
    /// Lower-case hex SHA-256 of the certificate.
    pub fingerprint: String,
    /// When, in epoch seconds.
    pub at: i64,
    /// The ARN of who did it.
    pub by: String,
    /// The reason that they gave.
    pub reason: String,
}

/// What a person can do to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyChange {
    /// Trust one of the metadata's before its time.
    Approve,
    /// Trust one whatever the metadata says.
    Add,
    /// Trust it no longer.
    Remove,
    /// A word of another version's.
    #[serde(untagged)]
    Unknown(String),
}

impl KeyChange {
    /// As stored. An unknown word may hold anything.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Approve => "approve",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Unknown(word) => word,
        }
    }
}

impl TrustItem {
    /// A key that is trusted from now on.
    pub(crate) fn new(certificate: &Certificate, now: Timestamp) -> Self {
        Self {
            fingerprint: certificate.fingerprint().to_owned(),
            certificate: STANDARD.encode(certificate.der()),
            from: now.as_second(),
            until: None,
            by: None,
            is_kept: false,
        }
    }

    /// Whether an item of [`Range::trusted`] is a key. A provider's key set stands beside the keys, and whatever a
    /// function may write that may write key sets, which is no certificate.
    pub(crate) fn is_key(item: &Item) -> bool {
        let has_certificate = item.contains_key("certificate");
        has_certificate
            && item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| {
                sk.len() == 64 && sk.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            })
    }

    /// The key itself.
    pub fn certificate(&self) -> Result<Certificate, Failure> {
        Certificate::from_base64(&self.certificate)
            .map_err(|error| Failure::with(Fault::ConfigurationBroken, &*self.fingerprint, &error.to_string()))
    }

    /// Whether the key counts now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.from <= now.as_second() && self.until.is_none_or(|until| now.as_second() < until)
    }
}

impl JwksItem {
    /// Whether somebody asked the provider a moment ago and has not written the answer yet.
    pub fn is_being_fetched(&self, now: Timestamp) -> bool {
        self.asking && now.as_second() - self.tried < FETCH_SECONDS
    }

    /// Whether somebody asked within the last minute. A try in the future was a wrong clock's.
    pub(crate) fn is_tried(&self, now: Timestamp) -> bool {
        (now.as_second() - self.tried).abs() < FETCH_EVERY
    }

    /// Whether somebody asked the provider and was not answered.
    pub fn is_unanswered(&self, now: Timestamp) -> bool {
        self.asking && !self.is_being_fetched(now)
    }

    /// The keys; none, where none have been fetched yet.
    pub fn keys(&self) -> Result<Jwks, Failure> {
        let Some(text) = &self.jwks else { return Ok(Jwks::default()) };
        Jwks::parse(text).map_err(|error| Failure::with(Fault::ConfigurationBroken, "jwks", &error.to_string()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    /// As the version before this one wrote it.
    #[test]
    fn a_key_without_the_fields_that_came_later_is_read() {
        let item = serde_json::json!({ "pk": "pg", "sk": "00", "certificate": "MII=", "from": 1_700_000_000 });
        let item: TrustItem = serde_json::from_value(item).unwrap();
        assert!(item.is_live(Timestamp::from_second(1_700_000_000).unwrap()));
        assert!(item.by.is_none() && !item.is_kept);
    }

    #[test]
    fn only_a_certificate_under_a_fingerprint_is_a_key() {
        let item = |sk: &str, other: &str| {
            let text = |text: &str| AttributeValue::S(text.to_owned());
            Item::from([("sk".to_owned(), text(sk)), (other.to_owned(), text("MII="))])
        };
        assert!(TrustItem::is_key(&item(&"0a".repeat(32), "certificate")));
        assert!(!TrustItem::is_key(&item(&"0a".repeat(32), "jwks")));
        for other in ["jwks", "jwks#teams", "", &"0A".repeat(32), &"0a".repeat(33)] {
            assert!(!TrustItem::is_key(&item(other, "certificate")), "{other}");
        }
    }
}
