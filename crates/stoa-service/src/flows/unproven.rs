//! What follows where a code has proved nothing.

use std::time::Duration;

use stoa_core::binding::Pending;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::login::{LoginItem, Meeting, State, fresh_once};
use stoa_core::oidc::RefusalCode;
use stoa_core::relay::Relay;
use stoa_core::ticket::Ticket;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::proven::{launch_path, note};
use crate::incoming::Incoming;

/// How long another request with the same code may still be under way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// Notes the failure and ends nothing: the genuine answer may still come.
///
/// A provider takes a code once, so a reload meets `invalid_grant`, maybe while the first request is under way. Where
/// this very code (`proof` is its hash) has brought the login on, the browser goes on too; any other stays refused.
pub(super) async fn unproven(
    clients: &Clients,
    connection: &Connection,
    incoming: &Incoming,
    login: &Pending,
    proof: Option<&str>,
    failure: Failure,
    trail: &mut Trail,
) -> Result<Answer, Failure> {
    let may_be_again = failure.fault == Fault::Oidc(RefusalCode::CodeRefused);
    if may_be_again {
        tokio::time::sleep(UNDER_WAY).await;
    }
    let (started, now) = ((State::Started, State::Started), clients.clock.now());
    let before = note(clients, &login.reference, &login.hash(), started, &failure, trail, now).await;
    let is_same = |item: &LoginItem| {
        item.assertion.is_some() && item.assertion.as_deref() == proof && item.binding == login.hash()
    };
    match before.filter(|item| may_be_again && is_same(item)) {
        Some(item) => go_on(connection, incoming, login, &item, failure),
        None => Err(failure),
    }
}

fn go_on(
    connection: &Connection,
    incoming: &Incoming,
    login: &Pending,
    item: &LoginItem,
    failure: Failure,
) -> Result<Answer, Failure> {
    match item.state {
        State::Started | State::Refused | State::Failed => Err(failure),
        State::Verified if Ticket::among(incoming.cookies(), &login.reference).is_some() => {
            Ok(Answer::Redirect(launch_path(&login.reference)))
        }
        // Launched already, or the ticket was in an answer that the browser did not wait for.
        State::Verified | State::Launched | State::Returned => match fresh_once(item) {
            Meeting::Fresh(destination) => {
                let relay = Relay { retries: 0, destination };
                Ok(Answer::Redirect(relay.login_path_again(connection.id())))
            }
            Meeting::Fault(used) => Err(used),
            Meeting::Mine | Meeting::Reticket { .. } => Err(failure),
        },
    }
}
