//! Secrets go in and never come out.

use stoa_cli::Input;

use crate::command::{Desk, Ran, stoa_with};

const SECRET: &str = "correct-horse-battery-staple";

fn piped(text: &'static str) -> Input {
    Input::Piped(Box::new(text.as_bytes()))
}

#[track_caller]
fn silent(ran: &Ran) {
    assert!(!ran.out.contains(SECRET) && !ran.err.contains(SECRET), "{ran:?}");
}

#[tokio::test]
async fn a_secret_is_written_from_standard_input_and_never_printed() {
    let desk = Desk::new().await;
    let ran = desk.stoa_with(&["secret", "put", "thinkific/pg-academy"], piped(SECRET)).await;
    silent(&ran);
    assert_eq!(ran.code, 0, "{ran:?}");
    // The school's simulator does not know this key, so it is in use when a login fails on it.
    desk.sandbox.pingfederate.sign_on_as("miller.m");
    let page = desk.sandbox.browser().get(&desk.sandbox.login_url()).await.unwrap();
    assert_eq!(page.status, 502, "{}", page.text());
}

#[tokio::test]
async fn a_broken_key_set_is_refused_without_being_shown() {
    let desk = Desk::new().await;
    let broken = "{\"keys\":[{\"value\":\"correct-horse-battery-staple\"}]}";
    let ran = desk.stoa_with(&["secret", "put", "saml/pg"], piped(broken)).await;
    silent(&ran);
    assert!(ran.refused().contains("a key set is"));
    let ran = desk.stoa_with(&["secret", "put", "seal"], piped("  \n")).await;
    assert!(ran.refused().contains("the secret is empty"));
}

#[tokio::test]
async fn a_seal_or_pepper_that_can_be_guessed_is_refused() {
    let desk = Desk::new().await;
    for name in ["seal", "pepper"] {
        let refusal = desk.stoa_with(&["secret", "put", name], piped("a-short-password\n")).await.refused();
        assert!(refusal.contains("at least 32 characters"), "{refusal}");
    }
}

#[tokio::test]
async fn the_pepper_is_written_once() {
    let desk = Desk::new().await;
    let refusal = desk.stoa(&["secret", "put", "pepper", "--random"]).await.refused();
    assert!(refusal.contains("cannot be changed"), "{refusal}");
    desk.stoa(&["secret", "put", "seal", "--random"]).await.done();
}

#[tokio::test]
async fn a_secret_for_nobody_is_written_with_a_note() {
    let desk = Desk::new().await;
    let out = desk.stoa_with(&["secret", "put", "thinkific/pg-acadmy"], piped(SECRET)).await.done();
    assert!(out.contains("written") && out.contains("Is the name right?"), "{out}");
}

/// The sandbox refuses it to the operator as IAM does; the command does not even ask.
#[tokio::test]
async fn no_command_reads_a_secret() {
    let desk = Desk::new().await;
    desk.stoa_with(&["secret", "put", "saml/pg"], piped(SECRET)).await.done();
    desk.stoa(&["secret", "put", "seal", "--random"]).await.done();
    desk.stoa(&["connection", "list"]).await.done();
    desk.stoa(&["trace", "AbCdEfGhIAMEJ1A="]).await.done();
    let calls = desk.sandbox.front.calls();
    assert!(calls.iter().any(|call| call.operation == "PutSecretValue"), "{calls:?}");
    assert!(calls.iter().all(|call| call.operation != "GetSecretValue"), "{calls:?}");
}

#[tokio::test]
async fn nothing_is_typed_and_nothing_unknown_is_written() {
    let sandbox = ["--sandbox", "http://127.0.0.1:1", "secret", "put"];
    let typed = stoa_with(&[&sandbox[..], &["seal"]].concat(), Input::Terminal).await;
    assert!(typed.refused().contains("where it would be visible"));
    for (name, random) in [("salt", false), ("saml/../x", false), ("thinkific/pg-academy", true)] {
        let more: &[&str] = if random { &["--random"] } else { &[] };
        let ran = stoa_with(&[&sandbox[..], &[name], more].concat(), piped(SECRET)).await;
        silent(&ran);
        assert_eq!(ran.code, 2, "{name}: {ran:?}");
    }
}

/// What the documents show of a key set is one.
#[test]
fn the_key_set_in_the_documents_is_one() {
    let text = include_str!("../../../../docs/connections.md");
    let (_, block) = text.split_once("```json\n").unwrap();
    let (json, _) = block.split_once("```").unwrap();
    let keys = stoa_core::keys::KeySet::parse(json.trim()).unwrap();
    let key = &keys.all()[0];
    assert_eq!((key.id.as_str(), key.from), ("2026-11", 0));
    assert!(key.expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
}
