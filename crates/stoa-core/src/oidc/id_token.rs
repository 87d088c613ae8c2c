//! What an ID token must say (OIDC core §3.1.3.7): the rules after its signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::claims::attributes;
use super::{Claims, RefusalCode, Tokens};
use crate::arrived::Arrived;
use crate::connection::{Connection, Oidc, Prompt, TENANT_PLACEHOLDER};
use crate::failure::Failure;
use crate::fault::Fault;
use crate::quote::quote;

/// The longest `sub` (OIDC core §2).
const MAX_SUB: usize = 255;

/// What the token is held against. Every field counts; none means "skip".
pub struct Expected<'a> {
    /// Issuer, client, tenants, and what was asked for.
    pub connection: &'a Connection,
    /// The nonce of the login.
    pub nonce: &'a str,
    /// The code that it was exchanged for.
    pub code: &'a str,
    /// What came with it.
    pub tokens: &'a Tokens,
    /// When the login began, in epoch seconds.
    pub began: i64,
    /// The instant at which the token must be valid.
    pub now: Timestamp,
}

/// The claims about a person, proven by an ID token that answers this login. Only [`prove`] makes one.
pub struct ProvenIdentity {
    pub(super) claims: Map<String, Value>,
    issuer: String,
}

impl ProvenIdentity {
    /// Who said it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The failure of what follows the proof, with what the ID token said.
    pub fn failed(&self, failure: Failure, connection: &Connection) -> Failure {
        failure.of(Arrived::of_claims(&attributes(&self.claims), connection))
    }
}

/// Checks every rule. What is refused here had a good signature, so the failure says what came.
pub fn prove(claims: Claims, expected: &Expected<'_>) -> Result<ProvenIdentity, Failure> {
    match check(&claims, expected) {
        Ok(issuer) => Ok(ProvenIdentity { claims: claims.map, issuer }),
        Err(failure) => Err(failure.of(Arrived::of_claims(&claims.attributes(), expected.connection))),
    }
}

/// The issuer, where every rule holds.
fn check(claims: &Claims, expected: &Expected<'_>) -> Result<String, Failure> {
    let oidc = expected.connection.oidc()?;
    let issuer = check_issuer(claims, oidc)?;
    check_hosted_domain(claims, oidc.hosted_domains())?;
    check_audience(claims, &oidc.document().client_id)?;
    check_times(claims, oidc, expected.now)?;
    check_subject(claims)?;
    check_nonce(claims, expected.nonce)?;
    check_hash(claims, "at_hash", &expected.tokens.access_token, RefusalCode::AccessTokenHashWrong)?;
    check_hash(claims, "c_hash", expected.code, RefusalCode::CodeHashWrong)?;
    check_authentication(claims, oidc, expected)?;
    check_acr(claims, &oidc.document().acr_values)?;
    Ok(issuer)
}

fn refuse(code: RefusalCode, wanted: impl Into<String>, got: &str) -> Failure {
    Failure::with(Fault::Oidc(code), wanted, got)
}

/// Byte for byte. An issuer with a placeholder is that of the token's own tenant, which must be an allowed one.
fn check_issuer(claims: &Claims, oidc: &Oidc) -> Result<String, Failure> {
    let settings = oidc.document();
    let tenant = claims.text("tid").unwrap_or_default();
    let wanted = settings.issuer.replace(TENANT_PLACEHOLDER, tenant);
    let issuer = claims.text("iss").unwrap_or_default();
    if issuer != wanted {
        return Err(refuse(RefusalCode::IssuerWrong, quote(&wanted), issuer));
    }
    if !settings.tenants.is_empty() && !settings.tenants.iter().any(|allowed| allowed == tenant) {
        return Err(refuse(RefusalCode::TenantForeign, settings.tenants.join(", "), tenant));
    }
    Ok(wanted)
}

/// Anybody can have a private Google account under a company's address, once they could read its mail, and keep it when
/// they leave. Google's `hd` says whose Workspace an account is in; a private one has none.
fn check_hosted_domain(claims: &Claims, wanted: &[String]) -> Result<(), Failure> {
    let hosted = claims.text("hd");
    if wanted.is_empty() || wanted.iter().any(|wanted| hosted == Some(wanted)) {
        return Ok(());
    }
    Err(refuse(RefusalCode::HostedDomainForeign, wanted.join(", "), hosted.unwrap_or("none")))
}

