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
use stoa_core::turn::{CALLS_PER_MINUTE, CALLS_RESERVED};

use super::line::Done;
use crate::api;
use crate::clients::Clients;
use crate::secrets::Named;

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
        Ok(Self { clients, school, id, domains, pepper, api_keys, mirror, began, done: Done::default(), failure: None })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

    /// One call, out of what is left of the minute.
    pub(super) async fn call(&mut self, request: &ApiRequest, kept: u32) -> Result<ApiAnswer, Stop> {
        let now = self.now();
        if self.began.elapsed() > TIME || !self.clients.store.draw_spare(self.id, 1, kept, now).await? {
            return Err(Stop::Enough);
        }
        self.done.calls += 1;
        let key = self.api_keys.current(now);
        let answer = api::call_patiently(&self.clients.outbound, &self.school, key, request).await?;
        if answer.status == 429 { Err(Stop::Enough) } else { Ok(answer) }
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
