//! Every five minutes, by a schedule.
//!
//! Asks WorkOS what its webhooks may have missed: events, and now and then whole directories.
//!
//! - reads: `connections`, `directory`; the secrets `pepper`, `directory`, `oidc`
//! - writes: `directory` (people, groups, memberships, what was told of each, and how far it has come)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::workos_sync::serve().await
}
