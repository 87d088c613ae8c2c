//! `GET /launch` and `POST /launch`
//!
//! Redeems the ticket, makes sure that the school account is the person's, signs the Thinkific token and sends the
//! browser to the school. Parses nothing but the ticket, so it may hold the Thinkific key.
//!
//! - reads: `logins`, `connections`, `directory` in one batch; the secrets `seal`, `pepper`, `thinkific/{school}`
//! - writes: `logins` (write 3: Launched; that a test succeeded), `directory` where the person is new or changed
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::thinkific_launch::serve().await
}
