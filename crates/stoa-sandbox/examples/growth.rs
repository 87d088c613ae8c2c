//! `cargo run -p stoa-sandbox --example growth [CONNECTIONS…]`: what grows with the number of connections. By default 10,
//! 1 000 and 10 000: what a login of one of them reads, how much memory a process takes that has met all of them, and how
//! long `trust-refresh` takes to come round.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "it is a measurement")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use stoa_core::binding::{Pending, SameSite};
use stoa_core::ids::Reference;
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::providers::Providers;
use stoa_sandbox::sandbox::{Options, Sandbox};

/// Every hundredth provider never answers.
const SILENT: usize = 100;
/// More runs than it takes to come round.
const RUNS: usize = 500;
/// How many connections a process holds (`MOST` in `held.rs`).
const HELD: usize = 256;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let given: Vec<usize> = std::env::args().skip(1).map(|text| text.parse().expect("a number")).collect();
    let numbers = if given.is_empty() { vec![10, 1_000, 10_000] } else { given };
    for number in numbers {
        measure(number).await;
    }
}

async fn measure(number: usize) {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let metadata = sandbox.pingfederate.metadata(sandbox.pingfederate_partner()).expect("its metadata");
    let providers = Providers::start(metadata).await.expect("a port");
    let mut names = Vec::new();
    for connection in 0..number {
        let name = format!("c{connection:05}");
        sandbox.connect_copy(&name, &providers).await.expect("a connection");
        names.push(name);
    }
    println!("{number} connections");
    login(&sandbox).await;
    held(&sandbox, &names).await;
    for name in names.iter().step_by(SILENT) {
        providers.silence(name);
    }
    refresh(&sandbox, number).await;
}

/// A known person, cold: everything is read.
async fn login(sandbox: &Sandbox) {
    sandbox.pingfederate.sign_on_as("miller.m");
    for _ in 0..2 {
        sandbox.start_functions_again().expect("functions");
        sandbox.front.take_calls();
        let page = sandbox.browser().get(&sandbox.login_url()).await.expect("a login");
        assert_eq!(page.status, 200, "{} {:?}", page.text(), sandbox.take_log());
    }
    let tally = Tally::of(&sandbox.front.take_calls());
    println!("  a login with new processes: {} reads of {} units", tally.reads, tally.read_units);
}

/// One Response to each connection, which answers a login that somebody made up: it has to be looked at, and so each
/// connection and its keys are read and parsed.
async fn held(sandbox: &Sandbox, names: &[String]) {
    let client: Client<_, Full<bytes::Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let before = resident();
    let mut steps = Vec::new();
    for (met, name) in names.iter().enumerate() {
        let pending = Pending::begin(Reference::from_random([7; 8]), jiff::Timestamp::now(), [7; 32]);
        let response = format!("<Response InResponseTo=\"{}\"/>", pending.saml_request_id());
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("SAMLResponse", &STANDARD.encode(response))
            .finish();
        let cookie = pending.set_cookie(SameSite::None);
        let request = Request::post(format!("http://{}/saml/{name}/acs", sandbox.gateway.address()))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie.split(';').next().unwrap_or_default())
            .body(Full::from(body))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        assert!(answer.status().is_client_error(), "{name}: {}", answer.status());
        answer.into_body().collect().await.expect("a body");
        sandbox.take_log();
        sandbox.front.take_calls();
        sandbox.gateway.take_hops();
        if [HELD, names.len()].contains(&(met + 1)) {
            steps.push(format!("{:.1} MB after {}", (resident() - before) / 1e6, met + 1));
        }
    }
    println!("  memory taken by connections met, in one process with the simulators: {}", steps.join(", "));
}

/// The process's memory, in bytes.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
}

/// Runs of `trust-refresh`, an hour apart, until one has left nothing.
#[expect(clippy::cast_precision_loss, reason = "a small count")]
async fn refresh(sandbox: &Sandbox, number: usize) {
    let (mut took, mut runs, mut looked) = (Duration::ZERO, 0, 0);
    for _ in 0..RUNS {
        sandbox.advance(3600);
        let began = Instant::now();
        let answer = sandbox.refresh_trust().await.expect("a run");
        took += began.elapsed();
        runs += 1;
        looked += answer["connections"].as_u64().unwrap_or_default();
        sandbox.take_log();
        sandbox.front.take_calls();
        if answer["left"] == 0 {
            break;
        }
    }
    let each = took.as_secs_f64() * 1e3 / looked.max(1) as f64;
    println!(
        "  trust-refresh, every {SILENT}th provider silent: round in {runs} runs, {:.0} s, {looked} looks at {number} \
         connections and its own, {each:.1} ms each",
        took.as_secs_f64()
    );
}
