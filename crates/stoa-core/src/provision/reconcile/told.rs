//! What the school is told of a person.

use crate::connection::Connection;
use crate::directory::Desired;
use crate::identity::email_key;
use crate::ids::{DetailsKey, EmailKey};
use crate::keys::Pepper;
use crate::provision::call::names;

/// What the school is told of a person, as stoa remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Name and address.
    pub fingerprint: DetailsKey,
    /// The address alone.
    pub email_key: EmailKey,
}

impl Told {
    /// Of a person; `None`: they have no address.
    pub fn new(desired: &Desired, connection: &Connection, pepper: &Pepper) -> Option<Self> {
        let email = desired.email.as_ref()?;
        let (first_name, last_name) = names(desired, email);
        let told = [email.as_str(), &first_name, &last_name, ""];
        Some(Self {
            fingerprint: DetailsKey::from_bytes(pepper.index("fingerprint", &told)),
            email_key: email_key(connection.school(), email, pepper),
        })
    }
}
