//! The benchmarks are beside this file, one for each subject: `cargo bench -p stoa-benches`.
