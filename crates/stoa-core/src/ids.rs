//! Names that travel in URLs, keys and cookies, and hashes of what must not: each parsed once, and each a type of its
//! own, so that none is taken for another.

use std::fmt;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// A name was not of the form `[a-z0-9-]{1,40}`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a name has 1 to 40 characters of a-z, 0-9 and -, and does not begin or end with -")]
pub struct BadName;

fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A hash, a key or an attempt was not of its form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a hash is unpadded base64url of a certain length")]
pub struct BadHash;

/// Unpadded base64url of so many bytes.
fn is_base64(text: &str, bytes: usize) -> bool {
    text.len() == (bytes * 4).div_ceil(3) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $is_form:ident($($bytes:literal)?), $bad:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses its text.
            pub fn parse(text: &str) -> Result<Self, $bad> {
                if $is_form(text $(, $bytes)?) { Ok(Self(text.to_owned())) } else { Err($bad) }
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = $bad;
            fn try_from(text: String) -> Result<Self, $bad> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type! {
    /// One customer's identity provider joined to one school.
    ConnectionId, is_name(), BadName
}
name_type! {
    /// One Thinkific school.
    SchoolId, is_name(), BadName
}
name_type! {
    /// One customer, who may have several connections.
    CustomerId, is_name(), BadName
}

impl ConnectionId {
    /// That of the probe: what enters by it gets no further than the page of a test.
    pub fn probe() -> Self {
        Self("probe".to_owned())
    }

    /// Whether it is the probe's.
    pub fn is_probe(&self) -> bool {
        self.0 == "probe"
    }
}

/// A [`name_type!`] that holds so many bytes, as unpadded base64url.
macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        name_type! { $(#[$doc])* $name, is_base64($bytes), BadHash }

        impl $name {
            /// Of its bytes.
            pub fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(URL_SAFE_NO_PAD.encode(bytes))
            }
        }
    };
}

hash_type! {
    /// One try of one write: random, so that a write whose reply was lost recognises itself.
    Attempt, 16
}
hash_type! {
    /// What a login's item holds of the secret of the browser that began it.
    BindingHash, 32
}
hash_type! {
    /// What a login's item holds of its ticket.
    TicketHash, 32
}
hash_type! {
    /// What proved an identity: it names nobody and unlocks nothing, but by it the same proof twice is known from two
    /// proofs.
    ProofHash, 18
}
hash_type! {
    /// A customer's person, as the directory knows them: customer and stable subject, under the pepper.
    PersonKey, 24
}
hash_type! {
    /// An e-mail address in a school, as the directory knows it: both, under the pepper.
    EmailKey, 24
}
hash_type! {
    /// What a school is told of a person, under the pepper: the same as last time means nothing to tell.
    DetailsKey, 24
}
hash_type! {
    /// An `external_id` in a school, as the mirror knows it: both, under the pepper.
    BoundKey, 24
}
hash_type! {
    /// A domain of e-mail addresses as one person's item has it: HMAC of school, person and domain.
    DomainKey, 24
}

impl ProofHash {
    /// Of a connection's issuer, and the id of its assertion or its code.
    pub fn new(connection: &ConnectionId, issuer: &str, proof: &str) -> Self {
        let text = format!("{connection}\0{issuer}\0{proof}");
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        let mut bytes = [0; 18];
        bytes.copy_from_slice(&digest.as_ref()[..18]);
        Self::from_bytes(bytes)
    }
}

impl BindingHash {
    /// Of a login that begins with its proof: the browser has no secret of it but the ticket.
    pub fn of_ticket(ticket: &TicketHash) -> Self {
        Self(ticket.as_str().to_owned())
    }
}

/// A course of a school, by Thinkific's number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CourseId(pub u64);

impl fmt::Display for CourseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person reads out when a login failed: twelve letters and digits, `7KQ3-9FXM-2B4T`.
///
/// It names a login in tables, logs and pages. It is never a credential, a state or a RelayState.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// A reference was not twelve Crockford base32 characters.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a reference is twelve letters and digits, like 7KQ3-9FXM-2B4T")]
pub struct BadReference;

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Reference {
    /// Makes a reference of 60 random bits.
    pub fn from_random(random: [u8; 8]) -> Self {
        let bits = u64::from_be_bytes(random);
        let letters =
            (0..12).map(|i| char::from(CROCKFORD[usize::try_from((bits >> (5 * i)) & 31).unwrap_or_default()]));
        Self(letters.collect())
    }

    /// Parses what a person typed or a cookie carries: case, dashes and spaces do not matter; `O` is 0, `I` and `L`
    /// are 1, as in Crockford's base32.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let letters: String = text
            .chars()
            .filter(|c| !matches!(c, '-' | ' '))
            .map(|c| match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        if letters.len() == 12 && letters.bytes().all(|b| CROCKFORD.contains(&b)) {
            Ok(Self(letters))
        } else {
            Err(BadReference)
        }
    }

    /// Without dashes: the key of the login's item and part of cookie names.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reference {
    type Error = BadReference;
    fn try_from(text: String) -> Result<Self, BadReference> {
        Self::parse(&text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", &self.0[..4], &self.0[4..8], &self.0[8..])
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_survives_being_read_out() {
        let reference = Reference::from_random([0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10]);
        let spoken = reference.to_string().to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(Reference::parse(&spoken), Ok(reference));
    }

    #[test]
    fn a_hash_is_base64url_of_its_own_length() {
        let attempt = Attempt::from_bytes([255; 16]);
        assert_eq!(Attempt::parse(attempt.as_str()), Ok(attempt.clone()));
        for bad in ["", &attempt.as_str()[1..], &format!("{attempt}A"), &attempt.as_str().replace('_', "/")] {
            assert_eq!(Attempt::parse(bad), Err(BadHash), "{bad:?}");
        }
        assert_eq!(BindingHash::from_bytes([0; 32]).as_str().len(), 43);
        assert_eq!(PersonKey::from_bytes([0; 24]).as_str().len(), 32);
    }

    #[test]
    fn a_proof_is_the_same_in_its_own_connection_and_of_its_own_issuer_only() {
        let pg = ConnectionId::parse("pg").unwrap();
        let proof = |connection: &ConnectionId, issuer, id| ProofHash::new(connection, issuer, id);
        // As it is in items in the field.
        assert_eq!(proof(&pg, "https://idp.example", "A-1").as_str(), "cp28_pY7eJ56OEKe2XPxlnKF");
        let other = ConnectionId::parse("other").unwrap();
        for another in [proof(&other, "https://idp.example", "A-1"), proof(&pg, "https://idp", ".exampleA-1")] {
            assert_ne!(another, proof(&pg, "https://idp.example", "A-1"));
        }
    }

    #[test]
    fn names_and_references_of_another_form_are_refused() {
        for bad in ["", "PG", "p_g", "-pg", "pg-", "p/g", "p\u{e9}", &"a".repeat(41)] {
            assert_eq!(ConnectionId::parse(bad), Err(BadName), "{bad:?}");
        }
        for bad in ["", "7KQ3-9FXM-2B4", "7KQ3-9FXM-2B4TT", "UUUU-UUUU-UUUU", "../../etc/pw", "7KQ39FXM2B4\u{e9}"] {
            assert_eq!(Reference::parse(bad), Err(BadReference), "{bad:?}");
        }
    }
}
