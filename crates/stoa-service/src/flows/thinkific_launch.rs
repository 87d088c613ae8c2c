//! `GET /launch`: redeems the ticket, settles the account, signs the token, sends the person to the school.
//!
//! Reads, checks and repairs come first, the claim second, the signature last: nothing can fail after the claim.
//! `POST /launch` is the same for a login that the person had to confirm.

use std::time::Duration;

use jiff::Timestamp;
use stoa_core::connection::Protocol;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::{Redeemed, redeem};
use stoa_core::ids::{Attempt, Reference};
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::login::{Brought, LoginItem, Meeting, State, Step, What, meet_launched, meet_ticket};
use stoa_core::mirror::bound_key;
use stoa_core::pages::SentOn;
use stoa_core::person::{Arrival, Indexes, Owed, PersonItem, Standing};
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::Launch;
use stoa_core::ticket::Ticket;

use crate::ahead::Wanted;
use crate::flows::account::{Account, CHANGE, Calls, Settlement, usual_calls};
use crate::flows::admission::Coming;
use crate::flows::asking::{Asked, Asking, Ours};
use crate::flows::previous_subject::{Before, Returning};
use crate::random;
use crate::secrets::Named;
use crate::store::{By, LaunchItems, LaunchReads, Note, Part, Written};
use crate::visit::{Answer, Visit};

/// Another login of the person, or on-call, wrote in between.
const SETTLE_TRIES: u32 = 3;
/// How long after its time a place is kept for a browser that waits: it may have been asleep.
const WAITS_LONGER: i64 = 600;
/// Two tabs of one new person want to settle the account at once; the slower one finds it settled.
const WAITS: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_millis(1000), Duration::from_millis(1500)];

/// The flow. It does not enter by the connection of its route, which has none: it reads the connection itself, as it is
/// now, with everything else.
pub async fn thinkific_launch(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    if visit.incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    let reference = visit.incoming.query("login").and_then(|text| Reference::parse(&text).ok());
    let reference = reference.ok_or(Fault::TicketMissing)?;
    let ticket = Ticket::among(visit.incoming.cookies(), &reference).ok_or(Fault::TicketMissing)?;
    // The ticket may be made up, and its school with it: what is asked for ahead is bounded by the process.
    let own = Some(Named::of(SecretKind::Thinkific, &ticket.school));
    visit.ask_ahead(Wanted { shared: true, own, ..Wanted::default() });
    let store = &visit.clients.store;
    let mut items = visit.beside(store.launch_items(&ticket, visit.now)).await?;
    let Some(login) = items.login.take() else { return Err(Fault::LoginUnknown.into()) };
    visit.trail.login = Some(reference);
    let is_holder = login.ticket == Some(ticket.hash());
    if is_holder {
        // The page of a fault leads back to where the login began. Nobody else learns where that is.
        visit.trail.connection = Some(login.connection.clone());
        visit.trail.destination.clone_from(&login.destination);
    }
    let result = launch(visit, &ticket, &login, items).await;
    if let Err(failure) = &result
        && is_holder
    {
        // In Teams no cookie was there to begin with; the ticket came to whoever tests.
        visit.trail.by_test_link = login.show;
        note(visit, &login, &ticket, failure).await;
    }
    result
}

