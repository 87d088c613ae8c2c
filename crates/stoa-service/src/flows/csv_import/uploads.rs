//! Files that are put into the bucket.
//!
//! S3 tells of a file, and that it waits is noted first: whatever becomes of the run, the clock goes on with it. Of a
//! connection one file at a time is read, the one that was put there first; whoever has the turn goes on to the next. What
//! became of a file is an object beside it.

use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::directory::{DIRECTORY_VERSION, Sealing};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{Attempt, ConnectionId};
use stoa_core::routes::Bucket;
use stoa_import::{Placed, Report, UploadRefusal};

use super::file::{Ended, Run, broken_off};
use super::told::{Created, keys};
use super::{Desk, Line};
use crate::clients::Clients;
use crate::log_line::{Head, milliseconds};
use crate::random;
use crate::store::{Noted, UploadItem, UploadTurnItem};

/// How long a run reads on, in seconds. The function has a quarter of an hour, and the last hundred rows their time.
const WORKS_SECONDS: i64 = 12 * 60;
/// So many runs in which a file came no further, and for so long, in seconds, are enough. S3 or DynamoDB may be away for
/// hours, in which a clock that tries again comes three times in five minutes.
const MOST_RUNS: u32 = 20;
const MOST_SECONDS: i64 = 6 * 60 * 60;
/// How often Lambda runs an event that fails (`MaximumRetryAttempts`). A file that is given up lets so many runs fail: then
/// the event is in the queue, where it stays until somebody has read why.
const RUNS_OF_AN_EVENT: u32 = 3;

/// S3 has told of an object.
pub(super) async fn created(clients: &Clients, told: &Created, request: &str) -> Result<Value, Failure> {
    if told.detail.bucket.name != clients.environment.bucket(Bucket::Files) {
        return Err(Failure::noted(Fault::EventStrange, "an object of another bucket"));
    }
    let (mut folder, mut misnamed) = (false, None);
    for key in keys(&told.detail.object.key) {
        match Placed::of(&key) {
            Placed::File { connection, .. } => return waits(clients, &connection, told, request).await,
            Placed::Misnamed(connection) => misnamed = Some(connection),
            Placed::Folder => folder = true,
            Placed::Nobody => {}
        }
    }
    let works = Works::new(clients, request);
    match misnamed {
        Some(connection) => {
            works.refuse(&connection, None, UploadRefusal::Name).await?;
            Ok(json!({"refused": UploadRefusal::Name.code()}))
        }
        None if folder => Ok(json!({"folder": true})),
        // Nobody reads a result where there is no folder: this is for on-call.
        None => Err(Failure::noted(Fault::UploadRefused, "an object that is in no connection's folder in/")),
    }
}

async fn waits(clients: &Clients, connection: &ConnectionId, told: &Created, request: &str) -> Result<Value, Failure> {
    let (now, object) = (clients.clock.now(), &told.detail.object);
    let upload = [object.key.as_str(), object.etag.as_str(), object.sequencer.as_str()].join("\0");
    let upload: String =
        digest(&SHA256, upload.as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let sealing_keys = clients.secrets.directory(now).await?;
    let key = Sealing::new(&sealing_keys).seal_text(&object.key, (&upload, 1), random::bytes()?, now);
    let item = UploadItem {
        v: DIRECTORY_VERSION,
        connection: connection.clone(),
        key: key.map_err(|_| Fault::Internal)?,
        upload,
        etag: object.etag.clone(),
        bytes: object.size,
        at: told.time.as_second(),
        done: Default::default(),
    };
    if clients.store.note_upload(&item).await? == Noted::Ended {
        return Ok(json!({"again": true}));
    }
    Works::new(clients, request).take(connection).await
}

/// The clock: whatever waits, of whichever connection. One that fails stops no other.
pub(super) async fn go_on(clients: &Clients, request: &str) -> Result<Value, Failure> {
    let waiting = clients.store.waiting_uploads(None).await?;
    let mut connections: Vec<&ConnectionId> = waiting.iter().map(|item| &item.connection).collect();
    connections.sort();
    connections.dedup();
    let works = Works::new(clients, request);
    let (mut taken, mut failed) = (Vec::new(), None);
    for connection in connections {
        match works.take(connection).await {
            Ok(done) => taken.push(done),
            Err(failure) => failed = Some(failure),
        }
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(json!({ "taken": taken })),
    }
}

/// A run: how long it goes on, and how what it does is logged.
struct Works<'a> {
    clients: &'a Clients,
    request: &'a str,
    until: Timestamp,
    began: Instant,
}

