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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Input;

    fn drawn(input: Input) -> (String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let environment = std::iter::empty::<(String, String)>().collect();
        let mut io = Io { input, out: &mut out, err: &mut err, environment };
        let mut bar = Progress::new(300);
        for done in [100, 100, 200] {
            bar.at(done, &mut io).unwrap();
        }
        bar.end(&mut io).unwrap();
        (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn a_bar_is_drawn_in_one_line_of_a_terminal_and_nowhere_else() {
        let (out, err) = drawn(Input::Terminal(Box::new(std::io::empty())));
        let [third, two] = ["==========                    ", "====================          "];
        assert_eq!((out.as_str(), err), ("", format!("\r[{third}] 100 of 300\r[{two}] 200 of 300\r\n")));
        assert_eq!(drawn(Input::Piped(Box::new(std::io::empty()))), (String::new(), String::new()));
    }

    #[test]
    fn a_bar_is_never_longer_than_its_line() {
        assert!(bar(5, 0).ends_with("] 5 of 0") && bar(9, 3).starts_with(&format!("[{}]", "=".repeat(30))));
    }
}
