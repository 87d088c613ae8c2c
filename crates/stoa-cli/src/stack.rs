//! From the command line to the access: which stack, whose credentials.

use std::path::Path;

use serde_json::Value;
use stoa_core::routes::Table;
use stoa_sandbox::aws::{REGION, Stack, policy};
use stoa_service::Credentials;
use stoa_service::operator::{Operator, StackNames};

use crate::arguments::Target;
use crate::{CliError, Io};

/// A stack that the command may reach.
pub(crate) struct Access {
    /// What is done there.
    pub(crate) operator: Operator,
    /// The first part of each function's name.
    pub(crate) stack: String,
}

impl Target {
    /// Access for looking.
    pub(crate) fn read(&self, io: &Io<'_>) -> Result<Access, CliError> {
        let sandbox = self.sandbox.as_ref().or_else(|| io.environment.get("STOA_SANDBOX"));
        let outputs = self.outputs.as_deref().or_else(|| io.environment.get("STOA_OUTPUTS").map(Path::new));
        match (&self.sandbox, outputs) {
            (None, Some(outputs)) => self.deployed(outputs, io),
            _ => Ok(sandbox_access(sandbox.ok_or(CliError::NoStack)?)),
        }
    }

    /// Access for changing: whose the credentials are goes into the history.
    pub(crate) async fn change(&self, io: &Io<'_>) -> Result<Operator, CliError> {
        let operator = self.read(io)?.operator;
        let caller = operator.caller().await?;
        Ok(operator.acting_as(caller))
    }

    fn deployed(&self, path: &Path, io: &Io<'_>) -> Result<Access, CliError> {
        let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
        let broken = |missing: String| CliError::Outputs { path: path.to_owned(), missing };
        let outputs: Value = serde_json::from_str(&text).map_err(|_| broken("it is not JSON".to_owned()))?;
        let output = |name: &str| output(&outputs, name).ok_or_else(|| broken(format!("it has no output {name}")));
        let names = StackNames {
            connections: output("ConnectionsTable")?,
            trust: output("TrustTable")?,
            logins: output("LoginsTable")?,
            directory: output("DirectoryTable")?,
            secret_prefix: output("SecretPrefix")?,
        };
        // CloudFormation names the table `{stack}-ConnectionsTable-{random}`.
        let derived = names.connections.split_once("-ConnectionsTable-").map(|(stack, _)| stack.to_owned());
        let stack = self.stack.clone().or(derived).ok_or_else(|| broken("say --stack NAME as well".to_owned()))?;
        let credentials = Credentials::read(&io.environment)?;
        Ok(Access { operator: Operator::new(names, credentials, None, String::new()), stack })
    }
}

/// An output by name: of `sam list stack-outputs`, or of `aws cloudformation describe-stacks`.
fn output(outputs: &Value, name: &str) -> Option<String> {
    let list = outputs.pointer("/Stacks/0/Outputs").unwrap_or(outputs).as_array()?;
    let found = list.iter().find(|output| output["OutputKey"] == name)?;
    found["OutputValue"].as_str().map(str::to_owned)
}

fn sandbox_access(endpoint: &str) -> Access {
    let stack = Stack::default();
    let table = |table| stack.table_name(table);
    let names = StackNames {
        connections: table(Table::Connections),
        trust: table(Table::Trust),
        logins: table(Table::Logins),
        directory: table(Table::Directory),
        secret_prefix: stack.name().to_owned(),
    };
    let credentials = Credentials {
        access_key: policy::OPERATOR.to_owned(),
        secret_key: "local".to_owned(),
        session_token: None,
        region: REGION.to_owned(),
    };
    let operator = Operator::new(names, credentials, Some(endpoint.to_owned()), String::new());
    Access { operator, stack: stack.name().to_owned() }
}
