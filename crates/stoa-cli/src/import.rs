//! `stoa import`: people from a file of a customer's HR system.
//!
//! It reads the file as it is, says what it took it for, and names each row that cannot be used by its line. The file
//! itself leaves this machine in no case.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use stoa_import::{Column, Import, Mapping, Rejection, Row, Seen, write_row};
use stoa_service::operator::OperatorError;

use crate::arguments::{Imported, Target};
use crate::{CliError, Io, private_file};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// Refused rows that are printed; the result file has all of them.
const SHOWN: usize = 20;

/// What came of a file.
#[derive(Default)]
struct Counted {
    active: u64,
    gone: u64,
    rejected: Vec<Rejection>,
    groups: BTreeMap<String, u64>,
}

impl Counted {
    fn note(&mut self, row: Row) {
        match row {
            Row::Person { person, .. } => {
                let count = if person.is_active { &mut self.active } else { &mut self.gone };
                *count += 1;
                for group in person.groups {
                    *self.groups.entry(group).or_default() += 1;
                }
            }
            Row::Rejected(rejection) => self.rejected.push(rejection),
        }
    }
}

pub(crate) async fn run(asked: &Imported, target: &Target, io: &mut Io<'_>) -> Result<(), CliError> {
    let operator = target.read(io)?.operator;
    let unknown = || OperatorError::NoConnection(asked.connection.clone());
    let connection = operator.current(&asked.connection).await?.ok_or_else(unknown)?.document()?;
    let mapping = Mapping { preset: asked.preset, columns: asked.column.iter().cloned().collect() };
    let mut import = Import::new(mapping, connection.domains);
    let mut counted = Counted::default();
    let seen = read(&asked.file, &mut import, &mut counted)?;
    for line in render(&seen, &counted) {
        io.say(&line)?;
    }
    if let Some(path) = &asked.result {
        // Lines only, and still of people: for its owner.
        let written = private_file::write(path, result(&counted.rejected).as_bytes());
        written.map_err(|source| CliError::File { path: path.clone(), source })?;
        io.say(&format!("{}: a line for each row that cannot be used", path.display()))?;
    }
    Ok(())
}

fn read(path: &Path, import: &mut Import, counted: &mut Counted) -> Result<Seen, CliError> {
    let unread = |source| CliError::File { path: path.to_owned(), source };
    let unusable = |source| CliError::Import { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(unread)?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece).map_err(unread)?;
        let bytes = piece.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            return import.end(|row| counted.note(row)).map_err(unusable);
        }
        import.feed(bytes, |row| counted.note(row)).map_err(unusable)?;
    }
}

fn render(seen: &Seen, counted: &Counted) -> Vec<String> {
    let preset = seen.preset.map_or("the names given", |preset| preset.as_str());
    let columns = Column::ALL.iter().filter_map(|column| Some((column, seen.columns.get(column)?)));
    let columns = columns.map(|(column, at)| format!("{column} in column {}", at + 1)).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        format!("letters     {}", seen.encoding.as_str()),
        format!("separator   {}", seen.separator.as_str()),
        format!("columns     by {preset}: {columns}"),
        format!("people      {} who are there, {} who are gone", counted.active, counted.gone),
        format!("groups      {}", groups(&counted.groups)),
        format!("not usable  {}", counted.rejected.len()),
    ];
    lines.extend(counted.rejected.iter().take(SHOWN).map(|rejection| format!("  {rejection}")));
    if counted.rejected.len() > SHOWN {
        lines.push(format!("  and {} more; --result FILE writes all of them", counted.rejected.len() - SHOWN));
    }
    lines
}

/// The largest first: those are what grants are given to.
fn groups(groups: &BTreeMap<String, u64>) -> String {
    let mut by_size: Vec<_> = groups.iter().collect();
    by_size.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut text = String::new();
    for (name, count) in by_size.iter().take(10) {
        let _ = write!(text, "{}{name:?} {count}", if text.is_empty() { "" } else { ", " });
    }
    match by_size.len() {
        0 => "none".to_owned(),
        all if all > 10 => format!("{text}, and {} more", all - 10),
        _ => text,
    }
}

fn result(rejected: &[Rejection]) -> String {
    let mut text = String::new();
    write_row(&mut text, ["line", "why"]);
    for rejection in rejected {
        write_row(&mut text, [rejection.line.to_string().as_str(), rejection.why.to_string().as_str()]);
    }
    text
}
