//! Permissions, journal and faults of the local AWS.

use std::time::Duration;

use serde_json::{Value, json};
use stoa_core::routes::Table;
use stoa_sandbox::aws::front::{Config, Front};
use stoa_sandbox::aws::journal::{Outcome, Tally};
use stoa_sandbox::aws::policy::{GrantUse, ON_CALL, unused_in_ledger};
use stoa_sandbox::aws::{Fault, FaultKind, Storage};

use crate::client::call;

pub async fn front() -> Front {
    Front::start(Config::default()).await.unwrap()
}

async fn dynamodb(front: &Front, principal: &str, operation: &str, body: Value) -> (u16, Value) {
    call(front.address(), principal, &format!("DynamoDB_20120810.{operation}"), body).await.unwrap()
}

pub async fn secrets(front: &Front, principal: &str, operation: &str, body: Value) -> (u16, Value) {
    call(front.address(), principal, &format!("secretsmanager.{operation}"), body).await.unwrap()
}

fn login(id: &str) -> Value {
    json!({"TableName": "stoa-local-logins", "Item": {"pk": {"S": id}}})
}

fn update(id: &str) -> Value {
    json!({
        "TableName": "stoa-local-logins",
        "Key": {"pk": {"S": id}},
        "UpdateExpression": "SET steps = :s",
        "ExpressionAttributeValues": {":s": {"S": "verified"}},
    })
}

#[tokio::test]
async fn a_grant_lets_through_and_is_counted() {
    let front = front().await;
    let (status, answer) = dynamodb(&front, "login", "PutItem", login("a")).await;
    assert_eq!((status, answer), (200, json!({})), "capacity that was not asked for is hidden");

    let calls = front.take_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].principal, "login");
    assert_eq!(calls[0].action, "dynamodb:PutItem");
    assert_eq!(calls[0].resource, "logins");
    assert!((calls[0].units - 1.0).abs() < f64::EPSILON && calls[0].is_write());
    assert_eq!(calls[0].outcome, Outcome::Done);
    assert!(front.calls().is_empty());

    let used = GrantUse::parse("login dynamodb:PutItem table/logins").unwrap();
    assert!(front.used_grants().contains(&used));
    assert!(!front.unused_grants().contains(&used));
    assert!(!front.unused_grants().is_empty());
    assert_eq!(front.items(Table::Logins).unwrap(), [json!({"pk": {"S": "a"}})]);
}

#[tokio::test]
async fn a_missing_grant_is_refused_in_the_words_of_aws() {
    let front = front().await;
    let get = json!({"TableName": "stoa-local-logins", "Key": {"pk": {"S": "a"}}});
    let (status, answer) = dynamodb(&front, "login", "GetItem", get).await;
    assert_eq!(status, 400);
    assert_eq!(answer["__type"], "com.amazon.coral.service#AccessDeniedException");
    let message = answer["Message"].as_str().unwrap();
    assert!(message.contains("login is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:"));
    assert!(message.contains("table/stoa-local-logins"));
    assert_eq!(front.calls()[0].outcome, Outcome::Denied);
}

#[tokio::test]
async fn what_the_register_does_not_name_is_refused() {
    let front = front().await;
    let denied = [
        // The operation, an index of a granted table, a table that is not the stack's, a listing, another language.
        ("saml-acs", "Scan", json!({"TableName": "stoa-local-trust"})),
        ("saml-acs", "Query", json!({"TableName": "stoa-local-trust", "IndexName": "due"})),
        ("saml-acs", "Query", json!({"TableName": "other-trust"})),
        ("saml-acs", "ListTables", json!({})),
        ("saml-acs", "ExecuteStatement", json!({"Statement": "SELECT * FROM \"stoa-local-trust\""})),
        ("login", "BatchWriteItem", json!({"RequestItems": {"stoa-local-logins": []}})),
        (
            "thinkific-launch",
            "BatchGetItem",
            json!({"RequestItems": {"stoa-local-logins": {}, "stoa-local-trust": {}}}),
        ),
        (ON_CALL, "DeleteTable", json!({"TableName": "stoa-local-trust"})),
        // Whose logins: only the function of that name, and only by that index.
        (ON_CALL, "Query", json!({"TableName": "stoa-local-logins", "IndexName": "by-email"})),
        ("operator", "Query", json!({"TableName": "stoa-local-logins", "IndexName": "by-connection"})),
        ("operator", "Query", json!({"TableName": "stoa-local-logins"})),
    ];
    for (principal, operation, body) in denied {
        let (status, answer) = dynamodb(&front, principal, operation, body).await;
        assert_eq!(status, 400, "{principal} {operation}");
        assert!(answer["__type"].as_str().unwrap().ends_with("#AccessDeniedException"), "{principal} {operation}");
    }
}

