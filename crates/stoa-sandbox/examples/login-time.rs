//! The processor time of one login of a known person by SAML: the deployable binaries', another build's and Polis's,
//! all taking turns, at the same identity provider and by the same browser:
//!
//! ```sh
//! (cd benches/peers/polis && npm ci --ignore-scripts)     # for Polis; without it the table has one row less
//! cargo run -p stoa-sandbox --example login-time -- [target/lambda] [rounds] [OTHER]
//! ```
//!
//! The folders are as cargo-lambda leaves them. Time is what the scheduler counts for the processes of `login`,
//! `saml-acs` and `thinkific-launch`, and for Polis's one process. The gateway, AWS, the identity provider, the school
//! and the browser are not in it. Nor are TLS, and the Next.js and the database that Polis has in production.

#![allow(clippy::print_stdout, clippy::expect_used, clippy::unwrap_used, reason = "it is a measurement")]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use stoa_core::routes::{Function, ROUTES};
use stoa_saml::metadata::{SpMetadata, sp_metadata};
use stoa_sandbox::browser::{Follow, Page};
use stoa_sandbox::gateway::wire::{Config, Wire};
use stoa_sandbox::pingfederate::{Defect, Person, SpConnection};
use stoa_sandbox::processor;
use stoa_sandbox::sandbox::{Options, Sandbox};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Of a login of a known person, in their order.
const FUNCTIONS: [&str; 3] = ["login", "saml-acs", "thinkific-launch"];
/// How many rounds, where nobody says.
const ROUNDS: usize = 300;
/// Polis's host, which the browser takes for another site than ours.
const POLIS: &str = "polis.localhost";
const POLIS_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../benches/peers/polis");

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| "target/lambda".to_owned()));
    let rounds = arguments.next().map_or(ROUNDS, |rounds| rounds.parse().expect("a number of rounds"));
    let other = arguments.next().map(PathBuf::from);

    let options = Options { connection: without_contacts, ..Options::default() };
    let sandbox = Sandbox::start(options).await.expect("a sandbox");
    let mut subjects = vec![Subject::Ours(Build::start(&sandbox, &folder).await)];
    if let Some(other) = other {
        subjects.push(Subject::Ours(Build::start(&sandbox, &other).await));
    }
    match Polis::start(&sandbox).await {
        Some(polis) => subjects.push(Subject::Polis(Box::new(polis))),
        None => println!("Polis is not installed: (cd benches/peers/polis && npm ci --ignore-scripts)"),
    }
    for groups in [18, 200] {
        compare(&sandbox, &subjects, groups, rounds).await;
    }
}

/// No login reads the contacts, and builds that are older than they are refuse them.
fn without_contacts(file: &str) -> String {
    let tables = file.split("\n[").filter(|table| !table.starts_with("[contact]]"));
    tables.collect::<Vec<_>>().join("\n[")
}

/// What is measured.
enum Subject {
    Ours(Build),
    Polis(Box<Polis>),
}

impl Subject {
    fn name(&self) -> String {
        match self {
            Self::Ours(build) => build.folder.display().to_string(),
            Self::Polis(_) => "Polis, in memory".to_owned(),
        }
    }

    /// The person whom this subject, and no other, knows.
    fn person(&self, at: usize, groups: usize) -> Person {
        let login = format!("known.{at}.{groups}");
        let groups = (0..groups)
            .map(|n| format!("CN=EMEA-Learning-Platform-Team-{n},OU=Groups,OU=Corporate,DC=acme,DC=example"))
            .collect();
        Person { groups, ..Person::new(&login, &format!("{login}@pg.com"), "Maria", "Muster", "") }
    }

    async fn log_in(&self, sandbox: &Sandbox, person: &Person) {
        sandbox.pingfederate.sign_on_as(&person.login);
        match self {
            Self::Ours(build) => build.log_in(sandbox, person).await,
            Self::Polis(polis) => polis.log_in(sandbox, person).await,
        }
    }

