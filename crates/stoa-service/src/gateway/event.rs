//! The event of a request. Nothing in it is too odd to be read: what does not fit is named, and the edge answers.
//!
//! What is absent or `null` is empty. No part of the event becomes a URL here, so raw quotes, blanks and letters beyond
//! ASCII in path and query are as good as any.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::incoming::Incoming;

/// The gateway's own ids have 16 characters.
const MAX_ID: usize = 128;

/// Why an event is not a request as API Gateway hands it over. Names its members, quotes nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It is not of an HTTP API at all; what it is instead.
    Foreign(&'static str),
    /// It is, but this member is not of the form that it has there.
    Strange(String),
}

/// Reads an event. What could be read of one that does not fit is there too, for the log line and the page.
pub(crate) fn read(event: Value, request_id: String) -> (Incoming, Option<Misfit>) {
    let mut incoming = Incoming { request_id, ..Incoming::default() };
    let mut reader = Reader::default();
    match members(event) {
        Ok((event, context, http)) => reader.fill(&mut incoming, event, context, http),
        Err(instead) => return (incoming, Some(Misfit::Foreign(instead))),
    }
    (incoming, reader.strange.map(Misfit::Strange))
}

type Members = Map<String, Value>;

/// The three objects that are in every event of payload format 2.0 and together in no other: the event, its
/// `requestContext`, and in that `http`.
fn members(event: Value) -> Result<(Members, Members, Members), &'static str> {
    let Value::Object(mut event) = event else { return Err(kind(&event)) };
    if event.is_empty() {
        return Err("an object without members");
    }
    if event.get("version").is_some_and(|version| version == "1.0") {
        return Err("payload format 1.0");
    }
    let Value::Object(mut context) = take(&mut event, "requestContext") else {
        return Err("an object without requestContext");
    };
    let Value::Object(http) = take(&mut context, "http") else { return Err("an object without requestContext.http") };
    Ok((event, context, http))
}

fn take(members: &mut Members, name: &str) -> Value {
    members.remove(name).unwrap_or_default()
}

/// What a value is, without the value.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Keeps in mind the first member that is not of its form.
#[derive(Default)]
struct Reader {
    strange: Option<String>,
}

impl Reader {
    fn fill(&mut self, incoming: &mut Incoming, mut event: Members, mut context: Members, mut http: Members) {
        incoming.gateway_id = self.id("requestContext.requestId", take(&mut context, "requestId"));
        incoming.route_key = self.member("requestContext.routeKey", take(&mut context, "routeKey"));
        incoming.method = self.member("requestContext.http.method", take(&mut http, "method"));
        if incoming.method.is_empty() {
            self.note("requestContext.http.method", "nothing");
        }
        incoming.path = self.member("rawPath", take(&mut event, "rawPath"));
        incoming.raw_query = self.member("rawQueryString", take(&mut event, "rawQueryString"));
        incoming.headers = self.headers(take(&mut event, "headers"));
        incoming.cookies = self.cookies(take(&mut event, "cookies"));
        let mut parameters: Members = self.member("pathParameters", take(&mut event, "pathParameters"));
        incoming.connection = self.member("pathParameters.connection", take(&mut parameters, "connection"));
        incoming.school = self.member("pathParameters.school", take(&mut parameters, "school"));
        let is_base64 = self.member("isBase64Encoded", take(&mut event, "isBase64Encoded"));
        incoming.body = self.body(take(&mut event, "body"), is_base64);
    }