#[tokio::test]
async fn each_member_of_a_transaction_needs_its_own_grant() {
    let front = front().await;
    let key = json!({"pk": {"S": "person#a"}, "sk": {"S": "b"}});
    let put = json!({"Put": {"TableName": "stoa-local-directory", "Item": key}});
    let check = json!({"ConditionCheck": {
        "TableName": "stoa-local-directory", "Key": key, "ConditionExpression": "attribute_exists(pk)",
    }});
    let body = json!({"TransactItems": [put, check]});
    let (status, answer) = dynamodb(&front, "thinkific-launch", "TransactWriteItems", body).await;
    assert_eq!(status, 400);
    assert!(answer["Message"].as_str().unwrap().contains("dynamodb:ConditionCheckItem"));
    assert!(front.items(Table::Directory).unwrap().is_empty());
    assert!(front.take_calls().iter().all(|call| call.outcome == Outcome::Denied));

    let other =
        json!({"Put": {"TableName": "stoa-local-directory", "Item": {"pk": {"S": "person#a"}, "sk": {"S": "c"}}}});
    let (status, answer) =
        dynamodb(&front, "thinkific-launch", "TransactWriteItems", json!({"TransactItems": [put, other]})).await;
    assert_eq!((status, answer), (200, json!({})));
    let calls = front.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].request, calls[1].request);
    assert!(calls.iter().all(|call| call.action == "dynamodb:PutItem" && call.operation == "TransactWriteItems"));
    // A transactional write costs two units.
    assert!((calls.iter().map(|call| call.units).sum::<f64>() - 4.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_batch_of_consistent_reads_is_counted_per_table() {
    let front = front().await;
    let keys = |key: Value| json!({"Keys": [key], "ConsistentRead": true});
    let body = json!({"RequestItems": {
        "stoa-local-logins": keys(json!({"pk": {"S": "a"}})),
        "stoa-local-directory": keys(json!({"pk": {"S": "a"}, "sk": {"S": "b"}})),
    }});
    let (status, _) = dynamodb(&front, "thinkific-launch", "BatchGetItem", body).await;
    assert_eq!(status, 200);
    let calls = front.calls();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.consistent && !call.is_write()));
    assert!(calls.iter().all(|call| (call.units - 1.0).abs() < f64::EPSILON), "{calls:?}");
}

#[tokio::test]
async fn capacity_that_was_asked_for_is_answered() {
    let front = front().await;
    let mut body = login("a");
    body["ReturnConsumedCapacity"] = json!("TOTAL");
    let (_, answer) = dynamodb(&front, "login", "PutItem", body).await;
    assert_eq!(answer["ConsumedCapacity"]["CapacityUnits"], json!(1.0));
}

