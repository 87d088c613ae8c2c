//! What a stranger wrote, fit for a trace.

/// Makes an unverified value fit for a trace: at most 200 characters, control characters out.
pub fn quote(unverified: &str) -> String {
    unverified.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote("a\u{0}b\nc\u{7f}\u{85}"), "abc");
        assert_eq!(quote(&"x".repeat(1000)).len(), 200);
    }
}
