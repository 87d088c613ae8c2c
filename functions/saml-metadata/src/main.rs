//! `GET /saml/{connection}/metadata`
//!
//! Publishes our side of a SAML connection, for the customer's administrator to import.
//!
//! - reads: `connections`
//! - writes: nothing
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::saml_metadata::serve().await
}
