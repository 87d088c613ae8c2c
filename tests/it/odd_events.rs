//! Events that are not as the gateway's usually are: each has an answer and one log line, and the next is served.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::fault::Fault;
use stoa_core::routes::ROUTES;
use stoa_sandbox::openid::GLOBEX;
use stoa_sandbox::sandbox::Sandbox;

use crate::steps::World;
use crate::sync::{read, root};

/// What quotes, brackets, blanks, letters beyond ASCII, broken escapes and control characters look like in a row.
const ODD: &str = "a=\"b\"<c>[d]{e}|f\\g^`h &i=é名\u{202e}\u{7f}\u{0}\r\n%zz%&login=%00&=&&#/../;";

/// A sample event.
pub(crate) fn sample(function: &str, name: &str) -> Value {
    serde_json::from_str(&read(&root().join("events").join(function).join(format!("{name}.json")))).unwrap()
}

/// The same with one member set. `at` names it as `/requestContext/http`.
fn with(mut event: Value, at: &str, value: impl Into<Value>) -> Value {
    let (parent, name) = at.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[name] = value.into();
    event
}

/// The same without it.
fn without(mut event: Value, at: &str) -> Value {
    let (parent, name) = at.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    event
}

fn begin() -> Value {
    sample("login", "begin")
}

fn post() -> Value {
    sample("saml-acs", "no-cookie")
}

fn elsewhere() -> Value {
    sample("thinkific-return", "unknown-path")
}

/// A function, what it is handed, and the status and the fault of what it answers.
type Case = (&'static str, Value, u16, &'static str);

/// What the gateway can send although browsers do not, or could send one day.
fn of_the_gateway() -> Vec<Case> {
    let mut cases = Vec::new();
    for query in ["a=\"b\"", "a=<b>", "a=b c", "a=\u{7f}", "a=é", "[]{}|\\^`", "%zz%", "\u{0}\r\n", "#/?#", ODD] {
        cases.push(("login", with(begin(), "/rawQueryString", query), 303, ""));
        cases.push((
            "oidc-callback",
            with(sample("oidc-callback", "no-state"), "/rawQueryString", query),
            400,
            "oidc_state_missing",
        ));
        cases.push(("thinkific-return", with(elsewhere(), "/rawPath", format!("/{query}")), 404, "not_found"));
    }
    for proto in ["", "<", "ht tp://", "https, http", "\"", "\u{0}"] {
        cases.push(("login", with(begin(), "/headers/x-forwarded-proto", proto), 303, ""));
    }
    for host in ["", "<", "a b", "[::1", "é", "a/b?c#d@e:f"] {
        cases.push(("login", with(begin(), "/headers/host", host), 303, ""));
    }
    for name in ["bad name", "", "é", "a\nb", "\u{0}", ":method"] {
        cases.push(("login", with(begin(), &format!("/headers/{name}"), ODD), 303, ""));
    }
    for name in ["user-agent", "accept-language", "cookie", "origin", "sec-fetch-dest", "content-type"] {
        cases.push(("login", with(begin(), &format!("/headers/{name}"), ODD), 303, ""));
    }
    cases.extend([
        ("login", with(begin(), "/cookies", json!([ODD, "", ";;;", "=", "name=José"])), 303, ""),
        ("login", with(begin(), "/version", "3.0"), 303, ""),
        ("login", with(begin(), "/stageVariables", json!({"a": null})), 303, ""),
        ("login", with(begin(), "/requestContext/stage", "prod"), 303, ""),
        ("login", with(begin(), "/requestContext/http/method", "BREW"), 303, ""),
        ("login", with(begin(), "/requestContext/authorizer", json!({"jwt": {"claims": {}}})), 303, ""),
        ("login", with(begin(), "/body", "not asked for"), 303, ""),
        ("login", with(begin(), "/requestContext/routeKey", ODD), 404, "not_found"),
        ("login", with(begin(), "/pathParameters/connection", ODD), 404, "connection_unknown"),
        ("saml-acs", with(post(), "/headers/content-type", ODD), 415, "media_type_unsupported"),
        ("saml-acs", with(post(), "/isBase64Encoded", false), 400, "form_malformed"),
        ("saml-acs", with(post(), "/body", STANDARD.encode([0xff, 0xfe, b'=', 0])), 400, "form_malformed"),
        ("saml-acs", with(post(), "/body", ""), 400, "form_malformed"),
    ]);
    cases
}

