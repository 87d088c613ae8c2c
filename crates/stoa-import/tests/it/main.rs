//! Files as HR systems write them, as spreadsheets mangle them, and as somebody hostile would.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod files;
mod hostile;
mod properties;

use stoa_import::{HeaderError, Import, Mapping, Row, Seen, Why};

/// What comes of a file that is handed over in pieces of this size.
pub fn import_in(file: &[u8], piece: usize, mapping: Mapping) -> Result<(Seen, Vec<Row>), HeaderError> {
    let mut import = Import::new(mapping, vec!["acme.com".to_owned(), "x.test".to_owned()]);
    let mut rows = Vec::new();
    for piece in file.chunks(piece) {
        import.feed(piece, |row| rows.push(row))?;
    }
    let seen = import.end(|row| rows.push(row))?;
    Ok((seen, rows))
}

/// The same in one piece, by the columns' own names.
pub fn import(file: &[u8]) -> Result<(Seen, Vec<Row>), HeaderError> {
    import_in(file, usize::MAX, Mapping::default())
}

/// The addresses of the people, in the order of the file.
pub fn emails(rows: &[Row]) -> Vec<&str> {
    let people = rows.iter().filter_map(|row| match row {
        Row::Person { person, .. } => Some(person.email.as_str()),
        Row::Rejected(_) => None,
    });
    people.collect()
}

/// Why which lines are refused.
pub fn refused(rows: &[Row]) -> Vec<(u64, Why)> {
    let refused = rows.iter().filter_map(|row| match row {
        Row::Person { .. } => None,
        Row::Rejected(rejection) => Some((rejection.line, rejection.why)),
    });
    refused.collect()
}
