//! Who may do what, tried with each function's own credentials.

use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_core::routes::{ROUTES, SecretKind, Table};
use stoa_saml::Certificate;
use stoa_sandbox::aws::policy::ON_CALL;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::aws::call;
use crate::steps::{MARY, MARYS_EMAIL, World};
use crate::trust::PINNED;

async fn secret(world: &World, principal: &str, name: &str) -> (u16, Value) {
    let request = json!({"SecretId": format!("{}/{name}", world.front.stack().name())});
    call(world, principal, "secretsmanager.GetSecretValue", &request).await
}

fn denied((status, answer): &(u16, Value)) -> bool {
    *status == 400 && answer["__type"].as_str().is_some_and(|name| name.ends_with("AccessDeniedException"))
}

#[tokio::test(flavor = "multi_thread")]
async fn c214_what_parses_strangers_messages_cannot_read_the_school_s_key() {
    let world = World::start().await;
    assert!(denied(&secret(&world, "saml-acs", "thinkific/pg-academy").await));
    assert_eq!(secret(&world, "thinkific-launch", "thinkific/pg-academy").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn c214_what_holds_the_school_s_key_cannot_read_our_saml_keys() {
    let world = World::start().await;
    assert!(denied(&secret(&world, "thinkific-launch", "saml/pg").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn c214_each_secret_has_its_readers_and_no_others_not_even_the_operator() {
    let world = World::start().await;
    let principals = ROUTES.iter().map(|function| function.name).chain([ON_CALL]);
    for principal in principals {
        for (kind, name) in [
            (SecretKind::Seal, "seal"),
            (SecretKind::Pepper, "pepper"),
            (SecretKind::Directory, "directory"),
            (SecretKind::Saml, "saml/pg"),
            (SecretKind::Oidc, "oidc/pg"),
            (SecretKind::Workos, "workos/pg"),
            (SecretKind::Thinkific, "thinkific/pg-academy"),
        ] {
            let readers: &[&str] = match kind {
                SecretKind::Seal => &["saml-acs", "oidc-callback", "teams-session", "thinkific-launch", "mirror"],
                SecretKind::Pepper => &[
                    "saml-acs",
                    "oidc-callback",
                    "teams-session",
                    "thinkific-launch",
                    "thinkific-webhook",
                    "scim",
                    "workos-webhook",
                    "workos-sync",
                    "csv-import",
                    "operator",
                    "mirror",
                    "provisioner",
                ],
                SecretKind::Directory => &["scim", "workos-webhook", "csv-import", "workos-sync", "provisioner"],
                SecretKind::Oidc => &["oidc-callback", "workos-sync"],
                SecretKind::Workos => &["workos-webhook"],
                SecretKind::Saml => &["login", "saml-acs"],
                SecretKind::Thinkific => {
                    &["thinkific-launch", "thinkific-webhook", "operator", "mirror", "provisioner"]
                }
            };
            let answer = secret(&world, principal, name).await;
            assert_eq!(denied(&answer), !readers.contains(&principal), "{principal} {name}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c215_no_function_can_list_people_or_logins_or_write_its_own_configuration() {
    let world = World::start().await;
    for function in ROUTES {
        for table in Table::ALL {
            let name = world.front.stack().table_name(*table);
            let scan = call(&world, function.name, "DynamoDB_20120810.Scan", &json!({"TableName": name})).await;
            assert!(denied(&scan), "{} scans {name}", function.name);
        }
        // What follows the keys of identity providers writes them, and cannot change a connection.
        let written = if function.name == "trust-refresh" { &[Table::Trust][..] } else { &[] };
        for table in [Table::Connections, Table::Trust] {
            let name = world.front.stack().table_name(table);
            let item = json!({"TableName": name, "Item": {"pk": {"S": "x"}, "sk": {"S": "x"}}});
            let put = call(&world, function.name, "DynamoDB_20120810.PutItem", &item).await;
            assert_eq!(denied(&put), !written.contains(&table), "{} writes {name}", function.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c215_a_grant_that_is_missing_where_it_is_deployed_is_a_fault_of_its_own() {
    for (function, action) in [
        ("saml-acs", "dynamodb:Query"),
        ("thinkific-launch", "dynamodb:BatchGetItem"),
        ("thinkific-launch", "secretsmanager:GetSecretValue"),
    ] {
        let world = World::start().await;
        world.front.inject(Fault::next(function, action, FaultKind::Deny));
        world.refused(&world.log_in(&world.browser(), MARY).await, "permission_missing");
        assert_eq!(world.launches(), 0);
    }
}

/// Sends an update of one item, by a function.
async fn update(world: &World, function: &str, (table, key): (Table, &Value), expression: &str) -> (u16, Value) {
    let request = json!({
        "TableName": world.front.stack().table_name(table),
        "Key": key,
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {"#s": "state", "#kept": "kept"},
        "ExpressionAttributeValues": {":v": {"S": "x"}, ":l": {"L": []}, ":n": {"N": "1"}},
    });
    // A placeholder that is not used would be a fault of the request.
    let used = |name: &str| expression.contains(name);
    let mut request = request;
    for member in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let names = request[member].as_object_mut().unwrap();
        names.retain(|name, _| used(name));
        if names.is_empty() {
            request.as_object_mut().unwrap().remove(member);
        }
    }
    call(world, function, "DynamoDB_20120810.UpdateItem", &request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn c215_what_fetches_key_sets_can_plant_neither_a_saml_key_nor_what_a_watch_has_seen() {
    let world = World::start().await;
    let item = |pk: &str, sk: &str| json!({"pk": {"S": pk}, "sk": {"S": sk}});
    let (set, watch, added) = (item("pg", "jwks"), item("watch#pg", "saml"), Certificate::from_pem(PINNED).unwrap());
    let key = item("pg", added.fingerprint());
    for function in ["oidc-callback", "teams-session"] {
        for (key, expression) in [
            (&key, "SET certificate = :v"),
            (&key, "SET uri = :v, #kept = :v"),
            (&key, "SET uri = if_not_exists(by, :v)"),
            (&set, "SET jwks = :v REMOVE certificate"),
            (&set, "ADD at :n, from :n"),
            (&watch, "SET watch = :v"),
            (&watch, "SET jwks = :v"),
        ] {
            let answer = update(&world, function, (Table::Trust, key), expression).await;
            assert!(denied(&answer), "{function}: {key} {expression}: {answer:?}");
        }
        let table = world.front.stack().table_name(Table::Trust);
        let put = json!({"TableName": table, "Item": key});
        assert!(denied(&call(&world, function, "DynamoDB_20120810.PutItem", &put).await), "{function}");
        let within = json!({"TransactItems": [{"Update": {
            "TableName": table, "Key": key, "UpdateExpression": "SET certificate = :v",
            "ExpressionAttributeValues": {":v": {"S": "x"}},
        }}]});
        assert!(denied(&call(&world, function, "DynamoDB_20120810.TransactWriteItems", &within).await), "{function}");
        let written = update(&world, function, (Table::Trust, &set), "SET jwks = :v, tried = :n REMOVE asking").await;
        assert_eq!(written.0, 200, "{function}: {written:?}");
        // What it can plant beside the keys is no key, so nobody is kept out by it, and no key either.
        let written = update(&world, function, (Table::Trust, &key), "SET attempt = :v").await;
        assert_eq!(written.0, 200, "{function}: {written:?}");
    }
    world.signed_in(&world.log_in(&world.browser(), MARY).await, MARYS_EMAIL);
    let id = ConnectionId::parse("pg").unwrap();
    assert_eq!(world.operator.trusts(&id).await.unwrap().keys.len(), 1);
    world.operator.add_key(&id, &added, "where something had been planted").await.unwrap();
    assert_eq!(world.operator.trusts(&id).await.unwrap().keys.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn c215_what_answers_unknown_paths_can_end_a_login_and_change_nothing_else_of_it() {
    let world = World::start().await;
    let key = |pk: &str| json!({"pk": {"S": pk}});
    for (key, expression) in [
        (key("7KQ39FXM2B4T"), "SET ticket = :v"),
        (key("7KQ39FXM2B4T"), "SET #s = :v, sealed = :v"),
        (key("7KQ39FXM2B4T"), "REMOVE binding"),
        (key("tested#pg"), "SET steps = :l"),
        (key("assertion#x"), "SET steps = :l"),
    ] {
        let answer = update(&world, "thinkific-return", (Table::Logins, &key), expression).await;
        assert!(denied(&answer), "{key} {expression}: {answer:?}");
    }
    let answer =
        update(&world, "thinkific-return", (Table::Logins, &key("7KQ39FXM2B4T")), "SET #s = :v, steps = :l").await;
    assert_eq!(answer.0, 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c215_what_begins_logins_reads_whole_partitions_of_domains_only() {
    let world = World::start().await;
    for (partition, allowed) in [("discovery#pg.com", true), ("connections", false), ("connection#pg", false)] {
        let request = json!({
            "TableName": world.front.stack().table_name(Table::Connections),
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
        });
        let answer = call(&world, "login", "DynamoDB_20120810.Query", &request).await;
        assert_eq!(!denied(&answer), allowed, "{partition}: {answer:?}");
    }
}