/// Members that are absent or `null` are as good as empty; one of another type is a fault of its own.
fn of_other_types() -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, status, fault) in [
        ("/version", 303, ""),
        ("/routeKey", 303, ""),
        ("/rawPath", 303, ""),
        ("/rawQueryString", 303, ""),
        ("/headers", 303, ""),
        ("/headers/host", 303, ""),
        ("/isBase64Encoded", 303, ""),
        ("/pathParameters", 404, "connection_unknown"),
        ("/pathParameters/connection", 404, "connection_unknown"),
        ("/requestContext/requestId", 303, ""),
        ("/requestContext/routeKey", 404, "not_found"),
        ("/requestContext/http/method", 500, "event_strange"),
        ("/requestContext/http", 500, "event_strange"),
        ("/requestContext", 500, "event_strange"),
    ] {
        cases.push(("login", without(begin(), at), status, fault));
        cases.push(("login", with(begin(), at, Value::Null), status, fault));
    }
    for at in ["/rawPath", "/rawQueryString", "/headers", "/headers/host", "/pathParameters", "/isBase64Encoded"] {
        cases.push(("login", with(begin(), at, 5), 500, "event_strange"));
        cases.push(("login", with(begin(), at, json!([])), 500, "event_strange"));
    }
    for cookies in [json!("a=b"), json!([5]), json!([["a=b"]]), json!({"a": "b"})] {
        cases.push(("login", with(begin(), "/cookies", cookies), 500, "event_strange"));
    }
    for id in [json!("x".repeat(5000)), json!(ODD), json!(7)] {
        cases.push(("login", with(begin(), "/requestContext/requestId", id), 500, "event_strange"));
    }
    for body in ["a=b&c=d", "é", "=", "AAAA=AAAA", ODD] {
        cases.push(("saml-acs", with(post(), "/body", body), 500, "event_strange"));
    }
    cases.push(("saml-acs", with(post(), "/isBase64Encoded", "true"), 500, "event_strange"));
    cases
}

