//! The keys that a provider publishes.

use std::collections::BTreeSet;

use openidconnect::{JsonWebKey as _, JsonWebKeySet};

use super::key::ProviderKey;
use crate::connection::SigningAlgorithm;
use crate::published::{Published, PublishedError};

/// The largest key set that is kept: an item of DynamoDB's, with room.
pub const MAX_JWKS: usize = 64 * 1024;

/// A provider's key set (RFC 7517 §5), without the keys that no signature is verified with.
#[derive(Clone, Debug, Default)]
pub struct Jwks(JsonWebKeySet<ProviderKey>);

/// A text that is no key set to work with.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JwksError {
    /// Not JSON of the form `{"keys":[…]}`, or too long.
    #[error("not a JSON Web Key Set: {0}")]
    Form(#[from] PublishedError),
    /// Every key is for something else, too short, or of an unknown kind.
    #[error("the key set has no key that a token could be verified with")]
    NoUsableKey,
}

impl Jwks {
    /// Reads a key set that has at least one usable key.
    pub fn parse(text: &str) -> Result<Self, JwksError> {
        let set = Published::parse(text.as_bytes(), MAX_JWKS)?.with_list("keys")?;
        let keys: JsonWebKeySet<ProviderKey> =
            serde_json::from_value(set).map_err(|_| PublishedError::Member("keys", "a list of keys"))?;
        if keys.keys().is_empty() { Err(JwksError::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// The key that a token names, of those that take its algorithm; a token that names none takes the only one there
    /// is for its algorithm. Two keys that answer are none: trying both would let the wrong one vouch. One key that is
    /// published several times, as once for each algorithm, is one.
    pub(super) fn key(&self, kid: Option<&str>, algorithm: SigningAlgorithm) -> Option<&ProviderKey> {
        let named = |key: &&ProviderKey| kid.is_none_or(|kid| key.key_id().is_some_and(|own| own.as_str() == kid));
        let mut keys = self.0.keys().iter().filter(named).filter(|key| key.takes(algorithm));
        let first = keys.next()?;
        keys.all(|other| other.is_same(first)).then_some(first)
    }

    /// The id of each key, and the key: what tells two sets apart.
    pub(crate) fn contents(&self) -> BTreeSet<(&str, String)> {
        self.key_ids().zip(self.0.keys().iter().map(|key| serde_json::to_string(key).unwrap_or_default())).collect()
    }

    /// The names of keys that one of two sets has and the other has not, or has otherwise.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let (ours, theirs) = (self.contents(), other.contents());
        let ids: BTreeSet<&str> = ours.symmetric_difference(&theirs).map(|(id, _)| *id).collect();
        ids.into_iter().map(str::to_owned).collect()
    }

    /// The ids of the keys, for on-call.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().iter().map(|key| key.key_id().map_or("(none)", |id| id.as_str()))
    }
}
