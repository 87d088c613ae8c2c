//! Rows on their way to the function `csv-import`, a hundred at a time.

use std::collections::BTreeSet;

use stoa_core::directory::{Becomes, FileRow, RowRefusal, UserId};
use stoa_core::ids::ConnectionId;
use stoa_import::Row;
use stoa_service::operator::{Imported as Done, MOST_AT_ONCE, StackAccess};

use super::reading::Reading;
use crate::arguments::Imported;
use crate::number::number;
use crate::progress::Progress;
use crate::{CliError, Io};

/// What is done with a file.
pub(super) struct Asked<'a> {
    pub(super) connection: &'a ConnectionId,
    /// What the file is known by.
    pub(super) file: &'a str,
    /// Why it is written, if it is.
    pub(super) write: Option<&'a str>,
    /// Whether it names everybody.
    pub(super) complete: bool,
    /// How many of its rows name somebody.
    pub(super) rows: u64,
}

/// What becomes of the people of a file.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) done: Done,
    unchanged: u64,
    /// Rows of an earlier run, which broke off.
    earlier: u64,
    /// Rows that the directory does not take.
    pub(super) refused: Vec<(u64, RowRefusal)>,
    /// Whom the file names, if it is to name everybody.
    named: BTreeSet<UserId>,
    /// How many have left since the file does not name them; `None`: nobody was looked for.
    pub(super) leavers: Option<u64>,
    /// Rows that cannot be used, so that nobody knows who is missing, if that is asked.
    pub(super) unused: u64,
}

/// Compares every row, and writes what differs if that is asked. A file that broke off goes on where it ended.
pub(super) async fn send(
    operator: &StackAccess,
    asked: &Asked<'_>,
    mut reading: Reading,
    io: &mut Io<'_>,
) -> Result<Compared, CliError> {
    let mut compared = begin(operator, asked, io).await?;
    let (mut bar, mut rows, mut waiting) = (Progress::new(asked.rows), Vec::new(), Vec::new());
    let (mut at, mut is_more) = (0, true);
    while is_more {
        is_more = reading.next(&mut rows)?;
        let seen = reading.seen();
        for row in rows.drain(..) {
            let (Row::Person { line, person }, Some(seen)) = (row, &seen) else {
                continue;
            };
            at += 1;
            if at > compared.earlier {
                waiting.push(seen.file_row(line, &person));
            }
        }
        while waiting.len() >= MOST_AT_ONCE || (!is_more && !waiting.is_empty()) {
            let batch = waiting.drain(..waiting.len().min(MOST_AT_ONCE)).collect();
            compare(operator, asked, batch, &mut compared).await?;
            bar.at(compared.done.rows, io)?;
        }
    }
    bar.end(io)?;
    let path = reading.path().to_owned();
    let (_, digest) = reading.end()?;
    match digest == asked.file {
        true => Ok(compared),
        false => Err(CliError::FileChanged(path)),
    }
}

async fn begin(operator: &StackAccess, asked: &Asked<'_>, io: &mut Io<'_>) -> Result<Compared, CliError> {
    let fresh =
        || Done { file: asked.file.to_owned(), reason: asked.write.unwrap_or_default().to_owned(), ..Done::default() };
    let begun = match asked.write {
        Some(_) => operator.import_started(asked.connection, asked.file).await?,
        None => None,
    };
    // Whoever is missing is known only once every row was looked at, and rows that were refused are to be named.
    let Some(begun) = begun.filter(|begun| !asked.complete && begun.refused == 0) else {
        return Ok(Compared { done: fresh(), ..Compared::default() });
    };
    let written = number(begun.rows, "row, which is written", "rows, which are written");
    io.say(&format!("goes on     behind the first {written}"))?;
    let earlier = begun.rows;
    let done = Done { reason: asked.write.unwrap_or_default().to_owned(), ..begun };
    Ok(Compared { earlier, done, ..Compared::default() })
}

async fn compare(
    operator: &StackAccess,
    asked: &Asked<'_>,
    batch: Vec<FileRow>,
    compared: &mut Compared,
) -> Result<(), CliError> {
    let outcomes = operator.import_rows(asked.connection, batch, asked.write.is_some()).await?;
    for outcome in outcomes {
        let done = &mut compared.done;
        done.rows += 1;
        match outcome.becomes {
            Becomes::New => done.new += 1,
            Becomes::Changed => done.changed += 1,
            Becomes::Back => done.back += 1,
            Becomes::Gone => done.gone += 1,
            Becomes::Unchanged => compared.unchanged += 1,
            Becomes::Refused(why) => {
                done.refused += 1;
                compared.refused.push((outcome.line, why));
            }
        }
        if asked.complete {
            compared.named.extend(outcome.user);
        }
    }
    match asked.write {
        Some(_) => Ok(operator.note_import(asked.connection, &compared.done).await?),
        None => Ok(()),
    }
}

/// Lets everybody leave whom the file does not name, and says how many that are.
pub(super) async fn leave(
    operator: &StackAccess,
    asked: &Asked<'_>,
    compared: &mut Compared,
    io: &mut Io<'_>,
) -> Result<u64, CliError> {
    let everybody = operator.directory_ids(asked.connection).await?;
    let missing: Vec<UserId> = everybody.into_iter().filter(|id| !compared.named.contains(id)).collect();
    let mut bar = Progress::new(u64::try_from(missing.len()).unwrap_or(u64::MAX));
    let (mut left, mut looked_at) = (0, 0);
    for batch in missing.chunks(MOST_AT_ONCE) {
        let leavers = operator.leavers(asked.connection, batch, asked.write.is_some()).await?;
        left += u64::try_from(leavers.len()).unwrap_or_default();
        looked_at += u64::try_from(batch.len()).unwrap_or_default();
        bar.at(looked_at, io)?;
    }
    bar.end(io)?;
    compared.done.gone += left;
    Ok(left)
}

impl Compared {
    pub(super) fn render(&self, asked: &Imported) -> Vec<String> {
        let Done { new, changed, back, gone, .. } = &self.done;
        let mut lines = vec![
            format!("new         {new}"),
            format!("changed     {changed}"),
            format!("back        {back}"),
            format!("gone        {gone}"),
            format!("unchanged   {}", self.unchanged),
        ];
        if let Some(leavers) = self.leavers {
            lines.push(format!("leavers     {leavers} of those who are gone are not in the file"));
        }
        if *gone > 10 {
            lines.push(
                "            If that is more than directory.removals allows, they keep what they have at the school until"
                    .to_owned(),
            );
            lines.push(format!("            `stoa directory release {}` lets it through.", asked.connection));
        }
        lines.push(match asked.write {
            true => "Written. The school follows within minutes.".to_owned(),
            false => "Nothing was written. --write --reason TEXT writes it.".to_owned(),
        });
        lines
    }
}
