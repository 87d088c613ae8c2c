//! What a connection is configured with: whom it believes, and how far clocks may differ.

use jiff::SignedDuration;

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

/// A tolerated clock difference above the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a clock difference of more than {} seconds is not tolerated", Skew::MAX_SECONDS)]
pub struct SkewError;

/// How far the identity provider's clock may differ from ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew(u16);

impl Skew {
    /// The largest difference that can be configured.
    pub const MAX_SECONDS: u16 = 300;

    /// A difference of up to [`Skew::MAX_SECONDS`].
    pub fn from_seconds(seconds: u16) -> Result<Self, SkewError> {
        if seconds <= Self::MAX_SECONDS { Ok(Self(seconds)) } else { Err(SkewError) }
    }

    /// The difference in seconds.
    pub fn seconds(self) -> u16 {
        self.0
    }

    pub(crate) fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.0))
    }
}

impl Default for Skew {
    fn default() -> Self {
        Self(120)
    }
}
