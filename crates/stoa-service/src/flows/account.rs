//! A launch's way to the school's account: signed at once, after a look, or after settling.
//!
//! To settle is to claim the address, look at the accounts, create or change one, and write down the person with the
//! address. It begins and ends with a write, and whatever breaks off in between is mended by the next login, or by time:
//! a claim that was not kept counts for a minute.
//!
//! Turns and claims end by clocks, and clocks may be wrong. So whoever takes over what nobody has given up waits for as
//! long as one change of an account can take, and before each change it is looked whether turn and address are still
//! this request's. Two never change one account at the same time, whatever their clocks say.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::Key;
use stoa_core::mirror::{Bound, MirroredAccount};
use stoa_core::person::{
    AccountStep, Arrival, Claim, Entered, Findings, FollowUpItem, Look, Owed, PersonItem, Standing, external_id,
};
use stoa_core::thinkific::{
    ApiAnswer, ApiRequest, SEARCH_PAGES, Searched, UnknownPassword, User, create_user, find_user, get_binding,
    get_bound_user, get_user, take_over_user, update_user,
};
use stoa_core::turn::{CALLS_PER_MINUTE, TurnItem};

use crate::api;
use crate::clients::Clients;
use crate::random;
use crate::store::{Claiming, Draw, Part, Revised};

/// Calls in all, while the school says that it is busy for a moment.
const BUSY_TRIES: u32 = 4;
/// What counts as a moment.
const BRIEF_SECONDS: i64 = 2;

/// From the look whether it is still this request's turn until the change that follows is made or given up.
pub const CHANGE: Duration = api::TIMEOUT.saturating_add(Duration::from_millis(500));

/// What settling an account needs.
pub struct Account<'a> {
    /// What is asked and written through.
    pub clients: &'a Clients,
    /// Who comes, and into what.
    pub arrival: &'a Arrival<'a>,
    /// The id that a new person gets: derived, so that a second try after a crash has the same.
    pub new_id: &'a str,
    /// The school's API key.
    pub api_key: &'a Key,
    /// The turn in which it is settled, where anything is asked.
    pub turn: Option<&'a TurnItem>,
    /// What was asked so far, and may be.
    pub calls: Calls,
}

/// Calls of one settlement.
#[derive(Debug)]
pub struct Calls {
    /// Which part of the school's minute they come out of.
    part: Part,
    /// Drawn from it, and not made yet.
    drawn: AtomicU32,
    /// Sent to the school so far.
    made: AtomicU32,
    /// When the school takes calls again that has refused one, in epoch seconds.
    closed_until: AtomicI64,
    /// Whether the school has said that it has an account under the address.
    is_taken: AtomicBool,
}

impl Calls {
    /// None so far.
    pub const fn of(part: Part, is_taken: bool) -> Self {
        let (none, taken) = (AtomicU32::new(0), AtomicBool::new(is_taken));
        Self { part, drawn: none, made: AtomicU32::new(0), closed_until: AtomicI64::new(0), is_taken: taken }
    }

    /// How many were made.
    pub fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed)
    }

    /// When the school takes calls again that has refused one, in epoch seconds.
    pub fn closed_until(&self) -> i64 {
        self.closed_until.load(Ordering::Relaxed)
    }

    /// Whether the school has said that it has an account under the address.
    pub fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }
}

/// How many calls it usually takes to settle somebody. A known account is read, the address searched, and what is found
/// under it has a binding to be read.
pub fn usual_calls(standing: &Standing, arrival: &Arrival<'_>, is_taken: bool) -> u32 {
    match standing {
        Standing::Settled(_) | Standing::Entered(..) => 0,
        Standing::Overdue(..) => 1,
        Standing::Unsettled(Some(before), _) if before.has(&arrival.indexes.email_key) => 4,
        Standing::Unsettled(Some(_), _) => 3,
        // A creation is its own look: an account that is there refuses it.
        Standing::Unsettled(None, _) if is_taken || arrival.mirrored.account.is_some() => 3,
        Standing::Unsettled(None, _) => 1,
    }
}

