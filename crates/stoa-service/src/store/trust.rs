//! The keys that an identity provider may sign with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_saml::Trust;

use super::connections::FRESH_SECONDS;
use super::{Reads, Store, TrustItem};

/// Trust held by this process: parsed keys, so that a login parses none.
pub(super) type HeldTrust = Mutex<HashMap<ConnectionId, (i64, Arc<Trust>)>>;

impl Store {
    /// Whom a connection trusts, as of the last minute.
    pub async fn trust(&self, connection: &Connection, now: Timestamp) -> Result<Arc<Trust>, Failure> {
        let held = self.held_trust.lock().unwrap_or_else(PoisonError::into_inner).get(connection.id()).cloned();
        if let Some((at, trust)) = held
            && (0..FRESH_SECONDS).contains(&(now.as_second() - at))
        {
            return Ok(trust);
        }
        let trust = Arc::new(self.read_trust(connection, now).await?);
        let entry = (now.as_second(), trust.clone());
        self.held_trust.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.id().clone(), entry);
        Ok(trust)
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
