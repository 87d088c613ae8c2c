//! Once a minute: a login through the public host, from its start to the page of a test, as a browser makes it; and how
//! those fared who came through each connection lately.
//!
//! What fails on the way is what the run is for, so it is a line and a metric, and no error of the function. Without its
//! secret there is nothing to sign in with: that nobody has set it up, an alarm says by the metric that does not come.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{Request, Response};
use serde::Serialize;
use serde_json::{Value, json};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::Reference;
use stoa_core::login::Fared;
use stoa_core::probe::{Answered, Begun, ProbeStep, Proven, Stopped, acs_url, start_url};
use stoa_saml::SigningKey;

use crate::clients::Clients;
use crate::egress::Limits;
use crate::invoked::FailedLine;
use crate::log_line::{Head, milliseconds};
use crate::metrics::Metrics;
use crate::random;

/// A function answers within 8 s; the largest page is a few kilobytes.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), max_bytes: 64 * 1024 };

/// How far back logins of people are looked at, in seconds.
const LATELY: i64 = 30 * 60;
/// Connections looked at side by side.
const AT_ONCE: usize = 16;

/// Makes the login, and looks at those of others, whatever the event says.
pub async fn probe(clients: &Clients, _event: Value, request: &str) -> Result<Value, Failure> {
    let probed = sign_in(clients, request).await;
    let locked_out = look_at_logins(clients, request).await?;
    let failed = probed?;
    Ok(json!({ "failed": failed.unwrap_or(0), "set_up": failed.is_some(), "locked_out": locked_out }))
}

/// Makes the login: 1 where it does not get to its end, and nothing where there is no key.
async fn sign_in(clients: &Clients, request: &str) -> Result<Option<u8>, Failure> {
    let began = Instant::now();
    let key = match key(clients).await {
        Ok(key) => key,
        Err(failure) if failure.fault == Fault::SecretBroken => {
            clients.write(&FailedLine::of(clients, request, &failure, began));
            return Ok(None);
        }
        Err(failure) => return Err(failure),
    };
    let response_id = random::token()?;
    let mut login = Login { clients, reference: None };
    let stopped = login.log_in(&key, &response_id).await.err();
    let failed = u8::from(stopped.is_some());
    clients.write(&RunLine {
        head: Head::new(&clients.environment, request).at(if failed > 0 { "error" } else { "info" }),
        login: login.reference.as_ref().map(Reference::as_str),
        step: stopped.as_ref().map(|stopped| stopped.step.as_str()),
        wanted: stopped.as_ref().map(|stopped| stopped.wanted),
        got: stopped.as_ref().map(|stopped| stopped.got.as_str()),
        failed,
        ms: milliseconds(began.elapsed()),
        metrics: metrics(clients, "ProbeFailed"),
    });
    Ok(Some(failed))
}

fn metrics<'a>(clients: &'a Clients, name: &'static str) -> Metrics<'a> {
    Metrics::run(&clients.environment.metric_namespace, clients.clock.now().as_millisecond(), [name])
}

/// Counts the connections through which nobody gets in, each with a line of its own.
async fn look_at_logins(clients: &Clients, request: &str) -> Result<usize, Failure> {
    let (began, since) = (Instant::now(), clients.clock.now().as_second() - LATELY);
    let ids = clients.store.connection_ids().await?;
    let ids: Vec<_> = ids.into_iter().filter(|id| !id.is_probe()).collect();
    let mut fared = Vec::new();
    for part in ids.chunks(AT_ONCE) {
        let looks = part.iter().map(|id| clients.store.newest_logins(id, since));
        let logins = try_join_all(looks).await?;
        fared.extend(part.iter().zip(logins).map(|(id, logins)| (id, Fared::of(&logins))));
    }
    let others = fared.iter().filter(|(_, fared)| fared.ok > 0).count();
    let locked_out: Vec<_> = fared.iter().filter(|(_, fared)| fared.is_locked_out()).collect();
    for (id, fared) in &locked_out {
        let (login, fault) = fared.newest.as_ref().map(|(login, fault)| (login.as_str(), *fault)).unzip();
        clients.write(&LockedOutLine {
            head: Head::new(&clients.environment, request).at("error"),
            connection: id.as_str(),
            login,
            fault,
            refused: fared.refused,
            others,
        });
    }
    clients.write(&LooksLine {
        head: Head::new(&clients.environment, request),
        connections: fared.len(),
        locked_out: locked_out.len(),
        ms: milliseconds(began.elapsed()),
        metrics: metrics(clients, "ConnectionsLockedOut"),
    });
    Ok(locked_out.len())
}

