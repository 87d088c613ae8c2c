//! How far something has come, for whoever waits for it.

use crate::{CliError, Io};

/// The length of the bar, in characters.
const BAR: u64 = 30;

/// `[=======       ] 12 of 40`
pub(crate) fn bar(done: u32, of: u32) -> String {
    let full = if of == 0 { 0 } else { BAR * u64::from(done.min(of)) / u64::from(of) };
    let full = usize::try_from(full).unwrap_or_default();
    let rest = usize::try_from(BAR).unwrap_or_default() - full;
    format!("[{}{}] {done} of {of}", "=".repeat(full), " ".repeat(rest))
}

/// A bar in one line of a terminal. Where nobody sees it, nothing is drawn.
pub(crate) struct Progress {
    of: u32,
    drawn: Option<String>,
}

impl Progress {
    /// Of so many.
    pub(crate) fn new(of: u64) -> Self {
        Self { of: u32::try_from(of).unwrap_or(u32::MAX), drawn: None }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u64, io: &mut Io<'_>) -> Result<(), CliError> {
        let line = bar(u32::try_from(done).unwrap_or(u32::MAX), self.of);
        if self.drawn.as_ref() != Some(&line) {
            io.draw(&line)?;
            self.drawn = Some(line);
        }
        Ok(())
    }

    /// What follows is in lines of its own.
    pub(crate) fn end(self, io: &mut Io<'_>) -> Result<(), CliError> {
        if self.drawn.is_some() { io.draw("") } else { Ok(()) }
    }
}
