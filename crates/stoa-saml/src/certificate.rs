//! Certificates, taken as carriers of a public key.
//!
//! Trust comes from the connection's configuration, not from a chain: names, extensions and issuers are not judged,
//! and an expired certificate still verifies (`docs/decisions`). Weak keys are refused here, once, when the
//! certificate is read, so that no verifier has to ask.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use x509_cert::der::{Decode as _, Encode as _};

use crate::verification_key::VerificationKey;

/// A certificate is a few kilobytes; more is somebody's mistake or attack.
const MAX_DER: usize = 16 * 1024;

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

/// An X.509 certificate (RFC 5280) whose key is ready to verify with.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    fingerprint: String,
    subject: String,
    not_before: Timestamp,
    not_after: Timestamp,
    key: VerificationKey,
}

impl Certificate {
    /// Reads one DER certificate. Nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_DER {
            return Err(CertificateError::Malformed);
        }
        let parsed = x509_cert::Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        let tbs = parsed.tbs_certificate();
        let spki = tbs.subject_public_key_info().to_der().map_err(|_| CertificateError::Malformed)?;
        Ok(Self {
            fingerprint: hex(digest::digest(&digest::SHA256, der).as_ref()),
            subject: tbs.subject().to_string(),
            not_before: timestamp(&tbs.validity().not_before)?,
            not_after: timestamp(&tbs.validity().not_after)?,
            key: VerificationKey::from_spki(&spki)?,
            der: der.to_vec(),
        })
    }

    /// Reads the first certificate of a PEM text (RFC 7468).
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----").ok_or(CertificateError::Malformed)?;
        let (body, _) = rest.split_once("-----END CERTIFICATE-----").ok_or(CertificateError::Malformed)?;
        Self::from_base64(body)
    }

    /// Reads the text of an `X509Certificate` element: base64, with whatever line breaks.
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Self::from_der(&STANDARD.decode(compact).map_err(|_| CertificateError::Base64)?)
    }

    /// The encoded certificate.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SubjectPublicKeyInfo, encoded: what an Assertion is encrypted to.
    #[cfg(feature = "idp")]
    pub(crate) fn public_key_der(&self) -> Result<Vec<u8>, CertificateError> {
        let parsed = x509_cert::Certificate::from_der(&self.der).map_err(|_| CertificateError::Malformed)?;
        parsed.tbs_certificate().subject_public_key_info().to_der().map_err(|_| CertificateError::Malformed)
    }

    /// SHA-256 of the encoding, in lower-case hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The subject's distinguished name (RFC 4514).
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The start of its validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The end of its validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The key it carries.
    pub fn verification_key(&self) -> &VerificationKey {
        &self.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("fingerprint", &self.fingerprint).field("subject", &self.subject).finish()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

fn timestamp(time: &x509_cert::time::Time) -> Result<Timestamp, CertificateError> {
    let seconds = i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| CertificateError::Malformed)?;
    Timestamp::from_second(seconds).map_err(|_| CertificateError::Malformed)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}
