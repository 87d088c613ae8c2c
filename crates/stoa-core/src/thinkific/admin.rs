//! A request to the Admin API and its answer, whatever it is about.

use jiff::Timestamp;
use serde::Deserialize;

use crate::failure::Failure;
use crate::fault::Fault;

/// A request to the Admin API, without its host and its credentials.
#[derive(Clone, PartialEq)]
pub struct ApiRequest {
    /// The HTTP method.
    pub method: ApiMethod,
    /// Below `api_url`, with its query.
    pub path: String,
    /// JSON.
    pub body: Option<serde_json::Value>,
}

/// Without the body, which can hold a password.
impl std::fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiRequest").field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}
/// Methods that stoa uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiMethod {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl ApiMethod {
    /// As it stands in a request line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    /// Whether what is asked so changes anything.
    pub const fn changes(self) -> bool {
        match self {
            Self::Get => false,
            Self::Post | Self::Put | Self::Delete => true,
        }
    }
}
/// An answer of the Admin API.
#[derive(Clone, Debug)]
pub struct ApiAnswer {
    /// HTTP status.
    pub status: u16,
    /// `RateLimit-Reset`, as sent.
    pub rate_limit_reset: Option<String>,
    /// The body; at most a few hundred kilobytes.
    pub body: Vec<u8>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many pages there are, as the school says; 0: it does not.
    pub pages: u32,
    /// Whether there may be another.
    pub has_more: bool,
}

#[derive(Deserialize)]
struct Listed<T> {
    items: Vec<T>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    pagination: Pagination,
}

#[derive(Default, Deserialize)]
struct Pagination {
    #[serde(default)]
    next_page: Option<u32>,
    #[serde(default)]
    total_pages: u32,
}

impl ApiAnswer {
    /// The answer to a request for a page of a list, of at most as many as were asked for. A page that is full may not be
    /// the last one, whatever it says of itself.
    pub(super) fn page<T: for<'de> Deserialize<'de>>(&self, most: usize) -> Result<Page<T>, Failure> {
        let Listed { items, meta } = self.json::<Listed<T>>()?;
        let Pagination { next_page, total_pages } = meta.pagination;
        Ok(Page { has_more: next_page.is_some() || items.len() >= most, pages: total_pages, items })
    }

    /// The answer to a change: any success, with or without a body.
    pub fn updated(&self) -> Result<(), Failure> {
        self.check_status()
    }

    pub(crate) fn json<T: for<'de> Deserialize<'de>>(&self) -> Result<T, Failure> {
        self.check_status()?;
        serde_json::from_slice(&self.body).map_err(|error| {
            // serde_json's message would quote the body.
            let place = format!("{:?} at line {} column {}", error.classify(), error.line(), error.column());
            Failure::noted(Fault::ThinkificAnswerStrange, &place)
        })
    }

    pub(super) fn check_status(&self) -> Result<(), Failure> {
        match self.status {
            200..=299 => Ok(()),
            401 | 403 => Err(Failure::noted(Fault::ThinkificKeyRefused, &format!("HTTP {}", self.status))),
            422 => Err(Failure::noted(Fault::ThinkificRefusedAccount, &refused_fields(&self.body))),
            429 => Err(Failure::noted(Fault::ThinkificBusy, self.rate_limit_reset.as_deref().unwrap_or("no reset"))),
            500..=599 => Err(Failure::noted(Fault::ThinkificUnavailable, &format!("HTTP {}", self.status))),
            other => Err(Failure::noted(Fault::ThinkificAnswerStrange, &format!("HTTP {other}"))),
        }
    }

    /// How long to wait after a 429, in seconds. `RateLimit-Reset` is a Unix time, in milliseconds where it is larger
    /// than 10^10, else in seconds; a minute where it is missing.
    pub fn retry_after(&self, now: Timestamp) -> i64 {
        let reset = self.rate_limit_reset.as_deref().and_then(|text| text.trim().parse::<i64>().ok());
        let at = match reset {
            Some(milliseconds) if milliseconds > 10_000_000_000 => milliseconds / 1000,
            Some(seconds) => seconds,
            None => now.as_second() + 60,
        };
        (at - now.as_second()).clamp(0, 60)
    }
}

/// Which fields a 422 is about, in any of the shapes that are documented. Values are not repeated: they are people's.
fn refused_fields(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        errors: serde_json::Value,
    }
    let Ok(refused) = serde_json::from_slice::<Refused>(body) else { return "HTTP 422 without errors".into() };
    match refused.errors {
        serde_json::Value::Object(fields) => {
            let taken = fields.values().any(|value| value.to_string().contains("taken"));
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("fields: {}{}", names.join(", "), if taken { " (already taken)" } else { "" })
        }
        serde_json::Value::Array(entries) => {
            let named = entries.iter().filter_map(|entry| entry.as_object()).flat_map(|entry| entry.keys());
            let names: Vec<&str> = named.map(String::as_str).collect();
            if names.is_empty() {
                format!("{} messages", entries.len())
            } else {
                format!("fields: {}", names.join(", "))
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => "HTTP 422 of an unknown shape".into(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> ApiAnswer {
        ApiAnswer { status, rate_limit_reset: None, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_documented_shape_of_422_is_a_fault_that_names_fields_only() {
        for (body, note) in [
            (r#"{"errors":{"email":["has already been taken"]}}"#, "fields: email (already taken)"),
            (r#"{"errors":{"first_name":["can't be blank"]}}"#, "fields: first_name"),
            (r#"{"errors":["Invalid group_names"]}"#, "1 messages"),
            (r#"{"errors":{"group_id":"Invalid group ID: 1"}}"#, "fields: group_id"),
            (r#"{"errors":[{"email":"x@y.z"}]}"#, "fields: email"),
            (r#"{"error":"x"}"#, "HTTP 422 without errors"),
            ("<html>", "HTTP 422 without errors"),
        ] {
            let failure = answer(422, body).updated().unwrap_err();
            assert_eq!(failure.fault, Fault::ThinkificRefusedAccount);
            assert_eq!(failure.detail.got.as_deref(), Some(note));
        }
    }

    #[test]
    fn a_reset_may_be_in_milliseconds_in_seconds_or_missing() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        for (reset, seconds) in [(Some("1790000007000"), 7), (Some("1790000009"), 9), (None, 60), (Some("x"), 60)] {
            let busy = ApiAnswer { rate_limit_reset: reset.map(Into::into), ..answer(429, "") };
            assert_eq!(busy.retry_after(now), seconds, "{reset:?}");
        }
    }
}
