//! What is done with connections, and with the apps and secrets that belong to them.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use stoa_core::ids::{BadName, ConnectionId};

use super::value::{connection, reason};

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
        /// The answers, as TOML; with SAML, our host must be known too
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Print when each milestone of a customer's integration was reached
    #[command(group(ArgGroup::new("which").args(["id", "all"]).required(true)))]
    Timeline {
        /// The connection
        #[arg(value_parser = connection)]
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
        /// seal, pepper, directory, saml/CONNECTION, oidc/CONNECTION, workos/CONNECTION or thinkific/SCHOOL
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
