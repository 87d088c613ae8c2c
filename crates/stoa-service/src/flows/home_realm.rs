//! `/login`: asks for an e-mail address and begins the login of whoever's domain it is.
//!
//! The address is posted, used for its domain and as a hint to the identity provider, and forgotten: it is in no
//! address of ours, no item and no log line.

use stoa_core::destination::Destination;
use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::home_realm::{Found, find};
use stoa_core::relay::Relay;

use crate::flows::begin::{Asked, Test, start};
use crate::visit::{Answer, Visit};

/// `GET /login`: the question.
pub(super) fn ask(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    visit.outside_frames()?;
    visit.trail.destination = visit.incoming.query("return_to").and_then(|text| Destination::parse(&text).ok());
    Ok(question(visit))
}

/// `POST /login`: what was typed.
pub(super) async fn answer(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    visit.outside_frames()?;
    let form = visit.incoming.form()?;
    visit.trail.destination = form.get("return_to").and_then(|text| Destination::parse(text).ok());
    // Another site's page must not choose through whom somebody signs in.
    if !visit.is_from_us() {
        return Ok(question(visit));
    }
    let typed = form.get("email").map_or("", |text| text.trim());
    let address = Email::parse(typed).map_err(|_| Fault::AddressMalformed)?;
    let entries = visit.clients.store.discover(address.domain()).await?;
    let choice = form.get("connection").map(String::as_str);
    let id = match find(address.domain(), &entries, choice)? {
        Found::One(entry) => entry.connection.clone(),
        Found::Several => {
            let (frame, destination) = (visit.frame(), visit.trail.destination.as_ref());
            let page = frame.ask_connection(&entries, address.as_str(), destination, visit.form_action());
            return Ok(Answer::Page(page));
        }
    };
    let asked = Asked {
        relay: Relay::to(visit.trail.destination.clone()),
        again: false,
        test: Test::No,
        login_hint: Some(address.as_str().to_owned()),
    };
    start(visit, &id, &asked).await
}

fn question(visit: &Visit<'_>) -> Answer {
    Answer::Page(visit.frame().ask_address(visit.trail.destination.as_ref(), visit.form_action()))
}
