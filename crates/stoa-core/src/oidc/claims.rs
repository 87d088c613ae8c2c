//! Claims whose token's signature has been verified.

use std::fmt;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::RefusalCode;
use crate::connection::SigningAlgorithm;
use crate::failure::Failure;
use crate::fault::Fault;

/// To the end of 9999: no instant of a token is later.
const SECONDS: RangeInclusive<i64> = 0..=253_402_300_799;
/// Whole numbers up to here are exact in a JSON number of any form (RFC 8259 §6).
const EXACT: f64 = 9_007_199_254_740_991.0;

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

    /// An instant in epoch seconds (RFC 7519 §2, NumericDate), which may have a fraction. It is cut to the second on
    /// the side that the token gains nothing by: `iat` and `nbf` up, all others down. A text or an absurd year is a
    /// fault.
    pub fn instant(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(value) = self.map.get(name) else { return Ok(None) };
        match second(value, matches!(name, "iat" | "nbf")).filter(|second| SECONDS.contains(second)) {
            Some(second) => Ok(Some(second)),
            None => Err(Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), name)),
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

    /// Every claim with its values that are a text, a number or a truth value, as an identity's attributes. Entra's
    /// marks that there were too many groups to send become the attribute `groups.link`.
    pub fn attributes(&self) -> Vec<(String, Vec<String>)> {
        attributes(&self.map)
    }

    /// The names of the lists in which an object or a list stands beside what counts.
    pub(crate) fn mixed(&self) -> Vec<String> {
        mixed(&self.map)
    }
}

/// The members of an object that say something: `null` says that there is nothing to say, as some providers write for
/// every claim that does not apply.
pub(super) fn said(mut map: Map<String, Value>) -> Map<String, Value> {
    map.retain(|_, value| !value.is_null());
    map
}

/// A JSON number's second: whole, with a fraction or with an exponent (RFC 8259 §6).
fn second(value: &Value, is_up: bool) -> Option<i64> {
    let number = value.as_number()?;
    number.as_i64().or_else(|| {
        let number = number.as_f64()?;
        whole(if is_up { number.ceil() } else { number.floor() })
    })
}

fn whole(number: f64) -> Option<i64> {
    // The text of a whole number is its digits, so no cast can saturate.
    if number.fract() == 0.0 && number.abs() <= EXACT { format!("{number:.0}").parse().ok() } else { None }
}

pub(crate) fn attributes(map: &Map<String, Value>) -> Vec<(String, Vec<String>)> {
    let mut attributes: Vec<_> = map.iter().map(|(name, value)| (name.clone(), values(value))).collect();
    if has_overage(map) {
        attributes.push(("groups.link".to_owned(), Vec::new()));
    }
    attributes
}

/// The names of the lists in which an object or a list stands beside values: one of those alone would be read as if it
/// were all that was sent.
pub(crate) fn mixed(map: &Map<String, Value>) -> Vec<String> {
    let is_other = |value: &Value| value.is_object() || value.is_array();
    let is_mixed = |value: &Value| value.as_array().is_some_and(|many| many.iter().any(is_other));
    map.iter().filter(|(_, value)| is_mixed(value)).map(|(name, _)| name.clone()).collect()
}

fn values(value: &Value) -> Vec<String> {
    match value.as_array() {
        // One element that says nothing, or that is no value, takes nothing from the others.
        Some(many) => many.iter().filter_map(single).collect(),
        None => single(value).into_iter().collect(),
    }
}

fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        // `7`, `7.0` and `7e0` are one number.
        Value::Number(number) => Some(match number.as_f64().filter(|_| number.is_f64()).and_then(whole) {
            Some(whole) => whole.to_string(),
            None => number.to_string(),
        }),
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
