//! Characters that nobody sees, and that change what is seen: they turn the order of letters around, or make two names
//! that look the same.

/// Whether a character is a control, a mark of direction, a separator of lines, a joiner, a filler or a tag (Unicode's
/// general categories Cc, Cf, Zl and Zp and the Hangul fillers; of Cf not the few that are signs of their own).
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Whether it is one that names are written with all the same: Persian and Indic letters are kept apart or together by
/// a non-joiner and a joiner.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// A stranger's text on one line, with whatever nobody sees as `\u{…}`: it neither commands a terminal nor makes up a
/// line of its own.
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => visible.push_str("\\n"),
            c if is_invisible(c) => visible.extend(c.escape_unicode()),
            c => visible.push(c),
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_visible_and_what_commands_is_not() {
        let written = "José e\u{301} 名 Ирина نور\u{600} 葛\u{e0100} ❤\u{fe0f} 👩 -'’.\u{a0}";
        assert!(!written.chars().any(is_invisible));
        let commands = "\0\n\u{1b}\u{7f}\u{85}\u{9b}\u{200b}\u{200d}\u{200e}\u{202a}\u{202e}\u{2028}\u{2066}\u{2069}\u{feff}\u{e0041}";
        assert!(commands.chars().all(is_invisible));
        assert_eq!(commands.chars().filter(|c| is_joiner(*c)).count(), 1);
    }
}
