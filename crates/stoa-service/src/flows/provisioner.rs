//! Every minute: what is due for people of a directory is done at their schools.
//!
//! One run at a time works on a school: whoever holds its lease. Connections take turns, and of one connection removals
//! go first, then whoever has waited longest. A run that ends early leaves what it has not done due, and one that dies
//! leaves written down what it was about to do.

mod budget;
mod person;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::connection::{Connection, School};
use stoa_core::failure::Failure;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::provision::{CALLS_AT_ONCE, Rank, due_at, in_turn};
use stoa_core::routes::SecretKind;

use self::budget::Budget;
use self::person::Run;
use crate::clients::Clients;
use crate::provision_log::{Done, RunLine, SchoolLine};
use crate::random;
use crate::secrets::Named;
use crate::store::DuePerson;

/// How long a run begins with new people. The function has a minute, and the last call its patience.
const WORKS: Duration = Duration::from_secs(40);
/// People of one look at the index: so many that leavers behind them are soon seen.
const LOOK: u16 = 16;
/// Connections read side by side.
const READS_AT_ONCE: usize = 8;

/// Works on every school, several side by side.
pub async fn provisioner(clients: &Clients, _: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let schools = schools(clients).await?;
    let works = schools.into_iter().map(|(id, connections)| async move {
        let school = Work { clients, request, id: &id, connections: &connections, began };
        match school.whole().await {
            Ok(done) => done,
            Err(failure) => {
                clients.write(&SchoolLine::failed(&clients.environment, request, id.as_str(), &failure));
                Done { failed: 1, ..Done::default() }
            }
        }
    });
    let done = stream::iter(works.collect::<Vec<_>>()).buffer_unordered(READS_AT_ONCE);
    let done = done.fold(Done::default(), |sum, done| async move { sum.and(done) }).await;
    let ended = clients.clock.now().as_millisecond();
    clients.write(&RunLine::new(&clients.environment, request, done, began.elapsed(), ended));
    Ok(json!({ "people": done.people, "failed": done.failed, "calls": done.calls }))
}

/// The connections that have a directory, by school. One whose item is broken stops no other: its people stay due.
async fn schools(clients: &Clients) -> Result<BTreeMap<SchoolId, Connections>, Failure> {
    let ids = clients.store.connection_ids().await?;
    let read = |id: ConnectionId| async move { clients.store.connection(&id, clients.clock.now()).await.ok() };
    let found: Vec<_> = stream::iter(ids).map(read).buffer_unordered(READS_AT_ONCE).collect().await;
    let mut schools: BTreeMap<SchoolId, Connections> = BTreeMap::new();
    for connection in found.into_iter().flatten().filter(|connection| connection.directory().is_some()) {
        let connections = schools.entry(connection.school().clone()).or_default();
        connections.insert(connection.id().clone(), connection);
    }
    Ok(schools)
}

type Connections = BTreeMap<ConnectionId, Arc<Connection>>;

/// The work on one school.
struct Work<'a> {
    clients: &'a Clients,
    request: &'a str,
    id: &'a SchoolId,
    connections: &'a Connections,
    began: Instant,
}

/// What every person of a school's run needs.
struct Shared {
    school: School,
    api_keys: Arc<KeySet>,
    sealing_keys: Arc<KeySet>,
    pepper: Pepper,
    fence: u64,
}

