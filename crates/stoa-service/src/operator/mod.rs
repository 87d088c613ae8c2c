//! What the operator's command does in AWS: the same code against AWS and against the sandbox. It reads no secret.

mod apply;
mod secret;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use jiff::Timestamp;
use stoa_core::connection::{ConnectionError, UrlPolicy};
use stoa_core::ids::{ConnectionId, SchoolId};

use crate::clients::{Credentials, sdk_config};
use crate::http_client::Outbound;

pub use apply::{Applied, ConnectionFile};
pub use secret::{SecretName, SecretText};

/// The names of one deployed stack, as its outputs give them.
#[derive(Clone, Debug)]
pub struct StackNames {
    /// Table `connections`.
    pub connections: String,
    /// Table `trust`.
    pub trust: String,
    /// Table `logins`.
    pub logins: String,
    /// Table `directory`.
    pub directory: String,
    /// First part of every secret's name.
    pub secret_prefix: String,
}

/// The operator's access to one stack.
pub struct Operator {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    pub(crate) names: StackNames,
    pub(crate) url_policy: UrlPolicy,
    /// Who acts: written into the history.
    pub(crate) by: String,
}

/// Why something was not done. Nothing was written, unless the text says so.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The file does not hold together.
    #[error("{0}")]
    Connection(#[from] ConnectionError),
    /// The file does not parse.
    #[error("{path}: {message}")]
    File {
        /// Which.
        path: String,
        /// Why.
        message: String,
    },
    /// The identity provider's metadata does not parse.
    #[error("{path}: {source}")]
    Metadata {
        /// Which.
        path: String,
        /// Why.
        source: stoa_saml::metadata::MetadataError,
    },
    /// The connection's school has not been applied.
    #[error("the school {0} does not exist; apply its file first")]
    NoSchool(SchoolId),
    /// There is no such connection.
    #[error("there is no connection {0}")]
    NoConnection(ConnectionId),
    /// The connection has no such version.
    #[error("the connection {0} has no version {1}")]
    NoVersion(ConnectionId, u32),
    /// Somebody else has written meanwhile, or a domain belongs to another customer.
    #[error("{0}")]
    Refused(String),
    /// An entity id of ours cannot be changed: the customer's administrator has it.
    #[error("saml.sp_entity_id of {0} is {1:?} and cannot be changed")]
    EntityIdFixed(ConnectionId, String),
    /// The secret's text is not usable.
    #[error("{0}")]
    Secret(&'static str),
    /// An item is not of a form that this version knows.
    #[error("{0}: the stored item is not of a known form")]
    Item(String),
    /// AWS refused or did not answer.
    #[error("{what}: {code}")]
    Aws {
        /// The call.
        what: &'static str,
        /// AWS's error code.
        code: String,
    },
}

impl OperatorError {
    pub(crate) fn aws<E: ProvideErrorMetadata, R>(what: &'static str, error: &SdkError<E, R>) -> Self {
        let code = match error {
            SdkError::ServiceError(service) => service.err().meta().code().unwrap_or("unknown error").to_owned(),
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            _ => "no connection".to_owned(),
        };
        Self::Aws { what, code }
    }
}

impl Operator {
    /// Access with these credentials. `endpoint` is that of the sandbox; `None` is AWS.
    pub fn new(names: StackNames, credentials: Credentials, endpoint: Option<String>, by: String) -> Self {
        let url_policy = crate::environment::url_policy(endpoint.as_deref());
        let config = sdk_config(endpoint.as_deref(), credentials, Outbound::new(url_policy));
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            names,
            url_policy,
            by,
        }
    }

    /// The time that goes into items.
    pub(crate) fn now() -> Timestamp {
        Timestamp::now()
    }
}
