//! A filter as text again, which reads as the same filter.

use std::fmt;

use serde_json::Value;

use super::{Filter, Operand, Term, Test};

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(filters) => joined(f, filters, " and "),
            Self::Or(filters) => joined(f, filters, " or "),
            Self::Not(filter) => write!(f, "not ({filter})"),
            Self::Term(term) => term.fmt(f),
            Self::Within { path, filter, then } => {
                write!(f, "{path}[{filter}]")?;
                match then {
                    Some(term) => write!(f, ".{term}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Whatever is joined itself stands in parentheses, so that nothing hangs on which binds more.
fn joined(f: &mut fmt::Formatter<'_>, filters: &[Filter], between: &str) -> fmt::Result {
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        match filter {
            Filter::And(_) | Filter::Or(_) => write!(f, "({filter})")?,
            Filter::Not(_) | Filter::Term(_) | Filter::Within { .. } => write!(f, "{filter}")?,
        }
    }
    Ok(())
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.test {
            Test::Present => write!(f, "{} pr", self.path),
            Test::Compare(operator, operand) => write!(f, "{} {} {operand}", self.path, operator.as_str()),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Instant(instant) => write!(f, "\"{instant}\""),
            Self::Null => f.write_str("null"),
        }
    }
}
