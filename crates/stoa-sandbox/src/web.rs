//! What the simulators' web servers have in common: a router on loopback, and one look for their pages.

use std::collections::HashSet;
use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Body;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http_body_util::{BodyExt, Full};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use tower::ServiceExt;

use crate::clock::Clock;
use crate::listen::{CutConnection, Server};

/// Marks a response that is never sent: the connection is cut instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut;

/// Serves a router on a loopback port, 0 for any. Each answer says the time that the simulator believes it is.
pub(crate) async fn serve(port: u16, router: Router, clock: &Clock) -> io::Result<Server> {
    let clock = clock.clone();
    Server::start(port, move |_, request| {
        let (router, clock) = (router.clone(), clock.clone());
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            let (mut parts, body) = response.into_parts();
            if let Ok(date) =
                http::HeaderValue::from_str(&clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            {
                parts.headers.insert(http::header::DATE, date);
            }
            if parts.extensions.get::<Cut>().is_some() {
                return Err(CutConnection);
            }
            let body = body.collect().await.map_err(|_| CutConnection)?.to_bytes();
            Ok(Response::from_parts(parts, Full::new(body)))
        }
    })
    .await
}

/// The answer that cuts the connection.
pub(crate) fn cut() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.extensions_mut().insert(Cut);
    response
}

/// Random characters that are safe in a URL, a cookie and an XML id.
pub(crate) fn token() -> String {
    let mut bytes = [0; 18];
    fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Fills a buffer from the machine's random source.
pub(crate) fn fill(bytes: &mut [u8]) {
    // A machine without a random source runs no TLS either; there is nothing to fall back on in a simulator.
    let _ = aws_lc_rs::rand::fill(bytes);
}

/// A cookie of a request.
pub(crate) fn cookie(headers: &http::HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(http::header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Whether a parameter is there twice, which OAuth forbids (RFC 6749 §3.1, §3.2).
pub(crate) fn is_repeated(fields: &[(String, String)]) -> bool {
    let names: HashSet<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    names.len() < fields.len()
}

/// The S256 challenge of a PKCE verifier (RFC 7636 §4.2).
pub(crate) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// A simulator's page, readable on a phone and marked as what it is.
pub(crate) fn page(simulator: &str, title: &str, content: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · " (simulator) " simulator" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { strong { (simulator) } " " span { "simulator" } }
                main { h1 { (title) } (content) }
            }
        }
    };
    Html(page.into_string())
}

const STYLE: &str = "
body{font:1rem/1.5 system-ui,sans-serif;margin:0;color:#1b1b1b;background:#fafafa}
header{background:#f6d365;padding:.6rem 1rem}
header span{border:1px solid;border-radius:.3rem;padding:0 .4rem;font-size:.8rem;text-transform:uppercase}
main{max-width:46rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}
li{overflow-wrap:anywhere}
label{display:block;margin:.8rem 0 .2rem;font-weight:600}
label select{font-weight:400;margin-top:.2rem}
input,select,button{font:inherit;padding:.5rem;max-width:100%;box-sizing:border-box}
select,input[type=text],input[type=url]{width:100%}
button{margin-top:1rem;padding:.6rem 1.2rem;overflow-wrap:normal}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem;border-bottom:1px solid #ddd;overflow-wrap:anywhere}
";
