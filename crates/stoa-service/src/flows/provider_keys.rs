//! A token's signature against the keys that its issuer publishes.
//!
//! The keys are a snapshot in the `trust` table. A token that names an unknown one may make one function a minute ask
//! the issuer; the others wait a moment for what it brings, so a change of keys fails no login while the issuer answers
//! at once.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use stoa_core::connection::{Connection, SigningAlgorithm};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::oidc::{Claims, Jwks, MAX_JWKS, RefusalCode, verify_jws};

use crate::clients::Clients;
use crate::egress::{EgressError, GetError, Limits};
use crate::random;
use crate::store::FetchClaim;

/// A browser waits behind this.
const FETCH: Limits = Limits { timeout: Duration::from_secs(3), max_bytes: MAX_JWKS };
/// Looks at the table while another function fetches.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(300);

/// Where a key set is kept, and where it comes from.
#[derive(Clone, Copy)]
pub struct KeySource<'a> {
    /// Sort key in `trust`.
    pub sk: &'static str,
    /// The issuer's `jwks_uri`.
    pub uri: &'a str,
}

/// Verifies a token's signature. None of its claims is checked yet.
pub async fn verified_claims(
    clients: &Clients,
    connection: &Connection,
    source: KeySource<'_>,
    token: &str,
    algorithms: &[SigningAlgorithm],
    now: Timestamp,
) -> Result<Claims, Failure> {
    let held = clients.store.jwks(connection.id(), source.sk, now).await?;
    match verify_jws(token, &held, algorithms) {
        Err(failure) if is_key_unknown(&failure) => {}
        verified => return verified,
    }
    let attempt = random::token()?;
    match clients.store.claim_jwks_fetch(connection.id(), (source.sk, source.uri), &attempt, now).await? {
        FetchClaim::Granted => {
            verify_jws(token, &*fetch(clients, connection, source, &attempt, now).await?, algorithms)
        }
        FetchClaim::Taken(item) => {
            let mut keys = clients.store.hold_jwks(connection.id(), source.sk, item.keys()?, now);
            let mut looks = if item.is_being_fetched(now) { LOOKS } else { 0 };
            loop {
                match verify_jws(token, &keys, algorithms) {
                    Err(failure) if is_key_unknown(&failure) && looks > 0 => looks -= 1,
                    Err(failure) if is_key_unknown(&failure) && item.is_unanswered(now) => {
                        return Err(unavailable(source, "no answer within the last minute"));
                    }
                    verified => return verified,
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
                keys = clients.store.jwks_now(connection.id(), source.sk, now).await?;
            }
        }
    }
}

fn is_key_unknown(failure: &Failure) -> bool {
    failure.fault == Fault::Oidc(RefusalCode::KeyUnknown)
}

fn unavailable(source: KeySource<'_>, note: &str) -> Failure {
    Failure::with(Fault::Oidc(RefusalCode::KeysUnavailable), source.uri, note)
}

/// One fetch of the issuer's keys. What is no key set leaves the snapshot as it was.
async fn fetch(
    clients: &Clients,
    connection: &Connection,
    source: KeySource<'_>,
    attempt: &str,
    now: Timestamp,
) -> Result<Arc<Jwks>, Failure> {
    let body = clients.egress.get(source.uri, FETCH).await.map_err(|error| match error {
        GetError::Egress(EgressError::Forbidden) => {
            Failure::noted(Fault::Oidc(RefusalCode::AddressForbidden), source.uri)
        }
        other => unavailable(source, &other.to_string()),
    })?;
    let text = String::from_utf8(body).map_err(|_| unavailable(source, "not UTF-8"))?;
    let keys = Jwks::parse(&text).map_err(|error| unavailable(source, &error.to_string()))?;
    clients.store.write_jwks(connection.id(), (source.sk, source.uri), attempt, &text, now).await?;
    Ok(clients.store.hold_jwks(connection.id(), source.sk, keys, now))
}
