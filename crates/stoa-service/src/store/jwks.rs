//! Providers' key sets in the `trust` table: one item a key set, beside the connection's other trust.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure as OnRefusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::oidc::Jwks;

use super::connections::FRESH_SECONDS;
use super::{Store, read_item, store_failure};

/// Sort key of the key set of a connection's OpenID provider.
pub const OIDC_JWKS: &str = "jwks";
/// Sort key of the key set of its Teams tokens.
pub const TEAMS_JWKS: &str = "jwks#teams";
/// How often an unknown key may make functions ask the provider, in seconds.
const FETCH_EVERY: i64 = 60;
/// How long one such fetch may take, in seconds.
const FETCH_SECONDS: i64 = 5;

/// Key sets held by this process, parsed.
pub(super) type HeldJwks = Mutex<HashMap<(ConnectionId, &'static str), (i64, Arc<Jwks>)>>;

/// A key set: partition key the connection, sort key [`OIDC_JWKS`] or [`TEAMS_JWKS`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct JwksItem {
    /// Where it is published. Earlier versions of this format did not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// The key set as the provider wrote it. Absent until the first fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// When it was fetched, in epoch seconds.
    #[serde(default)]
    pub at: i64,
    /// When a token with an unknown key last made a function ask, in epoch seconds.
    #[serde(default)]
    pub tried: i64,
    /// Whether that function has not written what it was told.
    #[serde(default)]
    pub asking: bool,
    /// That function's attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
}

impl JwksItem {
    /// Whether somebody asked the provider a moment ago and has not written the answer yet.
    pub fn is_being_fetched(&self, now: Timestamp) -> bool {
        self.asking && now.as_second() - self.tried < FETCH_SECONDS
    }

    /// Whether somebody asked within the last minute. A try in the future was a wrong clock's.
    fn is_tried(&self, now: Timestamp) -> bool {
        (now.as_second() - self.tried).abs() < FETCH_EVERY
    }

    /// Whether somebody asked the provider and was not answered.
    pub fn is_unanswered(&self, now: Timestamp) -> bool {
        self.asking && !self.is_being_fetched(now)
    }

    /// The keys; none, where none have been fetched yet.
    pub fn keys(&self) -> Result<Jwks, Failure> {
        let Some(text) = &self.jwks else { return Ok(Jwks::default()) };
        Jwks::parse(text).map_err(|error| Failure::with(Fault::ConfigurationBroken, "jwks", &error.to_string()))
    }
}

/// Whether this function may ask the provider for its keys.
pub enum FetchClaim {
    /// It may, and nobody else for a minute.
    Granted,
    /// Somebody asked less than a minute ago, or the connection has its keys from elsewhere by now. The item as it is.
    Taken(JwksItem),
}

impl Store {
    /// A connection's key set, as of the last minute.
    pub async fn jwks(
        &self,
        connection: &ConnectionId,
        sk: &'static str,
        now: Timestamp,
    ) -> Result<Arc<Jwks>, Failure> {
        let name = (connection.clone(), sk);
        let held = self.held_jwks.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        match held {
            Some((at, keys)) if (0..FRESH_SECONDS).contains(&(now.as_second() - at)) => Ok(keys),
            _ => self.jwks_now(connection, sk, now).await,
        }
    }

    /// The same as it is now.
    pub async fn jwks_now(
        &self,
        connection: &ConnectionId,
        sk: &'static str,
        now: Timestamp,
    ) -> Result<Arc<Jwks>, Failure> {
        let item = self.read_jwks(connection, sk).await?;
        Ok(self.hold_jwks(connection, sk, item.keys()?, now))
    }

    async fn read_jwks(&self, connection: &ConnectionId, sk: &'static str) -> Result<JwksItem, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.trust)
            .key("pk", AttributeValue::S(connection.to_string()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| store_failure("trust", &error))?;
        Ok(answer.item.map(|item| read_item("trust", item)).transpose()?.unwrap_or_default())
    }

    /// Keeps a key set in this process.
    pub fn hold_jwks(&self, connection: &ConnectionId, sk: &'static str, keys: Jwks, now: Timestamp) -> Arc<Jwks> {
        let keys = Arc::new(keys);
        let entry = (now.as_second(), keys.clone());
        self.held_jwks.lock().unwrap_or_else(PoisonError::into_inner).insert((connection.clone(), sk), entry);
        keys
    }

    /// Asks leave to fetch a key set. A last try in the future was a wrong clock's.
    pub async fn claim_jwks_fetch(
        &self,
        connection: &ConnectionId,
        (sk, uri): (&'static str, &str),
        attempt: &str,
        now: Timestamp,
    ) -> Result<FetchClaim, Failure> {
        // Anybody can name an unknown key, and a refused write costs as much as one that is applied.
        let item = self.read_jwks(connection, sk).await?;
        if item.is_tried(now) {
            return Ok(FetchClaim::Taken(item));
        }
        let answer = self
            .update_jwks(connection, sk, uri)
            .update_expression("SET tried = :now, asking = :yes, attempt = :attempt, #uri = :uri")
            .condition_expression(
                "(attribute_not_exists(#uri) OR #uri = :uri) AND \
                 (attribute_not_exists(tried) OR tried <= :then OR tried > :ahead)",
            )
            .expression_attribute_values(":now", number(now.as_second()))
            .expression_attribute_values(":yes", AttributeValue::Bool(true))
            .expression_attribute_values(":attempt", AttributeValue::S(attempt.to_owned()))
            .expression_attribute_values(":then", number(now.as_second() - FETCH_EVERY))
            .expression_attribute_values(":ahead", number(now.as_second() + FETCH_EVERY))
            .return_values_on_condition_check_failure(OnRefusal::AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(FetchClaim::Granted),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => {
                let UpdateItemError::ConditionalCheckFailedException(refused) = error.into_err() else {
                    return Err(Fault::Internal.into());
                };
                let item: JwksItem = refused.item.map(|item| read_item("trust", item)).transpose()?.unwrap_or_default();
                // Only the reply of the first try was lost.
                let is_mine = item.attempt.as_deref() == Some(attempt);
                Ok(if is_mine { FetchClaim::Granted } else { FetchClaim::Taken(item) })
            }
            Err(error) => Err(store_failure("trust", &error)),
        }
    }

    /// Writes a key set that was fetched and parsed, unless keys have come another way since this attempt's claim: a
    /// look of `trust-refresh`, which may have seen one withdrawn, or an `apply`.
    pub async fn write_jwks(
        &self,
        connection: &ConnectionId,
        (sk, uri): (&'static str, &str),
        attempt: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let answer = self
            .update_jwks(connection, sk, uri)
            .update_expression("SET jwks = :jwks, #at = :now, #uri = :uri REMOVE asking")
            .condition_expression("attempt = :attempt")
            .expression_attribute_values(":attempt", AttributeValue::S(attempt.to_owned()))
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":jwks", AttributeValue::S(text.to_owned()))
            .expression_attribute_values(":now", number(now.as_second()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error)) if error.err().is_conditional_check_failed_exception() => Ok(()),
            Err(error) => Err(store_failure("trust", &error)),
        }
    }

    fn update_jwks(&self, connection: &ConnectionId, sk: &'static str, uri: &str) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.trust)
            .key("pk", AttributeValue::S(connection.to_string()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .expression_attribute_names("#uri", "uri")
            .expression_attribute_values(":uri", AttributeValue::S(uri.to_owned()))
    }
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
