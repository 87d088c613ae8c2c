//! What the command asks the function `csv-import`, and what that answers, as JSON.
//!
//! Rows and profiles are personal, so neither questions nor answers have `Debug` that shows them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stoa_core::directory::{Becomes, FileRow, UserId};
use stoa_core::ids::{ConnectionId, EmailKey};

/// The most rows or people of one question. As many as are written within the time that the function has.
pub const MOST_AT_ONCE: usize = 100;

/// As long as the function itself may take.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(30);

/// A question.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ImportQuestion {
    /// What becomes of these people; with `write`, that is done.
    Rows {
        /// Of which connection.
        connection: ConnectionId,
        /// As the file has them, at most [`MOST_AT_ONCE`].
        rows: Vec<FileRow>,
        /// Whether it is done.
        write: bool,
    },
    /// Who of these is still there; with `write`, they leave.
    Leavers {
        /// Of which connection.
        connection: ConnectionId,
        /// At most [`MOST_AT_ONCE`].
        people: Vec<UserId>,
        /// Whether it is done.
        write: bool,
    },
    /// What the directory has of these people.
    Export {
        /// Of which connection.
        connection: ConnectionId,
        /// At most [`MOST_AT_ONCE`].
        people: Vec<UserId>,
    },
    /// Under which keys something is found that leads to a person.
    Traces {
        /// Of which connection.
        connection: ConnectionId,
        /// Their id.
        person: UserId,
    },
}

impl ImportQuestion {
    /// What is asked, as it stands in the JSON and in the log.
    pub(crate) const KNOWN: [&str; 4] = ["rows", "leavers", "export", "traces"];

    /// Its name.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Rows { .. } => Self::KNOWN[0],
            Self::Leavers { .. } => Self::KNOWN[1],
            Self::Export { .. } => Self::KNOWN[2],
            Self::Traces { .. } => Self::KNOWN[3],
        }
    }

    /// Whose directory.
    pub(crate) const fn connection(&self) -> &ConnectionId {
        match self {
            Self::Rows { connection, .. }
            | Self::Leavers { connection, .. }
            | Self::Export { connection, .. }
            | Self::Traces { connection, .. } => connection,
        }
    }
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowOutcome {
    /// Its line in the file.
    pub line: u64,
    /// What became of the person.
    pub becomes: Becomes,
    /// Who that is, if the directory has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// What the directory has of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedPerson {
    /// Their id.
    pub id: UserId,
    /// Whether they may be at the school.
    pub active: bool,
    /// When they were first written, in epoch seconds.
    pub created: i64,
    /// When what is kept of them last changed, in epoch seconds.
    pub modified: i64,
    /// Where their account is, if the connection claims its domain: their primary address, else the first one for work,
    /// else the first, else their `userName`.
    #[serde(default)]
    pub email: String,
    /// What their source wrote, in the spelling of SCIM.
    pub profile: Value,
    /// The names of their groups.
    pub groups: Vec<String>,
}

/// An item of the directory, by its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoredKey {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// What leads to a person.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Traces {
    /// The items that say that the person has a value.
    pub(crate) values: Vec<StoredKey>,
    /// The keys of their addresses at the school.
    pub(crate) emails: Vec<EmailKey>,
}

/// An answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportReply {
    /// In the order of the rows.
    Rows(Vec<RowOutcome>),
    /// Who was still there.
    Leavers(Vec<UserId>),
    /// Those whom the directory has.
    Export(Vec<ExportedPerson>),
    /// What leads to the person; nothing, if the directory does not have them.
    Traces(Traces),
    /// It could not be answered.
    Refused {
        /// The fault's code.
        fault: String,
        /// What the function noted for the operator.
        detail: Option<String>,
    },
    /// The function's version knows these questions only.
    NotUnderstood {
        /// Their names.
        known: Vec<String>,
        /// For whoever invokes it by hand.
        #[serde(default)]
        expected: String,
    },
}

impl ImportReply {
    /// What the function knows, and where questions are to be had.
    pub(crate) fn not_understood() -> Self {
        let expected = "csv-import answers the questions of `stoa import` and of `stoa directory export` and `erase`, \
                        each an object with the question's name as its one member. events/csv-import/ has some.";
        Self::NotUnderstood { known: ImportQuestion::KNOWN.map(str::to_owned).to_vec(), expected: expected.to_owned() }
    }
}
