//! The local AWS and the local API Gateway, over plain HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod events;
mod front;
mod gateway;
mod secrets;
mod wire;
