//! A JSON object that a provider publishes: its description, its key set. One message for one cause.

use serde_json::{Map, Value};

/// Why what came is not the object that was asked for. Each says what did come.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PublishedError {
    /// More than is read.
    #[error("it is longer than {} KiB", .0 / 1024)]
    TooLong(usize),
    /// No bytes, or white space only.
    #[error("nothing came")]
    Empty,
    /// RFC 8259 §8.1 forbids it, and readers differ on it.
    #[error("it begins with a byte order mark, which JSON must not have; the provider must leave it out")]
    ByteOrderMark,
    /// As from a sign-in page or a proxy.
    #[error("a web page came instead of JSON; look at the address in a browser")]
    WebPage,
    /// It is neither a page nor JSON.
    #[error("it is not JSON")]
    NotJson,
    /// A list, a text or the like.
    #[error("it is JSON, but not an object")]
    NotObject,
    /// Absent or null.
    #[error("the member {0:?} is missing")]
    Missing(&'static str),
    /// The member, and what it should be.
    #[error("the member {0:?} is not {1}")]
    Member(&'static str, &'static str),
}

/// A published object, of which `null` members are left out.
pub(crate) struct Published(Map<String, Value>);

impl Published {
    /// Reads an object of at most `max` bytes.
    pub(crate) fn parse(bytes: &[u8], max: usize) -> Result<Self, PublishedError> {
        if bytes.len() > max {
            return Err(PublishedError::TooLong(max));
        }
        // Of UTF-8, and of UTF-16 in either order.
        if [&b"\xef\xbb\xbf"[..], b"\xff\xfe", b"\xfe\xff"].iter().any(|mark| bytes.starts_with(mark)) {
            return Err(PublishedError::ByteOrderMark);
        }
        match bytes.trim_ascii_start() {
            [] => return Err(PublishedError::Empty),
            [b'<', ..] => return Err(PublishedError::WebPage),
            _ => {}
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(mut members)) => {
                members.retain(|_, value| !value.is_null());
                Ok(Self(members))
            }
            Ok(_) => Err(PublishedError::NotObject),
            Err(_) => Err(PublishedError::NotJson),
        }
    }

    /// A text that need not be there.
    pub(crate) fn optional(&mut self, name: &'static str) -> Result<Option<String>, PublishedError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(PublishedError::Member(name, "a text")),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<String, PublishedError> {
        self.optional(name)?.ok_or(PublishedError::Missing(name))
    }

    /// An object that must be there.
    pub(crate) fn object(&mut self, name: &'static str) -> Result<Map<String, Value>, PublishedError> {
        match self.0.remove(name) {
            None => Err(PublishedError::Missing(name)),
            Some(Value::Object(members)) => Ok(members),
            Some(_) => Err(PublishedError::Member(name, "an object")),
        }
    }

    /// A truth value; false where it is not there.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, PublishedError> {
        self.0.get(name).map_or(Ok(false), |flag| flag.as_bool().ok_or(PublishedError::Member(name, "true or false")))
    }

    /// The members themselves.
    pub(crate) fn into_members(self) -> Map<String, Value> {
        self.0
    }

    /// The whole, where it has this list.
    pub(crate) fn with_list(self, name: &'static str) -> Result<Value, PublishedError> {
        match self.0.get(name) {
            None => Err(PublishedError::Missing(name)),
            Some(Value::Array(_)) => Ok(Value::Object(self.0)),
            Some(_) => Err(PublishedError::Member(name, "a list")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_is_no_object_is_called_by_its_name() {
        for (text, expected) in [
            (&b""[..], PublishedError::Empty),
            (b" \r\n", PublishedError::Empty),
            (b"\xef\xbb\xbf{}", PublishedError::ByteOrderMark),
            (b"\xff\xfe{\0}\0", PublishedError::ByteOrderMark),
            (b"\n<!DOCTYPE html><title>Sign in</title>", PublishedError::WebPage),
            (b"upstream error", PublishedError::NotJson),
            (b"{\"issuer\":", PublishedError::NotJson),
            (b"{\"issuer\":\"\xff\"}", PublishedError::NotJson),
            (b"[{}]", PublishedError::NotObject),
            (b"null", PublishedError::NotObject),
            (b"{                                            }", PublishedError::TooLong(40)),
        ] {
            assert_eq!(Published::parse(text, 40).err(), Some(expected), "{}", text.escape_ascii());
        }
        assert!(Published::parse(b" {} ", 40).is_ok());
    }
}
