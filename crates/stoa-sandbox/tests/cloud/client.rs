//! A bare AWS client: one POST over HTTP.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Sends a request; `None` where the connection ends without an answer.
pub async fn send(request: Request<Full<Bytes>>) -> Option<Response<Bytes>> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.ok()?.into_parts();
    Some(Response::from_parts(head, body.collect().await.ok()?.to_bytes()))
}

/// Calls an operation such as `DynamoDB_20120810.GetItem` as `principal`.
pub async fn call(to: SocketAddr, principal: &str, target: &str, body: Value) -> Option<(u16, Value)> {
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={principal}/20260101/us-east-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=00"
    );
    let request = Request::post(format!("http://{to}/"))
        .header("authorization", credential)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260101T000000Z")
        .header("x-amz-target", target)
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let answer = send(request).await?;
    Some((answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap()))
}
