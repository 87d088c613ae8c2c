//! A school's look: what it needs, its calls out of what is left of the minute, and what it writes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::ids::{EmailKey, SchoolId};
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::mirror::{MIRROR_VERSION, MirroredAccount, SchoolMirror};
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::{ApiAnswer, ApiRequest};
use stoa_core::turn::{CALLS_PER_MINUTE, CALLS_RESERVED, PreviousMinute};

use super::line::Done;
use crate::api;
use crate::clients::Clients;
use crate::secrets::Named;
use crate::store::{minute_of, second_of};

/// A run ends before the next one begins.
const TIME: Duration = Duration::from_secs(45);
/// Calls that are left to logins while somebody waits for them.
const KEPT_WHILE_WAITING: u32 = CALLS_PER_MINUTE - 10;
/// Writes of addresses at once.
const AT_ONCE: usize = 16;

/// One school, on the way.
pub(super) struct Look<'a> {
    pub(super) clients: &'a Clients,
    school: School,
    pub(super) id: &'a SchoolId,
    pub(super) domains: BTreeSet<String>,
    pub(super) pepper: Pepper,
    api_keys: Arc<KeySet>,
    pub(super) mirror: SchoolMirror,
    began: Instant,
    /// A minute, and the calls of the one before it.
    previous: Option<(i64, PreviousMinute)>,
    pub(super) done: Done,
    /// What failed and did not end the run.
    pub(super) failure: Option<Failure>,
}

/// What ends a look early.
pub(super) enum Stop {
    /// No failure: the time or the calls are used up, or somebody else has written.
    Enough,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<'a> Look<'a> {
    /// Reads what it needs.
    pub(super) async fn begin(
        clients: &'a Clients,
        id: &'a SchoolId,
        domains: BTreeSet<String>,
        began: Instant,
    ) -> Result<Self, Failure> {
        let now = clients.clock.now();
        let school = clients.store.school(id).await?;
        let pepper = Pepper::from_keys(&*clients.secrets.pepper(now).await?);
        let api_keys = clients.secrets.of(&Named::of(SecretKind::Thinkific, id), school.key_version, None, now).await?;
        let mirror = clients.store.school_mirror(id).await?;
        Ok(Self {
            clients,
            school,
            id,
            domains,
            pepper,
            api_keys,
            mirror,
            began,
            previous: None,
            done: Done::default(),
            failure: None,
        })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

    /// One call, out of what is left of the last sixty seconds.
    pub(super) async fn call(&mut self, request: &ApiRequest, kept: u32) -> Result<ApiAnswer, Stop> {
        self.draw(kept).await?;
        self.done.calls += 1;
        let key = self.api_keys.current(self.now());
        let answer = api::call_patiently(&self.clients.outbound, &self.school, key, request).await?;
        if answer.status == 429 { Err(Stop::Enough) } else { Ok(answer) }
    }

    /// Draws one call. Those of the previous minute are free again sixty seconds after they were made: that is waited for.
    async fn draw(&mut self, mut kept: u32) -> Result<(), Stop> {
        loop {
            let now = self.now();
            if self.previous.as_ref().is_none_or(|(minute, _)| *minute != minute_of(now)) {
                self.previous = Some((minute_of(now), self.clients.store.previous_minute(self.id, now).await?));
            }
            let Some((minute, previous)) = &self.previous else { return Err(Stop::Enough) };
            if self.began.elapsed() <= TIME && self.clients.store.draw_spare(self.id, kept, previous, now).await? {
                return Ok(());
            }
            let Some(next) = previous.next_after(second_of(now)) else { return Err(Stop::Enough) };
            let next = (minute * 60 + i64::from(next)) * 1000 - now.as_millisecond();
            let pause = Duration::from_millis(next.try_into().unwrap_or(0));
            if self.began.elapsed() + pause > TIME {
                return Err(Stop::Enough);
            }
            tokio::time::sleep(pause).await;
            // Somebody may have begun to wait.
            kept = if kept == 0 { 0 } else { self.kept().await? };
        }
    }

    /// Logins come first: while somebody waits, few calls are made that can wait.
    pub(super) async fn kept(&self) -> Result<u32, Stop> {
        let line = self.clients.store.line(self.id).await?;
        Ok(if line.wait(self.now()) > 0 { KEPT_WHILE_WAITING } else { CALLS_RESERVED })
    }

    /// Writes down how far it is.
    pub(super) async fn write(&mut self) -> Result<(), Stop> {
        self.mirror.v = MIRROR_VERSION;
        self.mirror.rev += 1;
        if self.clients.store.put_school_mirror(self.id, &self.mirror).await? {
            return Ok(());
        }
        // Another run, or the command: the next minute goes on from what they wrote.
        Err(Stop::Enough)
    }

    /// Writes what is known of these addresses' accounts.
    pub(super) async fn write_accounts(&mut self, changed: Vec<(EmailKey, MirroredAccount)>) -> Result<(), Stop> {
        self.done.written += u32::try_from(changed.len()).unwrap_or(u32::MAX);
        let store = &self.clients.store;
        let writes =
            stream::iter(changed).map(|(email, account)| async move { store.mirror_account(&email, &account).await });
        let results: Vec<Result<(), Failure>> = writes.buffer_unordered(AT_ONCE).collect().await;
        Ok(results.into_iter().collect::<Result<(), Failure>>()?)
    }
}
