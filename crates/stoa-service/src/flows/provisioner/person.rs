//! One person: read as they are now, compared with what was done, and what is missing is done.

use std::time::Duration;

use jiff::Timestamp;
use stoa_core::connection::{Connection, ConnectionState};
use stoa_core::directory::{Desired, UserId, desired};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::provision::{
    Account, Applied, Outcome, Rank, Reconciliation, Step, Stuck, Sync, Told, due_at, is_removal, retry_in,
};
use stoa_core::thinkific::{ApiAnswer, ApiRequest, UnknownPassword};
use stoa_scim::ResourceType;

use super::Shared;
use super::budget::Budget;
use crate::api;
use crate::clients::Clients;
use crate::provision_log::{Done, PersonLine};
use crate::random;
use crate::store::{DuePerson, People, Synced, Then};

/// Calls in all, while the school says that it is busy for a moment.
const BUSY_TRIES: u32 = 4;
/// What counts as a moment, in seconds.
const BRIEF_SECONDS: i64 = 2;
/// Another removal may be counted at the same time. Whoever loses to each of the others of a look, sixteen people, still
/// gets their turn.
const COUNT_TRIES: u32 = 20;
/// How long people of a connection that is switched off are left alone, in seconds.
const OFF_SECONDS: i64 = 3600;

/// To whom a login has proven an address to belong.
struct Proven {
    /// Their id at the school.
    external_id: String,
    /// The login was not before the directory said what it says of the person.
    is_since: bool,
    /// Whose the id is, where it is somebody else's of the directory.
    previous: Option<UserId>,
}

/// What the directory wants of a person.
struct Wanted {
    desired: Desired,
    /// When it last changed them, in epoch seconds.
    modified: Option<i64>,
}

/// The run of one person.
pub(super) struct Run<'a> {
    pub(super) clients: &'a Clients,
    pub(super) request: &'a str,
    pub(super) shared: &'a Shared,
    pub(super) budget: &'a Budget<'a>,
    pub(super) connection: &'a Connection,
    pub(super) person: &'a DuePerson,
}

