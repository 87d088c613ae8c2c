//! Started by the clock, once a minute; no route leads here.
//!
//! Looks at what each school has under the addresses of its customers: who holds a role, every quarter of an hour; all
//! accounts, twice a day; to what they are bound, where nobody knows. Writes down what has changed, so that launches
//! decide without asking. Does what has to follow logins that did not ask: names, and the password of an account that
//! was nobody's. Spends what logins leave of the school's calls. An event may name one school (`{"school": "ID"}`); any
//! other is taken for the clock's, so to run it by hand at any time does no harm.
//!
//! - reads: `connections`, `directory`, `logins` (the line before a school); secrets `pepper`, `seal`, `thinkific`; the
//!   school's Admin API
//! - writes: `directory`, `logins` (the calls of a minute); accounts of the school, after a look
//! - faults: none that anybody sees; a line for each school that failed; alarm `MirrorAbsent`

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stoa_service::functions::ServeError> {
    stoa_service::functions::mirror::serve().await
}
