//! One integration binary; each module is one subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and reads its own files"
)]

mod answers;
mod directory;
mod exchanges;
mod hostile_bodies;
mod hostile_filters;
mod hostile_patches;
mod lawful;
mod lookups;
mod work;
