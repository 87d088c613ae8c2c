//! Encrypted Assertions that must open.

use stoa_saml::idp::{DataEncryption, Encrypt, KeyTransport, Placement, SignWhat};

use crate::fixture::*;

fn encrypted(to: &str, data: DataEncryption, transport: KeyTransport, placement: Placement, sign: SignWhat) -> String {
    let certificate = certificate(to);
    issue_with(&template(), |issue| {
        issue.sign = sign;
        issue.encrypt = Some(Encrypt { certificate: &certificate, data, transport, placement });
    })
}

fn verifier(keys: &[&str]) -> Verifier {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.decryption_keys = keys.iter().map(|key| decryption_key(key)).collect();
    verifier
}

#[test]
fn every_gcm_variant() {
    use DataEncryption::{Aes128Gcm, Aes192Gcm, Aes256Gcm};
    use KeyTransport::{OaepMgf1pSha1, OaepSha1, OaepSha256};
    let verifier = verifier(&["sp"]);
    for data in [Aes128Gcm, Aes192Gcm, Aes256Gcm] {
        for transport in [OaepMgf1pSha1, OaepSha1, OaepSha256] {
            for placement in [Placement::Inside, Placement::Sibling] {
                for sign in [SignWhat::Response, SignWhat::Assertion, SignWhat::Both] {
                    let verified = verifier
                        .verify(encrypted("sp", data, transport, placement, sign))
                        .unwrap_or_else(|refusal| panic!("{data:?} {transport:?} {placement:?} {sign:?}: {refusal}"));
                    assert!(verified.was_encrypted());
                    assert_eq!(verified.name_id().unwrap().value, PERSON);
                }
            }
        }
    }
}

/// c119: CBC only where a Response signature covers the ciphertext.
#[test]
fn c119_cbc_under_a_response_signature() {
    use DataEncryption::{Aes128Cbc, Aes192Cbc, Aes256Cbc};
    for data in [Aes128Cbc, Aes192Cbc, Aes256Cbc] {
        for sign in [SignWhat::Response, SignWhat::Both] {
            verifier(&["sp"])
                .verify(encrypted("sp", data, KeyTransport::OaepMgf1pSha1, Placement::Inside, sign))
                .unwrap_or_else(|refusal| panic!("{data:?} {sign:?}: {refusal}"));
        }
    }
}

/// c126: inside the overlap both keys open.
#[test]
fn c126_two_keys_during_rollover() {
    for to in ["sp", "sp-next"] {
        let xml = encrypted(
            to,
            DataEncryption::Aes256Gcm,
            KeyTransport::OaepMgf1pSha1,
            Placement::Inside,
            SignWhat::Response,
        );
        verifier(&["sp-next", "sp"]).verify(xml).unwrap();
    }
}
