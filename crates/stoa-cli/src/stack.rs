//! From the command line to the access: which stack, whose credentials.
//!
//! A name in the wrong account or region is as good as another stack, and a secret would simply be created there. So a
//! change says first what it changes, and goes ahead only where the credentials belong to the stack's account.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use stoa_core::invisible::visible;
use stoa_service::operator::{Caller, StackAccess, StackNames, sandbox};
use stoa_service::{Credentials, Variables};
use url::Url;

use crate::arguments::Target;
use crate::{CliError, Io};

/// A stack that the command may reach.
pub(crate) struct Access {
    /// What is done there.
    pub(crate) operator: StackAccess,
    /// The first part of each function's name.
    pub(crate) stack: String,
    /// Where it is, for one that is deployed.
    place: Option<Place>,
}

/// What the command line and the environment name.
enum Meant<'a> {
    /// A running sandbox, by its address.
    Sandbox(&'a str),
    /// A deployed stack, by the file of its outputs.
    Deployed(&'a Path),
}

/// An account and a region of AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    account: String,
    region: String,
}

impl Place {
    /// Reads `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`.
    fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let &["arn", _, _, region, account, _] = parts.as_slice() else { return None };
        let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        (is_region && is_account).then(|| Self { account: account.to_owned(), region: region.to_owned() })
    }
}

impl Access {
    /// Refuses credentials of another account than the stack's.
    pub(crate) async fn check_account(&self) -> Result<(), CliError> {
        self.check(&self.operator.caller().await?)
    }