/// Ours is among the audiences. Where there are others, `azp` must say that it was issued to us.
fn check_audience(claims: &Claims, client_id: &str) -> Result<(), Failure> {
    let audiences = claims.audiences()?;
    if !audiences.contains(&client_id) {
        return Err(refuse(RefusalCode::AudienceWrong, client_id, &audiences.join(", ")));
    }
    let others = audiences.iter().any(|audience| *audience != client_id);
    match claims.map.get("azp") {
        None if !others => Ok(()),
        None => Err(refuse(RefusalCode::AuthorizedPartyWrong, client_id, "no azp for several audiences")),
        Some(party) if party == client_id => Ok(()),
        Some(party) => Err(refuse(RefusalCode::AuthorizedPartyWrong, client_id, &party.to_string())),
    }
}

fn check_times(claims: &Claims, oidc: &Oidc, now: Timestamp) -> Result<(), Failure> {
    let (now, skew) = (now.as_second(), i64::from(oidc.document().skew_seconds));
    let at = |code, name: &str, second: i64| {
        refuse(code, format!("now {}, give or take {skew} s", in_utc(now)), &format!("{name} {}", in_utc(second)))
    };
    let expires = claims.required_instant("exp")?;
    if expires + skew <= now {
        return Err(at(RefusalCode::TokenExpired, "exp", expires));
    }
    let issued = claims.required_instant("iat")?;
    if issued - skew > now {
        return Err(at(RefusalCode::TokenFromFuture, "iat", issued));
    }
    match claims.instant("nbf")? {
        Some(begins) if begins - skew > now => Err(at(RefusalCode::TokenNotYetValid, "nbf", begins)),
        _ => Ok(()),
    }
}

/// For people to read: a claim may hold any number.
pub(crate) fn in_utc(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| second.to_string(), |at| at.to_string())
}

fn check_subject(claims: &Claims) -> Result<(), Failure> {
    match claims.text("sub") {
        Some(sub) if (1..=MAX_SUB).contains(&sub.len()) => Ok(()),
        _ => Err(Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), "sub")),
    }
}

fn check_nonce(claims: &Claims, wanted: &str) -> Result<(), Failure> {
    match claims.text("nonce") {
        None => Err(RefusalCode::NonceMissing.into()),
        Some(nonce) if nonce == wanted => Ok(()),
        Some(_) => Err(RefusalCode::NonceWrong.into()),
    }
}

/// The left half of the value's hash, where the token has it (OIDC core §3.1.3.6, §3.3.2.11).
fn check_hash(claims: &Claims, name: &str, value: &str, code: RefusalCode) -> Result<(), Failure> {
    let Some(hash) = claims.map.get(name) else { return Ok(()) };
    let whole = claims.algorithm.hash(value.as_bytes());
    if *hash == URL_SAFE_NO_PAD.encode(&whole[..whole.len() / 2]) { Ok(()) } else { Err(code.into()) }
}

/// Where a fresh authentication was asked for, the token must say that there was one.
fn check_authentication(claims: &Claims, oidc: &Oidc, expected: &Expected<'_>) -> Result<(), Failure> {
    let settings = oidc.document();
    let (now, skew) = (expected.now.as_second(), i64::from(settings.skew_seconds));
    let by_age = settings.max_age.map(|seconds| now - i64::from(seconds));
    let by_prompt = (settings.prompt == Some(Prompt::Login)).then_some(expected.began);
    let Some(since) = by_age.max(by_prompt) else { return Ok(()) };
    let at = claims.instant("auth_time")?.ok_or(RefusalCode::AuthTimeMissing)?;
    if at < since - skew {
        return Err(refuse(
            RefusalCode::AuthenticationTooOld,
            format!("since {}", in_utc(since)),
            &format!("auth_time {}", in_utc(at)),
        ));
    }
    if at - skew > now {
        return Err(refuse(
            RefusalCode::TokenFromFuture,
            format!("now {}", in_utc(now)),
            &format!("auth_time {}", in_utc(at)),
        ));
    }
    Ok(())
}

fn check_acr(claims: &Claims, wanted: &[String]) -> Result<(), Failure> {
    let acr = claims.text("acr");
    if wanted.is_empty() || wanted.iter().any(|wanted| acr == Some(wanted)) {
        return Ok(());
    }
    Err(refuse(RefusalCode::AcrWrong, wanted.join(", "), acr.unwrap_or("none")))
}
