//! WorkOS connections: the answer at `GET /oidc/{connection}/callback`.
//!
//! ```text
//! state of a login of this browser?  ── no state ─► the identity provider began it: one fresh login
//!   ▼ yes
//! code ─► claim ─► POST /sso/token ─► profile of our organization ─► admit ─► seal ─► Started → Verified ─► 303 /launch
//! ```

use std::time::Duration;

use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, WorkosDocument};
use stoa_core::failure::Failure;
use stoa_core::ids::ProofHash;
use stoa_core::oidc::{RefusalCode, Response};
use stoa_core::relay::Relay;
use stoa_core::routes::SecretKind;
use stoa_core::workos::{Callback, Profile, token_request};

use crate::ahead::Wanted;
use crate::egress::Limits;
use crate::flows::code::Turn;
use crate::flows::provider_keys::token_failure;
use crate::secrets::Named;
use crate::visit::{Answer, Visit};

/// A browser waits, and 8 s is the soft deadline of the whole. A profile with a thousand groups is 100 KB.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), max_bytes: 256 * 1024 };

/// The answer of WorkOS. The connection's state has been checked.
pub(super) async fn callback(
    visit: &mut Visit<'_>,
    connection: &Connection,
    settings: &WorkosDocument,
) -> Result<Answer, Failure> {
    let pending = visit.pending();
    let response = Response::parse(visit.incoming.raw_query())?;
    match Callback::read(&response, settings, &pending)? {
        Callback::Answer { login, code } => {
            visit.trail.login = Some(login.reference.clone());
            answered(visit, connection, settings, login, code).await
        }
        // A state that is lost each time would be a login begun each time, for ever.
        Callback::Unsolicited if Pending::is_going_round(&pending, visit.now) => Err(RefusalCode::StateMissing.into()),
        Callback::Unsolicited => Ok(Answer::Redirect(Relay::default().login_path(connection.id()))),
    }
}

async fn answered(
    visit: &mut Visit<'_>,
    connection: &Connection,
    settings: &WorkosDocument,
    login: &Pending,
    code: Result<String, Failure>,
) -> Result<Answer, Failure> {
    let code = match code {
        Ok(code) => code,
        Err(failure) => return Err(visit.unproven(login, failure).await),
    };
    let proof = ProofHash::new(connection.id(), &settings.client_id, &code);
    visit.ask_ahead(Wanted {
        shared: true,
        own: Some(Named::of(SecretKind::Oidc, connection.id())),
        ..Wanted::default()
    });
    if let Turn::Over(answer) = visit.turn(connection, login, &proof).await? {
        return Ok(answer);
    }
    match exchange(visit, connection, settings, login, &code).await {
        Ok(profile) => visit.admit(connection, login, profile.verify(connection), &proof).await,
        Err(failure) => Err(visit.unproven(login, failure).await),
    }
}

/// The one call of a login: the code for a profile.
async fn exchange(
    visit: &mut Visit<'_>,
    connection: &Connection,
    settings: &WorkosDocument,
    login: &Pending,
    code: &str,
) -> Result<Profile, Failure> {
    let keys = visit.secret_of(SecretKind::Oidc, connection).await?;
    let request = token_request(settings, keys.current(visit.now), code, login)?;
    let answer = visit.clients.egress.send(request, visit.in_time(LIMITS)).await.map_err(token_failure)?;
    Profile::from_token_answer(&answer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;
    use stoa_core::connection::UrlPolicy;
    use stoa_core::ids::Reference;
    use stoa_core::keys::KeySet;

    use super::*;
    use crate::egress::{Egress, EgressError};

    #[test]
    fn c166_what_the_guard_refuses_has_its_own_fault() {
        for (error, wanted) in [
            (EgressError::Forbidden, "oidc_address_forbidden"),
            (EgressError::Unreachable, "oidc_token_endpoint_unavailable"),
            (EgressError::TimedOut, "oidc_token_endpoint_unavailable"),
            (EgressError::TooLarge, "oidc_token_answer_strange"),
            (EgressError::Encoded, "oidc_token_answer_strange"),
        ] {
            assert_eq!(token_failure(error).fault.code(), wanted, "{error:?}");
        }
    }

    #[tokio::test]
    async fn c166_an_address_that_is_not_public_is_not_called() {
        let egress = Egress::new(UrlPolicy::Https);
        let login = Pending::begin(Reference::from_random([1; 8]), Timestamp::UNIX_EPOCH, [1; 32]);
        let keys = KeySet::parse(r#"{"keys":[{"id":"1","from":0,"value":"sk_test_1"}]}"#).unwrap();
        for api_url in ["https://169.254.169.254", "http://api.workos.com", "https://127.1"] {
            let settings = WorkosDocument {
                client_id: "client_1".to_owned(),
                organization: Some("org_1".to_owned()),
                connection: None,
                api_url: api_url.to_owned(),
            };
            let request = token_request(&settings, &keys.all()[0], "code", &login).unwrap();
            let answer = egress.send(request, LIMITS).await;
            assert_eq!(answer.err(), Some(EgressError::Forbidden), "{api_url}");
        }
    }
}