/// A person whose account may be entered.
pub struct Settlement {
    /// Their item, as it is now.
    pub person: PersonItem,
    /// What was done to an account that was nobody's, for the steps.
    pub took_over: Option<String>,
    /// Why their account was not looked at although it was time.
    pub unlooked: Option<Fault>,
    /// How they came in where the mirror knew enough, for the steps.
    pub entered: Option<Entered>,
}

/// An account that has been created or changed.
struct WrittenAccount {
    user: u64,
    /// The `external_id` that it was bound to before.
    bound_to: Option<String>,
    took_over: Option<String>,
}

impl Account<'_> {
    /// Makes sure that the account is the person's and says what it should. A known, unchanged person whose account was
    /// looked at lately costs nothing.
    pub async fn settle(&self, standing: Standing) -> Result<Settlement, Failure> {
        match standing {
            Standing::Settled(person) => Ok(Settlement::of(person)),
            Standing::Overdue(person, claim) => self.look(person, &claim).await,
            Standing::Entered(before, claim, entered) => self.enter(before.as_ref(), &claim, entered).await,
            Standing::Unsettled(before, claim) => self.settle_account(before.as_ref(), &claim).await,
        }
    }

    /// Draws calls from the school's minute, before they are made, if as many more are left in it as are to be kept.
    async fn draw(&self, calls: u32, kept: u32) -> Result<(), Failure> {
        let Arrival { school, connection, now, .. } = *self.arrival;
        let part = self.calls.part;
        let draw = Draw { school: &school.document.id, connection: connection.id(), calls, kept, part };
        if self.clients.store.draw_calls(&draw, now).await? {
            self.calls.drawn.fetch_add(calls, Ordering::Relaxed);
            return Ok(());
        }
        Err(Failure::noted(Fault::CallsSpent, connection.id().as_str()))
    }

    /// No call: the mirror knows enough. The person, their address and what has to follow are one write.
    async fn enter(&self, before: Option<&PersonItem>, claim: &Claim, entered: Entered) -> Result<Settlement, Failure> {
        let Arrival { identity, indexes, now, mirrored, .. } = *self.arrival;
        let id = before.map_or(self.new_id, |before| &before.id).to_owned();
        // An account that was nobody's may have got another address since the mirror saw it, and the token another account.
        let user = entered.user.filter(|_| entered.owed == Owed::Names);
        let person = PersonItem::settled(before, indexes, id, user, now);
        let seal_secrets = self.clients.secrets.seal(now).await?;
        let arrived = (&indexes.person_key, identity, entered);
        let follow_up = FollowUpItem::new(arrived, &person.id, seal_secrets.current(now), random::bytes()?, now)?;
        let kept = claim.kept(indexes, now);
        // From now on it is bound to them, whoever comes after them with the address.
        let account = mirrored.account.as_ref().filter(|account| entered.user == Some(account.user));
        let bound = Some(Bound::To(indexes.own_bound.clone()));
        let account = account.map(|account| MirroredAccount { bound, ..account.clone() });
        let claiming = Claiming { email: &indexes.email_key, item: &kept, found: claim };
        let claiming = before.is_none().then_some((&claiming, account.as_ref()));
        written(self.clients.store.enter(&self.revised(&person), claiming, &follow_up).await?)?;
        Ok(Settlement { entered: Some(entered), ..Settlement::of(person) })
    }

    /// One call: whether the account got a role, another address or its end since the last look.
    async fn look(&self, person: PersonItem, claim: &Claim) -> Result<Settlement, Failure> {
        // Who may do without leaves half the minute to those who may not.
        let kept = if self.arrival.may_go_unlooked(&person, Fault::CallsSpent) { CALLS_PER_MINUTE / 2 } else { 0 };
        let looked = match self.draw(1, kept).await {
            Ok(()) => self.call(&known_account(&person)).await.and_then(|answer| answer.user()),
            Err(failure) => Err(failure),
        };
        match looked.and_then(|account| self.arrival.look_at(account.as_ref())) {
            Ok(Look::AsLeft(user)) => {
                let person = person.looked_at(self.arrival.indexes, user, self.arrival.now);
                written(self.clients.store.put_person(&self.revised(&person)).await?)?;
                Ok(Settlement::of(person))
            }
            Ok(Look::Moved) => {
                let person = self.doubt(&person).await?;
                self.settle_account(Some(&person), claim).await
            }
            Err(failure) if self.arrival.may_go_unlooked(&person, failure.fault) => {
                Ok(Settlement { unlooked: Some(failure.fault), ..Settlement::of(person) })
            }
            Err(failure) => {
                if matches!(failure.fault, Fault::AccountPrivileged | Fault::ThinkificAnswerStrange) {
                    self.doubt(&person).await?;
                }
                Err(failure)
            }
        }
    }

    /// Writes down that the last look counts no longer.
    async fn doubt(&self, person: &PersonItem) -> Result<PersonItem, Failure> {
        let doubted = person.doubted();
        written(self.clients.store.put_person(&self.revised(&doubted)).await?)?;
        Ok(doubted)
    }

    async fn settle_account(&self, before: Option<&PersonItem>, claim: &Claim) -> Result<Settlement, Failure> {
        let Arrival { indexes, now, .. } = *self.arrival;
        // As many as it usually takes, before the first: who gets half of what they need has spent it in vain.
        let standing = Standing::Unsettled(before.cloned(), claim.clone());
        self.draw(usual_calls(&standing, self.arrival, self.calls.is_taken()), 0).await?;
        let begun = self.begin(before, claim).await?;
        let person_id = before.map_or(self.new_id, |before| &before.id).to_owned();
        let account = match self.write_account(begun.as_ref(), &person_id).await {
            Ok(account) => account,
            Err(failure) => {
                self.unclaim_email(failure.fault).await;
                return Err(failure);
            }
        };
        let id = external_id(&person_id, account.bound_to.as_deref());
        let person = PersonItem::settled(begun.as_ref(), indexes, id, Some(account.user), now);
        let kept = claim.kept(indexes, now);
        written(self.clients.store.end_settling(&self.revised(&person), &indexes.email_key, &kept).await?)?;
        // Its claim counts no longer, whether or not this works.
        if let Some(former) = before.and_then(|before| before.email_key.as_ref())
            && *former != indexes.email_key
        {
            let _ = self.clients.store.release_email(former, &indexes.person_key).await;
        }
        Ok(Settlement { took_over: account.took_over, ..Settlement::of(person) })
    }

    /// Writes down, before the first call that changes anything, that the person is under way, and claims the address
    /// if it is not theirs. Returns the person as written.
    async fn begin(&self, before: Option<&PersonItem>, claim: &Claim) -> Result<Option<PersonItem>, Failure> {
        let Arrival { indexes, now, .. } = *self.arrival;
        let begun = before.map(|before| before.begun(indexes, now));
        let revised = begun.as_ref().map(|begun| self.revised(begun));
        let (email, item) = (&indexes.email_key, Claim::begun(indexes, now));
        let is_theirs = claim.is_kept() && before.is_some_and(|before| before.has(email));
        let claiming = (!is_theirs).then_some(Claiming { email, item: &item, found: claim });
        written(self.clients.store.begin_settling(revised.as_ref(), claiming.as_ref()).await?)?;
        if let Some(Claiming { found: Claim::Free(Some(lapsed)), .. }) = claiming
            && lapsed.until.is_some()
        {
            tokio::time::sleep(CHANGE).await;
        }
        Ok(begun)
    }

    fn revised<'i>(&'i self, item: &'i PersonItem) -> Revised<'i> {
        Revised { person: &self.arrival.indexes.person_key, school: self.arrival.connection.school(), item }
    }

    /// Gives up the claim of an address whose account was not settled: its owner may come within the minute. That this
    /// fails must not hide why the person was refused.
    async fn unclaim_email(&self, why: Fault) {
        let is_over = matches!(
            why,
            Fault::AccountBound
                | Fault::AccountPrivileged
                | Fault::AccountUnbound
                | Fault::EmailChangeForeign
                | Fault::CallsSpent
                | Fault::ThinkificAnswerStrange
                | Fault::ThinkificBusy
                | Fault::ThinkificKeyRefused
                | Fault::ThinkificRefusedAccount
                | Fault::ThinkificUnavailable
        );
        if is_over {
            let (email, person) = (&self.arrival.indexes.email_key, &self.arrival.indexes.person_key);
            let _ = self.clients.store.unclaim_email(email, person).await;
        }
    }

    async fn write_account(&self, begun: Option<&PersonItem>, person_id: &str) -> Result<WrittenAccount, Failure> {
        let (identity, mut refused) = (self.arrival.identity, None);
        let known = match begun {
            Some(begun) => self.call(&known_account(begun)).await?.user()?,
            None if self.calls.is_taken() || self.arrival.mirrored.account.is_some() => None,
            None => match self.create_first(person_id).await? {
                Ok(user) => return Ok(WrittenAccount { user, bound_to: None, took_over: None }),
                Err(why) => {
                    refused = Some(why);
                    None
                }
            },
        };
        let (by_email, bound_to) = self.look_up().await?;
        let findings = Findings { by_email: by_email.as_ref(), bound_to: bound_to.as_deref(), known: known.as_ref() };
        match self.arrival.choose_account(person_id, begun, &findings)? {
            AccountStep::Update { user } => {
                self.call(&update_user(user, identity)).await?.updated()?;
                Ok(WrittenAccount { user, bound_to, took_over: None })
            }
            AccountStep::TakeOver { user, resets_password } => {
                let (request, password) = if resets_password {
                    let password = UnknownPassword::from_bytes(random::bytes()?);
                    (take_over_user(user, identity, &password), "replaced")
                } else {
                    (update_user(user, identity), "kept")
                };
                self.call(&request).await?.updated()?;
                let took_over = Some(format!("user {user}, password {password}"));
                Ok(WrittenAccount { user, bound_to, took_over })
            }
            AccountStep::Create => {
                let user = match refused {
                    Some(refused) => self.bound(person_id, begun, refused).await?,
                    None => self.create(person_id, begun).await?,
                };
                Ok(WrittenAccount { user, bound_to: None, took_over: None })
            }
        }
    }

    /// Creates the user of somebody new before anything is looked up: it touches nobody's account. `Err` inside: the
    /// school has refused it, mostly since it has an account under the address.
    async fn create_first(&self, person_id: &str) -> Result<Result<u64, Failure>, Failure> {
        match self.call(&create_user(self.arrival.identity, person_id)).await?.created() {
            Ok(user) => Ok(Ok(user.id)),
            Err(failure) if failure.fault == Fault::ThinkificRefusedAccount => {
                self.calls.is_taken.store(true, Ordering::Relaxed);
                // The search, the binding, the change.
                self.draw(3, 0).await?;
                Ok(Err(failure))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn look_up(&self) -> Result<(Option<User>, Option<String>), Failure> {
        let Some(user) = self.search().await? else { return Ok((None, None)) };
        let bound_to = self.call(&get_binding(user.id)).await?.binding()?;
        Ok((Some(user), bound_to))
    }

    /// Page by page, where the school's filter is loose. What was not searched to the end is not guessed.
    async fn search(&self) -> Result<Option<User>, Failure> {
        let email = self.arrival.identity.email().as_str();
        for page in 1..=SEARCH_PAGES {
            match self.call(&find_user(email, page)).await?.searched(email)? {
                Searched::Found(user) => return Ok(Some(user)),
                Searched::Nobody => return Ok(None),
                Searched::NotYet => {}
            }
        }
        Err(Failure::noted(Fault::ThinkificAnswerStrange, "too many addresses are like this one"))
    }

    /// Creates the user. "Already taken" may be our own first try, whose answer was lost, or another tab's: then the
    /// account is looked up once more, and must be bound to this person. If their address has changed since that first
    /// try, only the id leads to it, and nothing but the account itself says whose its address was.
    async fn create(&self, person_id: &str, begun: Option<&PersonItem>) -> Result<u64, Failure> {
        let identity = self.arrival.identity;
        let refused = match self.call(&create_user(identity, person_id)).await?.created() {
            Ok(user) => return Ok(user.id),
            Err(failure) if failure.fault == Fault::ThinkificRefusedAccount => failure,
            Err(failure) => return Err(failure),
        };
        match self.look_up().await? {
            (Some(user), Some(bound)) if bound == person_id => self.arrival.check_roles(&user).map(|()| user.id),
            (Some(_), _) => Err(refused),
            (None, _) => self.bound(person_id, begun, refused).await,
        }
    }

    /// The account of a creation that was refused although nobody has the address: an earlier try of ours has made it,
    /// under another one. Else the creation was refused for what it says.
    async fn bound(&self, person_id: &str, begun: Option<&PersonItem>, refused: Failure) -> Result<u64, Failure> {
        let user = self.call(&get_bound_user(person_id)).await?.user()?.ok_or(refused)?;
        self.arrival.check_roles(&user)?;
        if begun.is_none() {
            self.arrival.check_account_domain(&user)?;
        }
        self.call(&update_user(user.id, self.arrival.identity)).await?.updated()?;
        Ok(user.id)
    }

    /// A class that arrives at once meets the school's limit of calls at once, which is over in a second: the browser
    /// waits. The limit of calls a minute is left to the person.
    async fn call(&self, request: &ApiRequest) -> Result<ApiAnswer, Failure> {
        let now = self.arrival.now;
        for _ in 1..BUSY_TRIES {
            let answer = self.call_once(request).await?;
            let wait = answer.retry_after(now);
            if answer.status != 429 || wait > BRIEF_SECONDS {
                return Ok(self.answered(answer));
            }
            // Spread, so that those who were turned away together do not come back together; all waits together end
            // before the soft deadline.
            let [spread] = random::bytes()?;
            tokio::time::sleep(Duration::from_millis(250 + 6 * u64::from(spread))).await;
        }
        self.call_once(request).await.map(|answer| self.answered(answer))
    }

    /// Remembers until when the school takes no calls.
    fn answered(&self, answer: ApiAnswer) -> ApiAnswer {
        if answer.status == 429 {
            let until = self.arrival.now.as_second() + answer.retry_after(self.arrival.now).max(1);
            self.calls.closed_until.store(until, Ordering::Relaxed);
        }
        answer
    }

    async fn call_once(&self, request: &ApiRequest) -> Result<ApiAnswer, Failure> {
        let spend = |drawn: u32| drawn.checked_sub(1);
        if self.calls.drawn.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_err() {
            self.draw(1, 0).await?;
            self.calls.drawn.fetch_sub(1, Ordering::Relaxed);
        }
        self.calls.made.fetch_add(1, Ordering::Relaxed);
        let earlier = if request.method.changes() { self.check_turn().await? } else { api::TIMEOUT };
        api::call(&self.clients.outbound, self.arrival.school, self.api_key, request, earlier).await
    }

    /// Whether it is still this request's turn, just before it changes something. Returns how long the change may take.
    async fn check_turn(&self) -> Result<Duration, Failure> {
        let looked = Instant::now();
        let Arrival { school, indexes, .. } = *self.arrival;
        let is_ours = match self.turn {
            Some(turn) => self.clients.store.has_turn(&school.document.id, indexes, turn).await?,
            None => false,
        };
        written(is_ours)?;
        Ok(CHANGE.saturating_sub(looked.elapsed()))
    }
}

impl Settlement {
    const fn of(person: PersonItem) -> Self {
        Self { person, took_over: None, unlooked: None, entered: None }
    }
}

/// Asks for the account that a person's item names: by its id, or by theirs where their token has created it.
fn known_account(person: &PersonItem) -> ApiRequest {
    person.user.map_or_else(|| get_bound_user(&person.id), get_user)
}

/// Whoever met another's write reads again.
fn written(is_applied: bool) -> Result<(), Failure> {
    if is_applied {
        Ok(())
    } else {
        Err(Failure::noted(Fault::StoreContended, "the person or the address was written by another login"))
    }
}