    async fn refuses_a_forged_response(&self, sandbox: &Sandbox) {
        for defect in [Defect::BrokenDigest, Defect::SignedByAnotherKey] {
            sandbox.pingfederate.next_defect(defect);
            let refused = match self {
                Self::Ours(build) => build.page(sandbox).await.status == 403,
                Self::Polis(polis) => polis.code(sandbox).await.is_none(),
            };
            assert!(refused, "{} takes {defect:?}", self.name());
        }
    }

    /// What its processes have used so far; of ours, each.
    fn used(&self) -> Vec<Duration> {
        let processes = match self {
            Self::Ours(build) => FUNCTIONS.map(|function| build.wire.process(function).unwrap()).to_vec(),
            Self::Polis(polis) => vec![polis.process.id().unwrap()],
        };
        processes.into_iter().map(|process| processor::time(process).expect("a process that runs")).collect()
    }
}

/// The deployable binaries of a folder.
struct Build {
    folder: PathBuf,
    wire: Arc<Wire>,
}

impl Build {
    async fn start(sandbox: &Sandbox, folder: &Path) -> Self {
        let functions: Vec<&'static Function> =
            ROUTES.iter().filter(|function| FUNCTIONS.contains(&function.name)).collect();
        let config = Config { functions, ..Config::new(folder, &sandbox.front, "measured", &sandbox.url()) };
        let wire = Wire::start(config).await.unwrap_or_else(|error| panic!("{error}"));
        Self { folder: folder.to_owned(), wire: Arc::new(wire) }
    }

    async fn page(&self, sandbox: &Sandbox) -> Page {
        sandbox.run_in(self.wire.clone());
        sandbox.browser().get(&sandbox.login_url()).await.expect("a page")
    }

    async fn log_in(&self, sandbox: &Sandbox, person: &Person) {
        let page = self.page(sandbox).await;
        let email = person.email.as_deref().unwrap();
        assert!(page.text().contains(email), "{} {:?}", page.text(), self.wire.logs());
    }
}

/// Polis's process, which ends with its standard input.
struct Polis {
    process: Child,
    _input: ChildStdin,
    served: Served,
    application: String,
}

/// What Polis says of itself once it listens.
#[derive(Deserialize)]
struct Served {
    url: String,
    audience: String,
    client_id: String,
    client_secret: String,
}

impl Polis {
    /// Starts it, where it is installed, and makes it a partner of the identity provider.
    async fn start(sandbox: &Sandbox) -> Option<Self> {
        if !Path::new(POLIS_FOLDER).join("node_modules").exists() {
            return None;
        }
        let mut process = Command::new("node")
            .arg("serve.mjs")
            .current_dir(POLIS_FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node");
        // Whatever answers there stands for the application; it is not measured.
        let application = format!("{}/sandbox", sandbox.thinkific.school_url());
        let metadata = sandbox.pingfederate.metadata(sandbox.pingfederate_partner());
        let told = json!({ "host": POLIS, "metadata": metadata, "application": application });
        let mut input = process.stdin.take()?;
        input.write_all(format!("{told}\n").as_bytes()).await.expect("a process that reads");
        let line = BufReader::new(process.stdout.take()?).lines().next_line().await.expect("a process that writes");
        let served: Served = serde_json::from_str(&line.expect("a process that starts")).expect("where it listens");
        let partner = sp_metadata(&SpMetadata {
            entity_id: &served.audience,
            acs_url: &format!("{}/acs", served.url),
            signing: &[],
            encryption: &[],
            name_id_format: None,
            authn_requests_signed: false,
        });
        sandbox.pingfederate.register(SpConnection::from_metadata(&partner).expect("a partner"));
        Some(Self { process, _input: input, served, application })
    }

    /// The code that the application gets, where the person is let in.
    async fn code(&self, sandbox: &Sandbox) -> Option<String> {
        let (client, application) = (&self.served.client_id, &self.application);
        let query = form(&[
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", application),
            ("state", "the application's own"),
        ]);
        let page = sandbox.browser().get(&format!("{}/authorize?{query}", self.served.url)).await.expect("a page");
        assert!(page.url.as_str().starts_with(application.as_str()), "{} {}", page.url, page.text());
        page.url.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned())
    }

