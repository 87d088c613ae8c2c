//! What a file was seen to be, and which of its rows cannot be used.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use stoa_core::directory::RowRefusal;
use stoa_import::{Column, Rejection, Row, Seen, write_row};

/// Refused rows that are printed; the result file has all of them.
const SHOWN: usize = 20;

/// What came of a file by itself.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) seen: Option<Seen>,
    active: u64,
    gone: u64,
    pub(super) rejected: Vec<Rejection>,
    groups: BTreeMap<String, u64>,
    /// Rows that the directory does not take.
    refused: Vec<(u64, RowRefusal)>,
}

impl Checked {
    pub(super) fn note(&mut self, row: Row) {
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

    /// How many rows name somebody.
    pub(super) fn people(&self) -> u64 {
        self.active + self.gone
    }

    pub(super) fn refused_by_directory(&mut self, refused: &[(u64, RowRefusal)]) {
        self.refused = refused.to_vec();
    }

    pub(super) fn render(&self) -> Vec<String> {
        let Some(seen) = &self.seen else { return Vec::new() };
        let preset = seen.preset.map_or("the names given", |preset| preset.as_str());
        let columns = Column::ALL.iter().filter_map(|column| Some((column, seen.columns.get(column)?)));
        let columns = columns.map(|(column, at)| format!("{column} in column {}", at + 1)).collect::<Vec<_>>();
        vec![
            format!("letters     {}", seen.encoding.as_str()),
            format!("separator   {}", seen.separator.as_str()),
            format!("columns     by {preset}: {}", columns.join(", ")),
            format!("people      {} who are there, {} who are gone", self.active, self.gone),
            format!("groups      {}", groups(&self.groups)),
        ]
    }

    /// Rows that cannot be used, in the order of the file.
    fn lines(&self) -> Vec<(u64, String)> {
        let own = self.rejected.iter().map(|rejection| (rejection.line, rejection.why.to_string()));
        let refused = self.refused.iter().map(|(line, why)| (*line, why.to_string()));
        let mut lines: Vec<_> = own.chain(refused).collect();
        lines.sort_by_key(|(line, _)| *line);
        lines
    }

    pub(super) fn refusals(&self) -> Vec<String> {
        let refused = self.lines();
        let mut lines = vec![format!("not usable  {}", refused.len())];
        lines.extend(refused.iter().take(SHOWN).map(|(line, why)| format!("  line {line}: {why}")));
        if refused.len() > SHOWN {
            lines.push(format!("  and {} more; --result FILE writes all of them", refused.len() - SHOWN));
        }
        lines
    }

    pub(super) fn result(&self) -> String {
        let mut text = String::new();
        write_row(&mut text, ["line", "why"]);
        for (line, why) in self.lines() {
            write_row(&mut text, [line.to_string().as_str(), why.as_str()]);
        }
        text
    }
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
