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
    /// Writes a text to standard output.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), CliError> {
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.write_all(b"\n")).map_err(CliError::Output)
    }

    /// Reports an error and what to do about it.
    pub(crate) fn report(&mut self, error: &CliError) -> u8 {
        let mut text = format!("error: {error}\n");
        if let Some(advice) = error.advice() {
            text.push_str(&format!("  {advice}\n"));
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
