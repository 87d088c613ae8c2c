//! Invoked by the operator's command (`stoa logins --email`, `stoa person`); no route leads here.
//!
//! Answers what needs the pepper, since the command reads no secret: which logins are an address's, and which person is
//! meant. It changes nothing. Neither its answer nor its log line has the address in it.
//!
//! - reads: the index `by-email` of `logins`, `directory`; the secret `pepper`
//! - writes: nothing
//! - faults: `docs/runbook/faults/`, in the answer to the command

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::operator::serve().await
}
