//! From a code to a proven identity: the token endpoint, the ID token, and userinfo where the ID token is thin.

use std::time::Duration;

use http::Response;
use stoa_core::binding::Pending;
use stoa_core::connection::Connection;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::oidc::{
    Exchange, Expected, NoAnswer, ProvenIdentity, RefusalCode, Tokens, exchange, judge, prove, userinfo_request,
};
use stoa_core::routes::SecretKind;

use crate::egress::{EgressError, Limits};
use crate::flows::provider_keys::{token_failure, verified_claims};
use crate::random;
use crate::store::{KeySet, KeySource};
use crate::visit::Visit;

/// A browser waits behind these, and is answered within 8 s.
const TOKEN: Limits = Limits { timeout: Duration::from_secs(4), max_bytes: 128 * 1024 };
const USERINFO: Limits = Limits { timeout: Duration::from_secs(3), max_bytes: 128 * 1024 };

/// Exchanges the code and proves what comes back.
pub(super) async fn prove_code(
    visit: &mut Visit<'_>,
    connection: &Connection,
    code: &str,
    login: &Pending,
) -> Result<ProvenIdentity, Failure> {
    let oidc = connection.oidc()?;
    let tokens = tokens(visit, connection, code, login).await?;
    let source = KeySource { set: KeySet::Oidc, uri: &oidc.provider().jwks_uri };
    let algorithms = &oidc.document().algorithms;
    let claims = verified_claims(visit, connection, source, tokens.unverified_id_token(), algorithms).await?;
    let nonce = login.oidc_nonce();
    let expected =
        Expected { connection, nonce: &nonce, code, tokens: &tokens, began: login.unverified_began, now: visit.now };
    let identity = prove(claims, &expected)?;
    let Some(endpoint) = identity.userinfo_endpoint(connection)? else { return Ok(identity) };
    match userinfo(visit, endpoint, &tokens).await {
        Ok(answer) => identity.with_userinfo(&answer, connection),
        Err(failure) => Err(identity.failed(failure, connection)),
    }
}

async fn tokens(
    visit: &mut Visit<'_>,
    connection: &Connection,
    code: &str,
    login: &Pending,
) -> Result<Tokens, Failure> {
    let secrets = visit.secret_of(SecretKind::Oidc, connection).await?;
    let redirect_uri = connection.redirect_uri(visit.public_url());
    let assertion_id = random::token()?;
    let request = Exchange {
        oidc: connection.oidc()?,
        redirect_uri: &redirect_uri,
        code,
        login,
        secret: secrets.current(visit.now),
        assertion_id: &assertion_id,
        now: visit.now,
    };
    let limits = visit.in_time(TOKEN);
    exchange(request, |request| {
        let egress = visit.clients.egress.clone();
        async move { judge(egress.send(request, limits).await.map_err(|error| NoAnswer(token_failure(error)))?) }
    })
    .await
}

async fn userinfo(visit: &mut Visit<'_>, endpoint: &str, tokens: &Tokens) -> Result<Response<Vec<u8>>, Failure> {
    let request = userinfo_request(endpoint, tokens)?;
    visit.clients.egress.send(request, visit.in_time(USERINFO)).await.map_err(userinfo_failure)
}

fn userinfo_failure(error: EgressError) -> Failure {
    let code = match error {
        EgressError::Forbidden => RefusalCode::AddressForbidden,
        EgressError::Unreachable | EgressError::TimedOut => RefusalCode::UserInfoUnavailable,
        EgressError::TooLarge | EgressError::Encoded => RefusalCode::UserInfoStrange,
    };
    Failure::noted(Fault::Oidc(code), &error.to_string())
}
