//! The local AWS: DynamoDB, Secrets Manager, S3 and Lambda's `Invoke` behind one endpoint that enforces IAM and keeps a journal.

pub mod bill;
pub mod front;
pub mod journal;
pub mod policy;

mod another;
mod capacity;
mod definition;
mod dynamodb;
mod elsewhere;
mod fault;
mod files;
mod lambda;
mod logs;
mod request;
mod secrets;
mod served;
mod sts;
mod touched;
mod trails;
mod unprocessed;
mod watched;

pub use fault::{Fault, FaultKind};

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use stoa_core::routes::{Bucket, ROUTES, SecretKind, Table, Variable};
use stoa_service::operator::sandbox;

pub use stoa_service::operator::sandbox::{ACCOUNT, REGION};

/// Where the local AWS keeps its state.
#[derive(Clone, Debug, Default)]
pub enum Storage {
    /// In memory, gone with the process.
    #[default]
    Memory,
    /// In this folder, made if missing.
    Folder(PathBuf),
    /// In another AWS on this machine that holds the tables and the secrets. Permissions are enforced here all the same.
    Another(SocketAddr),
}

/// The names a deployed stack would generate.
#[derive(Clone, Debug)]
pub struct Stack {
    name: String,
}

impl Default for Stack {
    fn default() -> Self {
        Self::named(sandbox::STACK)
    }
}

impl Stack {
    /// A stack of this name.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// The stack's name, which is also the first part of every secret's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its log groups.
    pub(crate) fn log_groups(&self) -> impl Iterator<Item = String> {
        let gateway = format!("/aws/vendedlogs/{}-http-api", self.name);
        let name = &self.name;
        ROUTES.iter().map(move |function| format!("/aws/lambda/{name}-{}", function.name)).chain([gateway])
    }

    /// The generated name of a table.
    pub fn table_name(&self, table: Table) -> String {
        sandbox::table_name(&self.name, table)
    }

    /// The table of a generated name.
    pub fn table(&self, name: &str) -> Option<Table> {
        let short = name.strip_prefix(self.name.as_str())?.strip_prefix('-')?;
        Table::ALL.iter().copied().find(|table| table.as_str() == short)
    }

    /// The generated name of a bucket.
    pub fn bucket_name(&self, bucket: Bucket) -> String {
        format!("{}-{}", self.name, bucket.as_str())
    }

    /// The bucket of a generated name.
    pub fn bucket(&self, name: &str) -> Option<Bucket> {
        Bucket::ALL.iter().copied().find(|bucket| self.bucket_name(*bucket) == name)
    }

    /// The AWS name of a function.
    pub fn function_name(&self, function: &str) -> String {
        sandbox::function_name(&self.name, function)
    }

    /// The value of every variable that functions read; the stack does not know its own build and host.
    pub fn variables(&self, build: &str, public_url: &str) -> BTreeMap<Variable, String> {
        let mut variables = BTreeMap::from([
            (Variable::Build, build.to_owned()),
            (Variable::MetricNamespace, format!("stoa/{}", self.name)),
            (Variable::PublicUrl, public_url.to_owned()),
            (Variable::SecretPrefix, self.name.clone()),
        ]);
        variables.extend(Bucket::ALL.iter().map(|bucket| (Variable::Bucket(*bucket), self.bucket_name(*bucket))));
        variables.extend(Table::ALL.iter().map(|table| (Variable::Table(*table), self.table_name(*table))));
        variables
    }

    /// What a secret of this name is for.
    pub fn secret_kind(&self, name: &str) -> Option<SecretKind> {
        let rest = name.strip_prefix(self.name.as_str())?.strip_prefix('/')?;
        let (purpose, id) = match rest.split_once('/') {
            Some((purpose, id)) => (purpose, Some(id)),
            None => (rest, None),
        };
        let kind = SecretKind::ALL.iter().copied().find(|kind| kind.as_str() == purpose)?;
        let well_formed = match id {
            Some(id) => kind.is_per_id() && !id.is_empty() && !id.contains('/'),
            None => !kind.is_per_id(),
        };
        well_formed.then_some(kind)
    }
}

/// Why the local AWS did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port or the folder could not be used.
    #[error("the local AWS could not use its port or folder")]
    Io(#[from] io::Error),
    /// The embedded DynamoDB refused.
    #[error("the embedded DynamoDB refused")]
    Database(#[from] dynoxide::DynoxideError),
    /// The other AWS did not do what it was asked.
    #[error("the other AWS did not do {0}: {1}")]
    Another(&'static str, String),
    /// What is asked for is in another AWS, and only the embedded one shows it.
    #[error("the tables are in another AWS")]
    NotEmbedded,
    /// A table description or a kept file did not parse.
    #[error("the local AWS could not read its own state")]
    Format(#[from] serde_json::Error),
    /// The folder's name is not UTF-8, which the embedded DynamoDB needs.
    #[error("the folder's name is not UTF-8")]
    FolderName,
}
