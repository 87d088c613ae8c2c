//! One file of the bucket, from its first byte to its last row, or as far as there is time.
//!
//! A run reads the whole file: what it says of its columns, and which rows cannot be used, is at no other place. Rows that
//! an earlier run has done are only counted, so that a file of any length ends; where it names everybody, it is looked up
//! at the end whom those name, without reading the people.
//!
//! How far it has come is noted after each hundred rows, and that rows are under way before the first of a run. So what is
//! told of a file that is not taken to its end is true wherever it broke off: so many rows are done, and a hundred more may
//! be.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use stoa_core::connection::{Source, UploadsDocument};
use stoa_core::directory::{Becomes, FileRow, RowRefusal, UserId};
use stoa_core::failure::Failure;
use stoa_import::{
    Before, Counts, Import, MOST_LINES, Mapping, Placed, Report, Row, Taken, UploadRefusal, Why, begins_like,
};
use stoa_scim::ResourceType;

use super::{Desk, leave, named, take};
use crate::clients::Clients;
use crate::objects::Unread;
use crate::operator::import_question::MOST_AT_ONCE;
use crate::store::{RefusedLine, UploadItem, UploadProgress, UploadWritten};

/// Rows that the directory refused, of which a later run knows the lines. Of those of its own it knows all.
const MOST_REMEMBERED: usize = 300;

/// How a run of a file ended.
pub(super) enum Ended {
    /// There was no time for all of it.
    NotYet,
    /// Another file was put there under the same name.
    Replaced,
    /// Nothing came of it.
    Refused(UploadRefusal),
    /// It was read to its end.
    Done(Box<Report>),
}

/// What ends a run before the file ends.
enum Stop {
    Ended(Ended),
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<UploadRefusal> for Stop {
    fn from(refusal: UploadRefusal) -> Self {
        Self::Ended(Ended::Refused(refusal))
    }
}

/// A run of a file.
pub(super) struct Run<'a> {
    pub(super) clients: &'a Clients,
    /// The object's key.
    pub(super) key: &'a str,
    /// When the time is over.
    pub(super) until: Timestamp,
    /// When the youngest file was put there that was written, in epoch seconds.
    pub(super) youngest: Option<i64>,
}

/// What a run has seen.
#[derive(Default)]
struct Seen {
    lines: Vec<(u64, String)>,
    unusable: u64,
    /// Those of them that say nothing which another row does not say.
    doubles: u64,
    refused: Vec<(u64, RowRefusal)>,
    /// Whom the file names, if it is to name everybody.
    named: BTreeSet<UserId>,
    people: u64,
    /// Whether a run broke off where this one goes on: some of what it takes first may be done.
    is_torn: bool,
}

/// Which rows are looked at, counted from 1 over those that name somebody.
#[derive(Clone, Copy)]
enum Which {
    /// What those after so many say is done.
    After(u64),
    /// Whom the first so many name is looked up.
    First(u64),
}

impl Which {
    const fn has(self, row: u64) -> bool {
        match self {
            Self::After(rows) => row > rows,
            Self::First(rows) => row <= rows,
        }
    }
}

impl Run<'_> {
    pub(super) async fn read(&self, desk: &Desk<'_>, item: &mut UploadItem) -> Result<Ended, Failure> {
        match self.run(desk, item).await {
            Ok(report) => Ok(Ended::Done(Box::new(report))),
            Err(Stop::Ended(ended)) => Ok(ended),
            Err(Stop::Failed(failure)) => Err(failure),
        }
    }

    async fn run(&self, desk: &Desk<'_>, item: &mut UploadItem) -> Result<Report, Stop> {
        let uploads = self.admitted(desk, item)?;
        let domains = desk.connection.document().domains.clone();
        let columns = desk.connection.directory().map(|directory| directory.columns.clone()).unwrap_or_default();
        let mapping = Mapping { preset: None, columns };
        let reading = format!("{}{uploads:?}", mapping.reading(&domains));
        let reading: String = digest(&SHA256, reading.as_bytes()).as_ref().iter().map(|b| format!("{b:02x}")).collect();
        item.done.read_as(reading, !uploads.write);
        let earlier = item.done.rows;
        let refused = item.done.lines.iter().map(|refused| (refused.line, refused.why)).collect();
        let mut seen = Seen { refused, is_torn: item.done.perhaps > 0, ..Seen::default() };
        let reads = Reads { run: self, desk, uploads, mapping, domains };
        reads.pass(item, Which::After(earlier), &mut seen).await?;
        reads.pause(item, seen.is_torn).await?;
        let leavers = reads.leavers(item, earlier, &mut seen).await?;
        Ok(whole(uploads, item, seen, leavers))
    }

    /// What is to be done with the file, if anything is.
    fn admitted(&self, desk: &Desk<'_>, item: &UploadItem) -> Result<UploadsDocument, UploadRefusal> {
        let directory = desk.connection.directory().filter(|directory| directory.source == Source::Csv);
        let uploads = directory.ok_or(UploadRefusal::NotFromFiles)?.uploads;
        let Placed::File { name, .. } = Placed::of(self.key) else { return Err(UploadRefusal::Name) };
        UploadRefusal::by_name(&name, item.bytes)?;
        match self.youngest {
            Some(youngest) if uploads.write && item.at < youngest => Err(UploadRefusal::Overtaken),
            Some(_) | None => Ok(uploads),
        }
    }
}

