//! What a file in the bucket takes to its end: written where nobody is known, compared and written again where everybody
//! is. In process, with the tables in memory.
//!
//! ```sh
//! cargo run --release -p stoa-benches --example files -- 1000 100000
//! ```

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a measurement may panic, and prints")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use stoa_core::routes::Bucket;
use stoa_sandbox::sandbox::{Options, Sandbox};

/// Each file names everybody, so that at the end of one it is looked up whom its rows name.
const DIRECTORY: &str = "\n[directory]\nsource = \"csv\"\nuploads = { write = true, complete = true }\n\n\
    [[directory.grant]]\neverybody = true\ncourses = [3]\n";
const KEY: &str = "pg/in/people.csv";
const RESULT: &str = "pg/out/people.csv.result.csv";
/// What the sandbox remembers of calls is dropped so often.
const FORGET_EACH: Duration = Duration::from_secs(1);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for count in std::env::args().skip(1) {
        runtime.block_on(measure(count.parse().unwrap()));
    }
}

async fn measure(count: usize) {
    let connection = |file: &str| format!("{file}{DIRECTORY}");
    let sandbox = Sandbox::start(Options { connection, ..Options::default() }).await.unwrap();
    println!("{count} people; resident before: {} MB", megabytes("VmRSS:"));
    let file = people(count, "Ada");
    take(&sandbox, "written, nobody is known", &file).await;
    take(&sandbox, "the same again", &file).await;
    take(&sandbox, "each of another name", &people(count, "Eve")).await;
    println!("  resident at most: {} MB", megabytes("VmHWM:"));
}

fn people(count: usize, first: &str) -> String {
    let mut text = "Email,External ID,First Name,Last Name,Company\n".to_owned();
    for n in 0..count {
        writeln!(text, "p{n}@pg.com,{n:06},{first},Example{n},Plants").unwrap();
    }
    text
}

/// From the moment at which it is put there to its result, over as many runs as that takes.
async fn take(sandbox: &Sandbox, what: &str, file: &str) {
    sandbox.front.delete_object(Bucket::Files, RESULT);
    sandbox.front.put_object(Bucket::Files, KEY, file.as_bytes().to_vec().into());
    let began = Instant::now();
    let (mut runs, mut failed) = (0, 0);
    let reads = async {
        let mut run = sandbox.deliver_uploads().await.remove(0);
        loop {
            (runs, failed) = (runs + 1, failed + usize::from(run.is_err()));
            if sandbox.front.object(Bucket::Files, RESULT).is_some() {
                break;
            }
            if run.is_err() {
                tokio::time::sleep(FORGET_EACH).await;
            }
            // One that failed, on a machine that has much else to do, is gone on with as the clock would.
            run = sandbox.go_on_with_uploads().await;
        }
    };
    let (mut calls, mut units) = (0, 0.0);
    let forgets = async {
        loop {
            tokio::time::sleep(FORGET_EACH).await;
            sandbox.take_log();
            count(sandbox, &mut calls, &mut units);
        }
    };
    tokio::select! {
        () = reads => {}
        () = forgets => {}
    }
    let took = began.elapsed().as_secs_f64();
    count(sandbox, &mut calls, &mut units);
    let result = sandbox.front.object(Bucket::Files, RESULT).unwrap();
    let result = std::str::from_utf8(&result).unwrap().lines().skip(2).take(6).collect::<Vec<_>>().join(" ");
    println!(
        "  {what}: {took:.1} s in {runs} runs, {failed} failed, {calls} calls of AWS, {units:.0} units: {}",
        result.replace('"', "")
    );
}

/// A transaction has several calls in the journal, and is one.
fn count(sandbox: &Sandbox, calls: &mut usize, units: &mut f64) {
    let own = sandbox.front.take_calls();
    let mut last = None;
    for call in own.iter().filter(|call| call.principal == "csv-import") {
        *calls += usize::from(last.replace(call.request) != Some(call.request));
        *units += call.units;
    }
}

/// Of the whole process: the tables and the simulators are in it.
fn megabytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
