//! One file of the bucket, from its first byte to its last row, or as far as there is time.
//!
//! A run reads the whole file: what it says of its columns, and which rows cannot be used, is at no other place. Rows that
//! an earlier run has done are only counted, so that a file of any length ends; where every row has to have been seen (a
//! file that names everybody, or one of which a row was refused), those are looked at once more at the end.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use stoa_core::connection::{Source, UploadsDocument};
use stoa_core::directory::{Becomes, FileRow, RowRefusal, UserId};
use stoa_core::failure::Failure;
use stoa_import::{Counts, Import, MOST_LINES, Mapping, Placed, Report, Row, UploadRefusal, Why, begins_like};
use stoa_scim::ResourceType;

use super::{Desk, leave, take};
use crate::clients::Clients;
use crate::objects::Unread;
use crate::operator::import_question::MOST_AT_ONCE;
use crate::store::{UploadItem, UploadProgress};

/// Rows between two notes of how far the file has come.
const NOTED_EVERY: u64 = 200;

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
}

/// Which rows are taken, counted from 1 over those that name somebody.
#[derive(Clone, Copy)]
struct Which {
    after: u64,
    until: u64,
    /// Whether they were counted before.
    again: bool,
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
        if item.done.reading != reading {
            let runs = item.done.runs;
            item.done = UploadProgress { reading, runs, ..UploadProgress::default() };
        }
        let earlier = item.done.rows;
        let reads = Reads { run: self, desk, uploads, mapping, domains };
        let mut seen = Seen::default();
        let rest = Which { after: earlier, until: u64::MAX, again: false };
        reads.pass(item, rest, &mut seen).await?;
        self.clients.store.note_upload_progress(item).await?;
        if earlier > 0 && (uploads.complete || item.done.refused > 0) {
            let before = Which { after: 0, until: earlier, again: true };
            let mut again = Seen::default();
            reads.pass(item, before, &mut again).await?;
            seen.refused.extend(again.refused);
            seen.named.extend(again.named);
        }
        let leavers = reads.leavers(item, &seen).await?;
        Ok(report(uploads, item, seen, leavers))
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
    /// Reads the whole file, and takes some of its rows.
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
                        if seen.people > which.after && seen.people <= which.until {
                            waiting.push(columns.file_row(line, &person));
                        }
                    }
                    (row, _) => seen.note(row),
                }
            }
            while waiting.len() >= MOST_AT_ONCE || (is_last && !waiting.is_empty()) {
                let batch: Vec<FileRow> = waiting.drain(..waiting.len().min(MOST_AT_ONCE)).collect();
                self.take(&batch, item, which, seen).await?;
                self.in_time(item).await?;
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

    async fn take(&self, batch: &[FileRow], item: &mut UploadItem, which: Which, seen: &mut Seen) -> Result<(), Stop> {
        let mut done = item.done.clone();
        for outcome in take(self.desk, batch, self.uploads.write).await? {
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
                    &mut done.refused
                }
            };
            *count += 1;
        }
        if which.again {
            return Ok(());
        }
        done.rows += u64::try_from(batch.len()).unwrap_or(u64::MAX);
        done.runs = 0;
        let is_due = done.rows / NOTED_EVERY != item.done.rows / NOTED_EVERY;
        item.done = done;
        if is_due {
            self.run.clients.store.note_upload_progress(item).await?;
        }
        Ok(())
    }

    /// Stops where the time is over, with a note of how far the file has come.
    async fn in_time(&self, item: &UploadItem) -> Result<(), Stop> {
        if self.run.clients.clock.now() < self.run.until {
            return Ok(());
        }
        self.run.clients.store.note_upload_progress(item).await?;
        Err(Stop::Ended(Ended::NotYet))
    }

    /// Lets everybody leave whom the file does not name, if it names everybody and every row could be used.
    async fn leavers(&self, item: &mut UploadItem, seen: &Seen) -> Result<Result<Option<u64>, UploadRefusal>, Stop> {
        if !self.uploads.complete {
            return Ok(Ok(None));
        }
        if seen.people == 0 {
            return Ok(Err(UploadRefusal::NamesNobody));
        }
        if seen.unusable > seen.doubles || !seen.refused.is_empty() {
            return Ok(Err(UploadRefusal::Incomplete));
        }
        let everybody = self.desk.people().ids(ResourceType::User).await?;
        let everybody = everybody.into_iter().filter_map(|id| UserId::parse(&id).ok());
        let missing: Vec<UserId> = everybody.filter(|id| !seen.named.contains(id)).collect();
        let mut left = 0;
        for batch in missing.chunks(MOST_AT_ONCE) {
            let gone = u64::try_from(leave(self.desk, batch, self.uploads.write).await?.len()).unwrap_or(u64::MAX);
            left += gone;
            item.done.gone += gone;
            self.in_time(item).await?;
        }
        Ok(Ok(Some(left)))
    }
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

fn report(
    uploads: UploadsDocument,
    item: &UploadItem,
    seen: Seen,
    leavers: Result<Option<u64>, UploadRefusal>,
) -> Report {
    let UploadProgress { new, changed, back, gone, unchanged, .. } = item.done;
    let unusable = seen.unusable + u64::try_from(seen.refused.len()).unwrap_or(u64::MAX);
    let mut lines = seen.lines;
    let room = MOST_LINES.saturating_sub(lines.len());
    lines.extend(seen.refused.iter().take(room).map(|(line, why)| (*line, why.to_string())));
    let (leavers, refusal) = match leavers {
        Ok(leavers) => (leavers, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let counts = Counts { new, changed, back, gone, unchanged };
    Report { uploads, counts, leavers, lines, unusable, refusal }
}
