//! The `trust` table: the keys that an identity provider may sign with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::connection::Connection;
use stoa_core::fault::{Failure, Fault};
use stoa_core::ids::ConnectionId;
use stoa_saml::{Certificate, Trust};

use super::connections::FRESH_SECONDS;
use super::{Store, read_item, store_failure};

/// Trust held by this process: parsed keys, so that a login parses none.
pub(super) type HeldTrust = Mutex<HashMap<ConnectionId, (i64, Arc<Trust>)>>;

/// A key: partition key the connection, sort key the certificate's fingerprint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrustItem {
    /// The connection.
    pub pk: String,
    /// Lower-case hex SHA-256 of the certificate.
    pub sk: String,
    /// The certificate, base64 of its DER.
    pub certificate: String,
    /// Trusted from, in epoch seconds.
    pub from: i64,
    /// Trusted until, in epoch seconds; absent: until it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

impl TrustItem {
    /// Whether the key counts now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.from <= now.as_second() && self.until.is_none_or(|until| now.as_second() < until)
    }
}

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
        let answer = self
            .client
            .query()
            .table_name(&self.trust)
            .key_condition_expression("pk = :connection")
            .expression_attribute_values(":connection", AttributeValue::S(connection.id().to_string()))
            .send()
            .await
            .map_err(|error| store_failure("trust", &error))?;
        let mut keys = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let item: TrustItem = read_item("trust", item)?;
            if item.is_live(now) {
                let key = Certificate::from_base64(&item.certificate)
                    .map_err(|error| Failure::with(Fault::ConfigurationBroken, &*item.sk, &error.to_string()))?;
                keys.push(key);
            }
        }
        Trust::new(connection.saml()?.idp().entity_id.clone(), keys)
            .map_err(|error| Failure::with(Fault::ConfigurationBroken, "trust", &error.to_string()))
    }
}