async fn launch(
    visit: &mut Visit<'_>,
    ticket: &Ticket,
    login: &LoginItem,
    items: LaunchItems,
) -> Result<Answer, Failure> {
    // Before anything else that the ticket names: what is there under those names is nobody's to find out.
    if let Brought::Spent(destination) = meet_ticket(login, &ticket.hash(), visit.now)? {
        return Ok(visit.begin_again(&login.connection, destination));
    }
    if login.connection != ticket.connection {
        return Err(Failure::noted(Fault::TicketWrong, "the ticket names another connection"));
    }
    let mut reads = visit.clients.store.launch_reads(items, ticket)?;
    reads.connection.takes(login.test)?;
    if login.confirm && !(visit.incoming.method() == "POST" && visit.is_from_us()) {
        return Err(Fault::ConfirmationForeign.into());
    }
    let (seal_secrets, pepper) = visit.shared_secrets().await;
    let (seal_secrets, pepper) = (seal_secrets?, Pepper::from_keys(&*pepper?));
    let opened = match redeem(login, &reads.connection, &ticket.secret, &seal_secrets) {
        Err(failure) if failure.fault == Fault::TicketWrong => {
            // Sealed under a key that is younger than what is held, or that has taken its name.
            let seal_secrets = visit.clients.secrets.seal_again(visit.now).await?;
            redeem(login, &reads.connection, &ticket.secret, &seal_secrets)
        }
        opened => opened,
    };
    let identity = opened?;
    let mut indexes = Indexes::new(&identity, &reads.connection, &pepper);
    if indexes.person_key != ticket.person_key || indexes.email_key != ticket.email_key {
        return Err(Failure::noted(Fault::TicketWrong, "the ticket names another person"));
    }
    let mut new_id = indexes.new_id(&pepper);
    let attempt = random::attempt()?;
    if !login.test {
        let (clients, now) = (visit.clients, visit.now);
        let returning = Returning { clients, identity: &identity, indexes: &indexes, pepper: &pepper, now };
        match returning.meet_previous(&mut reads).await? {
            Before::Nobody => {}
            Before::Moved => tell_moved(visit, login, ticket).await,
            Before::Overtaken => {
                let items = clients.store.launch_items(ticket, now).await?;
                reads = clients.store.launch_reads(items, ticket)?;
            }
        }
        let coming = Coming { clients, identity: &identity, indexes: &indexes, pepper: &pepper, now };
        if let Some(user) = coming.meet_directory(&mut reads).await? {
            indexes.own_bound = bound_key(reads.connection.school(), user.as_str(), &pepper);
            new_id = user.into();
        }
    }
    let launching = Launching { visit, ticket, login, reads, identity, indexes, pepper, new_id, attempt };
    if login.test { launching.finish_test().await } else { launching.go_on().await }
}

/// What became of somebody's account.
enum Settled {
    /// They may enter it.
    In(PersonItem),
    /// The school is asked about them at this time.
    Waits(Timestamp),
}

/// A login whose ticket has been redeemed: who it is, and what was read of them.
struct Launching<'v, 'a> {
    visit: &'v mut Visit<'a>,
    ticket: &'v Ticket,
    login: &'v LoginItem,
    reads: LaunchReads,
    identity: Redeemed,
    indexes: Indexes,
    pepper: Pepper,
    /// The id that a new person gets: derived, so that a second try after a crash has the same.
    new_id: String,
    /// Of the claim, and what Thinkific sends back with whom it does not let in.
    attempt: Attempt,
}

impl Launching<'_, '_> {
    /// On to the school.
    async fn go_on(mut self) -> Result<Answer, Failure> {
        let school = Named::of(SecretKind::Thinkific, &self.reads.school.document.id);
        let api_keys = self.visit.secret(&school, self.reads.school.key_version).await?;
        let person = match self.settle(&api_keys).await? {
            Settled::In(person) => person,
            Settled::Waits(at) => return self.wait(at).await,
        };
        let jti = random::token()?;
        let token = Launch {
            identity: &self.identity,
            external_id: &person.id,
            destination: self
                .login
                .destination
                .as_ref()
                .unwrap_or(&self.reads.connection.document().default_destination),
            error_url: &self.error_url(),
            jti: &jti,
        };
        // Signed before the claim, so that a token that cannot be made does not use up the login; sent only after it.
        let url = token.sign(&self.reads.school, api_keys.current(self.visit.now), self.visit.now)?;
        self.claim(What::Launched, Answer::Redirect(url.expose().to_owned())).await
    }

    /// The page of somebody who waits. Their login lives as long as they do.
    async fn wait(self, at: Timestamp) -> Result<Answer, Failure> {
        let Self { visit, ticket, login, .. } = self;
        let until = at.as_second() + WAITS_LONGER;
        // Asked for once a place, and again where the line has moved far.
        if login.confirm || login.waits.is_none_or(|waits| waits < until - WAITS_LONGER / 2) {
            let step = login.waits.is_none().then(|| visit.step(What::Waiting));
            visit.clients.store.keep_waiting(&ticket.reference, &ticket.hash(), until, step.as_ref()).await?;
        }
        visit.trail.waits = Some(at.as_second() - visit.now.as_second());
        visit.trail.cookies.push(ticket.set_cookie_for(until - visit.now.as_second()));
        Ok(Answer::Page(visit.frame().waiting(&ticket.reference, at, visit.now)))
    }

    /// Where Thinkific sends back whom it does not let in, with what nobody else knows of this launch.
    fn error_url(&self) -> String {
        let (url, login) = (self.visit.public_url(), self.ticket.reference.as_str());
        format!("{url}/return?login={login}&launch={}", self.attempt)
    }

