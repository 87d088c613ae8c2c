//! Why a connection does not count as tested.

use std::fmt;

/// Why no test counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untested {
    /// None has succeeded within the last month.
    Never,
    /// The document has changed since.
    Earlier {
        /// The version that was tested.
        version: u32,
    },
    /// It is too long ago.
    Old {
        /// How long.
        days: i64,
    },
}

impl fmt::Display for Untested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("no test login has succeeded"),
            Self::Earlier { version } => {
                write!(f, "the last test login used version {version}, and the connection has changed since")
            }
            Self::Old { days } => write!(f, "the last test login was {days} days ago; it counts for 7 days"),
        }
    }
}
