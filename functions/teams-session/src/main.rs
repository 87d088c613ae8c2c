//! `GET /teams/{connection}`, `POST /teams/{connection}/session`, `GET` and `POST /teams/{connection}/continue`,
//! `GET /teams/script.js`
//!
//! Serves the tab, verifies a Teams token, and hands the identity on to the browser outside Teams by a one-time code.
//! Parses what strangers send, so it cannot read the Thinkific key.
//!
//! - reads: `connections`, `trust`; the secrets `seal`, `pepper`
//! - writes: `logins` (writes 1 and 2), `trust` (Entra's key set, where a key was unknown)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::teams_session::serve().await
}
