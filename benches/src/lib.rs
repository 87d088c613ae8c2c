//! What is measured. The benchmarks are beside this folder, one for each subject: `cargo bench -p stoa-benches`; what
//! counts instead of timing is in `src/bin`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

pub mod hostile;
pub mod message;
