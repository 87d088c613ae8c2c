//! WorkOS's own library, which reads what the simulator tells as an endpoint of its customers does.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use stoa_sandbox::workos::EventDelivery;

use super::{is_wanted, root};
use crate::workos_directory::Umbrella;

/// What the library says of each delivery.
async fn said(deliveries: Vec<Value>) -> Vec<String> {
    let lines: Vec<String> = deliveries.iter().map(ToString::to_string).collect();
    let output = tokio::task::spawn_blocking(move || {
        let mut child = Command::new(root().join(".venv/bin/python"))
            .arg(root().join("infra/peers/workos/check.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("WorkOS's library must be installed (infra/install.sh)");
        child.stdin.take().unwrap().write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    });
    String::from_utf8(output.await.unwrap().stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What the library accepts, stoa accepts, and what one byte makes of it, neither does. The library looks at a clock of
/// its own.
#[tokio::test(flavor = "multi_thread")]
async fn workos_own_library_and_stoa_agree_about_events() {
    if !is_wanted() {
        return;
    }
    let umbrella = Umbrella::start().await;
    umbrella.happen_everything();
    let deliveries = umbrella.world.workos.event_deliveries();
    let (secret, now) = (umbrella.secret(), umbrella.world.workos.clock().now());
    let signed = |body: &str, signed: &str| {
        let signature = EventDelivery::signature(signed, secret, now);
        json!({"body": body, "signature": signature, "secret": secret})
    };
    let mut asked = Vec::new();
    for delivery in &deliveries {
        let altered = delivery.body.replacen("01SANDBOX", "01SANDB0X", 1);
        asked.push((signed(&delivery.body, &delivery.body), true));
        asked.push((signed(&altered, &delivery.body), false));
    }
    let answers = said(asked.iter().map(|(delivery, _)| delivery.clone()).collect()).await;
    assert_eq!(answers.len(), asked.len());
    for ((delivery, is_good), answer) in asked.iter().zip(&answers) {
        let (body, signature) = (delivery["body"].as_str().unwrap(), delivery["signature"].as_str().unwrap());
        assert_eq!(answer.starts_with("ACCEPTED "), *is_good, "{answer}: {body}");
        let ours = umbrella.post(body.as_bytes(), Some(signature)).await;
        assert_eq!(ours.0 == 204, *is_good, "{ours:?}: {body}");
    }
    let kinds: std::collections::BTreeSet<&str> =
        answers.iter().filter_map(|said| said.strip_prefix("ACCEPTED ")).collect();
    println!("{kinds:?}");
    assert!(!kinds.contains("UnknownEvent") && kinds.len() >= 8, "{kinds:?}");
}
