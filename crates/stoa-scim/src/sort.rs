//! The order of a list (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::name::{self, AttributePath, Name};
use crate::refusal::Refusal;
use crate::schema::{AttributeType, ResourceType};
use crate::shape;
use crate::text::folded;

/// By what a list is sorted, and in which direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    by: AttributePath,
    is_descending: bool,
}

impl Sort {
    /// From the parameters `sortBy` and `sortOrder`.
    pub fn new(resource: ResourceType, by: &str, order: Option<&str>) -> Result<Self, Refusal> {
        let Name::Attribute(path) = name::resolve(resource, by) else {
            return Err(Refusal::Parameter { name: "sortBy" });
        };
        let by = match (path.leaf().kind, path.leaf().value()) {
            (AttributeType::Complex, Some(value)) => AttributePath { sub: Some(value), ..path },
            (AttributeType::Complex, None) => return Err(Refusal::Parameter { name: "sortBy" }),
            _ => path,
        };
        let is_descending = match order.unwrap_or("ascending") {
            ascending if ascending.eq_ignore_ascii_case("ascending") => false,
            descending if descending.eq_ignore_ascii_case("descending") => true,
            _ => return Err(Refusal::Parameter { name: "sortOrder" }),
        };
        Ok(Self { by, is_descending })
    }

    /// Sorts resources as they are answered. What has no value comes last, or first in descending order; what is equal
    /// is sorted by `id`, so that pages do not overlap.
    pub fn sort(&self, resources: &mut [Map<String, Value>]) {
        resources.sort_by_cached_key(|resource| {
            let key = self.key(resource);
            let id = resource.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            (key, id)
        });
    }

    fn key(&self, resource: &Map<String, Value>) -> Key {
        let key = match self.text(resource) {
            None => (true, String::new()),
            Some(text) if self.by.leaf().is_case_exact => (false, text),
            Some(text) => (false, folded(&text)),
        };
        Key { key, is_descending: self.is_descending }
    }

    /// The value, of a list that of the primary one, else the first.
    fn text(&self, resource: &Map<String, Value>) -> Option<String> {
        let whole = AttributePath { sub: None, ..self.by }.values(resource);
        let primary = whole.iter().copied().find(|value| shape::is_primary(value));
        let chosen = primary.or_else(|| whole.first().copied())?;
        let value = match self.by.sub {
            Some(sub) => chosen.get(sub.name)?,
            None => chosen,
        };
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// Whether there is no value, and the value.
#[derive(PartialEq, Eq)]
struct Key {
    key: (bool, String),
    is_descending: bool,
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.key.cmp(&other.key);
        if self.is_descending { order.reverse() } else { order }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
