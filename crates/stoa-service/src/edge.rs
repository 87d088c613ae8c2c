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
use stoa_core::binding::Pending;
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::language::Language;
use stoa_core::login::{Step, What};
use stoa_core::pages::{Frame, HEADERS, Page, in_teams};
use stoa_core::relay::Relay;

use crate::clients::Clients;
use crate::incoming::Incoming;
use crate::log::{Line, Metric};

/// A browser is answered by then: API Gateway would wait 30 s and then show a page without a reference.
const SOFT_DEADLINE: Duration = Duration::from_secs(8);

/// A function, ready to be called. Boxed, so that a binary does not compile the flow again.
pub type Handler = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send + Sync>;

/// What a flow answers.
pub enum Answer {
    /// 303, so that a POST becomes a GET. The address may carry a token and is never logged.
    Redirect(String),
    /// A page.
    Page(Page),
    /// Something for machines.
    Document {
        /// `Content-Type`.
        kind: &'static str,
        /// The text.
        text: String,
    },
    /// A script that never changes under its address, so that browsers may keep it.
    Script(&'static str),
    /// Nothing (a prefetch).
    Nothing,
}

/// What becomes known on the way through a flow, for the log line, the steps and the page.
pub struct Trail {
    /// The connection.
    pub connection: Option<ConnectionId>,
    /// The login.
    pub login: Option<Reference>,
    /// Where the person wants to go, so that "Try again" leads there too.
    pub destination: Option<Destination>,
    /// `Set-Cookie` values.
    pub cookies: Vec<String>,
    /// Whether a login ended well here.
    pub launched: bool,
    /// Whether Teams shows the answer in its frame.
    pub in_teams: bool,
    /// A failure behind the one that the person sees.
    pub also: Option<Fault>,
    /// Hash of the secret of the browser that an administrator tests with: it is shown what strangers must not see.
    pub tester: Option<String>,
    /// Whether this very request came with the key of a test link, as the tab's do, which has no cookies, or with the
    /// code or the ticket of a login that such a link began.
    pub by_test_link: bool,
    accept_language: Option<String>,
    stamp: Stamp,
}

struct Stamp {
    function: &'static str,
    request: String,
    build: String,
}

impl Trail {
    /// A step of a login, as this invocation takes it.
    pub fn step(&self, what: What, now: jiff::Timestamp) -> Step {
        Step {
            t: now.as_millisecond(),
            function: self.stamp.function.to_owned(),
            what,
            request: self.stamp.request.clone(),
            build: self.stamp.build.clone(),
            wanted: None,
            got: None,
        }
    }

    /// The step of a failure.
    pub fn failed_step(&self, failure: &Failure, now: jiff::Timestamp) -> Step {
        Step {
            wanted: failure.detail.wanted.clone(),
            got: failure.detail.got.clone(),
            ..self.step(What::Stopped(failure.fault), now)
        }
    }

    /// The frame of this invocation's pages.
    pub fn frame(&self) -> Frame<'_> {
        let language = Language::negotiate(self.accept_language.as_deref());
        Frame { language, build: &self.stamp.build }
    }
}

/// Runs a flow as a function. `flow` borrows the clients, the request and the trail.
pub fn handler<F>(clients: Arc<Clients>, flow: F) -> Handler
where
    F: for<'a> Fn(
            &'a Clients,
            &'a Incoming,
            &'a mut Trail,
        ) -> Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>
        + Send
        + Sync
        + 'static,
{
    let flow = Arc::new(flow);
    Arc::new(move |request| {
        let (clients, flow) = (clients.clone(), flow.clone());
        Box::pin(async move {
            let incoming = Incoming::new(request);
            let mut trail = Trail {
                connection: None,
                login: None,
                destination: None,
                cookies: Vec::new(),
                launched: false,
                in_teams: false,
                also: None,
                tester: None,
                by_test_link: false,
                accept_language: incoming.header("accept-language").map(str::to_owned),
                stamp: Stamp {
                    function: clients.environment.function,
                    request: incoming.request_id.clone(),
                    build: clients.environment.build.clone(),
                },
            };
            let began = std::time::Instant::now();
            let result = run(flow(&clients, &incoming, &mut trail)).await;
            respond(&clients, &incoming, &trail, result, began.elapsed())
        })
    })
}

async fn run<'a>(flow: Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send + 'a>>) -> Result<Answer, Failure> {
    match tokio::time::timeout(SOFT_DEADLINE, AssertUnwindSafe(flow).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_panic)) => Err(Failure::noted(Fault::Internal, "a panic; the runtime's message is in the log")),
        Err(_elapsed) => Err(Fault::DeadlineExceeded.into()),
    }
}

fn respond(
    clients: &Clients,
    incoming: &Incoming,
    trail: &Trail,
    result: Result<Answer, Failure>,
    elapsed: Duration,
) -> Response<Body> {
    let response = match &result {
        Ok(answer) => answer_response(answer, trail),
        Err(failure) => page_response(&fault_page(failure, incoming, trail), trail),
    };
    let outcome = match &result {
        Ok(_) if trail.launched => Some("ok"),
        Ok(_) => None,
        Err(failure) => trail.connection.as_ref().map(|_| failure.fault.face().actor.blame()),
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
        answer: if response.status().is_redirection() { "redirect" } else { "page" },
        status: response.status().as_u16(),
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
    if let Err(failure) = &result {
        line.fail(failure.fault, &failure.detail);
    }
    line.write(&clients.log);
    response
}

fn fault_page(failure: &Failure, incoming: &Incoming, trail: &Trail) -> Page {
    let reference = match &trail.login {
        Some(login) => login.to_string(),
        None if incoming.gateway_id.is_empty() => incoming.request_id.clone(),
        None => incoming.gateway_id.clone(),
    };
    if is_tester(incoming, trail) {
        return trail.frame().fault_shown(failure, &reference);
    }
    let relay = Relay { retries: 0, destination: trail.destination.clone() };
    let again = match &trail.connection {
        // A link in Teams' frame would lead to a login in that frame.
        Some(_) if trail.in_teams => None,
        Some(connection) => Some(relay.login_path(connection)),
        None => (incoming.path() == "/login").then(|| relay.discovery_path()),
    };
    trail.frame().fault(failure.fault, &reference, again.as_deref())
}

/// Whether this browser began the login by a test link. The reference alone, which is no secret, shows nothing.
fn is_tester(incoming: &Incoming, trail: &Trail) -> bool {
    let tester = trail.tester.as_ref();
    trail.by_test_link
        || tester.is_some_and(|binding| Pending::among(incoming.cookies()).iter().any(|login| login.hash() == *binding))
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
        Answer::Document { kind, text } => response(200, kind, text.clone(), trail),
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

    #[tokio::test]
    async fn c219_a_panic_is_a_page_without_detail_and_the_function_goes_on() {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let handler = handler(clients(Log::Memory(lines.clone())), |_, incoming, _| {
            Box::pin(async move {
                assert!(incoming.path() != "/panic", "a needle");
                Ok(Answer::Nothing)
            })
        });
        let request = |path: &str| http::Request::get(path).body(Body::Empty).unwrap();
        let response = handler(request("/panic")).await;
        assert_eq!(response.status(), 500);
        let Body::Text(page) = response.body() else { panic!("no page") };
        assert!(page.contains("<!DOCTYPE html>") && !page.contains("needle"));
        let line = lines.lock().unwrap().pop().unwrap();
        assert!(line.contains("\"fault\":\"internal\"") && !line.contains("needle"), "{line}");
        assert_eq!(handler(request("/")).await.status(), 204);
    }
}
