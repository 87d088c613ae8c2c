//! Whom a connection believes: an identity provider and the keys that it may sign with.

use std::sync::atomic::{AtomicUsize, Ordering};

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
    last: LastVerified,
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
            1..=MAX_KEYS => Ok(Self { idp_entity_id, keys, last: LastVerified::default() }),
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

    pub(crate) fn candidates(&self) -> Candidates<'_> {
        Candidates { keys: &self.keys, last: Some(&self.last) }
    }
}

/// Which key verified last. It decides about the order in which keys are tried, and about nothing else.
#[derive(Debug, Default)]
struct LastVerified(AtomicUsize);

impl Clone for LastVerified {
    fn clone(&self) -> Self {
        Self(AtomicUsize::new(self.0.load(Ordering::Relaxed)))
    }
}

/// The keys that may have made a signature.
#[derive(Clone, Copy)]
pub(crate) struct Candidates<'a> {
    keys: &'a [Certificate],
    last: Option<&'a LastVerified>,
}

impl<'a> Candidates<'a> {
    /// Keys that are used once.
    pub(crate) fn of(keys: &'a [Certificate]) -> Self {
        Self { keys, last: None }
    }

    pub(crate) fn all(self) -> &'a [Certificate] {
        self.keys
    }

    /// The key that verified last, which is most likely the one, then the others.
    pub(crate) fn in_order(self) -> impl Iterator<Item = (usize, &'a Certificate)> {
        let first = self.last.map_or(0, |last| last.0.load(Ordering::Relaxed));
        let keys = self.keys.iter().enumerate();
        let others = keys.clone().filter(move |&(index, _)| index != first);
        keys.skip(first).take(1).chain(others)
    }

    pub(crate) fn remember(self, index: usize) {
        if let Some(last) = self.last {
            last.0.store(index, Ordering::Relaxed);
        }
    }
}
