//! What a column of a customer's file says of a person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a column says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The address. Without it nobody can be made.
    Email,
    /// The id by which the HR system knows the person, whatever becomes of name and address.
    ExternalId,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// Which part of the customer they work for.
    Company,
    /// What they belong to: one name, or several with `|` between them.
    Groups,
    /// Whether they are there.
    Status,
}

impl Column {
    /// Every column.
    pub const ALL: &[Self] =
        &[Self::Email, Self::ExternalId, Self::FirstName, Self::LastName, Self::Company, Self::Groups, Self::Status];

    /// As it stands in a connection's file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::ExternalId => "external_id",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Company => "company",
            Self::Groups => "groups",
            Self::Status => "status",
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
