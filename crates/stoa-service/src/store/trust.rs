//! The keys that an identity provider may sign with.

use std::sync::Arc;

use jiff::Timestamp;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_saml::Trust;

use super::{Reads, Store, TrustItem};

impl Store {
    /// Whom a connection trusts, as of the last minute.
    pub async fn trust(&self, connection: &Connection, now: Timestamp) -> Result<Arc<Trust>, Failure> {
        if let Some(trust) = self.held_trust.fresh(connection.id(), now) {
            return Ok(trust);
        }
        let trust = self.read_trust(connection, now).await?;
        Ok(self.held_trust.hold(connection.id().clone(), trust, now))
    }

    /// No live key is a broken configuration, never "no check".
    async fn read_trust(&self, connection: &Connection, now: Timestamp) -> Result<Trust, Failure> {
        let items = self.tables.trusted(connection.id(), Reads::Eventual).await?;
        let live = items.iter().filter(|item| item.is_live(now));
        let keys = live.map(TrustItem::certificate).collect::<Result<_, _>>()?;
        Trust::new(connection.saml()?.idp().entity_id.clone(), keys)
            .map_err(|error| Failure::with(Fault::ConfigurationBroken, "trust", &error.to_string()))
    }

    /// A connection's keys as they stand in the table now.
    pub async fn trusted_keys(&self, connection: &ConnectionId) -> Result<Vec<TrustItem>, Failure> {
        Ok(self.tables.trusted(connection, Reads::Consistent).await?)
    }
}
