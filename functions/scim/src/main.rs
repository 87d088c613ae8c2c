//! `GET`, `POST`, `PUT`, `PATCH`, `DELETE /scim/{connection}/{proxy+}`
//!
//! SCIM 2.0 for a customer's client: people and groups as it wants them. Parses what strangers send, so it cannot read
//! the Thinkific key: what follows at the school is only marked, and the provisioner does it.
//!
//! - reads: `connections`, `directory`; the secrets `pepper`, `directory`
//! - writes: `directory` (people, groups, memberships, what is due)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::scim::serve().await
}
