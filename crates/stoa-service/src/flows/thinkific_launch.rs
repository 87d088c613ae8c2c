//! `GET /launch`: redeems the ticket, settles the account, signs the token, sends the person to the school.
//!
//! Reads, checks and repairs come first, the claim second, the signature last: nothing can fail after the claim.
//! `POST /launch` is the same for a login that the person had to confirm.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use stoa_core::connection::Protocol;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::{Redeemed, redeem};
use stoa_core::ids::{Attempt, Reference};
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::login::{Brought, LoginItem, Meeting, State, Step, What, meet_launched, meet_ticket};
use stoa_core::pages::SentOn;
use stoa_core::person::{Arrival, Indexes, PersonItem, Standing};
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::Launch;
use stoa_core::ticket::Ticket;
use stoa_core::turn::{Turn, Wish};

use crate::flows::account::{Account, CHANGE, Settlement};
use crate::flows::asking::Asking;
use crate::random;
use crate::store::{By, LaunchItems, LaunchReads, Note, Written};
use crate::visit::{Answer, Visit};

/// Another login of the person, or an operator, wrote in between.
const SETTLE_TRIES: u32 = 3;
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
    let mut items = visit.clients.store.launch_items(&ticket).await?;
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
    let reads = visit.clients.store.launch_reads(items, ticket)?;
    reads.connection.takes(login.test)?;
    if login.confirm && !(visit.incoming.method() == "POST" && visit.is_from_us()) {
        return Err(Fault::ConfirmationForeign.into());
    }
    let seal_secrets = visit.clients.secrets.shared(SecretKind::Seal, visit.now).await?;
    let pepper = Pepper::from_keys(&*visit.clients.secrets.shared(SecretKind::Pepper, visit.now).await?);
    let identity = redeem(login, &reads.connection, &ticket.secret, &seal_secrets)?;
    let indexes = Indexes::new(&identity, &reads.connection, &pepper);
    if indexes.person_key != ticket.person_key || indexes.email_key != ticket.email_key {
        return Err(Failure::noted(Fault::TicketWrong, "the ticket names another person"));
    }
    let new_id = indexes.new_id(&pepper);
    let attempt = random::attempt()?;
    let launching = Launching { visit, ticket, login, reads, identity, indexes, new_id, attempt };
    if login.test { launching.finish_test().await } else { launching.go_on().await }
}

/// A login whose ticket has been redeemed: who it is, and what was read of them.
struct Launching<'v, 'a> {
    visit: &'v mut Visit<'a>,
    ticket: &'v Ticket,
    login: &'v LoginItem,
    reads: LaunchReads,
    identity: Redeemed,
    indexes: Indexes,
    /// The id that a new person gets: derived, so that a second try after a crash has the same.
    new_id: String,
    /// Of the claim, and what Thinkific sends back with whom it does not let in.
    attempt: Attempt,
}

impl Launching<'_, '_> {
    /// On to the school.
    async fn go_on(mut self) -> Result<Answer, Failure> {
        let (id, version) = (&self.reads.school.document.id, self.reads.school.key_version);
        let api_keys =
            self.visit.clients.secrets.of(SecretKind::Thinkific, id.as_str(), version, self.visit.now).await?;
        let person = self.settle(&api_keys).await?;
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

    /// Where Thinkific sends back whom it does not let in, with what nobody else knows of this launch.
    fn error_url(&self) -> String {
        let (url, login) = (self.visit.public_url(), self.ticket.reference.as_str());
        format!("{url}/return?login={login}&launch={}", self.attempt)
    }

    /// Makes sure that the account is the person's and says what it should. A known, unchanged person whose account was
    /// looked at lately costs nothing; of all others one request at a time asks the school.
    async fn settle(&mut self, api_keys: &KeySet) -> Result<PersonItem, Failure> {
        let (mut waits, mut tries, mut held) = (WAITS.iter(), 1, None);
        loop {
            let (clients, now, left) = (self.visit.clients, self.visit.now, self.visit.left_to_settle());
            let (person, owner) = (self.reads.person.take(), self.reads.owner.take());
            let (connection, school, indexes) = (&self.reads.connection, &self.reads.school, &self.indexes);
            let linked = person.as_ref().and_then(|person| person.linked.clone());
            let claim = clients.store.claim(owner, connection.school(), indexes, now).await?;
            let arrival = Arrival { identity: &self.identity, indexes, connection, school, now };
            let asking = Asking { clients, arrival: &arrival, linked, left };
            let standing = arrival.standing(person, claim);
            let Some(turn) = held.take() else {
                let wish = match standing? {
                    Standing::Settled(person) => return Ok(person),
                    Standing::Overdue(..) => Wish::Look,
                    Standing::Unsettled(..) => Wish::Settle,
                };
                let wait = match asking.turn(wish).await? {
                    Turn::Refused(failure) => return Err(failure),
                    Turn::UnderWay => *waits.next().ok_or(Fault::SettlingUnderWay)?,
                    Turn::Ours(turn) => {
                        let wait = if turn.is_taken_over { CHANGE } else { Duration::ZERO };
                        held = Some(turn);
                        wait
                    }
                };
                self.visit.wait(wait).await;
                // Between what was read and the turn somebody may have settled what there was to settle.
                self.read_again().await?;
                continue;
            };
            let standing = match standing {
                Ok(standing @ (Standing::Overdue(..) | Standing::Unsettled(..))) => standing,
                decided => {
                    asking.end(turn.unneeded(), None).await;
                    held = None;
                    let Standing::Settled(person) = decided? else { continue };
                    return Ok(person);
                }
            };
            let (api_key, drawn) = (api_keys.current(now), AtomicU32::new(0));
            let account = Account { clients, arrival: &arrival, new_id: &self.new_id, api_key, turn: &turn, drawn };
            let settled = tokio::time::timeout(left, account.settle(standing)).await;
            let settled = settled.unwrap_or_else(|_elapsed| Err(Fault::DeadlineExceeded.into()));
            let second = asking.end(turn, settled.as_ref().err()).await;
            self.visit.trail.also = second.or(self.visit.trail.also);
            match settled {
                Err(failure) if failure.fault == Fault::StoreContended && tries < SETTLE_TRIES => {
                    tries += 1;
                    self.read_again().await?;
                }
                settled => return Ok(self.tell(settled?).await),
            }
        }
    }

    async fn read_again(&mut self) -> Result<(), Failure> {
        let items = self.visit.clients.store.launch_items(self.ticket).await?;
        self.reads = self.visit.clients.store.launch_reads(items, self.ticket)?;
        Ok(())
    }

    /// Leaves a trace of what a settlement did to an account that was nobody's, and of a look that failed.
    async fn tell(&mut self, settlement: Settlement) -> PersonItem {
        let Settlement { person, took_over, unlooked } = settlement;
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
