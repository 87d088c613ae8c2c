//! People from a file that a customer's HR system wrote: what it says of whom, and which rows say nothing that can be
//! used.
//!
//! Nothing here reads a file: whoever has one hands over its bytes as they come ([`Import::feed`]), in pieces of any size,
//! and is handed one [`Row`] after the other. What is held at any time is bounded by the longest row that is taken, plus
//! an address and an id of each person (a file must not name somebody twice).
//!
//! | module | decides |
//! |---|---|
//! | `encoding` | which bytes are which letters |
//! | `separator` | where a cell ends |
//! | `records` | where a row ends, and that none is endless |
//! | `header`, `preset` | which column means what |
//! | `person` | whom a row names |
//! | `doubles` | whom an earlier row has named |
//! | `rejection` | why a row is refused |
//! | `result` | how rows are written for people to open in a spreadsheet |
//! | `upload` | whose a file is that was put into a bucket, and why nothing comes of it |
//! | `report` | what whoever sent a file reads about it |
//! | `import` | what comes after what, from the first byte to the last row |

mod doubles;
mod encoding;
mod header;
mod import;
mod person;
mod preset;
mod records;
mod rejection;
mod report;
mod result;
mod separator;
mod upload;

pub use encoding::Encoding;
pub use header::{HeaderError, Mapping};
pub use import::{Import, MAX_ROWS, Row, Seen};
pub use person::Person;
pub use preset::Preset;
pub use records::{MAX_CELLS, MAX_ROW};
pub use rejection::{Rejection, Why};
pub use report::{Before, Counts, MOST_LINES, Report, Taken};
pub use result::{harmless, write_row};
pub use separator::Separator;
pub use stoa_core::connection::Column;
pub use upload::{MAX_BYTES, Placed, UploadRefusal, begins_like};
