//! Everything that a launch reads, in one batch of consistent reads.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use stoa_core::connection::{Connection, School};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::login::LoginItem;
use stoa_core::mirror::SchoolMirror;
use stoa_core::person::{AddressItem, EmailItem, Mirrored, PersonItem};
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
    address: Found,
    mirror: Arc<SchoolMirror>,
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
    /// What the mirror of the school says.
    pub mirrored: Mirrored,
}

type Found = Option<(Table, Item)>;

impl Store {
    /// Reads what a ticket names. How far the mirror of the school has come is as of the last minute: it is older then,
    /// never younger.
    pub async fn launch_items(&self, ticket: &Ticket, now: Timestamp) -> Result<LaunchItems, Failure> {
        let held = self.held_mirrors.fresh(&ticket.school, now);
        let (login, connection) = (Key::login(&ticket.reference), Key::connection(&ticket.connection));
        let (school, person) = (Key::school(&ticket.school), Key::person(&ticket.person_key, &ticket.school));
        let keys = [login, connection, school, person, Key::email(&ticket.email_key)];
        let mirror = Key::mirror(&ticket.school);
        let wanted = keys.iter().chain(held.is_none().then_some(&mirror)).cloned();
        let mut found = self.tables.batch("launch reads", wanted, Reads::Consistent).await?;
        let mut take = |key: Key| {
            let place = found.iter().position(|(table, item)| key.is_of(*table, item))?;
            Some(found.swap_remove(place))
        };
        let [login, connection, school, person, address] = keys.map(&mut take);
        let mirror = match held {
            Some(mirror) => mirror,
            None => self.held_mirrors.hold(ticket.school.clone(), item(take(mirror))?.unwrap_or_default(), now),
        };
        Ok(LaunchItems { login: item(login)?, connection, school, person, address, mirror })
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
        let address: AddressItem = item(items.address)?.unwrap_or_default();
        Ok(LaunchReads {
            connection,
            school: school.school(self.url_policy)?,
            person: item(items.person)?,
            owner: address.owner(),
            mirrored: Mirrored { account: address.account, school: items.mirror },
        })
    }
}

fn item<T: DeserializeOwned>(found: Found) -> Result<Option<T>, StoreError> {
    found.map(|(table, item)| read(table, item)).transpose()
}
