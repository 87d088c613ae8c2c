//! Started by the clock, once an hour; no route leads here.
//!
//! Fetches what every identity provider publishes and holds it against what its connection believes: announces new
//! keys, trusts them after three days, drops those that are gone, replaces key sets, holds what only a person may let
//! through, and reports certificates, client secrets and tokens of SCIM
//! clients that end. Whatever a provider says, no connection is changed. It takes nothing from
//! its event: run by hand, with any, it does the same, and answers how many connections there were and failed.
//!
//! - reads: `connections`, `trust`, `directory` (tokens of SCIM clients, as hashes); the addresses of identity providers, through the egress guard
//! - writes: `trust`
//! - faults: none that anybody sees; events in the log (`docs/runbook/trust-keys.md`); alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::trust_refresh::serve().await
}
