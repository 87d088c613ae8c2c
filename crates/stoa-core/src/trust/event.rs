//! What somebody should know about a connection's trust.

use serde::{Deserialize, Serialize};

use crate::quote::quote;

/// What happened. Each is logged once, when it happens, and not at every look; the end of a key of ours, of a secret or
/// of a token, at each look of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The metadata has a new key. It is not trusted yet.
    KeyAnnounced,
    /// A key is trusted from now on.
    KeyTrusted,
    /// A key that waited is gone from the metadata.
    KeyWithdrawn,
    /// A trusted key is gone from the metadata. It is still trusted.
    KeyMissing,
    /// A key that was gone for three days is trusted no longer.
    KeyDropped,
    /// A certificate's end is near.
    KeyExpiresIn,
    /// The end is near of a certificate that we publish, or by which metadata is proven.
    OwnKeyExpiresIn,
    /// The end is near of the secret by which we are the provider's client, as the connection's file has it.
    SecretExpiresIn,
    /// The end is near of the last token of the connection's SCIM client.
    ScimTokenExpiresIn,
    /// A change that only a person may let through.
    ChangeHeld,
    /// What the provider publishes could not be read.
    FetchFailed,
    /// It could not be read for seven days. Logins go on with the last good keys.
    FetchFailing7Days,
    /// An OpenID provider's key set has other keys.
    JwksChanged,
    /// The provider describes itself otherwise than the connection has it. `stoa connection apply` takes it over.
    DiscoveryDrift,
}

impl EventKind {
    /// Every event.
    pub const ALL: &[Self] = &[
        Self::KeyAnnounced,
        Self::KeyTrusted,
        Self::KeyWithdrawn,
        Self::KeyMissing,
        Self::KeyDropped,
        Self::KeyExpiresIn,
        Self::OwnKeyExpiresIn,
        Self::SecretExpiresIn,
        Self::ScimTokenExpiresIn,
        Self::ChangeHeld,
        Self::FetchFailed,
        Self::FetchFailing7Days,
        Self::JwksChanged,
        Self::DiscoveryDrift,
    ];

    /// As logged.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyAnnounced => "key_announced",
            Self::KeyTrusted => "key_trusted",
            Self::KeyWithdrawn => "key_withdrawn",
            Self::KeyMissing => "key_missing",
            Self::KeyDropped => "key_dropped",
            Self::KeyExpiresIn => "key_expires_in",
            Self::OwnKeyExpiresIn => "own_key_expires_in",
            Self::SecretExpiresIn => "secret_expires_in",
            Self::ScimTokenExpiresIn => "scim_token_expires_in",
            Self::ChangeHeld => "change_held",
            Self::FetchFailed => "fetch_failed",
            Self::FetchFailing7Days => "fetch_failing_7_days",
            Self::JwksChanged => "jwks_changed",
            Self::DiscoveryDrift => "discovery_drift",
        }
    }

    /// The log level: `warn` is for the next working day, `error` for today.
    pub const fn level(self) -> &'static str {
        match self {
            Self::KeyTrusted | Self::KeyDropped | Self::JwksChanged => "info",
            Self::KeyAnnounced
            | Self::KeyWithdrawn
            | Self::KeyMissing
            | Self::KeyExpiresIn
            | Self::OwnKeyExpiresIn
            | Self::SecretExpiresIn
            | Self::ScimTokenExpiresIn
            | Self::FetchFailed
            | Self::DiscoveryDrift => "warn",
            Self::ChangeHeld | Self::FetchFailing7Days => "error",
        }
    }
}

/// Something that happened to one connection's trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What was seen or done.
    pub kind: EventKind,
    /// The certificate it is about.
    pub fingerprint: Option<String>,
    /// How many days are left.
    pub days: Option<u16>,
    /// In words: why, or what exactly. Text of the provider's is cut short.
    pub detail: Option<String>,
}

impl Event {
    pub(super) fn of_key(kind: EventKind, fingerprint: &str, detail: Option<&str>) -> Self {
        Self { kind, fingerprint: Some(fingerprint.to_owned()), days: None, detail: detail.map(quote) }
    }

    /// The end of a certificate that stands in a connection's file is so many days away.
    pub fn own_key(fingerprint: &str, days: u16, setting: &str) -> Self {
        Self { days: Some(days), ..Self::of_key(EventKind::OwnKeyExpiresIn, fingerprint, Some(setting)) }
    }

    /// The end of a secret or of a token is so many days away.
    pub const fn credential(kind: EventKind, days: u16) -> Self {
        Self { kind, fingerprint: None, days: Some(days), detail: None }
    }

    pub(super) fn noted(kind: EventKind, detail: impl Into<String>) -> Self {
        Self { kind, fingerprint: None, days: None, detail: Some(detail.into()) }
    }
}

/// A change that nobody but a person may let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldChange {
    /// The metadata is another provider's, or the provider has another name: `stoa connection apply`.
    EntityId,
    /// None of the trusted keys is left: `stoa connection trust … approve`.
    AllKeys,
    /// An address without https, or on another host: `stoa connection apply`.
    Endpoint,
    /// No signature by a pinned certificate.
    Unsigned,
    /// More keys than any provider needs.
    TooManyKeys,
}

impl HeldChange {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EntityId => "the metadata has another entity id",
            Self::AllKeys => "every key has been replaced at once",
            Self::Endpoint => "an address has no https, or is on another host",
            Self::Unsigned => "the metadata is not signed by a pinned certificate",
            Self::TooManyKeys => "the metadata has too many keys",
        }
    }
}
