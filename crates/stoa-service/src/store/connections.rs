//! The `connections` table: connections, schools and domain claims.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::connection::{
    Connection, ConnectionDocument, ConnectionState, School, SchoolDocument, Tester, UrlPolicy,
};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, SchoolId};

use super::{Store, read_item, store_failure};

/// How long a process may use a connection without looking again. The launch always looks.
pub(super) const FRESH_SECONDS: i64 = 60;

/// A connection's item: `connection#{id}`, sort key `current` or `version#{n}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionItem {
    /// `connection#{id}`.
    pub pk: String,
    /// `current`, or `version#000001` for the history.
    pub sk: String,
    /// Counted from 1; every apply adds one.
    pub version: u32,
    /// Where it stands.
    pub state: ConnectionState,
    /// The document as JSON.
    pub document: String,
    /// When it was written, in epoch seconds.
    pub at: i64,
    /// The ARN of who wrote it.
    pub by: String,
    /// Why, where a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The open test link. Only the current item has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tester: Option<Tester>,
}

/// A school's item: `school#{id}`, sort key `current`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SchoolItem {
    /// `school#{id}`.
    pub pk: String,
    /// `current`.
    pub sk: String,
    /// The document as JSON.
    pub document: String,
    /// Changes when the API key does.
    pub key_version: u32,
    /// When it was written, in epoch seconds.
    pub at: i64,
    /// The ARN of who wrote it.
    pub by: String,
}

/// A claimed domain: `domain#{school}#{domain}`, sort key `claim`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DomainItem {
    /// `domain#{school}#{domain}`.
    pub pk: String,
    /// `claim`.
    pub sk: String,
    /// Whose it is.
    pub customer: String,
}

impl ConnectionItem {
    /// The connection, if its document holds together.
    pub fn connection(&self, policy: UrlPolicy) -> Result<Connection, Failure> {
        let broken = |why: String| Failure::with(Fault::ConfigurationBroken, &*self.pk, &why);
        let document: ConnectionDocument =
            serde_json::from_str(&self.document).map_err(|error| broken(error.to_string()))?;
        let mut connection =
            Connection::check(document, self.version, self.state, policy).map_err(|error| broken(error.to_string()))?;
        connection.tester.clone_from(&self.tester);
        Ok(connection)
    }
}

impl SchoolItem {
    /// The school, if its document holds together.
    pub fn school(&self, policy: UrlPolicy) -> Result<School, Failure> {
        let broken = |why: String| Failure::with(Fault::ConfigurationBroken, &*self.pk, &why);
        let document: SchoolDocument =
            serde_json::from_str(&self.document).map_err(|error| broken(error.to_string()))?;
        School::check(document, self.key_version, policy).map_err(|error| broken(error.to_string()))
    }
}

/// Connections held by this process.
pub(super) type Held = Mutex<HashMap<ConnectionId, (i64, Arc<Connection>)>>;

impl Store {
    /// A connection as of the last minute.
    pub async fn connection(&self, id: &ConnectionId, now: Timestamp) -> Result<Arc<Connection>, Failure> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some((at, connection)) = held
            && (0..FRESH_SECONDS).contains(&(now.as_second() - at))
        {
            return Ok(connection);
        }
        self.read_connection(id, false, now).await
    }

    /// A connection as it is now, for whoever tests it: their last change has to count at once.
    pub async fn connection_now(&self, id: &ConnectionId, now: Timestamp) -> Result<Arc<Connection>, Failure> {
        self.read_connection(id, true, now).await
    }

    async fn read_connection(
        &self,
        id: &ConnectionId,
        is_consistent: bool,
        now: Timestamp,
    ) -> Result<Arc<Connection>, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.connections)
            .key("pk", AttributeValue::S(format!("connection#{id}")))
            .key("sk", AttributeValue::S("current".into()))
            .consistent_read(is_consistent)
            .send()
            .await
            .map_err(|error| store_failure("connections", &error))?;
        let item = answer.item.ok_or_else(|| Failure::noted(Fault::ConnectionUnknown, id.as_str()))?;
        let connection = Arc::new(read_item::<ConnectionItem>("connections", item)?.connection(self.url_policy)?);
        let entry = (now.as_second(), connection.clone());
        self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), entry);
        Ok(connection)
    }
}

impl Store {
    /// A school as it is now.
    pub async fn school(&self, id: &SchoolId) -> Result<School, Failure> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.connections)
            .key("pk", AttributeValue::S(format!("school#{id}")))
            .key("sk", AttributeValue::S("current".into()))
            .send()
            .await
            .map_err(|error| store_failure("connections", &error))?;
        let item = answer.item.ok_or_else(|| Failure::noted(Fault::ConfigurationBroken, id.as_str()))?;
        read_item::<SchoolItem>("connections", item)?.school(self.url_policy)
    }
}
