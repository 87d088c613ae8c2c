//! `GET /launch`: redeems the ticket, settles the account, signs the token, sends the person to the school.
//!
//! Reads, checks and repairs come first, the claim second, the signature last: nothing can fail after the claim.
//! `POST /launch` is the same for a login that the person had to confirm.

use jiff::Timestamp;
use stoa_core::connection::{Connection, ConnectionState, Protocol};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::{Redeemed, redeem};
use stoa_core::ids::Reference;
use stoa_core::keys::{KeySet, Pepper};
use stoa_core::login::{LoginItem, Meeting, State, What, meet_launched};
use stoa_core::pages::SentOn;
use stoa_core::person::{Keys, PersonItem, Standing, standing};
use stoa_core::relay::Relay;
use stoa_core::routes::SecretKind;
use stoa_core::thinkific::Launch;
use stoa_core::ticket::Ticket;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::account::Account;
use crate::incoming::Incoming;
use crate::random;
use crate::store::{LaunchReads, Written};

/// Two tabs of one new person settle the account at once; the slower one finds it settled.
const SETTLE_TRIES: u32 = 3;

/// The flow.
pub async fn thinkific_launch(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    if incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    let now = clients.clock.now();
    let reference = incoming.query("login").and_then(|text| Reference::parse(&text).ok());
    let reference = reference.ok_or(Fault::TicketMissing)?;
    let ticket = Ticket::among(incoming.cookies(), &reference).ok_or(Fault::TicketMissing)?;
    let reads = clients.store.launch_reads(&ticket).await?;
    let Some(login) = reads.login.clone() else { return Err(Fault::LoginUnknown.into()) };
    if login.connection != ticket.connection || *reads.connection.school() != ticket.school {
        return Err(Failure::noted(Fault::TicketWrong, "the ticket names another connection or school"));
    }
    trail.connection = Some(login.connection.clone());
    trail.destination.clone_from(&login.to);
    trail.login = Some(reference);
    let result = launch(clients, incoming, &ticket, &login, reads, trail, now).await;
    if let Err(failure) = &result {
        // In Teams no cookie was there to begin with; the ticket came to whoever tests.
        trail.by_test_link = login.show && login.ticket.as_deref() == Some(&ticket.hash());
        note(clients, &login, failure, trail, now).await;
    }
    result
}

async fn launch(
    clients: &Clients,
    incoming: &Incoming,
    ticket: &Ticket,
    login: &LoginItem,
    reads: LaunchReads,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    if let Some(answer) = check_login(clients, incoming, ticket, login, &reads.connection, now)? {
        return Ok(answer);
    }
    let seal_secrets = clients.secrets.shared(SecretKind::Seal, now).await?;
    let pepper = Pepper::from_keys(&*clients.secrets.shared(SecretKind::Pepper, now).await?);
    let identity = redeem(login, &reads.connection, &ticket.secret, &seal_secrets)?;
    let keys = keys(&identity, &reads.connection, &pepper);
    if keys.person != ticket.person || keys.email != ticket.email {
        return Err(Failure::noted(Fault::TicketWrong, "the ticket names another person"));
    }
    let new_id = pepper.index("external id", &[&keys.person]);
    if login.test {
        return finish_test(clients, ticket, login, &reads, &identity, &new_id, trail, now).await;
    }
    let school = reads.school.document.id.as_str().to_owned();
    let api_keys = clients.secrets.of(SecretKind::Thinkific, &school, reads.school.key_version, now).await?;
    let (person, reads) = settle(clients, ticket, reads, &identity, &keys, &new_id, &api_keys, now).await?;
    let jti = random::token()?;
    let error_url = format!("{}/return?login={}", clients.environment.public_url, ticket.reference.as_str());
    let destination = login.to.as_ref().unwrap_or(&reads.connection.document().default_destination);
    let token = Launch { identity: &identity, external_id: &person.id, destination, error_url: &error_url, jti: &jti };
    // Signed before the claim, so that a token that cannot be made does not use up the login; sent only after it.
    let url = token.sign(&reads.school, api_keys.current(now), now)?;
    claim(clients, ticket, What::Launched, trail, now, Answer::Redirect(url.expose().to_owned())).await
}

/// Checks what does not need the identity. `Some`: the answer is known already.
fn check_login(
    clients: &Clients,
    incoming: &Incoming,
    ticket: &Ticket,
    login: &LoginItem,
    connection: &Connection,
    now: Timestamp,
) -> Result<Option<Answer>, Failure> {
    if login.state != State::Verified || login.ticket.as_deref() != Some(ticket.hash().as_str()) {
        return match meet_launched(Some(login), "", &ticket.hash(), now) {
            Meeting::Fresh(destination) => Ok(Some(fresh_login(connection, destination))),
            Meeting::Fault(failure) => Err(failure),
            Meeting::Mine | Meeting::Reticket { .. } => Err(Fault::Internal.into()),
        };
    }
    if login.is_ticket_expired(now) {
        return Err(Fault::TicketExpired.into());
    }
    match connection.state {
        ConnectionState::Active => {}
        ConnectionState::Draft | ConnectionState::Tested if login.test => {}
        ConnectionState::Draft | ConnectionState::Tested => return Err(Fault::ConnectionNotActive.into()),
        ConnectionState::Disabled => return Err(Fault::ConnectionDisabled.into()),
    }
    if login.confirm && !(incoming.method() == "POST" && incoming.is_from_us(&clients.environment.public_url)) {
        return Err(Fault::ConfirmationForeign.into());
    }
    Ok(None)
}

