//! Every five minutes: what the webhooks of WorkOS may have missed is asked for.
//!
//! First the events since the last ones that were asked for; then, where there is no such last one, where it is too old, and
//! once a week, everything: people, groups, who belongs to them, and at last who is in none of it. A run does as much as
//! there is time for, and the next one goes on. Whatever is heard twice changes nothing.

mod line;
mod whole;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use stoa_core::connection::{Connection, ConnectionState, WorkosSourceDocument};
use stoa_core::dsync::{Ask, Cursor, Event, SyncItem, WorkosId, directory_of, events_page};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::routes::SecretKind;

use self::line::{Done, Line};
use crate::clients::Clients;
use crate::egress::{EgressError, Limits};
use crate::secrets::Named;
use crate::store::{Heard, People};

/// How long a run asks on. The function has a minute, and the last call its patience.
const WORKS: Duration = Duration::from_secs(40);
/// How long a call may take, and how large its answer may be: a hundred people with everything that is mapped of them.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), max_bytes: 4 * 1024 * 1024 };
/// WorkOS takes four calls a second for each directory.
const PACE: Duration = Duration::from_millis(250);
/// Connections at once.
const CONNECTIONS_AT_ONCE: usize = 4;
/// What is heard at once of one page.
const WORDS_AT_ONCE: usize = 8;

/// What is asked for: whatever is due, of every connection or of one; or everything of one.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    connection: Option<ConnectionId>,
    #[serde(default)]
    whole: bool,
}

/// Asks for every connection whose directory is at WorkOS. One that fails stops no other.
pub async fn workos_sync(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let wanted: Wanted = serde_json::from_value(event).unwrap_or_default();
    let ids = clients.store.connection_ids().await?;
    let ids = ids.into_iter().filter(|id| wanted.connection.as_ref().is_none_or(|one| one == id));
    let wanted = &wanted;
    let works = ids.map(|id| async move {
        match Box::pin(look_at(clients, &id, wanted.whole, began)).await {
            (done, Ok(())) => done,
            (done, Err(failure)) => {
                clients.write(&Line::failed(clients, request, &id, &failure));
                Done { failed: 1, ..done }
            }
        }
    });
    let done = stream::iter(works.collect::<Vec<_>>()).buffer_unordered(CONNECTIONS_AT_ONCE);
    let done = done.fold(Done::default(), |sum, done| async move { sum.and(done) }).await;
    clients.write(&Line::run(clients, request, done, began.elapsed()));
    serde_json::to_value(done).map_err(|_| Fault::Internal.into())
}

async fn look_at(clients: &Clients, id: &ConnectionId, whole: bool, began: Instant) -> (Done, Result<(), Failure>) {
    let mut done = Done::default();
    let result = async {
        let now = clients.clock.now();
        let connection = clients.store.connection(id, now).await?;
        let source = connection.directory().and_then(|directory| directory.workos.clone());
        let Some(source) = source.filter(|_| connection.state != ConnectionState::Disabled) else { return Ok(()) };
        done.connections = 1;
        let secrets = &clients.secrets;
        let api_keys = secrets.of(&Named::of(SecretKind::Oidc, id), 0, None, now).await?;
        let sealing_keys = secrets.directory(now).await?;
        let pepper = Pepper::from_keys(&*secrets.pepper(now).await?);
        let directory = WorkosId::parse(&source.directory).ok_or(Fault::ConfigurationBroken)?;
        let item = clients.store.workos_sync(id).await?;
        let item = item.map_or_else(|| SyncItem::new(directory.clone(), now), |item| item.due(&directory, now));
        let item = if whole { item.begun(now) } else { item };
        let look = Look { clients, connection, source, directory, api_keys, sealing_keys, pepper, began };
        look.all(item, &mut done).await
    };
    let result = result.await;
    (done, result)
}

/// A look at one directory.
struct Look<'a> {
    clients: &'a Clients,
    connection: Arc<Connection>,
    source: WorkosSourceDocument,
    directory: WorkosId,
    api_keys: Arc<KeySet>,
    sealing_keys: Arc<KeySet>,
    pepper: Pepper,
    began: Instant,
}

