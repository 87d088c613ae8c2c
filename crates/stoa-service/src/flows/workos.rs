//! WorkOS connections: the request of a login, and the answer at `GET /oidc/{connection}/callback`.
//!
//! ```text
//! state of a login of this browser?  ── no state ─► the identity provider began it: one fresh login
//!   ▼ yes
//! code ─► POST /sso/token ─► profile of our organization ─► admit ─► seal ─► Started → Verified ─► 303 /launch
//! ```
//!
//! WorkOS's own crate does the talking, over our guarded client (docs/decisions/0015-workos-by-its-own-crate.md).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::Value;
use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, Protocol, WorkosDocument};
use stoa_core::fault::{Failure, Fault};
use stoa_core::login::State;
use stoa_core::oidc::{RefusalCode, Response};
use stoa_core::relay::Relay;
use stoa_core::routes::SecretKind;
use stoa_core::workos::{Callback, Profile, exchange_refused, state_of};
use workos::helpers::{SsoAuthorizationUrlParams, SsoPkceCodeExchangeParams};
use workos::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError};

use crate::clients::Clients;
use crate::edge::{Answer, Trail};
use crate::egress::{Egress, EgressError, Limits};
use crate::flows::proven::{note, write_verified};
use crate::flows::saml_acs::is_going_round;
use crate::flows::unproven::unproven;
use crate::incoming::Incoming;

/// A browser waits, and 8 s is the soft deadline of the whole. A profile with a thousand groups is 100 KB.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), max_bytes: 256 * 1024 };

/// Where a login goes: `/sso/authorize`, for a code bound to this browser (WorkOS API reference, "Get an authorization
/// URL"; RFC 7636).
pub(super) fn authorize_url(
    clients: &Clients,
    connection: &Connection,
    settings: &WorkosDocument,
    login: &Pending,
    login_hint: Option<&str>,
) -> Result<String, Failure> {
    let challenge = digest::digest(&digest::SHA256, login.pkce_verifier().as_bytes());
    let parameters = SsoAuthorizationUrlParams {
        redirect_uri: connection.redirect_uri(&clients.environment.public_url),
        // Of the two selectors WorkOS takes one; a connection is the narrower, and the profile is held against both.
        organization: settings.organization.clone().filter(|_| settings.connection.is_none()),
        connection: settings.connection.clone(),
        login_hint: login_hint.map(str::to_owned),
        state: Some(state_of(login, settings)),
        code_challenge: Some(URL_SAFE_NO_PAD.encode(challenge)),
        code_challenge_method: Some("S256".to_owned()),
        ..SsoAuthorizationUrlParams::default()
    };
    // No secret is needed to ask.
    let url = client(clients, settings, String::new())?.sso_helpers().authorization_url(parameters);
    url.map_err(|_| Failure::noted(Fault::ConfigurationBroken, connection.id().as_str()))
}

/// The answer of WorkOS. The connection's state has been checked.
pub(super) async fn callback(
    clients: &Clients,
    connection: &Connection,
    incoming: &Incoming,
    trail: &mut Trail,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let Protocol::Workos(settings) = connection.protocol() else { return Err(connection.other_protocol("workos")) };
    let pending = Pending::among(incoming.cookies());
    let response = Response::parse(incoming.raw_query())?;
    match Callback::read(&response, settings, &pending)? {
        Callback::Answer { login, code } => {
            trail.login = Some(login.reference.clone());
            answered(clients, connection, settings, incoming, login, code, trail).await
        }
        // A state that is lost each time would be a login begun each time, for ever.
        Callback::Unsolicited if is_going_round(&pending, now) => Err(RefusalCode::StateMissing.into()),
        Callback::Unsolicited => Ok(Answer::Redirect(Relay::default().login_path(connection.id()))),
    }
}

async fn answered(
    clients: &Clients,
    connection: &Connection,
    settings: &WorkosDocument,
    incoming: &Incoming,
    login: &Pending,
    code: Result<String, Failure>,
    trail: &mut Trail,
) -> Result<Answer, Failure> {
    let now = clients.clock.now();
    let (profile, proof) = match prove(clients, connection, settings, login, &code, now).await {
        Ok(proven) => proven,
        Err(failure) => {
            let proof = code.ok().map(|code| code_hash(connection, settings, &code));
            return unproven(clients, connection, incoming, login, proof.as_deref(), failure, trail).await;
        }
    };
    let admitted = match profile.verify(connection).and_then(|verified| verified.admit(connection)) {
        Ok(admitted) => admitted,
        Err(failure) => {
            note(clients, &login.reference, (State::Started, State::Refused), &failure, trail, now).await;
            return Err(failure);
        }
    };
    write_verified(clients, connection, login, &admitted, &proof, trail, now).await
}

/// The profile, and a hash of what proved it.
async fn prove(
    clients: &Clients,
    connection: &Connection,
    settings: &WorkosDocument,
    login: &Pending,
    code: &Result<String, Failure>,
    now: Timestamp,
) -> Result<(Profile, String), Failure> {
    let code = code.as_ref().map_err(Clone::clone)?;
    let profile = exchange(clients, connection, settings, login, code, now).await?;
    Ok((profile, code_hash(connection, settings, code)))
}

