//! What clients send, as recorded in `testdata/*.toml`: client × exchange → state.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use stoa_scim::ResourceType;

use crate::directory::{Directory, Request};

/// Runs a client's file.
fn exchanges_of(client: &str) {
    let cases = cases(client);
    assert!(!cases.is_empty(), "{client}: no case");
    for case in &cases {
        let mut directory = Directory::default();
        for person in texts(case.get("people")) {
            given(
                &mut directory,
                "/v2/Users",
                &json!({ "userName": format!("{person}@x.test"), "externalId": person }),
            );
        }
        if let Some(members) = case.get("team") {
            given(&mut directory, "/v2/Groups", &json!({ "displayName": "Team", "members": texts(Some(members)) }));
        }
        let name = text(case, "name").expect("a case has a name");
        for exchange in case["exchange"].as_array().expect("exchanges") {
            run(&format!("{client}, {name}"), &mut directory, exchange);
        }
        let after = case.get("after").and_then(toml::Value::as_table);
        for (place, wanted) in after.into_iter().flatten() {
            let (resource, id) = match place.split_once('/').expect("Users/… or Groups/…") {
                ("Users", id) => (ResourceType::User, id),
                (_, id) => (ResourceType::Group, id),
            };
            let state = directory.state(resource, id).unwrap_or(Value::Null);
            let wanted = parsed(wanted.as_str().expect("JSON"));
            assert!(has(&state, &wanted), "{client}, {name}: {place} is {state:#}\nand not {wanted:#}");
        }
        // What is stored reads as what was stored.
        for profile in directory.profiles() {
            let read = stoa_scim::Profile::from_stored(profile.resource(), profile.to_json().as_bytes());
            assert_eq!(read.as_ref(), Ok(profile), "{client}, {name}");
        }
    }
}

fn cases(client: &str) -> Vec<toml::Table> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(format!("{client}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file["case"].as_array().unwrap().iter().map(|case| case.as_table().unwrap().clone()).collect()
}

fn given(directory: &mut Directory, path: &str, body: &Value) {
    let body = body.to_string();
    let answer = directory.ask(&Request { method: "POST", path, body: body.as_bytes(), ..Request::default() });
    assert_eq!(answer.status, 201, "{}", answer.body);
}

fn run(name: &str, directory: &mut Directory, exchange: &toml::Value) {
    let exchange = exchange.as_table().unwrap();
    let send = text(exchange, "send").expect("what is sent");
    let (method, address) = send.split_once(' ').expect("method and path");
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let pairs: Vec<(&str, &str)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let path = format!("/v2{path}");
    let body = text(exchange, "body").unwrap_or_default();
    let answer = directory.ask(&Request {
        method,
        path: &path,
        parameters: &pairs,
        body: body.as_bytes(),
        if_match: text(exchange, "if_match"),
        if_none_match: text(exchange, "if_none_match"),
    });
    let wanted = exchange["status"].as_integer().unwrap();
    assert_eq!(i64::from(answer.status), wanted, "{name}: {send}: {:#}", answer.body);
    if let Some(wanted) = text(exchange, "answer").map(parsed) {
        assert!(has(&answer.body, &wanted), "{name}: {send}: {:#}\nis not {wanted:#}", answer.body);
    }
    let ignored = texts(exchange.get("ignored"));
    assert_eq!(directory.ignored, ignored, "{name}: {send}");
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text<'a>(table: &'a toml::Table, name: &str) -> Option<&'a str> {
    table.get(name).map(|value| value.as_str().expect(name))
}

fn texts(value: Option<&toml::Value>) -> Vec<String> {
    let array = value.map(|value| value.as_array().expect("a list")).into_iter().flatten();
    array.map(|one| one.as_str().expect("a text").to_owned()).collect()
}

/// Whether what is said holds: of an object each member that is named (`null`: there is none), of a list each value in
/// its place. `members` and `groups` may be named by their ids.
fn has(whole: &Value, wanted: &Value) -> bool {
    match (whole, wanted) {
        (Value::Object(whole), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| has(whole.get(name).unwrap_or(&Value::Null), wanted))
        }
        (Value::Array(whole), Value::Array(wanted)) => {
            whole.len() == wanted.len() && whole.iter().zip(wanted).all(|(whole, wanted)| has(whole, wanted))
        }
        (Value::Object(whole), Value::String(id)) => whole.get("value").is_some_and(|value| value == id),
        (whole, wanted) => whole == wanted,
    }
}

#[test]
fn c187_entra() {
    exchanges_of("entra");
}

#[test]
fn c188_okta() {
    exchanges_of("okta");
}

#[test]
fn c189_ping() {
    exchanges_of("ping");
}

#[test]
fn c189_onelogin_jumpcloud_rippling_and_others() {
    exchanges_of("others");
}

#[test]
fn c190_c192_c193_c195_c196_what_the_rfcs_say() {
    exchanges_of("rfc");
}

/// Each row of what broke for others (testdata/README.md) is tried.
#[test]
fn every_report_has_an_exchange() {
    let all: Vec<String> = ["entra", "okta", "ping", "others", "rfc"]
        .iter()
        .flat_map(|client| cases(client))
        .map(|case| text(&case, "name").unwrap().to_owned())
        .collect();
    let found: BTreeSet<&str> = all.iter().flat_map(|name| name.split([' ', ':', ','])).collect();
    for row in 1..=16 {
        assert!(found.contains(format!("p{row:02}").as_str()), "p{row:02}");
    }
    let names: BTreeSet<&String> = all.iter().collect();
    assert_eq!(names.len(), all.len(), "two cases have one name");
}