/// How a file is read.
struct Reads<'a> {
    run: &'a Run<'a>,
    desk: &'a Desk<'a>,
    uploads: UploadsDocument,
    mapping: Mapping,
    domains: Vec<String>,
}

impl Reads<'_> {
    /// Reads the whole file, and looks at some of its rows.
    async fn pass(&self, item: &mut UploadItem, which: Which, seen: &mut Seen) -> Result<(), Stop> {
        let mut import = Import::new(self.mapping.clone(), self.domains.clone());
        let (mut rows, mut waiting, mut from) = (Vec::new(), Vec::new(), 0);
        loop {
            let is_last = from >= item.bytes;
            let columns = match is_last {
                true => Some(import.end(|row| rows.push(row)).map_err(UploadRefusal::from)?),
                false => {
                    let part = self.part(item, from).await?;
                    if from == 0 {
                        begins_like(&part)?;
                    }
                    from += u64::try_from(part.len()).unwrap_or(u64::MAX);
                    import.feed(&part, |row| rows.push(row)).map_err(UploadRefusal::from)?;
                    import.seen()
                }
            };
            for row in rows.drain(..) {
                match (row, &columns) {
                    (Row::Person { line, person }, Some(columns)) => {
                        seen.people += 1;
                        if which.has(seen.people) {
                            waiting.push(columns.file_row(line, &person));
                        }
                    }
                    (row, _) => seen.note(row),
                }
            }
            while waiting.len() >= MOST_AT_ONCE || (is_last && !waiting.is_empty()) {
                let batch: Vec<FileRow> = waiting.drain(..waiting.len().min(MOST_AT_ONCE)).collect();
                match which {
                    Which::After(_) => self.take(&batch, item, seen).await?,
                    Which::First(_) => seen.named.extend(named(self.desk, &batch).await?),
                }
                self.in_time(item, seen.is_torn).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn part(&self, item: &UploadItem, from: u64) -> Result<bytes::Bytes, Stop> {
        match self.run.clients.objects.part(self.run.key, &item.etag, from).await {
            // The file is as long as S3 has said, or it is another.
            Ok(part) if part.is_empty() => Err(Stop::Ended(Ended::Replaced)),
            Ok(part) => Ok(part),
            Err(Unread::Gone) => Err(UploadRefusal::Gone.into()),
            Err(Unread::Replaced) => Err(Stop::Ended(Ended::Replaced)),
            Err(Unread::Failed(failure)) => Err(failure.into()),
        }
    }

    async fn take(&self, batch: &[FileRow], item: &mut UploadItem, seen: &mut Seen) -> Result<(), Stop> {
        self.goes_under_way(item).await?;
        let is_torn = std::mem::take(&mut seen.is_torn);
        for outcome in take(self.desk, batch, self.uploads.write).await? {
            let done = &mut item.done;
            if self.uploads.complete {
                seen.named.extend(outcome.user);
            }
            let count = match outcome.becomes {
                Becomes::New => &mut done.new,
                Becomes::Changed => &mut done.changed,
                Becomes::Back => &mut done.back,
                Becomes::Gone => &mut done.gone,
                Becomes::Unchanged => &mut done.unchanged,
                Becomes::Refused(why) => {
                    seen.refused.push((outcome.line, why));
                    if done.lines.len() < MOST_REMEMBERED {
                        done.lines.push(RefusedLine { line: outcome.line, why });
                    }
                    &mut done.refused
                }
            };
            *count += 1;
            // Whoever was made by the run that broke off may have come into no group yet.
            let may_be_its_own = matches!(outcome.becomes, Becomes::Unchanged | Becomes::Changed);
            done.doubtful += u64::from(is_torn && may_be_its_own);
        }
        item.done.rows += as_count(batch.len());
        self.came_further(item).await
    }

    /// Notes that something is being written of which it is not known yet what became of it.
    async fn goes_under_way(&self, item: &mut UploadItem) -> Result<(), Stop> {
        if self.uploads.write && item.done.perhaps == 0 {
            item.done.perhaps = as_count(MOST_AT_ONCE);
            self.run.clients.store.note_upload_progress(item).await?;
        }
        Ok(())
    }

    async fn came_further(&self, item: &mut UploadItem) -> Result<(), Stop> {
        item.done.runs = 0;
        item.done.since = self.run.clients.clock.now().as_second();
        Ok(self.run.clients.store.note_upload_progress(item).await?)
    }

    /// Notes how far the file has come, with nothing under way but what a run that broke off may have done.
    async fn pause(&self, item: &mut UploadItem, is_torn: bool) -> Result<(), Stop> {
        if !is_torn {
            item.done.perhaps = 0;
        }
        Ok(self.run.clients.store.note_upload_progress(item).await?)
    }

    /// Stops where the time is over.
    async fn in_time(&self, item: &mut UploadItem, is_torn: bool) -> Result<(), Stop> {
        if self.run.clients.clock.now() < self.run.until {
            return Ok(());
        }
        self.pause(item, is_torn).await?;
        Err(Stop::Ended(Ended::NotYet))
    }

    /// Lets everybody leave whom the file does not name, if it names everybody and every row could be used.
    async fn leavers(
        &self,
        item: &mut UploadItem,
        earlier: u64,
        seen: &mut Seen,
    ) -> Result<Result<Option<u64>, UploadRefusal>, Stop> {
        if !self.uploads.complete {
            return Ok(Ok(None));
        }
        if seen.people == 0 {
            return Ok(Err(UploadRefusal::NamesNobody));
        }
        if seen.unusable > seen.doubles || item.done.refused > 0 {
            return Ok(Err(UploadRefusal::Incomplete));
        }
        if earlier > 0 {
            let mut before = Seen { is_torn: seen.is_torn, ..Seen::default() };
            self.pass(item, Which::First(earlier), &mut before).await?;
            seen.named.extend(before.named);
        }
        let everybody = self.desk.people().ids(ResourceType::User).await?;
        let everybody = everybody.into_iter().filter_map(|id| UserId::parse(&id).ok());
        let missing: BTreeSet<UserId> = everybody.filter(|id| !seen.named.contains(id)).collect();
        let left_to = item.done.left_to.clone();
        let missing: Vec<UserId> = missing.into_iter().filter(|id| left_to.as_ref().is_none_or(|to| id > to)).collect();
        for batch in missing.chunks(MOST_AT_ONCE) {
            self.goes_under_way(item).await?;
            let left = as_count(leave(self.desk, batch, self.uploads.write).await?.len());
            if std::mem::take(&mut seen.is_torn) {
                item.done.doubtful += as_count(batch.len()) - left;
            }
            item.done.left += left;
            item.done.gone += left;
            item.done.left_to = batch.last().cloned();
            self.came_further(item).await?;
            self.in_time(item, false).await?;
        }
        self.pause(item, false).await?;
        Ok(Ok(Some(item.done.left)))
    }
}

fn as_count(many: usize) -> u64 {
    u64::try_from(many).unwrap_or(u64::MAX)
}

impl Seen {
    fn note(&mut self, row: Row) {
        let Row::Rejected(rejection) = row else { return };
        self.unusable += 1;
        self.doubles += u64::from(matches!(rejection.why, Why::Double(_)));
        if self.lines.len() < MOST_LINES {
            self.lines.push((rejection.line, rejection.why.to_string()));
        }
    }
}

/// What is told of a file that was read to its end.
fn whole(
    uploads: UploadsDocument,
    item: &UploadItem,
    seen: Seen,
    leavers: Result<Option<u64>, UploadRefusal>,
) -> Report {
    let mut lines = seen.lines;
    let room = MOST_LINES.saturating_sub(lines.len());
    lines.extend(seen.refused.iter().take(room).map(|(line, why)| (*line, why.to_string())));
    let (leavers, refusal) = match leavers {
        Ok(leavers) => (leavers, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let unusable = seen.unusable + item.done.refused;
    Report { uploads, leavers, lines, unusable, refusal, ..so_far(&item.done) }
}

/// What is told of a file of which nothing more is done.
pub(super) fn broken_off(item: &UploadItem, refusal: UploadRefusal) -> Report {
    let lines = item.done.lines.iter().map(|refused| (refused.line, refused.why.to_string())).collect();
    Report { lines, unusable: item.done.refused, refusal: Some(refusal), ..so_far(&item.done) }
}

fn so_far(done: &UploadProgress) -> Report {
    let UploadProgress { new, changed, back, gone, unchanged, .. } = *done;
    let UploadWritten { rows, perhaps, .. } = done.before;
    let counts = Counts {
        new: done.before.new,
        changed: done.before.changed,
        back: done.before.back,
        gone: done.before.gone,
        unchanged: 0,
    };
    Report {
        taken: Taken { rows: done.rows, perhaps: done.perhaps, written: !done.compared },
        counts: Counts { new, changed, back, gone, unchanged },
        doubtful: done.doubtful,
        before: (rows + perhaps > 0).then_some(Before { rows, perhaps, counts }),
        ..Report::default()
    }
}
