//! The last test login of each connection that succeeded: item `tested#{connection}` of the `logins` table.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::failure::Failure;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::login::{LoginItem, kept_until};

use super::{Store, store_failure};

/// A test login that got as far as a test can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedItem {
    /// `tested#{connection}`.
    pub pk: String,
    /// When, in epoch seconds.
    pub at: i64,
    /// The connection's version under which the identity was proven.
    pub cv: u32,
    /// The login.
    pub login: Reference,
    /// When DynamoDB may clean it up, in epoch seconds.
    pub ttl: i64,
}

impl TestedItem {
    /// The item's key.
    pub fn key(connection: &ConnectionId) -> String {
        format!("tested#{connection}")
    }
}

impl Store {
    /// Records a test that succeeded, over the one before.
    pub async fn record_test(&self, login: &LoginItem, now: Timestamp) -> Result<(), Failure> {
        let number = |value: i64| AttributeValue::N(value.to_string());
        self.client
            .update_item()
            .table_name(&self.logins)
            .key("pk", AttributeValue::S(TestedItem::key(&login.connection)))
            .update_expression("SET #at = :at, cv = :cv, login = :login, #ttl = :ttl")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":at", number(now.as_second()))
            .expression_attribute_values(":cv", number(login.cv.into()))
            .expression_attribute_values(":login", AttributeValue::S(login.pk.as_str().to_owned()))
            .expression_attribute_values(":ttl", number(kept_until(now)))
            .send()
            .await
            .map_err(|error| store_failure("logins", &error))?;
        Ok(())
    }
}
