//! One integration binary; each module is one subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and reads its own keys"
)]

mod accepted_encryption;
mod accepted_shapes;
mod accepted_signatures;
mod as_sent;
mod authn_request;
mod c14n;
mod fixture;
mod hostile_algorithms;
mod hostile_encryption;
mod hostile_files;
mod hostile_semantics;
mod hostile_signature;
mod hostile_time;
mod hostile_work;
mod hostile_wrapping;
mod hostile_xml;
mod interop;
mod lawful;
mod metadata;
mod mutated;
mod oracle;
mod spelling;
mod statements;
