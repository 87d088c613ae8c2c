//! Invoked by the command `stoa` (`stoa logins --email`, `stoa person`, `stoa trace`, `stoa why`); no route leads
//! here.
//!
//! Answers what needs a secret, since the command reads none: which logins are an address's, which person is meant, and
//! what a school says now, asked with its key and without. It changes nothing. Neither its answer nor its log line has
//! an address in it.
//!
//! - reads: `connections`, the index `by-email` of `logins`, `directory`; the secrets `pepper`, `thinkific/{school}`
//! - writes: nothing
//! - faults: `docs/runbook/faults/`, in the answer to the command

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::operator::serve().await
}
