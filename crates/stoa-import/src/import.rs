//! A file, from its first byte to its last row.

use std::collections::BTreeMap;

use stoa_core::connection::Column;
use stoa_core::directory::FileRow;

use crate::doubles::Doubles;
use crate::encoding::{Encoding, Letters, SNIFFED};
use crate::header::{Header, HeaderError, Mapping};
use crate::person::Person;
use crate::preset::Preset;
use crate::records::{Cells, Record, Records};
use crate::rejection::{Rejection, Why};
use crate::separator::Separator;

/// The most people that a file may name.
pub const MAX_ROWS: usize = 250_000;

/// What a row of the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Somebody.
    Person {
        /// The line that it begins on, counted from 1.
        line: u64,
        /// The person that the row names.
        person: Person,
    },
    /// Nobody who can be used.
    Rejected(Rejection),
}

/// What a file was seen to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How it writes letters.
    pub encoding: Encoding,
    /// What stands between its cells.
    pub separator: Separator,
    /// Which system's columns it has, as far as that was asked.
    pub preset: Option<Preset>,
    /// Which columns were found, and in which place, counted from 0.
    pub columns: BTreeMap<Column, usize>,
}

impl Seen {
    /// What is asked of the directory about a person of the file. A column that it does not have says nothing; an empty
    /// cell says that there is nothing.
    pub fn file_row(&self, line: u64, person: &Person) -> FileRow {
        let has = |column| self.columns.contains_key(&column);
        let text = |column, text: &Option<String>| has(column).then(|| text.clone().unwrap_or_default());
        FileRow {
            line,
            email: person.email.as_str().to_owned(),
            external_id: text(Column::ExternalId, &person.external_id),
            first_name: text(Column::FirstName, &person.first_name),
            last_name: text(Column::LastName, &person.last_name),
            company: text(Column::Company, &person.company),
            groups: has(Column::Groups).then(|| person.groups.clone()),
            active: person.is_active,
        }
    }
}

/// A file on its way.
pub struct Import {
    rules: Rules,
    stage: Stage,
}

/// What is asked of each row.
struct Rules {
    mapping: Mapping,
    domains: Vec<String>,
    header: Option<Result<Header, HeaderError>>,
    doubles: Doubles,
    is_over: bool,
}

/// A file whose beginning has been seen.
struct Reading {
    letters: Letters,
    separator: Separator,
    records: Records,
    decoded: Vec<u8>,
}

enum Stage {
    /// The first bytes, from which everything else is guessed.
    Begin(Vec<u8>),
    Reading(Box<Reading>),
}

impl Import {
    /// Of a file whose people have addresses in these domains.
    pub fn new(mapping: Mapping, domains: Vec<String>) -> Self {
        let doubles = Doubles::default();
        let rules = Rules { mapping, domains, header: None, doubles, is_over: false };
        Self { rules, stage: Stage::Begin(Vec::new()) }
    }

    /// The next bytes of the file. Each row that ends in them is handed on, until the header turns out to be none.
    pub fn feed(&mut self, bytes: &[u8], mut row: impl FnMut(Row)) -> Result<(), HeaderError> {
        match &mut self.stage {
            Stage::Begin(first) => {
                first.extend_from_slice(bytes);
                if first.len() < SNIFFED {
                    return Ok(());
                }
                let first = std::mem::take(first);
                self.begin(&first, false, &mut row)
            }
            Stage::Reading(_) => self.read(bytes, false, &mut row),
        }
    }

    /// The file has ended.
    pub fn end(&mut self, mut row: impl FnMut(Row)) -> Result<Seen, HeaderError> {
        match &mut self.stage {
            Stage::Begin(first) => {
                let first = std::mem::take(first);
                self.begin(&first, true, &mut row)?;
            }
            Stage::Reading(_) => self.read(&[], true, &mut row)?,
        }
        match (self.seen(), &self.rules.header) {
            (Some(seen), Some(Ok(_))) => Ok(seen),
            (_, Some(Err(error))) => Err(error.clone()),
            (_, Some(Ok(_)) | None) => Err(HeaderError::Empty),
        }
    }

    /// What the file was seen to be so far.
    pub fn seen(&self) -> Option<Seen> {
        let (Stage::Reading(reading), Some(Ok(header))) = (&self.stage, &self.rules.header) else { return None };
        let (encoding, columns) = (reading.letters.encoding, header.places.clone());
        Some(Seen { encoding, separator: reading.separator, preset: header.preset, columns })
    }

