//! A value in the form that its attribute has, whatever form the client gave it.
//!
//! Clients disagree about forms more than about meanings: a truth value as a text, one object where a list should be,
//! a list of one where an object should be, a text where an object with a `value` should be. Here they become one.
//! What stands in the value is not changed: a client that reads something else than it wrote writes it again for ever.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::ignored::Ignored;
use crate::limits::{ELEMENTS, ID_BYTES};
use crate::parser::boolean;
use crate::refusal::Refusal;
use crate::schema::{Attribute, AttributeType};

/// What says nothing of a value by itself.
const LABELS: [&str; 2] = ["type", "primary"];

/// The value of an attribute in its own form; `None` where there is none. `null`, an empty text and an empty list are
/// none (RFC 7643 §2.5; Okta clears by an empty text).
pub(crate) fn shaped(
    attribute: &'static Attribute,
    value: Value,
    ignored: &mut Ignored,
) -> Result<Option<Value>, Refusal> {
    if !attribute.is_multi {
        return single(None, attribute, only_one(value), ignored);
    }
    let elements = elements(attribute, value, ignored)?;
    one_primary(attribute, &elements)?;
    Ok(Some(elements).filter(|elements| !elements.is_empty()).map(Value::Array))
}

/// The values of a list in their own form, without those that say nothing.
pub(crate) fn elements(
    attribute: &'static Attribute,
    value: Value,
    ignored: &mut Ignored,
) -> Result<Vec<Value>, Refusal> {
    let given = match value {
        Value::Null => Vec::new(),
        Value::Array(elements) => elements,
        one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => vec![one],
    };
    bounded(attribute, given.len())?;
    let mut elements = Vec::with_capacity(given.len());
    for one in given {
        elements.extend(single(None, attribute, one, ignored)?.filter(says_something));
    }
    Ok(elements)
}

/// Whether a value of a list says more than what it would be for.
pub(crate) fn says_something(element: &Value) -> bool {
    element.as_object().is_none_or(|map| map.keys().any(|name| !LABELS.contains(&name.as_str())))
}

/// A list's bound.
pub(crate) fn bounded(attribute: &Attribute, count: usize) -> Result<(), Refusal> {
    match count > ELEMENTS {
        true => Err(Refusal::TooManyValues { attribute: attribute.name.to_owned(), limit: ELEMENTS }),
        false => Ok(()),
    }
}

/// At most one value is the primary one (RFC 7643 §2.4).
pub(crate) fn one_primary(attribute: &Attribute, elements: &[Value]) -> Result<(), Refusal> {
    match elements.iter().filter(|element| is_primary(element)).count() > 1 {
        true => Err(Refusal::ManyPrimary { attribute: attribute.name.to_owned() }),
        false => Ok(()),
    }
}

pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary").is_some_and(|value| *value == Value::Bool(true))
}

/// The ids in a value of `members`: of objects with a `value`, of texts, of one of either. `None` where one of them
/// has no id.
pub(crate) fn ids(value: &Value) -> Option<Vec<String>> {
    let given = match value {
        Value::Array(elements) => elements.as_slice(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            std::slice::from_ref(value)
        }
    };
    let id = |one: &Value| {
        let text = match one {
            Value::Object(map) => crate::json::member(map, "value")?.as_str()?,
            Value::String(text) => text,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
        };
        let is_id = (1..=ID_BYTES).contains(&text.len()) && !text.contains(char::is_control);
        is_id.then(|| text.to_owned())
    };
    given.iter().map(id).collect()
}

/// A list of one is that one: Entra's example sends a manager so.
fn only_one(mut value: Value) -> Value {
    match value.as_array_mut() {
        Some(elements) if elements.len() < 2 => elements.pop().unwrap_or_default(),
        Some(_) | None => value,
    }
}

/// `owner` is the complex attribute that it is a part of.
fn single(
    owner: Option<&Attribute>,
    attribute: &'static Attribute,
    value: Value,
    ignored: &mut Ignored,
) -> Result<Option<Value>, Refusal> {
    let name = || match owner {
        Some(owner) => format!("{}.{}", owner.name, attribute.name),
        None => attribute.name.to_owned(),
    };
    let wrong = || Refusal::WrongType { attribute: name(), wanted: attribute.kind.wanted() };
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (_, Value::String(text)) if text.is_empty() => Ok(None),
        (AttributeType::Text | AttributeType::Reference | AttributeType::Binary, Value::String(text)) => {
            match is_plain(attribute, &text) {
                true => Ok(Some(text.into())),
                false => Err(Refusal::ControlCharacter { attribute: name() }),
            }
        }
        (AttributeType::DateTime, Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(_) => Ok(Some(text.into())),
            Err(_) => Err(wrong()),
        },
        (AttributeType::Boolean, Value::Bool(value)) => Ok(Some(value.into())),
        (AttributeType::Boolean, Value::String(text)) => match boolean(&text) {
            Some(value) => Ok(Some(value.into())),
            None => Err(wrong()),
        },
        (AttributeType::Complex, Value::Object(map)) => object(attribute, map, ignored),
        (AttributeType::Complex, Value::String(text)) if attribute.value().is_some() => {
            object(attribute, Map::from_iter([("value".to_owned(), text.into())]), ignored)
        }
        (_, Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => Err(wrong()),
    }
}

/// The sub-attributes of a complex value. What the server alone writes is left out, what nobody defined is noted.
fn object(
    attribute: &'static Attribute,
    given: Map<String, Value>,
    ignored: &mut Ignored,
) -> Result<Option<Value>, Refusal> {
    let mut map = Map::new();
    for (name, value) in given {
        let Some(sub) = attribute.sub(&name) else {
            ignored.note_within(attribute.name, &name);
            continue;
        };
        if sub.is_read_only() {
            continue;
        }
        if let Some(value) = single(Some(attribute), sub, only_one(value), ignored)? {
            map.insert(sub.name.to_owned(), value);
        }
    }
    Ok(Some(map).filter(|map| !map.is_empty()).map(Value::Object))
}

/// No control characters, except for the lines of an address and the blanks of a name.
fn is_plain(attribute: &Attribute, text: &str) -> bool {
    let has_lines = attribute.name == "formatted" || attribute.name == "streetAddress";
    !text.contains(|c: char| c.is_control() && !(has_lines && matches!(c, '\n' | '\r' | '\t')))
}
