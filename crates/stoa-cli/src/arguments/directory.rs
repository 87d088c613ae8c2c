//! People of customers' directories: where they come from, and what is done about them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use stoa_core::directory::UserId;
use stoa_core::ids::ConnectionId;
use stoa_import::{Column, Preset};

use super::value::{connection, reason};
use crate::time::until;

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
pub(crate) enum Directory {
    /// Print what is due for a person at the school, what was done, and what was changed by hand
    Show {
        /// The connection
        #[arg(value_parser = connection)]
        id: ConnectionId,
        /// Their id in the directory, as logs, SCIM and the file of `directory export` have it
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
        /// Only this person, by their id in the directory, as the file of everybody has it: everything that is stored of them, as JSON
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
        /// Their id in the directory, as logs, SCIM and the file of `directory export` have it
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
    /// Their id in the directory, as logs, SCIM and the file of `directory export` have it
    #[arg(value_parser = UserId::parse)]
    pub(crate) person: UserId,
    /// The reason; it is kept in the history
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: String,
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
