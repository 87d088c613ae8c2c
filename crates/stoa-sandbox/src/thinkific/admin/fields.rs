//! The fields of a body: absent, null, or of the type that is documented.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a body says of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<T> {
    Absent,
    Null,
    Value(T),
    /// There, and of another type.
    Wrong,
}

impl<T> Given<T> {
    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null | Self::Wrong => None,
        }
    }
}

pub(super) fn id(body: &Map<String, Value>, name: &str) -> Given<u64> {
    field(body, name, Value::as_u64)
}

/// ISO 8601 with a time and an offset.
pub(super) fn time(body: &Map<String, Value>, name: &str) -> Given<Timestamp> {
    field(body, name, |value| value.as_str()?.parse().ok())
}

fn field<T>(body: &Map<String, Value>, name: &str, read: impl Fn(&Value) -> Option<T>) -> Given<T> {
    match body.get(name) {
        None => Given::Absent,
        Some(Value::Null) => Given::Null,
        Some(value) => read(value).map_or(Given::Wrong, Given::Value),
    }
}