impl<'a> Works<'a> {
    fn new(clients: &'a Clients, request: &'a str) -> Self {
        let now = clients.clock.now();
        let until = Timestamp::from_second(now.as_second() + WORKS_SECONDS).unwrap_or(now);
        Self { clients, request, until, began: Instant::now() }
    }

    /// Takes the files of a connection, one after the other, if it is nobody else's turn.
    async fn take(&self, connection: &ConnectionId) -> Result<Value, Failure> {
        let (store, holder) = (&self.clients.store, random::attempt()?);
        let Some(mut turn) = store.take_upload_turn(connection, &holder, self.clients.clock.now()).await? else {
            return Ok(json!({"waits": true}));
        };
        let taken = self.take_all(connection, &holder, &mut turn).await;
        // Where this fails too, the turn ends by itself.
        let ended = store.end_upload_turn(connection, &holder).await;
        let taken = taken?;
        ended?;
        Ok(taken)
    }

    async fn take_all(
        &self,
        connection: &ConnectionId,
        holder: &Attempt,
        turn: &mut UploadTurnItem,
    ) -> Result<Value, Failure> {
        let mut ended = 0;
        // Read again after each: another may have come, which found the turn taken.
        while let Some(item) = self.clients.store.waiting_uploads(Some(connection)).await?.into_iter().next() {
            match self.take_one(item, holder, turn).await? {
                Took::NoTime => return Ok(json!({"files": ended, "goes_on": true})),
                Took::Ended => ended += 1,
                // Its error is what alarms count: whoever sent the file can do nothing about it. The next run takes others.
                Took::GivenUp => return Err(Fault::UploadGivenUp.into()),
            }
        }
        Ok(json!({ "files": ended }))
    }

    async fn take_one(
        &self,
        mut item: UploadItem,
        holder: &Attempt,
        turn: &mut UploadTurnItem,
    ) -> Result<Took, Failure> {
        let (clients, now) = (self.clients, self.clients.clock.now());
        // The same event came twice, and one of the two was slow: it has its result.
        if turn.ended.contains(&item.upload) {
            clients.store.end_upload(&item, (holder, turn), None).await?;
            return Ok(Took::Ended);
        }
        if now >= self.until {
            return Ok(Took::NoTime);
        }
        let sealing_keys = clients.secrets.directory(now).await?;
        let key = Sealing::new(&sealing_keys).open_text(&item.key, (&item.upload, 1));
        let key = key.map_err(|_| Failure::noted(Fault::SecretBroken, "directory"))?;
        let (name, ended) = self.read(&key, &mut item, turn.youngest).await?;
        let (report, wrote) = match ended {
            Ended::NotYet => {
                self.log(&item.connection, item.done.rows, None);
                return Ok(Took::NoTime);
            }
            // The other one has an event of its own, and a result under the name that both have.
            Ended::Replaced => {
                let wrote = item.done.is_written();
                (wrote.then(|| broken_off(&item, UploadRefusal::Replaced)), wrote)
            }
            Ended::Refused(refusal) => (Some(broken_off(&item, refusal)), item.done.is_written()),
            Ended::Done(report) => (Some(*report), item.done.is_written()),
        };
        if let Some(report) = &report {
            self.tell(&item.connection, name.as_deref(), report).await?;
        }
        let is_given_up = report.as_ref().is_some_and(|report| report.refusal == Some(UploadRefusal::Failed));
        item.done.given_up += u32::from(is_given_up);
        match is_given_up && item.done.given_up < RUNS_OF_AN_EVENT {
            true => clients.store.note_upload_progress(&item).await?,
            false => clients.store.end_upload(&item, (holder, turn), wrote.then_some(now)).await?,
        }
        let replaced = Some(UploadRefusal::Replaced.code());
        let code = report.map_or(replaced, |report| report.refusal.as_ref().map(UploadRefusal::code));
        self.log(&item.connection, item.done.rows, code);
        Ok(if is_given_up { Took::GivenUp } else { Took::Ended })
    }

