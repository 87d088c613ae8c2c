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
use stoa_core::dsync::{
    Ask, Cursor, DirectoryFound, Doubt, Event, Happened, Paged, SyncItem, WorkosId, directory_of, events_page, refused,
};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ConnectionId;
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::routes::SecretKind;

use self::line::{Done, Line};
use self::whole::Part;
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

/// What is asked for by hand: whatever is due of a connection, or everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    connection: ConnectionId,
    #[serde(default)]
    whole: bool,
    /// For how long, if not as long as a run may.
    #[serde(default)]
    seconds: Option<u64>,
}

impl Wanted {
    /// What whoever starts it by hand names is taken to the letter: a connection, or a name of what is wanted, that is
    /// misspelled is not every connection. `None`: the clock, which names nothing, or somebody who names nothing either.
    fn read(event: Value) -> Result<Option<Self>, Failure> {
        let read = match &event {
            Value::Null => return Ok(None),
            Value::Object(members) if members.is_empty() || event["source"] == "aws.scheduler" => return Ok(None),
            Value::Object(_) => serde_json::from_value(event).ok(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        read.map(Some).ok_or_else(|| {
            let wanted = r#"{"connection": "ID"}, with "whole": true for everything of it"#;
            Failure::with(Fault::EventStrange, wanted, "an event by hand that names no connection")
        })
    }
}

/// Asks for every connection whose directory is at WorkOS. One that fails stops no other; where there is not time enough
/// for all, those that waited longest come first.
pub async fn workos_sync(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let wanted = Wanted::read(event)?;
    let seconds = wanted.as_ref().and_then(|wanted| wanted.seconds);
    let time = Time { began, works: seconds.map_or(WORKS, Duration::from_secs).min(WORKS) };
    let (mut turns, mut done) = turns(clients, wanted, request).await?;
    turns.sort_by_key(|turn| turn.item.as_ref().and_then(|item| item.turn_at));
    let works = turns.into_iter().map(|turn| async move {
        let id = turn.connection.id().clone();
        match Box::pin(turn.take(clients, time)).await {
            (done, Ok(())) => done,
            (done, Err(failure)) => {
                clients.write(&Line::failed(clients, request, &id, &failure));
                Done { failed: 1, ..done }
            }
        }
    });
    let works = stream::iter(works.collect::<Vec<_>>()).buffer_unordered(CONNECTIONS_AT_ONCE);
    done = works.fold(done, |sum, done| async move { sum.and(done) }).await;
    clients.write(&Line::run(clients, request, done, began.elapsed()));
    serde_json::to_value(done).map_err(|_| Fault::Internal.into())
}

/// Whose turn it is, in no order; and what could not be read.
async fn turns(clients: &Clients, wanted: Option<Wanted>, request: &str) -> Result<(Vec<Turn>, Done), Failure> {
    let (mut turns, mut done) = (Vec::new(), Done::default());
    if let Some(Wanted { connection, whole, .. }) = wanted {
        let turn = Turn::of(clients, &connection).await?.ok_or(Fault::WorkosSourceOff)?;
        turns.push(Turn { is_whole: whole, ..turn });
        return Ok((turns, done));
    }
    let ids = clients.store.connection_ids().await?;
    let read = ids.into_iter().map(|id| async move { (Turn::of(clients, &id).await, id) });
    let mut read = stream::iter(read.collect::<Vec<_>>()).buffer_unordered(CONNECTIONS_AT_ONCE);
    while let Some((turn, id)) = read.next().await {
        match turn {
            Ok(turn) => turns.extend(turn),
            Err(failure) => {
                clients.write(&Line::failed(clients, request, &id, &failure));
                done = done.and(Done { failed: 1, ..Done::default() });
            }
        }
    }
    Ok((turns, done))
}

/// How long a run asks on.
#[derive(Clone, Copy)]
struct Time {
    began: Instant,
    works: Duration,
}

impl Time {
    fn is_over(self) -> bool {
        self.began.elapsed() >= self.works
    }
}

/// A connection whose directory is at WorkOS, and how far stoa has come with it.
struct Turn {
    connection: Arc<Connection>,
    source: WorkosSourceDocument,
    item: Option<SyncItem>,
    /// Whether everything is to be looked at, due or not.
    is_whole: bool,
}

impl Turn {
    /// `None`: its directory is elsewhere, or it is switched off.
    async fn of(clients: &Clients, id: &ConnectionId) -> Result<Option<Self>, Failure> {
        let connection = clients.store.connection(id, clients.clock.now()).await?;
        let source = connection.directory().and_then(|directory| directory.workos.clone());
        let Some(source) = source.filter(|_| connection.state != ConnectionState::Disabled) else { return Ok(None) };
        let item = clients.store.workos_sync(id).await?;
        Ok(Some(Self { connection, source, item, is_whole: false }))
    }

    async fn take(self, clients: &Clients, time: Time) -> (Done, Result<(), Failure>) {
        let mut done = Done { connections: 1, ..Done::default() };
        if time.is_over() {
            return (Done { waiting: 1, ..done }, Ok(()));
        }
        let Some(directory) = WorkosId::parse(&self.source.directory) else {
            return (done, Err(Fault::ConfigurationBroken.into()));
        };
        let now = clients.clock.now();
        let item = match self.item {
            Some(item) => item.due(&directory, now),
            None => SyncItem::new(directory.clone(), now),
        };
        let item = if self.is_whole { item.begun(now) } else { item };
        let mut item = SyncItem { turn_at: Some(now.as_millisecond()), ..item };
        let result = async {
            let (secrets, id) = (&clients.secrets, self.connection.id());
            let api_keys = secrets.of(&Named::of(SecretKind::Oidc, id), 0, None, now).await?;
            let sealing_keys = secrets.directory(now).await?;
            let pepper = Pepper::from_keys(&*secrets.pepper(now).await?);
            let (connection, source) = (self.connection.clone(), self.source);
            let look = Look { clients, connection, source, directory, api_keys, sealing_keys, pepper, time };
            look.all(&mut item, &mut done).await
        };
        let result = result.await;
        // Should it come back, what was read of it before does not count.
        if result.as_ref().is_err_and(|failure| failure.fault == Fault::WorkosDirectoryGone) {
            item = item.begun(clients.clock.now());
        }
        let noted = note(clients, self.connection.id(), item, &result).await;
        (done, result.map(drop).and(noted))
    }
}

/// Notes how a run ended, for `stoa doctor`, where that is not noted yet.
async fn note(
    clients: &Clients,
    connection: &ConnectionId,
    item: SyncItem,
    result: &Result<Ended, Failure>,
) -> Result<(), Failure> {
    let fault = match result {
        Ok(Ended::Overtaken) => return Ok(()),
        Ok(Ended::Done) => None,
        Err(failure) => Some(failure.fault.code()),
    };
    if fault.is_none() && item.failing.is_none() {
        return Ok(());
    }
    clients.store.put_workos_sync(connection, &mut item.ended(fault, clients.clock.now())).await.map(drop)
}

/// How a look ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// It did what there was time for.
    Done,
    /// Another run is at work.
    Overtaken,
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
    time: Time,
}

impl Look<'_> {
    fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

