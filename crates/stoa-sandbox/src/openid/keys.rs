//! The keys it signs with, and their key sets.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::jws::Signer;
use super::product::{Product, Realm};
use crate::rotation::{Ring, Rotation};

const PINGFEDERATE: [&str; 3] = [
    include_str!("keys/pingfederate-1.key.pem"),
    include_str!("keys/pingfederate-2.key.pem"),
    include_str!("keys/pingfederate-3.key.pem"),
];
const PINGFEDERATE_EC: &str = include_str!("keys/pingfederate-ec.key.pem");
const ENTRA: [&str; 3] =
    [include_str!("keys/entra-1.key.pem"), include_str!("keys/entra-2.key.pem"), include_str!("keys/entra-3.key.pem")];
const ENTRA_CERTIFICATES: [&str; 3] = [
    include_str!("keys/entra-1.cert.pem"),
    include_str!("keys/entra-2.cert.pem"),
    include_str!("keys/entra-3.cert.pem"),
];
const OKTA: [&str; 3] =
    [include_str!("keys/okta-1.key.pem"), include_str!("keys/okta-2.key.pem"), include_str!("keys/okta-3.key.pem")];
const GOOGLE: [&str; 3] = [
    include_str!("keys/google-1.key.pem"),
    include_str!("keys/google-2.key.pem"),
    include_str!("keys/google-3.key.pem"),
];
const ATTACKER: &str = include_str!("keys/attacker.key.pem");
const WEAK: &str = include_str!("keys/weak.jwk.json");

/// The simulator's own keys were not read.
#[derive(Debug, thiserror::Error)]
#[error("a key of the simulator was not read")]
pub struct KeysError;

/// A key and what its key set says of it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) kid: String,
    pub(super) signer: Signer,
    certificate: Option<String>,
}

#[derive(Debug)]
pub(super) struct Keys {
    pingfederate: Ring<Key>,
    entra: Ring<Key>,
    okta: Ring<Key>,
    google: Ring<Key>,
    pub(super) elliptic: Key,
    pub(super) attacker: Key,
    pub(super) weak: Key,
}

impl Keys {
    pub(super) fn load() -> Result<Self, KeysError> {
        let ring = |product, pems: [&str; 3], certificates: &[&str]| {
            let keys = pems.iter().enumerate().map(|(i, pem)| {
                let certificate = certificates.get(i).map(|pem| body(pem));
                Key::rsa(product, pem, certificate)
            });
            Ok::<_, KeysError>(Ring::new(keys.collect::<Result<_, _>>()?))
        };
        Ok(Self {
            pingfederate: ring(Product::PingFederate, PINGFEDERATE, &[])?,
            entra: ring(Product::Entra, ENTRA, &ENTRA_CERTIFICATES)?,
            okta: ring(Product::Okta, OKTA, &[])?,
            google: ring(Product::Google, GOOGLE, &[])?,
            elliptic: Key::elliptic(PINGFEDERATE_EC)?,
            attacker: Key::rsa(Product::Okta, ATTACKER, None)?,
            weak: Key::weak(WEAK)?,
        })
    }

    pub(super) fn ring(&self, product: Product) -> &Ring<Key> {
        match product {
            Product::PingFederate => &self.pingfederate,
            Product::Entra => &self.entra,
            Product::Okta => &self.okta,
            Product::Google => &self.google,
        }
    }

    /// The public keys of a key set, as its product writes them.
    pub(super) fn published(&self, realm: &Realm, rotation: Rotation) -> Vec<Value> {
        let product = realm.product;
        let mut shown = self.ring(product).published(rotation);
        if product == Product::PingFederate {
            shown.push(&self.elliptic);
        }
        shown.into_iter().map(|key| key.public(product)).collect()
    }
}

impl Key {
    fn rsa(product: Product, pem: &str, certificate: Option<String>) -> Result<Self, KeysError> {
        let pair = RsaKeyPair::from_pkcs8(&der(pem)?).map_err(|_| KeysError)?;
        let modulus = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
        Ok(Self { kid: kid(product, &modulus), signer: Signer::Rsa(pair), certificate })
    }

    fn elliptic(pem: &str) -> Result<Self, KeysError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der(pem)?).map_err(|_| KeysError)?;
        let kid = kid(Product::PingFederate, pair.public_key().as_ref());
        Ok(Self { kid, signer: Signer::P256(pair), certificate: None })
    }

    fn weak(jwk: &str) -> Result<Self, KeysError> {
        #[derive(Deserialize)]
        struct Private {
            n: String,
            d: String,
        }
        let private: Private = serde_json::from_str(jwk).map_err(|_| KeysError)?;
        let number = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| KeysError);
        let (modulus, exponent) = (number(&private.n)?, number(&private.d)?);
        Ok(Self { kid: kid(Product::Okta, &modulus), signer: Signer::Weak { modulus, exponent }, certificate: None })
    }

    /// Its public key (RFC 7517 §4), with the members that the product writes.
    pub(super) fn public(&self, product: Product) -> Value {
        let mut jwk = self.bare();
        jwk["use"] = json!("sig");
        jwk["kid"] = json!(self.kid);
        match product {
            // Entra names no `alg`: any of the RSA ones goes.
            Product::Entra => {
                jwk["x5t"] = json!(self.kid);
                jwk["x5c"] = self.certificate.iter().cloned().collect();
                // Of every tenant. Only the keys of personal accounts name theirs.
                jwk["issuer"] = json!("https://login.microsoftonline.com/{tenantid}/v2.0");
            }
            Product::PingFederate => {}
            Product::Okta | Product::Google => jwk["alg"] = json!("RS256"),
        }
        jwk
    }

    /// The public key alone.
    pub(super) fn bare(&self) -> Value {
        let (kty, n) = match &self.signer {
            Signer::Rsa(pair) => ("RSA", pair.public_key().modulus().big_endian_without_leading_zero().to_vec()),
            Signer::Weak { modulus, .. } => ("RSA", modulus.clone()),
            Signer::P256(pair) => {
                // The uncompressed point: 4, x, y.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                return json!({
                    "kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)
                });
            }
            Signer::Hmac(secret) => return json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret) }),
        };
        json!({ "kty": kty, "n": URL_SAFE_NO_PAD.encode(n), "e": "AQAB" })
    }

    /// Its public key as a PEM file, which is what a confused verifier takes for an HMAC secret.
    pub(super) fn public_pem(&self) -> Vec<u8> {
        let Signer::Rsa(pair) = &self.signer else { return Vec::new() };
        let der: Result<PublicKeyX509Der<'_>, _> = pair.public_key().as_der();
        let body = der.map(|der| STANDARD.encode(der.as_ref())).unwrap_or_default();
        let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n")).into_bytes()
    }
}

/// A name in the product's form.
fn kid(product: Product, public: &[u8]) -> String {
    let short = digest(&SHA1_FOR_LEGACY_USE_ONLY, public);
    match product {
        Product::PingFederate | Product::Entra => URL_SAFE_NO_PAD.encode(short),
        Product::Okta => URL_SAFE_NO_PAD.encode(digest(&SHA256, public)),
        Product::Google => short.as_ref().iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn der(pem: &str) -> Result<Vec<u8>, KeysError> {
    STANDARD.decode(body(pem)).map_err(|_| KeysError)
}
