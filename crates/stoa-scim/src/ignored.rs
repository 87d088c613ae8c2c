//! What was left out of a request that is otherwise done.

use crate::limits::IGNORED_NAMES;
use crate::text::quoted;

/// The names of attributes that nobody defined here. A person is not held up by one (an administrator maps one too
/// many, and nobody would be updated any more); the log says which. Names only: a value may be personal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    names: Vec<String>,
    count: usize,
}

impl Ignored {
    /// The first of the names, as the client wrote them, shortened.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether everything was understood.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn note(&mut self, name: &str) {
        self.count += 1;
        let name = quoted(name);
        if self.names.len() < IGNORED_NAMES && !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Of an attribute within another.
    pub(crate) fn note_within(&mut self, attribute: &str, name: &str) {
        self.note(&format!("{attribute}.{name}"));
    }
}
