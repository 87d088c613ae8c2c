//! Once a minute: what a school has, looked at and written down, so that launches need not ask; and what has to follow
//! those that did not.
//!
//! Whatever is oldest is done first, out of what is left of the school's minute, until the time is over; the next minute
//! goes on where this one stopped. Twice changes nothing. A run that breaks off loses one page of a look at most.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stoa_core::connection::{ConnectionState, School};
use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::email_key;
use stoa_core::ids::{EmailKey, SchoolId};
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::mirror::{Bound, Found, MIRROR_VERSION, MirroredAccount, Privileged, Run, SchoolMirror};
use stoa_core::person::{FollowUp, FollowUpItem, MOST_TRIES, PersonItem};
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::{
    ApiAnswer, ApiRequest, ROLES, UnknownPassword, User, get_binding, get_bound_user, list_users, list_users_with_role,
    reset_password, take_over_user, update_user,
};
use stoa_core::turn::{CALLS_PER_MINUTE, CALLS_RESERVED};

use crate::api;
use crate::clients::Clients;
use crate::log_line::{Failed, Head, level, milliseconds};
use crate::random;
use crate::secrets::Named;
use crate::store::{MirroredPage, MirroredUser, Revised};

/// A run ends before the next one begins.
const TIME: Duration = Duration::from_secs(45);
/// How old roles are before they are looked at again, in seconds.
const ROLES_EVERY: i64 = 15 * 60;
/// How old the rest is before it is looked at again, in seconds: so that a look that fails leaves time for another.
const ACCOUNTS_EVERY: i64 = 12 * 3600;
/// Pages of the accounts with one role. A school with more has too many to be read by every launch.
const ROLE_PAGES: u32 = 8;
/// Calls that are left to logins while somebody waits for them.
const KEPT_WHILE_WAITING: u32 = CALLS_PER_MINUTE - 10;
/// Writes of addresses at once.
const AT_ONCE: usize = 16;

/// What is asked for: everything that is due, of every school or of one.
#[derive(Debug, Default, Deserialize)]
struct Event {
    #[serde(default)]
    school: Option<SchoolId>,
}

/// What was done, of all schools together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Done {
    /// Schools that were looked at.
    schools: u32,
    /// Of these, the ones at which something failed.
    failed: u32,
    /// Calls of the Admin API.
    calls: u32,
    /// Addresses that were written.
    written: u32,
    /// Accounts that were followed up.
    followed: u32,
}

impl Done {
    const fn and(self, other: Self) -> Self {
        Self {
            schools: self.schools + other.schools,
            failed: self.failed + other.failed,
            calls: self.calls + other.calls,
            written: self.written + other.written,
            followed: self.followed + other.followed,
        }
    }
}

/// Looks at every school. One that fails stops no other.
pub async fn mirror(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let event: Event = serde_json::from_value(event).unwrap_or_default();
    let (schools, mut done) = schools(clients, request).await?;
    for (id, domains) in schools.into_iter().filter(|(id, _)| event.school.as_ref().is_none_or(|school| school == id)) {
        done = done.and(look_at(clients, &id, domains, request, began).await);
    }
    let line = Line { ms: milliseconds(began.elapsed()), done, ..Line::new(clients, request) };
    clients.write(&line);
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
    let line = Line::new(clients, request);
    clients.write(&Line {
        head: line.head.at(level(failure)),
        school: id.map(SchoolId::as_str),
        failed: Some(Failed::of(failure)),
        ..line
    });
    Done { failed: done.failed + 1, ..done }
}

/// One school, on the way.
struct Look<'a> {
    clients: &'a Clients,
    school: School,
    id: &'a SchoolId,
    domains: BTreeSet<String>,
    pepper: Pepper,
    api_keys: std::sync::Arc<KeySet>,
    mirror: SchoolMirror,
    began: Instant,
    done: Done,
    /// What failed and did not end the run.
    failure: Option<Failure>,
}