    async fn log_in(&self, sandbox: &Sandbox, person: &Person) {
        let Served { url, client_id, client_secret, .. } = &self.served;
        let code = self.code(sandbox).await.expect("a code");
        let browser = sandbox.browser().following(Follow::Nothing);
        let asked = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("client_secret", client_secret),
            ("redirect_uri", &self.application),
            ("code", &code),
        ];
        let answer = browser.post(None, &format!("{url}/token"), &asked).await.expect("an answer");
        let token: serde_json::Value = serde_json::from_str(&answer.body).expect(&answer.body);
        let query = form(&[("access_token", token["access_token"].as_str().expect("a token"))]);
        let profile = browser.get(&format!("{url}/userinfo?{query}")).await.expect("an answer");
        let group = person.groups.last().expect("a group");
        assert!(profile.body.contains(person.email.as_deref().unwrap()), "{}", profile.body);
        assert!(profile.body.contains(group), "{}", profile.body);
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Lets all log their person in, by turns, and prints what it took.
async fn compare(sandbox: &Sandbox, subjects: &[Subject], groups: usize, rounds: usize) {
    let people: Vec<Person> = (0..).zip(subjects).map(|(at, subject)| subject.person(at, groups)).collect();
    for (subject, person) in subjects.iter().zip(&people) {
        sandbox.pingfederate.add_person(person.clone());
        subject.log_in(sandbox, person).await;
        subject.refuses_a_forged_response(sandbox).await;
    }
    // What is compiled while it runs, and what is read once, is not measured.
    for _ in 0..rounds / 2 {
        round(sandbox, subjects, &people).await;
    }
    let mut taken: Vec<Vec<Vec<f64>>> = vec![Vec::new(); subjects.len()];
    let mut before: Vec<Vec<Duration>> = subjects.iter().map(Subject::used).collect();
    for _ in 0..rounds {
        round(sandbox, subjects, &people).await;
        for ((subject, before), taken) in subjects.iter().zip(&mut before).zip(&mut taken) {
            let used = subject.used();
            let millis = used.iter().zip(&*before).map(|(now, then)| now.saturating_sub(*then).as_secs_f64() * 1e3);
            taken.push(millis.collect());
            *before = used;
        }
    }
    println!("{groups} groups, a Response of {} bytes; {rounds} rounds", response_bytes(sandbox, &people[0]).await);
    println!("  {:<34}{:>9}{:>24}    {}", "", "ms", "times ours", FUNCTIONS.join(", "));
    let sums = |taken: &[Vec<f64>]| taken.iter().map(|parts| parts.iter().sum()).collect::<Vec<f64>>();
    let ours = sums(&taken[0]);
    for (subject, taken) in subjects.iter().zip(&taken) {
        let all = sums(taken);
        let [low, middle, high] = quartiles(all.iter().zip(&ours).map(|(one, ours)| one / ours).collect());
        let parts: Vec<String> = match subject {
            Subject::Ours(_) => (0..FUNCTIONS.len())
                .map(|part| format!("{:.2}", quartiles(taken.iter().map(|parts| parts[part]).collect())[1]))
                .collect(),
            Subject::Polis(_) => Vec::new(),
        };
        let ratio = format!("{middle:.2} ({low:.2} to {high:.2})");
        println!("  {:<34}{:>9.2}{ratio:>24}    {}", subject.name(), quartiles(all)[1], parts.join(", "));
    }
}

async fn round(sandbox: &Sandbox, subjects: &[Subject], people: &[Person]) {
    for (subject, person) in subjects.iter().zip(people) {
        subject.log_in(sandbox, person).await;
    }
    // What a sandbox remembers of thousands of logins is not asked for.
    sandbox.front.take_calls();
    sandbox.gateway.take_hops();
}

/// How long the XML is that the identity provider's page sends.
async fn response_bytes(sandbox: &Sandbox, person: &Person) -> usize {
    sandbox.pingfederate.sign_on_as(&person.login);
    let browser = sandbox.browser().following(Follow::WithoutScripts);
    let page = browser.get(&sandbox.login_url()).await.expect("a page");
    let field = page.form_to("/acs").and_then(|form| form.field("SAMLResponse")).expect("a Response");
    field.trim_end_matches('=').len() * 3 / 4
}

/// Lower quartile, median and upper quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