    /// Makes sure that the account is the person's and says what it should. A known, unchanged person whose account was
    /// looked at lately, by a launch or by the mirror, costs nothing, and neither does somebody new of whom the mirror
    /// knows enough; of all others one request at a time asks the school, and nobody before their place in its line.
    async fn settle(&mut self, api_keys: &KeySet) -> Result<Settled, Failure> {
        let (mut waits, mut tries, mut held): (_, _, Option<Ours>) = (WAITS.iter(), 1, None);
        loop {
            let (clients, now, left) = (self.visit.clients, self.visit.now, self.visit.left_to_settle());
            let (person, owner) = (self.reads.person.take(), self.reads.owner.take());
            let (connection, school, indexes) = (&self.reads.connection, &self.reads.school, &self.indexes);
            let linked = person.as_ref().and_then(|person| person.linked.clone());
            let claim = clients.store.claim(owner, connection.school(), indexes, now).await?;
            let mirrored = &self.reads.mirrored;
            let arrival = Arrival { identity: &self.identity, indexes, connection, school, mirrored, now };
            let asking = Asking { clients, arrival: &arrival, linked, left };
            let (standing, ours) = match (arrival.standing(person, claim), held.take()) {
                (Ok(standing @ (Standing::Overdue(..) | Standing::Unsettled(..))), Some(ours)) => {
                    (standing, Some(ours))
                }
                (decided, Some(ours)) => {
                    asking.end(ours.turn.unneeded(), None).await;
                    (decided?, None)
                }
                (standing, None) => {
                    let standing = standing?;
                    let wait = match asking.turn(&standing).await? {
                        Asked::Nothing => None,
                        Asked::Refused(failure) => return Err(failure),
                        Asked::Later(at) => return Ok(Settled::Waits(at)),
                        Asked::Join(ours) => {
                            let calls = usual_calls(&standing, &arrival, ours.turn.taken);
                            return Ok(Settled::Waits(asking.wait(ours, calls, None).await?));
                        }
                        Asked::UnderWay => Some(*waits.next().ok_or(Fault::SettlingUnderWay)?),
                        Asked::Now(ours) => {
                            let wait = if ours.turn.is_taken_over { CHANGE } else { Duration::ZERO };
                            held = Some(ours);
                            Some(wait)
                        }
                    };
                    if let Some(wait) = wait {
                        self.visit.wait(wait).await;
                        // Between what was read and the turn somebody may have settled what there was to settle.
                        self.read_again().await?;
                        continue;
                    }
                    (standing, None)
                }
            };
            let (part, is_taken) = ours.as_ref().map_or((Part::Open, false), |ours| (ours.part, ours.turn.taken));
            let usual = usual_calls(&standing, &arrival, is_taken);
            let (api_key, calls) = (api_keys.current(now), Calls::of(part, is_taken));
            let turn = ours.as_ref().map(|ours| &ours.turn);
            let account = Account { clients, arrival: &arrival, new_id: &self.new_id, api_key, turn, calls };
            let settled = tokio::time::timeout(left, account.settle(standing)).await;
            let settled = settled.unwrap_or_else(|_elapsed| Err(Fault::DeadlineExceeded.into()));
            let calls = account.calls;
            if let Some(ours) = ours {
                let moved = asking.made(&ours, usual, calls.made()).await;
                if let Err(failure) = &settled
                    && matches!(failure.fault, Fault::CallsSpent | Fault::ThinkificBusy)
                {
                    let why = Some((failure.fault, &calls));
                    return Ok(Settled::Waits(asking.wait(ours, usual, why).await?));
                }
                let second = asking.end(ours.turn, settled.as_ref().err()).await;
                self.visit.trail.also = moved.or(second).or(self.visit.trail.also);
            }
            match settled {
                Err(failure) if failure.fault == Fault::StoreContended && tries < SETTLE_TRIES => {
                    tries += 1;
                    self.read_again().await?;
                }
                settled => return Ok(Settled::In(self.tell(settled?).await)),
            }
        }
    }

    async fn read_again(&mut self) -> Result<(), Failure> {
        let items = self.visit.clients.store.launch_items(self.ticket, self.visit.now).await?;
        self.reads = self.visit.clients.store.launch_reads(items, self.ticket)?;
        if !self.login.test {
            let (clients, now) = (self.visit.clients, self.visit.now);
            let (identity, indexes, pepper) = (&self.identity, &self.indexes, &self.pepper);
            Coming { clients, identity, indexes, pepper, now }.meet_directory(&mut self.reads).await?;
        }
        Ok(())
    }

