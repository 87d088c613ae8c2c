//! Lambda, as far as the command `stoa` asks it: invoke a function and wait for the answer, and which version has its
//! traffic (REST API 2015-03-31).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};

use super::request::function_of;
use super::served::{Served, refused};
use super::{ACCOUNT, REGION, Stack};
use crate::functions::{FunctionError, Functions};

/// The functions, once they are there: they must know our address before they can start.
#[derive(Default)]
pub(super) struct Lambda {
    functions: OnceLock<Arc<dyn Functions>>,
    shifting: Mutex<BTreeSet<String>>,
    is_new_account: AtomicBool,
}

impl Lambda {
    /// Only the first time counts.
    pub(super) fn set(&self, functions: Arc<dyn Functions>) {
        let _ = self.functions.set(functions);
    }

    /// A part of a function's traffic goes to the next version from now on.
    pub(super) fn shift(&self, function: &str) {
        self.shifting.lock().unwrap_or_else(PoisonError::into_inner).insert(function.to_owned());
    }

    /// The account has a new one's limits from now on.
    pub(super) fn limit(&self) {
        self.is_new_account.store(true, Ordering::Relaxed);
    }

    /// `GetAccountSettings`, without what is used.
    pub(super) fn account(&self) -> Served {
        let at_once = if self.is_new_account.load(Ordering::Relaxed) { 10 } else { 1000 };
        let limit = json!({ "ConcurrentExecutions": at_once, "UnreservedConcurrentExecutions": at_once });
        Served::of(StatusCode::OK, json!({ "AccountLimit": limit }))
    }

    /// `GetAlias` of `live`. Nothing is ever deployed here, so there is one version.
    pub(super) fn alias(&self, name: &str, stack: &Stack) -> Served {
        let Some(function) = function_of(name, stack) else {
            return refused("ResourceNotFoundException", &format!("Function not found: {name}"));
        };
        let mut alias = json!({
            "AliasArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:live"),
            "Name": "live",
            "FunctionVersion": "1",
        });
        if self.shifting.lock().unwrap_or_else(PoisonError::into_inner).contains(function) {
            alias["RoutingConfig"] = json!({"AdditionalVersionWeights": {"2": 0.1}});
        }
        Served::of(StatusCode::OK, alias)
    }

    /// What a function answers to an event.
    pub(super) async fn invoke(&self, name: &str, stack: &Stack, event: Value) -> Served {
        let result = match (self.functions.get(), function_of(name, stack)) {
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
