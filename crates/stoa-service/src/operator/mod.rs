//! What the command `stoa` does in AWS: the same code against AWS and against the sandbox. It reads no secret.

mod apply;
mod difference;
mod directory;
mod drift;
mod erasure;
mod error;
mod evidence;
mod fetch;
mod files;
mod history;
mod home_realm;
mod host;
mod import;
pub(crate) mod import_question;
mod login;
mod logins;
mod logs;
mod mirror;
mod not_yet;
mod person;
mod probe;
mod progress;
mod provider;
pub(crate) mod question;
mod regrant;
mod rehearsal;
pub mod sandbox;
mod school;
mod scim;
mod secret;
mod signed;
mod standing;
mod test;
mod trail;
mod transaction;
mod trust;
mod untested;
mod watch;
mod webhooks;
mod workos;

use jiff::Timestamp;
use stoa_core::connection::UrlPolicy;
use stoa_core::routes::Table;

use crate::clients::sdk_config;
use crate::credentials::Credentials;
use crate::egress::Egress;
use crate::http_client::Outbound;
use crate::store::Tables;
use signed::Signed;

pub use crate::egress::{EgressError, GetError};
pub use crate::store::{KeptOutItem, KeyChange, TrustChange};
pub use apply::{Applied, Planned, directories_beside};
pub use directory::{DirectoryPerson, STOPPED_LISTED, Stopped};
pub use drift::Drifted;
pub use erasure::{Kept, StoredItem, StoredOf};
pub use error::{Answerer, OperatorError};
pub use evidence::About;
pub use files::{ConnectionFile, NamedFile, Published, in_lines};
pub use history::Version;
pub use host::HostMet;
pub use import::{FileDigest, Imported};
pub use import_question::{ExportedPerson, MOST_AT_ONCE, RowOutcome, StoredKey};
pub use logins::{LoginsFound, LoginsWanted};
pub use logs::{LogGroup, LogLine, LogsWanted};
pub use not_yet::NotYet;
pub use person::{FoundPerson, PersonChange};
pub use progress::InCourse;
pub use question::{Becomes, Catalogue, Named, Rehearsed, Scene, Told};
pub use regrant::Regrant;
pub use school::PlannedSchool;
pub use scim::ListedToken;
pub use secret::{ListedSecret, SecretName, SecretOwner, SecretText, needed_secrets};
pub use standing::{HostSeen, Traffic};
pub use test::{TestLink, Tested};
pub use trail::Trail;
pub use trust::{MetadataSource, TakenKeySet, TrustedKeySet, Trusts};
pub use untested::Untested;
pub use watch::Subscribed;

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
    /// The addresses of the queues of runs that failed; empty: the outputs are of an earlier version.
    pub failure_queues: Vec<String>,
    /// The topic that alarms go to; `None`: the outputs are of an earlier version.
    pub alarm_topic: Option<String>,
    /// Function `csv-import`.
    pub csv_import: String,
}

impl StackNames {
    fn table(&self, table: Table) -> &str {
        match table {
            Table::Connections => &self.connections,
            Table::Trust => &self.trust,
            Table::Logins => &self.logins,
            Table::Directory => &self.directory,
        }
    }
}

/// Whose credentials are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The user's or role's ARN.
    pub arn: String,
    /// Their account.
    pub account: String,
}

/// The command's access to one stack.
pub struct StackAccess {
    tables: Tables,
    secrets: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
    lambda: aws_sdk_lambda::Client,
    /// What has no SDK here.
    signed: Signed,
    /// Addresses that a customer's configuration or provider names.
    egress: Egress,
    names: StackNames,
    url_policy: UrlPolicy,
    /// Who acts: written into the history.
    by: String,
}

impl StackAccess {
    /// Access with these credentials. `endpoint` is that of the sandbox; `None` is AWS.
    pub fn new(names: StackNames, credentials: Credentials, endpoint: Option<String>, by: String) -> Self {
        let url_policy = crate::environment::url_policy(endpoint.as_deref());
        let outbound = Outbound::new(url_policy);
        let signed = Signed::new(&credentials, endpoint.clone(), outbound.clone());
        let config = sdk_config(endpoint.as_deref(), credentials, outbound);
        Self {
            tables: Tables::new(aws_sdk_dynamodb::Client::new(&config), |table| names.table(table).to_owned()),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            signed,
            egress: Egress::new(url_policy),
            names,
            url_policy,
            by,
        }
    }

    /// Who the credentials belong to.
    pub async fn caller(&self) -> Result<Caller, OperatorError> {
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| OperatorError::aws("ask who the credentials belong to", &error))?;
        let caller = answer.arn.zip(answer.account).map(|(arn, account)| Caller { arn, account });
        caller.ok_or(OperatorError::Answer(Answerer::Sts))
    }

    /// The same access, with who acts in the history.
    #[must_use]
    pub fn acting_as(self, by: String) -> Self {
        Self { by, ..self }
    }

    /// The time that goes into items.
    fn now() -> Timestamp {
        Timestamp::now()
    }
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, OperatorError> {
    serde_json::to_string(value).map_err(|_| OperatorError::Unformed)
}
