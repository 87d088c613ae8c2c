//! A client of the school's Admin API, as plain as can be.

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use stoa_sandbox::thinkific::{Config, Thinkific};

/// A school, and a client that knows its key.
pub struct Api {
    pub school: Thinkific,
}

impl Api {
    pub async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn with(config: Config) -> Self {
        Self { school: Thinkific::start(config).await.unwrap() }
    }

    pub fn request(&self, method: Method, path: &str, body: &Value) -> Request<Full<Bytes>> {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        Request::builder()
            .method(method)
            .uri(format!("http://{}/api/public/v1{path}", self.school.address()))
            .header("user-agent", "stoa-test")
            .header("x-auth-api-key", self.school.api_key().expose())
            .header("x-auth-subdomain", self.school.subdomain())
            .header("content-type", "application/json")
            .body(Full::new(body))
            .unwrap()
    }

    pub async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let answer = send(self.request(method, path, &body)).await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, Value::Null).await
    }
}

/// Sends a request; `None`: the connection was cut.
pub async fn send(request: Request<Full<Bytes>>) -> Option<Response<Bytes>> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.ok()?.into_parts();
    Some(Response::from_parts(head, body.collect().await.ok()?.to_bytes()))
}
