//! The edge of a function: event in, answer out, whatever happens in between.
//!
//! A flow returns an [`Answer`] or a [`Failure`]. Here a failure becomes the fault page, a panic or a slow flow
//! becomes a failure, and every invocation writes one log line.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use serde_json::{Value, json};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::relay::Relay;
use stoa_core::routes::{ROUTES, Route};

use crate::clients::Clients;
use crate::gateway::{Misfit, read, returned, sendable};
use crate::incoming::Incoming;
use crate::log::Line;
use crate::log_line::{Head, milliseconds};
use crate::metrics::Metrics;
use crate::visit::{Answer, Visit};

/// A browser is answered by then: API Gateway would wait 30 s and then show a page without a reference.
pub(crate) const SOFT_DEADLINE: Duration = Duration::from_secs(8);

/// A function, ready to be called with an event and the id of the request. There is no event that it does not answer.
/// Boxed, so that a binary does not compile the flow again.
pub type Handler = Arc<dyn Fn(Value, String) -> Pin<Box<dyn Future<Output = Value> + Send>> + Send + Sync>;

/// A flow on its way.
pub(crate) type Flowing<'a> = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>;

/// How the failures of a function are answered.
pub(crate) type Refusal = fn(&Visit<'_>, &Failure) -> Answer;

/// What whoever asks is used to.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    /// How failures are answered.
    pub(crate) refusal: Refusal,
    /// By when there is an answer.
    pub(crate) deadline: Duration,
}

/// Of a browser.
pub(crate) const BROWSER: Manners = Manners { refusal: fault_page, deadline: SOFT_DEADLINE };

/// Of a machine that is no SCIM client.
pub(crate) const MACHINE: Manners = Manners { refusal: fault_document, deadline: SOFT_DEADLINE };

/// Runs a flow as a function.
pub(crate) fn handler<F>(clients: Arc<Clients>, manners: Manners, flow: F) -> Handler
where
    F: for<'a> Fn(&'a mut Visit<'_>) -> Flowing<'a> + Send + Sync + 'static,
{
    let flow = Arc::new(flow);
    Arc::new(move |event, request| {
        let (clients, flow) = (clients.clone(), flow.clone());
        Box::pin(async move {
            let began = Instant::now();
            let function = Function { clients: &clients, manners, flow: &*flow };
            let answer = AssertUnwindSafe(function.answer(event, request.clone(), began)).catch_unwind();
            answer.await.unwrap_or_else(|_panic| last_resort(&clients, request, began))
        })
    })
}

struct Function<'a, F> {
    clients: &'a Clients,
    manners: Manners,
    flow: &'a F,
}

impl<F> Function<'_, F>
where
    F: for<'a> Fn(&'a mut Visit<'_>) -> Flowing<'a>,
{
    async fn answer(&self, event: Value, request: String, began: Instant) -> Value {
        let (incoming, misfit) = read(event, request);
        let mut visit = Visit::new(self.clients, &incoming);
        let result = match &misfit {
            None => match incoming.check_query() {
                Ok(()) => run((self.flow)(&mut visit), self.manners.deadline).await,
                Err(failure) => Err(failure),
            },
            Some(misfit) => Err(misfit.into()),
        };
        let result = result.and_then(|answer| sendable(&answer).map(|()| answer));
        let (status, returned) = match &result {
            Ok(answer) => returned(answer, &visit.trail),
            Err(failure) => returned(&self.refuse(&visit, failure, misfit.as_ref()), &visit.trail),
        };
        log(&visit, result.err().as_ref(), status, began.elapsed());
        returned
    }

    fn refuse(&self, visit: &Visit<'_>, failure: &Failure, misfit: Option<&Misfit>) -> Answer {
        if let Some(Misfit::Foreign(instead)) = misfit {
            return expectation(self.clients.environment.function, failure.fault, instead);
        }
        let answer = (self.manners.refusal)(visit, failure);
        if sendable(&answer).is_ok() {
            return answer;
        }
        // What has no bound is what came: a test's page shows it.
        (self.manners.refusal)(visit, &Failure { arrived: None, ..failure.clone() })
    }
}

impl From<&Misfit> for Failure {
    fn from(misfit: &Misfit) -> Self {
        let got = match misfit {
            Misfit::Foreign(instead) => instead,
            Misfit::Strange(member) => member.as_str(),
        };
        Self::with(Fault::EventStrange, "an event of an HTTP API, payload format 2.0", got)
    }
}

