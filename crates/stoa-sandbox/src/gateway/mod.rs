//! The local API Gateway: an HTTP API with the routes of the register and payload format 2.0.
//!
//! Reference: "Create AWS Lambda proxy integrations for HTTP APIs in API Gateway", AWS documentation.

pub mod routing;
pub mod wire;

mod answer;
pub(crate) mod event;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use jiff::Timestamp;

use crate::functions::{FunctionError, Functions};
use crate::listen::Server;
use event::Arrival;

const KEPT_HOPS: usize = 100_000;

/// The quotas of an HTTP API, and of Lambda behind it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Request line and headers, bytes.
    pub header_bytes: usize,
    /// Request body, bytes.
    pub body_bytes: usize,
    /// The event that results, bytes: a body of more than about 4.5 MB no longer fits as base64.
    pub event_bytes: usize,
    /// How long a function may take.
    pub integration_timeout: Duration,
    /// The status for headers that are too large.
    pub header_status: StatusCode,
}

impl Limits {
    /// As of AWS's quota pages.
    pub const AWS: Self = Self {
        header_bytes: 10_240,
        body_bytes: 10_000_000,
        event_bytes: 6_291_456,
        integration_timeout: Duration::from_secs(30),
        header_status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    };
}

/// One request that the gateway answered.
#[derive(Clone, Debug)]
pub struct Hop {
    /// When it arrived.
    pub at: Timestamp,
    /// The method, as it stands in the request line.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The function that took it.
    pub function: Option<&'static str>,
    /// The value of `apigw-requestid`.
    pub request_id: String,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
}

/// The running gateway. It stops when dropped, and with the Tokio runtime that started it.
pub struct Gateway {
    shared: Arc<Shared>,
    server: Server,
}

struct Shared {
    functions: Arc<dyn Functions>,
    limits: Limits,
    hops: Mutex<Vec<Hop>>,
}

impl Gateway {
    /// Listens on a loopback port (0 for any) with the limits of AWS.
    pub async fn start(port: u16, functions: Arc<dyn Functions>) -> io::Result<Self> {
        Self::start_with(port, Limits::AWS, functions).await
    }

    /// The same with other limits.
    pub async fn start_with(port: u16, limits: Limits, functions: Arc<dyn Functions>) -> io::Result<Self> {
        let shared = Arc::new(Shared { functions, limits, hops: Mutex::default() });
        let handler = Arc::clone(&shared);
        let server = Server::start(port, move |peer, request| {
            let shared = Arc::clone(&handler);
            async move { Ok(shared.answer(peer, request).await) }
        })
        .await?;
        Ok(Self { shared, server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The requests answered since the start or the last time this was called.
    pub fn take_hops(&self) -> Vec<Hop> {
        std::mem::take(&mut self.shared.hops.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Shared {
    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (arrival, since) = (Arrival::now(peer.ip()), Instant::now());
        let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
        let mut function = None;
        let answered = self.pass_on(&arrival, request, &mut function).await;
        let mut response = answered.unwrap_or_else(|refusal| refusal.response());
        if let Ok(id) = arrival.request_id.parse() {
            response.headers_mut().insert("apigw-requestid", id);
        }
        self.keep(Hop {
            at: arrival.at,
            method,
            path,
            function,
            request_id: arrival.request_id,
            status: response.status().as_u16(),
            took: since.elapsed(),
        });
        response
    }

    fn keep(&self, hop: Hop) {
        let mut hops = self.hops.lock().unwrap_or_else(PoisonError::into_inner);
        hops.push(hop);
        // A sandbox may stay up for days with nobody reading.
        if hops.len() > KEPT_HOPS {
            hops.drain(..KEPT_HOPS / 2);
        }
    }

    async fn pass_on(
        &self,
        arrival: &Arrival,
        request: Request<Incoming>,
        function: &mut Option<&'static str>,
    ) -> Result<Response<Full<Bytes>>, Refusal> {
        if header_bytes(&request) > self.limits.header_bytes {
            return Err(Refusal::HeadersTooLarge(self.limits.header_status));
        }
        let (head, body) = request.into_parts();
        let route = routing::find(head.method.as_str(), head.uri.path()).ok_or(Refusal::NoRoute)?;
        *function = Some(route.function);
        let body = Limited::new(body, self.limits.body_bytes).collect().await.map_err(|_| Refusal::BodyTooLarge)?;
        let request = Request::from_parts(head, body.to_bytes());
        let event = event::build(&request, &route, arrival);
        if event.to_string().len() > self.limits.event_bytes {
            return Err(Refusal::BodyTooLarge);
        }
        let invocation = self.functions.invoke(route.function, event);
        match tokio::time::timeout(self.limits.integration_timeout, invocation).await {
            Ok(Ok(returned)) => answer::response(returned).ok_or(Refusal::Function),
            Ok(Err(FunctionError::Throttled)) | Err(_) => Err(Refusal::Unavailable),
            Ok(Err(
                FunctionError::Unknown
                | FunctionError::Failed { .. }
                | FunctionError::Exited(_)
                | FunctionError::TimedOut,
            )) => Err(Refusal::Function),
        }
    }
}

/// The gateway's own answers: stoa's runbook has a page on them.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    HeadersTooLarge(StatusCode),
    BodyTooLarge,
    NoRoute,
    Function,
    Unavailable,
}

impl Refusal {
    fn response(self) -> Response<Full<Bytes>> {
        let (status, message) = match self {
            Self::HeadersTooLarge(status) => (status, "Request Header Fields Too Large"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "Not Found"),
            Self::Function => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        let mut response = Response::new(Full::new(Bytes::from(format!("{{\"message\":\"{message}\"}}"))));
        *response.status_mut() = status;
        response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
        response
    }
}

fn header_bytes(request: &Request<Incoming>) -> usize {
    let line = request.method().as_str().len() + request.uri().to_string().len();
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    line + headers
}
