//! A small HTTP/1.1 server on loopback, for servers that must also be able to answer with nothing at all.

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What a handler answers: a response, or the connection is cut without one.
pub(crate) type Answer = Result<Response<Full<Bytes>>, CutConnection>;

/// Ends the connection without an answer, as a broken network does.
#[derive(Debug, thiserror::Error)]
#[error("connection cut on purpose")]
pub(crate) struct CutConnection;

/// A running server. It stops, with its connections, when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Listens on a loopback port (0 for any) and answers each request by `handler`.
    pub(crate) async fn start<H, F>(port: u16, handler: H) -> io::Result<Self>
    where
        H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { address, accepting: tokio::spawn(accept(listener, handler)) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(SocketAddr, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.spawn(serve(stream, peer, handler.clone()));
            }
            // Out of file descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve<H, F>(stream: TcpStream, peer: SocketAddr, handler: H)
where
    H: Fn(SocketAddr, Request<Incoming>) -> F,
    F: Future<Output = Answer>,
{
    // Without it Nagle and delayed acknowledgements add 40 ms to a small answer.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| handler(peer, request));
    // A connection that ends badly, or on purpose, is the client's to notice.
    let _ = http1::Builder::new().max_headers(1000).serve_connection(TokioIo::new(stream), service).await;
}
