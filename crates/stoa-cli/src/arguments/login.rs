//! Logins, and why they failed.

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use stoa_core::email::Email;
use stoa_core::ids::ConnectionId;

use super::value::connection;
use crate::time::since;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").args(["connection", "email", "failed"]).required(true).multiple(true)))]
pub(crate) struct Logins {
    /// Only logins through this connection; --email alone means all that have its domain, --failed alone all
    #[arg(long, value_name = "ID", value_parser = connection)]
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
