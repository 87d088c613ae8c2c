//! What a stranger wrote, fit for a trace.

use crate::invisible::visible;

/// Makes an unverified value fit for a trace: at most 200 characters, control characters out, and those that nobody
/// sees as `\u{…}`: what differs from what was wanted by one of them must not look the same.
pub fn quote(unverified: &str) -> String {
    let printable: String = unverified.chars().filter(|c| !c.is_control()).take(200).collect();
    visible(&printable).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote("a\u{0}b\nc\u{7f}\u{85}"), "abc");
        assert_eq!(quote(&"x".repeat(1000)).len(), 200);
        assert_eq!(quote("pg.com\u{200b} \u{202e}moc.gp"), r"pg.com\u{200b} \u{202e}moc.gp");
        assert_eq!(quote(&"\u{202e}".repeat(1000)).len(), 200);
    }
}
