//! The bearer tokens by which a connection's SCIM client is known.

use std::fmt;

use aws_lc_rs::constant_time;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::ConnectionId;
use crate::keys::Pepper;

/// How many tokens of a connection are live at once: the one in use, and the one that follows it.
pub const LIVE_TOKENS: usize = 2;
/// What every token begins with, so that whoever finds one knows what it is.
const PREFIX: &str = "stoa_scim_";
/// Longer ones are nobody's.
const MOST_BYTES: usize = 256;

/// A token, as a client sends it. Never printed but once.
pub struct ScimToken(String);

impl ScimToken {
    /// Of 32 random bytes.
    pub fn from_random(random: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// From the header `Authorization` (RFC 6750 §2.1). The scheme's case does not matter.
    pub fn from_header(header: &str) -> Option<Self> {
        let (scheme, token) = header.trim().split_once(' ')?;
        let token = token.trim();
        let is_token = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MOST_BYTES;
        is_token.then(|| Self(token.to_owned()))
    }

    /// For the one who asked for it, once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn hash(&self, connection: &ConnectionId, pepper: &Pepper) -> TokenHash {
        TokenHash(URL_SAFE_NO_PAD.encode(pepper.index("scim token", &[connection.as_str(), &self.0])))
    }
}

impl fmt::Debug for ScimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScimToken([redacted])")
    }
}

/// What is stored of a token: HMAC of connection and token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl TokenHash {
    fn same_as(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

/// A token that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveToken {
    /// Names it for whoever revokes it; no secret.
    pub id: String,
    /// What is stored of it.
    pub hash: TokenHash,
    /// When it was made, in epoch seconds.
    pub created: i64,
    /// Until when it counts, in epoch seconds; absent: until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// The ARN of who made it.
    pub by: String,
}

/// A connection's tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensItem {
    /// The item's format.
    pub v: u8,
    /// Counts the changes: each write compares it.
    pub rev: u64,
    /// Those that were not revoked, the oldest first.
    pub tokens: Vec<LiveToken>,
}

impl TokensItem {
    /// The token that this is, if it counts. Each is compared, in time that does not depend on where they differ.
    pub fn find(&self, hash: &TokenHash, now: Timestamp) -> Option<&LiveToken> {
        let same =
            self.tokens.iter().fold(None, |found, token| if token.hash.same_as(hash) { Some(token) } else { found });
        same.filter(|token| token.is_live(now))
    }

    /// When the last of them ends; none, where there is none, or one that does not end.
    pub fn last_end(&self) -> Option<Timestamp> {
        let ends = self.tokens.iter().map(|token| token.expires.unwrap_or(i64::MAX));
        Timestamp::from_second(ends.max()?).ok()
    }
}

impl LiveToken {
    /// Whether it has not expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now.as_second() < expires)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::KeySet;

    #[test]
    fn a_token_is_of_one_connection_and_counts_until_it_expires() {
        let pepper = Pepper::from_keys(&KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"x"}]}"#).unwrap());
        let [acme, globex] = ["acme", "globex"].map(|id| ConnectionId::parse(id).unwrap());
        let token = ScimToken::from_random([7; 32]);
        assert!(token.expose().starts_with(PREFIX) && !format!("{token:?}").contains(token.expose()));
        let live = LiveToken {
            id: "1".to_owned(),
            hash: token.hash(&acme, &pepper),
            created: 0,
            expires: Some(100),
            by: String::new(),
        };
        let item = TokensItem { v: 1, rev: 1, tokens: vec![live] };
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(item.find(&token.hash(&acme, &pepper), at(99)).is_some());
        assert!(item.find(&token.hash(&acme, &pepper), at(100)).is_none());
        assert!(item.find(&token.hash(&globex, &pepper), at(99)).is_none());
        assert!(item.find(&ScimToken::from_random([8; 32]).hash(&acme, &pepper), at(99)).is_none());
    }

    #[test]
    fn a_header_has_a_token_or_none() {
        let read = |header: &str| ScimToken::from_header(header).map(|token| token.expose().to_owned());
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc", &format!("Bearer {}", "x".repeat(257))] {
            assert_eq!(read(bad), None, "{bad:.20}");
        }
    }
}
