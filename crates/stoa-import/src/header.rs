//! Which column means what.

use std::collections::{BTreeMap, BTreeSet};

use stoa_core::connection::Column;

use crate::preset::Preset;

/// How a customer's file names its columns; what it does not say is found by the presets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The system that wrote the file.
    pub preset: Option<Preset>,
    /// Columns by the names that the file has for them.
    pub columns: BTreeMap<Column, String>,
}

impl Mapping {
    /// How a file is read whose people have addresses in these domains. The same bytes that are read otherwise are another
    /// file: which rows count differs.
    pub fn reading(&self, domains: &[String]) -> String {
        let columns: String = self.columns.iter().map(|(column, name)| format!("{column}={name}\n")).collect();
        let preset = self.preset.map_or("", |preset| preset.as_str());
        let owned: BTreeSet<&String> = domains.iter().collect();
        let owned: String = owned.into_iter().map(|own| format!("domain={own}\n")).collect();
        format!("{preset}\n{columns}{owned}")
    }
}

/// Why a header cannot be used. The whole file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// There is no row.
    #[error("the file is empty")]
    Empty,
    /// The first row is none that can be read.
    #[error("the first row is not a header: {0}")]
    Unreadable(crate::rejection::Why),
    /// No column is known as the one with addresses.
    #[error("no column is called like one with email addresses; {0}")]
    NoEmail(String),
    /// The connection's file names a column that is not there.
    #[error("{column} is to be in the column {name:?}, which is not there; {there}")]
    Missing {
        /// What is missing.
        column: Column,
        /// What the connection's file calls it.
        name: String,
        /// What there is.
        there: String,
    },
    /// Two columns have the name that is looked for.
    #[error("two columns are called {0:?}")]
    Twice(String),
}

/// Where each column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: usize,
    pub(crate) preset: Option<Preset>,
    pub(crate) places: BTreeMap<Column, usize>,
}

impl Header {
    pub(crate) fn read(cells: &[String], mapping: &Mapping) -> Result<Self, HeaderError> {
        let there: Vec<String> = cells.iter().map(|cell| folded(cell)).collect();
        let place = |name: &str| -> Result<Option<usize>, HeaderError> {
            let name = folded(name);
            let mut places = there.iter().enumerate().filter(|(_, own)| **own == name && !name.is_empty());
            let first = places.next().map(|(at, _)| at);
            if places.next().is_some() { Err(HeaderError::Twice(name)) } else { Ok(first) }
        };
        let preset = mapping.preset.or_else(|| guess(&there, mapping.columns.contains_key(&Column::Email)));
        let mut places = BTreeMap::new();
        for column in Column::ALL {
            let found = match mapping.columns.get(column) {
                Some(name) => {
                    let missing =
                        || HeaderError::Missing { column: *column, name: name.clone(), there: list(cells, mapping) };
                    Some(place(name)?.ok_or_else(missing)?)
                }
                None => {
                    let mut found = None;
                    for name in preset.map_or(&[][..], |preset| preset.names(*column)) {
                        found = place(name)?;
                        if found.is_some() {
                            break;
                        }
                    }
                    found
                }
            };
            if let Some(at) = found {
                places.insert(*column, at);
            }
        }
        if !places.contains_key(&Column::Email) {
            return Err(HeaderError::NoEmail(list(cells, mapping)));
        }
        Ok(Self { width: cells.len(), preset, places })
    }
}

/// The system with a name of its own in the header; else the plain words. Either has an address, if it is not named by
/// hand.
fn guess(there: &[String], names_email: bool) -> Option<Preset> {
    let has = |name: &str| there.contains(&folded(name));
    let has_email = |preset: &Preset| names_email || preset.names(Column::Email).iter().any(|name| has(name));
    let marked = Preset::ALL.iter().find(|preset| preset.marks().iter().any(|name| has(name)) && has_email(preset));
    marked.or_else(|| Preset::ALL.iter().rev().find(|preset| has_email(preset))).copied()
}

/// Letters and digits, in lower case: `Email - Primary Work`, `email_primary_work` and `EmailPrimaryWork` are one.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// So many cells have to be names of columns that are known for a row to be a header.
const KNOWN: usize = 2;
/// Names of columns that also stand in cells: of a status, of a kind of contract.
const HELD_TOO: [&str; 2] = ["active", "employee"];
/// What a cell stands for that is not repeated.
const MASKED: &str = "…";

/// What the first row is. In a file without a header it is somebody, and nothing of it is repeated. Otherwise at most
/// twenty names, cut, and none with a number in it, as an id, a date and a phone number have.
fn list(cells: &[String], mapping: &Mapping) -> String {
    let known = cells.iter().filter(|cell| is_known(cell, mapping)).count();
    if known < KNOWN.min(cells.len()) || cells.iter().any(|cell| is_address(cell)) {
        let count = cells.len();
        return format!("too few of the {count} cells of the first row are names of columns: is there a header?");
    }
    let names = cells.iter().take(20).map(|cell| match cell.chars().any(char::is_numeric) {
        true => MASKED.to_owned(),
        false => format!("{:?}", cell.chars().take(40).collect::<String>()),
    });
    format!("there are: {}", names.collect::<Vec<_>>().join(", "))
}

/// Whether some system, or the connection's file, has a column of this name.
fn is_known(cell: &str, mapping: &Mapping) -> bool {
    let name = folded(cell);
    let of_systems = Preset::ALL.iter().flat_map(|preset| {
        let names = Column::ALL.iter().flat_map(|column| preset.names(*column));
        names.chain(preset.marks()).copied()
    });
    let mut names = of_systems.chain(mapping.columns.values().map(String::as_str));
    !name.is_empty() && !HELD_TOO.contains(&name.as_str()) && names.any(|known| folded(known) == name)
}

fn is_address(cell: &str) -> bool {
    cell.contains(['@', '＠'])
}