#[tokio::test]
async fn a_failed_condition_is_billed_and_named() {
    let front = front().await;
    let mut body = login("a");
    body["ConditionExpression"] = json!("attribute_exists(pk)");
    let (status, answer) = dynamodb(&front, "login", "PutItem", body).await;
    assert_eq!(status, 400);
    assert!(answer["__type"].as_str().unwrap().ends_with("#ConditionalCheckFailedException"));
    let call = &front.calls()[0];
    assert_eq!(call.outcome, Outcome::Failed("ConditionalCheckFailedException".to_owned()));
    assert!((call.units - 1.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn an_unknown_principal_is_not_served() {
    let front = front().await;
    let (status, answer) = dynamodb(&front, "saml-acs-2", "PutItem", login("a")).await;
    assert_eq!(status, 400);
    assert!(answer["__type"].as_str().unwrap().ends_with("#UnrecognizedClientException"));
    assert!(front.calls().is_empty());
}

#[tokio::test]
async fn a_cut_after_the_write_leaves_the_write() {
    let front = front().await;
    front.inject(Fault::next("saml-acs", "dynamodb:UpdateItem", FaultKind::ApplyThenCutConnection));
    let target = "DynamoDB_20120810.UpdateItem";
    assert!(call(front.address(), "saml-acs", target, update("a")).await.is_none());
    assert_eq!(front.items(Table::Logins).unwrap().len(), 1);
    assert_eq!(front.calls()[0].outcome, Outcome::DoneUnanswered);
    assert_eq!(dynamodb(&front, "saml-acs", "UpdateItem", update("a")).await.0, 200);
}

#[tokio::test]
async fn a_cut_before_the_write_leaves_nothing() {
    let front = front().await;
    front.inject(Fault::next("saml-acs", "dynamodb:UpdateItem", FaultKind::CutConnection));
    assert!(call(front.address(), "saml-acs", "DynamoDB_20120810.UpdateItem", update("a")).await.is_none());
    assert!(front.items(Table::Logins).unwrap().is_empty());
    assert_eq!(front.calls()[0].outcome, Outcome::Cut);
}

#[tokio::test]
async fn faults_come_when_ordered_and_as_often() {
    let front = front().await;
    let throttle = Fault::next("saml-acs", "dynamodb:UpdateItem", FaultKind::Throttle).after(1).times(2);
    front.inject(throttle);
    front.inject(Fault::next("login", "dynamodb:PutItem", FaultKind::Unavailable));
    front.inject(Fault::next("login", "dynamodb:PutItem", FaultKind::Delay(Duration::from_millis(30))));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(dynamodb(&front, "saml-acs", "UpdateItem", update("a")).await.0);
    }
    assert_eq!(statuses, [200, 400, 400, 200]);
    assert_eq!(front.calls()[1].outcome, Outcome::Failed("ProvisionedThroughputExceededException".to_owned()));
    assert_eq!(dynamodb(&front, "login", "PutItem", login("b")).await.0, 500);
    assert_eq!(dynamodb(&front, "login", "PutItem", login("b")).await.0, 200);
    assert!(front.calls().last().unwrap().took >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_batch_may_be_done_in_part() {
    let front = front().await;
    dynamodb(&front, "login", "PutItem", login("a")).await;
    front.inject(Fault::next("thinkific-launch", "dynamodb:BatchGetItem", FaultKind::LeaveUnprocessed));
    let logins = json!({"Keys": [{"pk": {"S": "a"}}], "ConsistentRead": true});
    let directory = json!({"Keys": [{"pk": {"S": "a"}, "sk": {"S": "b"}}], "ConsistentRead": true});
    let body = json!({"RequestItems": {"stoa-local-logins": logins, "stoa-local-directory": directory}});
    let (status, answer) = dynamodb(&front, "thinkific-launch", "BatchGetItem", body).await;
    assert_eq!(status, 200);
    assert_eq!(answer["Responses"], json!({"stoa-local-directory": []}));
    assert_eq!(answer["UnprocessedKeys"], json!({"stoa-local-logins": logins}));

    let body = json!({"RequestItems": answer["UnprocessedKeys"]});
    let (_, answer) = dynamodb(&front, "thinkific-launch", "BatchGetItem", body).await;
    assert_eq!(answer["Responses"], json!({"stoa-local-logins": [{"pk": {"S": "a"}}]}));
    assert_eq!(answer["UnprocessedKeys"], json!({}));
}

#[tokio::test]
async fn a_folder_keeps_items_and_secrets() {
    let folder = std::env::temp_dir().join(format!("stoa-sandbox-{}", std::process::id()));
    let config = Config { storage: Storage::Folder(folder.clone()), ..Config::default() };
    let first = Front::start(config.clone()).await.unwrap();
    dynamodb(&first, "login", "PutItem", login("a")).await;
    let create = json!({"Name": "stoa-local/seal", "ClientRequestToken": "00000000-0000-0000-0000-000000000001", "SecretString": "one"});
    secrets(&first, ON_CALL, "CreateSecret", create).await;
    drop(first);

    let second = Front::start(config).await.unwrap();
    assert_eq!(second.items(Table::Logins).unwrap().len(), 1);
    let answer = secrets(&second, "saml-acs", "GetSecretValue", json!({"SecretId": "stoa-local/seal"})).await.1;
    assert_eq!(answer["SecretString"], "one");
    drop(second);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_kept_table_gets_the_indexes_that_it_lacks() {
    let folder = std::env::temp_dir().join(format!("stoa-indexes-{}", std::process::id()));
    let config = Config { storage: Storage::Folder(folder.clone()), ..Config::default() };
    let first = Front::start(config.clone()).await.unwrap();
    let item = json!({"pk": {"S": "a"}, "connection": {"S": "pg"}, "who": {"S": "w"}, "began": {"N": "1"}});
    dynamodb(&first, "login", "PutItem", json!({"TableName": "stoa-local-logins", "Item": item})).await;
    for index in ["by-connection", "by-email"] {
        let updates = json!([{"Delete": {"IndexName": index}}]);
        let update = json!({"TableName": "stoa-local-logins", "GlobalSecondaryIndexUpdates": updates});
        assert_eq!(dynamodb(&first, "sandbox", "UpdateTable", update).await.0, 200);
    }
    drop(first);

    let second = Front::start(config).await.unwrap();
    for (principal, index, key, value) in
        [(ON_CALL, "by-connection", "connection", "pg"), ("operator", "by-email", "who", "w")]
    {
        let query = json!({
            "TableName": "stoa-local-logins",
            "IndexName": index,
            "KeyConditionExpression": "#k = :v",
            "ExpressionAttributeNames": {"#k": key},
            "ExpressionAttributeValues": {":v": {"S": value}},
        });
        let (status, answer) = dynamodb(&second, principal, "Query", query).await;
        assert_eq!((status, &answer["Items"][0]["pk"]["S"]), (200, &json!("a")), "{answer}");
    }
    drop(second);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_ledger_collects_the_grants_of_several_runs() {
    let file = std::env::temp_dir().join(format!("stoa-ledger-{}", std::process::id()));
    let config = Config { ledger: Some(file.clone()), ..Config::default() };
    for id in ["a", "b"] {
        let front = Front::start(config.clone()).await.unwrap();
        dynamodb(&front, "login", "PutItem", login(id)).await;
        dynamodb(&front, "login", "PutItem", login(id)).await;
        dynamodb(&front, "saml-acs", "UpdateItem", update(id)).await;
        dynamodb(&front, "sandbox", "PutItem", login(id)).await;
    }
    let ledger = std::fs::read_to_string(&file).unwrap();
    let run = "login dynamodb:PutItem table/logins\nsaml-acs dynamodb:UpdateItem table/logins\n";
    assert_eq!(ledger, run.repeat(2));
    let unused = unused_in_ledger(&ledger);
    assert!(!unused.contains(&GrantUse::parse("saml-acs dynamodb:UpdateItem table/logins").unwrap()));
    assert!(
        unused.contains(&GrantUse::parse("thinkific-launch secretsmanager:GetSecretValue secret/thinkific").unwrap())
    );
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn calls_add_up_to_a_budget() {
    let front = front().await;
    dynamodb(&front, "login", "PutItem", login("a")).await;
    let keys = |key: Value| json!({"Keys": [key], "ConsistentRead": true});
    let body = json!({"RequestItems": {
        "stoa-local-logins": keys(json!({"pk": {"S": "a"}})),
        "stoa-local-directory": keys(json!({"pk": {"S": "a"}, "sk": {"S": "b"}})),
    }});
    dynamodb(&front, "thinkific-launch", "BatchGetItem", body).await;
    secrets(&front, "saml-acs", "GetSecretValue", json!({"SecretId": "stoa-local/seal"})).await;
    let calls = front.calls();
    let tally = Tally::of(&calls);
    assert_eq!(tally, Tally { writes: 1, write_units: 1.0, reads: 1, read_units: 2.0, secrets: 1 });
    assert!(calls[0].to_string().starts_with("dynamodb:PutItem logins, 1 write unit, "));
    let refused = ", ResourceNotFoundException: Secrets Manager can't find the specified secret.";
    assert!(calls[3].to_string().ends_with(refused), "{}", calls[3]);
}

#[tokio::test]
async fn a_large_item_costs_by_the_kilobyte() {
    let front = front().await;
    let mut body = login("a");
    body["Item"]["text"] = json!({"S": "x".repeat(2_500)});
    dynamodb(&front, "login", "PutItem", body).await;
    assert!((front.calls()[0].units - 3.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn expired_logins_are_swept_only_when_asked() {
    let front = front().await;
    let mut body = login("a");
    body["Item"]["ttl"] = json!({"N": "1"});
    dynamodb(&front, "login", "PutItem", body).await;
    dynamodb(&front, "login", "PutItem", login("b")).await;
    assert_eq!(front.items(Table::Logins).unwrap().len(), 2);
    assert_eq!(front.sweep_expired().unwrap(), 1);
    assert_eq!(front.items(Table::Logins).unwrap(), [json!({"pk": {"S": "b"}})]);
}
