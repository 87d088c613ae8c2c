//! What the operator's command does in AWS: the same code against AWS and against the sandbox. It reads no secret.

mod apply;
mod difference;
mod discovery;
mod fetch;
mod files;
mod history;
mod login;
mod logins;
mod person;
pub(crate) mod question;
mod school;
mod secret;
mod test;
mod transaction;
mod trust;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use stoa_core::connection::{ConnectionError, UrlPolicy};
use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};
use stoa_core::oidc::JwksError;
use stoa_core::person::PersonState;
use stoa_core::trust::DiscoveryError;

use crate::clients::{Credentials, sdk_config};
use crate::egress::Egress;
use crate::http_client::Outbound;

pub use crate::egress::{EgressError, GetError};
pub use apply::{Applied, Planned};
pub use files::{ConnectionFile, NamedFile, Published};
pub(crate) use history::LIST;
pub use logins::{LoginsFound, LoginsWanted};
pub use person::{FoundPerson, PersonChange};
pub use question::Named;
pub use school::PlannedSchool;
pub use secret::{SecretName, SecretText};
pub use test::{TestLink, Tested, Untested};
pub use trust::{KeyChange, TrustChange, Trusts};

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
    /// Function `operator`.
    pub operator: String,
}

/// The operator's access to one stack.
pub struct Operator {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) secrets: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
    lambda: aws_sdk_lambda::Client,
    /// Addresses that a customer's configuration or provider names.
    pub(crate) egress: Egress,
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
    /// The provider's discovery document is not used.
    #[error("{at}: {source}")]
    Discovery {
        /// Where it was.
        at: String,
        /// Why.
        source: DiscoveryError,
    },
    /// The provider's key set is not used.
    #[error("{at}: {source}")]
    Jwks {
        /// Where it was.
        at: String,
        /// Why.
        source: JwksError,
    },
    /// What an identity provider publishes could not be fetched from here.
    #[error("{url}: {source}")]
    Fetch {
        /// Where it should be.
        url: String,
        /// Why.
        source: GetError,
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
    /// Nobody has shown that the connection works.
    #[error("nothing was written: {0} is not tested: {1}")]
    Untested(ConnectionId, Untested),
    /// Somebody else has changed the connection since it was read.
    #[error("nothing was written: somebody else has changed {0} meanwhile")]
    Meanwhile(ConnectionId),
    /// Somebody else has changed the school since it was read.
    #[error("nothing was written: somebody else has changed the school {0} meanwhile")]
    SchoolMeanwhile(SchoolId),
    /// Another customer has claimed the domain at this school.
    #[error("nothing was written: the domain {domain} belongs to {}, not to {wanted_by}", owner.as_deref().unwrap_or("another customer"))]
    DomainTaken {
        /// The domain.
        domain: String,
        /// Who asks for it.
        wanted_by: CustomerId,
        /// Whose it is, where known.
        owner: Option<String>,
    },
    /// A new connection of this name would take over the keys of an earlier one.
    #[error("nothing was written: the trust table still holds keys of an earlier connection {0}")]
    KeysLeft(ConnectionId),
    /// The connection neither trusts nor knows a key with this fingerprint.
    #[error("{0} has no key with the SHA-256 {1}")]
    NoKey(ConnectionId, String),
    /// The connection's metadata is nowhere to be looked at.
    #[error("{0} names no saml.metadata_url, so there is nothing to look at")]
    NothingPublished(ConnectionId),
    /// The key is trusted already.
    #[error("nothing was written: {0} trusts the key already")]
    AlreadyTrusted(ConnectionId),
    /// Without a key nobody could log in. `disable` is the way to let nobody in.
    #[error("nothing was written: it is the last key that {0} trusts; add another first, or disable the connection")]
    LastKey(ConnectionId),
    /// The connection has as many keys as it may have.
    #[error("nothing was written: {0} has as many keys as it may have; remove one first")]
    TooManyKeys(ConnectionId),
    /// An OpenID provider's keys come from its own address, and are its own to change.
    #[error("{0} is not a SAML connection: its provider's key set is taken as it is published")]
    NotSaml(ConnectionId),
    /// Other writes were under way on the same items.
    #[error("nothing was written: other writes were under way on the same items")]
    Busy,
    /// An entity id of ours cannot be changed: the customer's administrator has it.
    #[error("saml.sp_entity_id of {0} is {1:?} and cannot be changed")]
    EntityIdFixed(ConnectionId, String),
    /// The secret's text is not usable.
    #[error("{0}")]
    Secret(&'static str),
    /// An item is not of a form that this version knows.
    #[error("{0}: the stored item is not of a known form")]
    Item(String),
    /// The directory has no owner of that address.
    #[error("at the school of {0} the address belongs to nobody")]
    NoPerson(ConnectionId),
    /// The person has no item that could be changed.
    #[error("they have never come in, so there is nothing to change")]
    NeverCameIn,
    /// The person's state does not allow it, or is that already.
    #[error("they are {} already, and nothing was written", .0.as_str())]
    PersonIs(PersonState),
    /// The person has no address that could be freed.
    #[error("no address is theirs, so there is none to free")]
    NoAddress,
    /// Somebody, or a login of theirs, has changed the person since they were read.
    #[error("nothing was written: the person has been changed meanwhile")]
    PersonMeanwhile,
    /// The function could not answer the question.
    #[error("the function operator answered {fault}{}", detail.as_deref().map(|text| format!(": {text}")).unwrap_or_default())]
    Refused {
        /// The fault's code.
        fault: String,
        /// Detail.
        detail: Option<String>,
    },
    /// The function is of another version than the command.
    #[error("the function operator of this stack answers only: {0}")]
    NotUnderstood(String),
    /// The function broke off.
    #[error("the function operator broke off ({0}); its log says why")]
    Function(String),
    /// AWS refused or did not answer.
    #[error("could not {what}: {code}")]
    Aws {
        /// What was wanted, as a verb.
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
            SdkError::ConstructionFailure(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) | _ => {
                "no connection".to_owned()
            }
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
            sts: aws_sdk_sts::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            egress: Egress::new(url_policy),
            names,
            url_policy,
            by,
        }
    }

    /// Who the credentials belong to, as an ARN.
    pub async fn caller(&self) -> Result<String, OperatorError> {
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| OperatorError::aws("ask who the credentials belong to", &error))?;
        answer.arn.ok_or_else(|| OperatorError::Item("the answer of STS".into()))
    }

    /// The same access, with who acts in the history.
    #[must_use]
    pub fn acting_as(self, by: String) -> Self {
        Self { by, ..self }
    }

    async fn get<T: for<'de> serde::Deserialize<'de>>(
        &self,
        table: &str,
        pk: String,
        sk: &str,
    ) -> Result<Option<T>, OperatorError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.clone()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| OperatorError::aws("read the table", &error))?;
        answer.item.map(|item| serde_dynamo::from_item(item).map_err(|_| OperatorError::Item(pk))).transpose()
    }

    /// The time that goes into items.
    pub(crate) fn now() -> Timestamp {
        Timestamp::now()
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, OperatorError> {
    serde_json::to_string(value).map_err(|_| OperatorError::Item("a document".into()))
}
