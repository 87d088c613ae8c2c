//! Who may sign, with what, and which element.

use stoa_saml::idp::{SignOptions, SignWhat, sign_enveloped};
use stoa_saml::{DigestAlgorithm, SignatureAlgorithm, Signed};

use crate::fixture::*;

/// The Response is signed, without KeyInfo: the key is known beforehand.
#[test]
fn c030_c070_response_signed_without_key_info() {
    let xml = good();
    assert!(!xml.contains("KeyInfo"));
    let verified = accepted(xml);
    assert_eq!(verified.signed(), Signed::Response);
    assert_eq!(verified.name_id().unwrap().value, PERSON);
    assert_eq!(verified.issuer(), IDP);
    assert_eq!(verified.assertion_id(), "A-1");
    assert_eq!(verified.session_index(), Some("A-1"));
    assert_eq!(verified.authn_instant(), now());
    assert_eq!(verified.signed_by(), certificate("idp-current").fingerprint());
    assert_eq!(verified.attributes()[0].name, "mail");
    assert_eq!(verified.attributes()[0].values, [PERSON]);
    assert!(!verified.was_encrypted());
}

/// c031
#[test]
fn c031_assertion_signed() {
    assert_eq!(accepted(issue(&template(), SignWhat::Assertion)).signed(), Signed::Assertion);
}

#[test]
fn both_signed() {
    assert_eq!(accepted(issue(&template(), SignWhat::Both)).signed(), Signed::Both);
}

#[test]
fn every_algorithm_with_every_digest() {
    use SignatureAlgorithm::{EcdsaSha256, EcdsaSha384, RsaSha256, RsaSha384, RsaSha512};
    let verifier = Verifier::trusting(&["idp-p256", "idp-p384", "idp-current"]);
    for (name, algorithm) in [
        ("idp-current", RsaSha256),
        ("idp-current", RsaSha384),
        ("idp-current", RsaSha512),
        ("idp-p256", EcdsaSha256),
        ("idp-p384", EcdsaSha384),
    ] {
        for digest in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
            let key = signing_key(name);
            let options = SignOptions { algorithm: Some(algorithm), digest, ..SignOptions::new(&key) };
            let xml = sign_enveloped(&template().to_xml(), "R-1", &options).unwrap();
            let verified =
                verifier.verify(&xml).unwrap_or_else(|refusal| panic!("{algorithm:?} {digest:?}: {refusal}"));
            assert_eq!(verified.signed_by(), certificate(name).fingerprint());
        }
    }
}

/// c072: inside the overlap either key is good.
#[test]
fn c072_rollover_takes_both_keys() {
    let verifier = Verifier::trusting(&["idp-current", "idp-next"]);
    for name in ["idp-current", "idp-next"] {
        let verified = verifier.verify(sign_with(&template().to_xml(), "R-1", name)).unwrap();
        assert_eq!(verified.signed_by(), certificate(name).fingerprint());
    }
}

/// c073
#[test]
fn c073_the_right_key_may_be_the_last_of_twenty() {
    let mut keys = vec!["attacker"; 19];
    keys.push("idp-current");
    assert!(Verifier::trusting(&keys).verify(good()).is_ok());
}

/// c071: a certificate only carries a key. That it has ended is for on-call to see, not for the login.
#[test]
fn c071_expired_certificate_still_verifies() {
    assert!(Verifier::trusting(&["idp-expired"]).verify(good()).is_ok());
}

/// KeyInfo is neither used nor held against the sender.
#[test]
fn c067_c069_key_info_is_ignored() {
    let certificate = certificate("attacker");
    accepted(issue_with(&template(), |issue| issue.key_info = Some(&certificate)));
}

/// c058
#[test]
fn c058_prefix_lists() {
    let key = signing_key("idp-current");
    let xml = template().to_xml().replace("<samlp:Response ", "<samlp:Response xmlns:xs=\"urn:xs\" xmlns=\"urn:d\" ");
    for prefix_list in ["xs", "#default", "xs #default samlp saml", "absent", "xs xs"] {
        let options = SignOptions { prefix_list, ..SignOptions::new(&key) };
        accepted(sign_enveloped(&xml, "R-1", &options).unwrap());
        accepted(sign_enveloped(&xml, "A-1", &options).unwrap());
    }
}
