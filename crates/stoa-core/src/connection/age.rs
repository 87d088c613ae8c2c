//! A length of time, as a file writes it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A length of time: `0s`, `90s`, `30m`, `1h`, `7d`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Age {
    text: String,
    seconds: i64,
}

/// The text is no length of time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a length of time is a number of up to five digits and s, m, h or d, as in 30m")]
pub struct BadAge;

impl Age {
    /// Parses its text.
    pub fn parse(text: &str) -> Result<Self, BadAge> {
        let unit = text.chars().last().ok_or(BadAge)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(BadAge),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || digits.len() > 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(BadAge);
        }
        let count: i64 = digits.parse().map_err(|_| BadAge)?;
        Ok(Self { text: text.to_owned(), seconds: count * seconds })
    }

    /// In seconds.
    pub const fn seconds(&self) -> i64 {
        self.seconds
    }
}

impl TryFrom<String> for Age {
    type Error = BadAge;
    fn try_from(text: String) -> Result<Self, BadAge> {
        Self::parse(&text)
    }
}

impl From<Age> for String {
    fn from(age: Age) -> Self {
        age.text
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("30m", 1800), ("1h", 3600), ("7d", 604_800)] {
            let age = Age::parse(text).unwrap();
            assert_eq!((age.seconds(), age.to_string()), (seconds, text.to_owned()));
        }
        for wrong in ["", "h", "1", "-1h", "+1h", "1 h", "1.5h", "1w", "100000s", "1H", "1\u{e4}"] {
            assert_eq!(Age::parse(wrong), Err(BadAge), "{wrong:?}");
        }
    }
}
