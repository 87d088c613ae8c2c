//! The guard on every address that comes from configuration, metadata or a discovery document.
//!
//! https only, public addresses only, no redirects, a limit on size and time. The address is checked where it is
//! connected to, so a name that resolves to something else the second time gains nothing. Only under
//! [`UrlPolicy::LoopbackToo`], on a machine with its own AWS, may an address be loopback.

mod address;

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use stoa_core::connection::UrlPolicy;
use url::{Host, Url};

use crate::http_client::{IDLE, secured};
use address::is_public;

/// More than any provider's headers; hyper's own limit is 400 KB.
const MAX_HEAD: usize = 32 * 1024;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("stoa/", env!("CARGO_PKG_VERSION")));

/// What one exchange may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the look-up of the name to the last byte of the answer.
    pub timeout: Duration,
    /// The answer's body.
    pub max_bytes: usize,
}

/// Why there is no answer. The answer's own text is never part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Not https, or not a public address.
    #[error("the address is not https, or is not on the public internet")]
    Forbidden,
    /// No such name, no connection, no TLS, or the answer broke off.
    #[error("there was no connection, or it was interrupted")]
    Unreachable,
    /// It took longer than it may.
    #[error("there was no complete response in time")]
    TimedOut,
    /// It is larger than it may be.
    #[error("the response is too large")]
    TooLarge,
    /// It is compressed, which was not asked for: a few bytes may stand for very many.
    #[error("the response is compressed")]
    Encoded,
}

/// Why there is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GetError {
    /// There is no answer.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The answer is not 200. A redirect is one of these.
    #[error("the response has status {0}")]
    Status(u16),
}

/// The client for addresses that others have chosen.
#[derive(Clone)]
pub struct Egress {
    client: Client<HttpsConnector<HttpConnector<Guarded>>, Full<Bytes>>,
    policy: UrlPolicy,
}

impl Egress {
    /// Makes the client.
    pub fn new(policy: UrlPolicy) -> Self {
        Self::with_lookup(policy, Arc::new(|name| Box::pin(system_lookup(name))))
    }

    fn with_lookup(policy: UrlPolicy, lookup: Lookup) -> Self {
        let transport = HttpConnector::new_with_resolver(Guarded { policy, lookup });
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(MAX_HEAD)
            .build(secured(transport, policy));
        Self { client, policy }
    }

    /// Sends a request and reads the whole answer, whatever its status. A redirect is an answer, and not followed.
    pub async fn send(&self, request: Request<Vec<u8>>, limits: Limits) -> Result<Response<Vec<u8>>, EgressError> {
        let request = self.prepare(request)?;
        match tokio::time::timeout(limits.timeout, self.exchange(request, limits.max_bytes)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(EgressError::TimedOut),
        }
    }

    /// Reads the document at an address.
    pub async fn get(&self, url: &str, limits: Limits) -> Result<Vec<u8>, GetError> {
        let request = Request::get(url).body(Vec::new()).map_err(|_| EgressError::Forbidden)?;
        let answer = self.send(request, limits).await?;
        match answer.status() {
            http::StatusCode::OK => Ok(answer.into_body()),
            other => Err(GetError::Status(other.as_u16())),
        }
    }

    /// Judges the address as browsers read it: `0x7f.1`, `2130706433` and `127.1` are all 127.0.0.1 (WHATWG URL §3.5).
    fn prepare(&self, request: Request<Vec<u8>>) -> Result<Request<Full<Bytes>>, EgressError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| EgressError::Forbidden)?;
        self.check(&url)?;
        let (mut parts, body) = request.into_parts();
        parts.uri = url.as_str().parse().map_err(|_| EgressError::Forbidden)?;
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        parts.headers.entry(USER_AGENT).or_insert(AGENT);
        Ok(Request::from_parts(parts, Full::new(Bytes::from(body))))
    }

    /// hyper asks no resolver about an address in figures, so it is judged here.
    fn check(&self, url: &Url) -> Result<(), EgressError> {
        let (host_is_good, is_loopback) = match url.host() {
            Some(Host::Ipv4(address)) => (may_reach(address.into(), self.policy), address.is_loopback()),
            Some(Host::Ipv6(address)) => (may_reach(address.into(), self.policy), address.is_loopback()),
            Some(Host::Domain(name)) => (true, is_localhost(name)),
            None => (false, false),
        };
        let scheme_is_good = match (url.scheme(), self.policy) {
            ("https", _) => true,
            ("http", UrlPolicy::LoopbackToo) => is_loopback,
            _ => false,
        };
        let is_plain = url.username().is_empty() && url.password().is_none();
        if host_is_good && scheme_is_good && is_plain { Ok(()) } else { Err(EgressError::Forbidden) }
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        max_bytes: usize,
    ) -> Result<Response<Vec<u8>>, EgressError> {
        let response = self.client.request(request).await.map_err(|error| connect_error(&error))?;
        if response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            return Err(EgressError::Encoded);
        }
        let (parts, body) = response.into_parts();
        Ok(Response::from_parts(parts, read(body, max_bytes).await?))
    }
}

async fn read(body: Incoming, max_bytes: usize) -> Result<Vec<u8>, EgressError> {
    // What announces itself as too large need not be waited for.
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > max_bytes) {
        return Err(EgressError::TooLarge);
    }
    match Limited::new(body, max_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(EgressError::TooLarge),
        Err(_) => Err(EgressError::Unreachable),
    }
}

fn connect_error(error: &legacy::Error) -> EgressError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<NotPublic>() {
            return EgressError::Forbidden;
        }
        cause = error.source();
    }
    EgressError::Unreachable
}

fn may_reach(address: IpAddr, policy: UrlPolicy) -> bool {
    match policy {
        UrlPolicy::Https => is_public(address),
        UrlPolicy::LoopbackToo => is_public(address) || address.is_loopback(),
    }
}

fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// A name resolves to addresses that may not be reached.
#[derive(Debug, thiserror::Error)]
#[error("the name has no public address")]
struct NotPublic;

/// How names become addresses. A test has its own.
type Lookup = Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

async fn system_lookup(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
}

/// The resolver: what it returns is what is connected to, and it returns nothing that may not be reached.
#[derive(Clone)]
struct Guarded {
    policy: UrlPolicy,
    lookup: Lookup,
}

impl tower_service::Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { policy, lookup } = self.clone();
        Box::pin(async move {
            // Not every machine's resolver knows RFC 6761 §6.3.
            let found = if policy == UrlPolicy::LoopbackToo && is_localhost(name.as_str()) {
                vec![IpAddr::from(Ipv4Addr::LOCALHOST)]
            } else {
                lookup(name.as_str().to_owned()).await?
            };
            let addresses: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| may_reach(*address, policy))
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if addresses.is_empty() { Err(NotPublic.into()) } else { Ok(addresses.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests;
