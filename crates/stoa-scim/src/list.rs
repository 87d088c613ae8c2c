//! Pages and ListResponse (RFC 7644 §3.4.2, §3.4.2.4).

use std::ops::Range;

use serde_json::{Value, json};

use crate::limits::{DEFAULT_COUNT, MAX_COUNT};
use crate::refusal::Refusal;
use crate::schema::LIST_URN;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The first, counted from 1.
    start: usize,
    count: usize,
}

impl Default for Paging {
    fn default() -> Self {
        Self { start: 1, count: DEFAULT_COUNT }
    }
}

impl Paging {
    /// `startIndex` below 1 is 1; `count` below 0 is 0, and beyond [`MAX_COUNT`] is that. What is not given has its
    /// default.
    pub fn new(start: Option<i64>, count: Option<i64>) -> Self {
        let start = start.map_or(1, |start| usize::try_from(start).unwrap_or(0).max(1));
        let count = count.map_or(DEFAULT_COUNT, |count| usize::try_from(count).unwrap_or(0).min(MAX_COUNT));
        Self { start, count }
    }

    /// From the texts of an address.
    pub(crate) fn from_texts(start: Option<&str>, count: Option<&str>) -> Result<Self, Refusal> {
        Ok(Self::new(whole_number("startIndex", start)?, whole_number("count", count)?))
    }

    /// The first that is asked for, counted from 1.
    pub fn start(self) -> usize {
        self.start
    }

    /// How many at most.
    pub fn count(self) -> usize {
        self.count
    }

    /// Which of `total` are on the page, counted from 0. Beyond the end there are none.
    pub fn range(self, total: usize) -> Range<usize> {
        let start = (self.start - 1).min(total);
        start..start.saturating_add(self.count).min(total)
    }

    /// The page. `resources` are those of [`Paging::range`]: `itemsPerPage` says how many came, and is 0 beyond the
    /// end, as Okta's review wants it.
    pub fn page(self, total: usize, resources: Vec<Value>) -> Value {
        json!({
            "schemas": [LIST_URN],
            "totalResults": total,
            "startIndex": self.start,
            "itemsPerPage": resources.len(),
            "Resources": resources
        })
    }
}

/// A list that is one page.
pub(crate) fn whole(resources: Vec<Value>) -> Value {
    Paging::default().page(resources.len(), resources)
}

/// A number of any length: what is beyond the largest is the largest.
fn whole_number(name: &'static str, text: Option<&str>) -> Result<Option<i64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::Parameter { name });
    }
    let size = digits.parse().unwrap_or(i64::MAX);
    Ok(Some(if is_negative { -size } else { size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(start: &str, count: &str, total: usize) -> Range<usize> {
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        Paging::from_texts(given(start), given(count)).unwrap().range(total)
    }

    #[test]
    fn c195_whatever_page_is_asked_for_there_is_one() {
        let huge = "9".repeat(40);
        let minus = format!("-{huge}");
        for (start, count, total, wanted) in [
            ("", "", 250, 0..100),
            ("1", "2", 250, 0..2),
            ("0", "2", 250, 0..2),
            ("-1", "2", 250, 0..2),
            (&*minus, "2", 250, 0..2),
            ("101", "100", 250, 100..200),
            ("201", "100", 250, 200..250),
            ("101", "100", 2, 2..2),
            (&*huge, "100", 2, 2..2),
            ("1", "0", 250, 0..0),
            ("1", "-1", 250, 0..0),
            ("1", "1000000000", 5000, 0..MAX_COUNT),
            ("2", &*huge, 5000, 1..1 + MAX_COUNT),
            ("", "", 0, 0..0),
        ] {
            assert_eq!(page(start, count, total), wanted, "{start} {count} {total}");
        }
    }

    #[test]
    fn c195_a_page_s_bounds_are_numbers() {
        for bad in ["", "-", "+1", "1.0", "0x1", "one", "1 ", "\u{661}"] {
            assert_eq!(Paging::from_texts(Some(bad), None), Err(Refusal::Parameter { name: "startIndex" }), "{bad:?}");
            assert_eq!(Paging::from_texts(None, Some(bad)), Err(Refusal::Parameter { name: "count" }), "{bad:?}");
        }
    }

    #[test]
    fn p11_beyond_the_end_the_page_is_empty_and_says_so() {
        let page = Paging::new(Some(101), Some(100)).page(2, Vec::new());
        assert_eq!(page["totalResults"], 2);
        assert_eq!(page["itemsPerPage"], 0);
        assert_eq!(page["Resources"], json!([]));
    }
}
