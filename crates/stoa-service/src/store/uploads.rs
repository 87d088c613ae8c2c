//! Files in the bucket: which wait, how far one has come, and whose turn it is to take a connection's.

use jiff::Timestamp;
use stoa_core::directory::DIRECTORY_VERSION;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{Attempt, ConnectionId};
use stoa_core::routes::Table;

use super::{
    ABSENT, ImportItem, Key, Outcome, PRESENT, Range, Reads, Store, Transacted, UploadItem, UploadTurnItem,
    UploadWritten, read,
};

/// How long a turn is its holder's, in seconds: longer than a function may run.
const LEASE_SECONDS: i64 = 16 * 60;
/// How many uploads are remembered that are done. The same event comes again within minutes, if at all.
const REMEMBERED: usize = 50;
/// Who imports a file that was put into the bucket.
const BY: &str = "upload";

/// Whether a file waits that S3 told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// It does.
    Waits,
    /// It was done before.
    Ended,
}

impl Store {
    /// Notes a file that S3 tells of.
    pub(crate) async fn note_upload(&self, item: &UploadItem) -> Result<Noted, Failure> {
        let turn: Option<UploadTurnItem> =
            self.tables.get(&Key::upload_turn(&item.connection), Reads::Consistent).await?;
        if turn.unwrap_or_default().ended.contains(&item.upload) {
            return Ok(Noted::Ended);
        }
        self.tables.write(Key::upload(&item.connection, &item.upload).put(item).only_if(ABSENT)).await?;
        Ok(Noted::Waits)
    }

    /// Files that wait, of every connection, or of one: first what is under way, so that it ends before an older one is
    /// taken of which S3 told late; then those that were put there first.
    pub(crate) async fn waiting_uploads(&self, of: Option<&ConnectionId>) -> Result<Vec<UploadItem>, Failure> {
        let mut waiting: Vec<UploadItem> = self.tables.query(&Range::uploads(of), Reads::Consistent).await?;
        waiting.sort_by_key(|item| (!item.done.is_under_way(), item.at, item.upload.clone()));
        Ok(waiting)
    }

    /// Takes the turn to read a connection's files, if it is nobody's.
    pub(crate) async fn take_upload_turn(
        &self,
        connection: &ConnectionId,
        holder: &Attempt,
        now: Timestamp,
    ) -> Result<Option<UploadTurnItem>, Failure> {
        let take = Key::upload_turn(connection)
            .update("SET v = :v, holder = :holder, #until = :until")
            .only_if("attribute_not_exists(pk) OR #until < :now OR holder = :holder")
            .with(":v", DIRECTORY_VERSION)
            .with(":holder", holder)
            .with(":until", now.as_second() + LEASE_SECONDS)
            .with(":now", now.as_second())
            .showing_old();
        match self.tables.write(take).await? {
            Outcome::Applied(None) => Ok(Some(UploadTurnItem::default())),
            Outcome::Applied(Some(old)) => Ok(Some(read(Table::Directory, old)?)),
            Outcome::Refused(_) => Ok(None),
        }
    }

    /// Gives the turn up, if it is still its holder's.
    pub(crate) async fn end_upload_turn(&self, connection: &ConnectionId, holder: &Attempt) -> Result<(), Failure> {
        let end = Key::upload_turn(connection).update("SET #until = :none").only_if("holder = :holder");
        self.tables.write(end.with(":none", 0).with(":holder", holder)).await?;
        Ok(())
    }

    /// Notes how far a file has come.
    pub(crate) async fn note_upload_progress(&self, item: &UploadItem) -> Result<(), Failure> {
        let note = Key::upload(&item.connection, &item.upload).update("SET done = :done").only_if(PRESENT);
        match self.tables.write(note.with(":done", &item.done)).await?.is_applied() {
            true => Ok(()),
            false => Err(Failure::noted(Fault::StoreContended, "a file that somebody else has ended")),
        }
    }

    /// A file is done, or as much of it as is done: it waits no more, is not taken again, and, if it was written, whoever
    /// asks finds what was done.
    pub(crate) async fn end_upload(
        &self,
        item: &UploadItem,
        (holder, turn): (&Attempt, &mut UploadTurnItem),
        wrote: Option<Timestamp>,
    ) -> Result<(), Failure> {
        turn.ended.retain(|ended| *ended != item.upload);
        turn.ended.push(item.upload.clone());
        let over = turn.ended.len().saturating_sub(REMEMBERED);
        turn.ended.drain(..over);
        turn.youngest = wrote.map(|_| item.at).into_iter().chain(turn.youngest).max();
        let remember = match turn.youngest {
            Some(youngest) => Key::upload_turn(&item.connection)
                .update("SET ended = :ended, youngest = :youngest")
                .with(":youngest", youngest),
            None => Key::upload_turn(&item.connection).update("SET ended = :ended"),
        };
        let remember = remember.with(":ended", &turn.ended).with(":holder", holder).only_if("holder = :holder");
        let history =
            wrote.map(|at| Key::imported(&item.connection, at).put(&imported(&item.etag, &item.done.written())));
        let writes = [Key::upload(&item.connection, &item.upload).delete(), remember].into_iter().chain(history);
        match self.tables.transact(writes.collect()).await? {
            Transacted::Applied => Ok(()),
            Transacted::Cancelled(_) => Err(Failure::noted(Fault::StoreContended, "the turn of a connection's files")),
        }
    }
}

fn imported(etag: &str, written: &UploadWritten) -> ImportItem {
    let UploadWritten { rows, new, changed, back, gone, refused, .. } = *written;
    let (by, file, reason) = (BY.to_owned(), etag.to_owned(), "put into the bucket".to_owned());
    ImportItem { v: DIRECTORY_VERSION, by, file, reason, rows, new, changed, back, gone, refused }
}
