//! Events, answers and limits of the local API Gateway.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use stoa_sandbox::functions::{FunctionError, Functions, Invocation};
use stoa_sandbox::gateway::{Gateway, Limits, routing};

use crate::client::send;

type Returned = Result<Value, FunctionError>;

/// Remembers events and returns what it was told to.
struct Recorder {
    returned: Returned,
    events: Mutex<Vec<(String, Value)>>,
}

impl Functions for Recorder {
    fn invoke<'a>(&'a self, function: &'a str, event: Value) -> Invocation<'a> {
        self.events.lock().unwrap().push((function.to_owned(), event));
        Box::pin(async { self.returned.clone() })
    }
}

struct Setup {
    gateway: Gateway,
    recorder: Arc<Recorder>,
}

impl Setup {
    async fn returning(returned: Returned) -> Self {
        let recorder = Arc::new(Recorder { returned, events: Mutex::default() });
        let gateway = Gateway::start(0, Arc::clone(&recorder) as Arc<dyn Functions>).await.unwrap();
        Self { gateway, recorder }
    }

    async fn send(&self, request: http::request::Builder, path: &str, body: impl Into<Bytes>) -> Response<Bytes> {
        let url = format!("http://{}{path}", self.gateway.address());
        send(request.uri(url).body(Full::new(body.into())).unwrap()).await.unwrap()
    }

    fn event(&self) -> (String, Value) {
        self.recorder.events.lock().unwrap().pop().unwrap()
    }
}

async fn answering_ok() -> Setup {
    Setup::returning(Ok(json!({"statusCode": 200, "headers": {}, "body": "ok"}))).await
}

fn post() -> http::request::Builder {
    Request::post("/")
}

fn get() -> http::request::Builder {
    Request::get("/")
}

#[tokio::test]
async fn a_form_post_arrives_as_the_real_gateway_sends_it() {
    let setup = answering_ok().await;
    let request = post()
        .header("Host", "stoa.localhost:8080")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("User-Agent", "Test/1")
        .header("Cookie", "a=1; b=2")
        .header("Accept-Language", "en")
        .header("Accept-Language", "es");
    let response = setup.send(request, "/saml/p%20g/acs?x=1&x=2&y=a%20b", "SAMLResponse=YQ%3D%3D").await;
    assert_eq!(response.status(), 200);
    let (function, event) = setup.event();
    assert_eq!(function, "saml-acs");
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "POST /saml/{connection}/acs");
    assert_eq!(event["rawPath"], "/saml/p g/acs", "decoded");
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=a%20b", "as it was");
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "a b"}));
    assert_eq!(event["pathParameters"], json!({"connection": "p g"}));
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(event["headers"]["accept-language"], "en,es");
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!(event["isBase64Encoded"], true);
    assert_eq!(event["body"], "U0FNTFJlc3BvbnNlPVlRJTNEJTNE");
    let context = &event["requestContext"];
    assert_eq!(context["stage"], "$default");
    assert_eq!(context["domainName"], "stoa.localhost");
    assert_eq!(context["domainPrefix"], "stoa");
    assert_eq!(
        context["http"],
        json!({
            "method": "POST", "path": "/saml/p g/acs", "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1", "userAgent": "Test/1",
        })
    );
    assert_eq!(context["requestId"].as_str().unwrap(), response.headers()["apigw-requestid"]);
    assert!(context["time"].as_str().unwrap().ends_with(" +0000"));
}

#[tokio::test]
async fn what_there_is_none_of_is_left_out() {
    let setup = answering_ok().await;
    setup.send(get(), "/launch", "").await;
    let (function, event) = setup.event();
    assert_eq!(function, "thinkific-launch");
    for absent in ["cookies", "queryStringParameters", "pathParameters", "body"] {
        assert!(event.get(absent).is_none(), "{absent}");
    }
    assert_eq!(event["rawQueryString"], "");
    assert_eq!(event["isBase64Encoded"], false);
}

#[tokio::test]
async fn only_textual_bodies_arrive_as_text() {
    let setup = answering_ok().await;
    for (content_type, encoded) in [
        ("text/plain", false),
        ("text/xml; charset=utf-8", false),
        ("application/json", false),
        ("Application/JSON; charset=utf-8", false),
        ("application/xml", false),
        ("application/javascript", false),
        ("application/scim+json", true),
        ("application/x-www-form-urlencoded", true),
        ("application/octet-stream", true),
    ] {
        setup.send(post().header("content-type", content_type), "/launch", "{}").await;
        let event = setup.event().1;
        assert_eq!(event["isBase64Encoded"], encoded, "{content_type}");
        assert_eq!(event["body"], if encoded { "e30=" } else { "{}" }, "{content_type}");
    }
}

