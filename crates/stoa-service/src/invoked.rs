//! The edge of a function that no browser starts: an event in, an answer out.
//!
//! What comes in and what is logged of it is the flow's own business. A failure or a panic becomes an error of the
//! function, so that Lambda tries again and an alarm counts it; here it becomes a line.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;

use crate::clients::Clients;
use crate::log_line::{Failed, Head, level, milliseconds};

/// A function that a schedule or the command `stoa` starts, ready to be called with an event and the id of the
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
            let began = Instant::now();
            let answer = AssertUnwindSafe(flow(&clients, event, &request)).catch_unwind().await;
            let panicked = || Failure::noted(Fault::Internal, "a panic; the line before this one says where");
            answer.unwrap_or_else(|_panic| Err(panicked())).map_err(|failure| {
                clients.write(&FailedLine::of(&clients, &request, &failure, began));
                NotAnswered(failure.fault)
            })
        })
    })
}

/// The line of an invocation in which nothing was done. `docs/logging.md` describes each field.
#[derive(Serialize)]
pub(crate) struct FailedLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(flatten)]
    failed: Failed<'a>,
    ms: u64,
}

impl<'a> FailedLine<'a> {
    pub(crate) fn of(clients: &'a Clients, request: &'a str, failure: &'a Failure, began: Instant) -> Self {
        let head = Head::new(&clients.environment, request).at(level(failure));
        Self { head, failed: Failed::of(failure), ms: milliseconds(began.elapsed()) }
    }
}
