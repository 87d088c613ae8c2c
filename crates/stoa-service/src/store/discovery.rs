//! Where mail domains lead.

use stoa_core::discovery::Entry;
use stoa_core::failure::Failure;

use super::{DiscoveryItem, Range, Reads, Store};

impl Store {
    /// The connections that a domain leads to, by their ids. One read, whether there are some or none.
    pub async fn discover(&self, domain: &str) -> Result<Vec<Entry>, Failure> {
        let items = self.tables.query(&Range::discovery(domain), Reads::Eventual).await?.into_iter();
        Ok(items.map(|DiscoveryItem { connection, name, .. }| Entry { connection, name }).collect())
    }
}