    fn check(&self, caller: &Caller) -> Result<(), CliError> {
        match &self.place {
            Some(place) if place.account != caller.account => {
                let (stack, caller) = (place.account.clone(), caller.account.clone());
                Err(CliError::OtherAccount { stack, caller })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Target {
    /// Access for looking.
    pub(crate) fn read(&self, io: &Io<'_>) -> Result<Access, CliError> {
        match self.meant(io)? {
            Meant::Sandbox(endpoint) => {
                let operator = StackAccess::sandbox(endpoint.to_owned(), String::new());
                Ok(Access { operator, stack: sandbox::STACK.to_owned(), place: None })
            }
            Meant::Deployed(outputs) => self.deployed(outputs, io),
        }
    }

    /// Access for changing, after saying what is changed. Whose the credentials are goes into the history.
    pub(crate) async fn change(&self, io: &mut Io<'_>) -> Result<StackAccess, CliError> {
        let access = self.read(io)?;
        let caller = access.operator.caller().await?;
        access.check(&caller)?;
        let Access { operator, stack, place } = access;
        let what = match (&place, self.meant(io)?) {
            (Some(Place { account, region }), _) => format!("Stack {stack} in account {account}, {region}"),
            (None, Meant::Sandbox(endpoint)) => format!("The sandbox at {endpoint}"),
            (None, Meant::Deployed(_)) => format!("Stack {stack}"),
        };
        io.say(&format!("{what}, as {}", visible(&caller.arn)))?;
        Ok(operator.acting_as(caller.arn))
    }

    /// Whether a sandbox is meant. With `--host`, a file needs nothing of the stack, so two are not one too many.
    pub(crate) fn is_sandbox(&self, io: &Io<'_>) -> Result<bool, CliError> {
        match self.meant(io) {
            Ok(Meant::Sandbox(_)) => Ok(true),
            Ok(Meant::Deployed(_)) | Err(CliError::NoStack) => Ok(false),
            Err(CliError::TwoStacks) if self.host.is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Options count more than the environment. Where that names two stacks, none of them is the obvious one.
    fn meant<'a>(&'a self, io: &'a Io<'_>) -> Result<Meant<'a>, CliError> {
        if let Some(url) = self.sandbox.as_deref().filter(|url| !url.is_empty()) {
            return Ok(Meant::Sandbox(url));
        }
        if let Some(path) = &self.outputs {
            return Ok(Meant::Deployed(path));
        }
        match (set("STOA_SANDBOX", io), set("STOA_OUTPUTS", io)) {
            (Some(url), None) => Ok(Meant::Sandbox(url)),
            (None, Some(path)) => Ok(Meant::Deployed(Path::new(path))),
            (None, None) => Err(CliError::NoStack),
            (Some(_), Some(_)) => Err(CliError::TwoStacks),
        }
    }

    /// `https://` and the host that browsers use, without a trailing slash.
    pub(crate) fn public_url(&self, io: &Io<'_>) -> Result<String, CliError> {
        if let Some(host) = &self.host {
            let host = host.trim_end_matches('/');
            return Ok(if host.contains("://") { host.to_owned() } else { format!("https://{host}") });
        }
        let path = match self.meant(io)? {
            Meant::Sandbox(_) => return Ok(sandbox::url()),
            Meant::Deployed(path) => path,
        };
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
        let place =
            Place::of_arn(&names.operator).ok_or_else(|| broken("its output OperatorFunction is not an ARN"))?;
        let named = self.stack.clone().or_else(|| set("STOA_STACK", io).map(str::to_owned));
        let stack = named
            .or_else(|| stack_of(&names))
            .ok_or_else(|| broken("it does not give the stack's name; add --stack NAME"))?;
        let credentials = credentials(&place, io)?;
        let operator = StackAccess::new(names, credentials, endpoint(io)?, String::new());
        Ok(Access { operator, stack, place: Some(place) })
    }
}

/// The credentials in the environment, for the region of the stack. Another one that is set belongs to another stack.
fn credentials(place: &Place, io: &Io<'_>) -> Result<Credentials, CliError> {
    match set("AWS_REGION", io) {
        Some(region) if region != place.region => {
            Err(CliError::OtherRegion { stack: place.region.clone(), environment: region.to_owned() })
        }
        Some(_) | None => {
            let region = ("AWS_REGION".to_owned(), place.region.clone());
            let variables: Variables = io.environment.clone().into_iter().chain([region]).collect::<HashMap<_, _>>();
            Ok(Credentials::read(&variables)?)
        }
    }
}

/// `AWS_ENDPOINT_URL`: an AWS on this machine, as developers have one. What the command writes goes to no other.
fn endpoint(io: &Io<'_>) -> Result<Option<String>, CliError> {
    let Some(endpoint) = set("AWS_ENDPOINT_URL", io) else { return Ok(None) };
    let host = Url::parse(endpoint).ok().and_then(|url| url.host_str().map(str::to_owned));
    match host.as_deref() {
        Some("127.0.0.1" | "localhost") => Ok(Some(endpoint.to_owned())),
        Some(_) | None => Err(CliError::Endpoint(endpoint.to_owned())),
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
        failure_queues: output(&outputs, "FailureQueues")
            .map(|urls| urls.split(',').map(str::to_owned).collect())
            .unwrap_or_default(),
        alarm_topic: output(&outputs, "AlarmTopic"),
        // A file that was written before the stack had it is of use for everything else.
        csv_import: output(&outputs, "CsvImportFunction").unwrap_or_default(),
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

    #[test]
    fn an_arn_says_where_a_stack_is() {
        let place = |arn| Place::of_arn(arn).map(|place| (place.region, place.account));
        let there = Some(("eu-central-1".to_owned(), "123456789012".to_owned()));
        assert_eq!(place("arn:aws:lambda:eu-central-1:123456789012:function:stoa-live-operator:live"), there);
        assert_eq!(place("arn:aws-cn:lambda:eu-central-1:123456789012:function:x"), there);
        for other in [
            "",
            "stoa-live-operator",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:lambda:eu-central-1:12345678901:function:x",
            "arn:aws:lambda:eu-central-1:123456789012",
            "arn:aws:lambda:eu central:123456789012:function:x",
        ] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
