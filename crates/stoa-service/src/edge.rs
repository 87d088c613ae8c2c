//! The edge of a function: event in, answer out, whatever happens in between.
//!
//! A flow returns an [`Answer`] or a [`Failure`]. Here a failure becomes the fault page, a panic or a slow flow
//! becomes a failure, and every invocation writes one log line.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use lambda_http::{Body, Request, Response};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::pages::{HEADERS, Page, in_teams};
use stoa_core::relay::Relay;

use crate::clients::Clients;
use crate::incoming::Incoming;
use crate::log::{Line, Metric};
use crate::visit::{Answer, Trail, Visit};

/// A browser is answered by then: API Gateway would wait 30 s and then show a page without a reference.
const SOFT_DEADLINE: Duration = Duration::from_secs(8);

/// A function, ready to be called. Boxed, so that a binary does not compile the flow again.
pub type Handler = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send + Sync>;

/// A flow on its way.
pub(crate) type Flowing<'a> = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;

/// How the failures of a function are answered.
pub(crate) type Refusal = fn(&Visit<'_>, &Failure) -> Answer;

/// Runs a flow as a function.
pub(crate) fn handler<F>(clients: Arc<Clients>, refusal: Refusal, flow: F) -> Handler
where
    F: for<'a> Fn(&'a mut Visit<'_>) -> Flowing<'a> + Send + Sync + 'static,
{
    let flow = Arc::new(flow);
    Arc::new(move |request| {
        let (clients, flow) = (clients.clone(), flow.clone());
        Box::pin(async move {
            let began = std::time::Instant::now();
            let incoming = Incoming::new(request);
            let mut visit = Visit::new(&clients, &incoming);
            let result = run(flow(&mut visit)).await;
            let response = match &result {
                Ok(answer) => answer_response(answer, &visit.trail),
                Err(failure) => answer_response(&refusal(&visit, failure), &visit.trail),
            };
            log(&visit, result.err().as_ref(), response.status(), began.elapsed());
            response
        })
    })
}

async fn run(flow: Flowing<'_>) -> Result<Answer, Failure> {
    match tokio::time::timeout(SOFT_DEADLINE, AssertUnwindSafe(flow).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => Err(Failure::noted(Fault::Internal, "a panic; the runtime's message is in the log")),
        Err(_elapsed) => Err(Fault::DeadlineExceeded.into()),
    }
}

fn log(visit: &Visit<'_>, failure: Option<&Failure>, status: http::StatusCode, elapsed: Duration) {
    let Visit { clients, incoming, trail, .. } = visit;
    let outcome = match failure {
        None if trail.launched => Some("ok"),
        None => None,
        Some(failure) => trail.connection.as_ref().map(|_| failure.fault.face().actor.blame()),
    };
    let mut line = Line {
        level: "info",
        function: clients.environment.function,
        build: &clients.environment.build,
        request: &incoming.request_id,
        gateway: &incoming.gateway_id,
        browser: incoming.browser(),
        connection: trail.connection.as_ref().map(ConnectionId::as_str),
        login: trail.login.as_ref().map(Reference::as_str),
        answer: if status.is_redirection() { "redirect" } else { "page" },
        status: status.as_u16(),
        fault: None,
        wanted: None,
        got: None,
        also: trail.also.map(Fault::code),
        ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        metric: outcome
            .map(|_| Metric::login(&clients.environment.metric_namespace, clients.clock.now().as_millisecond())),
        outcome,
        logins: outcome.map(|_| 1),
    };
    if let Some(failure) = failure {
        line.fail(failure.fault, &failure.detail);
    }
    line.write(&clients.log);
}

/// The page of a fault, for browsers.
pub(crate) fn fault_page(visit: &Visit<'_>, failure: &Failure) -> Answer {
    let Visit { incoming, trail, .. } = visit;
    let reference = match &trail.login {
        Some(login) => login.to_string(),
        None if incoming.gateway_id.is_empty() => incoming.request_id.clone(),
        None => incoming.gateway_id.clone(),
    };
    if is_tester(visit) {
        return Answer::Page(visit.frame().fault_shown(failure, &reference));
    }
    let relay = Relay::to(trail.destination.clone());
    let again = match &trail.connection {
        // A link in Teams' frame would lead to a login in that frame.
        Some(_) if trail.in_teams => None,
        Some(connection) => Some(relay.login_path(connection)),
        None => (incoming.path() == "/login").then(|| relay.home_realm_path()),
    };
    Answer::Page(visit.frame().fault(failure.fault, &reference, again.as_deref()))
}

/// Whether this browser began the login by a test link. The reference alone, which is no secret, shows nothing.
fn is_tester(visit: &Visit<'_>) -> bool {
    let tester = visit.trail.tester.as_ref();
    visit.trail.by_test_link
        || tester.is_some_and(|binding| visit.pending().iter().any(|login| login.hash() == *binding))
}

fn answer_response(answer: &Answer, trail: &Trail) -> Response<Body> {
    match answer {
        Answer::Redirect(location) => {
            let mut response = response(303, "text/plain; charset=utf-8", String::new(), trail);
            match http::HeaderValue::from_str(location) {
                Ok(location) => {
                    response.headers_mut().insert("location", location);
                }
                // Every address is built by a URL library; one that is no header value is a defect of ours.
                Err(_) => *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR,
            }
            response
        }
        Answer::Page(page) => page_response(page, trail),
        Answer::Document { status, kind, text } => response(*status, kind, text.clone(), trail),
        Answer::Script(text) => {
            let mut response = response(200, "text/javascript; charset=utf-8", (*text).to_owned(), trail);
            let kept = http::HeaderValue::from_static("public, max-age=31536000, immutable");
            response.headers_mut().insert("cache-control", kept);
            response
        }
        Answer::Nothing => response(204, "text/plain; charset=utf-8", String::new(), trail),
    }
}

fn page_response(page: &Page, trail: &Trail) -> Response<Body> {
    let mut response = response(page.status, "text/html; charset=utf-8", page.html.clone(), trail);
    let policy = if trail.in_teams { in_teams(&page.policy) } else { page.policy.clone() };
    if let Ok(policy) = http::HeaderValue::from_str(&policy) {
        response.headers_mut().insert("content-security-policy", policy);
    }
    if trail.in_teams {
        // It knows no list of origins, and would forbid the frame that the policy allows.
        response.headers_mut().remove("x-frame-options");
    }
    response
}

fn response(status: u16, kind: &'static str, body: String, trail: &Trail) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", http::HeaderValue::from_static(kind));
    for (name, value) in HEADERS {
        headers.insert(*name, http::HeaderValue::from_static(value));
    }
    for cookie in &trail.cookies {
        if let Ok(cookie) = http::HeaderValue::from_str(cookie) {
            headers.append("set-cookie", cookie);
        }
    }
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::clients::Credentials;
    use crate::clock::Clock;
    use crate::environment::{Environment, Variables};
    use crate::log::Log;

    fn clients(log: Log) -> Arc<Clients> {
        let variables: Variables = [
            ("STOA_BUILD", "abc1234"),
            ("STOA_METRIC_NAMESPACE", "stoa/test"),
            ("STOA_PUBLIC_URL", "https://sso.example.com"),
            ("STOA_TABLE_CONNECTIONS", "c"),
            ("STOA_TABLE_LOGINS", "l"),
            ("AWS_ACCESS_KEY_ID", "k"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("AWS_REGION", "eu-west-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let environment = Environment::read("thinkific-return", &variables).unwrap();
        Arc::new(Clients::new(environment, Credentials::read(&variables).unwrap(), Clock::default(), log))
    }

    fn request(path: &str) -> Request {
        http::Request::get(path).body(Body::Empty).unwrap()
    }

    fn panics<'a>(visit: &'a mut Visit<'_>) -> Flowing<'a> {
        Box::pin(async move {
            assert!(visit.incoming.path() != "/panic", "a needle");
            Ok(Answer::Nothing)
        })
    }

    #[tokio::test]
    async fn c219_a_panic_is_a_page_without_detail_and_the_function_goes_on() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let handler = handler(clients(Log::Memory(lines.clone())), fault_page, panics);
        let response = handler(request("/panic")).await;
        assert_eq!(response.status(), 500);
        let Body::Text(page) = response.body() else { panic!("no page") };
        assert!(page.contains("<!DOCTYPE html>") && !page.contains("needle"));
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.contains("\"fault\":\"internal\"") && !line.contains("needle"), "{line}");
        assert_eq!(handler(request("/")).await.status(), 204);
    }

    #[tokio::test]
    async fn c219_a_machine_is_told_of_a_panic_in_its_own_form() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let told: Refusal = |_, failure| Answer::Document {
            status: 503,
            kind: "application/json",
            text: format!("{{\"code\":\"{}\"}}", failure.fault.code()),
        };
        let response = handler(clients(Log::Memory(lines.clone())), told, panics)(request("/panic")).await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(matches!(response.body(), Body::Text(text) if text == "{\"code\":\"internal\"}"));
        assert!(lines.lock().unwrap().pop().unwrap().contains("\"status\":503"));
    }
}
