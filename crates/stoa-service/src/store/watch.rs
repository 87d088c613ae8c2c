//! What `trust-refresh` has seen, and the keys it trusts and drops: one transaction, and only over what was read.
//!
//! A connection's watch is not in the partition of its keys, which every login reads whole.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::trust::{Decision, Watch};
use stoa_saml::Certificate;

use super::{Store, TrustItem, read_item, store_failure};

/// Sort key of the watch over a SAML provider's keys. Those over key sets have the key set's own sort key.
pub const SAML_WATCH: &str = "saml";

/// How far a key set's instant may be ahead of this function's clock.
const AHEAD_SECONDS: i64 = 300;

/// A watch: partition key `watch#{connection}`, sort key [`SAML_WATCH`], or a key set's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WatchItem {
    /// `watch#{connection}`
    pub pk: String,
    /// What is watched.
    pub sk: String,
    /// Counted up by every write, so that of two writers at once one is refused.
    pub n: u32,
    /// What has been seen.
    pub watch: Watch,
}

impl WatchItem {
    /// The partition of a connection's watches.
    pub fn partition(connection: &ConnectionId) -> String {
        format!("watch#{connection}")
    }

    /// Of a connection that nobody has looked at.
    pub fn none(connection: &ConnectionId, sk: &str) -> Self {
        Self { pk: Self::partition(connection), sk: sk.to_owned(), n: 0, watch: Watch::default() }
    }

    /// The next version, as a write that is refused if anybody has written since.
    pub(crate) fn next(&self, table: &str, watch: Watch) -> Result<TransactWriteItem, Failure> {
        let next = Self { n: self.n + 1, watch, ..self.clone() };
        let put = Put::builder().table_name(table).set_item(Some(to_item(&next)?));
        let put = match self.n {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            n => put.condition_expression("n = :n").expression_attribute_values(":n", AttributeValue::N(n.to_string())),
        };
        Ok(TransactWriteItem::builder().put(put.build().map_err(|_| Fault::Internal)?).build())
    }
}

impl TrustItem {
    /// A key that is trusted from now on.
    pub(crate) fn new(connection: &ConnectionId, certificate: &Certificate, now: Timestamp) -> Self {
        Self {
            pk: connection.to_string(),
            sk: certificate.fingerprint().to_owned(),
            certificate: STANDARD.encode(certificate.der()),
            from: now.as_second(),
            until: None,
            by: None,
            is_kept: false,
        }
    }
}

fn to_item<T: Serialize>(item: &T) -> Result<std::collections::HashMap<String, AttributeValue>, Failure> {
    serde_dynamo::to_item(item).map_err(|_| Failure::noted(Fault::Internal, "an item"))
}

/// Whether a transaction was cancelled by another writer, and by nothing else: a throttled one is a failure.
fn was_overtaken(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { return false };
    let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let codes: Vec<&str> = codes.filter(|code| *code != "None").collect();
    !codes.is_empty() && codes.iter().all(|code| matches!(*code, "ConditionalCheckFailed" | "TransactionConflict"))
}

impl Store {
    /// Every connection's name.
    pub async fn connection_ids(&self) -> Result<Vec<ConnectionId>, Failure> {
        let mut ids = Vec::new();
        let mut start = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.connections)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(crate::operator::LIST.to_owned()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| store_failure("connections", &error))?;
            for item in page.items.unwrap_or_default() {
                let id = item.get("sk").and_then(|id| id.as_s().ok()).and_then(|id| ConnectionId::parse(id).ok());
                ids.push(id.ok_or_else(|| Failure::noted(Fault::StoreItemStrange, crate::operator::LIST))?);
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(ids);
            }
        }
    }

    /// What has been seen of a provider.
    pub async fn watch(&self, connection: &ConnectionId, sk: &str) -> Result<WatchItem, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.trust)
            .key("pk", AttributeValue::S(WatchItem::partition(connection)))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_failure("trust", &error))?;
        let item = answer.item.map(|item| read_item("trust", item)).transpose()?;
        Ok(item.unwrap_or_else(|| WatchItem::none(connection, sk)))
    }

    /// Writes what follows from a look, all or nothing. `false`: somebody has written since `before` was read, and the
    /// next look sees what they wrote.
    pub async fn write_decision(
        &self,
        connection: &ConnectionId,
        before: &WatchItem,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let internal = |_| Failure::noted(Fault::Internal, "a write");
        let mut writes = vec![before.next(&self.trust, decision.watch.clone())?];
        for certificate in &decision.trust {
            let item = TrustItem::new(connection, certificate, now);
            let put = Put::builder().table_name(&self.trust).set_item(Some(to_item(&item)?));
            writes.push(TransactWriteItem::builder().put(put.build().map_err(internal)?).build());
        }
        for fingerprint in &decision.drop {
            let delete = Delete::builder()
                .table_name(&self.trust)
                .key("pk", AttributeValue::S(connection.to_string()))
                .key("sk", AttributeValue::S(fingerprint.clone()));
            writes.push(TransactWriteItem::builder().delete(delete.build().map_err(internal)?).build());
        }
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) if was_overtaken(error.err()) => Ok(false),
            Err(error) => Err(store_failure("trust", &error)),
        }
    }

    /// Replaces a key set by one that was asked for at `asked`, unless a later one is there already. One of a future
    /// that no clock's difference explains is not a later one.
    pub async fn replace_jwks(
        &self,
        connection: &ConnectionId,
        (sk, uri): (&str, &str),
        text: &str,
        asked: Timestamp,
    ) -> Result<(), Failure> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.trust)
            .key("pk", AttributeValue::S(connection.to_string()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            // Whoever is fetching in a callback has been overtaken.
            .update_expression("SET jwks = :jwks, #at = :asked, #uri = :uri REMOVE asking, attempt")
            .condition_expression(
                "attribute_not_exists(#at) OR #at < :asked OR #at > :ahead OR \
                 (#at = :asked AND (attribute_not_exists(#uri) OR #uri = :uri))",
            )
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#uri", "uri")
            .expression_attribute_values(":uri", AttributeValue::S(uri.to_owned()))
            .expression_attribute_values(":ahead", AttributeValue::N((asked.as_second() + AHEAD_SECONDS).to_string()))
            .expression_attribute_values(":jwks", AttributeValue::S(text.to_owned()))
            .expression_attribute_values(":asked", AttributeValue::N(asked.as_second().to_string()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(store_failure("trust", &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    #[test]
    fn c220_only_another_writer_overtakes_and_a_throttled_write_is_a_failure() {
        let overtaken = |codes: &[&str]| {
            let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build());
            let cancelled = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons.collect()));
            was_overtaken(&TransactWriteItemsError::TransactionCanceledException(cancelled.build()))
        };
        assert!(overtaken(&["ConditionalCheckFailed", "None"]) && overtaken(&["None", "TransactionConflict"]));
        for other in [&["ThrottlingError", "None"][..], &["ConditionalCheckFailed", "ValidationError"], &["None"], &[]]
        {
            assert!(!overtaken(other), "{other:?}");
        }
    }
}
