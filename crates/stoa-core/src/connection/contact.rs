//! Whom to call about a connection: for whoever is on call, and for nothing that a function does.

use serde::{Deserialize, Serialize};

use super::error::ConnectionError;
use crate::email::Email;
use crate::invisible::is_invisible;

/// The most contacts of one connection. Functions read the document at each login.
const MOST: usize = 10;
/// The longest text of a contact, in characters.
const LONGEST: usize = 100;

/// Somebody to call about a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactDocument {
    /// Their name, or that of their team.
    pub name: String,
    /// What they can put right.
    pub role: ContactRole,
    /// Where they work.
    #[serde(default, skip_serializing_if = "is_customer")]
    pub at: ContactAt,
    /// Their address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their number, with the country's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// When they can be reached, with the time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    /// The language to write to them in (ISO 639-1, two letters). Absent: English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// What somebody can put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    /// The settings of the identity provider, or of the school.
    Administrator,
    /// The records of people: addresses, names, groups.
    Records,
    /// The people themselves: what they see and try again.
    HelpDesk,
    /// Stolen keys, attacks, fingerprints to be read out.
    Security,
    /// Whatever nobody else decides.
    Sponsor,
}

impl ContactRole {
    /// As it is written in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Records => "records",
            Self::HelpDesk => "help_desk",
            Self::Security => "security",
            Self::Sponsor => "sponsor",
        }
    }
}

/// Where somebody works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactAt {
    /// At the customer, whose identity provider it is.
    #[default]
    Customer,
    /// At the school.
    School,
}

impl ContactAt {
    /// As it is written in a file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::School => "school",
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_customer(at: &ContactAt) -> bool {
    *at == ContactAt::Customer
}

/// Checks that each can be reached, and that nothing in them is more than a line.
pub(super) fn check_contacts(contacts: &[ContactDocument]) -> Result<(), ConnectionError> {
    if contacts.len() > MOST {
        return Err(ConnectionError::TooManyContacts(MOST));
    }
    contacts.iter().try_for_each(check)
}

fn check(contact: &ContactDocument) -> Result<(), ConnectionError> {
    let bad = |what| Err(ConnectionError::BadContact(contact.name.clone(), what));
    let ContactDocument { name, role: _, at: _, email, phone, hours, language } = contact;
    let is_line =
        |text: &str| !text.trim().is_empty() && text.chars().count() <= LONGEST && !text.chars().any(is_invisible);
    if !is_line(name) {
        return bad("name: one line of at most 100 characters");
    }
    if email.is_none() && phone.is_none() {
        return bad("an email or a phone is missing");
    }
    if email.as_deref().is_some_and(|email| Email::parse(email).is_err()) {
        return bad("email: no address");
    }
    let is_number = |text: &str| {
        text.starts_with('+') && text.chars().all(|c| c.is_ascii_digit() || " +-()./x".contains(c)) && is_line(text)
    };
    if phone.as_deref().is_some_and(|phone| !is_number(phone)) {
        return bad("phone: a number with its country's code, like +1 513 555 0100");
    }
    if hours.as_deref().is_some_and(|hours| !is_line(hours)) {
        return bad("hours: one line of at most 100 characters");
    }
    let is_tag = |tag: &str| tag.len() == 2 && tag.bytes().all(|byte| byte.is_ascii_lowercase());
    if language.as_deref().is_some_and(|tag| !is_tag(tag)) {
        return bad("language: two letters, like en or es");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> ContactDocument {
        ContactDocument {
            name: "Ann Admin".into(),
            role: ContactRole::Administrator,
            at: ContactAt::Customer,
            email: Some("ann@acme.com".into()),
            phone: Some("+1 (513) 555-0100 x7".into()),
            hours: Some("Mon–Fri 8–17, America/New_York".into()),
            language: Some("es".into()),
        }
    }

    #[test]
    fn a_contact_can_be_reached_and_is_a_line() {
        assert_eq!(check_contacts(&[ann()]), Ok(()));
        assert_eq!(check_contacts(&[ContactDocument { phone: None, ..ann() }]), Ok(()));
        for (wrong, about) in [
            (ContactDocument { name: " ".into(), ..ann() }, "name"),
            (ContactDocument { name: "Ann\nor Bob".into(), ..ann() }, "name"),
            (ContactDocument { name: "a".repeat(101), ..ann() }, "name"),
            (ContactDocument { email: None, phone: None, ..ann() }, "an email or a phone"),
            (ContactDocument { email: Some("ann".into()), ..ann() }, "email"),
            (ContactDocument { phone: Some("513 555 0100".into()), ..ann() }, "phone"),
            (ContactDocument { phone: Some("+1; touch".into()), ..ann() }, "phone"),
            (ContactDocument { hours: Some("\u{202e}".into()), ..ann() }, "hours"),
            (ContactDocument { language: Some("English".into()), ..ann() }, "language"),
        ] {
            let refused = check_contacts(&[ann(), wrong]);
            assert!(matches!(refused, Err(ConnectionError::BadContact(_, what)) if what.starts_with(about)), "{about}");
        }
        assert_eq!(check_contacts(&vec![ann(); 11]), Err(ConnectionError::TooManyContacts(10)));
    }
}
