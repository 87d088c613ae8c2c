//! The edge of a function that no browser starts: an event in, an answer out.
//!
//! What comes in and what is logged is the flow's own business; a panic becomes an error of the function.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::FutureExt;
use lambda_http::lambda_runtime::Diagnostic;
use serde_json::Value;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;

use crate::clients::Clients;

/// A function that a schedule or the operator's command starts, ready to be called with an event and the id of the
/// request. Boxed, so that a binary does not compile the flow again.
pub type Invoked = Arc<dyn Fn(Value, String) -> Answering<'static, NotAnswered> + Send + Sync>;

/// An answer on its way.
pub(crate) type Answering<'a, E> = Pin<Box<dyn Future<Output = Result<Value, E>> + Send + 'a>>;

/// The function has no answer; its log line says why. Lambda counts it as an error of the function.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{}", .0.code())]
pub struct NotAnswered(pub Fault);

impl From<NotAnswered> for Diagnostic {
    fn from(error: NotAnswered) -> Self {
        Self { error_type: "NotAnswered".to_owned(), error_message: error.to_string() }
    }
}

/// The function over its clients.
pub(crate) fn invoked<F>(clients: Arc<Clients>, flow: F) -> Invoked
where
    F: for<'a> Fn(&'a Clients, Value, &'a str) -> Answering<'a, Failure> + Send + Sync + 'static,
{
    let flow = Arc::new(flow);
    Arc::new(move |event, request| {
        let (clients, flow) = (clients.clone(), flow.clone());
        Box::pin(async move {
            let answer = AssertUnwindSafe(flow(&clients, event, &request)).catch_unwind().await;
            match answer {
                Ok(answer) => answer.map_err(|failure| NotAnswered(failure.fault)),
                Err(_panic) => Err(NotAnswered(Fault::Internal)),
            }
        })
    })
}
