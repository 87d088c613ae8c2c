//! `/login`: asks for an e-mail address and begins the login of whoever's domain it is.
//!
//! The address is posted, used for its domain and as a hint to the identity provider, and forgotten: it is in no
//! address of ours, no item and no log line.

use std::collections::HashMap;

use stoa_core::destination::Destination;
use stoa_core::discovery::{Found, find};
use stoa_core::email::Email;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::relay::Relay;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::login::{Asked, Test, form_action, start};
use crate::incoming::Incoming;

/// The flow of `GET /login` and `POST /login`.
pub(super) async fn discovery(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    if incoming.is_framed() {
        return Err(Fault::Framed.into());
    }
    if incoming.method() != "POST" {
        trail.destination = incoming.query("return_to").and_then(|text| Destination::parse(&text).ok());
        return Ok(ask(clients, trail));
    }
    let form = incoming.form()?;
    trail.destination = form.get("return_to").and_then(|text| Destination::parse(text).ok());
    // Another site's page must not choose through whom somebody signs in.
    if !incoming.is_from_us(&clients.environment.public_url) {
        return Ok(ask(clients, trail));
    }
    answer(clients, incoming, &form, trail).await
}

fn ask(clients: &Clients, trail: &Trail) -> Answer {
    Answer::Page(trail.frame().ask_address(trail.destination.as_ref(), form_action(clients)))
}

async fn answer(
    clients: &Clients,
    incoming: &Incoming,
    form: &HashMap<String, String>,
    trail: &mut Trail,
) -> Result<Answer, Failure> {
    let typed = form.get("email").map_or("", |text| text.trim());
    let address = Email::parse(typed).map_err(|_| Fault::AddressMalformed)?;
    let entries = clients.store.discover(address.domain()).await?;
    let choice = form.get("connection").map(String::as_str);
    let id = match find(address.domain(), &entries, choice)? {
        Found::One(entry) => entry.connection.clone(),
        Found::Several => {
            let (frame, destination) = (trail.frame(), trail.destination.as_ref());
            let page = frame.ask_connection(&entries, address.as_str(), destination, form_action(clients));
            return Ok(Answer::Page(page));
        }
    };
    let asked = Asked {
        relay: Relay { retries: 0, destination: trail.destination.clone() },
        again: false,
        test: Test::No,
        login_hint: Some(address.as_str().to_owned()),
    };
    start(clients, incoming, &id, &asked, trail).await
}
