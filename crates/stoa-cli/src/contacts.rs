//! Whom to call: the contacts of a connection's file, those first who can put it right.

use stoa_core::connection::{ConnectionDocument, ContactAt, ContactDocument, ContactRole};
use stoa_core::fault::Actor;

/// Those who can act, by what they can put right. `None` of them acts where on call does.
pub(crate) fn of(document: &ConnectionDocument, actor: Actor) -> Vec<&ContactDocument> {
    let (at, role) = match actor {
        Actor::IdpAdministrator => (ContactAt::Customer, ContactRole::Administrator),
        Actor::SchoolAdministrator => (ContactAt::School, ContactRole::Administrator),
        Actor::Person => (ContactAt::Customer, ContactRole::HelpDesk),
        Actor::OnCall => return Vec::new(),
    };
    let there: Vec<_> = document.contact.iter().filter(|contact| contact.at == at).collect();
    let with = |role| there.iter().copied().filter(|contact| contact.role == role).collect::<Vec<_>>();
    [with(role), with(ContactRole::Sponsor), there.clone()]
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// A contact on one line.
pub(crate) fn line(contact: &ContactDocument) -> String {
    let ContactDocument { name, role, at, email, phone, hours, language } = contact;
    let mut parts = vec![format!("{name} ({}, {})", role.as_str(), at.as_str())];
    parts.extend([email, phone, hours].into_iter().flatten().cloned());
    parts.extend(language.as_ref().map(|language| format!("writes {language}")));
    parts.join("   ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn contact(role: ContactRole, at: ContactAt) -> ContactDocument {
        let (email, phone, hours, language) = (Some("a@acme.com".to_owned()), None, None, None);
        ContactDocument { name: role.as_str().to_owned(), role, at, email, phone, hours, language }
    }

    #[test]
    fn whoever_can_act_comes_first_and_otherwise_somebody_at_the_same_place() {
        let text = "id = \"pg\"\ncustomer = \"pg\"\nschool = \"pg\"\ndomains = [\"pg.com\"]\n";
        let mut document: ConnectionDocument = toml::from_str(text).unwrap();
        let names = |document: &ConnectionDocument, actor| {
            of(document, actor).iter().map(|contact| contact.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&document, Actor::IdpAdministrator), [""; 0]);
        document.contact =
            vec![contact(ContactRole::Security, ContactAt::Customer), contact(ContactRole::Sponsor, ContactAt::School)];
        assert_eq!(names(&document, Actor::IdpAdministrator), ["security"]);
        assert_eq!(names(&document, Actor::SchoolAdministrator), ["sponsor"]);
        document.contact.push(contact(ContactRole::Administrator, ContactAt::Customer));
        document.contact.push(contact(ContactRole::HelpDesk, ContactAt::Customer));
        assert_eq!(names(&document, Actor::IdpAdministrator), ["administrator"]);
        assert_eq!(names(&document, Actor::Person), ["help_desk"]);
        assert_eq!(names(&document, Actor::OnCall), [""; 0]);
        assert_eq!(line(&document.contact[2]), "administrator (administrator, customer)   a@acme.com");
    }
}
