//! API Gateway's side of a function: what an HTTP API hands to it, and what it takes back.
//!
//! Reference: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", AWS documentation; payload format 2.0.

mod answer;
mod event;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

pub(crate) use answer::{returned, sendable};
pub(crate) use event::{Misfit, read};
