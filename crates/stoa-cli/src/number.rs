//! How many of something, in words.

use std::fmt::Display;

/// So many of something: `1 day`, `2 days`. What follows the number may be longer than a noun: a verb has a plural, too.
pub(crate) fn number<T: Display + PartialEq + From<bool>>(count: T, one: &str, many: &str) -> String {
    let what = if count == T::from(true) { one } else { many };
    format!("{count} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        for (count, said) in [(0, "0 people"), (1, "1 person"), (2, "2 people"), (-1, "-1 people")] {
            assert_eq!(number(count, "person", "people"), said);
        }
    }
}
