//! Claims whose token's signature has been verified.

use std::fmt;

use serde_json::{Map, Value};

use super::RefusalCode;
use crate::connection::SigningAlgorithm;
use crate::failure::Failure;
use crate::fault::Fault;

/// 9999-12-31: no instant of a token is later.
const LAST_SECOND: i64 = 253_402_300_799;

/// The claims of a token. Only [`super::verify_jws`] makes one.
#[derive(Clone)]
pub struct Claims {
    pub(super) map: Map<String, Value>,
    pub(super) algorithm: SigningAlgorithm,
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claims").field("names", &self.map.keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl Claims {
    /// A claim's text; `None` where it is missing or something else.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.map.get(name)?.as_str()
    }

    /// An instant in epoch seconds (RFC 7519 §2, NumericDate). A fraction, a text or an absurd year is a fault.
    pub fn instant(&self, name: &str) -> Result<Option<i64>, Failure> {
        match self.map.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_i64().filter(|second| (0..=LAST_SECOND).contains(second)) {
                Some(second) => Ok(Some(second)),
                None => Err(Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), name)),
            },
        }
    }

    /// An instant that must be there.
    pub fn required_instant(&self, name: &str) -> Result<i64, Failure> {
        let missing = || Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), name);
        self.instant(name)?.ok_or_else(missing)
    }

    /// Whom the token is for: one text, or a list of texts (RFC 7519 §4.1.3).
    pub fn audiences(&self) -> Result<Vec<&str>, Failure> {
        let malformed = || Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), "aud");
        match self.map.get("aud") {
            Some(Value::String(one)) => Ok(vec![one]),
            Some(Value::Array(many)) => many.iter().map(|one| one.as_str().ok_or_else(malformed)).collect(),
            _ => Err(malformed()),
        }
    }

    /// Every claim that is a text, a number, a truth value or a list of these, as an identity's attributes. Entra's
    /// marks that there were too many groups to send become the attribute `groups.link`.
    pub fn attributes(&self) -> Vec<(String, Vec<String>)> {
        attributes(&self.map)
    }
}

pub(crate) fn attributes(map: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let named = |(name, value): (&String, &Value)| Some((name.clone(), values(value)?));
    let mut attributes: Vec<_> = map.iter().filter_map(named).collect();
    if has_overage(map) {
        attributes.push(("groups.link".to_owned(), Vec::new()));
    }
    attributes
}

fn values(value: &Value) -> Option<Vec<String>> {
    match value.as_array() {
        Some(many) => many.iter().map(single).collect(),
        None => Some(vec![single(value)?]),
    }
}

fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Past 200 groups Entra sends where to read them instead: in `_claim_names`, or by `hasgroups` in implicit flows.
pub(super) fn has_overage(map: &Map<String, Value>) -> bool {
    let is_named = map.get("_claim_names").is_some_and(|names| names.get("groups").is_some());
    let is_said = map.get("hasgroups").is_some_and(|said| said == &Value::Bool(true) || said == "true");
    is_named || is_said
}
