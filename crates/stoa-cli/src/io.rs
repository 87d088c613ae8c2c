//! What the command reads and writes, so that tests can hold it in their hands.

use std::io::{Read, Write};

use stoa_service::Variables;

use crate::CliError;

/// Standard input.
pub enum Input {
    /// Somebody types, and what they type can be seen.
    Terminal,
    /// A file or another command.
    Piped(Box<dyn Read>),
}

/// The command's streams and environment.
pub struct Io<'a> {
    /// Standard input.
    pub input: Input,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// Standard error.
    pub err: &'a mut dyn Write,
    /// Environment variables.
    pub environment: Variables,
}

impl Io<'_> {
    /// Writes a text to standard output. Whoever wrote parts of it, it does not command the terminal.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), CliError> {
        let text = inert(text);
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.write_all(b"\n")).map_err(CliError::Output)
    }

    /// Reports an error and what to do about it.
    pub(crate) fn report(&mut self, error: &CliError) -> u8 {
        let mut text = format!("error: {}\n", inert(&error.to_string()));
        if let Some(advice) = error.advice() {
            text.push_str(&format!("  {}\n", inert(&advice.to_string())));
        }
        // There is nowhere to report that standard error is closed.
        let _ = self.err.write_all(text.as_bytes());
        error.exit_code()
    }

    /// Help, version, or a mistake in the arguments.
    pub(crate) fn usage(&mut self, error: &clap::Error) -> u8 {
        let stream = if error.use_stderr() { &mut *self.err } else { &mut *self.out };
        let _ = stream.write_all(error.render().to_string().as_bytes());
        if error.use_stderr() { 2 } else { 0 }
    }
}

/// What a stranger wrote, on one line.
pub(crate) fn one_line(text: &str) -> String {
    inert(text).replace('\n', "\\n")
}

/// The text with all that moves a cursor, changes colors or turns the order of letters around as `\u{…}`; lines stay.
fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && (c.is_control() || is_invisible(c)) {
            inert.extend(c.escape_unicode());
        } else {
            inert.push(c);
        }
    }
    inert
}

/// Marks of direction, separators of lines, joiners, tags: nothing to see, and they change what is seen.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\u{1b}]52;c;eA==\u{7}\u{1b}[2K\r\t\u{9b}2J\u{202e}moc\u{2066}\u{200b}\u{feff}\u{e0041}";

    #[test]
    fn nothing_that_is_printed_commands_the_terminal() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut io = Io {
            input: Input::Terminal,
            out: &mut out,
            err: &mut err,
            environment: std::iter::empty::<(String, String)>().collect(),
        };
        io.say(&format!("José, e\u{301}, 名\n{HOSTILE}")).unwrap();
        io.report(&CliError::NoLogin(HOSTILE.to_owned()));
        let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
        assert!(out.starts_with("José, e\u{301}, 名\n\\u{1b}]52;"), "{out}");
        for text in [&out, &err] {
            assert!(text.contains(r"\u{9b}2J\u{202e}moc\u{2066}\u{200b}\u{feff}\u{e0041}"), "{text}");
            assert!(
                !text.chars().any(|c| c != '\n' && (c.is_control() || HOSTILE.contains(c) && !c.is_ascii())),
                "{text}"
            );
        }
    }

    #[test]
    fn a_stranger_s_lines_are_one() {
        assert_eq!(one_line("key\nSHA-256 00\u{85}"), r"key\nSHA-256 00\u{85}");
    }
}
