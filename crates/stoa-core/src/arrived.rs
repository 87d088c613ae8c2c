//! What an identity provider sent, as far as an administrator's test page shows it.
//!
//! It exists only for a proven message. It goes onto that page, or under the seal of a test login, and nowhere else:
//! not into steps, not into the log.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::fault::quote;

/// Attributes that are shown; more have no use on a page.
const MAX_ATTRIBUTES: usize = 30;

/// Names and values as they came, cut to what a page can show, beside what the connection wants of them.
#[derive(Clone, Serialize, Deserialize)]
pub struct Arrived {
    #[serde(rename = "a")]
    attributes: Vec<(String, String)>,
    #[serde(rename = "w")]
    wanted: Vec<(Purpose, String)>,
}

/// What an attribute or claim is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To name the person for ever.
    #[serde(rename = "s")]
    Subject,
    /// The e-mail address.
    #[serde(rename = "e")]
    Email,
    /// The given name.
    #[serde(rename = "f")]
    FirstName,
    /// The family name.
    #[serde(rename = "l")]
    LastName,
    /// The groups.
    #[serde(rename = "g")]
    Groups,
    /// The company.
    #[serde(rename = "c")]
    Company,
}

impl Purpose {
    /// In the names of messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Email => "email",
            Self::FirstName => "first-name",
            Self::LastName => "last-name",
            Self::Groups => "groups",
            Self::Company => "company",
        }
    }
}

impl Arrived {
    /// Takes what came. Each attribute's values become one line of at most 200 characters.
    pub(crate) fn new<'a>(sent: impl IntoIterator<Item = (&'a str, &'a [String])>, connection: &Connection) -> Self {
        let line = |(name, values): (&str, &[String])| (quote(name), quote(&values.join(", ")));
        Self { attributes: sent.into_iter().take(MAX_ATTRIBUTES).map(line).collect(), wanted: wanted(connection) }
    }

    /// Every attribute and its values.
    pub fn attributes(&self) -> &[(String, String)] {
        &self.attributes
    }

    /// What was wanted for what, and what it got: empty where nothing of that name came.
    pub fn wanted(&self) -> impl Iterator<Item = (Purpose, &str, String)> {
        self.wanted.iter().map(|(purpose, name)| {
            let values = self.attributes.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
            (*purpose, name.as_str(), values.collect::<Vec<_>>().join(", "))
        })
    }
}

fn wanted(connection: &Connection) -> Vec<(Purpose, String)> {
    let names = connection.attribute_names();
    let mut wanted: Vec<_> = connection.subject_from().iter().map(|name| (Purpose::Subject, name.clone())).collect();
    wanted.extend([
        (Purpose::Email, names.email.clone()),
        (Purpose::FirstName, names.first_name.clone()),
        (Purpose::LastName, names.last_name.clone()),
        (Purpose::Groups, names.groups.clone()),
    ]);
    wanted.extend(names.company.clone().map(|name| (Purpose::Company, name)));
    wanted
}

impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrived([redacted])")
    }
}