/// What other services, other gateways and people by hand invoke a function with.
fn of_others() -> Vec<Value> {
    let load_balancer = json!({"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "GET", "path": "/"});
    let rest = json!({"version": "1.0", "httpMethod": "GET", "path": "/", "requestContext": {"stage": "prod"}});
    let queue = json!({"Records": [{"eventSource": "aws:sqs", "body": "{}"}]});
    let plain = [json!({}), Value::Null, json!([]), json!("{}"), json!(5), json!(true), json!({"a": {"b": ODD}})];
    plain.into_iter().chain([load_balancer, rest, queue, sample("trust-refresh", "hourly")]).collect()
}

/// Everything as large as it gets: an event has at most 6 MB.
fn of_any_size() -> Vec<Case> {
    let large = "\"é<".repeat(1_200_000);
    let many: Value = (0..20_000).map(|n| (format!("x-{n}"), json!("y"))).collect::<serde_json::Map<_, _>>().into();
    let encoded = STANDARD.encode(vec![b'a'; 4_400_000]);
    let cookies: Vec<String> = (0..100_000).map(|n| format!("__Host-l-{n}=1.A")).collect();
    vec![
        ("login", with(begin(), "/rawQueryString", format!("return_to={large}")), 303, ""),
        ("thinkific-return", with(elsewhere(), "/rawPath", large.as_str()), 404, "not_found"),
        ("login", with(begin(), "/headers/user-agent", large.as_str()), 303, ""),
        ("login", with(begin(), "/headers", many), 303, ""),
        ("login", with(begin(), "/cookies", json!(cookies)), 303, ""),
        ("login", with(begin(), "/pathParameters/connection", large.as_str()), 404, "connection_unknown"),
        ("login", with(begin(), "/requestContext/routeKey", large), 404, "not_found"),
        ("saml-acs", with(post(), "/body", encoded), 413, "body_too_large"),
    ]
}

/// Every member of an event: its place.
fn places(event: &Value, at: &str, into: &mut Vec<String>) {
    for (name, value) in event.as_object().into_iter().flatten() {
        let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        places(value, &at, into);
        into.push(at);
    }
}

/// One sample of each function that the gateway starts, with each of its members absent or something else.
fn generated() -> Vec<(&'static str, Value)> {
    let samples = [
        ("login", "address"),
        ("saml-acs", "no-cookie-again"),
        ("saml-metadata", "published"),
        ("oidc-callback", "other-browser"),
        ("teams-session", "token-not-taken"),
        ("thinkific-launch", "confirm-without-ticket"),
        ("thinkific-return", "unknown-login"),
        ("scim", "unknown-token"),
    ];
    let values = [
        Value::Null,
        json!(true),
        json!(-5),
        json!(ODD),
        json!([null, 5, ODD, {}]),
        json!({"a": null, "host": [], "connection": {}}),
        json!("x".repeat(70_000)),
    ];
    let mut events = Vec::new();
    for (function, name) in samples {
        let event = sample(function, name);
        let mut places = Vec::new();
        self::places(&event, "", &mut places);
        for at in places {
            let unescaped = |value: Value| {
                let mut event = event.clone();
                *event.pointer_mut(&at).unwrap() = value;
                event
            };
            events.extend(values.iter().map(|value| (function, unescaped(value.clone()))));
            events.push((function, without(event.clone(), &at)));
        }
    }
    events
}

/// Functions that are handed events, and what they log.
pub(crate) struct Bench<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) take_log: &'a dyn Fn() -> Vec<String>,
}

