//! What SCIM clients send, over the gateway: the exchanges of `crates/stoa-scim/testdata`, and the state that they leave
//! in the table.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::scim_client::Scim;
use crate::steps::World;
use crate::sync::root;

/// The names of the files, `u1` and `g2`, and the ids that they stand for.
#[derive(Default)]
struct Ids {
    made: usize,
    ids: BTreeMap<String, String>,
}

impl Ids {
    fn made(&mut self, path: &str, id: &str) {
        if !self.ids.values().any(|known| known == id) {
            self.made += 1;
            let kind = if path.contains("/Users") { 'u' } else { 'g' };
            self.ids.insert(format!("{kind}{}", self.made), id.to_owned());
        }
    }

    /// A text with ids for names.
    fn of(&self, text: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric();
        let mut replaced = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(is_word) {
            let (before, word) = rest.split_at(start);
            let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
            let (word, after) = word.split_at(end);
            replaced += before;
            // Part of a longer name, an address or a time is none.
            let is_alone =
                !before.ends_with(['.', '-', '@', '_', '+']) && !after.starts_with(['.', '-', '@', '_', '+']);
            let id = self.ids.get(word).filter(|_| is_alone);
            replaced += id.map_or(word, String::as_str);
            rest = after;
        }
        replaced + rest
    }
}

async fn exchanges_of(client: &str) {
    let path = root().join("crates/stoa-scim/testdata").join(format!("{client}.toml"));
    let file: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let world = World::with_directory().await;
    let mut failed = Vec::new();
    let mut tried = 0;
    for case in file["case"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scim = fresh(&world).await;
        let mut ids = Ids::default();
        for person in texts(case.get("people")) {
            let body = json!({"userName": format!("{person}@x.test"), "externalId": person});
            let made = scim.post("/v2/Users", &body).await;
            ids.made("/Users", &made.id());
        }
        if let Some(members) = case.get("team") {
            let named = ids.of(&json!(texts(Some(members))).to_string());
            let body = json!({"displayName": "Team", "members": serde_json::from_str::<Value>(&named).unwrap()});
            let made = scim.post("/v2/Groups", &body).await;
            ids.made("/Groups", &made.id());
        }
        for exchange in case["exchange"].as_array().unwrap() {
            tried += 1;
            let text = |member: &str| exchange.get(member).map(|text| ids.of(text.as_str().unwrap()));
            let send = text("send").unwrap();
            let (method, path) = send.split_once(' ').unwrap();
            let path: String = path.split(' ').collect::<Vec<_>>().join("%20").replace('"', "%22");
            let mut headers = Vec::new();
            let (if_match, if_none_match) = (text("if_match"), text("if_none_match"));
            headers.extend(if_match.as_deref().map(|tags| ("if-match", tags)));
            headers.extend(if_none_match.as_deref().map(|tags| ("if-none-match", tags)));
            let body = text("body").unwrap_or_default();
            let answered = scim.send(method, &format!("/v2{path}"), &headers, &body).await;
            if i64::from(answered.status) != exchange["status"].as_integer().unwrap() {
                failed.push(format!("{name}: {send}: {answered:?}"));
            }
            if answered.status == 201 {
                ids.made(&path, &answered.id());
            }
            let text = |member: &str| exchange.get(member).map(|text| ids.of(text.as_str().unwrap()));
            let base = format!("{}/scim/pg/v2", world.url());
            let wanted = text("answer").map(|wanted| wanted.replace("https://stoa.example/scim/acme/v2", &base));
            let wanted = wanted.map(|wanted| serde_json::from_str::<Value>(&wanted).unwrap());
            if let Some(wanted) = wanted.filter(|wanted| !has(&answered.body, wanted)) {
                failed.push(format!("{name}: {send}: {:#}\nis not {wanted:#}", answered.body));
            }
        }
        for (place, wanted) in case.get("after").and_then(toml::Value::as_table).into_iter().flatten() {
            let found = scim.get(&format!("/v2/{}", ids.of(place))).await;
            let state = if found.status == 200 { found.body } else { Value::Null };
            let wanted: Value = serde_json::from_str(&ids.of(wanted.as_str().unwrap())).unwrap();
            if !has(&state, &wanted) {
                failed.push(format!("{name}: {place} is {state:#}\nand not {wanted:#}"));
            }
        }
    }
    assert!(failed.is_empty(), "{client}, {} of {tried}: {}", failed.len(), failed.join("\n"));
    assert!(tried > 5, "{client}");
}

/// A client of a directory in which there is nobody.
async fn fresh(world: &World) -> Scim {
    for prefix in ["user", "group", "lock", "scim", "used"] {
        let items = world.front.items(stoa_core::routes::Table::Directory).unwrap();
        if items.iter().any(|item| item["pk"]["S"].as_str().unwrap().starts_with(prefix)) {
            crate::aws::delete(world, stoa_core::routes::Table::Directory, prefix).await;
        }
    }
    Scim::of(world, "pg").await
}

fn texts(value: Option<&toml::Value>) -> Vec<String> {
    let array = value.map(|value| value.as_array().unwrap()).into_iter().flatten();
    array.map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// Whether what is said holds: of an object each member that is named (`null`: there is none); of a list each value, in
/// whatever order, since ids here are random. Members and groups may be named by their ids.
fn has(whole: &Value, wanted: &Value) -> bool {
    match (whole, wanted) {
        (Value::Object(whole), Value::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| has(whole.get(name).unwrap_or(&Value::Null), wanted))
        }
        (Value::Array(whole), Value::Array(wanted)) => {
            whole.len() == wanted.len() && wanted.iter().all(|wanted| whole.iter().any(|one| has(one, wanted)))
        }
        (Value::Object(whole), Value::String(id)) => whole.get("value").is_some_and(|value| value == id),
        // A sentence is followed by the fault and the reference of the request.
        (Value::String(whole), Value::String(wanted)) => {
            whole == wanted || whole.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.starts_with(" (scim_"))
        }
        (whole, wanted) => whole == wanted,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c187_entra_over_the_gateway() {
    exchanges_of("entra").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c188_okta_over_the_gateway() {
    exchanges_of("okta").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c189_ping_over_the_gateway() {
    exchanges_of("ping").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c189_others_over_the_gateway() {
    exchanges_of("others").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c190_c193_what_the_rfcs_say_over_the_gateway() {
    exchanges_of("rfc").await;
}
