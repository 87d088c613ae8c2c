//! Which stack is changed: one, the one that is named, and the command says so first.

use stoa_cli::Input;
use stoa_sandbox::aws::{ACCOUNT, REGION};
use stoa_service::operator::sandbox;

use crate::command::{Desk, Ran, stoa_in};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The environment of somebody who may change the stack, which runs on this machine.
struct Shell {
    endpoint: String,
    outputs: String,
}

impl Shell {
    fn new(desk: &Desk) -> Self {
        Self { endpoint: desk.sandbox.front.endpoint(), outputs: desk.outputs(REGION, ACCOUNT) }
    }

    /// Runs the command with these variables besides, or in the place of the shell's own.
    async fn stoa(&self, more: &[(&str, &str)], arguments: &[&str]) -> Ran {
        let mut environment = vec![
            ("AWS_ACCESS_KEY_ID", "on-call"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("STOA_OUTPUTS", &self.outputs),
            ("STOA_STACK", sandbox::STACK),
        ];
        environment.extend(more);
        stoa_in(&environment, arguments, Input::Piped(Box::new(KEY.as_bytes()))).await
    }
}

#[tokio::test]
async fn a_sandbox_and_a_deployed_stack_in_the_environment_are_one_too_many() {
    let desk = Desk::new().await;
    let shell = Shell::new(&desk);
    let sandbox = [("STOA_SANDBOX", shell.endpoint.as_str())];
    desk.sandbox.front.take_calls();
    for arguments in [
        &["secret", "put", "thinkific/pg-academy"][..],
        &["connection", "list"],
        &["trace", "AbCdEfGhIAMEJ1A="],
        &["connection", "guide", "pg"],
    ] {
        let ran = shell.stoa(&sandbox, arguments).await;
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("STOA_SANDBOX and STOA_OUTPUTS are both set"), "{}", ran.err);
    }
    // With a host, a file needs no stack: what `check` refuses is that this one has a sandbox's addresses.
    let file = desk.file("pg.toml", str::to_owned);
    for command in ["check", "guide"] {
        assert_eq!(shell.stoa(&sandbox, &["connection", command, &file]).await.code, 2);
        let ran = shell.stoa(&sandbox, &["--host", "https://login.stoa.example", "connection", command, &file]).await;
        assert!(ran.code == 0 || ran.err.contains("must be an absolute https address"), "{command}: {ran:?}");
    }
    let calls = desk.sandbox.front.take_calls();
    assert!(calls.is_empty(), "{calls:?}");
    // An option is a decision, and an empty variable is none.
    let named = ["--sandbox", &shell.endpoint, "secret", "put", "seal", "--random"];
    assert!(shell.stoa(&sandbox, &named).await.done().starts_with("The sandbox at http://127.0.0.1:"));
    let named = ["--outputs", &shell.outputs, "secret", "put", "seal", "--random"];
    assert!(shell.stoa(&sandbox, &named).await.done().starts_with("Stack "));
    let emptied = [("STOA_SANDBOX", "")];
    assert!(shell.stoa(&emptied, &["secret", "put", "seal", "--random"]).await.done().starts_with("Stack "));
}

