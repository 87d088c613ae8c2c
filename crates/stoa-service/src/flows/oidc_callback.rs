//! `GET /oidc/{connection}/callback`: takes the provider's answer, proves who came, and hands the identity on.
//!
//! ```text
//! state of a login of this browser ─► code ─► token endpoint ─► ID token ─► (userinfo, where it is thin)
//!   └─► admit ─► seal under a new ticket ─► Started → Verified ─► 303 /launch
//! ```
//!
//! Endpoints and keys come from the connection and the `trust` table: a callback makes one call, or two.

use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, Oidc, Protocol};
use stoa_core::failure::Failure;
use stoa_core::identity::Verified;
use stoa_core::ids::ProofHash;
use stoa_core::oidc::{ProvenIdentity, RefusalCode, Response, state};

use crate::flows::oidc_exchange::prove_code;
use crate::flows::unproven::unproven;
use crate::flows::workos;
use crate::visit::{Answer, Fresh, Visit};

/// Takes the provider's response, and sends the browser on to `/launch`.
pub async fn oidc_callback(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    if visit.incoming.is_prefetch() {
        return Ok(Answer::Nothing);
    }
    let pending = visit.pending();
    let connection = visit.enter(Fresh::for_browser(&pending)).await?;
    visit.outside_frames()?;
    match connection.protocol() {
        Protocol::Oidc(oidc) => {
            let response = Response::parse(visit.incoming.raw_query())?;
            let login = login_of(&response, oidc, &pending)?;
            answered(visit, &connection, &response, login).await
        }
        Protocol::Workos(settings) => workos::callback(visit, &connection, settings).await,
        Protocol::Saml(_) | Protocol::Teams => Err(connection.other_protocol("oidc")),
    }
}

/// The login of this browser that the answer is to.
fn login_of<'a>(response: &Response, oidc: &Oidc, pending: &'a [Pending]) -> Result<&'a Pending, Failure> {
    let answers = response.state.as_deref().ok_or_else(|| response.answers_nothing(pending))?;
    let login = pending.iter().find(|login| state(oidc, login) == answers);
    login.ok_or_else(|| RefusalCode::StateUnknown.into())
}

async fn answered(
    visit: &mut Visit<'_>,
    connection: &Connection,
    response: &Response,
    login: &Pending,
) -> Result<Answer, Failure> {
    visit.trail.login = Some(login.reference.clone());
    let (identity, proof) = match prove(visit, connection, response, login).await {
        Ok(proven) => proven,
        Err(failure) => {
            let proof = response.code.as_deref().map(|code| proof_of(connection, code));
            return unproven(visit, connection, login, proof.as_ref(), failure).await;
        }
    };
    visit.admit(connection, login, Verified::from_id_token(&identity, connection), &proof).await
}

/// The identity, and a hash of what proved it.
async fn prove(
    visit: &Visit<'_>,
    connection: &Connection,
    response: &Response,
    login: &Pending,
) -> Result<(ProvenIdentity, ProofHash), Failure> {
    let code = response.code_from(connection.oidc()?)?;
    let identity = prove_code(visit, connection, code, login).await?;
    Ok((identity, proof_of(connection, code)))
}

fn proof_of(connection: &Connection, code: &str) -> ProofHash {
    ProofHash::new(connection.id(), connection.oidc().map_or("", |oidc| &oidc.document().issuer), code)
}
