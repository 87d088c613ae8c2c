//! `POST /saml/{connection}/acs`
//!
//! Takes the SAML Response that the browser brings, verifies it, decides whether the person may enter, and seals the
//! identity under a ticket that only this browser has. Parses what strangers send, so it cannot read the Thinkific key.
//!
//! - reads: `connections`, `trust`; the secrets `seal`, `pepper`, `saml/{connection}`
//! - writes: `logins` (write 2: Verified)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::saml_acs::serve().await
}
