//! The ticket: what carries a proven identity from its proof to the launch.
//!
//! It travels in a `__Host-` cookie; from the Teams tab to the browser, in the code that becomes one. Besides the secret
//! it names the items that the launch will read, so that one batch of reads is enough; the launch derives those names
//! again from the identity and compares.

use crate::binding::{TICKET_COOKIE_PREFIX, TICKET_SECONDS};
use crate::ids::{BindingHash, ConnectionId, EmailKey, PersonKey, Reference, SchoolId, TicketHash};
use crate::keys::Secret32;

/// A ticket as the browser holds it. Nothing but `secret` is a secret, and nothing is believed until the seal opens.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The reference of the login.
    pub reference: Reference,
    /// Its connection.
    pub connection: ConnectionId,
    /// The connection's school.
    pub school: SchoolId,
    /// The person's key.
    pub person_key: PersonKey,
    /// The key of the e-mail address.
    pub email_key: EmailKey,
    /// Opens the seal, together with the functions' secret.
    pub secret: Secret32,
}

impl Ticket {
    /// The `Set-Cookie` value.
    pub fn set_cookie(&self) -> String {
        self.set_cookie_for(TICKET_SECONDS)
    }

    /// The same for so many seconds: of somebody who waits in the school's line.
    pub fn set_cookie_for(&self, seconds: i64) -> String {
        let (name, value) = (self.reference.as_str(), self.value());
        format!("{TICKET_COOKIE_PREFIX}{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}")
    }

    fn value(&self) -> String {
        let secret = self.secret.to_base64();
        format!("{}.{}.{}.{}.{secret}", self.connection, self.school, self.person_key, self.email_key)
    }

    /// What the Teams tab hands to the browser: everything that the cookie will hold.
    pub fn code(&self) -> String {
        format!("{}.{}", self.reference.as_str(), self.value())
    }

    /// Reads a [`Self::code`].
    pub fn from_code(code: &str) -> Option<Self> {
        let (reference, value) = code.split_once('.')?;
        Self::parse(&Reference::parse(reference).ok()?, value)
    }

    /// What the login's item holds of the code and of the hint that is shown with it, so that nobody is asked "Continue
    /// as …?" with another's address.
    pub fn code_hash(&self, hint: &str) -> BindingHash {
        BindingHash::from_bytes(
            self.secret.derive("teams code", &[self.code().as_bytes(), hint.as_bytes()]).into_hash(),
        )
    }

    /// The `Set-Cookie` value that drops the ticket of a login.
    pub fn drop_cookie(reference: &Reference) -> String {
        format!("{TICKET_COOKIE_PREFIX}{}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0", reference.as_str())
    }

    /// Finds a login's ticket among a request's cookies (`name=value` each).
    pub fn among<'a>(cookies: impl IntoIterator<Item = &'a str>, reference: &Reference) -> Option<Self> {
        cookies.into_iter().find_map(|cookie| {
            let (name, value) = cookie.trim().split_once('=')?;
            (name.strip_prefix(TICKET_COOKIE_PREFIX)? == reference.as_str()).then(|| Self::parse(reference, value))?
        })
    }

    fn parse(reference: &Reference, value: &str) -> Option<Self> {
        let parts: Vec<&str> = value.split('.').collect();
        let &[connection, school, person, email, secret] = parts.as_slice() else { return None };
        Some(Self {
            reference: reference.clone(),
            connection: ConnectionId::parse(connection).ok()?,
            school: SchoolId::parse(school).ok()?,
            person_key: PersonKey::parse(person).ok()?,
            email_key: EmailKey::parse(email).ok()?,
            secret: Secret32::from_base64(secret)?,
        })
    }

    /// What the login's item holds of the secret.
    pub fn hash(&self) -> TicketHash {
        TicketHash::from_bytes(self.secret.derive("ticket", &[self.reference.as_str().as_bytes()]).into_hash())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            reference: Reference::from_random([3; 8]),
            connection: ConnectionId::parse("pg").unwrap(),
            school: SchoolId::parse("academy").unwrap(),
            person_key: PersonKey::from_bytes([1; 24]),
            email_key: EmailKey::from_bytes([2; 24]),
            secret: Secret32::new([5; 32]),
        }
    }

    #[test]
    fn a_ticket_comes_back_from_its_cookie_and_no_other() {
        let ticket = ticket();
        let cookie = ticket.set_cookie();
        assert!(cookie.contains("SameSite=Lax") && cookie.contains("Max-Age=120") && cookie.contains("HttpOnly"));
        let pair = cookie.split(';').next().unwrap();
        let back = Ticket::among(["a=b", pair], &ticket.reference).unwrap();
        assert_eq!(back.hash(), ticket.hash());
        assert!(!pair.contains(ticket.hash().as_str()));
        assert!(Ticket::among([pair], &Reference::from_random([4; 8])).is_none());
        for broken in [&pair[..pair.len() - 1], &pair.replace("pg.", "PG."), &pair.replace('p', "%")] {
            assert!(Ticket::among([broken], &ticket.reference).is_none(), "{broken}");
        }
    }

    #[test]
    fn a_code_comes_back_and_is_bound_to_its_hint() {
        let ticket = ticket();
        let back = Ticket::from_code(&ticket.code()).unwrap();
        assert_eq!((back.hash(), back.reference), (ticket.hash(), ticket.reference.clone()));
        assert_ne!(ticket.code_hash("m…@pg.com"), ticket.code_hash("a…@pg.com"));
        assert_ne!(ticket.code_hash("").as_str(), ticket.hash().as_str());
        for broken in ["", ".", &ticket.code()[1..], &format!("{}.", ticket.code())] {
            assert!(Ticket::from_code(broken).is_none(), "{broken}");
        }
    }
}