#[test]
fn routes_match_whole_segments_and_methods() {
    let key = |method, path| routing::find(method, path).unwrap().key;
    assert_eq!(key("GET", "/login/pg"), "GET /login/{connection}");
    assert_eq!(key("GET", "/login"), "GET /login");
    for (method, path) in [
        ("POST", "/login/pg"),
        ("HEAD", "/login/pg"),
        ("GET", "/login/"),
        ("PUT", "/login"),
        ("GET", "/login/pg/"),
        ("GET", "/login/pg/x"),
        ("GET", "/Login/pg"),
        ("GET", "/"),
    ] {
        assert_eq!(key(method, path), "$default", "{method} {path}");
    }
    let encoded = routing::find("GET", "/login/a%2Fb").unwrap();
    assert_eq!(encoded.parameters, [("connection".to_owned(), "a/b".to_owned())]);
}

#[tokio::test]
async fn a_returned_response_goes_out_with_its_cookies() {
    let setup = Setup::returning(Ok(json!({
        "statusCode": 303,
        "headers": {"location": "/launch", "Content-Type": "text/html; charset=utf-8", "content-length": "9"},
        "multiValueHeaders": {"x-ignored": ["1"]},
        "cookies": ["a=1; Secure", "b=2"],
        "body": "aGk=",
        "isBase64Encoded": true,
    })))
    .await;
    let response = setup.send(get(), "/launch", "").await;
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()["location"], "/launch");
    assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(response.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1; Secure", "b=2"]);
    assert!(!response.headers().contains_key("x-ignored"), "format 2.0 knows no multiValueHeaders");
    assert_eq!(response.body(), "hi");

    let hop = setup.gateway.take_hops().pop().unwrap();
    assert_eq!((hop.function, hop.status, hop.path.as_str()), (Some("thinkific-launch"), 303, "/launch"));
}

#[tokio::test]
async fn a_function_that_fails_is_the_gateways_500() {
    for returned in [
        Err(FunctionError::Failed { kind: "panic".to_owned(), message: "secret detail".to_owned() }),
        Err(FunctionError::Exited("signal 9".to_owned())),
        Ok(json!({"statusCode": "many"})),
        Ok(json!({"statusCode": 200, "headers": {"x": "a\nb"}})),
        Ok(json!({"statusCode": 200, "body": "%", "isBase64Encoded": true})),
    ] {
        let setup = Setup::returning(returned).await;
        let response = setup.send(get(), "/launch", "").await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.body(), "{\"message\":\"Internal Server Error\"}");
        assert!(response.headers().contains_key("apigw-requestid"));
    }
    let setup = Setup::returning(Err(FunctionError::Throttled)).await;
    assert_eq!(setup.send(get(), "/launch", "").await.status(), 503);
}

#[tokio::test]
async fn too_much_is_refused_before_a_function_sees_it() {
    let setup = answering_ok().await;
    let response = setup.send(get().header("cookie", "c".repeat(10_240)), "/launch", "").await;
    assert_eq!(response.status(), 431);
    assert_eq!(response.body(), "{\"message\":\"Request Header Fields Too Large\"}");
    // Less than the body limit, but more than an event may be once it is base64.
    let response = setup.send(post(), "/launch", vec![b'x'; 5_000_000]).await;
    assert_eq!(response.status(), 413);
    assert!(setup.recorder.events.lock().unwrap().is_empty());
    setup.send(get().header("cookie", "c".repeat(9_000)), "/launch", "").await;
    assert_eq!(setup.recorder.events.lock().unwrap().len(), 1);
}

/// Never returns.
struct Stuck;

impl Functions for Stuck {
    fn invoke<'a>(&'a self, _: &'a str, _: Value) -> Invocation<'a> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_function_that_is_too_slow_is_503() {
    let limits = Limits { integration_timeout: Duration::from_millis(20), ..Limits::AWS };
    let gateway = Gateway::start_with(0, limits, Arc::new(Stuck)).await.unwrap();
    let url = format!("http://{}/launch", gateway.address());
    let response = send(Request::get(url).body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.body(), "{\"message\":\"Service Unavailable\"}");
}