    /// Leaves a trace of what a settlement did to an account that was nobody's, and of a look that failed.
    async fn tell(&mut self, settlement: Settlement) -> PersonItem {
        let Settlement { person, took_over, unlooked, entered } = settlement;
        let took_over = took_over.or_else(|| {
            let entered = entered.filter(|entered| entered.owed == Owed::TakeOver)?;
            let password = if entered.resets_password { "replaced soon" } else { "kept" };
            Some(format!("user {}, password {password}", entered.user?))
        });
        self.visit.trail.also = unlooked.or(self.visit.trail.also);
        if took_over.is_some() {
            let step = Step { got: took_over, ..self.visit.step(What::TakenOver) };
            let (reference, state) = (&self.login.reference, self.login.state);
            let by = self.ticket.hash();
            let note = Note { reference, by: By::Ticket(&by), from: state, to: state, step: &step };
            if let Err(second) = self.visit.clients.store.note_step(&note, self.visit.now).await {
                self.visit.trail.also = Some(second.fault);
            }
        }
        person
    }

    /// The end of a test login: it never gets further than this page. That it succeeded is what an activation asks for.
    async fn finish_test(self) -> Result<Answer, Failure> {
        let Self { visit, ticket, login, reads, identity, new_id, .. } = &self;
        let destination = login.destination.as_ref().unwrap_or(&reads.connection.document().default_destination);
        let sent_on = SentOn {
            email: identity.email().as_str(),
            first_name: identity.first_name(),
            last_name: identity.last_name(),
            company: identity.company(),
            external_id: reads.person.as_ref().map_or(new_id, |person| &person.id),
            return_to: &reads.school.url_of(destination),
        };
        // The cookie decides whether anything was sealed beside the identity, the item whether it may be seen.
        let page = match identity.arrived().filter(|_| login.show) {
            Some(arrived) => visit.frame().test_shown(&ticket.reference, arrived, &sent_on),
            None => visit.frame().test_worked(&ticket.reference),
        };
        // What a token proved in Teams says nothing of the way by which everybody else comes.
        if login.proof.is_some() || matches!(reads.connection.protocol(), Protocol::Teams) {
            visit.clients.store.record_test(login, visit.now).await?;
        }
        self.claim(What::Tested, Answer::Page(page)).await
    }

    /// Write 3. Whoever makes it gets `answer`; everybody else learns what that means for them.
    async fn claim(self, what: What, answer: Answer) -> Result<Answer, Failure> {
        let Self { visit, ticket, attempt, .. } = self;
        let hash = ticket.hash();
        let step = visit.step(what);
        let written = visit.clients.store.launch_login(&ticket.reference, &hash, &attempt, &step).await?;
        if let Written::Refused(old) = written {
            match meet_launched(old.as_deref(), &attempt, &hash, visit.now) {
                Meeting::Mine => {}
                Meeting::Fresh(destination) => return Ok(visit.begin_again(&ticket.connection, destination)),
                Meeting::Fault(failure) => return Err(failure),
                Meeting::Reticket { .. } => return Err(Fault::Internal.into()),
            }
        }
        visit.trail.launched = true;
        visit.trail.cookies.push(Ticket::drop_cookie(&ticket.reference));
        Ok(answer)
    }
}

/// Leaves a trace of a move on the login that made it.
async fn tell_moved(visit: &mut Visit<'_>, login: &LoginItem, ticket: &Ticket) {
    let (step, hash) = (visit.step(What::Moved), ticket.hash());
    let (reference, state) = (&login.reference, login.state);
    let note = Note { reference, by: By::Ticket(&hash), from: state, to: state, step: &step };
    if let Err(second) = visit.clients.store.note_step(&note, visit.now).await {
        visit.trail.also = Some(second.fault);
    }
}

/// Adds a failure to the login's steps. One that another try can mend leaves the login as it is.
async fn note(visit: &mut Visit<'_>, login: &LoginItem, ticket: &Ticket, failure: &Failure) {
    visit.trail.tester = login.show.then(|| login.binding.clone());
    let ends = login.state == State::Verified && !failure.fault.face().retryable;
    let to = if ends { State::Failed } else { login.state };
    let (step, hash) = (visit.failed_step(failure), ticket.hash());
    let note = Note { reference: &login.reference, by: By::Ticket(&hash), from: login.state, to, step: &step };
    if let Err(second) = visit.clients.store.note_step(&note, visit.now).await {
        visit.trail.also = Some(second.fault);
    }
}
