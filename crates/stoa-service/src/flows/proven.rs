//! From a proven identity to a ticket in the browser: what follows a proof, whichever protocol brought it.

use std::sync::Arc;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use stoa_core::binding::Pending;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::identity::{Admitted, Verified};
use stoa_core::ids::{ConnectionId, Reference};
use stoa_core::keys::{Pepper, Secret32};
use stoa_core::login::{LoginItem, Meeting, State, VerifyAttempt, What, meet_verified};
use stoa_core::relay::Relay;
use stoa_core::routes::SecretKind;
use stoa_core::ticket::Ticket;

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::random;
use crate::store::{Sealed, Written};

/// The connection that an answer came for: as of the last minute, or, for a browser that tests, as of now.
pub(super) async fn connection_for(
    clients: &Clients,
    id: &ConnectionId,
    pending: &[Pending],
    now: Timestamp,
) -> Result<Arc<Connection>, Failure> {
    if pending.iter().any(|login| login.unverified_tester) {
        clients.store.connection_now(id, now).await
    } else {
        clients.store.connection(id, now).await
    }
}

/// What proved an identity, as one value that names nobody and unlocks nothing: connection, issuer, and the id of the
/// assertion or the code. By it the same proof twice is known from two proofs.
pub(super) fn proof_hash(connection: &Connection, issuer: &str, proof: &str) -> String {
    let text = format!("{}\0{issuer}\0{proof}", connection.id());
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..18])
}

/// Lets a proven person in, if the connection does. Whom it does not let in has ended this login.
pub(super) async fn admit(
    clients: &Clients,
    connection: &Connection,
    login: &Pending,
    verified: Result<Verified, Failure>,
    proof: &str,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    match verified.and_then(|verified| verified.admit(connection)) {
        Ok(admitted) => write_verified(clients, connection, login, &admitted, proof, trail, now).await,
        Err(failure) => {
            let ends = (State::Started, State::Refused);
            note(clients, &login.reference, &login.hash(), ends, &failure, trail, now).await;
            Err(failure)
        }
    }
}

/// Adds a failure to the steps of a login in state `from`, if it is bound so: a reference, which is no secret, ends
/// nobody's login. That it cannot be added must not hide the failure itself. Returns the login as it was.
pub(super) async fn note(
    clients: &Clients,
    reference: &Reference,
    binding: &str,
    (from, to): (State, State),
    failure: &Failure,
    trail: &mut Trail,
    now: Timestamp,
) -> Option<Box<LoginItem>> {
    let step = trail.failed_step(failure, now);
    match clients.store.note_step(reference, Some(binding), from, to, &step, now).await {
        Ok(login) => {
            if let Some(login) = login.as_ref().filter(|login| login.show) {
                trail.tester = Some(login.binding.clone());
            }
            login
        }
        Err(second) => {
            trail.also = Some(second.fault);
            None
        }
    }
}

/// A new ticket, and the identity sealed under it.
pub(super) struct Handover {
    pub(super) ticket: Ticket,
    pub(super) sealed: String,
    pub(super) seal_key: String,
}

/// Makes a ticket for a login, and seals the identity under it; where an administrator tests, with everything that
/// came.
pub(super) async fn hand_over(
    clients: &Clients,
    connection: &Connection,
    reference: &Reference,
    admitted: &Admitted,
    with_arrived: bool,
    now: Timestamp,
) -> Result<Handover, Failure> {
    let seal_secrets = clients.secrets.shared(SecretKind::Seal, now).await?;
    let pepper = Pepper::from_keys(&*clients.secrets.shared(SecretKind::Pepper, now).await?);
    let ticket = Ticket {
        reference: reference.clone(),
        connection: connection.id().clone(),
        school: connection.school().clone(),
        person: admitted.person_key(connection, &pepper),
        email: admitted.email_key(connection, &pepper),
        secret: Secret32::new(random::bytes()?),
    };
    let key = seal_secrets.current(now);
    let sealed = admitted.seal(&ticket.secret, key, reference.as_str(), connection, with_arrived)?;
    Ok(Handover { ticket, sealed, seal_key: key.id.clone() })
}

/// Write 2 of a login of this browser, and what it means where its condition is refused.
async fn write_verified(
    clients: &Clients,
    connection: &Connection,
    login: &Pending,
    admitted: &Admitted,
    assertion: &str,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let handover = hand_over(clients, connection, &login.reference, admitted, login.unverified_tester, now).await?;
    let (attempt, binding, ticket) = (random::token()?, login.hash(), handover.ticket.hash());
    let step = trail.step(What::Verified, now);
    let mut sealed = Sealed {
        reference: &login.reference,
        attempt: &attempt,
        binding: &binding,
        began: login.unverified_began,
        connection: connection.id().as_str(),
        connection_version: connection.version,
        assertion,
        ticket: &ticket,
        sealed: &handover.sealed,
        seal_key: &handover.seal_key,
        who: &handover.ticket.email,
        step: Some(&step),
    };
    let Written::Refused(old) = clients.store.verify_login(&sealed, now).await? else {
        return Ok(to_launch(&handover.ticket, trail));
    };
    let mine = VerifyAttempt { attempt: &attempt, binding: &binding, connection: connection.id(), assertion };
    match meet_verified(old.as_deref(), &mine, now) {
        Meeting::Mine => Ok(to_launch(&handover.ticket, trail)),
        Meeting::Reticket { attempt: last, step_fits } => {
            sealed.step = step_fits.then_some(&step);
            match clients.store.renew_ticket(&sealed, &last, now).await? {
                Written::Applied => Ok(to_launch(&handover.ticket, trail)),
                Written::Refused(Some(old)) if old.attempt == attempt => Ok(to_launch(&handover.ticket, trail)),
                // Another tab of this browser was quicker: its ticket is in the cookie, and it carries the login on.
                Written::Refused(_) => Ok(Answer::Redirect(launch_path(&login.reference))),
            }
        }
        Meeting::Fresh(destination) => {
            let relay = Relay { retries: 0, destination };
            Ok(Answer::Redirect(relay.login_path_again(connection.id())))
        }
        Meeting::Fault(failure) => {
            if let Some(old) = old {
                note(clients, &login.reference, &binding, (old.state, old.state), &failure, trail, now).await;
            }
            Err(failure)
        }
    }
}

/// Where a login goes on that has its ticket.
pub(super) fn launch_path(reference: &Reference) -> String {
    format!("/launch?login={}", reference.as_str())
}

/// Gives the browser its ticket and sends it on.
pub(super) fn to_launch(ticket: &Ticket, trail: &mut Trail) -> Answer {
    trail.cookies.push(ticket.set_cookie());
    Answer::Redirect(launch_path(&ticket.reference))
}
