//! The `connections` table: connections and their versions, schools and their sites, claimed domains, and where domains
//! lead. Kept until removed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stoa_core::connection::{
    Connection, ConnectionDocument, ConnectionState, School, SchoolDocument, Tester, UrlPolicy,
};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};
use stoa_core::rehearsal::{Findings, Question};
use stoa_core::routes::Table;

use super::key::{Form, Key, Range, keys};

keys! { Connections:
    /// A connection as it is.
    connection(id: &ConnectionId) = "connection#{id}" / "current";
    /// One of its versions.
    version(id: &ConnectionId, version: u32, at: i64) = "connection#{id}" / "version#{version:06}#{at}";
    /// Names a connection, so that a list needs a query and no scan.
    listed(id: &ConnectionId) = "connections" / "{id}";
    /// A school.
    school(id: &SchoolId) = "school#{id}" / "current";
    /// What a school answered to a rehearsal.
    rehearsal(id: &SchoolId) = "school#{id}" / "rehearsed";
    /// Which school a site of Thinkific's is, by its host.
    site(host: &str) = "site#{host}" / "claim";
    /// Whose a mail domain is in a school.
    domain(school: &SchoolId, domain: &str) = "domain#{school}#{domain}" / "claim";
    /// A connection that a mail domain leads to.
    home_realm(domain: &str, connection: &ConnectionId) = "discovery#{domain}" / "{connection}";
}

impl Range {
    /// Every connection, by name.
    pub(crate) fn listed() -> Self {
        Self { table: Table::Connections, pk: "connections".to_owned(), begin: None }
    }

    /// The versions of a connection, oldest first.
    pub(crate) fn versions(id: &ConnectionId) -> Self {
        Key::connection(id).partition().from("version#")
    }

    /// The connections that a mail domain leads to, by name.
    pub(crate) fn home_realm(domain: &str) -> Self {
        Self { table: Table::Connections, pk: format!("discovery#{domain}"), begin: None }
    }
}

/// A connection, as it is or as a version of it was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConnectionItem {
    /// The partition key, which says in messages which connection it is.
    pub pk: String,
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

/// A school.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SchoolItem {
    /// The partition key, which says in messages which school it is.
    pub pk: String,
    /// The document as JSON.
    pub document: String,
    /// Changes when the API key does.
    pub key_version: u32,
    /// When it was written, in epoch seconds.
    pub at: i64,
    /// The ARN of who wrote it.
    pub by: String,
}

/// What a school does that is not documented, as a rehearsal found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RehearsalItem {
    /// The format of the writer, now 1.
    pub v: u32,
    /// When it was last asked, in epoch seconds.
    pub at: i64,
    /// The ARN of who asked.
    pub by: String,
    /// The domain of the people who were made for it.
    pub domain: String,
    /// A [`Finding`](stoa_core::rehearsal::Finding) for each question, by its name. One that this version does not know
    /// is kept, and not shown.
    pub found: BTreeMap<String, serde_json::Value>,
}

impl RehearsalItem {
    /// The format of this version.
    pub const VERSION: u32 = 1;

    /// What this version understands of it.
    pub fn findings(&self) -> Findings {
        let known = |(name, found): (&String, &serde_json::Value)| {
            Some((Question::of_code(name)?, serde_json::from_value(found.clone()).ok()?))
        };
        self.found.iter().filter_map(known).collect()
    }
}

/// That a connection is on the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListedItem {
    /// The connection that is listed.
    #[serde(rename = "sk")]
    pub(crate) connection: ConnectionId,
}

/// Which school a site is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SiteItem {
    /// The school whose site it is.
    pub(crate) school: SchoolId,
}

/// Whose a mail domain is in a school.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DomainItem {
    /// The customer whose domain it is.
    pub(crate) customer: CustomerId,
}

/// An active connection that is found by a mail domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HomeRealmItem {
    /// The connection that the domain leads to.
    #[serde(rename = "sk")]
    pub(crate) connection: ConnectionId,
    /// What people choose by.
    pub(crate) name: String,
    /// Where they go.
    pub(crate) school: SchoolId,
}

impl ConnectionItem {
    /// The item's partition, for messages.
    pub(crate) fn key(&self) -> Key {
        Key { table: Table::Connections, pk: self.pk.clone(), sk: None }
    }

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
    /// The item's partition, for messages.
    pub(crate) fn key(&self) -> Key {
        Key { table: Table::Connections, pk: self.pk.clone(), sk: None }
    }

    /// The school, if its document holds together.
    pub fn school(&self, policy: UrlPolicy) -> Result<School, Failure> {
        let broken = |why: String| Failure::with(Fault::ConfigurationBroken, &*self.pk, &why);
        let document: SchoolDocument =
            serde_json::from_str(&self.document).map_err(|error| broken(error.to_string()))?;
        School::check(document, self.key_version, policy).map_err(|error| broken(error.to_string()))
    }
}
