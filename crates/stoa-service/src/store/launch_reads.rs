//! Everything that a launch reads, in one batch of consistent reads.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use stoa_core::connection::{Connection, School};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::login::LoginItem;
use stoa_core::person::{EmailItem, PersonItem};
use stoa_core::ticket::Ticket;

use super::connections::{ConnectionItem, SchoolItem};
use super::{Store, read_item, store_failure};

type Item = HashMap<String, AttributeValue>;

/// How often what DynamoDB left out of a batch is asked for again.
const TRIES: u32 = 3;

/// What a launch decides from. All of it is as of now.
#[derive(Debug)]
pub struct LaunchReads {
    /// The login.
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

fn key(pairs: &[(&str, String)]) -> Item {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), AttributeValue::S(value.clone()))).collect()
}

impl Store {
    /// Reads what the ticket names. Nothing in the ticket is believed yet.
    pub async fn launch_reads(&self, ticket: &Ticket) -> Result<LaunchReads, Failure> {
        let connection = format!("connection#{}", ticket.connection);
        let school = format!("school#{}", ticket.school);
        let mut items = self
            .batch(HashMap::from([
                (self.logins.clone(), vec![key(&[("pk", ticket.reference.as_str().to_owned())])]),
                (
                    self.connections.clone(),
                    vec![
                        key(&[("pk", connection.clone()), ("sk", "current".into())]),
                        key(&[("pk", school.clone()), ("sk", "current".into())]),
                    ],
                ),
                (
                    self.directory.clone(),
                    vec![
                        key(&[("pk", format!("person#{}", ticket.person)), ("sk", school.clone())]),
                        key(&[("pk", format!("email#{}", ticket.email)), ("sk", "owner".into())]),
                    ],
                ),
            ]))
            .await?;
        let mut take = |table: &str, prefix: &str| {
            let found = items.get_mut(table)?;
            let place = found.iter().position(|item| {
                item.get("pk").and_then(|pk| pk.as_s().ok()).is_some_and(|pk| pk.starts_with(prefix))
            })?;
            Some(found.swap_remove(place))
        };
        let connection = take(&self.connections, "connection#")
            .ok_or_else(|| Failure::noted(Fault::ConnectionUnknown, ticket.connection.as_str()))?;
        let school = take(&self.connections, "school#")
            .ok_or_else(|| Failure::noted(Fault::ConfigurationBroken, ticket.school.as_str()))?;
        Ok(LaunchReads {
            connection: read_item::<ConnectionItem>("connections", connection)?.connection(self.url_policy)?,
            school: read_item::<SchoolItem>("connections", school)?.school(self.url_policy)?,
            login: take(&self.logins, "").map(|item| read_item("logins", item)).transpose()?,
            person: take(&self.directory, "person#").map(|item| read_item("directory", item)).transpose()?,
            owner: take(&self.directory, "email#").map(|item| read_item("directory", item)).transpose()?,
        })
    }

    async fn batch(&self, keys: HashMap<String, Vec<Item>>) -> Result<HashMap<String, Vec<Item>>, Failure> {
        let mut asked = HashMap::new();
        for (table, keys) in keys {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(true)
                .build()
                .map_err(|_| Fault::Internal)?;
            asked.insert(table, keys);
        }
        let mut found: HashMap<String, Vec<Item>> = HashMap::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(50 << attempt)).await;
            }
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(asked))
                .send()
                .await
                .map_err(|error| store_failure("launch reads", &error))?;
            for (table, items) in answer.responses.unwrap_or_default() {
                found.entry(table).or_default().extend(items);
            }
            asked = answer.unprocessed_keys.unwrap_or_default();
            if asked.is_empty() {
                return Ok(found);
            }
        }
        Err(Failure::noted(Fault::StoreUnavailable, "a batch stayed unfinished"))
    }
}
