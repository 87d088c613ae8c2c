//! Keys that metadata shows without a certificate (XML Signature 1.1 §4.5.2, §4.5.9).
//!
//! The SAML V2.0 Metadata Interoperability Profile §2.5 has them read like certificates: both only carry a key.

use roxmltree::Node;
use x509_cert::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use x509_cert::der::{self, Encode as _, Tag};
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::base64_text::decode_element;
use crate::certificate::Certificate;
use crate::verification_key::{CertificateError, EC_PUBLIC_KEY, RSA_ENCRYPTION};
use crate::xml::{self, is, ns};

/// Reads a child of `KeyInfo`; `None` where it is no key.
pub(crate) fn read(child: Node<'_, '_>) -> Option<Result<Certificate, CertificateError>> {
    if is(child, ns::DSIG11, "DEREncodedKeyValue") {
        return Some(octets(child).and_then(|spki| Certificate::from_der(&spki)));
    }
    if !is(child, ns::DSIG, "KeyValue") {
        return None;
    }
    let key = child.children().find(Node::is_element)?;
    let spki = if is(key, ns::DSIG, "RSAKeyValue") {
        rsa(key)
    } else if is(key, ns::DSIG11, "ECKeyValue") {
        ec(key)
    } else {
        Err(CertificateError::KeyUnsupported)
    };
    Some(spki.and_then(|spki| Certificate::from_der(&spki)))
}

/// RSAPublicKey in a SubjectPublicKeyInfo (RFC 3279 §2.3.1).
fn rsa(key: Node<'_, '_>) -> Result<Vec<u8>, CertificateError> {
    let number = |name| {
        let part = key.children().find(|&part| is(part, ns::DSIG, name)).ok_or(CertificateError::Malformed)?;
        octets(part)
    };
    let (modulus, exponent) = (number("Modulus")?, number("Exponent")?);
    let encoded = || {
        let numbers = [UintRef::new(&modulus)?.to_der()?, UintRef::new(&exponent)?.to_der()?].concat();
        let key = AnyRef::new(Tag::Sequence, &numbers)?.to_der()?;
        spki(RSA_ENCRYPTION, AnyRef::NULL, &key)
    };
    encoded().map_err(|_| CertificateError::Malformed)
}

/// A point of a named curve (RFC 5480 §2.1.1).
fn ec(key: Node<'_, '_>) -> Result<Vec<u8>, CertificateError> {
    let part = |name| key.children().find(|&part| is(part, ns::DSIG11, name)).ok_or(CertificateError::KeyUnsupported);
    let curve = part("NamedCurve")?.attribute("URI").and_then(|uri| uri.strip_prefix("urn:oid:"));
    let curve = curve.and_then(|oid| ObjectIdentifier::new(oid).ok()).ok_or(CertificateError::KeyUnsupported)?;
    let point = octets(part("PublicKey")?)?;
    let encoded = || {
        let curve = curve.to_der()?;
        let curve = <AnyRef<'_> as der::Decode<'_>>::from_der(&curve)?;
        spki(EC_PUBLIC_KEY, curve, &point)
    };
    encoded().map_err(|_| CertificateError::Malformed)
}

fn spki(oid: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifierRef { oid, parameters: Some(parameters) };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key: BitStringRef::from_bytes(key)? }.to_der()
}

fn octets(element: Node<'_, '_>) -> Result<Vec<u8>, CertificateError> {
    xml::text(element).ok().and_then(decode_element).ok_or(CertificateError::Base64)
}
