//! Whom a connection believes: an identity provider and the keys that it may sign with.

use crate::certificate::Certificate;

/// More keys than any identity provider publishes; a bound on the work of one verification.
const MAX_KEYS: usize = 20;

/// Why there is no trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// No entity id.
    #[error("the identity provider's entity id is empty")]
    EntityIdEmpty,
    /// No key. A verifier without a key would have nothing to verify with.
    #[error("the identity provider has no key")]
    NoKeys,
    /// More than twenty keys.
    #[error("the identity provider has more than {MAX_KEYS} keys")]
    TooManyKeys,
}

/// One identity provider: its entity id, and the keys it may sign with (several while it rolls over).
#[derive(Clone, Debug)]
pub struct Trust {
    idp_entity_id: String,
    keys: Vec<Certificate>,
}

impl Trust {
    /// Trust in the given keys, of which there must be at least one.
    pub fn new(idp_entity_id: impl Into<String>, keys: Vec<Certificate>) -> Result<Self, TrustError> {
        let idp_entity_id = idp_entity_id.into();
        if idp_entity_id.is_empty() {
            return Err(TrustError::EntityIdEmpty);
        }
        match keys.len() {
            0 => Err(TrustError::NoKeys),
            1..=MAX_KEYS => Ok(Self { idp_entity_id, keys }),
            _ => Err(TrustError::TooManyKeys),
        }
    }

    /// The identity provider's entity id.
    pub fn idp_entity_id(&self) -> &str {
        &self.idp_entity_id
    }

    /// The keys it may sign with; never empty.
    pub fn keys(&self) -> &[Certificate] {
        &self.keys
    }
}