    fn begin(&mut self, first: &[u8], is_last: bool, row: &mut impl FnMut(Row)) -> Result<(), HeaderError> {
        let (mut letters, mark) = Letters::sniff(first);
        let mut decoded = Vec::new();
        letters.next(first.get(mark..).unwrap_or_default(), is_last, &mut decoded);
        let (separator, said) = Separator::sniff(&decoded);
        // Excel's own line about the separator is the first.
        let line = if said > 0 { 2 } else { 1 };
        let mut records = Records::new(separator.byte(), line);
        let rules = &mut self.rules;
        records.feed(decoded.get(said..).unwrap_or_default(), |at, record| rules.row(&mut letters, at, &record, row));
        if is_last {
            records.end(|at, record| rules.row(&mut letters, at, &record, row));
        }
        decoded.clear();
        self.stage = Stage::Reading(Box::new(Reading { letters, separator, records, decoded }));
        self.outcome()
    }

    fn read(&mut self, bytes: &[u8], is_last: bool, row: &mut impl FnMut(Row)) -> Result<(), HeaderError> {
        let Stage::Reading(reading) = &mut self.stage else { return Ok(()) };
        let Reading { letters, records, decoded, .. } = &mut **reading;
        let rules = &mut self.rules;
        // UTF-16 grows: piece by piece, so that what is held does not grow with what is handed over.
        for piece in bytes.chunks(SNIFFED) {
            decoded.clear();
            letters.next(piece, false, decoded);
            records.feed(decoded, |at, record| rules.row(letters, at, &record, row));
        }
        if is_last {
            decoded.clear();
            letters.next(&[], true, decoded);
            records.feed(decoded, |at, record| rules.row(letters, at, &record, row));
            records.end(|at, record| rules.row(letters, at, &record, row));
        }
        self.outcome()
    }

    fn outcome(&self) -> Result<(), HeaderError> {
        match &self.rules.header {
            Some(Err(error)) => Err(error.clone()),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}

impl Rules {
    fn row(&mut self, letters: &mut Letters, line: u64, record: &Record<'_>, row: &mut impl FnMut(Row)) {
        let cells = match record {
            Record::Cells(cells) => texts(letters, *cells),
            Record::TooLong => Err(Why::TooLong),
            Record::TooWide => Err(Why::TooWide),
        };
        let header = match &self.header {
            Some(Ok(header)) => header,
            Some(Err(_)) => return,
            None => {
                let header = cells.map_err(HeaderError::Unreadable);
                self.header = Some(header.and_then(|cells| Header::read(&cells, &self.mapping)));
                return;
            }
        };
        if is_labels(header, line, &cells) || self.is_over {
            return;
        }
        let read = cells.and_then(|cells| person(&cells, header, &self.domains));
        let read = match read {
            Ok(_) if self.doubles.len() >= MAX_ROWS => {
                self.is_over = true;
                Err(Why::TooMany)
            }
            Ok(person) => self.doubles.note(&person, line).map(|()| person),
            Err(why) => Err(why),
        };
        row(match read {
            Ok(person) => Row::Person { line, person },
            Err(why) => Row::Rejected(Rejection { line, why }),
        });
    }
}

fn person(cells: &[String], header: &Header, domains: &[String]) -> Result<Person, Why> {
    // Cells without anything behind the last column are what a spreadsheet leaves of a column that was cleared.
    let extra = cells.get(header.width..).unwrap_or_default();
    if cells.len() < header.width || extra.iter().any(|cell| !cell.trim().is_empty()) {
        return Err(Why::Cells { wanted: header.width, got: cells.len() });
    }
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    Person::read(&cells, header, domains)
}

/// A second header: SuccessFactors writes its columns' labels below their names.
fn is_labels(header: &Header, line: u64, cells: &Result<Vec<String>, Why>) -> bool {
    let Ok(cells) = cells else { return false };
    let email = header.places.get(&Column::Email).and_then(|at| cells.get(*at));
    header.preset == Some(Preset::SuccessFactors) && line == 2 && email.is_some_and(|cell| !cell.contains('@'))
}

/// The cells of a row as text. The whole row has one encoding, so it is read as one, and cut where the cells are.
fn texts(letters: &mut Letters, cells: Cells<'_>) -> Result<Vec<String>, Why> {
    letters.text(cells.all()).ok_or(Why::Encoding)?;
    cells.iter().map(|cell| letters.text(cell).ok_or(Why::Encoding)).collect()
}
