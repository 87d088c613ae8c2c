//! People who have signed in.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use stoa_core::email::Email;
use stoa_core::ids::ConnectionId;

use super::value::{connection, reason};

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

/// As it stands: it is compared byte for byte.
fn external_id(text: &str) -> Result<String, &'static str> {
    match text.trim().is_empty() {
        true => Err("an account without an external id needs no link: the next login with its address links it"),
        false => Ok(text.to_owned()),
    }
}
