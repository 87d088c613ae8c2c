//! `POST /workos/{connection}/webhook`
//!
//! Takes what WorkOS tells of a customer's directory, proves it, and notes people, groups and memberships.
//!
//! - reads: `connections`, `directory`; the secrets `pepper`, `directory`, `workos`
//! - writes: `directory` (people, groups, memberships, and what was told of each)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::workos_webhook::serve().await
}
