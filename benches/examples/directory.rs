//! What a large directory takes: people made by SCIM, a group of up to 40 000 of them, and what a client asks of both.
//! In process, with the tables in memory.
//!
//! ```sh
//! cargo run --release -p stoa-benches --example directory -- 500 5000 50000
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a measurement may panic, and prints"
)]

mod scim_client;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use scim_client::Client;
use serde_json::{Value, json};
use stoa_sandbox::sandbox::{Options, Sandbox};

const DIRECTORY: &str = "\n[directory]\nsource = \"scim\"\n\n[[directory.grant]]\neverybody = true\ncourses = [3]\n";
/// Requests that are under way at once.
const AT_ONCE: usize = 8;
/// What the sandbox remembers of the requests is dropped after so many people.
const FORGET_EACH: usize = 500;
/// The largest group.
const MOST_MEMBERS: usize = 40_000;
/// So many people a filter is held against that no key answers.
const MOST_FILTERED: usize = 5_000;
/// How often a read is timed.
const READS: usize = 9;
/// What a client puts up with until a replacement is done.
const TRIES: usize = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for count in std::env::args().skip(1) {
        runtime.block_on(measure(count.parse().unwrap()));
    }
}

async fn measure(count: usize) {
    let connection = |file: &str| format!("{file}{DIRECTORY}");
    let sandbox = Sandbox::start(Options { connection, ..Options::default() }).await.unwrap();
    let client = Client::of(&sandbox).await;
    println!("{count} people; resident before: {} MB", megabytes("VmRSS:"));
    let began = Instant::now();
    let made = (0..count).map(|n| {
        let (client, sandbox) = (&client, &sandbox);
        async move {
            if n % FORGET_EACH == 0 {
                forget(sandbox);
            }
            client.person(&format!("p{n}")).await
        }
    });
    let ids: Vec<String> = stream::iter(made).buffered(AT_ONCE).collect().await;
    let each = began.elapsed().as_micros() as f64 / count as f64 / 1000.0;
    println!("  made, each: {each:.2} ms; resident: {} MB", megabytes("VmRSS:"));

    let wanted = |ids: &[String]| ids.iter().map(|id| json!({"value": id})).collect::<Value>();
    let members = &ids[..count.min(MOST_MEMBERS)];
    let whole = json!({"displayName": "All", "members": wanted(members)});
    let (status, group) = client.send("POST", "Groups", &json!({"displayName": "All"})).await;
    assert_eq!(status, 201, "{group}");
    let path = format!("Groups/{}", group["id"].as_str().unwrap());
    let asked = Asked { sandbox: &sandbox, client: &client };
    asked.time("a list in place of none", ("PUT", &path), &whole, 200).await;
    asked.time("the same list again", ("PUT", &path), &whole, 200).await;
    let patch = |op: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": op, "path": "members", "value": wanted(&ids[..1])}],
        })
    };
    asked.time("PATCH, one member goes", ("PATCH", &path), &patch("remove"), 204).await;
    asked.time("PATCH, one member comes", ("PATCH", &path), &patch("add"), 204).await;
    let itself = format!("{path}?excludedAttributes=members");
    asked.read("the group without its members", &itself, 200).await;
    asked.read("the first 100 people", "Users?count=100", 200).await;
    let last = format!("Users?startIndex={}&count=100", count - 99);
    asked.read("the last 100 people", &last, 200).await;
    let filter = "Users?filter=userName+eq+%22p7@pg.com%22";
    asked.read("a person by their name", filter, 200).await;
    let filter = "Users?filter=displayName+co+%22x%22+or+userName+ew+%227@pg.com%22&count=10";
    let status = if count > MOST_FILTERED { 400 } else { 200 };
    asked.read("a filter over everybody", filter, status).await;
    asked.look().await;
    let nobody = json!({"displayName": "All", "members": []});
    asked.time("no list in place of the whole", ("PUT", &path), &nobody, 200).await;
    println!("  resident at most: {} MB", megabytes("VmHWM:"));
}

/// What a sandbox remembers of so many requests is not asked for.
fn forget(sandbox: &Sandbox) {
    sandbox.front.take_calls();
    sandbox.take_log();
}

struct Asked<'a> {
    sandbox: &'a Sandbox,
    client: &'a Client<'a>,
}

impl Asked<'_> {
    /// The median of several that change nothing.
    async fn read(&self, what: &str, path: &str, wanted: u64) {
        let mut times = Vec::new();
        for _ in 0..READS {
            forget(self.sandbox);
            let began = Instant::now();
            let (status, answer) = self.client.send("GET", path, &Value::Null).await;
            times.push(began.elapsed());
            assert_eq!(status, wanted, "{what}: {answer}");
        }
        times.sort_unstable();
        self.print(what, times[READS / 2], "1 request", "scim");
    }

    /// Sends a request until it is answered so: one that its time cuts off goes on where it ended.
    async fn time(&self, what: &str, (method, path): (&str, &str), body: &Value, wanted: u64) {
        forget(self.sandbox);
        let (began, mut requests) = (Instant::now(), 1);
        loop {
            let (status, answer) = self.client.send(method, path, body).await;
            if status == wanted {
                break;
            }
            assert!(requests < TRIES, "{what}: {status} {answer}");
            requests += 1;
        }
        self.print(what, began.elapsed(), &format!("{requests} requests"), "scim");
    }

    /// The first look of a run while everybody is due. The school takes one call, so the run ends with it.
    async fn look(&self) {
        forget(self.sandbox);
        self.sandbox.thinkific.allow_per_minute(1);
        let began = Instant::now();
        let done = self.sandbox.provision().await.unwrap();
        let took = began.elapsed();
        self.print("a first look at who is due, everybody is", took, &done.to_string(), "provisioner");
    }

    fn print(&self, what: &str, took: Duration, more: &str, principal: &str) {
        let took = took.as_micros() as f64 / 1000.0;
        let calls = self.sandbox.front.take_calls();
        let own = calls.iter().filter(|call| call.principal == principal);
        let requests: BTreeSet<u64> = own.clone().map(|call| call.request).collect();
        let units: f64 = own.map(|call| call.units).sum();
        println!("  {what}: {took:.1} ms, {more}, {} calls of AWS, {units:.0} units", requests.len());
    }
}

/// Of the whole process: the tables, the simulators and the client are in it.
fn megabytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}
