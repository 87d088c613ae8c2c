//! What a sandbox is called. The command finds one by these names alone; the sandbox takes them from here.

use stoa_core::routes::Table;

use super::{StackAccess, StackNames};
use crate::credentials::Credentials;

/// The stack's name, which is also the first part of every secret's name.
pub const STACK: &str = "stoa-local";
/// The region that its AWS says it is.
pub const REGION: &str = "us-east-1";
/// The account that its AWS says it is.
pub const ACCOUNT: &str = "000000000000";
/// The access key id by which its AWS knows the command `stoa`.
pub const ON_CALL: &str = "on-call";
/// The host that its stoa is reached by. Browsers find it on their own machine.
pub const HOST: &str = "stoa.localhost";
/// The port that its stoa listens on, unless it was given another.
pub const PORT: u16 = 8080;

/// The name of a table. CloudFormation would add a random part.
pub fn table_name(stack: &str, table: Table) -> String {
    format!("{stack}-{}", table.as_str())
}

/// The AWS name of a function.
pub fn function_name(stack: &str, function: &str) -> String {
    format!("{stack}-{function}")
}

/// The queues of runs that failed, by their names in the template.
pub const FAILURE_QUEUES: [&str; 6] = [
    "ProvisionerFailures",
    "TrustRefreshFailures",
    "MirrorFailures",
    "WorkosSyncFailures",
    "CsvImportFailures",
    "ProbeFailures",
];

/// The address of a queue. CloudFormation would add a random part.
pub fn queue_url(stack: &str, queue: &str) -> String {
    format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{stack}-{queue}")
}

/// The topic of the alarms.
pub fn topic(stack: &str) -> String {
    format!("arn:aws:sns:{REGION}:{ACCOUNT}:{stack}-AlarmTopic")
}

/// Where its stoa is, unless it was given another port.
pub fn url() -> String {
    format!("http://{HOST}:{PORT}")
}

impl StackNames {
    /// Those of a sandbox.
    pub fn sandbox() -> Self {
        let table = |table| table_name(STACK, table);
        Self {
            connections: table(Table::Connections),
            trust: table(Table::Trust),
            logins: table(Table::Logins),
            directory: table(Table::Directory),
            secret_prefix: STACK.to_owned(),
            operator: function_name(STACK, "operator"),
            failure_queues: FAILURE_QUEUES.iter().map(|name| queue_url(STACK, name)).collect(),
            alarm_topic: Some(topic(STACK)),
            csv_import: function_name(STACK, "csv-import"),
        }
    }
}

impl StackAccess {
    /// Access to the sandbox whose AWS is at this address.
    pub fn sandbox(endpoint: String, by: String) -> Self {
        let credentials = Credentials {
            access_key: ON_CALL.to_owned(),
            secret_key: "local".to_owned(),
            session_token: None,
            region: REGION.to_owned(),
        };
        Self::new(StackNames::sandbox(), credentials, Some(endpoint), by)
    }
}
