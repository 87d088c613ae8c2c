//! `docs/security.md` part D: what stays shut, and what is not believed once it is open (117–126).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stoa_saml::RefusalCode as R;
use stoa_saml::idp::{DataEncryption, Encrypt, KeyTransport, Placement, encrypted_assertion};

use crate::fixture::*;

const VALUE: &str = "<xenc:CipherValue>";
const OAEP: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";

#[track_caller]
fn refused_by(keys: &[&str], xml: impl AsRef<[u8]>, code: R) {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.decryption_keys = keys.iter().map(|key| decryption_key(key)).collect();
    let refusal = verifier.verify(xml).expect_err("accepted");
    assert_eq!(refusal.code, code, "{refusal}");
}

/// Held against a service provider that can decrypt.
#[track_caller]
fn refused(xml: impl AsRef<[u8]>, code: R) {
    refused_by(&["sp"], xml, code);
}

#[track_caller]
fn opened(xml: impl AsRef<[u8]>) {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.decryption_keys = vec![decryption_key("sp")];
    verifier.verify(xml).unwrap();
}

fn seal(plaintext: &str, data: DataEncryption, placement: Placement) -> String {
    let certificate = certificate("sp");
    let encrypt = Encrypt { certificate: &certificate, data, transport: KeyTransport::OaepMgf1pSha1, placement };
    encrypted_assertion(plaintext, &encrypt, &mut random()).unwrap()
}

fn sealed(plaintext: &str) -> String {
    seal(plaintext, DataEncryption::Aes256Gcm, Placement::Inside)
}

/// The Assertion of the template, unsigned.
fn assertion() -> String {
    let xml = template().to_xml();
    xml[xml.find("<saml:Assertion").unwrap()..xml.find("</samlp:Response>").unwrap()].to_owned()
}

/// An unsigned Response around `content`.
fn around(content: &str) -> String {
    template().to_xml().replace(&assertion(), content)
}

/// A good message before its Response is signed, if it will be.
fn encrypted(data: DataEncryption, placement: Placement) -> String {
    around(&seal(&sign(&assertion(), "A-1"), data, placement))
}

fn good_encrypted() -> String {
    encrypted(DataEncryption::Aes256Gcm, Placement::Inside)
}

/// Refused alone, and refused when the identity provider has signed it.
#[track_caller]
fn refused_even_signed(xml: &str, code: R) {
    refused(xml, code);
    refused(sign(xml, "R-1"), code);
}

/// Changes the octets of the CipherValue in place `which`: 0 is the wrapped key, 1 the content.
fn with_octets(xml: &str, which: usize, change: impl Fn(&mut Vec<u8>)) -> String {
    let start = xml.match_indices(VALUE).nth(which).unwrap().0 + VALUE.len();
    let end = start + xml[start..].find('<').unwrap();
    let mut octets = STANDARD.decode(&xml[start..end]).unwrap();
    change(&mut octets);
    [&xml[..start], &STANDARD.encode(octets), &xml[end..]].concat()
}

#[test]
fn the_unchanged_opens() {
    opened(good_encrypted());
    opened(sign(&around(&sealed(&assertion())), "R-1"));
    opened(with_octets(&good_encrypted(), 1, |_| {}));
}

/// That only the service provider can read it says nothing about who wrote it.
#[test]
fn c117_encryption_is_no_signature() {
    refused(around(&sealed(&assertion())), R::SignatureMissing);
    refused(around(&sealed(&sign_with(&assertion(), "A-1", "attacker"))), R::SignatureMismatch);
    let changed = sign(&assertion(), "A-1").replace(PERSON, "admin@acme.example");
    refused(around(&sealed(&changed)), R::DigestMismatch);
    refused(sign(&around(&sealed(&changed)), "R-1"), R::DigestMismatch);
    // The content of a signed Response, exchanged.
    let signed = sign(&around(&sealed(&assertion())), "R-1");
    let forged = sealed(&assertion().replace(PERSON, "admin@acme.example"));
    let (start, end) = (signed.find("<saml:EncryptedAssertion").unwrap(), signed.find("</samlp:Response>").unwrap());
    refused([&signed[..start], &forged, &signed[end..]].concat(), R::DigestMismatch);
}

