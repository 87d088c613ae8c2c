//! `GET /oidc/{connection}/callback`: takes the provider's answer, proves who came, and hands the identity on.
//!
//! ```text
//! state of a login of this browser ─► code ─► claim ─► token endpoint ─► ID token ─► (userinfo, where it is thin)
//!   └─► admit ─► seal under a new ticket ─► Started → Verified ─► 303 /launch
//! ```
//!
//! Endpoints and keys come from the connection and the `trust` table: a callback makes one call, or two.

use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, Oidc, Protocol};
use stoa_core::failure::Failure;
use stoa_core::identity::Verified;
use stoa_core::ids::ProofHash;
use stoa_core::oidc::{RefusalCode, Response, state};
use stoa_core::routes::SecretKind;

use crate::ahead::Wanted;
use crate::flows::code::Turn;
use crate::flows::oidc_exchange::prove_code;
use crate::flows::workos;
use crate::secrets::Named;
use crate::store::KeySet;
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
    let oidc = connection.oidc()?;
    let code = match response.code_from(oidc) {
        Ok(code) => code,
        Err(failure) => return Err(visit.unproven(login, failure).await),
    };
    let proof = ProofHash::new(connection.id(), &oidc.document().issuer, code);
    visit.ask_ahead(Wanted {
        shared: true,
        own: Some(Named::of(SecretKind::Oidc, connection.id())),
        jwks: Some((connection.id().clone(), KeySet::Oidc)),
        ..Wanted::default()
    });
    if let Turn::Over(answer) = visit.turn(connection, login, &proof).await? {
        return Ok(answer);
    }
    match prove_code(visit, connection, code, login).await {
        Ok(identity) => visit.admit(connection, login, Verified::from_id_token(&identity, connection), &proof).await,
        Err(failure) => Err(visit.unproven(login, failure).await),
    }
}