/// For whoever invokes the function by hand, or sets another gateway before it.
fn expectation(function: &'static str, fault: Fault, instead: &str) -> Answer {
    let routes = ROUTES.iter().filter(|entry| entry.name == function).flat_map(|entry| entry.routes);
    let routes: Vec<String> = routes.copied().map(Route::key).collect();
    let text = json!({
        "code": fault.code(),
        "message": format!(
            "{function} answers what an HTTP API of API Gateway hands to it: an event of payload format 2.0, for {}. \
             This is {instead}. events/{function}/ has such events.",
            routes.join(", ")
        ),
    });
    Answer::Document { status: fault.face().status, kind: "application/json", text: text.to_string() }
}

/// The answer where even the page of a fault could not be made. It uses nothing that could have panicked.
fn last_resort(clients: &Clients, request: String, began: Instant) -> Value {
    let incoming = Incoming { request_id: request, ..Incoming::default() };
    let visit = Visit::new(clients, &incoming);
    let text = format!("Something went wrong. Please try again.\n\n{}\n", incoming.request_id);
    let status = Fault::Internal.face().status;
    let (status, returned) = returned(&Answer::Document { status, kind: "text/plain", text }, &visit.trail);
    log(&visit, Some(&panicked()), status, began.elapsed());
    returned
}

fn panicked() -> Failure {
    Failure::noted(Fault::Internal, "a panic; the line before this one says where")
}

async fn run(flow: Flowing<'_>, deadline: Duration) -> Result<Answer, Failure> {
    match tokio::time::timeout(deadline, AssertUnwindSafe(flow).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => Err(panicked()),
        Err(_elapsed) => Err(Fault::DeadlineExceeded.into()),
    }
}

