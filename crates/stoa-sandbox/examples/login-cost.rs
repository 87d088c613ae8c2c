//! `cargo run -p stoa-sandbox --example login-cost`: what one login of a known, unchanged person costs, counted and not
//! timed, and what AWS bills for it. With `STOA_WIRE=target/lambda` also what the deployable binaries weigh: zip, start, memory.
//!
//! Prices: `stoa_sandbox::aws::bill`.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "it is a measurement")]

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use stoa_core::routes::{ROUTES, Table};
use stoa_sandbox::aws::bill::{Row, Usage, access_log_bytes, log_bytes, stored_bytes, total};
use stoa_sandbox::aws::journal::Tally;
use stoa_sandbox::gateway::Hop;
use stoa_sandbox::gateway::wire::{Config, Wire};
use stoa_sandbox::sandbox::{Mode, Options, Sandbox};

/// Logins that are counted, after the one that makes the account.
const LOGINS: usize = 100;
/// Starts of each binary; the median counts.
const STARTS: usize = 15;
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
    let stored_before = stored(&sandbox);
    for _ in 0..LOGINS {
        one_login(&sandbox).await;
    }
    print_login(&sandbox, stored_before);
    if let Some(folder) = wire {
        print_binaries(&sandbox, &folder).await;
    }
}

async fn one_login(sandbox: &Sandbox) {
    let page = sandbox.browser().get(&sandbox.login_url()).await.expect("a login");
    assert_eq!(page.status, 200, "{} {:?}", page.text(), sandbox.take_log());
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn print_login(sandbox: &Sandbox, stored_before: usize) {
    let hops = sandbox.gateway.take_hops();
    let usage = Usage {
        requests: hops.len(),
        seconds: hops.iter().map(|hop| hop.took).sum::<Duration>().as_secs_f64(),
        tally: Tally::of(&sandbox.front.take_calls()),
        log_bytes: log_bytes(&sandbox.take_log()),
        access_log_bytes: hops.iter().map(|hop| access_log_bytes(hop.status, &route_of(hop))).sum(),
        stored_bytes: stored(sandbox) - stored_before,
    };
    let (each, tally) = (|total: f64| total / LOGINS as f64, usage.tally);
    println!("one login of a known, unchanged person (mean of {LOGINS})");
    for (what, number) in [
        ("gateway and Lambda requests", each(usage.requests as f64)),
        ("writes", each(tally.writes as f64)),
        ("write units", each(tally.write_units)),
        ("read requests", each(tally.reads as f64)),
        ("read units", each(tally.read_units)),
        ("Secrets Manager calls", each(tally.secrets as f64)),
        ("log bytes, as billed", each(usage.log_bytes as f64)),
        ("access log bytes, as billed", each(usage.access_log_bytes as f64)),
        ("bytes stored, as billed", each(usage.stored_bytes as f64)),
    ] {
        println!("  {what:<30} {number:.2}");
    }
    println!("  time in functions, ms          {:.1}   (this machine, everything on it)", each(usage.seconds) * 1e3);
    print_bill("dollars per million logins", &usage.bill());
    print_bill("and for keeping what they leave", &usage.keeping());
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn print_bill(title: &str, rows: &[Row]) {
    let per_million = |dollars: f64| dollars / LOGINS as f64 * 1e6;
    println!("  {title}");
    for row in rows {
        println!("    {:<28} {:.2}", row.what, per_million(row.dollars));
    }
    println!("    {:<28} {:.2}", "in all", per_million(total(rows)));
}

/// The route by its key, as the gateway logs it.
fn route_of(hop: &Hop) -> String {
    let routes = ROUTES.iter().filter(|entry| Some(entry.name) == hop.function).flat_map(|entry| entry.routes);
    let keys = routes.map(|route| route.key()).filter(|key| key.starts_with(hop.method.as_str()));
    keys.max_by_key(String::len).unwrap_or_else(|| "$default".to_owned())
}

fn stored(sandbox: &Sandbox) -> usize {
    sandbox.front.items(Table::Logins).expect("the table").iter().map(stored_bytes).sum()
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
