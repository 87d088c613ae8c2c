//! Private keys of this side: one kind signs, the other decrypts. Neither shows itself.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::algorithm::SignatureAlgorithm;

/// Why a private key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a PEM text with one `PRIVATE KEY` block (PKCS#8, unencrypted).
    #[error("not an unencrypted PKCS#8 key in PEM form")]
    Pem,
    /// Not a key this crate can use: RSA of 2048 to 8192 bits, ECDSA P-256 or P-384 (decryption: RSA only).
    #[error("not a usable private key: RSA of at least 2048 bits, or for signing ECDSA P-256 or P-384")]
    Unusable,
    /// The algorithm belongs to another kind of key.
    #[error("the signature algorithm does not fit the key")]
    AlgorithmMismatch,
    /// The library failed to sign.
    #[error("signing failed")]
    Signing,
}

/// A private key that signs requests (and, in simulators, Responses).
pub struct SigningKey(SigningKind);

enum SigningKind {
    Rsa(RsaKeyPair),
    EcdsaP256(EcdsaKeyPair),
    EcdsaP384(EcdsaKeyPair),
}

impl SigningKey {
    /// Reads an unencrypted PKCS#8 key (RFC 5958) in DER.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Ok(Self(SigningKind::Rsa(pair)));
        }
        if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
            return Ok(Self(SigningKind::EcdsaP256(pair)));
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der)
            .map(|pair| Self(SigningKind::EcdsaP384(pair)))
            .map_err(|_| KeyError::Unusable)
    }

    /// Reads an unencrypted PKCS#8 key in PEM form.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        Self::from_pkcs8_der(&der_of_pem(pem)?)
    }

    /// The algorithm this key signs with unless told otherwise.
    pub fn default_algorithm(&self) -> SignatureAlgorithm {
        match self.0 {
            SigningKind::Rsa(_) => SignatureAlgorithm::RsaSha256,
            SigningKind::EcdsaP256(_) => SignatureAlgorithm::EcdsaSha256,
            SigningKind::EcdsaP384(_) => SignatureAlgorithm::EcdsaSha384,
        }
    }

    /// The public half: RSAPublicKey in DER, or an uncompressed point.
    pub fn public_key(&self) -> &[u8] {
        match &self.0 {
            SigningKind::Rsa(pair) => pair.public_key().as_ref(),
            SigningKind::EcdsaP256(pair) | SigningKind::EcdsaP384(pair) => pair.public_key().as_ref(),
        }
    }

    pub(crate) fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        use SignatureAlgorithm::{EcdsaSha256, EcdsaSha384, RsaSha256, RsaSha384, RsaSha512};
        match (&self.0, algorithm) {
            (SigningKind::Rsa(pair), RsaSha256) => sign_rsa(pair, &RSA_PKCS1_SHA256, message),
            (SigningKind::Rsa(pair), RsaSha384) => sign_rsa(pair, &RSA_PKCS1_SHA384, message),
            (SigningKind::Rsa(pair), RsaSha512) => sign_rsa(pair, &RSA_PKCS1_SHA512, message),
            // The library takes the nonce from its own generator; the argument is there for compatibility with ring.
            (SigningKind::EcdsaP256(pair), EcdsaSha256) | (SigningKind::EcdsaP384(pair), EcdsaSha384) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Signing),
            (SigningKind::Rsa(_), EcdsaSha256 | EcdsaSha384)
            | (SigningKind::EcdsaP256(_), RsaSha256 | RsaSha384 | RsaSha512 | EcdsaSha384)
            | (SigningKind::EcdsaP384(_), RsaSha256 | RsaSha384 | RsaSha512 | EcdsaSha256) => {
                Err(KeyError::AlgorithmMismatch)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// An RSA private key that unwraps content keys (RSA-OAEP, XML Encryption 1.1 §5.5.2).
pub struct DecryptionKey(OaepPrivateDecryptingKey);

impl DecryptionKey {
    /// Reads an unencrypted PKCS#8 key (RFC 5958) in DER.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| KeyError::Unusable)?;
        OaepPrivateDecryptingKey::new(key).map(Self).map_err(|_| KeyError::Unusable)
    }

    /// Reads an unencrypted PKCS#8 key in PEM form.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        Self::from_pkcs8_der(&der_of_pem(pem)?)
    }

    pub(crate) fn oaep(&self) -> &OaepPrivateDecryptingKey {
        &self.0
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecryptionKey([redacted])")
    }
}

fn sign_rsa(pair: &RsaKeyPair, encoding: &'static RsaSignatureEncoding, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature).map_err(|_| KeyError::Signing)?;
    Ok(signature)
}

fn der_of_pem(pem: &str) -> Result<Vec<u8>, KeyError> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----").ok_or(KeyError::Pem)?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or(KeyError::Pem)?;
    let compact: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).map_err(|_| KeyError::Pem)
}