impl Work<'_> {
    async fn whole(&self) -> Result<Done, Failure> {
        let (store, now) = (&self.clients.store, self.clients.clock.now());
        let is_due = self.oldest(now).await?;
        if is_due.is_none() {
            return Ok(Done::default());
        }
        let holder = random::attempt()?;
        let Some(fence) = store.take_lease(self.id, &holder, now).await? else { return Ok(Done::default()) };
        let done = self.drain(fence).await;
        store.end_lease(self.id, &holder).await?;
        let left = self.oldest(self.clients.clock.now()).await?;
        Ok(Done { waiting_seconds: left.unwrap_or(0), ..done? })
    }

    /// For how long whoever has waited longest has, in seconds; `None`: nothing is due.
    async fn oldest(&self, now: Timestamp) -> Result<Option<i64>, Failure> {
        let of_each: Vec<_> = self.connections.keys().map(|id| self.oldest_of(id, now)).collect();
        let oldest: Vec<_> = stream::iter(of_each).buffer_unordered(READS_AT_ONCE).try_collect().await?;
        Ok(oldest.into_iter().flatten().max())
    }

    async fn oldest_of(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<i64>, Failure> {
        let mut oldest: Option<i64> = None;
        for rank in Rank::ALL {
            let first = self.clients.store.due(id, rank, now, 1).await?;
            oldest = oldest.max(first.first().map(|first| due_at(rank, now) - first.due_at));
        }
        Ok(oldest)
    }

    async fn drain(&self, fence: u64) -> Result<Done, Failure> {
        let shared = self.shared(fence).await?;
        let budget = Budget::new(self.clients, self.id, self.began + WORKS);
        let (mut done, mut met, mut looks) = (Done::default(), HashSet::new(), 0);
        while self.began.elapsed() < WORKS && !budget.is_over() {
            let people = self.next(&met, looks).await?;
            if people.is_empty() {
                break;
            }
            met.extend(people.iter().cloned());
            looks += 1;
            let runs = people.into_iter().map(|person| self.run(&shared, &budget, person));
            let runs = stream::iter(runs.collect::<Vec<_>>()).buffer_unordered(CALLS_AT_ONCE);
            done = runs.fold(done, |sum, done| async move { sum.and(done) }).await;
        }
        Ok(Done { calls: budget.made(), ..done })
    }

    async fn shared(&self, fence: u64) -> Result<Shared, Failure> {
        let (clients, now) = (self.clients, self.clients.clock.now());
        let school = clients.store.school(self.id).await?;
        let secrets = &clients.secrets;
        let api_keys = secrets.of(&Named::of(SecretKind::Thinkific, self.id), school.key_version, None, now).await?;
        let sealing_keys = secrets.directory(now).await?;
        let pepper = Pepper::from_keys(&*secrets.pepper(now).await?);
        Ok(Shared { school, api_keys, sealing_keys, pepper, fence })
    }

    /// Of each connection in turn, another one first in each look: whoever leaves, then whoever has waited longest. Each
    /// person is met once in a run: what the index shows late is no second turn.
    async fn next(&self, met: &HashSet<DuePerson>, looks: usize) -> Result<Vec<DuePerson>, Failure> {
        let now = self.clients.clock.now();
        let waiting: Vec<_> = self.connections.keys().map(|id| self.waiting(id, met, now)).collect();
        let mut waiting: Vec<_> = stream::iter(waiting).buffered(READS_AT_ONCE).try_collect().await?;
        let first = looks.checked_rem(waiting.len()).unwrap_or(0);
        waiting.rotate_left(first);
        Ok(in_turn(waiting, usize::from(LOOK)))
    }

    /// People of a connection who have not been met, as many as a look takes.
    async fn waiting(
        &self,
        id: &ConnectionId,
        met: &HashSet<DuePerson>,
        now: Timestamp,
    ) -> Result<Vec<DuePerson>, Failure> {
        // Those who were met may stand before the others in the index.
        let before = met.iter().filter(|person| person.connection == *id).count();
        let limit = LOOK + u16::try_from(before).unwrap_or(u16::MAX - LOOK);
        let mut people = Vec::new();
        for rank in Rank::ALL {
            if people.len() < usize::from(LOOK) {
                let due = self.clients.store.due(id, rank, now, limit).await?;
                people.extend(due.into_iter().filter(|person| !met.contains(person)));
            }
        }
        people.truncate(usize::from(LOOK));
        Ok(people)
    }

    async fn run(&self, shared: &Shared, budget: &Budget<'_>, person: DuePerson) -> Done {
        let Some(connection) = self.connections.get(&person.connection) else { return Done::default() };
        let run = Run { clients: self.clients, request: self.request, shared, budget, connection, person: &person };
        run.whole().await
    }
}
