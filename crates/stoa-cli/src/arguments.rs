//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use stoa_core::email::Email;
use stoa_core::ids::{BadName, ConnectionId};

use crate::time::since;

const AFTER_HELP: &str = "\
Which stack: --outputs names a file with the outputs of a deployed stack, as this prints them:
  sam list stack-outputs --stack-name NAME --output json > stack.json
Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION.
--sandbox names a running sandbox instead, and needs no credentials. The environment variables
STOA_OUTPUTS, STOA_STACK and STOA_SANDBOX stand for the options.

Exit codes: 0 done, 1 refused or failed, 2 a mistake in the arguments.";

/// Connections, secrets and logins of stoa.
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
    /// The outputs of a deployed stack
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "sandbox")]
    pub(crate) outputs: Option<PathBuf>,
    /// The stack's name, where it cannot be read off the outputs
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) stack: Option<String>,
    /// A running sandbox, by its "DynamoDB and secrets" address
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) sandbox: Option<String>,
    /// What browsers use, where the outputs do not say it or the sandbox is on another port
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) host: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Customers' identity providers: plan, apply, check, guide, list, test, activate, disable, trust, history, rollback
    #[command(subcommand)]
    Connection(Connection),
    /// Secrets: written, never read
    #[command(subcommand)]
    Secret(Secret),
    /// The app for a customer's Microsoft Teams
    #[command(subcommand)]
    Teams(Teams),
    /// Which logins there were, newest first
    Logins(Logins),
    /// One person of the directory: show, let in or keep out, free their address, link their account
    #[command(subcommand)]
    Person(Person),
    /// What happened to a login, why, and who mends it how
    Trace(Trace),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Connection {
    /// Print what `apply` would change
    Plan(Files),
    /// Print what changes, and write it
    Apply(Files),
    /// Check a file and its metadata, offline, and print its certificates
    Check {
        /// A connection's TOML file
        file: PathBuf,
    },
    /// Print what the customer's administrator sets up, with the values to paste
    Guide {
        /// The connection, or its TOML file where it waits for what the guide asks for
        #[arg(value_name = "ID|FILE", value_parser = which)]
        connection: Which,
    },
    /// Print every connection, its state and its last change
    List,
    /// Make a test link for the customer's administrator, and print what the last test showed
    Test {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Make no link: the one before goes on working
        #[arg(long)]
        result: bool,
    },
    /// Let everybody in through a connection, after a test login
    Activate(StateChange),
    /// Let nobody in through a connection, at once
    Disable(StateChange),
    /// Print the keys that a connection trusts; or say which it is to trust
    Trust(Trust),
    /// Print who changed a connection, when and why
    History {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
    },
    /// Write an earlier version of a connection once more; state and keys stay
    Rollback {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// The version to take, as `history` prints it
        version: u32,
        /// Why; it goes into the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
}

/// A connection that has been applied, or the file of one that may not have been.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    Applied(ConnectionId),
    File(PathBuf),
}

