//! `docs/security.md` part B, what a signature says: algorithms, references, transforms and keys (47–77).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stoa_saml::idp::{SignOptions, SignWhat, sign_enveloped};
use stoa_saml::{Certificate, CertificateError, RefusalCode as R, Trust, TrustError};

use crate::fixture::*;

fn between(xml: &str, from: &str, to: &str) -> (usize, usize) {
    let start = xml.find(from).unwrap();
    (start, start + xml[start..].find(to).unwrap() + to.len())
}

/// Changes the SignedInfo of a good message and signs it again, so that only the change can be what is refused.
fn resigned(from: &str, to: &str) -> String {
    let xml = good();
    let (start, end) = between(&xml, "<ds:SignedInfo", "</ds:SignedInfo>");
    let signed_info = &xml[start..end];
    assert!(signed_info.contains(from), "{signed_info}");
    crate::fixture::resigned(&[&xml[..start], &signed_info.replace(from, to), &xml[end..]].concat())
}

#[test]
fn resigned_is_sound() {
    accepted(resigned("<ds:Reference ", "<ds:Reference "));
}

#[test]
fn c047_two_signed_infos() {
    let xml = good();
    let (start, end) = between(&xml, "<ds:SignedInfo", "</ds:SignedInfo>");
    let again = xml[start..end].to_owned();
    for place in ["<ds:SignedInfo", "<ds:SignatureValue>", "</ds:Signature>"] {
        refused(xml.replacen(place, &format!("{again}{place}"), 1), R::SignatureMalformed);
    }
}

#[test]
fn c048_c049_not_one_reference() {
    let xml = good();
    let (start, end) = between(&xml, "<ds:Reference ", "</ds:Reference>");
    let reference = &xml[start..end];
    refused(resigned(reference, ""), R::ReferenceCount);
    refused(resigned(reference, &reference.repeat(2)), R::ReferenceCount);
    let forged = reference.replace("#R-1", "#A-1");
    refused(resigned(reference, &(forged.clone() + reference)), R::ReferenceCount);
    refused(resigned(reference, &(reference.to_owned() + &forged)), R::ReferenceCount);
    refused(resigned("</ds:Reference>", "<ds:DigestValue></ds:DigestValue></ds:Reference>"), R::SignatureMalformed);
    refused(resigned("<ds:Reference ", "<ds:Manifest/><ds:Reference "), R::ReferenceCount);
}

#[test]
fn c051_nothing_but_text_in_signature_values() {
    for tag in ["<ds:DigestValue>", "<ds:SignatureValue>"] {
        for inserted in ["<!---->", "<x/>", "<!-- A -->", "<ds:x>AAAA</ds:x>"] {
            refused(good().replace(tag, &format!("{tag}{inserted}")), R::SignatureMalformed);
        }
        refused(good().replace(tag, &format!("{tag}<?x?>")), R::ProcessingInstruction);
        refused(good().replace(tag, &format!("{tag}!")), R::SignatureMalformed);
    }
    // A comment that hides another digest: after canonicalization the signed text is the old one.
    let xml = good();
    let (start, end) = between(&xml, "<ds:DigestValue>", "</ds:DigestValue>");
    let digest = &xml[start + 16..end - 17];
    refused(xml.replace(digest, &format!("<!--AAAA-->{digest}")), R::SignatureMalformed);
}

#[test]
fn c052_c053_reference_uri() {
    for uri in [
        "",
        "#",
        "#A-1",
        "#r-1",
        "R-1",
        " #R-1",
        "#R-1 ",
        "#xpointer(/)",
        "#xpointer(id('R-1'))",
        "file:///etc/passwd",
        "http://127.0.0.1:1/x",
        "https://idp.example/#R-1",
    ] {
        refused(resigned("URI=\"#R-1\"", &format!("URI=\"{uri}\"")), R::ReferenceUri);
    }
    refused(resigned(" URI=\"#R-1\"", ""), R::ReferenceUri);
    refused(sign(&template().to_xml().replace("ID=\"R-1\"", "ID=\"xpointer(/)\""), "xpointer(/)"), R::IdInvalid);
}