    fn is_over(&self) -> bool {
        self.time.is_over()
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

    async fn all(&self, item: &mut SyncItem, done: &mut Done) -> Result<Ended, Failure> {
        let found = self.found(done).await?;
        *item = item.clone().found(found.state, self.now());
        let events = self.events(item, found.organization.as_deref(), done).await;
        match &events {
            Ok(Ended::Overtaken) => return events,
            Ok(Ended::Done) => {}
            // What is strange about events does not make the lists wrong.
            Err(failure) if failure.fault == Fault::WorkosAnswerStrange => {}
            Err(_) => return events,
        }
        if self.whole(item, done).await? == Ended::Overtaken {
            return Ok(Ended::Overtaken);
        }
        let lost = item.is_always_lost().then_some("a cursor that is lost again and again");
        match lost.or_else(|| item.doubt.map(Doubt::note)) {
            Some(note) if events.is_ok() => Err(Failure::noted(Fault::WorkosAnswerStrange, note)),
            Some(_) | None => events,
        }
    }

    async fn found(&self, done: &mut Done) -> Result<DirectoryFound, Failure> {
        directory_of(&self.ask(&Ask::Directory(&self.directory), done).await?)
    }

    /// Goes on with the look at everything that is under way, as far as there is time and the lists are true.
    async fn whole(&self, item: &mut SyncItem, done: &mut Done) -> Result<Ended, Failure> {
        while !self.is_over()
            && item.is_listed_truly()
            && let Some(whole) = item.whole.clone()
        {
            let as_of = whole.as_of;
            match Box::pin(self.part(whole, done)).await? {
                Part::Next(whole) => item.whole = Some(whole),
                Part::Last(doubt) => (item.whole, item.whole_at, item.doubt) = (None, Some(as_of), doubt),
                Part::Untrue(state) => *item = item.clone().found(state, self.now()),
            }
            if !self.save(item).await? {
                return Ok(Ended::Overtaken);
            }
        }
        Ok(Ended::Done)
    }

    /// Hears the events since the cursor.
    async fn events(&self, item: &mut SyncItem, organization: Option<&str>, done: &mut Done) -> Result<Ended, Failure> {
        let first = item.cursor.clone();
        let mut at = first.clone();
        loop {
            let is_kept = at == first && matches!(at, Cursor::After { .. });
            let asked = Ask::Events { organization, cursor: &at };
            let page = match events_page(&self.ask(&asked, done).await?)? {
                Paged::Page(page) => page,
                Paged::Refused(status) if is_kept => return self.cursor_lost(item, status).await,
                Paged::Refused(status) => return Err(refused(status)),
            };
            if is_kept {
                item.lost_again = 0;
            }
            done.events += count(page.items.len());
            done.strange += count(page.strange);
            let heard = self.events_heard(&page.items, done).await?;
            item.arrivals = item.arrivals.after(&heard, self.now());
            let told: Vec<(WorkosId, i64)> = page.items.iter().map(|event| (event.id.clone(), event.at())).collect();
            item.cursor = item.cursor.clone().moved(&told, self.now());
            if !self.save(item).await? {
                return Ok(Ended::Overtaken);
            }
            let last = page.items.last().map_or_else(|| at.at(), Event::at);
            match page.next.as_deref().and_then(WorkosId::parse) {
                Some(event) if !self.is_over() => at = Cursor::After { event, at: last },
                Some(_) | None => return Ok(Ended::Done),
            }
        }
    }

    /// The question after the event that was kept since an earlier run is refused: only that one can be forgotten by now.
    /// A cursor that is lost again is no question as the API takes it any more.
    async fn cursor_lost(&self, item: &mut SyncItem, status: u16) -> Result<Ended, Failure> {
        let was_lost_lately = item.was_lost_lately(self.now());
        *item = item.clone().lost(self.now());
        match self.save(item).await? {
            false => Ok(Ended::Overtaken),
            true if was_lost_lately => Err(refused(status)),
            true => Ok(Ended::Done),
        }
    }

    /// Hears the events that are about the directory. Of those that say something, when each was, and whether it was news.
    async fn events_heard(&self, events: &[Event], done: &mut Done) -> Result<Vec<(i64, bool)>, Failure> {
        let people = &self.people();
        let says =
            |event: &&Event| !matches!(event.happened, Happened::Activated | Happened::Deleted | Happened::Other(_));
        let ours = events.iter().filter(|event| event.directory.as_ref() == Some(&self.directory));
        let told: Vec<&Event> = ours.filter(says).collect();
        let heard = self.hear(told.iter().map(|event| Box::pin(people.hear(event))).collect(), done).await?;
        Ok(told.iter().zip(heard).map(|(event, heard)| (event.at(), heard == Heard::News)).collect())
    }

    /// Waits for what is heard, some at once: each is known by its own time. In the same order, whether it was news.
    async fn hear<F>(&self, hears: Vec<F>, done: &mut Done) -> Result<Vec<Heard>, Failure>
    where
        F: Future<Output = Result<Heard, Failure>>,
    {
        let mut hears = stream::iter(hears).buffered(WORDS_AT_ONCE);
        let mut all = Vec::new();
        while let Some(heard) = hears.next().await {
            let heard = heard?;
            done.news += u32::from(heard == Heard::News);
            all.push(heard);
        }
        Ok(all)
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
