//! What a row changes.

use crate::person::Person;

/// What becomes of a person of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// They are not in the directory yet.
    New,
    /// Something of them is another.
    Changed,
    /// They were gone, and are there again.
    Back,
    /// They were there, and the file says that they are gone.
    Gone,
    /// Nothing is to be done.
    Unchanged,
}

/// What becomes of a person, given what the directory has of them. Somebody whom nobody knows and who is gone is left
/// out: nobody is made in order to be removed.
pub fn compare(file: &Person, known: Option<&Person>) -> Change {
    match known {
        None if file.is_active => Change::New,
        None => Change::Unchanged,
        Some(known) if !known.is_active && file.is_active => Change::Back,
        Some(known) if known.is_active && !file.is_active => Change::Gone,
        // What became of the details of somebody who stays gone is nobody's concern.
        Some(known) if !known.is_active => Change::Unchanged,
        Some(known) if known == file => Change::Unchanged,
        Some(_) => Change::Changed,
    }
}
