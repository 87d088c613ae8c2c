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
async fn a_secret_for_nobody_is_refused_unless_it_is_for_one_to_come() {
    let desk = Desk::new().await;
    for name in ["thinkific/pg-acadmy", "saml/pgg", "oidc/pgg"] {
        let refused = desk.stoa_with(&["secret", "put", name], piped(SECRET)).await;
        silent(&refused);
        let refused = refused.refused();
        assert!(refused.contains("there is no ") && refused.contains("`--before-apply`"), "{name}: {refused}");
    }
    let calls = desk.sandbox.front.calls();
    assert!(calls.iter().all(|call| call.operation != "CreateSecret"), "{calls:?}");
    desk.stoa_with(&["secret", "put", "thinkific/acme", "--before-apply"], piped(SECRET)).await.done();
}

/// Names, dates and whose; what is missing; what was removed, and what brings it back.
#[tokio::test]
async fn secrets_are_listed_with_whose_they_are_and_what_is_missing() {
    let desk = Desk::new().await;
    let list = async || desk.stoa(&["secret", "list"]).await.done();
    let row = |list: &str, name: &str| list.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    let full = list().await;
    assert!(row(&full, "pepper").ends_with("every login's") && row(&full, "seal").contains("Z  "), "{full}");
    assert!(row(&full, "thinkific/pg-academy").ends_with("school pg-academy"), "{full}");
    assert!(!full.contains("missing"), "{full}");

    desk.stoa_with(&["secret", "put", "oidc/initech", "--before-apply"], piped(SECRET)).await.done();
    desk.stoa_with(&["secret", "put", "saml/pg"], piped(SECRET)).await.done();
    let full = list().await;
    assert!(row(&full, "oidc/initech").contains("nobody's; `stoa secret remove oidc/initech` removes it"), "{full}");
    assert!(row(&full, "saml/pg").ends_with("which does not use it as it stands"), "{full}");
    desk.stoa(&["secret", "remove", "oidc/initech"]).await.done();
    let full = list().await;
    assert!(row(&full, "oidc/initech").contains("marked for deletion since 20"), "{full}");
    // The same name again is the same secret, restored.
    desk.stoa_with(&["secret", "put", "oidc/initech", "--before-apply"], piped(SECRET)).await.done();
    assert!(!list().await.contains("marked for deletion"));

    for needed in ["pepper", "seal", "thinkific/pg-academy"] {
        let refused = desk.stoa(&["secret", "remove", needed]).await.refused();
        assert!(refused.contains("is in use") && refused.contains("`stoa secret put`"), "{refused}");
    }
    desk.sandbox.connect_openid(&stoa_sandbox::openid::INITECH, str::to_owned).await.unwrap();
    let refused = desk.stoa(&["secret", "remove", "oidc/initech"]).await.refused();
    assert!(refused.contains("the secret oidc/initech is in use"), "{refused}");
    assert!(row(&list().await, "oidc/initech").ends_with("connection initech"));
}

#[tokio::test]
async fn a_secret_that_a_connection_needs_and_does_not_have_is_named_with_its_command() {
    let desk = Desk::new().await;
    let file = desk.file("pg.toml", |text| {
        let pem = include_str!("../../../stoa-saml/testdata/keys/sp.crt");
        text.replace("sp_entity_id", &format!("sp_certificates = [\"\"\"{pem}\"\"\"]\nsp_entity_id"))
    });
    desk.stoa(&["connection", "apply", &file, "--reason", "encrypted from now on"]).await.done();
    let list = desk.stoa(&["secret", "list"]).await.done();
    assert!(list.contains("missing: connection pg needs it, `stoa secret put saml/pg` writes it"), "{list}");
}

/// The sandbox refuses it to on-call as IAM does; the command does not even ask.
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
    let typed = stoa_with(&[&sandbox[..], &["seal"]].concat(), Input::Terminal(Box::new(std::io::empty()))).await;
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
