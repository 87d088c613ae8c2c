//! Started by the clock, every minute; no route leads here.
//!
//! Does at the schools what is due for people of a directory: makes accounts and gives them names and addresses, enrolls
//! them and puts them into groups, and ends what was given when they leave. One run at a time works on a school; it
//! makes no more calls than the logins leave it, and takes away only what it gave. It takes nothing from its event: run
//! by hand, with any, it does the same, and answers for how many people something was done.
//!
//! - reads: `connections`, `directory`; secrets `pepper`, `directory`, `thinkific/{school}`; the schools' Admin API
//! - writes: `directory` (what was done, leases), `logins` (the calls of a school's minute)
//! - faults: none that anybody sees; lines in the log, and people who are stuck or held; alarms:
//!   `docs/runbook/alarms/`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::provisioner::serve().await
}
