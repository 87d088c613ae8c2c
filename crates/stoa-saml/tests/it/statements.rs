//! What a refused message says: only what a trusted key signed, and nothing that was encrypted.

use stoa_saml::idp::{DataEncryption, Encrypt, KeyTransport, Placement, SignWhat};
use stoa_saml::unverified_statements;

use crate::fixture::*;

/// The attribute `mail` of a message that is not accepted, where it is said.
fn said(verifier: &Verifier, xml: &str) -> Option<String> {
    assert!(verifier.verify(xml).is_err(), "accepted");
    let said = unverified_statements(&verifier.input(xml.as_bytes()))?;
    said.attributes.iter().find(|attribute| attribute.name == "mail")?.values.first().cloned()
}

fn expired() -> Verifier {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.now = "2026-11-21T12:00:00Z".parse().unwrap();
    verifier.decryption_keys = vec![decryption_key("sp")];
    verifier
}

#[test]
fn what_was_signed_is_said_whoever_it_is_for_and_whenever() {
    for sign in [SignWhat::Response, SignWhat::Assertion, SignWhat::Both] {
        assert_eq!(said(&expired(), &issue(&template(), sign)).as_deref(), Some(PERSON), "{sign:?}");
        let mut other = Verifier::trusting(&["idp-current"]);
        other.sp_entity_id = "https://other.example";
        assert_eq!(said(&other, &issue(&template(), sign)).as_deref(), Some(PERSON), "{sign:?}");
    }
    let named = unverified_statements(&expired().input(good().as_bytes())).unwrap();
    assert_eq!(named.name_id.map(|name_id| name_id.value).as_deref(), Some(PERSON));
}

#[test]
fn what_nobody_trusted_has_signed_is_not_said() {
    assert_eq!(said(&expired(), &issue(&template(), SignWhat::Nothing)), None);
    assert_eq!(said(&expired(), &sign_with(&template().to_xml(), "R-1", "attacker")), None);
    assert_eq!(said(&expired(), &sign_with(&template().to_xml(), "A-1", "attacker")), None);
    // Changed after it was signed, and signed twice, once by a stranger.
    assert_eq!(said(&expired(), &good().replacen(PERSON, "a.other@acme.example", 1)), None);
    assert_eq!(said(&expired(), &sign_with(&issue(&template(), SignWhat::Assertion), "R-1", "attacker")), None);
    assert_eq!(said(&expired(), &sign(&sign_with(&template().to_xml(), "A-1", "attacker"), "R-1")), None);
    assert_eq!(said(&expired(), "<not"), None);
    assert_eq!(said(&expired(), "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>"), None);
}

/// Whoever has caught a message that was encrypted to us must not have it read out.
#[test]
fn what_was_encrypted_is_not_said() {
    let certificate = certificate("sp");
    for sign in [SignWhat::Response, SignWhat::Assertion, SignWhat::Both] {
        let xml = issue_with(&template(), |issue| {
            issue.sign = sign;
            issue.encrypt = Some(Encrypt {
                certificate: &certificate,
                data: DataEncryption::Aes256Gcm,
                transport: KeyTransport::OaepSha256,
                placement: Placement::Inside,
            });
        });
        assert_eq!(said(&expired(), &xml), None, "{sign:?}");
    }
}