/// Wrapping, inside the envelope.
#[test]
fn c117_wrapped_in_the_plaintext() {
    let signed = sign(&assertion(), "A-1");
    let evil = assertion().replace("A-1", "A-2").replace(PERSON, "admin@acme.example");
    let inside = |place: &str, what: &str| evil.replacen(place, &format!("{what}{place}"), 1);
    let advice = format!("<saml:Advice>{signed}</saml:Advice>");
    refused_even_signed(&around(&sealed(&inside("<saml:AuthnStatement", &advice))), R::AssertionMisplaced);
    refused_even_signed(&around(&sealed(&inside("<saml:Subject>", &signed))), R::AssertionMisplaced);
    let start = signed.find("<ds:Signature ").unwrap();
    let end = signed.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let signature = &signed[start..end];
    refused_even_signed(&around(&sealed(&inside("<saml:Subject>", signature))), R::ReferenceUri);
    refused_even_signed(
        &around(&sealed(&inside("<saml:NameID", signature).replace("A-2", "A-1"))),
        R::SignatureMisplaced,
    );
    refused_even_signed(&around(&sealed(&signed.replace(signature, &signature.repeat(2)))), R::SignatureRepeated);
    // A signature beside the ciphertext covers nothing.
    let beside =
        sealed(&assertion()).replace("</saml:EncryptedAssertion>", &format!("{signature}</saml:EncryptedAssertion>"));
    refused_even_signed(&around(&beside), R::SignatureMisplaced);
}

#[test]
fn c118_plain_beside_encrypted() {
    let plain = sign(&assertion(), "A-1");
    let evil = sealed(&assertion().replace("A-1", "A-2"));
    refused_even_signed(&around(&format!("{plain}{evil}")), R::AssertionRepeated);
    refused_even_signed(&around(&format!("{evil}{plain}")), R::AssertionRepeated);
    refused_even_signed(&around(&format!("{evil}{evil}")), R::AssertionRepeated);
}

/// Whatever the ciphertext, one answer, given before any of it is decrypted.
#[test]
fn c119_cbc_tells_nothing_unsigned() {
    for data in [DataEncryption::Aes128Cbc, DataEncryption::Aes192Cbc, DataEncryption::Aes256Cbc] {
        let xml = encrypted(data, Placement::Inside);
        opened(sign(&xml, "R-1"));
        refused(&xml, R::CbcUnsigned);
        refused_by(&[], &xml, R::CbcUnsigned);
        for at in 0..48 {
            refused(with_octets(&xml, 1, |octets| *octets.iter_mut().rev().nth(at).unwrap() ^= 1), R::CbcUnsigned);
        }
        refused(with_octets(&xml, 0, |octets| octets[0] ^= 1), R::CbcUnsigned);
        // The signature is the attacker's: it comes first, and nothing is decrypted.
        refused(sign_with(&xml, "R-1", "attacker"), R::SignatureMismatch);
        refused(with_octets(&sign(&xml, "R-1"), 1, |octets| octets[20] ^= 1), R::DigestMismatch);
        // Even the identity provider hears of one failure only.
        let broken = with_octets(&xml, 1, |octets| octets.truncate(octets.len() - 16));
        let cut = with_octets(&xml, 1, |octets| octets.truncate(octets.len() - 1));
        let empty = with_octets(&xml, 1, Vec::clear);
        let short = with_octets(&xml, 1, |octets| octets.truncate(16));
        for xml in [broken, cut, empty, short] {
            refused(sign(&xml, "R-1"), R::DecryptionFailed);
        }
    }
}

