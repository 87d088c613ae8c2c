//! Embedded DynamoDB with the tables of the register, or another AWS's in its place.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Value, json};
use stoa_core::routes::Table;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::definition::{index_definition, table_definition};
use super::{Stack, StartError, Storage, another};

/// A running DynamoDB.
pub(super) struct Dynamo {
    address: SocketAddr,
    /// Absent: it is another AWS's.
    embedded: Option<Embedded>,
}

/// The embedded one. It stops when dropped.
struct Embedded {
    database: dynoxide::Database,
    stack: Stack,
    serving: JoinHandle<()>,
}

impl Dynamo {
    /// Starts it on a loopback port and creates the tables that are missing.
    pub(super) async fn start(storage: &Storage, stack: &Stack) -> Result<Self, StartError> {
        if let Storage::Another(address) = storage {
            another::create_tables(*address, stack).await?;
            return Ok(Self { address: *address, embedded: None });
        }
        let database = open(storage)?;
        for &table in Table::ALL {
            create(&database, table, &stack.table_name(table))?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let serving = tokio::spawn(dynoxide::server::serve_on(listener, database.clone()));
        Ok(Self { address, embedded: Some(Embedded { database, stack: stack.clone(), serving }) })
    }

    /// Whether tables and secrets are in another AWS.
    pub(super) fn is_another(&self) -> bool {
        self.embedded.is_none()
    }

    /// Where it listens, behind the front: nothing checks permissions here.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every item of a table, as DynamoDB JSON, read without the front and so in no journal.
    pub(super) fn items(&self, table: Table) -> Result<Vec<Value>, StartError> {
        let Embedded { database, stack, .. } = self.embedded.as_ref().ok_or(StartError::NotEmbedded)?;
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let page = database.scan(dynoxide::actions::scan::ScanRequest {
                table_name: stack.table_name(table),
                exclusive_start_key: start,
                ..Default::default()
            })?;
            for item in page.items.iter().flatten() {
                items.push(serde_json::to_value(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// Deletes what has expired by each table's TTL attribute. Says how many items.
    pub(super) fn sweep_expired(&self) -> Result<usize, StartError> {
        Ok(self.embedded.as_ref().ok_or(StartError::NotEmbedded)?.database.sweep_ttl()?)
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn open(storage: &Storage) -> Result<dynoxide::Database, StartError> {
    match storage {
        Storage::Memory | Storage::Another(_) => Ok(dynoxide::Database::memory()?),
        Storage::Folder(folder) => {
            std::fs::create_dir_all(folder)?;
            let file = folder.join("dynamodb.sqlite");
            Ok(dynoxide::Database::new(file.to_str().ok_or(StartError::FolderName)?)?)
        }
    }
}

fn create(database: &dynoxide::Database, table: Table, name: &str) -> Result<(), StartError> {
    match database.create_table(serde_json::from_value(table_definition(table, name))?) {
        Ok(_) => {}
        // A folder kept it from an earlier run.
        Err(dynoxide::DynoxideError::ResourceInUseException(_)) => return add_indexes(database, table, name),
        Err(other) => return Err(other.into()),
    }
    if let Some(attribute) = table.ttl_attribute() {
        database.update_time_to_live(serde_json::from_value(json!({
            "TableName": name,
            "TimeToLiveSpecification": {"AttributeName": attribute, "Enabled": true},
        }))?)?;
    }
    Ok(())
}

/// Adds the indexes that an earlier version did not know, one by one, as DynamoDB asks for it.
fn add_indexes(database: &dynoxide::Database, table: Table, name: &str) -> Result<(), StartError> {
    let described =
        serde_json::to_value(database.describe_table(serde_json::from_value(json!({"TableName": name}))?)?)?;
    let kept = described["Table"]["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
    let definition = table_definition(table, name);
    for index in table.indexes() {
        if kept.iter().any(|kept| kept["IndexName"] == index.as_str()) {
            continue;
        }
        let update = json!({
            "TableName": name,
            "AttributeDefinitions": definition["AttributeDefinitions"],
            "GlobalSecondaryIndexUpdates": [{"Create": index_definition(*index)}],
        });
        database.update_table(serde_json::from_value(update)?)?;
    }
    Ok(())
}
