//! What follows where a code has proved nothing.

use std::time::Duration;

use stoa_core::binding::Pending;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::ProofHash;
use stoa_core::login::{LoginItem, State, fresh_once};
use stoa_core::oidc::RefusalCode;
use stoa_core::ticket::Ticket;

use crate::visit::{Answer, Ends, Visit};

/// How long another request with the same code may still be under way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// Notes the failure and ends nothing: the genuine answer may still come.
///
/// A provider takes a code once, so a reload meets `invalid_grant`, maybe while the first request is under way. Where
/// this very code (`proof` is its hash) has brought the login on, the browser goes on too; any other stays refused.
pub(super) async fn unproven(
    visit: &mut Visit<'_>,
    connection: &Connection,
    login: &Pending,
    proof: Option<&ProofHash>,
    failure: Failure,
) -> Result<Answer, Failure> {
    let may_be_again = failure.fault == Fault::Oidc(RefusalCode::CodeRefused);
    if may_be_again {
        visit.wait(UNDER_WAY).await;
    }
    let before = visit.note(login, Ends::Nothing, &failure).await;
    let is_same =
        |item: &LoginItem| item.proof.is_some() && item.proof.as_ref() == proof && item.binding == login.hash();
    match before.filter(|item| may_be_again && is_same(item)) {
        Some(item) => go_on(visit, connection, &item, failure),
        None => Err(failure),
    }
}

fn go_on(
    visit: &mut Visit<'_>,
    connection: &Connection,
    login: &LoginItem,
    failure: Failure,
) -> Result<Answer, Failure> {
    match login.state {
        State::Started | State::Refused | State::Failed => Err(failure),
        State::Verified if Ticket::among(visit.incoming.cookies(), &login.reference).is_some() => {
            Ok(Answer::launch(&login.reference))
        }
        // Launched already, or the ticket was in an answer that the browser did not wait for.
        State::Verified | State::Launched | State::Returned => {
            Ok(visit.begin_again(connection.id(), fresh_once(login)?))
        }
    }
}
