//! What differs between two documents, by the path of each value.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use stoa_saml::Certificate;

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
            into.insert(path.to_owned(), shown(value).to_string());
        }
    }
}

/// A certificate is shown by what people compare of it, wherever it stands.
fn shown(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(shown).collect(),
        Value::String(text) => match Certificate::from_pem(text) {
            Ok(certificate) => format!("{}, SHA-256 {}", certificate.subject(), certificate.fingerprint()).into(),
            Err(_) => value.clone(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_certificate_is_named_by_its_fingerprint() {
        let pem = include_str!("../../../stoa-saml/testdata/keys/sp.crt");
        let lines = differences(
            Some(&json!({ "saml": { "sp_certificates": [] } })),
            &json!({
                "saml": { "sp_certificates": [pem] }, "pem": pem, "text": "-----BEGIN CERTIFICATE-----",
            }),
        );
        let [alone, listed, text] = &lines[..] else { panic!("{lines:?}") };
        let fingerprint = Certificate::from_pem(pem).map(|certificate| certificate.fingerprint().to_owned());
        let fingerprint = fingerprint.unwrap_or_default();
        assert!(
            alone.starts_with("pem: (none) → \"CN=") && alone.ends_with(&format!("SHA-256 {fingerprint}\"")),
            "{alone}"
        );
        assert!(listed.starts_with("saml.sp_certificates: [] → [\"CN="), "{listed}");
        assert!(listed.ends_with(&format!("SHA-256 {fingerprint}\"]")) && listed.len() < 200, "{listed}");
        assert_eq!(text, "text: (none) → \"-----BEGIN CERTIFICATE-----\"");
    }
}