/// Connection, client and code as one value that unlocks nothing.
fn code_hash(connection: &Connection, settings: &WorkosDocument, code: &str) -> String {
    let text = format!("{}\0{}\0{code}", connection.id(), settings.client_id);
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, text.as_bytes()).as_ref()[..18])
}

/// The one call of a login: the code for a profile.
async fn exchange(
    clients: &Clients,
    connection: &Connection,
    settings: &WorkosDocument,
    login: &Pending,
    code: &str,
    now: Timestamp,
) -> Result<Profile, Failure> {
    let keys = clients.secrets.of(SecretKind::Oidc, connection.id().as_str(), 0, now).await?;
    // The API key is the client's secret.
    let client = client(clients, settings, keys.current(now).expose().to_owned())?;
    let parameters = SsoPkceCodeExchangeParams { code: code.to_owned(), code_verifier: login.pkce_verifier() };
    let answer = client.sso_helpers().pkce_code_exchange(parameters).await.map_err(|error| refused(&error))?;
    match serde_json::to_value(answer.profile) {
        Ok(Value::Object(profile)) => Ok(Profile::from_token_answer(profile)),
        Ok(_) | Err(_) => Err(RefusalCode::TokenAnswerStrange.into()),
    }
}

/// A client for one call. A code is used once, so nothing is ever sent again.
fn client(clients: &Clients, settings: &WorkosDocument, api_key: String) -> Result<workos::Client, Failure> {
    workos::Client::builder()
        .api_key(api_key)
        .client_id(&settings.client_id)
        .base_url(&settings.api_url)
        .max_retries(0)
        .user_agent(concat!("stoa/", env!("CARGO_PKG_VERSION")))
        .transport(Arc::new(Guarded(clients.egress.clone())))
        .try_build()
        .map_err(|_| Failure::noted(Fault::SecretBroken, "the API key is no header value"))
}

/// What an error of the crate means. Its text may quote the answer, so it goes nowhere.
fn refused(error: &workos::Error) -> Failure {
    let code = match error {
        workos::Error::Api(error) => return exchange_refused(error.status, error.code.as_deref()),
        workos::Error::Network(error) => match error.source.downcast_ref() {
            Some(EgressError::Forbidden) => RefusalCode::AddressForbidden,
            Some(EgressError::TooLarge | EgressError::Encoded) => RefusalCode::TokenAnswerStrange,
            Some(EgressError::Unreachable | EgressError::TimedOut) | None => RefusalCode::TokenEndpointUnavailable,
        },
        workos::Error::Decode(_) => RefusalCode::TokenAnswerStrange,
        workos::Error::Builder(_)
        | workos::Error::Webhook(_)
        | workos::Error::Session(_)
        | workos::Error::VaultCrypto(_)
        | workos::Error::Jwt(_)
        | workos::Error::Crypto(_) => return Failure::noted(Fault::Internal, "the WorkOS client"),
    };
    code.into()
}

/// The crate's transport over the client that calls every address from configuration.
struct Guarded(Egress);

#[async_trait]
impl HttpTransport for Guarded {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let body = request.body.map(Vec::from).unwrap_or_default();
        let mut sent = http::Request::new(body);
        *sent.method_mut() = request.method;
        *sent.uri_mut() = request.url.parse().map_err(|_| TransportError::other(EgressError::Forbidden))?;
        *sent.headers_mut() = request.headers;
        let answer = self.0.send(sent, LIMITS).await.map_err(TransportError::other)?;
        let (parts, body) = answer.into_parts();
        Ok(HttpResponse { status: parts.status, headers: parts.headers, body: body.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c166_what_the_guard_refuses_has_its_own_fault() {
        for (error, wanted) in [
            (EgressError::Forbidden, "oidc_address_forbidden"),
            (EgressError::Unreachable, "oidc_token_endpoint_unavailable"),
            (EgressError::TimedOut, "oidc_token_endpoint_unavailable"),
            (EgressError::TooLarge, "oidc_token_answer_strange"),
            (EgressError::Encoded, "oidc_token_answer_strange"),
        ] {
            let failure = refused(&workos::Error::Network(TransportError::other(error)));
            assert_eq!(failure.fault.code(), wanted, "{error:?}");
        }
    }

    #[tokio::test]
    async fn c166_an_address_that_is_not_public_is_not_called() {
        let guarded = Guarded(Egress::new(stoa_core::connection::UrlPolicy::Https));
        let request = |url: &str| HttpRequest {
            method: http::Method::POST,
            url: url.to_owned(),
            headers: http::HeaderMap::new(),
            body: None,
        };
        for url in ["https://169.254.169.254/sso/token", "http://api.workos.com/sso/token", "not an address"] {
            let error = guarded.execute(request(url)).await.map(|answer| answer.status);
            let cause = error.err().and_then(|error| error.source.downcast_ref::<EgressError>().copied());
            assert_eq!(cause, Some(EgressError::Forbidden), "{url}");
        }
    }
}
