//! DynamoDB. One file a table; each write is conditional and says what a refused condition returns.

mod connections;
mod directory;
mod discovery;
mod jwks;
mod launch_reads;
mod logins;
mod lookup;
mod tested;
mod trust;
mod watch;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use stoa_core::connection::UrlPolicy;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::routes::Table;

use crate::environment::Environment;

pub use connections::{ConnectionItem, DomainItem, SchoolItem};
pub use discovery::DiscoveryItem;
pub use jwks::{FetchClaim, JwksItem, OIDC_JWKS, TEAMS_JWKS};
pub use launch_reads::LaunchReads;
pub use logins::{Code, Sealed, Written};
pub use tested::TestedItem;
pub use trust::TrustItem;
pub use watch::{SAML_WATCH, WatchItem};

/// The tables, and the client that reaches them.
pub struct Store {
    client: Client,
    connections: String,
    trust: String,
    logins: String,
    directory: String,
    url_policy: UrlPolicy,
    held: connections::Held,
    held_trust: trust::HeldTrust,
    held_jwks: jwks::HeldJwks,
}

impl Store {
    pub(crate) fn new(client: Client, environment: &Environment) -> Self {
        Self {
            client,
            connections: environment.table(Table::Connections).to_owned(),
            trust: environment.table(Table::Trust).to_owned(),
            logins: environment.table(Table::Logins).to_owned(),
            directory: environment.table(Table::Directory).to_owned(),
            url_policy: environment.url_policy,
            held: connections::Held::default(),
            held_trust: trust::HeldTrust::default(),
            held_jwks: jwks::HeldJwks::default(),
        }
    }
}

/// What an error of the SDK means. A refused condition is not an error and is handled before.
fn store_failure<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Failure {
    let code = match error {
        SdkError::ServiceError(service) => service.err().meta().code(),
        SdkError::TimeoutError(_) => Some("timeout"),
        _ => None,
    };
    let fault = match code {
        Some("AccessDeniedException") => Fault::PermissionMissing,
        Some("TransactionConflictException") => Fault::StoreContended,
        _ => Fault::StoreUnavailable,
    };
    Failure::with(fault, what, code.unwrap_or("no answer"))
}

/// Reads an item into its form.
fn read_item<T: for<'de> serde::Deserialize<'de>>(
    what: &'static str,
    item: std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>,
) -> Result<T, Failure> {
    serde_dynamo::from_item(item).map_err(|error| Failure::with(Fault::StoreItemStrange, what, &error.to_string()))
}
