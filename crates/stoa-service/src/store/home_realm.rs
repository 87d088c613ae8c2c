//! Where mail domains lead.

use stoa_core::failure::Failure;
use stoa_core::home_realm::Entry;

use super::{HomeRealmItem, Range, Reads, Store};

impl Store {
    /// The connections that a domain leads to, by their ids. One read, whether there are some or none.
    pub async fn discover(&self, domain: &str) -> Result<Vec<Entry>, Failure> {
        let items = self.tables.query(&Range::home_realm(domain), Reads::Eventual).await?.into_iter();
        Ok(items.map(|HomeRealmItem { connection, name, .. }| Entry { connection, name }).collect())
    }
}
