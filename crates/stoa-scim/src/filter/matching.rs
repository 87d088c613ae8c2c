//! Whether a resource is what a filter asks for.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Filter, Operand, Operator, Term, Test};
use crate::schema::AttributeType;
use crate::text::{folded, is_same_text};

impl Filter {
    /// Whether a resource is what the filter asks for. The resource is one as it is answered ([`crate::document`]), so
    /// that `id`, `meta`, `groups` and `members` can be asked for as well.
    pub fn matches(&self, resource: &Map<String, Value>) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.matches(resource)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(resource)),
            Self::Not(filter) => !filter.matches(resource),
            Self::Term(term) => term.matches(resource),
            Self::Within { path, filter, then } => {
                let elements = path.values(resource).into_iter().filter_map(Value::as_object);
                let is_one = |element: &Map<String, Value>| {
                    filter.matches(element) && then.as_ref().is_none_or(|term| term.matches(element))
                };
                elements.into_iter().any(is_one)
            }
        }
    }
}

impl Term {
    /// Of a list, one value is enough (RFC 7644 §3.4.2.2). What is not there equals nothing: it is only `ne`.
    fn matches(&self, resource: &Map<String, Value>) -> bool {
        let values = self.path.values(resource);
        match &self.test {
            Test::Present => values.into_iter().any(is_something),
            Test::Compare(Operator::Eq, Operand::Null) => values.is_empty(),
            Test::Compare(Operator::Ne, Operand::Null) => !values.is_empty(),
            Test::Compare(operator, operand) => match values.is_empty() {
                true => *operator == Operator::Ne,
                false => values.into_iter().any(|value| self.compares(value, *operator, operand)),
            },
        }
    }

    fn compares(&self, value: &Value, operator: Operator, operand: &Operand) -> bool {
        match (value, operand) {
            (Value::Bool(own), Operand::Boolean(wanted)) => (own == wanted) == (operator == Operator::Eq),
            (Value::String(own), Operand::Instant(wanted)) => {
                own.parse::<Timestamp>().is_ok_and(|own| is_in_order(own.cmp(wanted), operator))
            }
            (Value::String(own), Operand::Text(wanted)) => {
                let leaf = self.path.leaf();
                match leaf.is_case_exact || leaf.kind == AttributeType::Reference {
                    true => texts_compare(own, wanted, operator),
                    false if operator == Operator::Eq => is_same_text(own, wanted),
                    false => texts_compare(&folded(own), &folded(wanted), operator),
                }
            }
            (_, Operand::Text(_) | Operand::Boolean(_) | Operand::Instant(_) | Operand::Null) => {
                operator == Operator::Ne
            }
        }
    }
}

/// Neither empty nor an object of nothing.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(is_something),
        Value::Object(map) => map.values().any(is_something),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn texts_compare(own: &str, wanted: &str, operator: Operator) -> bool {
    match operator {
        Operator::Co => own.contains(wanted),
        Operator::Sw => own.starts_with(wanted),
        Operator::Ew => own.ends_with(wanted),
        Operator::Eq | Operator::Ne | Operator::Gt | Operator::Ge | Operator::Lt | Operator::Le => {
            is_in_order(own.cmp(wanted), operator)
        }
    }
}

fn is_in_order(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}
