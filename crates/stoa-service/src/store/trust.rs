//! The `trust` table: the keys that an identity provider may sign with.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
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
    /// The ARN of who trusted it, where it was a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whether a person added it by hand: the metadata does not take it away.
    #[serde(default, rename = "kept", skip_serializing_if = "std::ops::Not::not")]
    pub is_kept: bool,
}

impl TrustItem {
    /// Whether an item of a connection's partition is a key. A provider's key set stands beside the keys, and whatever
    /// a function may write that may write key sets, which is no certificate.
    pub(crate) fn is_key(item: &HashMap<String, AttributeValue>) -> bool {
        let has_certificate = item.contains_key("certificate");
        has_certificate
            && item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| {
                sk.len() == 64 && sk.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
            })
    }

    /// The key itself.
    pub fn certificate(&self) -> Result<Certificate, Failure> {
        Certificate::from_base64(&self.certificate)
            .map_err(|error| Failure::with(Fault::ConfigurationBroken, &*self.sk, &error.to_string()))
    }

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
        let items = self.trusted_keys(connection.id(), false).await?;
        let live = items.iter().filter(|item| item.is_live(now));
        let keys = live.map(TrustItem::certificate).collect::<Result<_, _>>()?;
        Trust::new(connection.saml()?.idp().entity_id.clone(), keys)
            .map_err(|error| Failure::with(Fault::ConfigurationBroken, "trust", &error.to_string()))
    }

    /// A connection's keys as they stand in the table.
    pub async fn trusted_keys(
        &self,
        connection: &ConnectionId,
        is_consistent: bool,
    ) -> Result<Vec<TrustItem>, Failure> {
        let answer = self
            .client
            .query()
            .table_name(&self.trust)
            .key_condition_expression("pk = :connection")
            .expression_attribute_values(":connection", AttributeValue::S(connection.to_string()))
            .consistent_read(is_consistent)
            .send()
            .await
            .map_err(|error| store_failure("trust", &error))?;
        let keys = answer.items.unwrap_or_default().into_iter().filter(TrustItem::is_key);
        keys.map(|item| read_item("trust", item)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the version before this one wrote it.
    #[test]
    fn a_key_without_the_fields_that_came_later_is_read() {
        let item = serde_json::json!({ "pk": "pg", "sk": "00", "certificate": "MII=", "from": 1_700_000_000 });
        let item: TrustItem = serde_json::from_value(item).unwrap();
        assert!(item.is_live(Timestamp::from_second(1_700_000_000).unwrap()));
        assert!(item.by.is_none() && !item.is_kept);
    }

    #[test]
    fn only_a_certificate_under_a_fingerprint_is_a_key() {
        let item = |sk: &str, other: &str| {
            let text = |text: &str| AttributeValue::S(text.to_owned());
            HashMap::from([("sk".to_owned(), text(sk)), (other.to_owned(), text("MII="))])
        };
        assert!(TrustItem::is_key(&item(&"0a".repeat(32), "certificate")));
        assert!(!TrustItem::is_key(&item(&"0a".repeat(32), "jwks")));
        for other in ["jwks", "jwks#teams", "", &"0A".repeat(32), &"0a".repeat(33)] {
            assert!(!TrustItem::is_key(&item(other, "certificate")), "{other}");
        }
    }
}
