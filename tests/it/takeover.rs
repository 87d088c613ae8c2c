//! What each function gives whoever has taken it over: every power is tried with its credentials at the local front,
//! and `docs/takeover.md` is what came of it.
//!
//! A function that is added gets its row by itself; a power that nobody has had so far needs a row of its own here.

use std::fmt::Write as _;

use serde_json::{Value, json};
use stoa_core::routes::{ROUTES, Table};
use stoa_sandbox::aws::policy::ON_CALL;

use crate::aws::{Sent, call, invoke, object};
use crate::steps::World;
use crate::sync::{keep, read, root};

const PAGE: &str = "docs/takeover.md";
const TABLE: [&str; 2] = ["<!-- what came of it -->\n", "<!-- to here -->\n"];

/// Something that a power needs: one of these requests has to be let through.
type Ways = Vec<Request>;

enum Request {
    /// Reads the secret of this name.
    Read(&'static str),
    /// Writes over it.
    Replace(&'static str),
    /// An operation of DynamoDB's on one item, or on a table.
    Data(&'static str, Table, Value),
    /// Finds an address's logins.
    ByAddress,
    /// Asks a function that the command may ask.
    Ask(&'static str),
    /// Reads an object of the bucket, or puts one there.
    Object(&'static str, &'static str),
}

use Request::{Ask, ByAddress, Data, Object, Read, Replace};

/// A power, in the words of the table, and all that it needs.
fn powers() -> Vec<(&'static str, &'static str, Vec<Ways>)> {
    let set = |table, key: Value, set: &str| {
        let names: Vec<&str> = set.split_whitespace().collect();
        let expression = names.iter().enumerate().map(|(at, _)| format!("#n{at} = :v")).collect::<Vec<_>>().join(", ");
        let names: Value = names.iter().enumerate().map(|(at, name)| (format!("#n{at}"), json!(name))).collect();
        let update = json!({"Key": key, "UpdateExpression": format!("SET {expression}"),
            "ExpressionAttributeNames": names, "ExpressionAttributeValues": {":v": {"S": "x"}}});
        Data("UpdateItem", table, update)
    };
    let put = |table, item: Value| Data("PutItem", table, json!({ "Item": item }));
    let get = |table, key: &Value| Data("GetItem", table, json!({ "Key": key }));
    let batch = |table, key: &Value| Data("BatchGetItem", table, json!({ "Key": key }));
    let one = |pk: &str| json!({"pk": {"S": pk}});
    let two = |pk: &str, sk: &str| json!({"pk": {"S": pk}, "sk": {"S": sk}});
    let query = |table, pk: &str| {
        let values = json!({":pk": {"S": pk}});
        Data("Query", table, json!({"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values}))
    };
    let (login, tested, turn, calls) =
        (one("7KQ39FXM2B4T"), one("tested#pg"), one("turn#pg-academy#x"), one("calls#x"));
    let (connection, person) = (two("connection#pg", "current"), two("person#x", "school#pg-academy"));
    let (member, address) = (two("user#pg#x", "itself"), two("email#x", "owner"));
    let (saml_key, key_set, watch) = (two("pg", "00"), two("pg", "jwks"), two("watch#pg", "saml"));
    let writes = |table, key: &Value, names: &str| vec![put(table, key.clone()), set(table, key.clone(), names)];
    vec![
        ("sign", "sign anybody in at a school", vec![vec![Read("thinkific/pg-academy")]]),
        (
            "forge",
            "tell the launch who somebody is",
            vec![vec![Read("seal")], vec![set(Table::Logins, login.clone(), "sealed ticket state")]],
        ),
        ("keys", "compute whose an item is", vec![vec![Read("pepper")]]),
        ("us, SAML", "sign and decrypt as us at a SAML provider", vec![vec![Read("saml/pg")]]),
        ("the probe", "sign in as the probe, as far as the page of a test", vec![vec![Read("probe")]]),
        ("us, OpenID", "be our client at an OpenID provider or at WorkOS", vec![vec![Read("oidc/pg")]]),
        ("trust", "have a SAML key believed", vec![writes(Table::Trust, &saml_key, "certificate from")]),
        ("key sets", "replace an OpenID provider's key set", vec![writes(Table::Trust, &key_set, "jwks uri")]),
        ("watch", "blind the look at what a provider publishes", vec![writes(Table::Trust, &watch, "watch")]),
        ("connections", "change a connection or a school", vec![writes(Table::Connections, &connection, "document")]),
        (
            "people",
            "change whose an account or an address is",
            vec![
                [writes(Table::Directory, &person, "id user"), writes(Table::Directory, &address, "person")]
                    .into_iter()
                    .flatten()
                    .collect(),
            ],
        ),
        ("tests", "make up the test that an activation asks for", vec![writes(Table::Logins, &tested, "binding")]),
        (
            "minute",
            "take turns and spend a school's calls in the table",
            vec![
                [writes(Table::Logins, &turn, "attempt"), writes(Table::Logins, &calls, "all")]
                    .into_iter()
                    .flatten()
                    .collect(),
            ],
        ),
        ("begins", "write a login of their own over any", vec![vec![put(Table::Logins, login.clone())]]),
        ("ends", "end a login, or note a step", vec![vec![set(Table::Logins, login.clone(), "state steps")]]),
        (
            "logins",
            "read a login",
            vec![vec![get(Table::Logins, &login), batch(Table::Logins, &login), query(Table::Logins, "7KQ39FXM2B4T")]],
        ),
        (
            "directory",
            "read a person's item",
            vec![vec![
                get(Table::Directory, &person),
                batch(Table::Directory, &person),
                query(Table::Directory, "person#x"),
            ]],
        ),
        ("profiles", "open the sealed profiles of a customer's directory", vec![vec![Read("directory")]]),
        (
            "members",
            "change what a customer's directory says of somebody",
            vec![writes(Table::Directory, &member, "profile")],
        ),
        ("by address", "find an address's logins", vec![vec![ByAddress]]),
        (
            "lists",
            "list everybody, or every login",
            vec![[Table::Logins, Table::Directory].map(|table| Data("Scan", table, json!({}))).into()],
        ),
        ("secrets", "replace a secret", vec![["seal", "thinkific/pg-academy", "oidc/pg"].map(Replace).into()]),
        ("pepper", "replace the pepper", vec![vec![Replace("pepper")]]),
        ("asks", "ask the function `operator`", vec![vec![Ask("operator")]]),
        ("files", "have the function `csv-import` read and write a directory", vec![vec![Ask("csv-import")]]),
        ("uploads", "read the files that customers put into the bucket", vec![vec![Object("GET", "pg/in/a.csv")]]),
        ("results", "write what a customer reads about a file", vec![vec![Object("PUT", "pg/out/a.csv")]]),
        ("as a customer", "put a file into the bucket as a customer does", vec![vec![Object("PUT", "pg/in/b.csv")]]),
    ]
}

/// Whether the front lets a request through. What it says of the item then is another question.
async fn is_let_through(world: &World, principal: &str, request: &Request) -> bool {
    if let Object(method, path) = request {
        // Of one that is not there, S3 says the same as of one that may not be read.
        assert_eq!(object(world, "sandbox", "PUT", path, Sent::default()).await.0, 200);
        return object(world, principal, method, path, Sent::default()).await.0 == 200;
    }
    let stack = world.front.stack();
    let secret = |name: &str| format!("{}/{name}", stack.name());
    let (status, answer) = match request {
        Read(name) => {
            call(world, principal, "secretsmanager.GetSecretValue", &json!({ "SecretId": secret(name) })).await
        }
        Replace(name) => {
            let body = json!({"SecretId": secret(name), "SecretString": "x", "ClientRequestToken": "0".repeat(32)});
            call(world, principal, "secretsmanager.PutSecretValue", &body).await
        }
        Data(operation, table, body) => {
            let (name, mut body) = (stack.table_name(*table), body.clone());
            if *operation == "BatchGetItem" {
                body = json!({"RequestItems": {name: {"Keys": [body["Key"]]}}});
            } else {
                body["TableName"] = json!(name);
            }
            call(world, principal, &format!("DynamoDB_20120810.{operation}"), &body).await
        }
        ByAddress => {
            let body = json!({"TableName": stack.table_name(Table::Logins), "IndexName": "by-email",
                "KeyConditionExpression": "who = :who", "ExpressionAttributeValues": {":who": {"S": "x"}}});
            call(world, principal, "DynamoDB_20120810.Query", &body).await
        }
        Object(..) => unreachable!("it is answered above"),
        Ask(function) => invoke(world, principal, &stack.function_name(function), &json!({})).await,
    };
    let kind = answer["__type"].as_str().or(answer["Type"].as_str()).unwrap_or_default();
    assert!(status == 200 || !kind.is_empty() || request.is_ask(), "{principal}: {status} {answer}");
    !(kind.ends_with("AccessDeniedException") || status == 403)
}

impl Request {
    const fn is_ask(&self) -> bool {
        matches!(self, Ask(_))
    }
}

async fn has(world: &World, principal: &str, needs: &[Ways]) -> bool {
    for ways in needs {
        let mut is_any = false;
        for way in ways {
            is_any |= is_let_through(world, principal, way).await;
        }
        if !is_any {
            return false;
        }
    }
    true
}

/// Which power each principal has, in a world of its own: what is let through is carried out.
async fn measured() -> Vec<(&'static str, Vec<bool>)> {
    let powers = powers();
    let principals = ROUTES.iter().map(|function| function.name).chain([ON_CALL]);
    let mut rows = Vec::new();
    for principal in principals {
        let world = World::start().await;
        let mut row = Vec::new();
        for (_, _, needs) in &powers {
            row.push(has(&world, principal, needs).await);
        }
        rows.push((principal, row));
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn c215_what_a_function_gives_whoever_takes_it_over_is_what_the_page_says() {
    let (powers, rows) = (powers(), measured().await);
    let mut table = "\n| taken over | can | cannot |\n|---|---|---|\n".to_owned();
    for (principal, row) in &rows {
        let named = |wanted: bool| {
            let names = powers.iter().zip(row).filter(|(_, has)| **has == wanted).map(|((name, _, _), _)| *name);
            let names: Vec<&str> = names.collect();
            if names.is_empty() { "–".to_owned() } else { names.join(" · ") }
        };
        writeln!(table, "| `{principal}` | {} | {} |", named(true), named(false)).unwrap();
    }
    table += "\n| word | whoever has it can |\n|---|---|\n";
    for (name, sentence, _) in &powers {
        writeln!(table, "| {name} | {sentence} |").unwrap();
    }
    table += "\n";
    let path = root().join(PAGE);
    let text = read(&path);
    let (before, rest) = text.split_once(TABLE[0]).unwrap();
    let (_, after) = rest.split_once(TABLE[1]).unwrap();
    keep(&path, &format!("{before}{}{table}{}{after}", TABLE[0], TABLE[1]));
    // Each power is somebody's, or it could not be told from a request that is malformed.
    for (at, (name, _, _)) in powers.iter().enumerate() {
        let nobody_s = ["lists", "pepper", "as a customer"].contains(name);
        assert_eq!(rows.iter().all(|(_, row)| !row[at]), nobody_s, "{name}");
    }
}

/// What must hold of any function, also of one that nobody has written yet.
#[tokio::test(flavor = "multi_thread")]
async fn c214_no_function_both_parses_what_strangers_send_and_can_end_in_anybody_s_account() {
    let (powers, rows) = (powers(), measured().await);
    let has = |row: &[bool], name: &str| row[powers.iter().position(|(power, _, _)| *power == name).unwrap()];
    for (principal, row) in rows.iter().filter(|(principal, _)| *principal != ON_CALL) {
        for never in ["connections", "tests", "lists", "secrets", "pepper", "asks", "as a customer"] {
            let is_launch = *principal == "thinkific-launch";
            assert!(!has(row, never) || (never == "tests" && is_launch), "{principal}: {never}");
        }
        assert!(!(has(row, "sign") && (has(row, "us, SAML") || has(row, "us, OpenID"))), "{principal}");
        assert!(!(has(row, "trust") && (has(row, "forge") || has(row, "sign"))), "{principal}");
    }
}
