//! A body as JSON: within bounds, no member twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits::{BODY_BYTES, DEPTH, VALUES};
use crate::refusal::Refusal;
use crate::text::quoted;

/// Reads an object. A byte order mark before it is left out, as some clients write one.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match value(body)? {
        Value::Object(map) => Ok(map),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Refusal::NotAnObject)
        }
    }
}

fn value(body: &[u8]) -> Result<Value, Refusal> {
    if body.len() > BODY_BYTES {
        return Err(Refusal::TooLarge { what: "body", limit: BODY_BYTES, unit: "bytes" });
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let state = RefCell::new(State { values: 0, refusal: None });
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = Seed { state: &state, depth: 0 }.deserialize(&mut deserializer);
    let read = read.and_then(|value| deserializer.end().map(|()| value));
    read.map_err(|error| {
        let own = state.take().refusal;
        own.unwrap_or(Refusal::NotJson { line: error.line(), column: error.column() })
    })
}

/// The member of an object in whatever case (attribute names are not case sensitive, RFC 7643 §2.1).
pub(crate) fn member<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[derive(Default)]
struct State {
    values: usize,
    /// Why reading was stopped: serde's own errors hold texts only.
    refusal: Option<Refusal>,
}

#[derive(Clone, Copy)]
struct Seed<'a> {
    state: &'a RefCell<State>,
    depth: usize,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(self, refusal: Refusal) -> E {
        self.state.borrow_mut().refusal = Some(refusal);
        E::custom("beyond a bound")
    }

    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH {
            return Err(self.refuse(Refusal::TooDeep { limit: DEPTH }));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.state.borrow_mut().values += 1;
        if self.state.borrow().values > VALUES {
            return Err(self.refuse(Refusal::TooLarge { what: "body", limit: VALUES, unit: "values" }));
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inner)? {
            array.push(element);
        }
        Ok(array.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err(self.refuse(Refusal::RepeatedMember { name: quoted(&name) }));
            }
            map.insert(name, members.next_value_seed(inner)?);
        }
        Ok(map.into())
    }
}
