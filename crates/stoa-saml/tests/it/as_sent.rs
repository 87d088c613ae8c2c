//! Messages and metadata as products send them (`testdata/as-sent`): what is lawful is taken, or refused for what it is.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use stoa_saml::metadata::{IdpMetadata, LeftOut, parse};
use stoa_saml::{
    Certificate, Expected, Refusal, RefusalCode as R, Trust, VerifiedResponse, decode_post_binding, verify,
};

use crate::fixture::*;
use crate::oracle;

const IDP: &str = "https://idp.example.com/saml";

fn file(name: &str) -> Vec<u8> {
    fs::read(format!("{}/testdata/as-sent/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn moment() -> Timestamp {
    "2026-01-01T12:00:30Z".parse().unwrap()
}

fn metadata(name: &str) -> IdpMetadata {
    parse(&file(name), None, moment()).unwrap()
}

/// Held against what the README of the files says, with the keys of `trust`.
fn verify_by(trust: &IdpMetadata, xml: &[u8]) -> Result<VerifiedResponse, Refusal> {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.trust = Trust::new(&*trust.entity_id, trust.signing.clone()).unwrap();
    verifier.sp_entity_id = "https://sso.example.com/saml/acme";
    verifier.acs_url = "https://sso.example.com/saml/acme/acs";
    verifier.expected = Expected::Request { id: "_req1" };
    verifier.decryption_keys = vec![decryption_key("sp")];
    verifier.now = moment();
    verify(&verifier.input(xml))
}

fn verified(name: &str) -> Result<VerifiedResponse, Refusal> {
    verify_by(&metadata("control-metadata.xml"), &file(name))
}

#[track_caller]
fn taken(name: &str) -> VerifiedResponse {
    oracle::accepts(&file(name), "idp-current");
    verified(name).unwrap_or_else(|refusal| panic!("{name}: {refusal}"))
}

#[track_caller]
fn turned_away(name: &str, code: R) -> Refusal {
    let refusal = verified(name).expect_err("accepted");
    assert_eq!(refusal.code, code, "{name}: {refusal}");
    refusal
}

#[test]
fn the_controls_are_sound() {
    assert_eq!(metadata("control-metadata.xml").entity_id, IDP);
    let said = taken("control.xml");
    assert!(!said.name_id().unwrap().value.is_empty());
    assert!(!said.attributes().is_empty());
}

#[test]
fn an_attribute_with_a_name_id_inside_is_passed_over() {
    let said = taken("name-id-in-an-attribute.xml");
    let (odd, others): (Vec<_>, Vec<_>) = said.attributes().iter().partition(|attribute| attribute.not_text > 0);
    assert_eq!(odd.len(), 1);
    assert!(odd[0].values.is_empty(), "{odd:?}");
    assert!(others.iter().all(|attribute| !attribute.values.is_empty()), "{others:?}");
}

#[test]
fn a_subject_without_a_name_id_is_whatever_the_settings_say() {
    assert_eq!(taken("no-name-id.xml").name_id().unwrap_err().code, R::NameIdMissing);
}

#[test]
fn c14n_with_comments_is_the_same_where_there_are_none() {
    taken("c14n-with-comments.xml");
}

#[test]
fn hints_beside_the_encrypted_key_are_passed_over() {
    assert!(verified("x509data-beside-encrypted-key.xml").unwrap().was_encrypted());
}

/// The library has no OAEP with two hashes; what came is named.
#[test]
fn oaep_with_two_hashes_is_refused_by_name() {
    let got = turned_away("oaep-sha256-mgf1sha1.xml", R::KeyTransportRefused).got.unwrap();
    for part in ["#rsa-oaep-mgf1p", "#sha256", "#mgf1sha1"] {
        assert!(got.contains(part), "{got}");
    }
}

#[test]
fn c119_cbc_under_the_assertions_own_signature_stays_shut() {
    turned_away("cbc-assertion-signed.xml", R::CbcUnsigned);
}

#[test]
fn base64_may_be_wrapped_by_blanks_and_indented() {
    let whole = file("control.xml");
    for name in ["base64-wrapped-by-blanks.txt", "base64-wrapped-and-indented.txt"] {
        let value = String::from_utf8(file(name)).unwrap();
        let decoded = decode_post_binding(&value).unwrap();
        assert_eq!(decoded.trim_ascii_end(), whole.trim_ascii_end(), "{name}");
        verify_by(&metadata("control-metadata.xml"), &decoded).unwrap();
    }
}

#[test]
fn a_certificate_without_end_is_a_certificate() {
    let read = metadata("certificate-without-end.xml");
    assert!(read.left_out.is_empty(), "{:?}", read.left_out);
    assert_eq!(read.signing[0].not_after().to_string(), "9999-12-30T22:00:00Z");
    // It carries the key of `idp-current`.
    verify_by(&read, &file("control.xml")).unwrap();
}

/// Dates are not judged, so none can make a certificate unreadable (RFC 5280 §4.1.2.5).
#[test]
fn no_date_makes_a_certificate_unreadable() {
    let der = certificate("idp-current").der().to_vec();
    let at = der.windows(2).position(|tag| tag == [0x17, 13]).unwrap() + 2;
    let beginning = |text: &[u8; 13]| {
        let mut der = der.clone();
        der[at..at + 13].copy_from_slice(text);
        Certificate::from_der(&der).map(|certificate| certificate.not_before().to_string())
    };
    assert_eq!(beginning(b"500101000000Z").unwrap(), "1950-01-01T00:00:00Z");
    assert_eq!(beginning(b"691231235959Z").unwrap(), "1969-12-31T23:59:59Z");
    assert_eq!(beginning(b"491231235959Z").unwrap(), "2049-12-31T23:59:59Z");
    for no_time in [b"991332250000Z", b"2601010000+01", b"             "] {
        assert_eq!(beginning(no_time).unwrap(), "0000-01-01T00:00:00Z");
    }
    // What is not even a time is no certificate.
    let mut other = der.clone();
    other[at - 2] = 0x04;
    assert!(Certificate::from_der(&other).is_err());
}

/// XML Signature 1.1 §4.5.4: the others are its chain. Whoever issues certificates would otherwise sign logins.
#[test]
fn c075_the_issuer_of_a_certificate_is_no_signing_key() {
    let read = metadata("chain-in-x509data.xml");
    assert_eq!(read.signing, [certificate("idp-current")]);
    let [LeftOut::Chain(name)] = &read.left_out[..] else { panic!("{:?}", read.left_out) };
    assert!(name.contains(&certificate("attacker").fingerprint()[..16]), "{name}");
    verify_by(&read, &file("control.xml")).unwrap();
    let xml = file("signed-by-the-issuer-of-the-chain.xml");
    oracle::accepts(&xml, "attacker");
    assert_eq!(verify_by(&read, &xml).unwrap_err().code, R::SignatureMismatch);
}

/// How the field of the form arrives, when it is not what it should be.
#[test]
fn c014_what_is_no_base64_is_named() {
    let xml = good();
    let once = STANDARD.encode(&xml);
    let lost = once.replacen('+', " ", 1);
    assert_ne!(lost, once);
    let doubled = STANDARD.encode(&once);
    for (value, got) in [
        (xml.as_str(), Some("XML")),
        (&doubled, Some("base64 in base64")),
        (&once.replace('+', "%2B"), Some("percent-encoding")),
        (&once.replace('+', "-"), Some("the URL-safe alphabet")),
        (&lost, Some("a length that is no multiple of four")),
        (&format!("{once}===="), None),
    ] {
        let refusal = decode_post_binding(value).unwrap_err();
        assert_eq!((refusal.code, refusal.got.as_deref()), (R::Base64Invalid, got), "{value:.80}");
    }
}
