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

use super::file::{Ended, Run};
use super::told::{Created, keys};
use super::{Desk, Line};
use crate::clients::Clients;
use crate::log_line::{Head, milliseconds};
use crate::random;
use crate::store::{Noted, UploadItem, UploadTurnItem};

/// How long a run reads on, in seconds. The function has a quarter of an hour, and the last hundred rows their time.
const WORKS_SECONDS: i64 = 12 * 60;
/// Runs in which a file may come no further.
const MOST_RUNS: u32 = 20;

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
            if !self.take_one(item, holder, turn).await? {
                return Ok(json!({"files": ended, "goes_on": true}));
            }
            ended += 1;
        }
        Ok(json!({ "files": ended }))
    }

    /// `false`: there is no time left for it.
    async fn take_one(
        &self,
        mut item: UploadItem,
        holder: &Attempt,
        turn: &mut UploadTurnItem,
    ) -> Result<bool, Failure> {
        let (clients, now) = (self.clients, self.clients.clock.now());
        if now >= self.until {
            return Ok(false);
        }
        item.done.runs += 1;
        let sealing_keys = clients.secrets.directory(now).await?;
        let key = Sealing::new(&sealing_keys).open_text(&item.key, (&item.upload, 1));
        let key = key.map_err(|_| Failure::noted(Fault::SecretBroken, "directory"))?;
        let (name, ended) = match item.done.runs > MOST_RUNS {
            true => (name_of(&key), Ended::Refused(UploadRefusal::Failed)),
            false => match Desk::of(clients, &item.connection, now).await {
                Ok(desk) => {
                    // Counted before it is read: what ends the process counts too.
                    clients.store.note_upload_progress(&item).await?;
                    self.read(&desk, &key, &mut item, turn.youngest).await?
                }
                Err(failure) if failure.fault == Fault::ConnectionUnknown => {
                    (name_of(&key), Ended::Refused(UploadRefusal::NoConnection))
                }
                Err(failure) => return Err(failure),
            },
        };
        let report = match ended {
            Ended::NotYet => {
                self.log(&item.connection, item.done.rows, None);
                return Ok(false);
            }
            // The other one has an event of its own, and a result.
            Ended::Replaced => {
                clients.store.end_upload(&item, (holder, turn), None).await?;
                self.log(&item.connection, item.done.rows, Some("replaced"));
                return Ok(true);
            }
            Ended::Refused(refusal) => Report { refusal: Some(refusal), ..Report::default() },
            Ended::Done(report) => *report,
        };
        self.tell(&item.connection, name.as_deref(), &report).await?;
        let wrote = report.uploads.write.then_some(now);
        clients.store.end_upload(&item, (holder, turn), wrote).await?;
        self.log(&item.connection, item.done.rows, report.refusal.as_ref().map(UploadRefusal::code));
        Ok(true)
    }

    /// Reads the object, under the first of the keys that may be meant under which there is one; and its name.
    async fn read(
        &self,
        desk: &Desk<'_>,
        told: &str,
        item: &mut UploadItem,
        youngest: Option<i64>,
    ) -> Result<(Option<String>, Ended), Failure> {
        for key in keys(told).filter(|key| name_of(key).is_some()) {
            let run = Run { clients: self.clients, key: &key, until: self.until, youngest };
            match Box::pin(run.read(desk, item)).await? {
                Ended::Refused(UploadRefusal::Gone) => {}
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
        let key = Placed::result_key(connection, name);
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
                let failure = Failure::noted(Fault::UploadRefused, code);
                self.clients.write(&line.failed(&failure));
            }
            None => self.clients.write(&line),
        }
    }
}

fn name_of(key: &str) -> Option<String> {
    match Placed::of(key) {
        Placed::File { name, .. } => Some(name),
        Placed::Misnamed(_) | Placed::Folder | Placed::Nobody => None,
    }
}