impl Look<'_> {
    fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

    fn is_over(&self) -> bool {
        self.began.elapsed() >= WORKS
    }

    fn people(&self) -> People<'_> {
        People {
            store: &self.clients.store,
            connection: self.connection.id(),
            sealing_keys: &self.sealing_keys,
            pepper: &self.pepper,
            now: self.now(),
        }
    }

    async fn all(&self, mut item: SyncItem, done: &mut Done) -> Result<(), Failure> {
        let organization = directory_of(&self.ask(&Ask::Directory(&self.directory), done).await?)?;
        if !self.events(&mut item, organization.as_deref(), done).await? {
            return Ok(());
        }
        while !self.is_over()
            && let Some(whole) = item.whole.take()
        {
            let as_of = whole.as_of;
            item.whole = Box::pin(self.part(whole, done)).await?;
            if item.whole.is_none() {
                item.whole_at = Some(as_of);
            }
            if !self.save(&mut item).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hears the events since the cursor. `false`: another run is at work.
    async fn events(&self, item: &mut SyncItem, organization: Option<&str>, done: &mut Done) -> Result<bool, Failure> {
        let mut at = item.cursor.clone();
        loop {
            let asked = Ask::Events { organization, cursor: &at };
            let Some(page) = events_page(&self.ask(&asked, done).await?)? else {
                *item = item.clone().lost(self.now());
                return self.save(item).await;
            };
            done.events += count(page.items.len());
            done.strange += count(page.strange);
            let ours = page.items.iter().filter(|event| event.directory.as_ref() == Some(&self.directory));
            self.hear_all(ours.collect(), done).await?;
            let told: Vec<(WorkosId, i64)> = page.items.iter().map(|event| (event.id.clone(), event.at())).collect();
            item.cursor = item.cursor.clone().moved(&told, self.now());
            if !self.save(item).await? {
                return Ok(false);
            }
            let last = page.items.last().map_or_else(|| at.at(), Event::at);
            match page.next.as_deref().and_then(WorkosId::parse) {
                Some(event) if !self.is_over() => at = Cursor::After { event, at: last },
                Some(_) | None => return Ok(true),
            }
        }
    }

    /// Hears events, some at once: each is known by its own time.
    async fn hear_all(&self, events: Vec<&Event>, done: &mut Done) -> Result<(), Failure> {
        let people = self.people();
        let hears = events.into_iter().map(|event| Box::pin(people.hear(event)));
        self.count_news(hears.collect(), done).await
    }

    /// Waits for what is heard, some at once.
    async fn count_news<F>(&self, hears: Vec<F>, done: &mut Done) -> Result<(), Failure>
    where
        F: Future<Output = Result<Heard, Failure>>,
    {
        let mut hears = stream::iter(hears).buffer_unordered(WORDS_AT_ONCE);
        while let Some(heard) = hears.next().await {
            done.news += u32::from(heard? == Heard::News);
        }
        Ok(())
    }

    async fn save(&self, item: &mut SyncItem) -> Result<bool, Failure> {
        self.clients.store.put_workos_sync(self.connection.id(), item).await
    }

    /// Asks the API, no more often than it takes.
    async fn ask(&self, ask: &Ask<'_>, done: &mut Done) -> Result<http::Response<Vec<u8>>, Failure> {
        if done.calls > 0 {
            tokio::time::sleep(PACE).await;
        }
        done.calls += 1;
        let request = ask.request(&self.source.api_url, self.api_keys.current(self.now()))?;
        self.clients.egress.send(request, LIMITS).await.map_err(|error| match error {
            EgressError::Forbidden => Failure::noted(Fault::ConfigurationBroken, &error.to_string()),
            EgressError::Unreachable | EgressError::TimedOut => {
                Failure::noted(Fault::WorkosUnavailable, &error.to_string())
            }
            EgressError::TooLarge | EgressError::Encoded => {
                Failure::noted(Fault::WorkosAnswerStrange, &error.to_string())
            }
        })
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
