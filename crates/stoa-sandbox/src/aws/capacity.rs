//! Capacity units: asked for on every call, kept for the journal, shown only to who asked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

const OPERATIONS: &[&str] = &[
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

/// Asks for consumed capacity where the caller did not. Says whether the answer must hide it.
pub(super) fn ask(operation: &str, body: &mut Value) -> bool {
    let asked = body["ReturnConsumedCapacity"].as_str().is_some_and(|mode| mode != "NONE");
    if asked || !OPERATIONS.contains(&operation) || !body.is_object() {
        return false;
    }
    body["ReturnConsumedCapacity"] = json!("TOTAL");
    true
}

/// Takes the units of each table from an answer; `hide` removes them from it.
pub(super) fn read(answer: &mut Value, hide: bool) -> BTreeMap<String, f64> {
    let mut units = BTreeMap::new();
    let consumed = &answer["ConsumedCapacity"];
    let tables = consumed.as_array().map_or(std::slice::from_ref(consumed), Vec::as_slice);
    for table in tables {
        if let (Some(name), Some(count)) = (table["TableName"].as_str(), table["CapacityUnits"].as_f64()) {
            *units.entry(name.to_owned()).or_default() += count;
        }
    }
    if hide && let Some(answer) = answer.as_object_mut() {
        answer.remove("ConsumedCapacity");
    }
    units
}

/// What a failed call is billed at the least: DynamoDB bills a failed condition like a write.
pub(super) fn of_failure(error: &str, operation: &str) -> f64 {
    match (error, operation) {
        ("ConditionalCheckFailedException", _) => 1.0,
        ("TransactionCanceledException", "TransactWriteItems") => 2.0,
        _ => 0.0,
    }
}
