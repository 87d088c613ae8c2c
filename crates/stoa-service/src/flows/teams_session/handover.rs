//! `POST /teams/{connection}/continue`: the person has said who they are; the code becomes a ticket.

use stoa_core::connection::ConnectionState;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::login::{State, What};
use stoa_core::teams::meet_handed_over;
use stoa_core::ticket::Ticket;

use super::token_settings;
use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::proven::{note, to_launch};
use crate::incoming::Incoming;
use crate::random;
use crate::store::{Code, Written};

/// The flow.
pub(super) async fn hand_over(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    let now = clients.clock.now();
    let id = incoming.connection()?;
    let form = incoming.form()?;
    let connection = clients.store.connection(&id, now).await?;
    trail.connection = Some(id);
    token_settings(&connection)?;
    if connection.state == ConnectionState::Disabled {
        return Err(Fault::ConnectionDisabled.into());
    }
    if incoming.is_framed() {
        return Err(Fault::Framed.into());
    }
    let wrong = |note| Failure::noted(Fault::TeamsCodeWrong, note);
    if !incoming.is_from_us(&clients.environment.public_url) {
        return Err(wrong("another page sent it"));
    }
    let (Some(code), Some(hint)) = (form.get("code"), form.get("hint")) else {
        return Err(wrong("no code, or no hint"));
    };
    let ticket = Ticket::from_code(code).ok_or_else(|| wrong("not of the form of a code"))?;
    trail.login = Some(ticket.reference.clone());
    // Pressed twice, or reloaded: this browser has the ticket already, and the launch knows what that means.
    if Ticket::among(incoming.cookies(), &ticket.reference).is_some_and(|held| held.hash() == ticket.hash()) {
        return Ok(to_launch(&ticket, trail));
    }
    let (attempt, hash) = (random::token()?, ticket.code_hash(hint));
    let code = Code {
        reference: &ticket.reference,
        attempt: &attempt,
        connection: connection.id().as_str(),
        hash: &hash,
        ticket: &ticket.hash(),
        step: &trail.step(What::Continued, now),
    };
    let Written::Refused(old) = clients.store.hand_over(&code, now).await? else {
        return Ok(to_launch(&ticket, trail));
    };
    match meet_handed_over(old.as_deref(), &attempt, &hash, now) {
        Ok(()) => Ok(to_launch(&ticket, trail)),
        Err(failure) => {
            // Who holds the code may leave a note on its login; others cannot write to items by their names.
            if let Some(old) = old.filter(|old| old.binding == hash && old.state == State::Verified) {
                trail.by_test_link = old.show;
                note(clients, &ticket.reference, &hash, (old.state, old.state), &failure, trail, now).await;
            }
            Err(failure)
        }
    }
}
