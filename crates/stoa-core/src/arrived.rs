//! What an identity provider sent, as far as an administrator's test page shows it.
//!
//! It exists only for a message whose signature was good, whether or not the rest of it was. It goes onto that page, or under the seal of a test login, and nowhere else:
//! not into steps, not into the log.

use std::fmt;

use serde::{Deserialize, Serialize};
use stoa_saml::UnverifiedStatements;

use crate::connection::{Connection, NAME_ID};
use crate::quote::quote;

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
    /// To name them as before, while people are moved.
    #[serde(rename = "p")]
    PreviousSubject,
    /// The e-mail address.
    #[serde(rename = "e")]
    Email,
    /// The given name.
    #[serde(rename = "f")]
    FirstName,
    /// The family name.
    #[serde(rename = "l")]
    LastName,
    /// The names of the groups that were sent.
    #[serde(rename = "g")]
    Groups,
    /// The company that was sent.
    #[serde(rename = "c")]
    Company,
}

impl Purpose {
    /// In the names of messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::PreviousSubject => "previous-subject",
            Self::Email => "email",
            Self::FirstName => "first-name",
            Self::LastName => "last-name",
            Self::Groups => "groups",
            Self::Company => "company",
        }
    }
}

impl Arrived {
    /// Takes what came, first what is wanted, so that this is never what is cut off. Each attribute's values become one
    /// line of at most 200 characters; one that was longer says so, and how many values there were.
    pub(crate) fn new<'a>(sent: impl IntoIterator<Item = (&'a str, &'a [String])>, connection: &Connection) -> Self {
        let wanted = wanted(connection);
        let line = |(name, values): (&str, &[String])| (quote(name), shown(values));
        let mut sent: Vec<_> = sent.into_iter().collect();
        sent.sort_by_key(|(name, _)| !wanted.iter().any(|(_, own)| own == name));
        Self { attributes: sent.into_iter().take(MAX_ATTRIBUTES).map(line).collect(), wanted }
    }

    /// The same of claims.
    pub(crate) fn of_claims(claims: &[(String, Vec<String>)], connection: &Connection) -> Self {
        Self::new(claims.iter().map(|(name, values)| (name.as_str(), values.as_slice())), connection)
    }

    /// The same of a SAML Assertion that was signed and refused.
    pub(crate) fn of_statements(said: &UnverifiedStatements, connection: &Connection) -> Self {
        let name_id = said.name_id.iter().map(|name_id| (NAME_ID, std::slice::from_ref(&name_id.value)));
        let attributes = said.attributes.iter().map(|sent| (sent.name.as_str(), sent.values.as_slice()));
        Self::new(name_id.chain(attributes), connection)
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

fn shown(values: &[String]) -> String {
    let all = values.join(", ").replace(char::is_control, "");
    let shown = quote(&all);
    match values.len() {
        _ if shown.len() == all.len() => shown,
        0 | 1 => format!("{shown}…"),
        several => format!("{shown}… ({several})"),
    }
}

fn wanted(connection: &Connection) -> Vec<(Purpose, String)> {
    let names = connection.attribute_names();
    let mut wanted: Vec<_> = connection.subject_from().iter().map(|name| (Purpose::Subject, name.clone())).collect();
    let previous = connection.previous_subject_from().iter();
    wanted.extend(previous.map(|name| (Purpose::PreviousSubject, name.clone())));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::{ConnectionState, UrlPolicy};

    #[test]
    fn what_is_cut_says_so() {
        let values = |count, long: usize| vec!["x".repeat(long); count];
        assert_eq!(shown(&values(2, 99)), format!("{0}, {0}", "x".repeat(99)));
        assert_eq!(shown(&values(1, 201)), format!("{}…", "x".repeat(200)));
        assert!(shown(&values(200, 40)).ends_with("x… (200)"));
        assert_eq!(shown(&["a\u{1b}b".to_owned()]), "ab");
    }

    #[test]
    fn what_is_wanted_is_shown_however_much_came() {
        let text = "id = \"pg\"\ncustomer = \"pg\"\nschool = \"s\"\ndomains = [\"pg.com\"]\n\
            [workos]\nclient_id = \"client_1\"\norganization = \"org_1\"\n";
        let connection =
            Connection::check(toml::from_str(text).unwrap(), 1, ConnectionState::Active, UrlPolicy::Https).unwrap();
        let others: Vec<String> = (0..40).map(|i| format!("a{i}")).collect();
        let value = ["m@pg.com".to_owned()];
        let names = others.iter().map(String::as_str).chain(["email"]);
        let arrived = Arrived::new(names.map(|name| (name, &value[..])), &connection);
        assert_eq!(arrived.attributes().len(), MAX_ATTRIBUTES);
        let email = arrived.wanted().find(|(purpose, ..)| *purpose == Purpose::Email);
        assert_eq!(email, Some((Purpose::Email, "email", "m@pg.com".to_owned())));
        let group = arrived.wanted().find(|(purpose, ..)| *purpose == Purpose::Groups);
        assert_eq!(group, Some((Purpose::Groups, "groups", String::new())));
    }
}
