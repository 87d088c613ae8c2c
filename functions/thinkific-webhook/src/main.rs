//! `POST /thinkific/{school}/webhook`
//!
//! Takes what a school tells by itself, proves it, and notes accounts and progress.
//!
//! - reads: `connections`, `directory`; the secrets `pepper`, `thinkific`
//! - writes: `logins` (a receipt), `directory` (progress, the mirror)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::thinkific_webhook::serve().await
}
