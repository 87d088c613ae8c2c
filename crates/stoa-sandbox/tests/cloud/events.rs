//! Sample events: the committed ones give their answers, the fresh ones do a whole login.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use stoa_sandbox::events::replay;
use stoa_sandbox::functions::Functions;
use stoa_sandbox::in_process::InProcess;
use stoa_sandbox::openid::GLOBEX;
use stoa_sandbox::sandbox::{Options, Sandbox};
use stoa_service::{Clock, Log};
use tokio::process::Command;

/// A sandbox, and the functions as a developer runs them beside it.
struct Bench {
    sandbox: Sandbox,
    functions: InProcess,
}

impl Bench {
    async fn new() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let log = Log::Memory(Default::default());
        let functions = InProcess::new(&sandbox.front, "sandbox", &sandbox.url(), &Clock::default(), &log).unwrap();
        Self { sandbox, functions }
    }

    /// `cargo run -p stoa-sandbox -- event …`
    async fn command(&self, arguments: &[&str]) -> Output {
        let stoa = self.sandbox.url();
        let mut command = Command::new(env!("CARGO_BIN_EXE_stoa-sandbox"));
        command.arg("event").args(arguments).args(["--stoa", &stoa]).output().await.unwrap()
    }

    async fn event(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).await;
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test]
async fn every_sample_event_gives_its_answer() {
    let Bench { sandbox, functions } = Bench::new().await;
    sandbox.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
    sandbox.connect_workos(str::to_owned).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let count = replay(&functions, &folder).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(count >= 60, "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_can_be_done_event_by_event() {
    let bench = Bench::new().await;
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("answer-{}.json", std::process::id()));
    let after = ["--after", file.to_str().unwrap()];
    let mut before = false;
    for function in ["login", "saml-acs", "thinkific-launch", "thinkific-return"] {
        let event = bench.event(&[&[function], &after[if before { 0 } else { 2 }..]].concat()).await;
        let given = bench.functions.invoke(function, event).await.unwrap();
        // Coming back from a login that Thinkific took is what error_url looks like: a fault page.
        let wanted = if function == "thinkific-return" { 502 } else { 303 };
        assert_eq!(given["statusCode"], wanted, "{function}: {given}");
        std::fs::write(&file, given.to_string()).unwrap();
        before = true;
    }
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_fresh_too() {
    let bench = Bench::new().await;
    bench.sandbox.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
    let event = bench.event(&["oidc-callback", "--connection", GLOBEX.id, "--person", GLOBEX.person]).await;
    let given = bench.functions.invoke("oidc-callback", event).await.unwrap();
    assert_eq!(given["statusCode"], 303, "{given}");
    assert!(given["headers"]["location"].as_str().unwrap().starts_with("/launch?login="), "{given}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_without_the_answer_before_takes_the_steps_before_by_itself() {
    let bench = Bench::new().await;
    for function in ["login", "saml-acs", "saml-metadata", "thinkific-launch", "thinkific-return"] {
        let event = bench.event(&[function]).await;
        let given = bench.functions.invoke(function, event).await.unwrap();
        let wanted = match function {
            "saml-metadata" => 200,
            "thinkific-return" => 502,
            _ => 303,
        };
        assert_eq!(given["statusCode"], wanted, "{function}: {given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_made_says_why_and_what_to_do() {
    let bench = Bench::new().await;
    for (arguments, said) in [
        (&["oidc-callback"][..], "`oidc-callback` another: say --connection and --person"),
        (&["saml-acs", "--after", "no/such/file"], "no/such/file: No such file"),
        (&["saml-acs", "--after", "/dev/null"], "it is not JSON"),
        (&["teams-session"], "[possible values: login,"),
        (&["login", "--connection", "-"], "a name has 1 to 40"),
    ] {
        let refusal = bench.refusal(arguments).await;
        assert!(refusal.contains(said), "{arguments:?}: {refusal}");
    }
}
