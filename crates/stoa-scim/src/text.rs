//! The one normal form of texts.

use icu_normalizer::DecomposingNormalizerBorrowed;
use unicase::UniCase;

/// The text without its case and without its spelling in Unicode: canonical caseless matching (Unicode, definition
/// D145). Two texts of an attribute that is not `caseExact` are the same exactly where these are: in a filter, in a
/// look-up's key, in the lock that keeps a `userName` unique.
///
/// ```
/// use stoa_scim::text::folded;
///
/// assert_eq!(folded("Jose\u{301}'s TEAM"), folded("JOS\u{c9}'S team"));
/// assert_ne!(folded("jose"), folded("jos\u{e9}"));
/// ```
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let normalizer = DecomposingNormalizerBorrowed::new_nfd();
    let decomposed = normalizer.normalize(text);
    let caseless = UniCase::unicode(&*decomposed).to_folded_case();
    normalizer.normalize(&caseless).into_owned()
}

/// Whether two texts have one normal form.
pub(crate) fn is_same_text(left: &str, right: &str) -> bool {
    match left.is_ascii() && right.is_ascii() {
        true => left.eq_ignore_ascii_case(right),
        false => folded(left) == folded(right),
    }
}

/// A name from a request, as a refusal or a note may repeat it: short, and nothing in it that commands a terminal.
pub(crate) fn quoted(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() { c } else { '\u{fffd}' };
    let mut chars = name.chars();
    let mut short: String = chars.by_ref().take(crate::limits::QUOTED_CHARS).map(plain).collect();
    if chars.next().is_some() {
        short.push('\u{2026}');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_spelling_do_not_count_and_nothing_else_is_lost() {
        let same = [
            ("TestGroup", "TESTGROUP"),
            ("Stra\u{df}e", "STRASSE"),
            ("\u{3a3}\u{3af}\u{3c3}\u{3c5}\u{3c6}\u{3bf}\u{3c2}", "\u{3a3}\u{38a}\u{3a3}\u{3a5}\u{3a6}\u{39f}\u{3a3}"),
            ("\u{e5}", "A\u{30a}"),
            ("\u{212a}elvin", "kelvin"),
            ("\u{1f80}", "\u{1f88}"),
            // An accent and an iota below, in either order: the iota is a letter of its own once it is folded.
            ("\u{1fb4}", "\u{3b1}\u{345}\u{301}"),
        ];
        for (left, right) in same {
            assert_eq!(folded(left), folded(right), "{left} {right}");
            assert!(is_same_text(left, right), "{left} {right}");
            assert_eq!(folded(&folded(left)), folded(left), "{left}: not stable");
        }
        // Another letter, another width, another blank: other texts.
        for (left, right) in
            [("ada", "\u{430}da"), ("a", "\u{ff41}"), ("a b", "a\u{a0}b"), ("i", "\u{131}"), ("a", "a ")]
        {
            assert_ne!(folded(left), folded(right), "{left} {right}");
            assert!(!is_same_text(left, right), "{left} {right}");
        }
    }

    #[test]
    fn what_is_repeated_is_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}\n"), "a\u{fffd}[2J\u{fffd}\u{fffd}");
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), crate::limits::QUOTED_CHARS + 1);
    }
}
