//! A token's signature against the keys that its issuer publishes.
//!
//! The keys are a snapshot in the `trust` table. A token that names an unknown one, or whose signature is not that of the
//! one it names, as where a key was replaced under its name, may make one function a minute ask the issuer; the others
//! wait a moment for what it brings, so a change of keys fails no login while the issuer answers at once.

use std::sync::Arc;
use std::time::Duration;

use stoa_core::connection::{Connection, SigningAlgorithm};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::oidc::{Claims, Jwks, MAX_JWKS, RefusalCode, verify_jws};

use crate::egress::{EgressError, GetError, Limits};
use crate::random;
use crate::store::{FetchClaim, FetchLeave, KeySource};
use crate::visit::Visit;

/// A browser waits behind this.
const FETCH: Limits = Limits { timeout: Duration::from_secs(3), max_bytes: MAX_JWKS };
/// Looks at the table while another function fetches.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);

/// Verifies a token's signature. None of its claims is checked yet.
pub async fn verified_claims(
    visit: &mut Visit<'_>,
    connection: &Connection,
    source: KeySource<'_>,
    token: &str,
    algorithms: &[SigningAlgorithm],
) -> Result<Claims, Failure> {
    let (store, now) = (&visit.clients.store, visit.now);
    let held = visit.jwks(connection, source.set).await?;
    let stale = match verify_jws(token, &held, algorithms) {
        Err(failure) if is_key_stale(&failure) => failure,
        verified => return verified,
    };
    match store.claim_jwks_fetch(connection.id(), source, random::attempt()?, now).await? {
        FetchClaim::Granted(leave) => match fetch(visit, &leave).await {
            Ok(keys) => verify_jws(token, &keys, algorithms),
            // The key is there: that no other could be fetched makes the signature no better.
            Err(_) if !is_key_unknown(&stale) => Err(stale),
            Err(failure) => Err(failure),
        },
        FetchClaim::Taken(item) => {
            let mut keys = store.hold_jwks(connection.id(), source.set, item.keys()?, now);
            let mut looks = if item.is_being_fetched(now) { LOOKS } else { 0 };
            loop {
                match verify_jws(token, &keys, algorithms) {
                    Err(failure) if is_key_stale(&failure) && looks > 0 => looks -= 1,
                    Err(failure) if is_key_unknown(&failure) && item.is_unanswered(now) => {
                        return Err(unavailable(source, "no answer within the last minute"));
                    }
                    verified => return verified,
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
                keys = store.jwks_now(connection.id(), source.set, now).await?;
            }
        }
    }
}

/// Whether the issuer may have published what would verify it.
fn is_key_stale(failure: &Failure) -> bool {
    is_key_unknown(failure) || failure.fault == Fault::Oidc(RefusalCode::SignatureWrong)
}

fn is_key_unknown(failure: &Failure) -> bool {
    failure.fault == Fault::Oidc(RefusalCode::KeyUnknown)
}

fn unavailable(source: KeySource<'_>, note: &str) -> Failure {
    Failure::with(Fault::Oidc(RefusalCode::KeysUnavailable), source.uri, note)
}

/// One fetch of the issuer's keys. What is no key set leaves the snapshot as it was.
async fn fetch(visit: &mut Visit<'_>, leave: &FetchLeave<'_>) -> Result<Arc<Jwks>, Failure> {
    let source = leave.source();
    let body = visit.clients.egress.get(source.uri, visit.in_time(FETCH)).await.map_err(|error| match error {
        GetError::Egress(EgressError::Forbidden) => {
            Failure::noted(Fault::Oidc(RefusalCode::AddressForbidden), source.uri)
        }
        other => unavailable(source, &other.to_string()),
    })?;
    let text = String::from_utf8(body).map_err(|_| unavailable(source, "not UTF-8"))?;
    let keys = Jwks::parse(&text).map_err(|error| unavailable(source, &error.to_string()))?;
    visit.clients.store.write_jwks(leave, &text, visit.now).await?;
    Ok(visit.clients.store.hold_jwks(leave.connection(), source.set, keys, visit.now))
}

/// What it means that the token endpoint's answer did not come.
pub(super) fn token_failure(error: EgressError) -> Failure {
    let code = match error {
        EgressError::Forbidden => RefusalCode::AddressForbidden,
        EgressError::Unreachable | EgressError::TimedOut => RefusalCode::TokenEndpointUnavailable,
        EgressError::TooLarge | EgressError::Encoded => RefusalCode::TokenAnswerStrange,
    };
    Failure::noted(Fault::Oidc(code), &error.to_string())
}
