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
    Ask, Cursor, DirectoryFound, Event, Happened, Paged, Phase, SyncItem, WorkosId, directory_of, events_page, refused,
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

/// What is asked for: whatever is due, of every connection or of one; or everything of one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    connection: Option<ConnectionId>,
    #[serde(default)]
    whole: bool,
}

impl Wanted {
    /// What whoever starts it by hand names is taken to the letter: a connection that is misspelled is not every one. The
    /// clock names nothing.
    fn read(event: Value) -> Result<Self, Failure> {
        if !["connection", "whole"].iter().any(|name| event.get(name).is_some()) {
            return Ok(Self::default());
        }
        let wanted = serde_json::from_value(event).ok();
        wanted.filter(|wanted: &Self| wanted.connection.is_some()).ok_or_else(|| {
            let got = "an event by hand that names no connection";
            Failure::with(Fault::EventStrange, r#"{"connection": "ID"}, with "whole": true for everything of it"#, got)
        })
    }
}

/// Asks for every connection whose directory is at WorkOS. One that fails stops no other; where there is not time enough
/// for all, those that waited longest come first.
pub async fn workos_sync(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let wanted = Wanted::read(event)?;
    let (mut turns, mut done) = turns(clients, &wanted, request).await?;
    turns.sort_by_key(|turn| turn.item.as_ref().and_then(|item| item.turn_at));
    let works = turns.into_iter().map(|turn| async move {
        let id = turn.connection.id().clone();
        match Box::pin(turn.take(clients, began)).await {
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
async fn turns(clients: &Clients, wanted: &Wanted, request: &str) -> Result<(Vec<Turn>, Done), Failure> {
    let (mut turns, mut done) = (Vec::new(), Done::default());
    if let Some(id) = &wanted.connection {
        let turn = Turn::of(clients, id).await?.ok_or(Fault::WorkosSourceOff)?;
        turns.push(Turn { is_whole: wanted.whole, ..turn });
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

    async fn take(self, clients: &Clients, began: Instant) -> (Done, Result<(), Failure>) {
        let mut done = Done { connections: 1, ..Done::default() };
        if began.elapsed() >= WORKS {
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
            let look = Look { clients, connection, source, directory, api_keys, sealing_keys, pepper, began };
            look.all(&mut item, &mut done).await
        };
        let result = result.await;
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

    async fn all(&self, item: &mut SyncItem, done: &mut Done) -> Result<Ended, Failure> {
        let found = self.found(done).await?;
        item.state = Some(found.state);
        let events = self.events(item, found.organization.as_deref(), done).await;
        match &events {
            Ok(Ended::Overtaken) => return events,
            Ok(Ended::Done) => {}
            // What is strange about events does not make the lists wrong.
            Err(failure) if failure.fault == Fault::WorkosAnswerStrange => {}
            Err(_) => return events,
        }
        if found.state.is_listed_truly() && self.whole(item, done).await? == Ended::Overtaken {
            return Ok(Ended::Overtaken);
        }
        match item.doubt {
            Some(doubt) if events.is_ok() => Err(Failure::noted(Fault::WorkosAnswerStrange, doubt.note())),
            Some(_) | None => events,
        }
    }

    async fn found(&self, done: &mut Done) -> Result<DirectoryFound, Failure> {
        directory_of(&self.ask(&Ask::Directory(&self.directory), done).await?)
    }

    /// Goes on with the look at everything that is under way, as far as there is time.
    async fn whole(&self, item: &mut SyncItem, done: &mut Done) -> Result<Ended, Failure> {
        while !self.is_over()
            && let Some(whole) = item.whole.clone()
        {
            let as_of = whole.as_of;
            // The connection may have ended since the lists were read, and with it what they had.
            let takes_away = matches!(whole.phase, Phase::MissingPeople { after: None });
            if takes_away && !self.found(done).await?.state.is_listed_truly() {
                return Ok(Ended::Done);
            }
            match Box::pin(self.part(whole, done)).await? {
                Part::Next(whole) => item.whole = Some(whole),
                Part::Last(doubt) => (item.whole, item.whole_at, item.doubt) = (None, Some(as_of), doubt),
            }
            if !self.save(item).await? {
                return Ok(Ended::Overtaken);
            }
        }
        Ok(Ended::Done)
    }

    /// Hears the events since the cursor.
    async fn events(&self, item: &mut SyncItem, organization: Option<&str>, done: &mut Done) -> Result<Ended, Failure> {
        let mut at = item.cursor.clone();
        loop {
            let asked = Ask::Events { organization, cursor: &at };
            let page = match events_page(&self.ask(&asked, done).await?)? {
                Paged::Page(page) => page,
                Paged::Refused(status) => return self.events_refused(item, &at, status).await,
            };
            done.events += count(page.items.len());
            done.strange += count(page.strange);
            let ours = page.items.iter().filter(|event| event.directory.as_ref() == Some(&self.directory));
            let heard = self.hear_all(ours.collect(), done).await?;
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

    /// Only the event after which the first page begins can be forgotten by now. Whatever else is refused, and a cursor
    /// that is lost again and again, is no question as the API takes it any more.
    async fn events_refused(&self, item: &mut SyncItem, at: &Cursor, status: u16) -> Result<Ended, Failure> {
        let is_lost = matches!(at, Cursor::After { .. }) && *at == item.cursor;
        if !is_lost {
            return Err(refused(status));
        }
        let was_lost_lately = item.was_lost_lately(self.now());
        *item = item.clone().lost(self.now());
        match self.save(item).await? {
            false => Ok(Ended::Overtaken),
            true if was_lost_lately => Err(refused(status)),
            true => Ok(Ended::Done),
        }
    }

    /// Hears events, some at once: each is known by its own time. Of those that say something, when each was, and whether it
    /// was news.
    async fn hear_all(&self, events: Vec<&Event>, done: &mut Done) -> Result<Vec<(i64, bool)>, Failure> {
        let people = self.people();
        let says =
            |event: &&Event| !matches!(event.happened, Happened::Activated | Happened::Deleted | Happened::Other(_));
        let hear = |event: &Event| {
            let (people, at, event) = (&people, event.at(), event.clone());
            Box::pin(async move { people.hear(&event).await.map(|heard| (at, heard == Heard::News)) })
        };
        let hears: Vec<_> = events.into_iter().filter(says).map(hear).collect();
        let mut hears = stream::iter(hears).buffer_unordered(WORDS_AT_ONCE);
        let mut heard = Vec::new();
        while let Some(one) = hears.next().await {
            let (at, is_news) = one?;
            done.news += u32::from(is_news);
            heard.push((at, is_news));
        }
        Ok(heard)
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