const ENVELOPED: &str =
    "<ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>";
const EXCLUSIVE: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></ds:Transform>";

#[test]
fn c054_c055_c056_transforms() {
    for algorithm in [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2002/06/xmldsig-filter2",
        "http://www.w3.org/2000/09/xmldsig#base64",
        "http://www.w3.org/2002/07/decrypt#XML",
        "urn:unknown",
        "",
    ] {
        let transform = format!("<ds:Transform Algorithm=\"{algorithm}\"></ds:Transform>");
        refused(resigned(ENVELOPED, &transform), R::TransformRefused);
        refused(resigned(ENVELOPED, &format!("{transform}{ENVELOPED}")), R::TransformRefused);
        refused(resigned(EXCLUSIVE, &format!("{EXCLUSIVE}{transform}")), R::TransformRefused);
        refused(resigned(EXCLUSIVE, &transform), R::CanonicalizationRefused);
    }
    refused(resigned(ENVELOPED, ""), R::TransformRefused);
    refused(resigned(EXCLUSIVE, ""), R::TransformRefused);
    refused(resigned(EXCLUSIVE, ENVELOPED), R::CanonicalizationRefused);
    refused(resigned(ENVELOPED, &ENVELOPED.repeat(2)), R::TransformRefused);
    refused(resigned(ENVELOPED, &ENVELOPED.replace("></", "><ds:XPath>1</ds:XPath></")), R::TransformRefused);
    refused(resigned(&format!("<ds:Transforms>{ENVELOPED}{EXCLUSIVE}</ds:Transforms>"), ""), R::SignatureMalformed);
}

#[test]
fn c057_canonicalizations() {
    for algorithm in [
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2010/xml-c14n2",
        "http://www.w3.org/2001/10/xml-exc-c14n",
    ] {
        let method = |uri: &str| format!("<ds:CanonicalizationMethod Algorithm=\"{uri}\">");
        let ours = "http://www.w3.org/2001/10/xml-exc-c14n#";
        refused(resigned(&method(ours), &method(algorithm)), R::CanonicalizationRefused);
        refused(resigned(EXCLUSIVE, &EXCLUSIVE.replace(ours, algorithm)), R::CanonicalizationRefused);
    }
}

/// Without comments it is the other one's octets; with one, each place is refused for its own method only.
#[test]
fn c057_with_comments() {
    let with = |text: &str| text.replace("xml-exc-c14n#\"", "xml-exc-c14n#WithComments\"");
    let method = "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let of_the_message = resigned(EXCLUSIVE, &with(EXCLUSIVE));
    let of_signed_info = resigned(method, &with(method));
    accepted(&of_the_message);
    accepted(&of_signed_info);
    let commented = |xml: &str, before: &str| {
        assert!(xml.contains(before));
        xml.replacen(before, &format!("<!-- c -->{before}"), 1)
    };
    for inside in ["<samlp:Status>", "<saml:Assertion", "<saml:AttributeValue>", "</samlp:Response>", "<ds:Signature "]
    {
        refused(commented(&of_the_message, inside), R::CanonicalizationRefused);
        check(commented(&of_signed_info, inside)).unwrap();
    }
    for inside in ["<ds:SignatureMethod", "</ds:SignatureMethod", "<ds:DigestValue", "</ds:SignedInfo>"] {
        refused(commented(&of_signed_info, inside), R::CanonicalizationRefused);
        check(commented(&of_the_message, inside)).unwrap();
    }
    // Outside of what is signed, it is nobody's.
    for xml in [&of_the_message, &of_signed_info] {
        accepted(format!("<!-- c -->{xml}<!-- c -->"));
        accepted(commented(xml, "<ds:SignatureValue>"));
        accepted(commented(xml, "</ds:Signature>"));
    }
}