    /// Names in lower case. Several of one name are one, as the gateway itself joins them.
    fn headers(&mut self, value: Value) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::new();
        for (name, value) in self.member::<Members>("headers", value) {
            let value = self.member::<String>("headers.*", value);
            headers
                .entry(name.to_ascii_lowercase())
                .and_modify(|before: &mut String| {
                    before.push(',');
                    before.push_str(&value);
                })
                .or_insert(value);
        }
        headers
    }

    fn cookies(&mut self, value: Value) -> Vec<String> {
        let cookies: Vec<Value> = self.member("cookies", value);
        cookies.into_iter().map(|cookie| self.member("cookies.*", cookie)).collect()
    }

    fn body(&mut self, value: Value, is_base64: bool) -> Vec<u8> {
        let text: String = self.member("body", value);
        if !is_base64 {
            return text.into_bytes();
        }
        STANDARD.decode(text).unwrap_or_else(|_| {
            self.note("body", "text that is not base64, though isBase64Encoded says so");
            Vec::new()
        })
    }

    /// An id is shown and logged, so it has to be short and plain.
    fn id(&mut self, path: &str, value: Value) -> String {
        let id: String = self.member(path, value);
        if id.len() <= MAX_ID && id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return id;
        }
        self.note(path, "text that is no id");
        String::new()
    }

    /// A member of the form that it has in payload format 2.0. One that is `null` is empty.
    fn member<T: Default + DeserializeOwned>(&mut self, path: &str, value: Value) -> T {
        let kind = kind(&value);
        if value.is_null() {
            return T::default();
        }
        serde_json::from_value(value).unwrap_or_else(|_| {
            self.note(path, kind);
            T::default()
        })
    }

    fn note(&mut self, path: &str, what: &str) {
        self.strange.get_or_insert_with(|| format!("{path}: {what}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The least that is a request.
    fn least() -> Value {
        json!({"requestContext": {"http": {"method": "GET"}}})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut event = least();
        event[name] = value;
        event
    }

    fn misfit(event: Value) -> Option<Misfit> {
        read(event, String::new()).1
    }

    #[test]
    fn what_is_absent_or_null_is_empty() {
        let names = ["version", "rawPath", "rawQueryString", "headers", "cookies", "pathParameters", "body"];
        for name in names.into_iter().chain(["isBase64Encoded", "stageVariables", "queryStringParameters"]) {
            let (incoming, misfit) = read(with(name, Value::Null), "id".to_owned());
            assert_eq!(misfit, None, "{name}");
            assert_eq!((incoming.method(), incoming.path(), incoming.raw_query()), ("GET", "", ""), "{name}");
            assert_eq!(incoming.cookies().count(), 0, "{name}");
        }
    }

    #[test]
    fn a_member_of_another_type_is_named_and_not_quoted() {
        let needle = json!({"needle": "needle"});
        for (name, named) in [
            ("rawPath", "rawPath: an object"),
            ("rawQueryString", "rawQueryString: an object"),
            ("headers", "headers.*: an object"),
            ("cookies", "cookies: an object"),
            ("pathParameters", "pathParameters.connection: an object"),
            ("body", "body: an object"),
            ("isBase64Encoded", "isBase64Encoded: an object"),
        ] {
            let value = match name {
                "headers" => json!({"needle": needle}),
                "pathParameters" => json!({"connection": needle}),
                _ => needle.clone(),
            };
            assert_eq!(misfit(with(name, value)), Some(Misfit::Strange(named.to_owned())));
        }
        let encoded =
            json!({"requestContext": {"http": {"method": "POST"}}, "body": "needle!", "isBase64Encoded": true});
        let said = "body: text that is not base64, though isBase64Encoded says so";
        assert_eq!(misfit(encoded), Some(Misfit::Strange(said.to_owned())));
    }

    #[test]
    fn an_id_is_short_and_plain_or_is_none() {
        let id = |id: &str| {
            let event = json!({"requestContext": {"http": {"method": "GET"}, "requestId": id}});
            let (incoming, misfit) = read(event, String::new());
            (incoming.gateway_id, misfit.is_some())
        };
        assert_eq!(id("aBcDeFgHiJkLmNo="), ("aBcDeFgHiJkLmNo=".to_owned(), false));
        for odd in ["a b", "é", "a\n", &"x".repeat(MAX_ID + 1)] {
            assert_eq!(id(odd), (String::new(), true), "{odd:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_told_apart() {
        for (event, instead) in [
            (Value::Null, "null"),
            (json!([least()]), "a list"),
            (json!("{}"), "text"),
            (json!({}), "an object without members"),
            (json!({"Records": []}), "an object without requestContext"),
            (json!({"requestContext": null}), "an object without requestContext"),
            (json!({"requestContext": {"elb": {}}, "httpMethod": "GET"}), "an object without requestContext.http"),
            (json!({"version": "1.0", "requestContext": {"http": {"method": "GET"}}}), "payload format 1.0"),
        ] {
            assert_eq!(misfit(event), Some(Misfit::Foreign(instead)));
        }
        let unnamed = json!({"requestContext": {"http": {}}});
        assert_eq!(misfit(unnamed), Some(Misfit::Strange("requestContext.http.method: nothing".to_owned())));
    }

    #[test]
    fn headers_of_one_name_are_one() {
        let (incoming, _) = read(with("headers", json!({"Origin": "a", "origin": "b", "ORIGIN": "c"})), String::new());
        let value = incoming.header("origin").unwrap_or_default();
        assert_eq!(value.split(',').count(), 3, "{value}");
    }
}
