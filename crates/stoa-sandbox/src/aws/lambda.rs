//! Lambda, as far as the operator's command asks it: invoke a function and wait for the answer (REST API 2015-03-31).

use std::sync::{Arc, OnceLock};

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Stack;
use super::served::{Served, refused};
use crate::gateway::{FunctionError, Functions};

/// The functions, once they are there: they must know our address before they can start.
#[derive(Default)]
pub(super) struct Lambda(OnceLock<Arc<dyn Functions>>);

impl Lambda {
    /// Only the first time counts.
    pub(super) fn set(&self, functions: Arc<dyn Functions>) {
        let _ = self.0.set(functions);
    }

    /// What a function answers to an event.
    pub(super) async fn invoke(&self, name: &str, stack: &Stack, event: Value) -> Served {
        let result = match (self.0.get(), function_of(name, stack)) {
            (Some(functions), Some(function)) => functions.invoke(function, event).await,
            (None, _) | (_, None) => Err(FunctionError::Unknown),
        };
        let (kind, message) = match result {
            Ok(answer) => return Served::of(StatusCode::OK, answer),
            Err(FunctionError::Unknown) => {
                return refused("ResourceNotFoundException", &format!("Function not found: {name}"));
            }
            Err(FunctionError::Throttled) => return refused("TooManyRequestsException", "Rate Exceeded."),
            Err(FunctionError::Failed { kind, message }) => (kind, message),
            Err(other @ (FunctionError::Exited(_) | FunctionError::TimedOut)) => {
                ("Runtime".to_owned(), other.to_string())
            }
        };
        let body = json!({"errorType": kind, "errorMessage": message});
        Served { is_function_error: true, ..Served::of(StatusCode::OK, body) }
    }
}

/// The function's AWS name in an `Invoke` request.
pub(super) fn invoked(head: &Parts) -> Option<&str> {
    let path = head.uri.path().strip_prefix("/2015-03-31/functions/").filter(|_| head.method == Method::POST)?;
    path.strip_suffix("/invocations")
}

/// The register's name of a function of the stack.
pub(super) fn function_of<'a>(name: &'a str, stack: &Stack) -> Option<&'a str> {
    name.strip_prefix(stack.name())?.strip_prefix('-')
}
