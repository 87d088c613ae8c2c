//! The link by which a customer's administrator tests a connection and is shown what strangers must not see.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ConnectionId;
use crate::keys::Secret32;

/// How long a link works.
const TESTER_SECONDS: i64 = 72 * 3600;

/// A link's key as the connection's item holds it: not the key, and not for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tester {
    /// Hash of the key.
    pub hash: String,
    /// Until when the link works, in epoch seconds.
    pub until: i64,
}

impl Tester {
    /// The item's part of a new link.
    pub fn new(connection: &ConnectionId, key: &Secret32, now: Timestamp) -> Self {
        Self { hash: hash(connection, key), until: now.as_second() + TESTER_SECONDS }
    }

    /// Whether a key that came in an address opens the link.
    pub fn admits(&self, connection: &ConnectionId, unverified_key: &str, now: Timestamp) -> bool {
        let key = Secret32::from_base64(unverified_key);
        now.as_second() < self.until && key.is_some_and(|key| hash(connection, &key) == self.hash)
    }
}

/// Hashes of random keys: where two differ tells nothing about either.
fn hash(connection: &ConnectionId, key: &Secret32) -> String {
    key.derive("test link", &[connection.as_str().as_bytes()]).to_base64()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_for_its_own_key_at_its_own_connection_for_three_days() {
        let (pg, other) = (ConnectionId::parse("pg").unwrap(), ConnectionId::parse("pg-two").unwrap());
        let at = |hours: i64| Timestamp::from_second(1_790_000_000 + hours * 3600).unwrap();
        let key = Secret32::new([7; 32]);
        let tester = Tester::new(&pg, &key, at(0));
        assert!(tester.admits(&pg, &key.to_base64(), at(0)) && tester.admits(&pg, &key.to_base64(), at(71)));
        assert!(!tester.admits(&pg, &key.to_base64(), at(72)));
        assert!(!tester.admits(&other, &key.to_base64(), at(0)));
        for wrong in ["", "1", &Secret32::new([8; 32]).to_base64(), &tester.hash] {
            assert!(!tester.admits(&pg, wrong, at(0)), "{wrong}");
        }
    }
}
