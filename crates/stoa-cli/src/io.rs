//! What the command reads and writes, so that tests can hold it in their hands.

use std::io::{BufRead, ErrorKind, Read, Write};

use clap::error::{ContextKind, ContextValue};
use stoa_core::invisible::visible;
use stoa_service::Variables;

use crate::CliError;

/// The longest line that somebody types, in bytes.
const MOST_TYPED: u64 = 4096;

/// Standard input.
pub enum Input {
    /// Somebody types, and what they type can be seen. They can be asked.
    Terminal(Box<dyn BufRead>),
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
    /// Writes a line to standard output. Whoever wrote parts of it, they neither command the terminal nor begin another
    /// line.
    pub(crate) fn say(&mut self, line: &str) -> Result<(), CliError> {
        self.say_lines(&visible(line))
    }

    /// Writes several lines, of which each part that a stranger may have written has been made [`visible`].
    pub(crate) fn say_lines(&mut self, text: &str) -> Result<(), CliError> {
        let text = inert(text);
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.write_all(b"\n")).map_err(CliError::Output)
    }

    /// Draws a line over the one that was drawn before, if somebody is at the terminal. An empty one ends it.
    pub(crate) fn draw(&mut self, line: &str) -> Result<(), CliError> {
        if matches!(self.input, Input::Piped(_)) {
            return Ok(());
        }
        let end = if line.is_empty() { "\n" } else { "" };
        let drawn = self.err.write_all(format!("\r{}{end}", visible(line)).as_bytes());
        drawn.and_then(|()| self.err.flush()).map_err(CliError::Output)
    }

    /// Asks whoever is at the terminal, and returns the line that they type. `None`: nobody is there.
    pub(crate) fn ask(&mut self, question: &str) -> Result<Option<String>, CliError> {
        let Input::Terminal(typed) = &mut self.input else { return Ok(None) };
        self.out.write_all(visible(question).as_bytes()).and_then(|()| self.out.flush()).map_err(CliError::Output)?;
        let mut line = String::new();
        typed.take(MOST_TYPED).read_line(&mut line).map_err(CliError::Input)?;
        Ok(Some(line.trim().to_owned()))
    }

    /// Reports an error and what to do about it.
    pub(crate) fn report(&mut self, error: &CliError) -> u8 {
        // Whoever reads, such as `head`, has seen enough.
        if matches!(error, CliError::Output(error) if error.kind() == ErrorKind::BrokenPipe) {
            return error.exit_code();
        }
        let said = error.to_string();
        let said = if error.shows_lines() { inert(&said) } else { visible(&said) };
        let mut text = format!("error: {said}\n");
        if let Some(advice) = error.advice() {
            text.push_str(&format!("  {}\n", visible(&advice)));
        }
        // There is nowhere to report that standard error is closed.
        let _ = self.err.write_all(text.as_bytes());
        error.exit_code()
    }

    /// Help, version, or a mistake in the arguments.
    pub(crate) fn usage(&mut self, mut error: clap::Error) -> u8 {
        // What was typed, or pasted, is repeated as one line.
        let repeated: Vec<(ContextKind, ContextValue)> = error
            .context()
            .filter_map(|(kind, value)| match value {
                ContextValue::String(text) => Some((kind, ContextValue::String(visible(text)))),
                ContextValue::Strings(texts) => {
                    Some((kind, ContextValue::Strings(texts.iter().map(|text| visible(text)).collect())))
                }
                _ => None,
            })
            .collect();
        for (kind, value) in repeated {
            error.insert(kind, value);
        }
        let stream = if error.use_stderr() { &mut *self.err } else { &mut *self.out };
        let _ = stream.write_all(inert(&error.render().to_string()).as_bytes());
        if error.use_stderr() { 2 } else { 0 }
    }
}

/// Lines, with all else that nobody sees as `\u{…}`.
fn inert(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// A word of a shell's, for a command to paste: as it is where a shell reads it as one word, else in quotes.
pub(crate) fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | '%' | ':' | ',');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\u{1b}]52;c;eA==\u{7}\u{1b}[2K\r\t\u{9b}2J\u{202e}moc\u{2066}\u{200b}\u{feff}\u{e0041}";

    #[test]
    fn nothing_that_is_printed_commands_the_terminal_or_makes_up_a_line() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut io = Io {
            input: Input::Terminal(Box::new(std::io::empty())),
            out: &mut out,
            err: &mut err,
            environment: std::iter::empty::<(String, String)>().collect(),
        };
        io.say(&format!("José, e\u{301}, 名\n{HOSTILE}")).unwrap();
        io.say_lines(&format!("two\nlines{HOSTILE}")).unwrap();
        io.report(&CliError::NoLogin(format!("x\n{HOSTILE}")));
        let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
        assert!(out.starts_with("José, e\u{301}, 名\\n\\u{1b}]52;"), "{out}");
        assert_eq!((out.lines().count(), err.lines().count()), (3, 1), "{out}{err}");
        for text in [&out, &err] {
            assert!(text.contains(r"\u{9b}2J\u{202e}moc\u{2066}\u{200b}\u{feff}\u{e0041}"), "{text}");
            assert!(
                !text.chars().any(|c| c != '\n' && (c.is_control() || HOSTILE.contains(c) && !c.is_ascii())),
                "{text}"
            );
        }
    }

    #[test]
    fn whoever_reads_no_further_is_not_told_of_it() {
        let report = |kind: ErrorKind| {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let input = Input::Piped(Box::new(std::io::empty()));
            let environment = std::iter::empty::<(String, String)>().collect();
            let mut io = Io { input, out: &mut out, err: &mut err, environment };
            (io.report(&CliError::Output(kind.into())), err.is_empty())
        };
        assert_eq!(report(ErrorKind::BrokenPipe), (1, true));
        assert_eq!(report(ErrorKind::StorageFull), (1, false));
    }

    #[test]
    fn a_path_in_a_command_is_one_word() {
        for (path, shown) in [
            ("connections/pg-1.toml", "connections/pg-1.toml"),
            ("my files", "'my files'"),
            ("a;id", "'a;id'"),
            ("it's", r"'it'\''s'"),
            ("~", "'~'"),
            ("", "''"),
        ] {
            assert_eq!(word(path), shown);
        }
    }
}