#[test]
fn c120_key_transport() {
    let xml = good_encrypted();
    for algorithm in [
        "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        "http://www.w3.org/2001/04/xmlenc#kw-aes256",
        "http://www.w3.org/2001/04/xmlenc#dh",
        "http://www.w3.org/2009/xmlenc11#ECDH-ES",
        "http://www.w3.org/2001/04/xmlenc#RSA-OAEP-MGF1P",
        "urn:unknown",
        "",
    ] {
        refused_even_signed(&xml.replace(OAEP, algorithm), R::KeyTransportRefused);
    }
    let parameters = "<ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" \
                      Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/>";
    assert!(xml.contains(parameters));
    let mask = "<e:MGF xmlns:e=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/>";
    for changed in [
        parameters.replace("2000/09/xmldsig#sha1", "2001/04/xmlenc#sha256"),
        parameters.replace("2000/09/xmldsig#sha1", "2001/04/xmldsig-more#md5"),
        parameters.replace("Algorithm", "algorithm"),
        format!("{parameters}{mask}"),
        format!("<xenc:OAEPparams>AAAA</xenc:OAEPparams>{parameters}"),
        format!("{parameters}<xenc:OAEPparams/>"),
        format!("{parameters}<x/>"),
    ] {
        refused_even_signed(&xml.replace(parameters, &changed), R::KeyTransportRefused);
    }
    refused_even_signed(&xml.replace(parameters, "text"), R::EncryptionMalformed);
    opened(xml.replace(parameters, "<xenc:KeySize>2048</xenc:KeySize>"));
    // `rsa-oaep-mgf1p` has its mask in its name. `rsa-oaep` masks with SHA-1 unless told, and that does not go with SHA-256.
    let same = mask.replace("mgf1sha256", "mgf1sha1");
    refused_even_signed(&xml.replace(parameters, &format!("{parameters}{same}")), R::KeyTransportRefused);
    let sha256 = parameters.replace("2000/09/xmldsig#sha1", "2001/04/xmlenc#sha256");
    for parameters_of_oaep in [sha256.clone(), format!("{sha256}{same}"), format!("{parameters}{mask}")] {
        let changed =
            xml.replace(OAEP, "http://www.w3.org/2009/xmlenc11#rsa-oaep").replace(parameters, &parameters_of_oaep);
        refused_even_signed(&changed, R::KeyTransportRefused);
    }
}

#[test]
fn c120_content_algorithms() {
    let xml = good_encrypted();
    for algorithm in [
        "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        "http://www.w3.org/2009/xmlenc11#AES256-GCM",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm ",
        "urn:unknown",
        "",
    ] {
        refused_even_signed(&xml.replace(GCM, algorithm), R::EncryptionAlgorithmRefused);
    }
    // A key of another length than the algorithm's, and the mode taken for another.
    refused_even_signed(&xml.replace("aes256-gcm", "aes128-gcm"), R::DecryptionFailed);
    refused(sign(&xml.replace(GCM, "http://www.w3.org/2001/04/xmlenc#aes128-cbc"), "R-1"), R::DecryptionFailed);
}

/// A nonce of zeros is the sender's folly and opens; every changed, cut or added octet does not.
#[test]
fn c121_changed_and_cut_ciphertext() {
    let xml = good_encrypted();
    for length in [0, 1, 11, 12, 13, 27, 28, 100] {
        refused_even_signed(&with_octets(&xml, 1, |octets| octets.truncate(length)), R::DecryptionFailed);
    }
    refused(with_octets(&xml, 1, |octets| octets.truncate(octets.len() - 4)), R::DecryptionFailed);
    refused(with_octets(&xml, 1, |octets| octets.push(0)), R::DecryptionFailed);
    for at in [0, 11, 12, 500] {
        refused(with_octets(&xml, 1, |octets| octets[at] ^= 1), R::DecryptionFailed);
    }
    refused(with_octets(&xml, 1, |octets| *octets.last_mut().unwrap() ^= 1), R::DecryptionFailed);
    for change in [Vec::clear, |octets: &mut Vec<u8>| octets.truncate(255), |octets: &mut Vec<u8>| octets.push(0)] {
        refused_even_signed(&with_octets(&xml, 0, change), R::DecryptionFailed);
    }
    refused(with_octets(&xml, 0, |octets| octets.fill(0)), R::DecryptionFailed);
    refused(with_octets(&xml, 0, |octets| octets.fill(0xff)), R::DecryptionFailed);
    for junk in ["!", "<!-- -->", "<x/>", "&#0;"] {
        let code = if junk == "&#0;" { R::XmlMalformed } else { R::EncryptionMalformed };
        refused(xml.replace(VALUE, &format!("{VALUE}{junk}")), code);
    }
}