#[derive(Debug, Args)]
pub(crate) struct Files {
    /// A connection's TOML file, or a folder of them; schools/*.toml and the metadata are read beside them
    pub(crate) path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The connection
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// Without one, print the keys
    #[command(subcommand)]
    pub(crate) action: Option<TrustAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustAction {
    /// Read the metadata from here and now, and print what would change; write nothing
    Fetch,
    /// Trust a key of the metadata without waiting
    Approve {
        /// The certificate's SHA-256, as `trust` prints it or as a console does
        #[arg(value_parser = fingerprint)]
        fingerprint: String,
        /// Why; it goes into the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Trust the certificate in a file, whatever the metadata says
    Add {
        /// A certificate, PEM or DER
        file: PathBuf,
        /// Why; it goes into the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Trust a key no longer, though the metadata may name it; never the last
    Remove {
        /// The certificate's SHA-256, as `trust` prints it or as a console does
        #[arg(value_parser = fingerprint)]
        fingerprint: String,
        /// Why; it goes into the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct StateChange {
    /// The connection
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// Why; it goes into the history
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Teams {
    /// Make the package that a Teams administrator uploads, and print what they set up
    Package(Package),
}

#[derive(Debug, Args)]
pub(crate) struct Package {
    /// The connection, which has a [teams] table
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// Where to write it; without it, ID-teams.zip here
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// For the customer's administrator: a tab that is a test link, in place of any before
    #[arg(long)]
    pub(crate) test: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Write a secret from standard input: the value of one key, or a key set as JSON
    Put {
        /// seal, pepper, saml/CONNECTION, oidc/CONNECTION or thinkific/SCHOOL
        name: String,
        /// Make a random value; for seal and pepper
        #[arg(long)]
        random: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Logins {
    /// Through which connection; with --email alone, through those that have its domain
    #[arg(long, value_name = "ID", value_parser = connection, required_unless_present = "email")]
    pub(crate) connection: Option<ConnectionId>,
    /// Begun since: 30m, 2h, 3d, 2026-11-20 or 2026-11-20T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    /// Of one person, as far as they were proven; asks the function `operator`
    #[arg(long, value_name = "ADDRESS", value_parser = Email::parse)]
    pub(crate) email: Option<Email>,
    /// Only those that something stopped
    #[arg(long)]
    pub(crate) failed: bool,
    /// How many at most, through one connection
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// Print what the directory knows, and what was changed by hand
    Show(PersonAsked),
    /// Keep them out, from their next launch on
    Deactivate(PersonChanged),
    /// Let them in again
    Reactivate(PersonChanged),
    /// Let somebody else have their address
    FreeAddress(PersonChanged),
    /// Say which school account is theirs, whatever it was bound to
    Link {
        #[command(flatten)]
        changed: PersonChanged,
        /// Thinkific's user id of the account
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        user: u64,
        /// The account's external id, as Thinkific has it; it cannot be changed there
        #[arg(long, value_name = "TEXT", value_parser = external_id)]
        external_id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct PersonAsked {
    /// Through which connection they come
    #[arg(long, value_name = "ID", value_parser = connection)]
    pub(crate) connection: ConnectionId,
    #[command(flatten)]
    pub(crate) whom: Whom,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whom {
    /// Whose address this is, in the connection's school
    #[arg(long, value_name = "ADDRESS", value_parser = Email::parse)]
    pub(crate) email: Option<Email>,
    /// Whom the identity provider names so, exactly
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PersonChanged {
    #[command(flatten)]
    pub(crate) asked: PersonAsked,
    /// Why; it stays with the person
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The reference on the person's page, like 7KQ3-9FXM-2B4T, or an apigw-requestid
    pub(crate) reference: String,
}

fn reason(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    match text.len() {
        0 => Err("a reason is needed"),
        1..=500 if text.chars().any(char::is_control) => Err("one line without control characters"),
        1..=500 => Ok(text.to_owned()),
        _ => Err("at most 500 bytes"),
    }
}

/// As it stands: it is compared byte for byte.
fn external_id(text: &str) -> Result<String, &'static str> {
    match text.trim().is_empty() {
        true => Err("an account without an external id needs no link: the next login with its address binds it"),
        false => Ok(text.to_owned()),
    }
}

fn which(text: &str) -> Result<Which, BadName> {
    if text.ends_with(".toml") { Ok(Which::File(text.into())) } else { connection(text).map(Which::Applied) }
}

/// 64 hexadecimal digits, with or without colons. A part of it is not enough: whoever makes a key chooses a part.
fn fingerprint(text: &str) -> Result<String, &'static str> {
    let digits: String = text.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(digits.to_ascii_lowercase())
    } else {
        Err("a SHA-256 fingerprint has 64 hexadecimal digits")
    }
}

fn connection(text: &str) -> Result<ConnectionId, BadName> {
    ConnectionId::parse(text)
}
