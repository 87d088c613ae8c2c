//! A file, piece by piece: what is held of it is bounded however long it is.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use stoa_import::{Import, Mapping, Row, Seen};
use stoa_service::operator::FileDigest;

use crate::CliError;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A file on its way.
pub(super) struct Reading {
    path: PathBuf,
    file: File,
    import: Import,
    digest: FileDigest,
    piece: Vec<u8>,
    seen: Option<Seen>,
}

impl Reading {
    pub(super) fn begin(path: &Path, mapping: Mapping, domains: Vec<String>) -> Result<Self, CliError> {
        let file = File::open(path).map_err(|source| CliError::File { path: path.to_owned(), source })?;
        let digest = FileDigest::new(&mapping.reading(&domains));
        let import = Import::new(mapping, domains);
        Ok(Self { path: path.to_owned(), file, import, digest, piece: vec![0; PIECE], seen: None })
    }

    /// The rows of the next piece. `false`: these were the last.
    pub(super) fn next(&mut self, rows: &mut Vec<Row>) -> Result<bool, CliError> {
        let unread = |source| CliError::File { path: self.path.clone(), source };
        let length = self.file.read(&mut self.piece).map_err(unread)?;
        let bytes = self.piece.get(..length).unwrap_or_default();
        self.digest.feed(bytes);
        let unusable = |source| CliError::Import { path: self.path.clone(), source };
        if bytes.is_empty() {
            self.seen = Some(self.import.end(|row| rows.push(row)).map_err(unusable)?);
            return Ok(false);
        }
        self.import.feed(bytes, |row| rows.push(row)).map_err(unusable)?;
        Ok(true)
    }

    /// What the file was seen to be so far.
    pub(super) fn seen(&self) -> Option<Seen> {
        self.seen.clone().or_else(|| self.import.seen())
    }

    /// What the file was, and what it is known by.
    pub(super) fn end(self) -> Result<(Seen, String), CliError> {
        let seen = self.seen.ok_or(CliError::Import { path: self.path, source: stoa_import::HeaderError::Empty })?;
        Ok((seen, self.digest.finish()))
    }

    /// Which file it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}
