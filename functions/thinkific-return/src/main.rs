//! `GET /return`, `GET /sign-out/{connection}`, `$default`
//!
//! Shows what happened when Thinkific sends a person back, signs out of the school, and answers every path that no
//! other function takes.
//!
//! - reads: `connections`
//! - writes: `logins` (Launched to Returned)
//! - faults: every page of `docs/runbook/faults/`; alarms: `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::thinkific_return::serve().await
}