/// What ends a run that is no failure: the time or the calls are used up.
enum Stop {
    Enough,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl<'a> Look<'a> {
    async fn begin(
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

    fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

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

    /// One call, out of what is left of the minute.
    async fn call(&mut self, request: &ApiRequest, kept: u32) -> Result<ApiAnswer, Stop> {
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
    async fn kept(&self) -> Result<u32, Stop> {
        let line = self.clients.store.line(self.id).await?;
        Ok(if line.wait(self.now()) > 0 { KEPT_WHILE_WAITING } else { CALLS_RESERVED })
    }

    async fn write(&mut self) -> Result<(), Stop> {
        self.mirror.v = MIRROR_VERSION;
        self.mirror.rev += 1;
        if self.clients.store.put_school_mirror(self.id, &self.mirror).await? {
            return Ok(());
        }
        // Another run, or the command: the next minute goes on from what they wrote.
        Err(Stop::Enough)
    }

    /// The accounts that hold a role, role by role. All of them are read before any of them is written. They are few,
    /// and who must not get in is more pressing than who waits.
    async fn roles(&mut self) -> Result<(), Stop> {
        let began = self.now().as_second();
        let mut holders: BTreeMap<u64, Privileged> = BTreeMap::new();
        for role in ROLES {
            for page in 1.. {
                if page > ROLE_PAGES {
                    let note = format!("more than {ROLE_PAGES} pages of accounts with the role {role}");
                    return Err(Failure::noted(Fault::ThinkificAnswerStrange, &note).into());
                }
                let listed = self.call(&list_users_with_role(role, page), 0).await?.listed_users()?;
                for user in &listed.users {
                    // The filter is believed as little as any other: the account says which roles it has.
                    if !user.roles.is_empty() {
                        holders.insert(user.id, self.privileged(user));
                    }
                }
                if !listed.has_more {
                    break;
                }
            }
        }
        // A role that the API cannot be asked for was seen at the last look at everybody.
        let others = self.mirror.privileged.iter().filter(|it| it.roles.iter().any(|role| !is_known(role)));
        for other in others.cloned().collect::<Vec<_>>() {
            holders.entry(other.user).or_insert(other);
        }
        self.mirror.privileged = holders.into_values().collect();
        self.mirror.roles_at = Some(began);
        self.write().await
    }

    fn privileged(&self, user: &User) -> Privileged {
        Privileged { user: user.id, email: self.key_of(&user.email), roles: user.roles.iter().cloned().collect() }
    }

    fn key_of(&self, address: &str) -> Option<EmailKey> {
        Email::parse(address).ok().map(|email| email_key(self.id, &email, &self.pepper))
    }

    /// All accounts, page by page. Only what has changed is written.
    async fn accounts(&mut self) -> Result<(), Stop> {
        loop {
            let run = match self.mirror.run.take() {
                Some(run) if run.domains == self.domains => run,
                Some(_) | None => Run {
                    began: self.now().as_second(),
                    page: 1,
                    pages: 0,
                    domains: self.domains.clone(),
                    found: Found::default(),
                },
            };
            let kept = self.kept().await?;
            let listed = self.call(&list_users(run.page), kept).await;
            let listed = match listed {
                Ok(answer) => answer.listed_users()?,
                Err(stop) => return Err(stop),
            };
            let (page, found) = self.page(&run, &listed.users).await?;
            self.clients.store.put_mirrored_page(self.id, self.side(), &page).await?;
            let found = Found {
                accounts: run.found.accounts + found.accounts,
                claimed: run.found.claimed + found.claimed,
                unasked: run.found.unasked + found.unasked,
            };
            if !listed.has_more {
                return self.finish(Run { found, ..run }).await;
            }
            self.mirror.run = Some(Run { page: run.page + 1, pages: listed.pages, found, ..run });
            self.write().await?;
        }
    }

    /// The side that the look under way writes its pages on.
    const fn side(&self) -> u8 {
        1 - self.mirror.side
    }

    async fn page(&mut self, run: &Run, users: &[User]) -> Result<(MirroredPage, Found), Stop> {
        let now = self.now().as_second();
        let keyed: Vec<(&User, Option<EmailKey>)> = users.iter().map(|user| (user, self.claimed(run, user))).collect();
        let emails: Vec<EmailKey> = keyed.iter().filter_map(|(_, key)| key.clone()).collect();
        let emails: Vec<EmailKey> = emails.into_iter().collect::<std::collections::HashSet<_>>().into_iter().collect();
        let stored = self.clients.store.mirrored_accounts(&emails).await?;
        let mut found = Found { accounts: users.len() as u64, ..Found::default() };
        let (mut changed, mut seen): (Vec<(EmailKey, MirroredAccount)>, Vec<MirroredUser>) = (Vec::new(), Vec::new());
        for (user, email) in keyed {
            let roles: BTreeSet<String> = user.roles.iter().cloned().collect();
            let before = email.as_ref().and_then(|email| stored.get(email)).filter(|before| before.user == user.id);
            let is_asked = before.is_some_and(|before| before.bound.is_some());
            let several = before.is_some_and(|before| before.several);
            if let (Some(email), None) = (&email, before) {
                let account = MirroredAccount { user: user.id, bound: None, seen: now, several: false };
                changed.push((email.clone(), account));
            }
            found.claimed += u64::from(email.is_some());
            found.unasked += u64::from(email.is_some() && !is_asked);
            if email.is_some() || !roles.is_empty() {
                seen.push(MirroredUser { user: user.id, email, is_asked, several, roles });
            }
        }
        self.write_accounts(changed).await?;
        Ok((MirroredPage { page: run.page, began: run.began, users: seen }, found))
    }

    /// The key of an account's address, where that is of a domain that connections claim.
    fn claimed(&self, run: &Run, user: &User) -> Option<EmailKey> {
        let email = Email::parse(&user.email).ok().filter(|email| run.domains.contains(email.domain()))?;
        Some(email_key(self.id, &email, &self.pepper))
    }

    async fn write_accounts(&mut self, changed: Vec<(EmailKey, MirroredAccount)>) -> Result<(), Stop> {
        self.done.written += u32::try_from(changed.len()).unwrap_or(u32::MAX);
        let store = &self.clients.store;
        let writes =
            stream::iter(changed).map(|(email, account)| async move { store.mirror_account(&email, &account).await });
        let results: Vec<Result<(), Failure>> = writes.buffer_unordered(AT_ONCE).collect().await;
        Ok(results.into_iter().collect::<Result<(), Failure>>()?)
    }

    /// The end of a look: what it has not seen any more is forgotten, and what shares an address is marked.
    async fn finish(&mut self, run: Run) -> Result<(), Stop> {
        let (store, now) = (&self.clients.store, self.now().as_second());
        let pages = store.mirrored_pages(self.id, self.side()).await?;
        let before = store.mirrored_pages(self.id, self.mirror.side).await?;
        let (own, left): (Vec<_>, Vec<_>) = pages.into_iter().partition(|page| page.began == run.began);
        let mut holders: HashMap<&EmailKey, Vec<&MirroredUser>> = HashMap::new();
        for user in own.iter().flat_map(|page| &page.users) {
            if let Some(email) = &user.email {
                holders.entry(email).or_default().push(user);
            }
        }
        let gone =
            before.iter().flat_map(|page| &page.users).filter_map(|user| Some((user.email.as_ref()?, user.user)));
        for (email, user) in gone {
            let is_there = holders.get(email).is_some_and(|users| users.iter().any(|it| it.user == user));
            if !is_there {
                store.forget_account(email, user).await?;
            }
        }
        let mut changed = Vec::new();
        for (email, users) in &holders {
            let several = users.iter().map(|user| user.user).collect::<BTreeSet<_>>().len() > 1;
            if several || users.iter().any(|user| user.several) {
                let user = users.iter().map(|user| user.user).min().unwrap_or_default();
                changed.push(((*email).clone(), MirroredAccount { user, bound: None, seen: now, several }));
            }
        }
        let others: Vec<Privileged> = own
            .iter()
            .flat_map(|page| &page.users)
            .filter(|user| user.roles.iter().any(|role| !is_known(role)))
            .map(|user| Privileged { user: user.user, email: user.email.clone(), roles: user.roles.clone() })
            .collect();
        let left: Vec<u32> = left.iter().map(|page| page.page).collect();
        let (pages_before, side) = (before.iter().map(|page| page.page).collect::<Vec<_>>(), self.side());
        self.write_accounts(changed).await?;
        self.mirror.privileged.retain(|it| it.roles.iter().all(|role| is_known(role)));
        self.mirror.privileged.extend(others);
        self.mirror.mirrored_at = Some(run.began);
        self.mirror.domains = run.domains;
        self.mirror.found = run.found;
        self.mirror.run = None;
        self.mirror.binding = 1;
        let old = std::mem::replace(&mut self.mirror.side, side);
        self.write().await?;
        for page in left {
            self.clients.store.delete_mirrored_page(self.id, side, page).await?;
        }
        for page in pages_before {
            self.clients.store.delete_mirrored_page(self.id, old, page).await?;
        }
        Ok(())
    }

    /// Asks to what accounts are bound of which nobody knows, page by page.
    async fn bindings(&mut self) -> Result<(), Stop> {
        while self.mirror.found.unasked > 0 {
            let number = self.mirror.binding.max(1);
            let Some(mut page) = self.clients.store.mirrored_page(self.id, self.mirror.side, number).await? else {
                self.mirror.found.unasked = 0;
                return self.write().await;
            };
            let mut stop = None;
            for user in page.users.iter_mut().filter(|user| !user.is_asked) {
                let Some(email) = &user.email else { continue };
                match self.binding(email, user.user).await {
                    Ok(()) => {
                        user.is_asked = true;
                        self.mirror.found.unasked = self.mirror.found.unasked.saturating_sub(1);
                    }
                    Err(why) => {
                        stop = Some(why);
                        break;
                    }
                }
            }
            self.clients.store.put_mirrored_page(self.id, self.mirror.side, &page).await?;
            if stop.is_none() {
                self.mirror.binding = number + 1;
            }
            self.write().await?;
            if let Some(why) = stop {
                return Err(why);
            }
        }
        Ok(())
    }

    async fn binding(&mut self, email: &EmailKey, user: u64) -> Result<(), Stop> {
        let kept = self.kept().await?;
        let external_id = self.call(&get_binding(user), kept).await?.binding()?;
        let bound = Bound::of(self.id, external_id.as_deref(), &self.pepper);
        let stored = self.clients.store.mirrored_accounts(std::slice::from_ref(email)).await?.remove(email);
        // The address may be another account's by now.
        let Some(before) = stored.filter(|before| before.user == user) else { return Ok(()) };
        let account = MirroredAccount { bound: Some(bound), seen: self.now().as_second(), ..before };
        self.write_accounts(vec![(email.clone(), account)]).await
    }

    /// What has to follow logins, the oldest first.
    async fn follow_up(&mut self) -> Result<(), Stop> {
        let mut items = self.clients.store.follow_ups(self.id).await?;
        if items.is_empty() {
            return Ok(());
        }
        items.sort_by_key(|item| item.at);
        let now = self.now();
        let seal_secrets = self.clients.secrets.seal(now).await?;
        let mut is_silent = false;
        for item in items.into_iter().filter(|item| item.is_tried_at(now)) {
            match self.follow_up_one(&item, &seal_secrets).await {
                Ok(()) => self.done.followed += 1,
                // One account stops nobody else. A school that is silent twice is not there.
                Err(Stop::Failed(failure)) if is_of_one(failure.fault) && !is_silent => {
                    is_silent = failure.fault == Fault::ThinkificUnavailable;
                    self.failed(&item).await?;
                    self.failure.get_or_insert(failure);
                }
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }

    async fn follow_up_one(&mut self, item: &FollowUpItem, seal_secrets: &KeySet) -> Result<(), Stop> {
        let told = item.told(seal_secrets);
        if told.is_none() && !item.resets_password {
            return self.doubt(item).await;
        }
        // A password that a stranger may know waits for nobody.
        let kept = if item.resets_password { 0 } else { self.kept().await? };
        let account = self.call(&get_bound_user(&item.id), kept).await?.user()?;
        let Some(told) = told else {
            if let Some(account) = account.filter(|it| it.roles.is_empty() && item.resets_password_of(it)) {
                self.reset_password(account.id).await?;
            }
            return self.doubt(item).await;
        };
        let what = item.decide(account.as_ref(), &told, self.now());
        match (what, account) {
            (FollowUp::Write { resets_password }, Some(account)) => {
                let request = if resets_password {
                    let password = UnknownPassword::from_bytes(random::bytes().map_err(Failure::from)?);
                    take_over_user(account.id, told.profile(), &password)
                } else {
                    update_user(account.id, told.profile())
                };
                match self.call(&request, kept).await?.updated() {
                    Ok(()) => self.found(item, account.id).await,
                    // What the school refuses of one person stops nobody else, and no password.
                    Err(failure) if failure.fault == Fault::ThinkificRefusedAccount => {
                        if resets_password {
                            self.reset_password(account.id).await?;
                        }
                        self.doubt(item).await
                    }
                    Err(failure) => Err(failure.into()),
                }
            }
            (FollowUp::Nothing, Some(account)) => self.found(item, account.id).await,
            (FollowUp::Later, _) => Ok(self.clients.store.put_off(self.id, item).await?),
            (FollowUp::Write { .. } | FollowUp::Nothing, None) | (FollowUp::Doubt, _) => self.doubt(item).await,
        }
    }

    async fn reset_password(&mut self, user: u64) -> Result<(), Stop> {
        let password = UnknownPassword::from_bytes(random::bytes().map_err(Failure::from)?);
        Ok(self.call(&reset_password(user, &password), 0).await?.updated()?)
    }

    /// One more try in vain. After the last one the person's next login asks the school itself; a password that must end
    /// is still owed.
    async fn failed(&self, item: &FollowUpItem) -> Result<(), Stop> {
        if item.tries + 1 == MOST_TRIES {
            if !item.resets_password {
                return self.doubt(item).await;
            }
            self.revise(item, PersonItem::unsettled).await?;
        }
        Ok(self.clients.store.put_off(self.id, item).await?)
    }

    async fn found(&self, item: &FollowUpItem, user: u64) -> Result<(), Stop> {
        self.end(item, |person| person.found(user)).await
    }

    /// The account is not what it was taken for: the person's next login asks the school itself.
    async fn doubt(&self, item: &FollowUpItem) -> Result<(), Stop> {
        self.end(item, PersonItem::unsettled).await
    }

    /// Writes the person, and only then that nothing has to follow.
    async fn end(&self, item: &FollowUpItem, change: impl FnOnce(&PersonItem) -> PersonItem) -> Result<(), Stop> {
        if self.revise(item, change).await? {
            self.clients.store.followed_up(self.id, item).await?;
        }
        Ok(())
    }

    /// Writes the person, if their id is still the one that was followed up. `false`: their login wrote in between, and
    /// the next minute looks again.
    async fn revise(&self, item: &FollowUpItem, change: impl FnOnce(&PersonItem) -> PersonItem) -> Result<bool, Stop> {
        let store = &self.clients.store;
        let person = store.person(&item.person, self.id).await?.filter(|person| person.id == item.id);
        let Some(person) = person else { return Ok(true) };
        let after = change(&person);
        Ok(store.put_person(&Revised { person: &item.person, school: self.id, item: &after }).await?)
    }
}

/// Whether a failure may be one account's.
const fn is_of_one(fault: Fault) -> bool {
    matches!(fault, Fault::ThinkificAnswerStrange | Fault::ThinkificRefusedAccount | Fault::ThinkificUnavailable)
}

fn is_known(role: &str) -> bool {
    ROLES.contains(&role)
}

fn is_older(at: Option<i64>, seconds: i64, now: Timestamp) -> bool {
    at.is_none_or(|at| now.as_second() - at >= seconds)
}

/// The log line. `docs/logging.md` describes each field.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    school: Option<&'a str>,
    #[serde(flatten)]
    failed: Option<Failed<'a>>,
    ms: u64,
    #[serde(flatten)]
    done: Done,
}

impl<'a> Line<'a> {
    fn new(clients: &'a Clients, request: &'a str) -> Self {
        let head = Head::new(&clients.environment, request);
        Self { head, school: None, failed: None, ms: 0, done: Done::default() }
    }
}
