//! The command line.

mod connection;
mod directory;
mod login;
mod person;
mod school;
mod value;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use connection::{Apply, Connection, Files, Package, Secret, StateChange, Teams, Trust, TrustAction, Which};
pub(crate) use directory::{Directory, DirectoryChanged, Imported, Progress, Scim, ScimToken};
pub(crate) use login::{Logins, Trace, Why};
pub(crate) use person::{Move, Person, PersonAsked, PersonChanged, Whom};
pub(crate) use school::{Probe, Rehearse, School, Thinkific};
pub(crate) use value::reason;

const AFTER_HELP: &str = "\
Which stack: --outputs names a file with the outputs of a deployed stack, as printed by:
  sam list stack-outputs --stack-name NAME --output json > stack.json
Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, the region
from the outputs. --sandbox names a running sandbox instead, and needs no credentials. The
environment variables STOA_OUTPUTS, STOA_STACK and STOA_SANDBOX can be set instead of the options,
but not STOA_OUTPUTS and STOA_SANDBOX together. Whatever changes something first says which stack.

Exit codes: 0 done, 1 refused or failed, 2 a mistake in the arguments.";

/// Operate stoa: connections, secrets, people and logins.
#[derive(Debug, Parser)]
#[command(name = "stoa", version, after_help = AFTER_HELP, term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which stack is meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which stack")]
pub(crate) struct Target {
    /// A file with the outputs of a deployed stack
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "sandbox")]
    pub(crate) outputs: Option<PathBuf>,
    /// The stack's name, if the outputs do not give it
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// A running sandbox: the address that it prints as "DynamoDB and secrets"
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) sandbox: Option<String>,
    /// The public host, if the outputs do not give it or the sandbox uses another port
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) host: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Manage customers' identity providers
    #[command(subcommand)]
    Connection(Connection),
    /// See what is known of a school before anybody comes
    #[command(subcommand)]
    School(School),
    /// Write secrets; they are never read back
    #[command(subcommand)]
    Secret(Secret),
    /// Manage the bearer tokens of customers' SCIM clients
    #[command(subcommand)]
    Scim(Scim),
    /// See and decide what is done at the school about people of a customer's directory
    #[command(subcommand)]
    Directory(Directory),
    /// Write out how far a customer's people have come in their courses
    #[command(subcommand)]
    Progress(Progress),
    /// Make the app for a customer's Microsoft Teams
    #[command(subcommand)]
    Teams(Teams),
    /// List logins, newest first
    Logins(Logins),
    /// Show or change one person in the directory
    #[command(subcommand)]
    Person(Person),
    /// Compare a file of people from an HR system with the connection's directory, and write what differs
    Import(Imported),
    /// Manage what a school tells stoa
    #[command(subcommand)]
    Thinkific(Thinkific),
    /// Manage the login that the stack makes by itself every minute
    #[command(subcommand)]
    Probe(Probe),
    /// Show what happened to a login, why, and who can fix it
    Trace(Trace),
    /// Find out why logins through a connection fail, if nobody has a reference
    Why(Why),
    /// Show on one screen how each connection is doing, and what was changed lately
    Status,
    /// Print what whoever takes over has to know: connections, contacts, what waits or expires, what was changed
    HandOff,
    /// Check the stack and every connection; exit code 1 if anything is not as it should be
    Doctor,
}
