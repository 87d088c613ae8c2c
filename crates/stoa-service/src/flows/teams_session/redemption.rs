//! `POST /teams/{connection}/continue`: the person has said who they are; the code becomes a ticket.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::login::{State, What};
use stoa_core::teams::meet_handed_over;
use stoa_core::ticket::Ticket;

use super::token_settings;
use crate::random;
use crate::store::{Code, Written};
use crate::visit::{Answer, Ends, Fresh, Visit};

/// Turns a code into the ticket, once.
pub(super) async fn redeem_code(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    let form = visit.incoming.form()?;
    let connection = visit.enter(Fresh::LastMinute).await?;
    token_settings(&connection)?;
    visit.outside_frames()?;
    let wrong = |note| Failure::noted(Fault::TeamsCodeWrong, note);
    if !visit.is_from_us() {
        return Err(wrong("another page sent it"));
    }
    let (Some(code), Some(hint)) = (form.get("code"), form.get("hint")) else {
        return Err(wrong("no code, or no hint"));
    };
    let ticket = Ticket::from_code(code).ok_or_else(|| wrong("not of the form of a code"))?;
    visit.trail.login = Some(ticket.reference.clone());
    // Pressed twice, or reloaded: this browser has the ticket already, and the launch knows what that means.
    if Ticket::among(visit.incoming.cookies(), &ticket.reference).is_some_and(|held| held.hash() == ticket.hash()) {
        return Ok(visit.on_to_launch(&ticket));
    }
    let (attempt, binding) = (random::attempt()?, ticket.code_hash(hint));
    let code = Code {
        reference: &ticket.reference,
        attempt: &attempt,
        connection: connection.id(),
        binding: &binding,
        ticket: &ticket.hash(),
        step: &visit.step(What::Continued),
    };
    let Written::Refused(old) = visit.clients.store.redeem_code(&code, visit.now).await? else {
        return Ok(visit.on_to_launch(&ticket));
    };
    match meet_handed_over(old.as_deref(), &attempt, &binding, visit.now) {
        Ok(()) => Ok(visit.on_to_launch(&ticket)),
        Err(failure) => {
            // Who holds the code may leave a note on its login; others cannot write to items by their names.
            if let Some(old) = old.filter(|old| old.binding == binding && old.state == State::Verified) {
                visit.trail.by_test_link = old.show;
                visit.note_bound(&ticket.reference, &binding, Ends::NothingIn(old.state), &failure).await;
            }
            Err(failure)
        }
    }
}
