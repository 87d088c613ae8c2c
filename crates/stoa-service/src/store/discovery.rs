//! Where mail domains lead: partition `discovery#{domain}` of the `connections` table.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use stoa_core::discovery::Entry;
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;

use super::{Store, read_item, store_failure};

/// An active connection that is found by a domain: `discovery#{domain}`, sort key the connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryItem {
    /// `discovery#{domain}`.
    pub pk: String,
    /// The connection.
    pub sk: ConnectionId,
    /// What people choose by.
    pub name: String,
    /// Where they go.
    pub school: String,
}

impl DiscoveryItem {
    /// The partition of a domain.
    pub fn partition(domain: &str) -> String {
        format!("discovery#{domain}")
    }
}

impl Store {
    /// The connections that a domain leads to, by their ids. One read, whether there are some or none.
    pub async fn discover(&self, domain: &str) -> Result<Vec<Entry>, Failure> {
        let answer = self
            .client
            .query()
            .table_name(&self.connections)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(DiscoveryItem::partition(domain)))
            .send()
            .await
            .map_err(|error| store_failure("connections", &error))?;
        let items = answer.items.unwrap_or_default().into_iter();
        items
            .map(|item| {
                let DiscoveryItem { sk, name, .. } = read_item("connections", item)?;
                Ok(Entry { connection: sk, name })
            })
            .collect()
    }
}