impl Run<'_> {
    /// Does what is due. Whatever becomes of it is logged, and ends here.
    pub(super) async fn whole(&self) -> Done {
        let line = PersonLine::new(&self.clients.environment, self.request, self.person);
        match self.reconcile().await {
            // The index was late: nothing is due.
            Ok(None) => Done::default(),
            Ok(Some(then)) => {
                self.clients.write(&line.ended(&then));
                Done::of(&then)
            }
            // Nobody's fault, and nothing to say of every person: the next run goes on.
            Err(failure) if failure.fault == Fault::CallsSpent => Done { put_off: 1, ..Done::default() },
            Err(failure) => {
                self.clients.write(&line.failed(&failure));
                Done { people: 1, failed: 1, ..Done::default() }
            }
        }
    }

    async fn reconcile(&self) -> Result<Option<Then>, Failure> {
        let (store, now) = (&self.clients.store, self.clients.clock.now());
        let DuePerson { connection, user, .. } = self.person;
        // Before the person: what is wanted after this read makes them due again.
        let Some(sync) = store.sync(connection, user).await? else { return Ok(None) };
        if sync.due_at != Some(self.person.due_at) {
            return Ok(None);
        }
        let sync = Sync { applied: sync.applied.at(self.connection.school()), ..sync };
        let wanted = self.wanted(&sync, now).await?;
        if self.connection.state == ConnectionState::Disabled {
            let later = now.saturating_add(jiff::SignedDuration::from_secs(OFF_SECONDS)).unwrap_or(now);
            let then = self.again(later, sync.tries);
            return self.end(&sync, &sync.applied, then).await.map(Some);
        }
        let is_let_through = sync.released || sync.blocked || sync.counted;
        if is_removal(&wanted.desired, &sync.applied, now) && !is_let_through && !self.may_remove(now).await? {
            return self.end(&sync, &sync.applied, Then::Held(now)).await.map(Some);
        }
        self.carry_out(&sync, &wanted, now).await.map(Some)
    }

    async fn wanted(&self, sync: &Sync, now: Timestamp) -> Result<Wanted, Failure> {
        let people = self.people(now);
        let person = people.person(&self.person.user).await?;
        let Some(user) = &person.user else {
            return Ok(Wanted { desired: nobody(&self.person.user), modified: None });
        };
        let since = Timestamp::from_second(user.item.created)
            .map_err(|_| Failure::noted(Fault::StoreItemStrange, "an instant of directory"))?;
        let wanted = desired(&self.person.user, &user.profile, &person.memberships(), since, self.connection);
        let desired = if sync.blocked { Desired { active: false, ..none_of(wanted) } } else { wanted };
        Ok(Wanted { desired, modified: Some(user.item.modified) })
    }

    fn people(&self, now: Timestamp) -> People<'_> {
        People {
            store: &self.clients.store,
            connection: self.connection.id(),
            sealing_keys: &self.shared.sealing_keys,
            pepper: &self.shared.pepper,
            now,
        }
    }

    /// Counts one more removal of the connection's window, if there may be one.
    async fn may_remove(&self, now: Timestamp) -> Result<bool, Failure> {
        let (store, id) = (&self.clients.store, self.connection.id());
        let Some(directory) = self.connection.directory() else { return Ok(false) };
        for _ in 0..COUNT_TRIES {
            let before = store.removals(id).await?;
            // Up to ten may always leave: nobody is counted for them.
            let after = match before.with_one_more(&directory.removals, 0, now) {
                Some(after) => Some(after),
                None => {
                    let people = self.people(now).ids(ResourceType::User).await?.len();
                    before.with_one_more(&directory.removals, u64::try_from(people).unwrap_or(u64::MAX), now)
                }
            };
            let Some(after) = after else { return Ok(false) };
            if store.count_removal(self.synced(), &before, &after).await? {
                return Ok(true);
            }
        }
        Err(Failure::noted(Fault::StoreContended, "the removals of the connection"))
    }

    async fn carry_out(&self, sync: &Sync, wanted: &Wanted, now: Timestamp) -> Result<Then, Failure> {
        let desired = &wanted.desired;
        let told = Told::new(desired, self.connection, &self.shared.pepper);
        let owner = match (&told, &sync.applied.account) {
            (Some(told), None) => self.proven_owner(told, wanted).await?,
            (Some(_) | None, _) => None,
        };
        let owner_id = owner.as_ref().map(|owner| owner.external_id.as_str());
        let mut run =
            Reconciliation::new(self.connection, (desired, told.as_ref()), sync.applied.clone(), owner_id, now);
        loop {
            let before = run.applied().clone();
            let step = run.step();
            if let (None, Some(found)) = (&before.account, &run.applied().account)
                && !self.may_have(found, owner.as_ref()).await?
            {
                // Whoever has left has nothing in an account that is another's by now.
                return match desired.active {
                    true => self.end(sync, &before, Then::Stuck(Stuck::Bound { user: found.user })).await,
                    false => self.end(sync, &Applied { is_doubtful: false, ..before }, Then::Nothing).await,
                };
            }
            let call = match step {
                Step::Note => {
                    self.clients.store.note_applied(self.synced(), run.applied()).await?;
                    continue;
                }
                Step::End(Outcome::Settled) => return self.end(sync, run.applied(), Then::Nothing).await,
                Step::End(Outcome::Stuck(why)) => return self.end(sync, run.applied(), Then::Stuck(why)).await,
                Step::Call(call) => call,
            };
            let password = UnknownPassword::from_bytes(random::bytes()?);
            let request = call.request(desired, &password, now);
            let heard = match self.call(&request).await {
                Ok(answer) => run.heard(&call, &answer),
                Err(failure) => Err(failure),
            };
            if let Err(failure) = heard {
                return self.put_off(sync, run.applied(), failure, now).await;
            }
        }
    }

    /// Whom a login has proven the address to belong to: this person, unless the id is one that the directory has given to
    /// somebody else who may still be it.
    async fn proven_owner(&self, told: &Told, wanted: &Wanted) -> Result<Option<Proven>, Failure> {
        let store = &self.clients.store;
        let Some(owner) = store.owner_of(&told.email_key, self.connection.school()).await? else { return Ok(None) };
        // Since when the address is theirs is not written down: no earlier than the directory last changed them.
        let is_since = wanted.modified.is_some_and(|modified| owner.seen >= modified);
        let other = UserId::parse(&owner.external_id).ok().filter(|other| *other != self.person.user);
        let previous = match other {
            Some(other) => store.sync(self.connection.id(), &other).await?.map(|_| other),
            None => None,
        };
        let proven = Proven { external_id: owner.external_id, is_since, previous };
        let is_theirs = match &proven.previous {
            Some(previous) => self.has_inherited(previous, Some(&proven)).await?,
            None => true,
        };
        Ok(is_theirs.then_some(proven))
    }

    /// Whether an account that turned out to be at the school becomes this person's, and stays it: not one that somebody
    /// else of the directory has who has the address too, or had it. The school does not always say so: no token may have
    /// bound it, or a login did before there was a directory.
    async fn may_have(&self, found: &Account, owner: Option<&Proven>) -> Result<bool, Failure> {
        let store = &self.clients.store;
        let bound = owner.filter(|owner| owner.external_id == found.external_id);
        let previous = match store.claimant(self.connection.id(), found.user).await? {
            Some(claimant) => Some(claimant).filter(|claimant| *claimant != self.person.user),
            None => bound.and_then(|owner| owner.previous.clone()),
        };
        match previous {
            None => store.claim_account(self.synced(), found.user).await,
            Some(previous) if self.has_inherited(&previous, owner).await? => {
                store.hand_over(self.synced(), found.user, &previous).await
            }
            Some(_) => Ok(false),
        }
    }

    /// Whether an address that somebody else of the directory had is this person's by now: that one has left, and a login
    /// has proven it since.
    async fn has_inherited(&self, other: &UserId, owner: Option<&Proven>) -> Result<bool, Failure> {
        if !owner.is_some_and(|owner| owner.is_since) {
            return Ok(false);
        }
        let other = self.people(self.clients.clock.now()).user(other).await?;
        Ok(other.is_none_or(|other| !other.item.active))
    }

    /// The school did not answer, or not so that it is understood: another try later. That it asks to slow down is no
    /// try of this person's.
    async fn put_off(&self, sync: &Sync, applied: &Applied, failure: Failure, now: Timestamp) -> Result<Then, Failure> {
        if matches!(failure.fault, Fault::CallsSpent | Fault::ThinkificBusy | Fault::ThinkificKeyRefused) {
            self.budget.end();
            self.clients.store.note_applied(self.synced(), applied).await?;
            return Err(failure);
        }
        let tries = sync.tries + 1;
        let then = match retry_in(tries) {
            Some(seconds) => {
                let at = now.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(now);
                self.again(at, tries)
            }
            None => Then::Stuck(Stuck::no_answer(failure.fault)),
        };
        let line = PersonLine::new(&self.clients.environment, self.request, self.person);
        self.clients.write(&line.failed(&failure));
        self.end(sync, applied, then).await
    }

    fn again(&self, later: Timestamp, tries: u32) -> Then {
        Then::Again { due_at: due_at(Rank::of(self.person.due_at), later), tries }
    }

    async fn end(&self, sync: &Sync, applied: &Applied, then: Then) -> Result<Then, Failure> {
        self.clients.store.end_sync(self.synced(), applied, sync.wanted, &then).await?;
        Ok(then)
    }

    fn synced(&self) -> Synced<'_> {
        let DuePerson { connection, user, .. } = self.person;
        Synced { connection, user, fence: self.shared.fence }
    }

    /// One call, and again where the school is busy for a moment.
    async fn call(&self, request: &ApiRequest) -> Result<ApiAnswer, Failure> {
        let Shared { school, api_keys, .. } = self.shared;
        for attempt in 1..=BUSY_TRIES {
            self.budget.take().await?;
            let now = self.clients.clock.now();
            let answer = api::call_patiently(&self.clients.outbound, school, api_keys.current(now), request).await?;
            if answer.status != 429 || answer.retry_after(now) > BRIEF_SECONDS || attempt == BUSY_TRIES {
                return Ok(answer);
            }
            let [spread] = random::bytes()?;
            tokio::time::sleep(Duration::from_millis(500 + 4 * u64::from(spread))).await;
        }
        Err(Fault::ThinkificBusy.into())
    }
}

/// Somebody whom the directory has no more.
fn nobody(user: &UserId) -> Desired {
    Desired {
        user: user.clone(),
        created: None,
        active: false,
        email: None,
        first_name: String::new(),
        last_name: String::new(),
        enrolments: std::collections::BTreeMap::new(),
        groups: std::collections::BTreeSet::new(),
    }
}

/// The same person, with nothing.
fn none_of(desired: Desired) -> Desired {
    let Desired { user, created, email, first_name, last_name, .. } = desired;
    Desired { created, email, first_name, last_name, ..nobody(&user) }
}