#[tokio::test]
async fn whatever_changes_something_says_first_which_stack_and_what_looks_does_not() {
    let desk = Desk::new().await;
    let shell = Shell::new(&desk);
    let file = desk.file("pg.toml", |text| format!("{text}company = \"company\"\n"));
    let (fingerprint, reason) = ("0a".repeat(32), ["--reason", "a test"]);
    let certificate = desk.write("key.pem", include_str!("../../testdata/sha1.pem"));
    let package = desk.path().join("app.zip").display().to_string();
    let person = ["--connection", "pg", "--subject", "s"];
    let changing: Vec<Vec<&str>> = vec![
        [&["connection", "apply", &file][..], &reason].concat(),
        vec!["connection", "test", "pg"],
        [&["connection", "disable", "pg"][..], &reason].concat(),
        [&["connection", "activate", "pg"][..], &reason].concat(),
        [&["connection", "rollback", "pg", "1"][..], &reason].concat(),
        [&["connection", "trust", "pg", "add", &certificate][..], &reason].concat(),
        [&["connection", "trust", "pg", "approve", &fingerprint][..], &reason].concat(),
        [&["connection", "trust", "pg", "remove", &fingerprint][..], &reason].concat(),
        vec!["teams", "package", "pg", "--test", "--out", &package],
        vec!["secret", "put", "seal", "--random"],
        vec!["secret", "remove", "oidc/pg"],
        [&["person", "move", "--connection", "pg", "--from", "a", "--to", "b"][..], &reason].concat(),
        [&["person", "deactivate"][..], &person, &reason].concat(),
        [&["person", "reactivate"][..], &person, &reason].concat(),
        [&["person", "free-address"][..], &person, &reason].concat(),
        [&["person", "link"][..], &person, &["--user", "1", "--external-id", "x"], &reason].concat(),
    ];
    let place =
        format!("Stack {} in account {ACCOUNT}, {REGION}, as arn:aws:iam::{ACCOUNT}:user/on-call\n", sandbox::STACK);
    for arguments in &changing {
        let ran = shell.stoa(&[], arguments).await;
        assert!(ran.code < 2 && ran.out.starts_with(&place), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out.matches(" as arn:aws:").count(), 1, "{arguments:?}: {ran:?}");
    }
    for arguments in [
        &["connection", "list"][..],
        &["connection", "plan", &file],
        &["connection", "history", "pg"],
        &["connection", "show", "pg"],
        &["connection", "trust", "pg", "fetch", &certificate],
        &["secret", "list"],
        &["logins", "--failed"],
        &["connection", "trust", "pg"],
        &["logins", "--connection", "pg"],
    ] {
        let ran = shell.stoa(&[], arguments).await;
        assert!(ran.code == 0 && !ran.out.contains(" as arn:aws:"), "{arguments:?}: {ran:?}");
    }
}

#[tokio::test]
async fn credentials_of_another_account_write_nothing_there_or_here() {
    let desk = Desk::new().await;
    let shell = Shell::new(&desk);
    let stale = [("AWS_ACCESS_KEY_ID", "on-call@111111111111")];
    for name in ["seal", "thinkific/pg-academy"] {
        let more: &[&str] = if name == "seal" { &["--random"] } else { &[] };
        let ran = shell.stoa(&stale, &[&["secret", "put", name], more].concat()).await;
        let refusal = ran.refused();
        assert!(
            refusal.contains("in account 000000000000") && refusal.contains("to account 111111111111"),
            "{refusal}"
        );
    }
    // What it looks at there would be nobody's.
    let refusal = shell.stoa(&stale, &["doctor"]).await.refused();
    assert!(refusal.contains("to account 111111111111"), "{refusal}");
    assert!(desk.sandbox.front.secrets_elsewhere().is_empty(), "{:?}", desk.sandbox.front.secrets_elsewhere());
}

#[tokio::test]
async fn the_outputs_say_the_region_and_another_one_in_the_environment_is_refused() {
    let desk = Desk::new().await;
    let shell = Shell::new(&desk);
    let put = ["secret", "put", "seal", "--random"];
    for region in [&[][..], &[("AWS_REGION", "")], &[("AWS_REGION", REGION)]] {
        assert!(shell.stoa(region, &put).await.done().contains("seal: written"), "{region:?}");
    }
    for arguments in [&put[..], &["connection", "list"]] {
        let ran = shell.stoa(&[("AWS_REGION", "eu-central-1")], arguments).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("the stack is in us-east-1, but AWS_REGION is \"eu-central-1\""), "{}", ran.err);
    }
    assert!(desk.sandbox.front.secrets_elsewhere().is_empty());
}

#[tokio::test]
async fn nobody_but_this_machine_stands_in_for_aws() {
    let desk = Desk::new().await;
    let shell = Shell::new(&desk);
    for endpoint in ["http://192.0.2.1:4566", "https://aws.example", "http://127.0.0.1.example:4566", "nonsense"] {
        let ran = shell.stoa(&[("AWS_ENDPOINT_URL", endpoint)], &["connection", "list"]).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("which is not on this machine"), "{}", ran.err);
    }
}
