//! A server that does what the address asks: for trying a browser's rules.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, Request};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::net::TcpListener;
use url::form_urlencoded::Serializer;

/// A running mirror; it stops with the test's runtime.
pub struct Mirror {
    port: u16,
}

impl Mirror {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
        Self { port }
    }

    /// An address on `host` that answers 200 with what it was sent, and with these headers.
    pub fn page(&self, host: &str, headers: &[(&str, &str)]) -> String {
        self.at(host, "/", "200", headers, "")
    }

    /// An address that answers with this HTML.
    pub fn html(&self, host: &str, headers: &[(&str, &str)], html: &str) -> String {
        self.at(host, "/", "200", headers, html)
    }

    /// An address that redirects.
    pub fn redirect(&self, host: &str, status: &str, to: &str) -> String {
        self.at(host, "/", status, &[("location", to)], "")
    }

    pub fn at(&self, host: &str, path: &str, status: &str, headers: &[(&str, &str)], html: &str) -> String {
        let mut query = Serializer::new(String::new());
        query.append_pair("status", status);
        for (at, (name, value)) in headers.iter().enumerate() {
            query.append_pair(&format!("h{at}"), &format!("{name}: {value}"));
        }
        if !html.is_empty() {
            query.append_pair("html", html);
        }
        format!("http://{host}:{}{path}?{}", self.port, query.finish())
    }
}

/// The body names what arrived: one `name: value` a line, the method and the body too.
async fn answer(Query(asked): Query<HashMap<String, String>>, request: Request) -> Response {
    let mut lines = vec![format!("method: {}", request.method())];
    for (name, value) in request.headers() {
        lines.push(format!("{name}: {}", value.to_str().unwrap()));
    }
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    lines.push(format!("body: {}", String::from_utf8(body.to_vec()).unwrap()));
    let mut headers = HeaderMap::new();
    for (_, header) in asked.iter().filter(|(name, _)| name.starts_with('h') && *name != "html") {
        let (name, value) = header.split_once(": ").unwrap();
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let html = asked.get("html");
    headers.insert("content-type", HeaderValue::from_static(if html.is_some() { "text/html" } else { "text/plain" }));
    let status = StatusCode::from_bytes(asked.get("status").unwrap().as_bytes()).unwrap();
    (status, headers, html.cloned().unwrap_or_else(|| lines.join("\n"))).into_response()
}