#[test]
fn c058_huge_prefix_list() {
    let key = signing_key("idp-current");
    let list = |count| (0..count).map(|n| format!("p{n} ")).collect::<String>();
    let signed = |prefix_list: &str| {
        sign_enveloped(&template().to_xml(), "R-1", &SignOptions { prefix_list, ..SignOptions::new(&key) }).unwrap()
    };
    accepted(signed(list(32).trim()));
    refused(signed(list(33).trim()), R::PrefixListRefused);
    refused(signed(list(20_000).trim()), R::PrefixListRefused);
    accepted(signed(&"p".repeat(512)));
    refused(signed(&"p".repeat(513)), R::PrefixListRefused);
    let two = signed("p").replace("</ds:Transform></ds:Transforms>", "<x/></ds:Transform></ds:Transforms>");
    refused(two, R::CanonicalizationRefused);
}

/// The namespace context of SignedInfo is part of what is signed.
#[test]
fn c059_signature_context() {
    let xml = good();
    refused(
        xml.replace("xmlns:ds=", "xmlns:dsx=").replace("<ds:", "<dsx:").replace("</ds:", "</dsx:"),
        R::SignatureMismatch,
    );
    accepted(xml.replacen("<samlp:Response ", "<samlp:Response xmlns:unused=\"urn:unused\" ", 1));
}

#[test]
fn c060_relative_namespace() {
    for uri in ["relative", "../x", "//host/x", "#x", " urn:x", "1:x", "urn:a b", "urn:é"] {
        let xml = template().to_xml().replace("<saml:Subject>", &format!("<saml:Subject xmlns:n=\"{uri}\">"));
        assert_eq!(check(&xml).unwrap_err().code, R::NamespaceInvalid, "{uri}");
    }
}

