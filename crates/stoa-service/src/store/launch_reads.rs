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

/// What there is under the names that a ticket has. Nothing in the ticket is believed yet.
pub struct LaunchItems {
    /// The login, where there is one.
    pub login: Option<LoginItem>,
    connection: Found,
    school: Found,
    person: Found,
    owner: Found,
}

/// What a launch decides from. All of it is as of now.
#[derive(Debug)]
pub struct LaunchReads {
    /// The login's connection.
    pub connection: Connection,
    /// The connection's school.
    pub school: School,
    /// The person, where known.
    pub person: Option<PersonItem>,
    /// The owner of the e-mail address, where it has one.
    pub owner: Option<EmailItem>,
}

type Found = Option<(Table, Item)>;

impl Store {
    /// Reads what a ticket names.
    pub async fn launch_items(&self, ticket: &Ticket) -> Result<LaunchItems, Failure> {
        let (login, connection) = (Key::login(&ticket.reference), Key::connection(&ticket.connection));
        let (school, person) = (Key::school(&ticket.school), Key::person(&ticket.person_key, &ticket.school));
        let keys = [login, connection, school, person, Key::email(&ticket.email_key)];
        let mut found = self.tables.batch("launch reads", keys.clone(), Reads::Consistent).await?;
        let [login, connection, school, person, owner] = keys.map(|key| {
            let place = found.iter().position(|(table, item)| key.is_of(*table, item))?;
            Some(found.swap_remove(place))
        });
        Ok(LaunchItems { login: item(login)?, connection, school, person, owner })
    }

    /// What a launch decides from, once the ticket is known to be the login's. Which connection and school it names is
    /// still the browser's word.
    pub fn launch_reads(&self, items: LaunchItems, ticket: &Ticket) -> Result<LaunchReads, Failure> {
        let unknown = || Failure::noted(Fault::ConnectionUnknown, ticket.connection.as_str());
        let broken = || Failure::noted(Fault::ConfigurationBroken, ticket.school.as_str());
        let connection: ConnectionItem = item(items.connection)?.ok_or_else(unknown)?;
        let connection = connection.connection(self.url_policy)?;
        if *connection.school() != ticket.school {
            return Err(Failure::noted(Fault::TicketWrong, "the ticket names another school"));
        }
        let school: SchoolItem = item(items.school)?.ok_or_else(broken)?;
        Ok(LaunchReads {
            connection,
            school: school.school(self.url_policy)?,
            person: item(items.person)?,
            owner: item(items.owner)?,
        })
    }
}

fn item<T: DeserializeOwned>(found: Found) -> Result<Option<T>, StoreError> {
    found.map(|(table, item)| read(table, item)).transpose()
}
