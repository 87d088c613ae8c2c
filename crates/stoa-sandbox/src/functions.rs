//! What runs the functions, as the gateway and the local Lambda see it.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value;

/// What a function gives back, once it does.
pub type Invocation<'a> = Pin<Box<dyn Future<Output = Result<Value, FunctionError>> + Send + 'a>>;

/// What runs the functions: in this process, or as their deployable binaries.
pub trait Functions: Send + Sync {
    /// Hands an event to a function of the register and waits for what it returns.
    fn invoke<'a>(&'a self, function: &'a str, event: Value) -> Invocation<'a>;
}

/// Why a function returned nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// There is no function of this name.
    #[error("no such function")]
    Unknown,
    /// It reported an error, as a panic is reported too.
    #[error("{kind}: {message}")]
    Failed {
        /// The error's type.
        kind: String,
        /// The error's message.
        message: String,
    },
    /// Its process ended.
    #[error("the process ended: {0}")]
    Exited(String),
    /// It took longer than it may.
    #[error("timed out")]
    TimedOut,
    /// There was no capacity to run it.
    #[error("throttled")]
    Throttled,
}
