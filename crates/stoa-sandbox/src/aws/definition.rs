//! What makes a table of the register: the same for the embedded DynamoDB and for another AWS's.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stoa_core::routes::{Index, Table};

/// The `CreateTable` request of a table: what the template must create too.
pub(super) fn table_definition(table: Table, name: &str) -> Value {
    let mut keys = vec![json!({"AttributeName": table.partition_key(), "KeyType": "HASH"})];
    let mut attributes = vec![json!({"AttributeName": table.partition_key(), "AttributeType": "S"})];
    if let Some(sort_key) = table.sort_key() {
        keys.push(json!({"AttributeName": sort_key, "KeyType": "RANGE"}));
        attributes.push(json!({"AttributeName": sort_key, "AttributeType": "S"}));
    }
    let mut definition = json!({"TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys});
    if !table.indexes().is_empty() {
        definition["GlobalSecondaryIndexes"] = table.indexes().iter().map(|index| index_definition(*index)).collect();
        let mut types = BTreeMap::new();
        for index in table.indexes() {
            types.extend([(index.partition_key(), "S"), (index.sort_key(), "N")]);
        }
        attributes.extend(types.iter().map(|(name, kind)| json!({"AttributeName": name, "AttributeType": kind})));
    }
    definition["AttributeDefinitions"] = attributes.into();
    definition
}

/// The same of one index, whose entries have the keys only.
pub(super) fn index_definition(index: Index) -> Value {
    json!({
        "IndexName": index.as_str(),
        "KeySchema": [
            {"AttributeName": index.partition_key(), "KeyType": "HASH"},
            {"AttributeName": index.sort_key(), "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    })
}
