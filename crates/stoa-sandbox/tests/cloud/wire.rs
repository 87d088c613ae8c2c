//! Wire mode: processes against the local Runtime API.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};
use stoa_core::routes::{Function, ROUTES};
use stoa_sandbox::aws::front::{self, Front};
use stoa_sandbox::functions::{FunctionError, Functions};
use stoa_sandbox::gateway::Gateway;
use stoa_sandbox::gateway::wire::{Config, StartError, Wire};

use crate::client::send;

/// Not a test: `lambda/login/bootstrap` starts it as a function. It does what the event's path says.
#[test]
fn a_function() {
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else { return };
    loop {
        let (headers, event) = exchange(&api, "GET", "invocation/next", &Value::Null);
        let id = &headers["lambda-runtime-aws-request-id"];
        match event["rawPath"].as_str() {
            Some("/login/exit") => std::process::exit(3),
            Some("/login/sleep") => std::thread::sleep(Duration::from_secs(60)),
            Some("/login/error") => {
                let error = json!({"errorType": "panic", "errorMessage": "it broke"});
                exchange(&api, "POST", &format!("invocation/{id}/error"), &error);
            }
            _ => {
                writeln!(std::io::stdout(), "handled {id}").unwrap();
                let environment: HashMap<_, _> = std::env::vars().collect();
                let body = json!({"headers": headers, "environment": environment}).to_string();
                let returned = json!({"statusCode": 200, "body": body});
                exchange(&api, "POST", &format!("invocation/{id}/response"), &returned);
            }
        }
    }
}

/// One request to the Runtime API over a connection of its own; ends the process when the API is gone.
fn exchange(api: &str, method: &str, path: &str, body: &Value) -> (HashMap<String, String>, Value) {
    let body = body.to_string();
    let Ok(mut connection) = TcpStream::connect(api) else { std::process::exit(0) };
    let length = body.len();
    write!(
        connection,
        "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nhost: {api}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut lines = BufReader::new(connection);
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).unwrap_or(0) == 0 {
            std::process::exit(0);
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.trim().split_once(": ") {
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let mut text = String::new();
    lines.read_to_string(&mut text).unwrap();
    (headers, serde_json::from_str(&text).unwrap())
}

fn function(name: &str) -> &'static Function {
    ROUTES.iter().find(|function| function.name == name).unwrap()
}

fn config(front: &Front, name: &str) -> Config {
    // Tests run in the package's folder, so this also tries a relative path.
    let folder = "tests/cloud/lambda";
    let binary = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    Config {
        functions: vec![function(name)],
        extra: vec![("STOA_TEST_BINARY".to_owned(), binary)],
        ..Config::new(folder, front, "test", "https://stoa.test")
    }
}

async fn front() -> Front {
    Front::start(front::Config::default()).await.unwrap()
}

fn event(path: &str) -> Value {
    json!({"rawPath": path})
}

#[tokio::test]
async fn a_deployable_is_started_and_answers_through_the_gateway() {
    let front = front().await;
    let wire = Arc::new(Wire::start(config(&front, "login")).await.unwrap());
    let gateway = Gateway::start(0, Arc::clone(&wire) as Arc<dyn Functions>).await.unwrap();
    let url = format!("http://{}/login/pg", gateway.address());
    let response = send(Request::get(url).body(Full::default()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let seen: Value = serde_json::from_slice(response.body()).unwrap();

    let environment = &seen["environment"];
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "stoa-local-login");
    assert_eq!(environment["AWS_ACCESS_KEY_ID"], "login");
    assert_eq!(environment["AWS_ENDPOINT_URL"], front.endpoint());
    assert_eq!(environment["STOA_TABLE_LOGINS"], "stoa-local-logins");
    assert!(environment.get("STOA_TABLE_DIRECTORY").is_none(), "the register does not say that login reads it");
    assert!(environment.get("CARGO_MANIFEST_DIR").is_none(), "nothing is inherited");

    let headers = &seen["headers"];
    assert_eq!(
        headers["lambda-runtime-invoked-function-arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:stoa-local-login"
    );
    assert_eq!(headers["lambda-runtime-aws-request-id"].as_str().unwrap().len(), 36);
    assert!(headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse::<i64>().unwrap() > 1_700_000_000_000);

    assert!(wire.start_times()["login"] > Duration::ZERO);
    if cfg!(target_os = "linux") {
        let resident = wire.resident("login").unwrap();
        assert!(resident.now_kb > 0 && resident.peak_kb >= resident.now_kb);
    }
    let logs = wire.logs();
    assert!(logs.iter().any(|line| line.text == "starting with stoa-local-logins"));
    assert!(logs.iter().any(|line| line.function == "login" && line.text.starts_with("handled ")));
}

#[tokio::test]
async fn a_reported_error_is_handed_on() {
    let front = front().await;
    let wire = Wire::start(config(&front, "login")).await.unwrap();
    let failed = wire.invoke("login", event("/login/error")).await.unwrap_err();
    assert_eq!(failed, FunctionError::Failed { kind: "panic".to_owned(), message: "it broke".to_owned() });
    assert_eq!(wire.invoke("saml-acs", event("/")).await.unwrap_err(), FunctionError::Unknown);
}

#[tokio::test]
async fn a_process_that_ends_or_hangs_is_replaced() {
    let front = front().await;
    let config = Config { timeout: Duration::from_millis(700), ..config(&front, "login") };
    let wire = Wire::start(config).await.unwrap();
    let exited = wire.invoke("login", event("/login/exit")).await.unwrap_err();
    assert_eq!(exited, FunctionError::Exited("exit status: 3".to_owned()));
    assert!(wire.invoke("login", event("/login/pg")).await.is_ok());
    assert_eq!(wire.invoke("login", event("/login/sleep")).await.unwrap_err(), FunctionError::TimedOut);
    assert!(wire.invoke("login", event("/login/pg")).await.is_ok());
}

#[tokio::test]
async fn what_does_not_start_says_why() {
    let front = front().await;
    let silent = Wire::start(config(&front, "saml-metadata")).await.err().unwrap();
    assert!(
        matches!(silent, StartError::Silent { function: "saml-metadata", printed } if printed == "no configuration")
    );
    let missing = Wire::start(config(&front, "saml-acs")).await.err().unwrap();
    assert!(matches!(missing, StartError::Missing { function: "saml-acs", .. }));
    let unset = Config { variables: Default::default(), ..config(&front, "login") };
    assert!(matches!(Wire::start(unset).await.err().unwrap(), StartError::Variable { function: "login", .. }));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_dropped_wire_leaves_no_process() {
    let front = front().await;
    let wire = Wire::start(config(&front, "login")).await.unwrap();
    let id = wire.process("login").unwrap();
    assert!(Path::new(&format!("/proc/{id}")).exists());
    drop(wire);
    for _ in 0..100 {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // Gone, or dead and about to be reaped.
        if state.is_empty() || state.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the process outlived the wire");
}
