//! One HTTP request over a connection of its own.

use std::net::Ipv4Addr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::BrowserError;

/// The largest page this browser reads.
const MAX_BODY: usize = 16 * 1024 * 1024;

pub(super) async fn send(port: u16, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, BrowserError> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, MAX_BODY).collect().await.map_err(BrowserError::Body)?.to_bytes();
    driver.abort();
    Ok(Response::from_parts(parts, body))
}
