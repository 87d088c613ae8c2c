//! Sample events: the committed ones give their answers, the fresh ones do a whole login.

use std::path::Path;

use serde_json::Value;
use stoa_sandbox::events::replay;
use stoa_sandbox::gateway::Functions;
use stoa_sandbox::in_process::InProcess;
use stoa_sandbox::openid::GLOBEX;
use stoa_service::{Clock, Log};

use crate::command::{Desk, stoa};

fn functions(desk: &Desk) -> InProcess {
    let log = Log::Memory(Default::default());
    InProcess::new(&desk.sandbox.front, "sandbox", &desk.sandbox.url(), &Clock::default(), &log).unwrap()
}

#[tokio::test]
async fn every_sample_event_gives_its_answer() {
    let desk = Desk::new().await;
    desk.sandbox.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
    desk.sandbox.connect_workos(str::to_owned).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events");
    let count = replay(&functions(&desk), &folder).await.unwrap_or_else(|error| panic!("{error}"));
    assert!(count >= 60, "{count}");
}

#[tokio::test]
async fn a_login_can_be_done_event_by_event() {
    let desk = Desk::new().await;
    let (functions, url) = (functions(&desk), desk.sandbox.url());
    let mut answer: Option<Value> = None;
    for function in ["login", "saml-acs", "thinkific-launch", "thinkific-return"] {
        let mut arguments = vec!["event", function, "--stoa", &url];
        let file = desk.folder.path().join("answer.json").display().to_string();
        if let Some(answer) = &answer {
            std::fs::write(&file, answer.to_string()).unwrap();
            arguments.extend(["--after", &file]);
        }
        let event: Value = serde_json::from_str(&stoa(&arguments).await.done()).unwrap();
        let given = functions.invoke(function, event).await.unwrap();
        // Coming back from a login that Thinkific took is what error_url looks like: a fault page.
        let wanted = if function == "thinkific-return" { 502 } else { 303 };
        assert_eq!(given["statusCode"], wanted, "{function}: {given}");
        answer = Some(given);
    }
}

#[tokio::test]
async fn a_code_is_fresh_too() {
    let desk = Desk::new().await;
    desk.sandbox.connect_openid(&GLOBEX, str::to_owned).await.unwrap();
    let (functions, url) = (functions(&desk), desk.sandbox.url());
    let arguments = ["event", "oidc-callback", "--stoa", &url, "--connection", GLOBEX.id, "--person", GLOBEX.person];
    let event = stoa(&arguments).await.done();
    let given = functions.invoke("oidc-callback", serde_json::from_str(&event).unwrap()).await.unwrap();
    assert_eq!(given["statusCode"], 303, "{given}");
    assert!(given["headers"]["location"].as_str().unwrap().starts_with("/launch?login="), "{given}");
}

#[tokio::test]
async fn an_event_without_the_answer_before_takes_the_steps_before_by_itself() {
    let desk = Desk::new().await;
    let (functions, url) = (functions(&desk), desk.sandbox.url());
    for function in ["login", "saml-acs", "saml-metadata", "thinkific-launch", "thinkific-return"] {
        let event = stoa(&["event", function, "--stoa", &url]).await.done();
        let given = functions.invoke(function, serde_json::from_str(&event).unwrap()).await.unwrap();
        let wanted = match function {
            "saml-metadata" => 200,
            "thinkific-return" => 502,
            _ => 303,
        };
        assert_eq!(given["statusCode"], wanted, "{function}: {given}");
    }
    let unknown = stoa(&["event", "nothing", "--stoa", &url]).await.refused();
    assert!(unknown.contains("no event is made for \"nothing\""), "{unknown}");
}
