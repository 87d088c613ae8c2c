//! The ids that a client is given. They are random and say nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is no id of ours.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an id is 32 hexadecimal digits in lower case")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Of 128 random bits.
            pub fn from_random(random: [u8; 16]) -> Self {
                Self(format!("{:032x}", u128::from_be_bytes(random)))
            }

            /// Parses its text.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
                if text.len() == 32 && text.bytes().all(is_hex) { Ok(Self(text.to_owned())) } else { Err(BadId) }
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A person of a connection's directory: SCIM's `id`.
    UserId;
    /// A group of a connection's directory: SCIM's `id`.
    GroupId;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_random_and_of_one_form() {
        let id = UserId::from_random([0; 16]);
        assert_eq!(id.as_str(), "00000000000000000000000000000000");
        assert_eq!(UserId::parse(id.as_str()), Ok(id));
        for bad in ["", "0", "G0000000000000000000000000000000", "0000000000000000000000000000000A", "#"] {
            assert_eq!(GroupId::parse(bad), Err(BadId), "{bad:?}");
        }
    }
}