#[test]
fn c122_nothing_is_fetched() {
    let xml = good_encrypted();
    let start = xml.rfind(VALUE).unwrap();
    let end = start + xml[start..].find("</xenc:CipherValue>").unwrap() + "</xenc:CipherValue>".len();
    for reference in [
        "<xenc:CipherReference URI=\"http://127.0.0.1:1/x\"/>",
        "<xenc:CipherReference URI=\"file:///etc/passwd\"/>",
        "<xenc:CipherReference URI=\"#A-1\"/>",
        "",
    ] {
        refused_even_signed(&[&xml[..start], reference, &xml[end..]].concat(), R::EncryptionMalformed);
    }
    refused(
        xml.replace("</xenc:CipherData></xenc:EncryptedData>", "<x/></xenc:CipherData></xenc:EncryptedData>"),
        R::EncryptionMalformed,
    );
    let beside = encrypted(DataEncryption::Aes256Gcm, Placement::Sibling);
    opened(&beside);
    for uri in ["http://127.0.0.1:1/key", "file:///etc/passwd", "#other", "_ek", "", "#"] {
        refused_even_signed(&beside.replace("URI=\"#_ek\"", &format!("URI=\"{uri}\"")), R::EncryptionMalformed);
    }
    let transformed = "URI=\"#_ek\"><ds:Transforms/></ds:RetrievalMethod>";
    refused_even_signed(&beside.replace("URI=\"#_ek\"/>", transformed), R::EncryptionMalformed);
}

#[test]
fn c123_encrypted_inside_encrypted() {
    let inner = sealed(&sign(&assertion(), "A-1"));
    refused_even_signed(&around(&sealed(&inner)), R::PlaintextNotAnAssertion);
    let advice = format!("<saml:Advice>{inner}</saml:Advice><saml:AuthnStatement");
    let holder = sign(&assertion().replacen("<saml:AuthnStatement", &advice, 1), "A-1");
    refused_even_signed(&around(&sealed(&holder)), R::AssertionMisplaced);
}

fn envelope(content: &str) -> String {
    let namespace = "urn:oasis:names:tc:SAML:2.0:assertion";
    format!("<saml:EncryptedAssertion xmlns:saml=\"{namespace}\">{content}</saml:EncryptedAssertion>")
}

/// The plaintext is a document of its own, held to the same bounds.
#[test]
fn c123_what_else_a_plaintext_may_be() {
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let signed = sign(&assertion(), "A-1");
    for plaintext in [
        String::new(),
        "text".to_owned(),
        format!("{signed}{signed}"),
        format!("{signed}junk"),
        format!("<!DOCTYPE a>{signed}"),
        format!("<?pi?>{signed}"),
        good(),
        template().to_xml(),
        "<Assertion/>".to_owned(),
        signed.replace("SAML:2.0:assertion", "SAML:1.0:assertion"),
        deep,
    ] {
        // One code for whatever the plaintext is instead: an exact one would say something about it.
        refused_even_signed(&around(&sealed(&plaintext)), R::PlaintextNotAnAssertion);
    }
    // What the content of a text would close, were it spliced in.
    refused_even_signed(&around(&sealed("</saml:EncryptedAssertion>")), R::PlaintextNotAnAssertion);
    refused_even_signed(&around(&envelope("")), R::EncryptionMalformed);
    refused_even_signed(&around(&envelope("x")), R::EncryptionMalformed);
}