    /// Reads a file, and its name, unless it is given up or nobody's.
    async fn read(
        &self,
        key: &str,
        item: &mut UploadItem,
        youngest: Option<i64>,
    ) -> Result<(Option<String>, Ended), Failure> {
        let (store, now) = (&self.clients.store, self.clients.clock.now());
        let done = &mut item.done;
        if done.since == 0 {
            done.since = now.as_second();
        }
        let is_given_up = done.given_up > 0;
        if is_given_up || done.runs >= MOST_RUNS && now.as_second() >= done.since + MOST_SECONDS {
            return Ok((name_of(key), Ended::Refused(UploadRefusal::Failed)));
        }
        match Desk::of(self.clients, &item.connection, now).await {
            Ok(desk) => {
                // Counted before it is read: what ends the process counts too.
                item.done.runs = item.done.runs.saturating_add(1);
                store.note_upload_progress(item).await?;
                self.read_as(&desk, key, item, youngest).await
            }
            Err(failure) if failure.fault == Fault::ConnectionUnknown => {
                Ok((name_of(key), Ended::Refused(UploadRefusal::NoConnection)))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Reads the object, under the first of the keys that may be meant under which there is one; and its name.
    async fn read_as(
        &self,
        desk: &Desk<'_>,
        told: &str,
        item: &mut UploadItem,
        youngest: Option<i64>,
    ) -> Result<(Option<String>, Ended), Failure> {
        for (n, key) in keys(told).filter(|key| name_of(key).is_some()).enumerate() {
            let run = Run { clients: self.clients, key: &key, until: self.until, youngest };
            match Box::pin(run.read(desk, item)).await? {
                Ended::Refused(UploadRefusal::Gone) => {}
                // Under another name than was told there is another file, which nobody has put over this one.
                Ended::Replaced if n > 0 => {}
                ended => return Ok((name_of(&key), ended)),
            }
        }
        Ok((name_of(told), Ended::Refused(UploadRefusal::Gone)))
    }

    async fn refuse(
        &self,
        connection: &ConnectionId,
        name: Option<&str>,
        refusal: UploadRefusal,
    ) -> Result<(), Failure> {
        let code = refusal.code();
        self.tell(connection, name, &Report { refusal: Some(refusal), ..Report::default() }).await?;
        self.log(connection, 0, Some(code));
        Ok(())
    }

    async fn tell(&self, connection: &ConnectionId, name: Option<&str>, report: &Report) -> Result<(), Failure> {
        let key = Placed::result_key(connection, name, report.refusal.as_ref());
        self.clients.objects.put(&key, &report.render(name)).await
    }

    /// Neither the file's name nor whom it names.
    fn log(&self, connection: &ConnectionId, rows: u64, refused: Option<&str>) {
        let head = Head::new(&self.clients.environment, self.request);
        let found = usize::try_from(rows).ok();
        let ms = milliseconds(self.began.elapsed());
        let line = Line { head, asked: Some("upload"), connection: Some(connection), found, failed: None, ms };
        match refused {
            Some(code) => {
                let is_ours = code == UploadRefusal::Failed.code();
                let fault = if is_ours { Fault::UploadGivenUp } else { Fault::UploadRefused };
                self.clients.write(&line.failed(&Failure::noted(fault, code)));
            }
            None => self.clients.write(&line),
        }
    }
}

/// What became of the file whose turn it was.
enum Took {
    /// There is no time left for it.
    NoTime,
    /// It is done, or refused.
    Ended,
    /// It came no further in too many runs.
    GivenUp,
}

fn name_of(key: &str) -> Option<String> {
    match Placed::of(key) {
        Placed::File { name, .. } => Some(name),
        Placed::Misnamed(_) | Placed::Folder | Placed::Nobody => None,
    }
}
