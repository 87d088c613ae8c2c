//! What the school tells others, signed, and again if they do not answer.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use jiff::SignedDuration;
use serde_json::{Value, json};
use stoa_sandbox::thinkific::{Config, NewUser, Percentage};

use crate::school_api::{Api, send};

/// What a target got: the signature and the body.
type Got = Arc<Mutex<Vec<(Option<String>, Value)>>>;

#[derive(Clone)]
struct Target {
    got: Got,
    answers: Arc<Mutex<Vec<u16>>>,
}

/// A target that answers with these, then with 200.
async fn target(answers: &[u16]) -> (String, Got) {
    async fn take(State(target): State<Target>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let signature = headers.get("x-thinkific-hmac-sha256").map(|value| value.to_str().unwrap().to_owned());
        target.got.lock().unwrap().push((signature, serde_json::from_slice(&body).unwrap()));
        let next = target.answers.lock().unwrap().pop().unwrap_or(200);
        StatusCode::from_u16(next).unwrap()
    }
    let target = Target { got: Got::default(), answers: Arc::new(Mutex::new(answers.iter().rev().copied().collect())) };
    let got = target.got.clone();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://target.localhost:{}/hook", listener.local_addr().unwrap().port());
    tokio::spawn(
        async move { axum::serve(listener, Router::new().route("/hook", post(take)).with_state(target)).await },
    );
    (url, got)
}

async fn school(config: Config) -> Api {
    let api = Api::with(Config { webhook_hosts: vec!["target.localhost".to_owned()], ..config }).await;
    api.school.hold_webhooks(true);
    api
}

async fn webhooks(api: &Api, (method, path): (Method, &str), bearer: &str, body: Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(format!("http://{}/api/v2/webhooks{path}", api.school.address()))
        .header("user-agent", "stoa-test")
        .header("authorization", format!("Bearer {bearer}"))
        .header("content-type", "application/json")
        .body(Full::new(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) }))
        .unwrap();
    let answer = send(request).await.unwrap();
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null))
}

async fn subscribe(api: &Api, topic: &str, target: &str) -> Value {
    let key = api.school.api_key();
    let body = json!({"topic": topic, "target_url": target});
    let (status, made) = webhooks(api, (Method::POST, ""), key.expose(), body).await;
    assert_eq!(status, 201, "{made}");
    made
}

