//! `POST /thinkific/{school}/webhook`
//!
//! Takes what a school tells by itself, proves it, and notes how far people have come.
//!
//! - reads: `connections`; the secret `thinkific`
//! - writes: `logins` (a receipt), `directory` (progress)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::thinkific_webhook::serve().await
}
