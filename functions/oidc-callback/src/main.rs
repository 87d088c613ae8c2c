//! `GET /oidc/{connection}/callback`
//!
//! Takes the answer of an OpenID provider or of WorkOS, exchanges the code, verifies the ID token, decides whether the
//! person may enter, and seals the identity under a ticket that only this browser has. Parses what strangers send, so it
//! cannot read the Thinkific key.
//!
//! - reads: `connections`, `trust`; the secrets `seal`, `pepper`, `oidc/{connection}`
//! - writes: `logins` (write 2: Verified), `trust` (a provider's key set, where a key was unknown)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::oidc_callback::serve().await
}
