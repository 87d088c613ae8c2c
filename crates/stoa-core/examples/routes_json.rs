//! Prints the register of functions as JSON, for the checks of the template that are not written in Rust.
//!
//! `cargo run -q -p stoa-core --example routes_json`

use serde_json::{Value, json};
use stoa_core::routes::{
    Bucket, Condition, Function, Grant, Index, ON_CALL_ASKS, ON_CALL_GRANTS, ON_CALL_LISTS, ON_CALL_LOOKS,
    ON_CALL_READS, ROUTES, Resource, SecretKind, Table, Variable,
};

fn main() -> std::io::Result<()> {
    let register = json!({
        "functions": ROUTES.iter().map(function).collect::<Vec<_>>(),
        "on_call": ON_CALL_GRANTS.iter().flat_map(grants).collect::<Vec<_>>(),
        "on_call_looks": grants(&ON_CALL_LOOKS),
        "on_call_asks": ON_CALL_ASKS.iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        "on_call_lists": ON_CALL_LISTS.iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        "on_call_reads": ON_CALL_READS.iter().map(|action| action.as_str()).collect::<Vec<_>>(),
        "tables": Table::ALL.iter().map(table).collect::<Vec<_>>(),
        "buckets": Bucket::ALL.iter().map(bucket).collect::<Vec<_>>(),
        "secrets": SecretKind::ALL.iter().map(secret).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(std::io::stdout().lock(), &register)?;
    Ok(())
}

fn function(function: &Function) -> Value {
    json!({
        "name": function.name,
        "logical_id": function.logical_id(),
        "routes": function.routes.iter().map(|route| route.key()).collect::<Vec<_>>(),
        "schedule": function.schedule,
        "uploads": function.uploads.map(Bucket::as_str),
        "grants": function.grants.iter().flat_map(grants).collect::<Vec<_>>(),
        "environment": function.environment().map(Variable::as_str).collect::<Vec<_>>(),
    })
}

fn grants(grant: &Grant) -> Vec<Value> {
    let (kind, names) = match grant.resource {
        Resource::Table(table) => ("table", vec![table.as_str().to_owned()]),
        Resource::Index(index) => ("index", vec![format!("{}/{}", index.table().as_str(), index.as_str())]),
        Resource::Secrets(kinds) => ("secret", kinds.iter().map(|kind| kind.as_str().to_owned()).collect()),
        Resource::Bucket(bucket) => ("bucket", vec![bucket.as_str().to_owned()]),
        Resource::Objects { bucket, like } => ("objects", vec![format!("{}/{like}", bucket.as_str())]),
    };
    let actions: Vec<_> = grant.actions.iter().map(|action| action.as_str()).collect();
    let condition = condition(grant.conditions);
    names.into_iter().map(|name| json!({ "actions": actions, kind: name, "condition": condition })).collect()
}

/// As IAM writes them: by operator, then by key.
fn condition(conditions: &[Condition]) -> Value {
    let mut operators = serde_json::Map::new();
    for condition in conditions {
        let keys = operators.entry(condition.comparison.as_str()).or_insert_with(|| json!({}));
        keys[condition.key.as_str()] = json!(condition.values);
    }
    operators.into()
}

fn table(table: &Table) -> Value {
    json!({
        "name": table.as_str(),
        "variable": Variable::Table(*table).as_str(),
        "partition_key": table.partition_key(),
        "sort_key": table.sort_key(),
        "ttl_attribute": table.ttl_attribute(),
        "indexes": table.indexes().iter().map(index).collect::<Vec<_>>(),
    })
}

fn bucket(bucket: &Bucket) -> Value {
    json!({
        "name": bucket.as_str(),
        "variable": Variable::Bucket(*bucket).as_str(),
        "starting": bucket.starting(),
        "kept_days": bucket.kept_days(),
    })
}

fn index(index: &Index) -> Value {
    json!({ "name": index.as_str(), "partition_key": index.partition_key(), "sort_key": index.sort_key() })
}

fn secret(secret: &SecretKind) -> Value {
    json!({ "name": secret.as_str(), "is_per_id": secret.is_per_id() })
}
