//! Which items and attributes a request to DynamoDB touches: what the conditions of a grant are about.

use std::collections::BTreeSet;

use serde_json::Value;
use stoa_core::routes::{Comparison, Condition, ConditionKey};

/// Where a request has attributes as the names of members.
const ITEMS: &[&str] = &["Key", "Item", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter"];
/// Where it has them in an expression.
const EXPRESSIONS: &[&str] =
    &["ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression"];
/// Words of expressions that are no names, in whatever case.
const KEYWORDS: &[&str] = &["ADD", "AND", "BETWEEN", "DELETE", "IN", "NOT", "OR", "REMOVE", "SET"];

/// What a request touches, as IAM knows it: what an answer would have besides (`ReturnValues`) is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    /// The partition keys of the items.
    pub leading_keys: BTreeSet<String>,
    /// The top-level attributes that are written, compared or asked for.
    pub attributes: BTreeSet<String>,
}

impl Touched {
    /// By an operation on one table, or by what a batch asks of one.
    pub(super) fn by(request: &Value, partition_key: &str) -> Self {
        let mut touched = Self::default();
        touched.add(request, partition_key);
        touched
    }

    /// Whether a condition holds: of every value, so also of none.
    pub(super) fn meets(&self, condition: &Condition) -> bool {
        let mut values = match condition.key {
            ConditionKey::Attributes => self.attributes.iter(),
            ConditionKey::LeadingKeys => self.leading_keys.iter(),
        };
        let one_of = |value: &str, is: fn(&str, &str) -> bool| condition.values.iter().any(|wanted| is(wanted, value));
        values.all(|value| match condition.comparison {
            Comparison::Equals => one_of(value, |wanted, value| wanted == value),
            Comparison::Like => one_of(value, is_like),
            Comparison::NotLike => !one_of(value, is_like),
        })
    }

    fn add(&mut self, request: &Value, partition_key: &str) {
        // `BatchWriteItem`: a list of `{"PutRequest": {"Item": …}}`.
        for write in request.as_array().into_iter().flatten() {
            for request in write.as_object().into_iter().flat_map(serde_json::Map::values) {
                self.add(request, partition_key);
            }
        }
        let keys = request["Keys"].as_array().into_iter().flatten();
        for item in ITEMS.iter().map(|place| &request[place]).chain(keys) {
            let members = item.as_object().into_iter().flatten();
            self.attributes.extend(members.map(|(name, _)| name.clone()));
            self.leading_keys.extend(leading_key(&item[partition_key]));
        }
        let asked = request["AttributesToGet"].as_array().into_iter().flatten();
        self.attributes.extend(asked.filter_map(Value::as_str).map(str::to_owned));
        for expression in EXPRESSIONS.iter().filter_map(|place| request[place].as_str()) {
            self.attributes.extend(names(expression, &request["ExpressionAttributeNames"]));
        }
        if let Some(expression) = request["KeyConditionExpression"].as_str() {
            self.leading_keys.extend(queried(expression, request, partition_key));
        }
    }
}

/// The key as an item, a key or the older form of a query's condition has it.
fn leading_key(value: &Value) -> Option<String> {
    let value = value["AttributeValueList"].get(0).unwrap_or(value);
    value["S"].as_str().map(str::to_owned)
}

/// The partition that a query reads: what its key is compared with.
fn queried(expression: &str, request: &Value, partition_key: &str) -> Option<String> {
    let tokens: Vec<_> = tokens(expression).into_iter().filter(|token| !matches!(*token, "(" | ")")).collect();
    let compared = tokens.windows(3).find_map(|three| {
        let is_key = |token| resolved(token, &request["ExpressionAttributeNames"]) == partition_key;
        match *three {
            [name, "=", value] if value.starts_with(':') && is_key(name) => Some(value),
            [value, "=", name] if value.starts_with(':') && is_key(name) => Some(value),
            _ => None,
        }
    })?;
    request["ExpressionAttributeValues"][compared]["S"].as_str().map(str::to_owned)
}

/// The top-level attributes of an expression.
fn names(expression: &str, placeholders: &Value) -> Vec<String> {
    let tokens = tokens(expression);
    let is_name = |(at, token): &(usize, &&str)| {
        let is_path = *at > 0 && tokens[at - 1] == ".";
        let is_function = tokens.get(at + 1) == Some(&"(");
        let is_word = token.starts_with(|c: char| c == '#' || c == '_' || c.is_ascii_alphabetic());
        let is_keyword = KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(token));
        is_word && !is_path && !is_function && !is_keyword
    };
    let found = tokens.iter().enumerate().filter(is_name);
    found.map(|(_, token)| resolved(token, placeholders).to_owned()).collect()
}

/// A placeholder that stands for nothing stays as it is: no condition allows it, and DynamoDB refuses it.
fn resolved<'a>(token: &'a str, placeholders: &'a Value) -> &'a str {
    placeholders[token].as_str().unwrap_or(token)
}

/// Words with what marks them, and signs.
fn tokens(expression: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_in_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
        let after = rest[first.len_utf8()..].find(|c| !is_in_word(c)).map_or(rest.len(), |at| at + first.len_utf8());
        let end = if is_in_word(first) || first == '#' || first == ':' { after } else { first.len_utf8() };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    tokens
}

