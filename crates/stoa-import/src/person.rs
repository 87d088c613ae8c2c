//! Whom a row names.

use std::collections::BTreeSet;
use std::fmt;

use stoa_core::connection::Column;
use stoa_core::email::Email;

use crate::header::Header;
use crate::rejection::Why;

/// The longest cell that is read, in characters.
const MAX_CELL: usize = 256;
/// The most groups of a person.
const MAX_GROUPS: usize = 64;

/// A person as the file has them.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// The address, in normal form.
    pub email: Email,
    /// The HR system's id, character for character: `00123` is not `123`.
    pub external_id: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// Which part of the customer they work for.
    pub company: Option<String>,
    /// What they belong to.
    pub groups: BTreeSet<String>,
    /// Whether they are there.
    pub is_active: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("is_active", &self.is_active).finish_non_exhaustive()
    }
}

impl Person {
    pub(crate) fn read(cells: &[&str], header: &Header, domains: &[String]) -> Result<Self, Why> {
        let row = Cells { cells, header };
        let email = row.text(Column::Email)?.ok_or(Why::Empty(Column::Email))?;
        let email = Email::parse(&email).map_err(|_| Why::Email)?;
        if !domains.iter().any(|domain| domain == email.domain()) {
            return Err(Why::Domain);
        }
        let external_id = row.text(Column::ExternalId)?;
        if header.places.contains_key(&Column::ExternalId) && external_id.is_none() {
            return Err(Why::Empty(Column::ExternalId));
        }
        if external_id.as_deref().is_some_and(is_in_exponent_form) {
            return Err(Why::Exponent(Column::ExternalId));
        }
        let groups: BTreeSet<String> = row
            .text(Column::Groups)?
            .iter()
            .flat_map(|cell| cell.split('|'))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if groups.len() > MAX_GROUPS {
            return Err(Why::CellTooLong(Column::Groups));
        }
        Ok(Self {
            email,
            external_id,
            first_name: row.text(Column::FirstName)?,
            last_name: row.text(Column::LastName)?,
            company: row.text(Column::Company)?,
            groups,
            is_active: row.text(Column::Status)?.map_or(Ok(true), |said| is_active(&said))?,
        })
    }
}

struct Cells<'a> {
    cells: &'a [&'a str],
    header: &'a Header,
}

impl Cells<'_> {
    /// A cell's text without blanks around it; `None`: there is no such column, or nothing in it.
    fn text(&self, column: Column) -> Result<Option<String>, Why> {
        let cell = self.header.places.get(&column).and_then(|at| self.cells.get(*at)).copied().unwrap_or_default();
        // A tab or the end of a line around a text is a blank; within it, it is none that a name has.
        let cell = cell.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}');
        if cell.chars().any(char::is_control) {
            return Err(Why::Control(column));
        }
        if cell.chars().count() > MAX_CELL {
            return Err(Why::CellTooLong(column));
        }
        Ok((!cell.is_empty()).then(|| cell.to_owned()))
    }
}

/// `1.23E+05`, as a spreadsheet shows a long number, in any country. `12E5` is what it makes of the id 12E5 too, which
/// cannot be told from it any more.
fn is_in_exponent_form(id: &str) -> bool {
    let Some((number, exponent)) = id.split_once(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = number.split_once(['.', ',']).map_or((number, "0"), |(whole, part)| (whole, part));
    are_digits(whole.strip_prefix('-').unwrap_or(whole)) && are_digits(part) && are_digits(exponent)
}

/// What HR systems write. A word that is not known is no reason to take somebody's courses away, nor to give any.
fn is_active(said: &str) -> Result<bool, Why> {
    const HERE: &[&str] = &[
        "1",
        "true",
        "t",
        "yes",
        "y",
        "ja",
        "active",
        "aktiv",
        "a",
        "employed",
        "on leave",
        "leave",
        "paid leave",
        "unpaid leave",
        "full-time",
        "part-time",
        "full time",
        "part time",
        "contractor",
        "intern",
    ];
    const GONE: &[&str] = &[
        "0",
        "false",
        "f",
        "no",
        "n",
        "nein",
        "inactive",
        "inaktiv",
        "i",
        "terminated",
        "retired",
        "left",
        "deceased",
        "deleted",
        "disabled",
    ];
    let said = said.to_lowercase();
    let is_in = |words: &[&str]| words.contains(&said.as_str());
    if is_in(HERE) {
        Ok(true)
    } else if is_in(GONE) {
        Ok(false)
    } else {
        Err(Why::Status)
    }
}
