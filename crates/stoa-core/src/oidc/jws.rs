//! From a compact JWS to its claims (RFC 7515 §7.1): one form, the connection's algorithms, the provider's keys.
//!
//! The header decides nothing but which of the known keys is meant. `jwk`, `jku`, `x5u` and `x5c` are not read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey as _;
use serde_json::Value;

use super::claims::said;
use super::{Claims, Jwks, RefusalCode};
use crate::connection::SigningAlgorithm;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::quote::quote;

/// The longest token that is looked at.
const MAX_TOKEN: usize = 64 * 1024;

/// Verifies a token's signature and returns its claims, none of which is checked yet but that the key is the issuer's.
pub fn verify_jws(compact: &str, keys: &Jwks, algorithms: &[SigningAlgorithm]) -> Result<Claims, Failure> {
    let (signed, [header, payload, signature]) = split(compact)?;
    // A map, since serde would read a list as a header too.
    let header = said(serde_json::from_slice(&decode(header)?).map_err(|_| malformed("the header"))?);
    if header.contains_key("crit") {
        return Err(RefusalCode::TokenCritical.into());
    }
    // `cty` says that the payload is a token in its turn (RFC 7519 §5.2).
    if header.contains_key("cty") {
        return Err(malformed("a nested token"));
    }
    let algorithm = allowed(header.get("alg"), algorithms)?;
    let kid = match header.get("kid") {
        None => None,
        Some(kid) => Some(kid.as_str().ok_or_else(|| malformed("kid"))?),
    };
    let signature = decode(signature).map_err(|_| RefusalCode::SignatureWrong)?;
    let key = keys.key(kid, algorithm).ok_or_else(|| {
        let published = keys.key_ids().collect::<Vec<_>>().join(", ");
        Failure::with(Fault::Oidc(RefusalCode::KeyUnknown), quote(&published), kid.unwrap_or("no kid"))
    })?;
    key.verify_signature(&algorithm, signed.as_bytes(), &signature).map_err(|_| RefusalCode::SignatureWrong)?;
    let map = said(serde_json::from_slice(&decode(payload)?).map_err(|_| malformed("the payload"))?);
    let claims = Claims { map, algorithm };
    let issuer = claims.text("iss").unwrap_or_default();
    match key.tenant() {
        Some(tenant) if !issuer.split('/').any(|part| part == tenant) => {
            Err(Failure::with(Fault::Oidc(RefusalCode::IssuerWrong), format!("a key of tenant {tenant}"), issuer))
        }
        Some(_) | None => Ok(claims),
    }
}

fn malformed(what: &str) -> Failure {
    Failure::noted(Fault::Oidc(RefusalCode::TokenMalformed), what)
}

/// What is signed, and the three parts.
fn split(compact: &str) -> Result<(&str, [&str; 3]), Failure> {
    if compact.len() > MAX_TOKEN {
        return Err(malformed("longer than 64 KiB"));
    }
    let parts: Vec<&str> = compact.splitn(7, '.').collect();
    match parts[..] {
        [header, payload, signature] => {
            Ok((&compact[..header.len() + 1 + payload.len()], [header, payload, signature]))
        }
        // A JWE has five (RFC 7516 §7.1).
        [_, _, _, _, _] => Err(RefusalCode::TokenEncrypted.into()),
        // Some products write `none` so; by RFC 7515 §7.1 the third part would be there and empty.
        [_, _] => Err(malformed("two parts: it is not signed (none)")),
        _ => Err(malformed("not three parts")),
    }
}

fn decode(part: &str) -> Result<Vec<u8>, Failure> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("not base64url"))
}

/// `alg` is compared by case, as RFC 7515 §4.1.1 has it; `none` and HMACs are not among the values that exist.
fn allowed(alg: Option<&Value>, algorithms: &[SigningAlgorithm]) -> Result<SigningAlgorithm, Failure> {
    let algorithm = alg.and_then(|alg| serde_json::from_value(alg.clone()).ok());
    let algorithm = algorithm.filter(|algorithm| algorithms.contains(algorithm));
    algorithm.ok_or_else(|| {
        let wanted: Vec<_> = algorithms.iter().map(|algorithm| algorithm.as_str()).collect();
        let got = alg.and_then(Value::as_str).unwrap_or("no text");
        Failure::with(Fault::Oidc(RefusalCode::AlgorithmRefused), wanted.join(", "), got)
    })
}
