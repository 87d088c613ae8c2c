//! Why a row is refused.

use std::fmt;

use stoa_core::connection::Column;

use crate::records::{MAX_CELLS, MAX_ROW};

/// A row that names nobody who can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The line of the file that it begins on, counted from 1.
    pub line: u64,
    /// The reason, for whoever has the file.
    pub why: Why,
}

/// Why a row is refused. Quotes nothing of it: the file is full of people, and whoever has it can look at the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Why {
    /// More bytes than a row of people has.
    #[error("the row has more than {MAX_ROW} bytes; perhaps a quotation mark is opened and never closed")]
    TooLong,
    /// More cells than a row of people has.
    #[error("the row has more than {MAX_CELLS} cells")]
    TooWide,
    /// It has more or fewer cells than the header.
    #[error(
        "the row has {got} cells, and the header has {wanted}; perhaps a cell with the separator in it is not quoted"
    )]
    Cells {
        /// How many the header has.
        wanted: usize,
        /// How many the row has.
        got: usize,
    },
    /// Its bytes are no letters of the file's encoding.
    #[error("the row is not in the encoding of the rest of the file")]
    Encoding,
    /// A cell holds a character that no name, address or number has.
    #[error("{0} holds a control character")]
    Control(Column),
    /// A cell is longer than any such text.
    #[error("{0} is too long")]
    CellTooLong(Column),
    /// A cell that has to be there is empty.
    #[error("{0} is empty")]
    Empty(Column),
    /// The address is none.
    #[error("the email address is not one: local@domain in ASCII, and nothing else in the cell")]
    Email,
    /// The address is outside the connection's domains.
    #[error("the email address is outside the domains of the connection")]
    Domain,
    /// A spreadsheet has made a number of an id.
    #[error(
        "{0} is a number in exponent form (as 1.23E+05): a spreadsheet has rounded it, and the digits are lost. Export \
         again with the column as text"
    )]
    Exponent(Column),
    /// Whether the person is there or gone is said in a word that is not known.
    #[error("the status is a word that is not known")]
    Status,
    /// An earlier row names the same person, with the same details.
    #[error("the same person as in line {0}")]
    Double(u64),
    /// An earlier row has the same address and another id, or the same id and another address.
    #[error("{0} is that of line {1}, and the rest is another person's")]
    Conflict(Column, u64),
    /// The file has more people than one is taken for.
    #[error("the file has more rows than are taken")]
    TooMany,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}