#[tokio::test]
async fn subscriptions_are_made_listed_changed_and_removed() {
    let api = school(Config::default()).await;
    let key = api.school.api_key();
    let call = async |method: Method, path: &str, body: Value| webhooks(&api, (method, path), key.expose(), body).await;
    for (body, errors) in [
        (json!({"topic": "user", "target_url": "https://stoa.example/x"}), json!({"topic": "invalid format"})),
        (
            json!({"topic": "user.signup", "target_url": "http://stoa.example/x"}),
            json!({"target_url": "invalid format"}),
        ),
        (json!({"topic": "user.signup", "target_url": "https://localhost/x"}), json!({"target_url": "invalid format"})),
        (
            json!({"topic": "user.signup", "target_url": "https://a.thinkific.com"}),
            json!({"target_url": "invalid format"}),
        ),
        (json!({"topic": "user.signup", "target_url": "https://10.0.0.1/x"}), json!({"target_url": "invalid format"})),
        (json!({}), json!({"topic": "invalid format", "target_url": "invalid format"})),
    ] {
        assert_eq!(call(Method::POST, "", body.clone()).await, (422, json!({"errors": errors})), "{body}");
    }
    let made = subscribe(&api, "user.signup", "https://stoa.example/x").await;
    for _ in 0..2 {
        subscribe(&api, "user.updated", "https://stoa.example/x").await;
    }
    let (_, first) = call(Method::GET, "?limit=2", Value::Null).await;
    let page = &first["meta"]["page"];
    assert_eq!((&page["has_next"], &page["page_items"], &page["total_items"]), (&json!(true), &json!(2), &json!(3)));
    let next = format!("?limit=2&next={}", page["next_page"].as_str().unwrap());
    let (_, last) = call(Method::GET, &next, Value::Null).await;
    assert_eq!((&last["meta"]["page"]["has_next"], last["items"].as_array().unwrap().len()), (&json!(false), 1));
    let path = format!("/{}", made["id"].as_str().unwrap());
    assert_eq!(call(Method::PUT, &path, json!({"target_url": "https://stoa.example/y"})).await.0, 200);
    assert_eq!(call(Method::GET, &path, Value::Null).await.1["target_url"], "https://stoa.example/y");
    assert_eq!(call(Method::DELETE, &path, Value::Null).await.0, 204);
    assert_eq!(call(Method::GET, &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_bearer_token_is_needed_and_may_have_to_be_an_access_token() {
    let api = school(Config { webhooks_take_api_key: false, ..Config::default() }).await;
    let (key, token) = (api.school.api_key(), api.school.access_token());
    for (bearer, status) in [("wrong", 401), (key.expose(), 401), (token.expose(), 200)] {
        assert_eq!(webhooks(&api, (Method::GET, ""), bearer, Value::Null).await.0, status);
    }
}

#[tokio::test]
async fn what_happens_to_people_and_enrollments_is_told_and_signed() {
    let (url, got) = target(&[]).await;
    let api = school(Config::default()).await;
    let topics = ["user.signup", "user.updated", "user.deleted", "user.signin", "enrollment.created"];
    let all =
        topics.into_iter().chain(["enrollment.trial", "enrollment.progress", "enrollment.completed", "order.created"]);
    for topic in all {
        subscribe(&api, topic, &url).await;
    }
    let user = api.school.add_user(NewUser::student("ada@pg.com", "Ada", "Example"));
    api.school.edit_user(user, |user| user.company = Some("not told".to_owned()));
    api.school.edit_user(user, |user| user.roles = vec!["site_admin".to_owned()]);
    assert!(api.school.buy(user, 3));
    assert!(api.school.study(user, 3, 24) && api.school.study(user, 3, 100));
    assert!(api.school.remove_user(user));
    api.school.deliver().await;
    let got = got.lock().unwrap();
    let told: Vec<_> = got
        .iter()
        .map(|(_, event)| format!("{}.{}", event["resource"].as_str().unwrap(), event["action"].as_str().unwrap()))
        .collect();
    let wanted = [
        "user.signup",
        "user.updated",
        "order.created",
        "enrollment.created",
        "enrollment.progress",
        "enrollment.progress",
        "enrollment.completed",
        "user.deleted",
    ];
    assert_eq!(told, wanted);
    assert_eq!(got[4].1["payload"]["percentage_completed"], "24.0");
    assert_eq!(got[1].1["payload"]["roles"], json!(["site_admin"]));
    let sent = api.school.deliveries();
    for ((signature, _), delivery) in got.iter().zip(&sent) {
        assert_eq!(*signature, Some(delivery.signature(&api.school.api_key())));
    }
    // RFC 4231 has the algorithm; the form is 64 lower-case hexadecimal digits.
    assert!(got[0].0.as_ref().unwrap().len() == 64 && !got[0].0.as_ref().unwrap().contains(char::is_uppercase));
}

#[tokio::test]
async fn what_is_not_answered_comes_again_later_each_time_and_at_last_no_more() {
    let (url, got) = target(&[500; 20]).await;
    let api = school(Config::default()).await;
    subscribe(&api, "user.signup", &url).await;
    api.school.add_user(NewUser::student("ada@pg.com", "Ada", "Example"));
    api.school.deliver().await;
    assert_eq!(got.lock().unwrap().len(), 1);
    api.school.deliver().await;
    assert_eq!(got.lock().unwrap().len(), 1, "not before its time");
    let began = api.school.clock().now();
    while let Some(due) = api.school.deliveries()[0].due {
        api.school.clock().advance(due.duration_since(api.school.clock().now()) + SignedDuration::from_millis(5));
        api.school.deliver().await;
    }
    let ids: Vec<_> = got.lock().unwrap().iter().map(|(_, event)| event["id"].clone()).collect();
    assert_eq!(ids.len(), 15, "one try and fourteen more");
    assert!(ids.iter().all(|id| *id == ids[0]));
    let hours = api.school.clock().now().duration_since(began).as_hours();
    assert!((14..40).contains(&hours), "{hours}");
}

#[tokio::test]
async fn a_subscription_by_hand_is_not_signed_and_an_example_names_nobody() {
    let (url, got) = target(&[]).await;
    let api = school(Config { percentage: Percentage::OfOne, ..Config::default() }).await;
    api.school.subscribe_by_hand("enrollment.progress", &url);
    api.school.send_example("enrollment.progress");
    let user = api.school.user("existing@pg.com").unwrap().id;
    api.school.buy(user, 3);
    api.school.study(user, 3, 24);
    api.school.deliver().await;
    assert!(api.school.repeat_event(&api.school.deliveries()[0].event));
    api.school.deliver().await;
    let got = got.lock().unwrap();
    assert!(got.iter().all(|(signature, _)| signature.is_none()));
    assert_eq!(got[0].1["payload"]["user"]["email"], "[TEST] ada@x.test");
    assert_eq!(got[1].1["payload"]["percentage_completed"], "0.24");
    assert_eq!(got[2].1["id"], got[0].1["id"]);
}
