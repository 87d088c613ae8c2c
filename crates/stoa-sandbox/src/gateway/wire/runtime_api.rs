//! The Lambda Runtime API that one process of a function talks to.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};

use crate::functions::FunctionError;
use crate::gateway::event::random;
use crate::listen::{Answer, CutConnection, Server};

const PREFIX: &str = "/2018-06-01/runtime/";

/// An event on its way to a function.
#[derive(Debug)]
pub(super) struct Invocation {
    /// JSON, as a rule: a test hands over what is none.
    pub(super) event: Bytes,
    pub(super) reply: oneshot::Sender<Result<Value, FunctionError>>,
}

/// The events that wait; it outlives a process.
pub(super) type Queue = Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>>;

/// The running Runtime API of one process.
pub(super) struct RuntimeApi {
    state: Arc<State>,
    server: Server,
}

struct State {
    queue: Queue,
    arn: String,
    timeout: Duration,
    started: OnceLock<Instant>,
    ready: watch::Sender<Option<Duration>>,
    pending: Mutex<HashMap<String, oneshot::Sender<Result<Value, FunctionError>>>>,
}

impl RuntimeApi {
    pub(super) async fn start(queue: Queue, arn: String, timeout: Duration) -> io::Result<Self> {
        let state = Arc::new(State {
            queue,
            arn,
            timeout,
            started: OnceLock::new(),
            ready: watch::Sender::new(None),
            pending: Mutex::default(),
        });
        let handler = Arc::clone(&state);
        let server = Server::start(0, move |_, request| {
            let state = Arc::clone(&handler);
            async move { state.answer(request).await }
        })
        .await?;
        Ok(Self { state, server })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Starts the clock of the start time: the process is about to be executed.
    pub(super) fn start_clock(&self) {
        let _ = self.state.started.set(Instant::now());
    }

    /// The time from the start to the first request for an event, once there was one.
    pub(super) fn ready(&self) -> watch::Receiver<Option<Duration>> {
        self.state.ready.subscribe()
    }

    /// Ends what the process had taken and not answered.
    pub(super) fn abandon(&self, error: &FunctionError) {
        for (_, reply) in self.state.pending().drain() {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

impl State {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let (head, body) = request.into_parts();
        let path = head.uri.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
        let steps: Vec<&str> = path.split('/').collect();
        match (head.method, steps.as_slice()) {
            (Method::GET, ["invocation", "next"]) => self.next().await,
            (Method::POST, ["invocation", id, "response"]) => {
                let body = body.collect().await.map_err(|_| CutConnection)?.to_bytes();
                Ok(self.complete(id, serde_json::from_slice(&body).map_err(|_| unreadable())))
            }
            (Method::POST, ["invocation", id, "error"]) => {
                let body = body.collect().await.map_err(|_| CutConnection)?.to_bytes();
                Ok(self.complete(id, Err(reported(&body))))
            }
            // The process exits after this one, and that is what the caller hears of.
            (Method::POST, ["init", "error"]) => Ok(reply(StatusCode::ACCEPTED, &json!({"status": "OK"}))),
            _ => Ok(reply(StatusCode::NOT_FOUND, &json!({"errorType": "NotFound"}))),
        }
    }

    async fn next(&self) -> Answer {
        if self.ready.borrow().is_none() {
            self.ready.send_replace(self.started.get().map(Instant::elapsed));
        }
        let Some(invocation) = self.queue.lock().await.recv().await else { return Err(CutConnection) };
        let id = request_id();
        let deadline = Timestamp::now().as_millisecond() + i64::try_from(self.timeout.as_millis()).unwrap_or(i64::MAX);
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &id)
            .header("lambda-runtime-deadline-ms", deadline)
            .header("lambda-runtime-invoked-function-arn", &self.arn)
            .header("lambda-runtime-trace-id", "Root=1-00000000-000000000000000000000000;Sampled=0")
            .body(Full::new(invocation.event))
            .map_err(|_| CutConnection)?;
        self.pending().insert(id, invocation.reply);
        Ok(response)
    }

    fn complete(&self, id: &str, result: Result<Value, FunctionError>) -> Response<Full<Bytes>> {
        match self.pending().remove(id) {
            Some(waiting) => {
                let _ = waiting.send(result);
                reply(StatusCode::ACCEPTED, &json!({"status": "OK"}))
            }
            None => reply(
                StatusCode::BAD_REQUEST,
                &json!({"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"}),
            ),
        }
    }

    fn pending(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Result<Value, FunctionError>>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reported(body: &[u8]) -> FunctionError {
    let error: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| error[name].as_str().unwrap_or("unknown").to_owned();
    FunctionError::Failed { kind: field("errorType"), message: field("errorMessage") }
}

fn unreadable() -> FunctionError {
    FunctionError::Failed {
        kind: "Runtime.InvalidResponse".to_owned(),
        message: "the function returned something that is not JSON".to_owned(),
    }
}

/// In the form of a UUID, as Lambda's.
fn request_id() -> String {
    let hex: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn reply(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
}
