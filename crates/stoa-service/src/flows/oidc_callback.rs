//! `GET /oidc/{connection}/callback`: takes the provider's answer, proves who came, and hands the identity on.
//!
//! ```text
//! state of a login of this browser ─► code ─► token endpoint ─► ID token ─► (userinfo, where it is thin)
//!   └─► admit ─► seal under a new ticket ─► Started → Verified ─► 303 /launch
//! ```
//!
//! Endpoints and keys come from the connection and the `trust` table: a callback makes one call, or two.

use jiff::Timestamp;
use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, ConnectionState, Oidc, Protocol};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::identity::Verified;
use stoa_core::oidc::{ProvenIdentity, RefusalCode, Response, state};

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::flows::oidc_exchange::prove_code;
use crate::flows::proven::{admit, connection_for, proof_hash};
use crate::flows::unproven::unproven;
use crate::flows::workos;
use crate::incoming::Incoming;

/// The flow.
pub async fn oidc_callback(clients: &Clients, incoming: &Incoming, trail: &mut Trail) -> Result<Answer, Failure> {
    if incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    let now = clients.clock.now();
    let id = incoming.connection()?;
    let pending = Pending::among(incoming.cookies());
    let connection = connection_for(clients, &id, &pending, now).await?;
    trail.connection = Some(id);
    if connection.state == ConnectionState::Disabled {
        return Err(Fault::ConnectionDisabled.into());
    }
    if incoming.is_framed() {
        return Err(Fault::Framed.into());
    }
    match connection.protocol() {
        Protocol::Oidc(oidc) => {
            let response = Response::parse(incoming.raw_query())?;
            let login = login_of(&response, oidc, &pending)?;
            answered(clients, &connection, incoming, &response, login, trail).await
        }
        Protocol::Workos(_) => workos::callback(clients, &connection, incoming, trail, now).await,
        Protocol::Saml(_) | Protocol::Teams => Err(connection.other_protocol("oidc")),
    }
}

/// The login of this browser that the answer is to.
fn login_of<'a>(response: &Response, oidc: &Oidc, pending: &'a [Pending]) -> Result<&'a Pending, Failure> {
    let answers = response.state.as_deref().ok_or(RefusalCode::StateMissing)?;
    let login = pending.iter().find(|login| state(oidc, login) == answers);
    login.ok_or_else(|| RefusalCode::StateUnknown.into())
}

async fn answered(
    clients: &Clients,
    connection: &Connection,
    incoming: &Incoming,
    response: &Response,
    login: &Pending,
    trail: &mut Trail,
) -> Result<Answer, Failure> {
    trail.login = Some(login.reference.clone());
    let now = clients.clock.now();
    let (identity, proof) = match prove(clients, connection, response, login, now).await {
        Ok(proven) => proven,
        Err(failure) => {
            let proof = response.code.as_deref().map(|code| proof_of(connection, code));
            return unproven(clients, connection, incoming, login, proof.as_deref(), failure, trail).await;
        }
    };
    admit(clients, connection, login, Verified::from_id_token(&identity, connection), &proof, trail, now).await
}

/// The identity, and a hash of what proved it.
async fn prove(
    clients: &Clients,
    connection: &Connection,
    response: &Response,
    login: &Pending,
    now: Timestamp,
) -> Result<(ProvenIdentity, String), Failure> {
    let oidc = connection.oidc()?;
    let code = response.code_from(oidc)?;
    let identity = prove_code(clients, connection, code, login, now).await?;
    Ok((identity, proof_of(connection, code)))
}

fn proof_of(connection: &Connection, code: &str) -> String {
    proof_hash(connection, connection.oidc().map_or("", |oidc| &oidc.document().issuer), code)
}