impl Bench<'_> {
    /// The one line that a function logs.
    async fn line(&self, what: &str) -> Value {
        let lines = self.lines(what, 1).await;
        let line: Value = serde_json::from_str(&lines[0]).unwrap_or_else(|_| panic!("{what}: {}", lines[0]));
        assert!(line["timestamp"].as_str().is_some_and(|time| time.parse::<Timestamp>().is_ok()), "{what}: {line}");
        line
    }

    /// So many lines, and no more. A function that runs as a process of its own is read a moment later.
    async fn lines(&self, what: &str, count: usize) -> Vec<String> {
        let since = Instant::now();
        let mut lines = (self.take_log)();
        while lines.len() < count && since.elapsed() < Duration::from_secs(5) {
            tokio::time::sleep(Duration::from_millis(1)).await;
            lines.extend((self.take_log)());
        }
        assert_eq!(lines.len(), count, "{what}: {lines:?}");
        lines
    }

    /// What a function answers to a request, however odd, with its status and its fault.
    async fn answered(&self, function: &str, event: Value) -> (Value, u16, String) {
        let what: String = format!("{function}: {event}").chars().take(1500).collect();
        let answer = self.sandbox.invoke(function, event).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        let line = self.line(&what).await;
        let status = answer["statusCode"].as_u64().unwrap_or_else(|| panic!("{what}: {answer}"));
        let (body, fault) = (answer["body"].as_str().unwrap(), line["fault"].as_str().unwrap_or_default());
        assert_eq!(line["function"], function, "{what}: {line}");
        assert_eq!(line["status"], status, "{what}: {line}");
        assert_eq!(status >= 400, !fault.is_empty(), "{what}: {line}");
        assert_ne!(fault, "internal", "{what}: {line}");
        if let Some(fault) = Fault::of_code(fault) {
            let is_page = body.contains("<!DOCTYPE html>") && body.contains(fault.face().public);
            let is_told =
                body.contains("\"code\":\"event_strange\"") || function == "scim" && body.contains(fault.code());
            assert!(is_page || is_told, "{what}: {body}");
        }
        assert!(body.len() < 1_000_000, "{what}");
        (answer, u16::try_from(status).unwrap(), fault.to_owned())
    }

    async fn all(&self, cases: Vec<Case>) {
        for (function, event, status, fault) in cases {
            let what: String = format!("{function}: {event}").chars().take(1500).collect();
            let (_, got, found) = self.answered(function, event).await;
            assert_eq!((got, &*found), (status, fault), "{what}");
        }
    }

    /// The whole lot. Says how many there were.
    pub(crate) async fn run(&self) -> usize {
        (self.take_log)();
        let cases = [of_the_gateway(), of_other_types(), of_any_size()].concat();
        let mut count = cases.len();
        self.all(cases).await;
        for function in ROUTES.iter().filter(|function| !function.routes.is_empty()) {
            for event in of_others() {
                let (answer, status, fault) = self.answered(function.name, event).await;
                assert_eq!((status, &*fault), (500, "event_strange"), "{}", function.name);
                let told: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
                let route = function.routes[0].key();
                assert!(told["message"].as_str().unwrap().contains(&route), "{told}");
                count += 1;
            }
        }
        for (function, event) in generated() {
            self.answered(function, event).await;
            count += 1;
        }
        // Whatever came before, an ordinary event is served.
        self.all(vec![("login", begin(), 303, ""), ("thinkific-return", elsewhere(), 404, "not_found")]).await;
        count
    }

    /// The functions that the gateway does not start.
    pub(crate) async fn run_others(&self) {
        for event in of_others().into_iter().chain([begin(), post()]) {
            let answer = self.sandbox.invoke("operator", event.clone()).await.unwrap();
            assert_eq!(
                answer["not_understood"]["known"],
                json!([
                    "find_logins",
                    "find_person",
                    "hash_scim_token",
                    "webhooks",
                    "look",
                    "rehearse",
                    "catalogue",
                    "hash_groups"
                ]),
                "{event}"
            );
            let line = self.line("operator").await;
            assert_eq!((&line["fault"], &line["asked"]), (&json!("event_strange"), &Value::Null), "{line}");
            let answer = self.sandbox.invoke("csv-import", event.clone()).await.unwrap();
            if event["source"] == "aws.scheduler" {
                assert_eq!(answer, json!({"taken": []}), "the clock starts it, and no file waits");
            } else {
                let known = json!(["rows", "leavers", "export", "traces"]);
                assert_eq!(answer["not_understood"]["known"], known, "{event}");
                let line = self.line("csv-import").await;
                assert_eq!((&line["fault"], &line["asked"]), (&json!("event_strange"), &Value::Null), "{line}");
            }
            // It takes nothing from its event: to run it at any time does no harm.
            let answer = self.sandbox.invoke("mirror", event.clone()).await.unwrap();
            assert_eq!(answer["failed"], 0, "{answer}");
            assert_eq!(self.line("mirror").await["failed"], 0, "{answer}");
            let answer = self.sandbox.invoke("probe", event.clone()).await.unwrap();
            assert_eq!((&answer["failed"], &answer["set_up"]), (&json!(0), &json!(false)), "{answer}");
            // That it has no key, and how many connections it looked at.
            let lines = self.lines("probe", 2).await;
            assert!(lines[0].contains("secret_broken") && lines[1].contains("ConnectionsLockedOut"), "{lines:?}");
            let answer = self.sandbox.invoke("trust-refresh", event).await.unwrap();
            assert_eq!(answer["failed"], 0, "{answer}");
            let line = self.line("trust-refresh").await;
            assert_eq!(line["TrustLooksFailed"], 0, "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c144_whatever_the_gateway_hands_over_has_an_answer_and_a_line() {
    let world = World::start().await;
    world.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
    let bench = Bench { sandbox: &world, take_log: &|| world.log() };
    let count = bench.run().await;
    assert!(count > 1500, "{count}");
    bench.run_others().await;
}
