//! Public keys, parsed once.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode as _, Reader as _, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::algorithm::SignatureAlgorithm;

pub(crate) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// Why a certificate cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The text between the markers, or the metadata element, is not base64.
    #[error("the certificate is not base64")]
    Base64,
    /// Not one X.509 certificate.
    #[error("not an X.509 certificate")]
    Malformed,
    /// A key other than RSA, ECDSA P-256 or ECDSA P-384.
    #[error("the certificate's key is neither RSA, ECDSA P-256 nor ECDSA P-384")]
    KeyUnsupported,
    /// RSA of fewer than 2048 bits, of more than 8192, or with a degenerate exponent.
    #[error("the certificate's RSA key is weaker than 2048 bits, or degenerate")]
    KeyWeak,
}

/// A public key that is strong enough, ready to verify with.
#[derive(Clone)]
pub struct VerificationKey(Kind);

#[derive(Clone)]
enum Kind {
    /// The library binds a parsed key to its hash, so there is one per hash that was used.
    Rsa(Box<RsaKeys>),
    EcdsaP256(ParsedPublicKey),
    EcdsaP384(ParsedPublicKey),
}

#[derive(Clone)]
struct RsaKeys {
    spki: Box<[u8]>,
    sha256: ParsedPublicKey,
    sha384: OnceLock<Option<ParsedPublicKey>>,
    sha512: OnceLock<Option<ParsedPublicKey>>,
}

impl VerificationKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, CertificateError> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| CertificateError::Malformed)?;
        let kind = match info.algorithm.oid {
            RSA_ENCRYPTION => Kind::Rsa(Box::new(rsa(&info, spki)?)),
            EC_PUBLIC_KEY => match info.algorithm.parameters_oid() {
                Ok(P256) => Kind::EcdsaP256(parse(&ECDSA_P256_SHA256_FIXED, spki)?),
                Ok(P384) => Kind::EcdsaP384(parse(&ECDSA_P384_SHA384_FIXED, spki)?),
                Ok(_) | Err(_) => return Err(CertificateError::KeyUnsupported),
            },
            _ => return Err(CertificateError::KeyUnsupported),
        };
        Ok(Self(kind))
    }

    /// The key as `algorithm` uses it; `None` where the two do not fit.
    pub(crate) fn for_algorithm(&self, algorithm: SignatureAlgorithm) -> Option<&ParsedPublicKey> {
        use SignatureAlgorithm::{EcdsaSha256, EcdsaSha384, RsaSha256, RsaSha384, RsaSha512};
        match (&self.0, algorithm) {
            (Kind::Rsa(keys), RsaSha256) => Some(&keys.sha256),
            (Kind::Rsa(keys), RsaSha384) => {
                keys.sha384.get_or_init(|| keys.parsed(&RSA_PKCS1_2048_8192_SHA384)).as_ref()
            }
            (Kind::Rsa(keys), RsaSha512) => {
                keys.sha512.get_or_init(|| keys.parsed(&RSA_PKCS1_2048_8192_SHA512)).as_ref()
            }
            (Kind::EcdsaP256(key), EcdsaSha256) | (Kind::EcdsaP384(key), EcdsaSha384) => Some(key),
            (Kind::Rsa(_), EcdsaSha256 | EcdsaSha384)
            | (Kind::EcdsaP256(_), RsaSha256 | RsaSha384 | RsaSha512 | EcdsaSha384)
            | (Kind::EcdsaP384(_), RsaSha256 | RsaSha384 | RsaSha512 | EcdsaSha256) => None,
        }
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Rsa(_) => "VerificationKey(RSA)",
            Kind::EcdsaP256(_) => "VerificationKey(P-256)",
            Kind::EcdsaP384(_) => "VerificationKey(P-384)",
        })
    }
}

fn rsa(info: &SubjectPublicKeyInfoRef<'_>, spki: &[u8]) -> Result<RsaKeys, CertificateError> {
    let bits = info.subject_public_key.as_bytes().ok_or(CertificateError::Malformed)?;
    let (modulus, exponent) = rsa_numbers(bits).map_err(|_| CertificateError::Malformed)?;
    if !(2048..=8192).contains(&bit_length(&modulus)) || !odd_and_at_least_three(&exponent) {
        return Err(CertificateError::KeyWeak);
    }
    Ok(RsaKeys {
        spki: spki.into(),
        sha256: parse(&RSA_PKCS1_2048_8192_SHA256, spki)?,
        sha384: OnceLock::new(),
        sha512: OnceLock::new(),
    })
}

impl RsaKeys {
    /// The same key for another hash: what could be parsed once can be parsed again.
    fn parsed(&self, algorithm: &'static dyn VerificationAlgorithm) -> Option<ParsedPublicKey> {
        parse(algorithm, &self.spki).ok()
    }
}

/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017 A.1.1)
fn rsa_numbers(der: &[u8]) -> x509_cert::der::Result<(Vec<u8>, Vec<u8>)> {
    let mut reader = SliceReader::new(der)?;
    let numbers = reader.sequence(|sequence| {
        let modulus = UintRef::decode(sequence)?;
        let exponent = UintRef::decode(sequence)?;
        x509_cert::der::Result::Ok((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()))
    })?;
    reader.finish()?;
    Ok(numbers)
}

fn bit_length(big_endian: &[u8]) -> usize {
    big_endian.first().map_or(0, |first| big_endian.len() * 8 - first.leading_zeros() as usize)
}

fn odd_and_at_least_three(big_endian: &[u8]) -> bool {
    big_endian.last().is_some_and(|last| last % 2 == 1) && big_endian != [1]
}

fn parse(algorithm: &'static dyn VerificationAlgorithm, spki: &[u8]) -> Result<ParsedPublicKey, CertificateError> {
    ParsedPublicKey::new(algorithm, spki).map_err(|_| CertificateError::KeyWeak)
}
