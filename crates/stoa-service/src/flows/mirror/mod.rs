//! Once a minute: what a school has, looked at and written down, so that launches need not ask; and what has to follow
//! those that did not.
//!
//! Whatever is oldest is done first, out of what is left of the school's minute, until the time is over; the next minute
//! goes on where this one stopped. Twice changes nothing. A run that breaks off loses one page of a look at most.

mod accounts;
mod bindings;
mod follow_up;
mod line;
mod look;
mod roles;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use stoa_core::connection::ConnectionState;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::SchoolId;

use self::line::{Done, Line};
use self::look::{Look, Stop};
use crate::clients::Clients;

/// How old roles are before they are looked at again, in seconds.
const ROLES_EVERY: i64 = 15 * 60;
/// How old the rest is before it is looked at again, in seconds: so that a look that fails leaves time for another.
const ACCOUNTS_EVERY: i64 = 12 * 3600;

/// What is asked for: everything that is due, of every school or of one.
#[derive(Debug, Default, Deserialize)]
struct Event {
    #[serde(default)]
    school: Option<SchoolId>,
}

/// Looks at every school. One that fails stops no other.
pub async fn mirror(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let event: Event = serde_json::from_value(event).unwrap_or_default();
    let (schools, mut done) = schools(clients, request).await?;
    for (id, domains) in schools.into_iter().filter(|(id, _)| event.school.as_ref().is_none_or(|school| school == id)) {
        done = done.and(look_at(clients, &id, domains, request, began).await);
    }
    clients.write(&Line::run(clients, request, done, began.elapsed()));
    serde_json::to_value(done).map_err(|_| Fault::Internal.into())
}

/// The domains that connections claim, of each school that one of them leads to.
type Schools = BTreeMap<SchoolId, BTreeSet<String>>;

/// Every school that a connection leads to that is not switched off. One that cannot be read is left out.
async fn schools(clients: &Clients, request: &str) -> Result<(Schools, Done), Failure> {
    let (mut schools, mut done) = (Schools::new(), Done::default());
    for id in clients.store.connection_ids().await? {
        match clients.store.connection_now(&id, clients.clock.now()).await {
            Ok(connection) if connection.state == ConnectionState::Disabled => {}
            Ok(connection) => {
                let domains = schools.entry(connection.school().clone()).or_default();
                domains.extend(connection.document().domains.iter().cloned());
            }
            Err(failure) => done = failed(clients, None, request, &failure, done),
        }
    }
    Ok((schools, done))
}

async fn look_at(clients: &Clients, id: &SchoolId, domains: BTreeSet<String>, request: &str, began: Instant) -> Done {
    let mut look = match Look::begin(clients, id, domains, began).await {
        Ok(look) => look,
        Err(failure) => return failed(clients, Some(id), request, &failure, Done { schools: 1, ..Done::default() }),
    };
    let result = look.whole().await;
    let done = Done { schools: 1, ..look.done };
    match result {
        Ok(()) => done,
        Err(failure) => failed(clients, Some(id), request, &failure, done),
    }
}

fn failed(clients: &Clients, id: Option<&SchoolId>, request: &str, failure: &Failure, done: Done) -> Done {
    clients.write(&Line::failed(clients, request, id, failure));
    Done { failed: done.failed + 1, ..done }
}

impl Look<'_> {
    async fn whole(&mut self) -> Result<(), Failure> {
        match self.all().await {
            Ok(()) | Err(Stop::Enough) => self.failure.take().map_or(Ok(()), Err),
            Err(Stop::Failed(failure)) => Err(failure),
        }
    }

    async fn all(&mut self) -> Result<(), Stop> {
        if is_older(self.mirror.roles_at, ROLES_EVERY, self.now()) {
            self.roles().await?;
        }
        self.follow_up().await?;
        let is_wanted = self.mirror.wanted.is_some_and(|wanted| self.mirror.mirrored_at.is_none_or(|at| at < wanted));
        let is_other = !self.domains.is_subset(&self.mirror.domains);
        let is_old = is_older(self.mirror.mirrored_at, ACCOUNTS_EVERY, self.now());
        if self.mirror.run.is_some() || is_wanted || is_other || is_old {
            self.accounts().await?;
        }
        self.bindings().await
    }
}

fn is_older(at: Option<i64>, seconds: i64, now: Timestamp) -> bool {
    at.is_none_or(|at| now.as_second() - at >= seconds)
}