async fn key(clients: &Clients) -> Result<SigningKey, Failure> {
    let now = clients.clock.now();
    let keys = clients.secrets.probe(now).await?;
    // It is what the probe signs with.
    let key = SigningKey::from_pkcs8_pem(keys.current(now).expose());
    key.map_err(|_| Failure::with(Fault::SecretBroken, "a PKCS #8 PEM private key", "probe"))
}

/// A login under way.
struct Login<'a> {
    clients: &'a Clients,
    /// As soon as it has one.
    reference: Option<Reference>,
}

impl Login<'_> {
    async fn log_in(&mut self, key: &SigningKey, response_id: &str) -> Result<(), Stopped> {
        let us = &self.clients.environment.public_url;
        let answered = self.send(ProbeStep::Start, Request::get(start_url(us)), Vec::new()).await?;
        let begun = Begun::read(&answered, us)?;
        self.reference = Some(begun.reference.clone());
        let form = begun.form(key, us, response_id, self.clients.clock.now())?;
        let request = Request::post(acs_url(us))
            .header(COOKIE, &begun.cookie)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answered = self.send(ProbeStep::Response, request, form.into_bytes()).await?;
        let proven = Proven::read(&answered, us)?;
        let request = Request::get(&proven.url).header(COOKIE, &proven.cookie);
        let answered = self.send(ProbeStep::Launch, request, Vec::new()).await?;
        Proven::end(&answered, &begun.reference)
    }

    async fn send(&self, step: ProbeStep, request: http::request::Builder, body: Vec<u8>) -> Result<Answered, Stopped> {
        let stopped = |got: String| Stopped { step, wanted: "an answer", got };
        let request = request.body(body).map_err(|_| stopped("no address".to_owned()))?;
        let answer = self.clients.egress.send(request, LIMITS).await;
        Ok(answered(&answer.map_err(|error| stopped(error.to_string()))?))
    }
}

fn answered(answer: &Response<Vec<u8>>) -> Answered {
    let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
    Answered {
        status: answer.status().as_u16(),
        location: answer.headers().get(LOCATION).and_then(text),
        cookies: answer.headers().get_all(SET_COOKIE).iter().filter_map(text).collect(),
        page: String::from_utf8_lossy(answer.body()).into_owned(),
    }
}

/// A login that was made. `docs/logging.md` describes each field.
#[derive(Serialize)]
struct RunLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    /// Where it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    got: Option<&'a str>,
    /// What CloudWatch counts.
    #[serde(rename = "ProbeFailed")]
    failed: u8,
    ms: u64,
    #[serde(rename = "_aws")]
    metrics: Metrics<'a>,
}

/// A connection through which nobody gets in.
#[derive(Serialize)]
struct LockedOutLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    connection: &'a str,
    /// The newest login that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    login: Option<&'a str>,
    /// The code of its refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    refused: usize,
    /// Connections through which somebody got in at the same time.
    others: usize,
}

/// A look at the logins of all connections.
#[derive(Serialize)]
struct LooksLine<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    connections: usize,
    /// What CloudWatch takes the most of.
    #[serde(rename = "ConnectionsLockedOut")]
    locked_out: usize,
    ms: u64,
    #[serde(rename = "_aws")]
    metrics: Metrics<'a>,
}
