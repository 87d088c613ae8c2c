//! Certificates, taken as carriers of a public key.
//!
//! Trust comes from the connection's configuration, not from a chain: names, dates, extensions and issuers are not
//! judged, and an expired certificate still verifies (`docs/decisions`). Weak keys are refused here, once, when the
//! certificate is read, so that no verifier has to ask.

use std::fmt;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::{self, Decode as _, Reader, SliceReader, Tag, Tagged as _};
use x509_cert::name::Name;
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::timestamp::number;
use crate::verification_key::{CertificateError, VerificationKey};

/// A certificate is a few kilobytes; more is somebody's mistake or attack.
const MAX_DER: usize = 16 * 1024;
/// The ends of the calendar, as far as a date is shown: 0000-01-01 and 9999-12-30T22:00:00Z.
const FIRST: Timestamp = Timestamp::constant(-62_167_219_200, 0);
const LAST: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// An X.509 certificate (RFC 5280), or a SubjectPublicKeyInfo that came without one, whose key is ready to verify with.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    fingerprint: String,
    /// A bare key has none.
    subject: Option<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    key: VerificationKey,
}

impl Certificate {
    /// Reads one certificate, or one SubjectPublicKeyInfo, in DER. Nothing may follow it.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_DER {
            return Err(CertificateError::Malformed);
        }
        let parts = Parts::read(der).map_err(|_| CertificateError::Malformed)?;
        Ok(Self {
            fingerprint: hex(digest::digest(&digest::SHA256, der).as_ref()),
            subject: parts.subject,
            not_before: parts.not_before,
            not_after: parts.not_after,
            key: VerificationKey::from_spki(parts.spki)?,
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
    pub(crate) fn public_key_der(&self) -> Result<&[u8], CertificateError> {
        Parts::read(&self.der).map(|parts| parts.spki).map_err(|_| CertificateError::Malformed)
    }

    /// SHA-256 of the encoding, in lower-case hexadecimal.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The subject's distinguished name (RFC 4514).
    pub fn subject(&self) -> &str {
        self.subject.as_deref().unwrap_or("a key without a certificate")
    }

    /// Whether the key came without a certificate, and so without name and dates.
    pub fn is_bare_key(&self) -> bool {
        self.subject.is_none()
    }

    /// The start of its validity, for people to read. What cannot be shown is the first day of the calendar.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The end of its validity, for people to read. What cannot be shown is the last day of the calendar: RFC 5280
    /// §4.1.2.5 writes "no end" as 99991231235959Z.
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
        f.debug_struct("Certificate").field("fingerprint", &self.fingerprint).field("subject", &self.subject()).finish()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// What is taken out of an encoding. The rest of a certificate is gone over and not looked into: whole readers refuse
/// serial numbers, dates and extensions that do no harm here.
struct Parts<'a> {
    subject: Option<String>,
    not_before: Timestamp,
    not_after: Timestamp,
    spki: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> der::Result<Self> {
        if SubjectPublicKeyInfoRef::from_der(der).is_ok() {
            return Ok(Self { subject: None, not_before: FIRST, not_after: LAST, spki: der });
        }
        let mut reader = SliceReader::new(der)?;
        let parts = reader.sequence(|certificate| {
            let parts = certificate.sequence(Self::read_signed)?;
            let _algorithm: AnyRef<'_> = certificate.decode()?;
            let _signature: BitStringRef<'_> = certificate.decode()?;
            der::Result::Ok(parts)
        })?;
        reader.finish()?;
        Ok(parts)
    }

    /// TBSCertificate (RFC 5280 §4.1).
    fn read_signed<R: Reader<'a>>(signed: &mut R) -> der::Result<Self> {
        if Tag::peek(signed)?.is_context_specific() {
            let _version = signed.tlv_bytes()?;
        }
        let (_serial, _algorithm, _issuer) = (signed.tlv_bytes()?, signed.tlv_bytes()?, signed.tlv_bytes()?);
        let (not_before, not_after) =
            signed.sequence(|validity| der::Result::Ok((time(validity)?, time(validity)?)))?;
        let subject = Name::from_der(signed.tlv_bytes()?)?;
        let spki = signed.tlv_bytes()?;
        while !signed.is_finished() {
            let _extensions = signed.tlv_bytes()?;
        }
        Ok(Self {
            subject: Some(subject.to_string()),
            not_before: not_before.unwrap_or(FIRST),
            not_after: not_after.unwrap_or(LAST),
            spki,
        })
    }
}

/// A UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5); `None` where what it says is no time.
fn time<'a, R: Reader<'a>>(reader: &mut R) -> der::Result<Option<Timestamp>> {
    let time: AnyRef<'_> = reader.decode()?;
    let text = time.value();
    if time.tag() == Tag::GeneralizedTime {
        return Ok(text.split_at_checked(4).and_then(|(year, rest)| utc(number(year)?, rest)));
    }
    time.tag().assert_eq(Tag::UtcTime)?;
    Ok(text.split_at_checked(2).and_then(|(year, rest)| {
        let year = number(year)?;
        utc(if year < 50 { 2000 + year } else { 1900 + year }, rest)
    }))
}

fn utc(year: i16, month_to_zone: &[u8]) -> Option<Timestamp> {
    let digits: &[u8; 10] = month_to_zone.strip_suffix(b"Z")?.try_into().ok()?;
    let field = |at: usize| number(&digits[at..at + 2]).and_then(|value| i8::try_from(value).ok());
    let time = DateTime::new(year, field(0)?, field(2)?, field(4)?, field(6)?, field(8)?, 0).ok()?;
    Some(Offset::UTC.to_timestamp(time).unwrap_or(LAST))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).map(char::from).collect()
}
