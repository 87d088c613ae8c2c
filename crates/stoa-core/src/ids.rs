//! Names that travel in URLs, keys and cookies, parsed once.

use std::fmt;

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

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses `[a-z0-9-]{1,40}`.
            pub fn parse(text: &str) -> Result<Self, BadName> {
                if is_name(text) { Ok(Self(text.to_owned())) } else { Err(BadName) }
            }

            /// The name itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
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
    ConnectionId
}
name_type! {
    /// One Thinkific school.
    SchoolId
}
name_type! {
    /// One customer, who may have several connections.
    CustomerId
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
mod tests {
    use super::*;

    #[test]
    fn a_reference_survives_being_read_out() {
        let reference = Reference::from_random([0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10]);
        let spoken = reference.to_string().to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(Reference::parse(&spoken), Ok(reference));
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