fn fresh_login(connection: &Connection, destination: Option<Destination>) -> Answer {
    let relay = Relay { retries: 0, destination };
    Answer::Redirect(relay.login_path_again(connection.id()))
}

fn keys(identity: &Redeemed, connection: &Connection, pepper: &Pepper) -> Keys {
    Keys {
        person: identity.person_key(connection, pepper),
        email: identity.email_key(connection, pepper),
        fingerprint: identity.fingerprint(pepper),
    }
}

/// Makes sure that the account is the person's and says what it should. A known, unchanged person costs nothing.
#[expect(clippy::too_many_arguments, reason = "each is one of the proofs or keys that the settlement needs")]
async fn settle(
    clients: &Clients,
    ticket: &Ticket,
    mut reads: LaunchReads,
    identity: &Redeemed,
    keys: &Keys,
    new_id: &str,
    api_keys: &KeySet,
    now: Timestamp,
) -> Result<(PersonItem, LaunchReads), Failure> {
    for attempt in 1.. {
        let person = reads.person.take();
        let before = match standing(identity, keys, person, reads.owner.as_ref(), &reads.connection, now)? {
            Standing::Settled(person) => return Ok((person, reads)),
            Standing::Unsettled(before) => before,
        };
        let (new_id, api_key) = (new_id.to_owned(), api_keys.current(now));
        let account = Account { clients, reads: &reads, identity, keys, new_id, api_key, now };
        match account.settle(before.as_ref()).await {
            Ok(person) => return Ok((person, reads)),
            Err(failure) if failure.fault == Fault::StoreContended && attempt < SETTLE_TRIES => {
                reads = clients.store.launch_reads(ticket).await?;
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Fault::StoreContended.into())
}

/// The end of a test login: it never gets further than this page. That it succeeded is what an activation asks for.
#[expect(clippy::too_many_arguments, reason = "each is something that the page shows, or proves that it may")]
async fn finish_test(
    clients: &Clients,
    ticket: &Ticket,
    login: &LoginItem,
    reads: &LaunchReads,
    identity: &Redeemed,
    new_id: &str,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let destination = login.to.as_ref().unwrap_or(&reads.connection.document().default_destination);
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
        Some(arrived) => trail.frame().test_shown(&ticket.reference, arrived, &sent_on),
        None => trail.frame().test_worked(&ticket.reference),
    };
    // What a token proved in Teams says nothing of the way by which everybody else comes.
    if login.assertion.is_some() || matches!(reads.connection.protocol(), Protocol::Teams) {
        clients.store.record_test(login, now).await?;
    }
    claim(clients, ticket, What::Tested, trail, now, Answer::Page(page)).await
}

/// Write 3. Whoever makes it gets `answer`; everybody else learns what that means for them.
async fn claim(
    clients: &Clients,
    ticket: &Ticket,
    what: What,
    trail: &mut Trail,
    now: Timestamp,
    answer: Answer,
) -> Result<Answer, Failure> {
    let (attempt, hash) = (random::token()?, ticket.hash());
    let written = clients.store.launch_login(&ticket.reference, &hash, &attempt, &trail.step(what, now)).await?;
    if let Written::Refused(old) = written {
        match meet_launched(old.as_deref(), &attempt, &hash, now) {
            Meeting::Mine => {}
            Meeting::Fresh(destination) => {
                let relay = Relay { retries: 0, destination };
                return Ok(Answer::Redirect(relay.login_path_again(&ticket.connection)));
            }
            Meeting::Fault(failure) => return Err(failure),
            Meeting::Reticket { .. } => return Err(Fault::Internal.into()),
        }
    }
    trail.launched = true;
    trail.cookies.push(Ticket::drop_cookie(&ticket.reference));
    Ok(answer)
}

/// Adds a failure to the login's steps. One that another try can mend leaves the login as it is.
async fn note(clients: &Clients, login: &LoginItem, failure: &Failure, trail: &mut Trail, now: Timestamp) {
    trail.tester = login.show.then(|| login.binding.clone());
    let ends = login.state == State::Verified && !failure.fault.face().retryable;
    let to = if ends { State::Failed } else { login.state };
    let step = trail.failed_step(failure, now);
    if let Err(second) = clients.store.note_step(&login.pk, None, login.state, to, &step, now).await {
        trail.also = Some(second.fault);
    }
}
