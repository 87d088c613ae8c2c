//! What differs between two documents, by the path of each value.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// `path: old → new`, one line each.
pub(super) fn differences<T: Serialize>(before: Option<&T>, after: &T) -> Vec<String> {
    let flat = |document: &T| {
        let mut values = BTreeMap::new();
        flatten("", &serde_json::to_value(document).unwrap_or_default(), &mut values);
        values
    };
    let (old, new) = (before.map(flat).unwrap_or_default(), flat(after));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| {
            let show = |value: Option<&String>| value.cloned().unwrap_or_else(|| "(none)".into());
            format!("{path}: {} → {}", show(old.get(path)), show(new.get(path)))
        })
        .collect()
}

fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            into.insert(path.to_owned(), value.to_string());
        }
    }
}