#[test]
fn c124_encrypted_name_identifier_or_attribute() {
    let data = "<xenc:EncryptedData xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/>";
    let id = format!("<saml:EncryptedID>{data}</saml:EncryptedID>");
    let mut without = template();
    without.assertions[0].name_id = None;
    let with_id = without.to_xml().replacen("<saml:Subject>", &format!("<saml:Subject>{id}"), 1);
    let refusal = accepted(sign(&with_id, "R-1")).name_id().unwrap_err().clone();
    assert_eq!(refusal.code, R::EncryptedIdUnsupported);
    let with_both = template().to_xml().replacen("<saml:Subject>", &format!("<saml:Subject>{id}"), 1);
    refused(sign(&with_both, "R-1"), R::ElementRepeated);
    let attribute = format!("<saml:EncryptedAttribute>{data}</saml:EncryptedAttribute><saml:Attribute ");
    let with_attribute = template().to_xml().replacen("<saml:Attribute ", &attribute, 1);
    refused(sign(&with_attribute, "R-1"), R::EncryptedAttributeUnsupported);
}

/// One key is tried for each of ours, however many are sent.
#[test]
fn c125_a_thousand_encrypted_keys() {
    let cut = |xml: &str| {
        let end = "</xenc:EncryptedKey>";
        xml[xml.find("<xenc:EncryptedKey").unwrap()..xml.find(end).unwrap() + end.len()].to_owned()
    };
    for placement in [Placement::Inside, Placement::Sibling] {
        let xml = encrypted(DataEncryption::Aes256Gcm, placement);
        let key = cut(&xml);
        for count in [2, 1000] {
            // Short ones, since a thousand whole ones are too large already.
            let short = with_octets(&key, 0, |octets| octets.truncate(8));
            let more: String = (1..count).map(|n| short.replace("_ek", &format!("_ek{n}"))).collect();
            refused_even_signed(&xml.replace(&key, &format!("{key}{more}")), R::EncryptionMalformed);
            refused_even_signed(&xml.replace(&key, &format!("{more}{key}")), R::EncryptionMalformed);
        }
        refused_even_signed(&xml.replace(&key, ""), R::EncryptionMalformed);
    }
    let inside = good_encrypted();
    let both = inside.replace(
        "</saml:EncryptedAssertion>",
        &format!("{}</saml:EncryptedAssertion>", cut(&inside).replace("_ek", "_e2")),
    );
    refused_even_signed(&both, R::EncryptionMalformed);
    let data = &inside[inside.find("<xenc:EncryptedData").unwrap()..inside.find("</saml:EncryptedAssertion>").unwrap()];
    refused_even_signed(
        &inside.replace(data, &format!("{data}{}", data.replace("_ek", "_e2"))),
        R::EncryptionMalformed,
    );
}

#[test]
fn c126_removed_decryption_key() {
    refused_by(&["sp-next"], good_encrypted(), R::DecryptionFailed);
    refused_by(&[], good_encrypted(), R::DecryptionKeyMissing);
    refused_by(&[], sign(&good_encrypted(), "R-1"), R::DecryptionKeyMissing);
    // A public key is all that an attacker has.
    refused_by(&["sp-next", "sp"], around(&sealed(&assertion())), R::SignatureMissing);
}

/// What is said inside is held against the same expectations.
#[test]
fn encrypted_and_for_somebody_else() {
    for (from, to, code) in [
        (SP, "https://other.example", R::AudienceMismatch),
        (IDP, "https://other.example", R::IssuerMismatch),
        ("2026-11-20T12:05:00.000Z", "2026-11-20T11:00:00.000Z", R::Expired),
        (REQUEST, "_other", R::InResponseToMismatch),
        (&format!("Recipient=\"{ACS}"), "Recipient=\"https://other.example", R::RecipientMismatch),
        ("\"2.0\"", "\"1.1\"", R::VersionUnsupported),
    ] {
        let changed = assertion().replace(from, to);
        refused(around(&sealed(&sign(&changed, "A-1"))), code);
        refused(sign(&around(&sealed(&changed)), "R-1"), code);
    }
}