#[test]
fn c061_digest_of_nothing() {
    let xml = good();
    let (start, end) = between(&xml, "<ds:DigestValue>", "</ds:DigestValue>");
    let digest = &xml[start + 16..end - 17];
    refused(resigned(digest, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="), R::DigestMismatch);
    refused(resigned(digest, ""), R::DigestMismatch);
    refused(resigned(digest, &digest[..16]), R::DigestMismatch);
}

#[test]
fn c062_c063_c064_c066_algorithms() {
    let ours = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    for algorithm in [
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-ripemd160",
        "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
        "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        "http://www.w3.org/2001/04/xmldsig-more#RSA-SHA256",
        "HTTP://WWW.W3.ORG/2001/04/XMLDSIG-MORE#RSA-SHA256",
        "urn:unknown",
        "",
    ] {
        refused(resigned(ours, algorithm), R::SignatureAlgorithmRefused);
    }
    refused(resigned("</ds:DigestMethod>", "<ds:x></ds:x></ds:DigestMethod>"), R::DigestAlgorithmRefused);
    let truncated = "<ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>";
    refused(resigned("</ds:SignatureMethod>", truncated), R::SignatureAlgorithmRefused);
    for digest in
        ["http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmldsig-more#md5", "urn:unknown"]
    {
        refused(resigned("http://www.w3.org/2001/04/xmlenc#sha256", digest), R::DigestAlgorithmRefused);
    }
}

#[test]
fn c065_algorithm_of_another_key_type() {
    refused(resigned("#rsa-sha256", "#ecdsa-sha256"), R::KeyTypeMismatch);
    refused(resigned("#rsa-sha256", "#rsa-sha512"), R::SignatureMismatch);
    let verifier = Verifier::trusting(&["idp-p256"]);
    assert_eq!(verifier.verify(good()).unwrap_err().code, R::KeyTypeMismatch);
    let with_p384 = sign_with(&template().to_xml(), "R-1", "idp-p384");
    assert_eq!(verifier.verify(with_p384).unwrap_err().code, R::KeyTypeMismatch);
}

#[test]
fn c067_c068_key_info_of_the_attacker() {
    let (key, theirs, twin) = (signing_key("attacker"), certificate("attacker"), certificate("idp-current"));
    assert_eq!(theirs.subject(), twin.subject());
    for shown in [None, Some(&theirs), Some(&twin)] {
        let options = SignOptions { key_info: shown, ..SignOptions::new(&key) };
        refused(sign_enveloped(&template().to_xml(), "R-1", &options).unwrap(), R::SignatureMismatch);
    }
}

#[test]
fn c069_other_key_info() {
    for info in [
        "<ds:KeyName>attacker</ds:KeyName>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>",
        "<ds:RetrievalMethod URI=\"http://127.0.0.1:1/key\"/>",
        "<ds:X509Data><ds:X509Certificate>not base64</ds:X509Certificate></ds:X509Data>",
    ] {
        // Not `accepted`: xmlsec1 takes the key that KeyValue shows.
        check(good().replace("</ds:Signature>", &format!("<ds:KeyInfo>{info}</ds:KeyInfo></ds:Signature>"))).unwrap();
        let twice = format!("<ds:KeyInfo>{info}</ds:KeyInfo>").repeat(2);
        refused(good().replace("</ds:Signature>", &format!("{twice}</ds:Signature>")), R::SignatureMalformed);
    }
}

#[test]
fn c072_removed_key() {
    let retired = Verifier::trusting(&["idp-next"]);
    assert_eq!(retired.verify(good()).unwrap_err().code, R::SignatureMismatch);
}

#[test]
fn c073_c074_number_of_keys() {
    let keys = |count| vec![certificate("idp-current"); count];
    assert_eq!(Trust::new(IDP, Vec::new()).unwrap_err(), TrustError::NoKeys);
    assert_eq!(Trust::new("", keys(1)).unwrap_err(), TrustError::EntityIdEmpty);
    assert_eq!(Trust::new(IDP, keys(21)).unwrap_err(), TrustError::TooManyKeys);
    let wrong = Verifier::trusting(&["attacker"; 20]);
    assert_eq!(wrong.verify(good()).unwrap_err().code, R::SignatureMismatch);
}

/// Padding is the library's business; that it is asked is ours.
#[test]
fn c076_malformed_signatures() {
    let xml = good();
    let (start, end) = between(&xml, "<ds:SignatureValue>", "</ds:SignatureValue>");
    for value in [vec![], vec![0; 256], vec![0xff; 256], vec![1; 255], vec![1; 257], vec![1; 100_000]] {
        let value = format!("<ds:SignatureValue>{}</ds:SignatureValue>", STANDARD.encode(value));
        refused([&xml[..start], &value, &xml[end..]].concat(), R::SignatureMismatch);
    }
    assert_eq!(Certificate::from_pem(&pem("weak")).unwrap_err(), CertificateError::KeyWeak);
}

#[test]
fn c077_malformed_ecdsa_signatures() {
    let xml = sign_with(&template().to_xml(), "R-1", "idp-p256");
    let verifier = Verifier::trusting(&["idp-p256"]);
    verifier.verify(&xml).unwrap();
    let (start, end) = between(&xml, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let (r, s) = ([1_u8; 32], [0_u8; 32]);
    let der = [&[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01][..]].concat();
    for value in [[r, s].concat(), [s, r].concat(), [s, s].concat(), vec![1; 63], vec![1; 65], vec![], der] {
        let value = format!("<ds:SignatureValue>{}</ds:SignatureValue>", STANDARD.encode(value));
        let refusal = verifier.verify([&xml[..start], &value, &xml[end..]].concat()).unwrap_err();
        assert_eq!(refusal.code, R::SignatureMismatch);
    }
}

/// c083: whatever the exact code, the public one is shared.
#[test]
fn c083_one_family_for_all_signature_failures() {
    use stoa_saml::Family;
    for code in R::ALL {
        let name = code.as_str();
        let about_trust =
            ["signature", "digest", "decrypt", "encryption", "key_t", "key_m", "transform", "cbc", "reference"];
        if about_trust.iter().any(|word| name.contains(word)) {
            assert_eq!(code.family(), Family::Untrusted, "{name}");
        }
    }
    assert_eq!(check(issue(&template(), SignWhat::Nothing)).unwrap_err().code.family(), Family::Untrusted);
}