/// `*` stands for any text, `?` for any letter.
pub(super) fn is_like(pattern: &str, value: &str) -> bool {
    match (pattern.chars().next(), value.chars().next()) {
        (None, first) => first.is_none(),
        (Some('*'), first) => {
            is_like(&pattern[1..], value) || first.is_some_and(|first| is_like(pattern, &value[first.len_utf8()..]))
        }
        (Some(_), None) => false,
        (Some(wanted), Some(first)) => {
            (wanted == '?' || wanted == first) && is_like(&pattern[wanted.len_utf8()..], &value[first.len_utf8()..])
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn touched(request: Value) -> (Vec<String>, Vec<String>) {
        let Touched { leading_keys, attributes } = Touched::by(&request, "pk");
        (leading_keys.into_iter().collect(), attributes.into_iter().collect())
    }

    #[track_caller]
    fn assert_touches(request: Value, keys: &[&str], attributes: &[&str]) {
        let wanted =
            (keys.iter().map(ToString::to_string).collect(), attributes.iter().map(ToString::to_string).collect());
        assert_eq!(touched(request), wanted);
    }

    #[test]
    fn every_place_where_a_request_names_an_attribute_is_read() {
        let (key, value) = (json!({"pk": {"S": "a"}, "sk": {"S": "b"}}), json!({"S": "x"}));
        assert_touches(json!({"Item": {"pk": {"S": "a"}, "x": value}}), &["a"], &["pk", "x"]);
        assert_touches(json!({"Key": key}), &["a"], &["pk", "sk"]);
        assert_touches(
            json!({"Key": key, "AttributeUpdates": {"x": value}, "Expected": {"y": value}}),
            &["a"],
            &["pk", "sk", "x", "y"],
        );
        assert_touches(
            json!({"Keys": [key, {"pk": {"S": "c"}}], "AttributesToGet": ["x"]}),
            &["a", "c"],
            &["pk", "sk", "x"],
        );
        assert_touches(
            json!([{"PutRequest": {"Item": {"pk": {"S": "a"}, "x": value}}}, {"DeleteRequest": {"Key": {"pk": {"S": "c"}}}}]),
            &["a", "c"],
            &["pk", "x"],
        );
        assert_touches(
            json!({
                "Key": {"pk": {"S": "a"}},
                "UpdateExpression": "set l[0] = list_append(if_not_exists(#l, :none),:l), m.n = :n-o REMOVE #q.#r ADD s :s",
                "ConditionExpression": "NOT (attribute_exists(t) AND size(#u)>:n) OR v IN (:n, w) OR x BETWEEN :n AND #y.z",
                "ProjectionExpression": "aa, #bb.cc[1]",
                "ExpressionAttributeNames": {"#l": "ll", "#q": "qq", "#r": "rr", "#u": "uu", "#y": "yy", "#bb": "b b"},
            }),
            &["a"],
            &["aa", "b b", "l", "ll", "m", "o", "pk", "qq", "s", "t", "uu", "v", "w", "x", "yy"],
        );
    }

    #[test]
    fn a_query_touches_the_partition_that_it_reads() {
        let values = json!({":a": {"S": "a"}, ":b": {"S": "b"}});
        for expression in ["pk = :a", "(pk=:a) AND begins_with(sk, :b)", "sk = :b AND #k = :a", ":a = pk"] {
            let request = json!({
                "KeyConditionExpression": expression,
                "ExpressionAttributeNames": {"#k": "pk"},
                "ExpressionAttributeValues": values,
            });
            assert_eq!(touched(request).0, ["a"], "{expression}");
        }
        let older = json!({"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]}}});
        assert_touches(older, &["a"], &["pk"]);
    }

    #[test]
    fn conditions_compare_as_iam_does() {
        let keys = |keys: &[&str]| Touched {
            leading_keys: keys.iter().map(ToString::to_string).collect(),
            ..Touched::default()
        };
        for (comparison, values, met, unmet) in [
            (
                Comparison::Equals,
                &["a", "b"][..],
                &[&["a"][..], &["a", "b"], &[]][..],
                &[&["c"][..], &["a", "c"], &["A"]][..],
            ),
            (Comparison::Equals, &["a*"], &[&["a*"]], &[&["ab"]]),
            (
                Comparison::Like,
                &["a#*", "b?"],
                &[&["a#"], &["a#x", "bb"], &[]],
                &[&["a"], &["b"], &["xa#"], &["a#x", "c"]],
            ),
            (Comparison::NotLike, &["a#*", "*b"], &[&["a"], &["bc"], &[]], &[&["a#x"], &["a", "xxb"], &["b"]]),
        ] {
            let condition = Condition { key: ConditionKey::LeadingKeys, comparison, values };
            met.iter().for_each(|own| assert!(keys(own).meets(&condition), "{own:?} {condition:?}"));
            unmet.iter().for_each(|own| assert!(!keys(own).meets(&condition), "{own:?} {condition:?}"));
        }
    }
}
