//! Everything that a launch reads, in one batch of consistent reads.

use serde::de::DeserializeOwned;
use stoa_core::connection::{Connection, School};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::login::LoginItem;
use stoa_core::person::{EmailItem, PersonItem};
use stoa_core::routes::Table;
use stoa_core::ticket::Ticket;

use super::{ConnectionItem, Item, Key, Reads, SchoolItem, Store, StoreError, read};

/// What a launch decides from. All of it is as of now.
#[derive(Debug)]
pub struct LaunchReads {
    /// The login's item, where it is still there.
    pub login: Option<LoginItem>,
    /// Its connection.
    pub connection: Connection,
    /// The connection's school.
    pub school: School,
    /// The person, where known.
    pub person: Option<PersonItem>,
    /// The owner of the e-mail address, where it has one.
    pub owner: Option<EmailItem>,
}

impl Store {
    /// Reads what the ticket names. Nothing in the ticket is believed yet.
    pub async fn launch_reads(&self, ticket: &Ticket) -> Result<LaunchReads, Failure> {
        let (login, connection) = (Key::login(&ticket.reference), Key::connection(&ticket.connection));
        let (school, person) = (Key::school(&ticket.school), Key::person(&ticket.person_key, &ticket.school));
        let keys = [login, connection, school, person, Key::email(&ticket.email_key)];
        let mut found = self.tables.batch("launch reads", keys.clone(), Reads::Consistent).await?;
        let [login, connection, school, person, owner] = keys.map(|key| {
            let place = found.iter().position(|(table, item)| key.is_of(*table, item))?;
            Some(found.swap_remove(place))
        });
        let unknown = || Failure::noted(Fault::ConnectionUnknown, ticket.connection.as_str());
        let broken = || Failure::noted(Fault::ConfigurationBroken, ticket.school.as_str());
        let connection: ConnectionItem = item(connection)?.ok_or_else(unknown)?;
        let school: SchoolItem = item(school)?.ok_or_else(broken)?;
        Ok(LaunchReads {
            connection: connection.connection(self.url_policy)?,
            school: school.school(self.url_policy)?,
            login: item(login)?,
            person: item(person)?,
            owner: item(owner)?,
        })
    }
}

fn item<T: DeserializeOwned>(found: Option<(Table, Item)>) -> Result<Option<T>, StoreError> {
    found.map(|(table, item)| read(table, item)).transpose()
}
