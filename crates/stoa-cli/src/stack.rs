//! From the command line to the access: which stack, whose credentials.

use std::path::Path;

use serde_json::Value;
use stoa_service::Credentials;
use stoa_service::operator::{Operator, StackNames, sandbox};

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
        if let Some(endpoint) = self.sandbox(io) {
            let operator = Operator::sandbox(endpoint.to_owned(), String::new());
            return Ok(Access { operator, stack: sandbox::STACK.to_owned() });
        }
        let outputs = self.outputs.as_deref().or_else(|| set("STOA_OUTPUTS", io).map(Path::new));
        self.deployed(outputs.ok_or(CliError::NoStack)?, io)
    }

    /// Access for changing: whose the credentials are goes into the history.
    pub(crate) async fn change(&self, io: &Io<'_>) -> Result<Operator, CliError> {
        let operator = self.read(io)?.operator;
        let caller = operator.caller().await?;
        Ok(operator.acting_as(caller))
    }

    /// The sandbox, if one is meant. An option counts more than the environment.
    pub(crate) fn sandbox<'a>(&'a self, io: &'a Io<'_>) -> Option<&'a str> {
        let named = || set("STOA_SANDBOX", io).filter(|_| self.outputs.is_none());
        self.sandbox.as_deref().filter(|url| !url.is_empty()).or_else(named)
    }

    /// `https://` and the host that browsers use, without a trailing slash.
    pub(crate) fn public_url(&self, io: &Io<'_>) -> Result<String, CliError> {
        if let Some(host) = &self.host {
            let host = host.trim_end_matches('/');
            return Ok(if host.contains("://") { host.to_owned() } else { format!("https://{host}") });
        }
        if self.sandbox(io).is_some() {
            return Ok(sandbox::url());
        }
        let outputs = self.outputs.as_deref().or_else(|| set("STOA_OUTPUTS", io).map(Path::new));
        let path = outputs.ok_or(CliError::NoStack)?;
        let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
        let outputs: Value = serde_json::from_str(&text).unwrap_or_default();
        let named = output(&outputs, "PublicUrl").or_else(|| output(&outputs, "ApiUrl"));
        named.ok_or_else(|| CliError::Outputs {
            path: path.to_owned(),
            missing: "it has no output PublicUrl; use --host URL",
        })
    }

    fn deployed(&self, path: &Path, io: &Io<'_>) -> Result<Access, CliError> {
        let text = std::fs::read_to_string(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
        let broken = |missing: &'static str| CliError::Outputs { path: path.to_owned(), missing };
        let names = names(&text).map_err(broken)?;
        let named = self.stack.clone().or_else(|| set("STOA_STACK", io).map(str::to_owned));
        let stack = named
            .or_else(|| stack_of(&names))
            .ok_or_else(|| broken("it does not give the stack's name; add --stack NAME"))?;
        let credentials = Credentials::read(&io.environment)?;
        Ok(Access { operator: Operator::new(names, credentials, None, String::new()), stack })
    }
}

/// A variable of the environment. An empty one is none: so a shell takes one back for a single command.
fn set<'a>(name: &str, io: &'a Io<'_>) -> Option<&'a str> {
    io.environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// What a file of outputs says, or what it lacks.
fn names(text: &str) -> Result<StackNames, &'static str> {
    let outputs: Value = serde_json::from_str(text).map_err(|_| "it is not JSON")?;
    Ok(StackNames {
        connections: output(&outputs, "ConnectionsTable").ok_or("it has no output ConnectionsTable")?,
        trust: output(&outputs, "TrustTable").ok_or("it has no output TrustTable")?,
        logins: output(&outputs, "LoginsTable").ok_or("it has no output LoginsTable")?,
        directory: output(&outputs, "DirectoryTable").ok_or("it has no output DirectoryTable")?,
        secret_prefix: output(&outputs, "SecretPrefix").ok_or("it has no output SecretPrefix")?,
        operator: output(&outputs, "OperatorFunction").ok_or("it has no output OperatorFunction")?,
    })
}

/// CloudFormation names the table `{stack}-ConnectionsTable-{random}`.
fn stack_of(names: &StackNames) -> Option<String> {
    names.connections.split_once("-ConnectionsTable-").map(|(stack, _)| stack.to_owned())
}

/// An output by name: of `sam list stack-outputs`, or of `aws cloudformation describe-stacks`.
fn output(outputs: &Value, name: &str) -> Option<String> {
    let list = outputs.pointer("/Stacks/0/Outputs").unwrap_or(outputs).as_array()?;
    let found = list.iter().find(|output| output["OutputKey"] == name)?;
    found["OutputValue"].as_str().map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_read_as_sam_and_as_cloudformation_print_them() {
        let list = r#"[
            {"OutputKey": "ApiUrl", "OutputValue": "https://x.example"},
            {"OutputKey": "ConnectionsTable", "OutputValue": "stoa-live-ConnectionsTable-1ABC"},
            {"OutputKey": "TrustTable", "OutputValue": "t"},
            {"OutputKey": "LoginsTable", "OutputValue": "l"},
            {"OutputKey": "DirectoryTable", "OutputValue": "d"},
            {"OutputKey": "SecretPrefix", "OutputValue": "stoa/live", "Description": "…"},
            {"OutputKey": "OperatorFunction", "OutputValue": "stoa-live-operator"}
        ]"#;
        for text in [list.to_owned(), format!("{{\"Stacks\": [{{\"Outputs\": {list}}}]}}")] {
            let names = names(&text).unwrap();
            assert_eq!(stack_of(&names).as_deref(), Some("stoa-live"));
            assert_eq!((names.logins.as_str(), names.secret_prefix.as_str()), ("l", "stoa/live"));
        }
        assert_eq!(names("[]").unwrap_err(), "it has no output ConnectionsTable");
        assert_eq!(names("stack").unwrap_err(), "it is not JSON");
    }
}
