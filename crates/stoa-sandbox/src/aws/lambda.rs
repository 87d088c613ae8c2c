//! Lambda, as far as the operator's command asks it: invoke a function and wait for the answer (REST API 2015-03-31).

use std::sync::{Arc, OnceLock};

use http::StatusCode;
use serde_json::{Value, json};

use super::Stack;
use super::request::function_of;
use super::served::{Served, refused};
use crate::functions::{FunctionError, Functions};

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
