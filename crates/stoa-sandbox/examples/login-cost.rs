//! `cargo run -p stoa-sandbox --example login-cost`: what one login of a known, unchanged person costs, counted and not
//! timed. With `STOA_WIRE=target/lambda` also what the deployable binaries weigh: zip, start, memory.
//!
//! Prices are AWS's list prices for us-east-1, x86_64.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "it is a measurement")]

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use stoa_core::routes::ROUTES;
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::gateway::wire::{Config, Wire};
use stoa_sandbox::sandbox::{Mode, Options, Sandbox};

/// Logins that are counted, after the one that makes the account.
const LOGINS: usize = 100;
/// Starts of each binary; the median counts.
const STARTS: usize = 15;
const MEMORY_GB: f64 = 0.25;
const PER_GATEWAY_REQUEST: f64 = 1.00e-6;
const PER_LAMBDA_REQUEST: f64 = 0.20e-6;
const PER_GB_SECOND: f64 = 1.666_67e-5;
const PER_WRITE_UNIT: f64 = 0.625e-6;
const PER_READ_UNIT: f64 = 0.125e-6;
const PER_LOG_BYTE: f64 = 0.50e-9;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let wire = std::env::var_os("STOA_WIRE").map(PathBuf::from);
    let mode = wire.clone().map_or(Mode::InProcess, Mode::Wire);
    let sandbox = Sandbox::start(Options { mode, ..Options::default() }).await.expect("a sandbox");
    sandbox.pingfederate.sign_on_as("miller.m");
    one_login(&sandbox).await;
    sandbox.front.take_calls();
    sandbox.take_log();
    sandbox.gateway.take_hops();
    for _ in 0..LOGINS {
        one_login(&sandbox).await;
    }
    print_login(&sandbox);
    if let Some(folder) = wire {
        print_binaries(&sandbox, &folder).await;
    }
}

async fn one_login(sandbox: &Sandbox) {
    let page = sandbox.browser().get(&sandbox.login_url()).await.expect("a login");
    assert_eq!(page.status, 200, "{}", page.text());
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn print_login(sandbox: &Sandbox) {
    let tally = Tally::of(&sandbox.front.take_calls());
    let hops = sandbox.gateway.take_hops();
    let log: usize = sandbox.take_log().iter().map(String::len).sum();
    let each = |total: f64| total / LOGINS as f64;
    let requests = each(hops.len() as f64);
    let seconds = each(hops.iter().map(|hop| hop.took).sum::<Duration>().as_secs_f64());
    println!("one login of a known, unchanged person (mean of {LOGINS})");
    println!("  gateway and Lambda requests  {requests:.2}");
    println!("  writes                       {:.2}", each(tally.writes as f64));
    println!("  write units                  {:.2}", each(tally.write_units));
    println!("  read requests                {:.2}", each(tally.reads as f64));
    println!("  read units                   {:.2}", each(tally.read_units));
    println!("  Secrets Manager calls        {:.2}", each(tally.secrets as f64));
    println!("  log bytes                    {:.0}", each(log as f64));
    println!("  time in functions, ms        {:.1}   (this machine, everything on it)", seconds * 1e3);
    let rows = [
        ("API Gateway", requests * PER_GATEWAY_REQUEST),
        ("Lambda requests", requests * PER_LAMBDA_REQUEST),
        ("Lambda time at 256 MB", seconds * MEMORY_GB * PER_GB_SECOND),
        ("DynamoDB writes", each(tally.write_units) * PER_WRITE_UNIT),
        ("DynamoDB reads", each(tally.read_units) * PER_READ_UNIT),
        ("logs", each(log as f64) * PER_LOG_BYTE),
    ];
    println!("  dollars per million logins");
    for (what, dollars) in rows {
        println!("    {what:<24} {:.2}", dollars * 1e6);
    }
    println!("    {:<24} {:.2}", "in all", rows.iter().map(|(_, dollars)| dollars).sum::<f64>() * 1e6);
}

async fn print_binaries(sandbox: &Sandbox, folder: &std::path::Path) {
    let running = sandbox.wire.as_ref().expect("wire mode");
    println!("the deployable binaries (start: exec to the first request for an event, median of {STARTS})");
    let mut starts: Vec<Vec<Duration>> = vec![Vec::new(); ROUTES.len()];
    for _ in 0..STARTS {
        let config = Config::new(folder, &sandbox.front, "bench", &sandbox.url());
        let times = Wire::start(config).await.expect("they start").start_times();
        for (function, times_of) in ROUTES.iter().zip(&mut starts) {
            times_of.extend(times.get(function.name));
        }
    }
    for (function, times) in ROUTES.iter().zip(&mut starts) {
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        let peak = running.resident(function.name).map_or(0, |memory| memory.peak_kb);
        let zipped = zipped_bytes(&folder.join(function.name).join("bootstrap"));
        println!(
            "  {:<18} start {:>5.1} ms  resident {peak:>6} kB  zipped {zipped:>8} bytes",
            function.name,
            median.as_secs_f64() * 1e3
        );
    }
}

/// As `zip` would: DEFLATE at the usual level, the archive's own bytes aside.
fn zipped_bytes(path: &std::path::Path) -> usize {
    let bytes = std::fs::read(path).expect("a bootstrap");
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&bytes).expect("memory");
    encoder.finish().expect("memory").len()
}
