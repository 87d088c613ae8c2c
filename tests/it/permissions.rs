//! Who may do what, tried with each function's own credentials.

use serde_json::{Value, json};
use stoa_core::routes::{ROUTES, SecretKind, Table};
use stoa_sandbox::aws::policy::OPERATOR;
use stoa_sandbox::aws::{Fault, FaultKind};

use crate::aws::call;
use crate::steps::{MARY, World};

async fn secret(world: &World, principal: &str, name: &str) -> (u16, Value) {
    let request = json!({"SecretId": format!("{}/{name}", world.front.stack().name())});
    call(world, principal, "secretsmanager.GetSecretValue", &request).await
}

fn denied((status, answer): &(u16, Value)) -> bool {
    *status == 400 && answer["__type"].as_str().is_some_and(|name| name.ends_with("AccessDeniedException"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_parses_strangers_messages_cannot_read_the_school_s_key() {
    let world = World::start().await;
    assert!(denied(&secret(&world, "saml-acs", "thinkific/pg-academy").await));
    assert_eq!(secret(&world, "thinkific-launch", "thinkific/pg-academy").await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_the_school_s_key_cannot_read_our_saml_keys() {
    let world = World::start().await;
    assert!(denied(&secret(&world, "thinkific-launch", "saml/pg").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_secret_has_its_readers_and_no_others_not_even_the_operator() {
    let world = World::start().await;
    let principals = ROUTES.iter().map(|function| function.name).chain([OPERATOR]);
    for principal in principals {
        for (kind, name) in [
            (SecretKind::Seal, "seal"),
            (SecretKind::Pepper, "pepper"),
            (SecretKind::Saml, "saml/pg"),
            (SecretKind::Oidc, "oidc/pg"),
            (SecretKind::Thinkific, "thinkific/pg-academy"),
        ] {
            let readers: &[&str] = match kind {
                SecretKind::Seal => &["saml-acs", "oidc-callback", "teams-session", "thinkific-launch"],
                SecretKind::Pepper => &["saml-acs", "oidc-callback", "teams-session", "thinkific-launch", "operator"],
                SecretKind::Oidc => &["oidc-callback"],
                SecretKind::Saml => &["login", "saml-acs"],
                SecretKind::Thinkific => &["thinkific-launch"],
            };
            let answer = secret(&world, principal, name).await;
            assert_eq!(denied(&answer), !readers.contains(&principal), "{principal} {name}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_function_can_list_people_or_logins_or_write_its_own_configuration() {
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
async fn a_grant_that_is_missing_where_it_is_deployed_is_a_fault_of_its_own() {
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
