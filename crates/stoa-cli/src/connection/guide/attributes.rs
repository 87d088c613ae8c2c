//! What must be sent of a person: the names that this connection wants, and where the product has the values.

use stoa_core::arrived::Purpose;
use stoa_core::connection::{Connection, Preset};

/// By which protocol the values travel, since consoles name their sources differently.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Travel {
    Saml,
    Oidc,
    Workos,
}

/// Rows of name and source, the subject first. SAML's NameID is not among them.
pub(super) fn rows(connection: &Connection, travel: Travel) -> Vec<(String, String)> {
    let names = connection.attribute_names();
    let subject = connection.subject_from().iter().filter(|name| *name != "name_id");
    let mut wanted: Vec<(&str, Purpose)> = subject.map(|name| (name.as_str(), Purpose::Subject)).collect();
    let previous = connection.previous_subject_from().iter().filter(|name| *name != "name_id");
    wanted.extend(previous.map(|name| (name.as_str(), Purpose::PreviousSubject)));
    wanted.push((&names.email, Purpose::Email));
    wanted.push((&names.first_name, Purpose::FirstName));
    wanted.push((&names.last_name, Purpose::LastName));
    wanted.extend(names.company.as_deref().map(|name| (name, Purpose::Company)));
    if !connection.document().admit.groups.is_empty() {
        wanted.push((&names.groups, Purpose::Groups));
    }
    // A subject that is also another attribute is sent once.
    let mut rows: Vec<(String, String)> = Vec::new();
    for (name, purpose) in wanted {
        if !rows.iter().any(|(own, _)| own == name) {
            rows.push((name.to_owned(), source(connection.document().preset, travel, purpose, name)));
        }
    }
    rows
}

fn source(preset: Preset, travel: Travel, purpose: Purpose, name: &str) -> String {
    let what = match purpose {
        Purpose::Subject => "a permanent identifier of the person: never changed, never reassigned",
        Purpose::PreviousSubject => "what identified the person until now; people must not be able to edit it",
        Purpose::Email => "the email address",
        Purpose::FirstName => "the first name",
        Purpose::LastName => "the last name",
        Purpose::Company => "the company, if there is one",
        Purpose::Groups => "the person's groups",
    };
    match console(preset, travel, purpose, name) {
        Some(console) => format!("{console}   ({what})"),
        None => what.to_owned(),
    }
}

/// The product's own word for the source.
fn console(preset: Preset, travel: Travel, purpose: Purpose, name: &str) -> Option<&'static str> {
    match (preset, travel, purpose) {
        (_, Travel::Oidc, Purpose::Subject) if matches!(name, "sub" | "tid" | "oid") => Some("sent by default"),
        (Preset::Okta, Travel::Saml, Purpose::Subject) => Some("user.id"),
        (Preset::Okta, Travel::Saml, Purpose::Email) => Some("user.email"),
        (Preset::Okta, Travel::Saml, Purpose::FirstName) => Some("user.firstName"),
        (Preset::Okta, Travel::Saml, Purpose::LastName) => Some("user.lastName"),
        (Preset::Okta, Travel::Saml, Purpose::Company) => Some("user.organization"),
        (Preset::Okta, Travel::Saml, Purpose::Groups) => Some("Group Attribute Statements, Matches regex .*"),
        (Preset::Okta, Travel::Oidc, Purpose::Groups) => Some("Sign On > Group claims filter, Matches regex .*"),
        (Preset::Entra, Travel::Saml, Purpose::Subject) if name.starts_with("http://schemas.microsoft.com/") => {
            Some("sent by default")
        }
        (Preset::Entra, Travel::Saml, Purpose::Email) => Some("user.mail"),
        (Preset::Entra, Travel::Saml, Purpose::FirstName) => Some("user.givenname"),
        (Preset::Entra, Travel::Saml, Purpose::LastName) => Some("user.surname"),
        (Preset::Entra, Travel::Saml, Purpose::Company) => Some("user.companyname"),
        (Preset::Entra, Travel::Saml, Purpose::Groups) => {
            Some("Add a group claim > Groups assigned to the application, Group ID")
        }
        (Preset::Entra, Travel::Oidc, Purpose::Email | Purpose::FirstName | Purpose::LastName) => {
            Some("Token configuration > Add optional claim > ID")
        }
        (Preset::Entra, Travel::Oidc, Purpose::Groups) => {
            Some("Token configuration > Add groups claim > Groups assigned to the application, Group ID")
        }
        (Preset::Google, Travel::Saml, Purpose::Email) => Some("Primary email"),
        (Preset::Google, Travel::Saml, Purpose::FirstName) => Some("First name"),
        (Preset::Google, Travel::Saml, Purpose::LastName) => Some("Last name"),
        (Preset::Google, Travel::Saml, Purpose::Groups) => Some("Group membership"),
        _ => None,
    }
}
