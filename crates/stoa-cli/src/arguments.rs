//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use stoa_core::directory::UserId;
use stoa_core::email::Email;
use stoa_core::ids::{BadName, ConnectionId, CourseId, SchoolId};
use stoa_core::rehearsal::{Question, TestDomain};
use stoa_import::{Column, Preset};

use crate::time::{since, until};

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

#[derive(Debug, Subcommand)]
pub(crate) enum Connection {
    /// Print what `apply` would change
    Plan(Files),
    /// Print what changes, and write it
    Apply(Apply),
    /// Check a file and its metadata, and print its certificates; asks nobody but a named stack
    Check {
        /// A connection's TOML file
        file: PathBuf,
    },
    /// Print what the customer's administrator has to set up, with the values to paste
    Guide {
        /// The connection; or its TOML file, if it has not been applied yet
        #[arg(value_name = "ID|FILE", value_parser = which)]
        connection: Which,
    },
    /// List every connection with its state and last change
    List,
    /// Write a connection's file from the answers to the form of docs/integration-checklist.md, to standard output
    New {
        /// The answers, as TOML
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Print when each milestone of a customer's integration was reached
    Timeline {
        /// The connection
        #[arg(value_parser = connection, required_unless_present = "all", conflicts_with = "all")]
        id: Option<ConnectionId>,
        /// Every connection, and how long it usually took
        #[arg(long)]
        all: bool,
    },
    /// Print a connection as it is stored, or as it was
    Show {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// The version, as `history` prints it; without one, the current version
        version: Option<u32>,
    },
    /// Make a test link for the customer's administrator, and print the result of the last test
    Test {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Make no new link; the current one keeps working
        #[arg(long)]
        result: bool,
    },
    /// Open a connection to everybody, after a successful test login
    Activate(StateChange),
    /// Close a connection immediately
    Disable(StateChange),
    /// Show the keys that a connection trusts, or change them
    Trust(Trust),
    /// Print whom to call about a connection
    Contacts {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
    },
    /// Show who changed what of a connection, when and why
    History {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
    },
    /// Restore an earlier version of a connection; its state and keys stay
    Rollback {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// The version to restore, as `history` prints it
        version: u32,
        /// The reason; it is kept in the history
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
    /// A connection's TOML file, or a folder of them; schools/*.toml and the metadata next to them are read too
    pub(crate) path: PathBuf,
    /// Claim a domain that looks like a mail provider's or a public suffix, or is in other letters; once for each
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) allow_domain: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) files: Files,
    /// The reason; it is kept in the history. A change of an existing connection needs one
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// The connection
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// Without one, the keys are printed
    #[command(subcommand)]
    pub(crate) action: Option<TrustAction>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustAction {
    /// Fetch what is published now, from this machine: metadata is compared and not written, a key set is written
    Fetch {
        /// Metadata from elsewhere, to compare it: its https address, or a file
        #[arg(value_name = "URL|FILE")]
        from: Option<String>,
    },
    /// Trust a key in the metadata without waiting
    Approve {
        /// The certificate's SHA-256 fingerprint, as `trust` or the provider's console shows it
        #[arg(value_parser = fingerprint)]
        fingerprint: String,
        /// The reason; it is kept in the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Trust a certificate, or the keys of some metadata, whatever is published at the connection's address
    Add {
        /// A certificate (PEM or DER) or metadata in a file, or the https address of metadata
        #[arg(value_name = "FILE|URL")]
        source: String,
        /// The reason; it is kept in the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Stop trusting a key, even if the metadata names it; never the last one
    Remove {
        /// The certificate's SHA-256 fingerprint, as `trust` or the provider's console shows it
        #[arg(value_parser = fingerprint)]
        fingerprint: String,
        /// The reason; it is kept in the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct StateChange {
    /// The connection
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// The reason; it is kept in the history
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Scim {
    /// Make, list or revoke tokens; at most two of a connection are live at once
    #[command(subcommand)]
    Token(ScimToken),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ScimToken {
    /// Make a token and print it, this once
    Create {
        /// The connection; its file needs [directory] with source = "scim"
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// When it stops working: 90d, a day like 2027-03-01 or an instant; by default it does not
        #[arg(long, value_name = "WHEN", value_parser = until)]
        expires: Option<Timestamp>,
    },
    /// List a connection's tokens and when they were last used
    List {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
    },
    /// Make a token useless
    Revoke {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// The token's number, as `list` prints it
        token: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Teams {
    /// Make the package that a Teams administrator uploads, and print what they have to set up
    Package(Package),
}

#[derive(Debug, Args)]
pub(crate) struct Package {
    /// The connection; it needs a [teams] table
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// Where to write it; by default, ID-teams.zip in this folder
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// For the customer's administrator: the tab is a test link, which replaces any earlier one
    #[arg(long)]
    pub(crate) test: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Write a secret from standard input: the value of one key, or a key set as JSON
    Put {
        /// seal, pepper, directory, saml/CONNECTION, oidc/CONNECTION or thinkific/SCHOOL
        name: String,
        /// Generate a random value; only for seal, pepper and directory
        #[arg(long)]
        random: bool,
        /// Write it although its connection or school has not been applied yet
        #[arg(long)]
        before_apply: bool,
    },
    /// List the secrets: when each was written, whose it is, and which are missing
    List,
    /// Remove the secret of a connection or school that does not exist any more; for 30 days `put` can bring it back
    Remove {
        /// As `list` prints it
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Logins {
    /// Only logins through this connection; --email alone means all that have its domain, --failed alone all
    #[arg(long, value_name = "ID", value_parser = connection, required_unless_present_any = ["email", "failed"])]
    pub(crate) connection: Option<ConnectionId>,
    /// Only logins that began since then: 30m, 2h, 3d, 2026-11-20 or 2026-11-20T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    /// Only this address's verified logins; asks the function `operator`
    #[arg(long, value_name = "ADDRESS", value_parser = Email::parse)]
    pub(crate) email: Option<Email>,
    /// Only failed logins
    #[arg(long)]
    pub(crate) failed: bool,
    /// At most this many; with --email alone, per connection
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) limit: u16,
}

#[derive(Debug, Args)]
pub(crate) struct Imported {
    /// A CSV file; its letters and separator are recognized
    pub(crate) file: PathBuf,
    /// The connection whose people they are; addresses outside its domains are refused
    #[arg(long, value_name = "ID", value_parser = connection)]
    pub(crate) connection: ConnectionId,
    /// The system that wrote the file: successfactors, workday, bamboohr, personio, thinkific
    #[arg(long, value_name = "NAME", value_parser = preset)]
    pub(crate) preset: Option<Preset>,
    /// What a column is called in the file, as email="Login Mail"; once for each
    #[arg(long, value_name = "COLUMN=NAME", value_parser = column)]
    pub(crate) column: Vec<(Column, String)>,
    /// Write a line for each row that cannot be used, with the reason
    #[arg(long, value_name = "FILE")]
    pub(crate) result: Option<PathBuf>,
    /// The file names everybody: whoever is in the directory and not in the file has left
    #[arg(long)]
    pub(crate) complete: bool,
    /// Write what differs into the directory; without this, only print it
    #[arg(long, requires = "reason")]
    pub(crate) write: bool,
    /// The reason; it is kept in the history
    #[arg(long, value_name = "TEXT", value_parser = reason, requires = "write")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Thinkific {
    /// Print what the school is asked to tell, and what is missing; asks the function `operator`
    Webhooks {
        /// The school
        #[arg(value_name = "SCHOOL", value_parser = school)]
        school: SchoolId,
        /// Subscribe to what is missing, and end what is broken or too much
        #[arg(long)]
        write: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Probe {
    /// Give the probe a key and a connection of its own, which only tests; again: a new key
    SetUp {
        /// The school that its connection leads to; no login gets there
        #[arg(value_parser = school)]
        school: SchoolId,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum School {
    /// Look at all accounts of a school now, so that launches need not ask
    Mirror {
        /// The school
        #[arg(value_parser = school)]
        id: SchoolId,
        /// Only print how far the mirror has come, and how many people enter without a call
        #[arg(long)]
        status: bool,
    },
    /// Print a school's settings, and what rehearsals have found of it
    Show {
        /// The school
        #[arg(value_parser = school)]
        id: SchoolId,
    },
    /// Ask a school what is not documented, with people who exist for nothing else; without --domain, print the questions
    Rehearse(Rehearse),
}

#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The school
    #[arg(value_parser = school)]
    pub(crate) id: SchoolId,
    /// A mail domain of yours under which nobody signs in: the people have their addresses there, and are removed
    #[arg(long, value_name = "DOMAIN", value_parser = TestDomain::parse)]
    pub(crate) domain: Option<TestDomain>,
    /// Ask this question only; can be given several times
    #[arg(long, value_name = "QUESTION", value_parser = question)]
    pub(crate) only: Vec<Question>,
    /// Ask nothing, and remove whoever was left by a rehearsal that was interrupted
    #[arg(long, requires = "domain")]
    pub(crate) clear: bool,
    /// The course that people are enrolled in; by default the first that the school lists
    #[arg(long, value_name = "N", value_parser = course)]
    pub(crate) course: Option<CourseId>,
    /// How many of the calls that the school allows in a minute may be used
    #[arg(long, value_name = "N", default_value = "40", value_parser = clap::value_parser!(u16).range(1..=6000))]
    pub(crate) calls_per_minute: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Progress {
    /// Write a line for each person of the directory and course into a file, as CSV
    Export {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Where to write it; only you can read the file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Directory {
    /// Print what is due for a person at the school, what was done, and what was changed by hand
    Show {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Their id in the directory, as logs and SCIM have it
        #[arg(value_parser = UserId::parse)]
        person: UserId,
    },
    /// List people whose removal is held since too many were to leave at once
    Held {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
    },
    /// List people who cannot be put right at the school, and why
    Stuck {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
    },
    /// Write what the directory has of its people into a file, as CSV; or all that is stored of one of them
    Export {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Only this person, by their id in the directory: everything that is stored of them, as JSON
        #[arg(long, value_name = "PERSON", value_parser = UserId::parse)]
        user: Option<UserId>,
        /// Where to write it; only you can read the file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// List everything that is stored of a person who has left, and with --write forget it
    Erase {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Their id in the directory, as logs and SCIM have it
        #[arg(value_parser = UserId::parse)]
        person: UserId,
        /// Forget it; without this, only list it
        #[arg(long, requires = "reason")]
        write: bool,
        /// The reason; it is kept, with an id that leads nowhere any more
        #[arg(long, value_name = "TEXT", value_parser = reason, requires = "write")]
        reason: Option<String>,
    },
    /// Compare a directory with the mirror of its school, and have put right what differs
    Drift {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Have it put right, within the school's calls
        #[arg(long, requires = "write")]
        repair: bool,
        /// Write that; without this, only print it
        #[arg(long, requires_all = ["repair", "reason"])]
        write: bool,
        /// The reason; it is kept in the history
        #[arg(long, value_name = "TEXT", value_parser = reason, requires = "write")]
        reason: Option<String>,
    },
    /// Have another try made for somebody who is stuck
    Retry(DirectoryChanged),
    /// Let the held removals of a connection through
    Release {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// The reason; it is kept in the history
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Keep somebody out, whatever the directory says
    Block {
        #[command(flatten)]
        changed: DirectoryChanged,
        /// Let them in again, as the directory says
        #[arg(long)]
        off: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DirectoryChanged {
    /// The connection
    #[arg(value_parser = connection)]
    pub(crate) id: ConnectionId,
    /// Their id in the directory, as logs and SCIM have it
    #[arg(value_parser = UserId::parse)]
    pub(crate) person: UserId,
    /// The reason; it is kept in the history
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Person {
    /// Print what the directory knows about them, and what was changed by hand
    Show(PersonAsked),
    /// Keep them out, starting with their next launch
    Deactivate(PersonChanged),
    /// Let them in again
    Reactivate(PersonChanged),
    /// Release their address, so that somebody else can have it
    FreeAddress(PersonChanged),
    /// Make people known under a new subject, after the customer has changed what it sends
    Move(Move),
    /// Link a person to a school account, replacing any earlier link
    Link {
        #[command(flatten)]
        changed: PersonChanged,
        /// The account's user id in Thinkific
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        user: u64,
        /// The account's external id, as Thinkific has it; it cannot be changed there
        #[arg(long, value_name = "TEXT", value_parser = external_id)]
        external_id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Move {
    /// The connection through which they sign in
    #[arg(long, value_name = "ID", value_parser = connection)]
    pub(crate) connection: ConnectionId,
    /// Many people: a line for each, `PREVIOUS,NEW`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "to"], required_unless_present = "from")]
    pub(crate) file: Option<PathBuf>,
    /// One person: the subject that the identity provider sent for them until now
    #[arg(long, value_name = "TEXT", requires = "to")]
    pub(crate) from: Option<String>,
    /// The subject that it sends from now on
    #[arg(long, value_name = "TEXT", requires = "from")]
    pub(crate) to: Option<String>,
    /// The reason; it is kept with the person
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct PersonAsked {
    /// The connection through which they sign in
    #[arg(long, value_name = "ID", value_parser = connection)]
    pub(crate) connection: ConnectionId,
    #[command(flatten)]
    pub(crate) whom: Whom,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whom {
    /// The person with this address at the connection's school
    #[arg(long, value_name = "ADDRESS", value_parser = Email::parse)]
    pub(crate) email: Option<Email>,
    /// The subject, exactly as the identity provider sends it
    #[arg(long, value_name = "TEXT")]
    pub(crate) subject: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PersonChanged {
    #[command(flatten)]
    pub(crate) asked: PersonAsked,
    /// The reason; it is kept with the person
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// The reference on the person's page, like 7KQ3-9FXM-2B4T, or an apigw-requestid
    pub(crate) reference: String,
}

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The connection that the complaint is about
    #[arg(long, value_name = "ID", value_parser = connection)]
    pub(crate) connection: ConnectionId,
    /// Look at logins that began since then: 30m, 2h, 3d, 2026-11-20 or 2026-11-20T08:00:00Z
    #[arg(long, value_name = "WHEN", default_value = "2h", value_parser = since)]
    pub(crate) since: Timestamp,
}

/// Why something is done: one line.
pub(crate) fn reason(text: &str) -> Result<String, &'static str> {
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
        true => Err("an account without an external id needs no link: the next login with its address links it"),
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

fn preset(text: &str) -> Result<Preset, String> {
    let known = || Preset::ALL.iter().map(|preset| preset.as_str()).collect::<Vec<_>>().join(", ");
    let found = Preset::ALL.iter().find(|preset| preset.as_str() == text).copied();
    found.ok_or_else(|| format!("known are: {}", known()))
}

fn column(text: &str) -> Result<(Column, String), String> {
    let known = || Column::ALL.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ");
    let (column, name) = text.split_once('=').ok_or("a column, =, and its name in the file")?;
    let found = Column::ALL.iter().find(|known| known.as_str() == column).copied();
    found.map(|column| (column, name.to_owned())).ok_or_else(|| format!("columns are: {}", known()))
}

fn connection(text: &str) -> Result<ConnectionId, BadName> {
    ConnectionId::parse(text)
}

fn school(text: &str) -> Result<SchoolId, BadName> {
    SchoolId::parse(text)
}

fn question(text: &str) -> Result<Question, &'static str> {
    Question::of_code(text).ok_or("there is no such question; `stoa school rehearse ID` prints them")
}

fn course(text: &str) -> Result<CourseId, std::num::ParseIntError> {
    text.parse().map(CourseId)
}
