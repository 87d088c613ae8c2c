//! What a school has told: each event once, and how far people have come.

use jiff::Timestamp;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;
use stoa_core::webhook::{Completion, EventId, Progress};

use super::{ABSENT, Key, Store, Transacted, WebhookItem, Write};

/// The format of an item of progress.
const PROGRESS_VERSION: u8 = 1;

/// Whether an event was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is the first of its id, and has had its effect.
    First,
    /// It was taken before.
    Again,
    /// It is the first of its id, and what is known already is newer.
    Overtaken,
}

impl Store {
    /// Takes an event: its receipt and its effect, both or neither.
    pub async fn take_webhook(
        &self,
        school: &SchoolId,
        event: &EventId,
        progress: Option<&Progress>,
        now: Timestamp,
    ) -> Result<Taken, Failure> {
        let receipt = || Key::webhook(school, event).put(&WebhookItem::new(now)).only_if(ABSENT);
        let Some(progress) = progress else {
            let is_first = self.tables.write(receipt()).await?.is_applied();
            return Ok(if is_first { Taken::First } else { Taken::Again });
        };
        let reasons = match self.tables.transact(vec![receipt(), further(school, progress)]).await? {
            Transacted::Applied => return Ok(Taken::First),
            Transacted::Cancelled(reasons) => reasons,
        };
        let refused = |at: usize| reasons.get(at).and_then(Option::as_deref) == Some("ConditionalCheckFailed");
        match (refused(0), refused(1)) {
            (true, _) => Ok(Taken::Again),
            (false, true) => self.take_completion(receipt(), school, progress).await,
            // Another delivery of the same event, or another event of the same enrollment, is being written.
            (false, false) => Err(Fault::StoreContended.into()),
        }
    }

    /// Takes of an event that is overtaken what no later one takes back: that the course was done.
    async fn take_completion(&self, receipt: Write, school: &SchoolId, progress: &Progress) -> Result<Taken, Failure> {
        // Without a receipt: the same event again would be refused again.
        let Completion::At(at) = progress.completion else { return Ok(Taken::Overtaken) };
        let done = Key::progress(school, progress.user, progress.course)
            .update("SET completed = if_not_exists(completed, :completed)")
            .with(":completed", at.as_second());
        match self.tables.transact(vec![receipt, done]).await? {
            Transacted::Applied => Ok(Taken::Overtaken),
            Transacted::Cancelled(reasons) => match reasons.first().and_then(Option::as_deref) {
                Some("ConditionalCheckFailed") => Ok(Taken::Again),
                Some(_) | None => Err(Fault::StoreContended.into()),
            },
        }
    }
}

/// Notes how far somebody has come, unless what is known is newer or the same. That a course was done once stays noted:
/// a lesson that is added later makes it undone at the school, and not for whoever asks who has done it. The last lesson
/// makes two events of one instant, and the one that says that the course is done counts, in whichever order they come.
fn further(school: &SchoolId, progress: &Progress) -> Write {
    let set = "SET v = :v, enrollment = :enrollment, updated = :updated";
    let write = |expression: String| Key::progress(school, progress.user, progress.course).update(expression);
    let percent = progress.percent.map(|_| ", #percent = :percent").unwrap_or_default();
    let completed = match progress.completion {
        Completion::Open => "",
        Completion::At(_) => ", completed = if_not_exists(completed, :completed)",
    };
    let is_newer = match progress.completion {
        Completion::Open => "attribute_not_exists(updated) OR updated < :updated",
        Completion::At(_) => "attribute_not_exists(updated) OR updated <= :updated",
    };
    let write = write(format!("{set}{percent}{completed}"))
        .only_if(is_newer)
        .with(":v", PROGRESS_VERSION)
        .with(":enrollment", progress.enrollment)
        .with(":updated", progress.updated_at.as_millisecond());
    let write = match progress.percent {
        Some(percent) => write.with(":percent", percent),
        None => write,
    };
    match progress.completion {
        Completion::At(at) => write.with(":completed", at.as_second()),
        Completion::Open => write,
    }
}
