//! A batch that DynamoDB does only in part.

use serde_json::{Value, json};

/// Takes the last key out of a `BatchGetItem` with more than one: DynamoDB answers at least one. `Null` where there
/// is none to take.
pub(super) fn take_last_key(request: &mut Value) -> Value {
    let Some(tables) = request["RequestItems"].as_object_mut() else { return Value::Null };
    let count: usize = tables.values().filter_map(|table| table["Keys"].as_array()).map(Vec::len).sum();
    if count < 2 {
        return Value::Null;
    }
    let Some((name, table)) = tables.iter_mut().next_back() else { return Value::Null };
    let name = name.clone();
    let mut left = table.clone();
    let Some(key) = table["Keys"].as_array_mut().and_then(Vec::pop) else { return Value::Null };
    left["Keys"] = json!([key]);
    if table["Keys"].as_array().is_some_and(Vec::is_empty) {
        tables.remove(&name);
    }
    json!({name: left})
}

/// Names the key that was taken in the answer.
pub(super) fn put_back(answer: &mut Value, unprocessed: Value) {
    if unprocessed.is_object() && answer["Responses"].is_object() {
        answer["UnprocessedKeys"] = unprocessed;
    }
}
