//! A customer's file of people: what becomes of its rows, and what is noted about it.
//!
//! The function `csv-import` opens, compares and writes, since the command has no secret. How far a file has come is
//! noted here, with the caller's own permission, so that one that broke off goes on where it ended.

use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use stoa_core::connection::{ConnectionDocument, Source};
use stoa_core::directory::{DIRECTORY_VERSION, FileRow, UserId};
use stoa_core::ids::ConnectionId;

use super::import_question::{ATTEMPT, ExportedPerson, ImportQuestion, ImportReply, RowOutcome, Traces};
use super::transaction::Writes;
use super::{Answerer, OperatorError, StackAccess};
use crate::store::{ImportItem, Key, ListedId, Range, Reads};

/// What a file is known by: SHA-256 of its bytes and of how its columns are read.
pub struct FileDigest(Context);

impl FileDigest {
    /// Of a file whose columns are read so.
    pub fn new(columns: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(columns.as_bytes());
        context.update(&[0]);
        Self(context)
    }

    /// The next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Hexadecimal.
    pub fn finish(self) -> String {
        self.0.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// How far a file has come, and what was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// What the file is known by.
    pub file: String,
    /// Why it is imported.
    pub reason: String,
    /// Rows that name somebody and are done.
    pub rows: u64,
    /// People who were not in the directory.
    pub new: u64,
    /// People of whom something changed.
    pub changed: u64,
    /// People who are there again.
    pub back: u64,
    /// People who are gone.
    pub gone: u64,
    /// Rows about which nothing is done.
    pub refused: u64,
}

/// The function compares a hundred people, or writes them.
fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(3 * ATTEMPT).build();
    Builder::default().timeout_config(timeouts)
}

impl StackAccess {
    /// A connection that takes people from files; another is refused before anything is read.
    pub async fn of_files(&self, connection: &ConnectionId) -> Result<ConnectionDocument, OperatorError> {
        let document = self.of_directory(connection).await?;
        match document.directory.as_ref().map(|directory| directory.source) {
            Some(Source::Csv) => Ok(document),
            Some(Source::None | Source::Scim | Source::Workos) | None => Err(OperatorError::NotCsv(connection.clone())),
        }
    }

    async fn of_directory(&self, connection: &ConnectionId) -> Result<ConnectionDocument, OperatorError> {
        let unknown = || OperatorError::NoConnection(connection.clone());
        self.current(connection).await?.ok_or_else(unknown)?.document()
    }

    /// What becomes of rows; with `write`, that is done.
    pub async fn import_rows(
        &self,
        connection: &ConnectionId,
        rows: Vec<FileRow>,
        write: bool,
    ) -> Result<Vec<RowOutcome>, OperatorError> {
        let asked = rows.len();
        let question = ImportQuestion::Rows { connection: connection.clone(), rows, write };
        match self.ask_import(&question).await? {
            ImportReply::Rows(rows) if rows.len() == asked => Ok(rows),
            _ => Err(OperatorError::Answer(Answerer::CsvImport)),
        }
    }

    /// Who of these is still there; with `write`, they leave.
    pub async fn leavers(
        &self,
        connection: &ConnectionId,
        people: &[UserId],
        write: bool,
    ) -> Result<Vec<UserId>, OperatorError> {
        let question = ImportQuestion::Leavers { connection: connection.clone(), people: people.to_vec(), write };
        match self.ask_import(&question).await? {
            ImportReply::Leavers(people) => Ok(people),
            _ => Err(OperatorError::Answer(Answerer::CsvImport)),
        }
    }

    /// What the directory has of these people, in the order of their ids.
    pub async fn exported(
        &self,
        connection: &ConnectionId,
        people: &[UserId],
    ) -> Result<Vec<ExportedPerson>, OperatorError> {
        let question = ImportQuestion::Export { connection: connection.clone(), people: people.to_vec() };
        match self.ask_import(&question).await? {
            ImportReply::Export(people) => Ok(people),
            _ => Err(OperatorError::Answer(Answerer::CsvImport)),
        }
    }

    /// What leads to a person.
    pub(super) async fn traces_of(&self, connection: &ConnectionId, person: &UserId) -> Result<Traces, OperatorError> {
        let question = ImportQuestion::Traces { connection: connection.clone(), person: person.clone() };
        match self.ask_import(&question).await? {
            ImportReply::Traces(traces) => Ok(traces),
            _ => Err(OperatorError::Answer(Answerer::CsvImport)),
        }
    }

    /// The ids of everybody in a connection's directory, in order.
    pub async fn directory_ids(&self, connection: &ConnectionId) -> Result<Vec<UserId>, OperatorError> {
        self.of_directory(connection).await?;
        let listed: Result<Vec<ListedId>, _> =
            self.tables.query(&Range::listed_users(connection), Reads::Consistent).await;
        let listed = listed.map_err(OperatorError::store("read the directory"))?;
        Ok(listed.into_iter().filter_map(|listed| UserId::parse(&listed.sk).ok()).collect())
    }

    /// How far this file has come, if it broke off.
    pub async fn import_started(
        &self,
        connection: &ConnectionId,
        file: &str,
    ) -> Result<Option<Imported>, OperatorError> {
        let item: Result<Option<ImportItem>, _> =
            self.tables.get(&Key::import_started(connection), Reads::Consistent).await;
        let item = item.map_err(OperatorError::store("read how far the file has come"))?;
        Ok(item.filter(|item| item.file == file).map(Imported::from))
    }

    /// Notes how far a file has come.
    pub async fn note_import(&self, connection: &ConnectionId, imported: &Imported) -> Result<(), OperatorError> {
        let write = Key::import_started(connection).put(&self.import_item(imported));
        let written = self.tables.write(write).await;
        written.map(drop).map_err(OperatorError::store("note how far the file has come"))
    }

    /// Notes that a file is done, by whom and why.
    pub async fn finish_import(&self, connection: &ConnectionId, imported: &Imported) -> Result<(), OperatorError> {
        let mut writes = Writes::default();
        writes.push(Key::imported(connection, Self::now()).put(&self.import_item(imported)));
        writes.push(Key::import_started(connection).delete());
        self.write("note that the file is done", writes).await
    }

    fn import_item(&self, imported: &Imported) -> ImportItem {
        let Imported { file, reason, rows, new, changed, back, gone, refused } = imported.clone();
        ImportItem { v: DIRECTORY_VERSION, by: self.by.clone(), file, reason, rows, new, changed, back, gone, refused }
    }

    async fn ask_import(&self, question: &ImportQuestion) -> Result<ImportReply, OperatorError> {
        let payload = serde_json::to_vec(question).map_err(|_| OperatorError::Unformed)?;
        let answer = self.invoke(&self.names.csv_import, payload, (Answerer::CsvImport, patient())).await?;
        match serde_json::from_slice(&answer) {
            Ok(ImportReply::Refused { fault, detail }) => {
                Err(OperatorError::Refused { who: Answerer::CsvImport, fault, detail })
            }
            Ok(ImportReply::NotUnderstood { known, .. }) => {
                Err(OperatorError::NotUnderstood { who: Answerer::CsvImport, known: known.join(", ") })
            }
            Ok(reply) => Ok(reply),
            Err(_) => Err(OperatorError::Answer(Answerer::CsvImport)),
        }
    }
}

impl From<ImportItem> for Imported {
    fn from(item: ImportItem) -> Self {
        let ImportItem { file, reason, rows, new, changed, back, gone, refused, .. } = item;
        Self { file, reason, rows, new, changed, back, gone, refused }
    }
}
