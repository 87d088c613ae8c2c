//! Connections and schools, for those who log in.

use std::sync::Arc;

use jiff::Timestamp;
use stoa_core::connection::{Connection, School};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, SchoolId};

use super::{ConnectionItem, DomainItem, Key, ListedItem, Range, Reads, SchoolItem, Store};

impl Store {
    /// A connection as of the last minute. The launch always looks.
    pub async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Arc<Connection>, Failure> {
        match self.held_connections.fresh(id, now) {
            Some(connection) => Ok(connection),
            None => self.read_connection(id, Reads::Eventual, now).await,
        }
    }

    /// A connection as it is now, for whoever tests it: their last change has to count at once.
    pub async fn connection_now(&self, id: &ConnectionId, now: Timestamp) -> Result<Arc<Connection>, Failure> {
        self.read_connection(id, Reads::Consistent, now).await
    }

    async fn read_connection(
        &self,
        id: &ConnectionId,
        reads: Reads,
        now: Timestamp,
    ) -> Result<Arc<Connection>, Failure> {
        let item: Option<ConnectionItem> = self.tables.get(&Key::connection(id), reads).await?;
        let item = item.ok_or_else(|| Failure::noted(Fault::ConnectionUnknown, id.as_str()))?;
        Ok(self.held_connections.hold(id.clone(), item.connection(self.url_policy)?, now))
    }
}

impl Store {
    /// A school as it is now, which a connection of ours names.
    pub async fn school(&self, id: &SchoolId) -> Result<School, Failure> {
        let school = self.school_if_known(id).await?;
        school.ok_or_else(|| Failure::noted(Fault::ConfigurationBroken, id.as_str()))
    }

    /// Whether a mail domain is a customer's at a school, so that people sign in with it.
    pub async fn is_claimed(&self, school: &SchoolId, domain: &str) -> Result<bool, Failure> {
        let claim: Option<DomainItem> = self.tables.get(&Key::domain(school, domain), Reads::Consistent).await?;
        Ok(claim.is_some())
    }

    /// A school as it is now, which a stranger names.
    pub async fn school_if_known(&self, id: &SchoolId) -> Result<Option<School>, Failure> {
        let item: Option<SchoolItem> = self.tables.get(&Key::school(id), Reads::Eventual).await?;
        item.map(|item| item.school(self.url_policy)).transpose()
    }

    /// Every connection's name.
    pub async fn connection_ids(&self) -> Result<Vec<ConnectionId>, Failure> {
        let listed = self.tables.query(&Range::listed(), Reads::Eventual).await?;
        Ok(listed.into_iter().map(|ListedItem { connection }| connection).collect())
    }
}