fn log(visit: &Visit<'_>, failure: Option<&Failure>, status: u16, elapsed: Duration) {
    let Visit { clients, incoming, trail, .. } = visit;
    let outcome = match failure {
        _ if trail.is_machine => None,
        // Nobody's login. One that the clock makes would hide that nobody else gets in.
        _ if trail.connection.as_ref().is_some_and(ConnectionId::is_probe) => None,
        None if trail.launched => Some("ok"),
        None => None,
        Some(failure) => trail.connection.as_ref().map(|_| failure.fault.face().actor.blame()),
    };
    let (namespace, now) = (&clients.environment.metric_namespace, clients.clock.now().as_millisecond());
    let mut line = Line {
        head: Head::new(&clients.environment, &incoming.request_id),
        gateway: &incoming.gateway_id,
        browser: incoming.browser(),
        connection: trail.connection.as_ref().map(ConnectionId::as_str),
        login: trail.login.as_ref().map(Reference::as_str),
        answer: match status {
            _ if trail.is_machine => "resource",
            300..400 => "redirect",
            _ => "page",
        },
        status,
        failed: None,
        also: trail.also.map(Fault::code),
        waits: trail.waits,
        asked: trail.asked,
        ignored: trail.ignored.as_deref(),
        ms: milliseconds(elapsed),
        metric: match (outcome, trail.waits) {
            (Some(_), _) => Some(Metrics::login(namespace, now)),
            (None, Some(_)) => Some(Metrics::waiting(namespace, now)),
            (None, None) => None,
        },
        outcome,
        logins: outcome.map(|_| 1),
    };
    if let Some(failure) = failure {
        line.fail(failure);
    }
    clients.write(&line);
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

/// The document of a fault, for machines that are no SCIM client: the public code, its sentence, and the reference.
pub(crate) fn fault_document(visit: &Visit<'_>, failure: &Failure) -> Answer {
    let face = failure.fault.face();
    let text = json!({"code": face.public, "reference": visit.incoming.gateway_id});
    Answer::Document { status: face.status, kind: "application/json", text: text.to_string() }
}

/// Whether this browser began the login by a test link. The reference alone, which is no secret, shows nothing.
fn is_tester(visit: &Visit<'_>) -> bool {
    let tester = visit.trail.tester.as_ref();
    visit.trail.by_test_link
        || tester.is_some_and(|binding| visit.pending().iter().any(|login| login.hash() == *binding))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::clock::Clock;
    use crate::credentials::Credentials;
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

    /// A `GET` of a path.
    fn request(path: &str) -> Value {
        json!({"rawPath": path, "requestContext": {"http": {"method": "GET"}, "requestId": "aBcDeFgHiJkLmNo="}})
    }

    /// A flow that panics, answers too much, or does nothing, as the path says.
    fn odd<'a>(visit: &'a mut Visit<'_>) -> Flowing<'a> {
        Box::pin(async move {
            let path = visit.incoming.path();
            assert!(path != "/panic", "a needle");
            visit.trail.cookies.push("a=1".to_owned());
            match path {
                "/large" => Ok(Answer::Document { status: 200, kind: "text/plain", text: "x".repeat(1_000_001) }),
                _ => Ok(Answer::Nothing),
            }
        })
    }

    /// What a function answers to these, one after the other, and its lines.
    async fn answers(refusal: Refusal, events: &[Value]) -> Vec<(Value, String)> {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let manners = Manners { refusal, ..BROWSER };
        let handler = handler(clients(Log::Memory(lines.clone())), manners, odd);
        let mut answers = Vec::new();
        for event in events {
            let answer = handler(event.clone(), "8f5c".to_owned()).await;
            let mut lines = lines.lock().unwrap();
            assert_eq!(lines.len(), 1, "{lines:?}");
            answers.push((answer, lines.pop().unwrap()));
        }
        answers
    }

    #[tokio::test]
    async fn c219_a_panic_is_a_page_without_detail_and_the_function_goes_on() {
        let answers = answers(fault_page, &[request("/panic"), request("/")]).await;
        let (panicked, line) = &answers[0];
        assert_eq!(panicked["statusCode"], 500);
        let page = panicked["body"].as_str().unwrap();
        assert!(page.contains("<!DOCTYPE html>") && page.contains("aBcDeFgHiJkLmNo=") && !page.contains("needle"));
        assert!(line.contains("\"fault\":\"internal\"") && !line.contains("needle"), "{line}");
        assert_eq!(answers[1].0["statusCode"], 204);
    }

    #[tokio::test]
    async fn c219_a_machine_is_told_of_a_panic_in_its_own_form() {
        let told: Refusal = |_, failure| Answer::Document {
            status: 503,
            kind: "application/json",
            text: format!("{{\"code\":\"{}\"}}", failure.fault.code()),
        };
        let (panicked, line) = &answers(told, &[request("/panic")]).await[0];
        assert_eq!(panicked["statusCode"], 503);
        assert_eq!(panicked["headers"]["content-type"], "application/json");
        assert_eq!(panicked["body"], "{\"code\":\"internal\"}");
        assert!(line.contains("\"status\":503"), "{line}");
    }

    #[tokio::test]
    async fn c219_a_panic_while_the_page_is_made_is_answered_too() {
        let panics: Refusal = |_, _| panic!("a needle");
        let answers = answers(panics, &[request("/panic"), request("/")]).await;
        let (panicked, line) = &answers[0];
        assert_eq!(panicked["statusCode"], 500);
        assert!(panicked["body"].as_str().unwrap().contains("8f5c"), "{panicked}");
        assert!(line.contains("\"fault\":\"internal\"") && !line.contains("needle"), "{line}");
        assert_eq!(answers[1].0["statusCode"], 204);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_is_a_page_that_says_so_in_the_log() {
        let (answer, line) = &answers(fault_page, &[request("/large")]).await[0];
        assert_eq!(answer["statusCode"], 500);
        assert!(answer["body"].as_str().unwrap().len() < 10_000, "a page");
        assert_eq!(answer["cookies"], json!(["a=1"]));
        assert!(
            line.contains("\"got\":\"an answer that is 1000001 bytes long\"") && line.contains("\"status\":500"),
            "{line}"
        );
    }

    #[tokio::test]
    async fn what_is_no_request_is_told_what_the_function_expects() {
        for event in [json!({}), Value::Null, json!({"Records": []}), json!({"version": "1.0", "requestContext": {}})] {
            let (answer, line) = &answers(fault_page, std::slice::from_ref(&event)).await[0];
            assert_eq!(answer["statusCode"], 500, "{event}");
            let told: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(told["code"], "event_strange");
            let message = told["message"].as_str().unwrap();
            assert!(message.contains("GET /return, GET /sign-out/{connection}, $default"), "{message}");
            assert!(line.contains("\"fault\":\"event_strange\""), "{line}");
        }
    }
}
