//! Invoked by the command `stoa` (`stoa import`, `stoa directory export`, `stoa directory erase`); no route leads
//! here.
//!
//! Takes rows of a customer's file into the connection's directory, a hundred at a time, through the same store as a
//! SCIM client's people, and opens what the directory has of people. It has no school's key: what is due there is the
//! function `provisioner`'s. Its log line has the connection, and nobody's name.
//!
//! - reads: `connections`, `directory`; the secrets `pepper`, `directory`
//! - writes: `directory` (people, groups, what is due for them)
//! - faults: `docs/runbook/faults/`, in the answer to the command

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::csv_import::serve().await
}
