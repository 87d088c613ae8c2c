//! `private_key_jwt`: we prove that we are the client by a token of our own (RFC 7523 §2.2, OIDC core §9).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

use crate::connection::Oidc;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::keys::Key;

/// `client_assertion_type`
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long one may be used. The provider remembers its id as long.
const SECONDS: i64 = 60;

enum ClientKey {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

/// Makes and signs the assertion. The secret is a PKCS #8 PEM key; its id in the key set is the `kid` that the
/// provider knows.
pub(super) fn client_assertion(oidc: &Oidc, secret: &Key, id: &str, now: Timestamp) -> Result<String, Failure> {
    let broken = || Failure::with(Fault::SecretBroken, "a PKCS #8 PEM key, RSA or P-256", &secret.id);
    let key = read(secret.expose()).ok_or_else(broken)?;
    let algorithm = match key {
        ClientKey::Rsa(_) => "RS256",
        ClientKey::Ecdsa(_) => "ES256",
    };
    let header = json!({ "alg": algorithm, "kid": secret.id, "typ": "JWT" });
    let client_id = &oidc.document().client_id;
    let claims = json!({
        "iss": client_id,
        "sub": client_id,
        "aud": oidc.provider().token_endpoint,
        "jti": id,
        "iat": now.as_second(),
        "exp": now.as_second() + SECONDS,
    });
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = sign(&key, signed.as_bytes()).ok_or_else(broken)?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn read(pem: &str) -> Option<ClientKey> {
    let body = pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
    let der = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    match RsaKeyPair::from_pkcs8(&der) {
        Ok(key) => Some(ClientKey::Rsa(key)),
        Err(_) => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).ok().map(ClientKey::Ecdsa),
    }
}

fn sign(key: &ClientKey, message: &[u8]) -> Option<Vec<u8>> {
    match key {
        ClientKey::Rsa(key) => {
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
            Some(signature)
        }
        ClientKey::Ecdsa(key) => Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
    }
}
