//! Compact JWS (RFC 7515), from whatever header and key a defect asks for; and one JWE.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use serde_json::{Value, json};

use super::client::Algorithm;

/// The prefix of a SHA-256 hash in a PKCS #1 v1.5 signature (RFC 8017 §9.2, note 1).
const SHA256_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// What makes a signature.
#[derive(Debug)]
pub(super) enum Signer {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    /// An RSA key that the crypto library refuses as too short.
    Weak {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    Hmac(Vec<u8>),
}

/// Header and payload, as they are signed.
pub(super) fn signing_input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header), encode(claims))
}

/// A compact JWS. `algorithm` chooses among those of an RSA key; the header says what it likes.
pub(super) fn compact(
    header: &Value,
    claims: &Value,
    signer: &Signer,
    algorithm: Algorithm,
) -> Result<String, Unspecified> {
    let input = signing_input(header, claims);
    let signature = sign(&input, signer, algorithm)?;
    Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn sign(input: &str, signer: &Signer, algorithm: Algorithm) -> Result<Vec<u8>, Unspecified> {
    match signer {
        Signer::Rsa(pair) => {
            let padding: &dyn RsaEncoding = match algorithm {
                Algorithm::Rs256 | Algorithm::Es256 => &RSA_PKCS1_SHA256,
                Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                Algorithm::Ps256 => &RSA_PSS_SHA256,
            };
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), input.as_bytes(), &mut signature)?;
            Ok(signature)
        }
        Signer::P256(pair) => Ok(pair.sign(&SystemRandom::new(), input.as_bytes())?.as_ref().to_vec()),
        Signer::Weak { modulus, exponent } => Ok(weak_signature(input, modulus, exponent)),
        Signer::Hmac(secret) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            Ok(hmac::sign(&key, input.as_bytes()).as_ref().to_vec())
        }
    }
}

/// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2.1) by plain arithmetic.
fn weak_signature(input: &str, modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, input.as_bytes());
    let padding = modulus.len() - 3 - SHA256_INFO.len() - hash.as_ref().len();
    let message = [&[0, 1], vec![0xff; padding].as_slice(), &[0], &SHA256_INFO, hash.as_ref()].concat();
    let number = BigUint::from_bytes_be(&message)
        .modpow(&BigUint::from_bytes_be(exponent), &BigUint::from_bytes_be(modulus))
        .to_bytes_be();
    [vec![0; modulus.len() - number.len()], number].concat()
}

/// The left half of a value's hash, as `at_hash` and `c_hash` have it (OIDC core §3.1.3.6).
pub(super) fn half_hash(algorithm: Algorithm, value: &str) -> String {
    let hash = match algorithm {
        Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Es256 => digest(&SHA256, value.as_bytes()),
        Algorithm::Rs512 => digest(&SHA512, value.as_bytes()),
    };
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// A compact JWE (RFC 7516): `dir`, A256GCM, under the hash of the client secret.
pub(super) fn encrypted(claims: &Value, secret: &str) -> Result<String, Unspecified> {
    let header = encode(&json!({ "alg": "dir", "enc": "A256GCM" }));
    let mut iv = [0; 12];
    crate::web::fill(&mut iv);
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, digest(&SHA256, secret.as_bytes()).as_ref())?);
    let mut text = claims.to_string().into_bytes();
    let aad = Aad::from(header.as_bytes());
    let tag = key.seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), aad, &mut text)?;
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    Ok(format!("{header}..{}.{}.{}", part(&iv), part(&text), part(tag.as_ref())))
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
