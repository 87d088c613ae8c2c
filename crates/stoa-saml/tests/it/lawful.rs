//! Generated messages: whatever may be written otherwise, and whatever nobody reads, changes no answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use roxmltree::Document;
use stoa_saml::idp::{
    DataEncryption, Encrypt, KeyTransport, Placement, SignOptions, encrypted_assertion, sign_enveloped,
};
use stoa_saml::{RefusalCode as R, VerifiedResponse, decode_post_binding, unverified_in_response_to};

use crate::fixture::*;
use crate::oracle;
use crate::spelling::{Dice, Freedom, respelled, spelled};

/// What is signed, and whether the Assertion is encrypted.
const WAYS: [(&[&str], bool); 5] =
    [(&["R-1"], false), (&["A-1"], false), (&["A-1", "R-1"], false), (&["A-1"], true), (&["R-1"], true)];

/// A person of whom there is something to misspell.
fn message() -> String {
    let groups = ["R&D <emea>", "it's \"quoted\"", "\u{e9}\u{1f600}", " blanks \t", "line\nend", "]]>", ""];
    let xml = template().attribute("memberOf", &groups).attribute("given name", &["Zo\u{eb}"]).to_xml();
    xml.replacen("<samlp:Response ", "<samlp:Response xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ", 1)
}

/// Everything that was said, as one text.
fn said(verified: &VerifiedResponse) -> String {
    let signed_and_encrypted = (verified.signed_by(), verified.signed(), verified.was_encrypted());
    format!(
        "{:?} {:?} {:?} {:?} {:?} {signed_and_encrypted:?}",
        verified.name_id(),
        verified.attributes(),
        (verified.issuer(), verified.assertion_id(), verified.session_index()),
        verified.authn_instant(),
        verified.authn_context(),
    )
}

fn verifier() -> Verifier {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.decryption_keys = vec![decryption_key("sp")];
    verifier
}

/// Signs and encrypts. Between the steps everything is spelled otherwise, where there are dice.
fn sent(xml: &str, (ids, is_encrypted): (&[&str], bool), key: &str, mut dice: Option<&mut Dice>) -> String {
    let mut again = |xml: String, freedom: Freedom| match &mut dice {
        Some(dice) => respelled(&xml, freedom, dice),
        None => xml,
    };
    let key = signing_key(key);
    let sign = |xml: &str, id: &str| sign_enveloped(xml, id, &SignOptions::new(&key)).unwrap();
    let mut xml = again(xml.to_owned(), Freedom::Meaning);
    if ids.contains(&"A-1") {
        xml = again(sign(&xml, "A-1"), Freedom::CanonicalForm);
    }
    if is_encrypted {
        xml = again(encrypted(&xml), Freedom::CanonicalForm);
    }
    if ids.contains(&"R-1") {
        xml = again(sign(&xml, "R-1"), Freedom::CanonicalForm);
    }
    xml
}

fn encrypted(xml: &str) -> String {
    let document = Document::parse(xml).unwrap();
    let assertion = document.descendants().find(|node| node.attribute("ID") == Some("A-1")).unwrap();
    let certificate = certificate("sp");
    let encrypt = Encrypt {
        certificate: &certificate,
        data: DataEncryption::Aes128Gcm,
        transport: KeyTransport::OaepSha256,
        placement: Placement::Inside,
    };
    let plaintext = spelled(assertion, Freedom::CanonicalForm, &mut Dice::new(1));
    let sealed = encrypted_assertion(&plaintext, &encrypt, &mut random()).unwrap();
    [&xml[..assertion.range().start], &sealed, &xml[assertion.range().end..]].concat()
}

/// Base64 with white space wherever a writer of lines may put it.
fn wrapped(bytes: &[u8], dice: &mut Dice) -> String {
    let (width, end) = (1 + dice.below(100), dice.pick(&["\n", "\r\n", " ", "\t", "\r\n    ", "  "]));
    let text = STANDARD.encode(bytes);
    let lines = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap());
    [dice.pick(&["", end]), &lines.collect::<Vec<_>>().join(end), dice.pick(&["", end])].concat()
}

/// Breaks the SignatureValue that no other signature covers, where there is one.
fn with_broken_value(xml: &str, dice: &mut Dice) -> String {
    let document = Document::parse(xml).unwrap();
    let values = document.descendants().filter(|node| node.tag_name().name() == "SignatureValue");
    let Some(outermost) = values.min_by_key(|node| node.ancestors().count()) else { return xml.to_owned() };
    let octets: String = outermost.text().unwrap().split_whitespace().collect();
    let broken = wrapped(&STANDARD.decode(octets).unwrap(), dice).replace('\r', "&#13;");
    let range = outermost.range();
    let name = &xml[range.start + 1..][..xml[range.start + 1..].find(['>', ' ', '\n', '\t']).unwrap()];
    // A default namespace would be lost with the tag, so the attributes stay.
    let content = range.start + xml[range.start..].find('>').unwrap() + 1;
    [&xml[..content], &broken, "</", name, ">", &xml[range.end..]].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if oracle::enabled() { 200 } else { 400 }))]

    /// Lawful spellings, signed: the answer is the same, from the field of the form to the person.
    #[test]
    fn another_spelling_gives_the_same_answer(seed in any::<u64>(), way in 0..WAYS.len()) {
        let mut dice = Dice::new(seed);
        let plain = verifier().verify(sent(&message(), WAYS[way], "idp-current", None)).unwrap();
        let xml = sent(&message(), WAYS[way], "idp-current", Some(&mut dice));
        let xml = with_broken_value(&xml, &mut dice);
        let field = wrapped(xml.as_bytes(), &mut dice);
        let arrived = decode_post_binding(&field).unwrap();
        prop_assert_eq!(String::from_utf8_lossy(&arrived), &*xml);
        prop_assert_eq!(unverified_in_response_to(&arrived), Some(REQUEST.to_owned()));
        match verifier().verify(&arrived) {
            Ok(verified) => prop_assert_eq!(said(&verified), said(&plain), "{}", xml),
            Err(refusal) => prop_assert!(false, "{}\n{}", refusal, xml),
        }
        if !WAYS[way].1 {
            oracle::accepts(xml.as_bytes(), "idp-current");
        }
    }

    /// However it is spelled, what must be refused is refused, and for its own reason.
    #[test]
    fn another_spelling_of_what_is_refused_is_refused(seed in any::<u64>(), way in 0..WAYS.len(), wrong in 0..WRONG.len()) {
        let mut dice = Dice::new(seed);
        let (from, to, code) = WRONG[wrong];
        prop_assert!(message().contains(from));
        let xml = sent(&message().replace(from, to), WAYS[way], "idp-current", Some(&mut dice));
        prop_assert_eq!(verifier().verify(&xml).unwrap_err().code, code, "{}", xml);
        let forged = sent(&message(), WAYS[way], "attacker", Some(&mut dice));
        prop_assert_eq!(verifier().verify(&forged).unwrap_err().code, R::SignatureMismatch, "{}", forged);
        let unsigned = sent(&message(), (&[], WAYS[way].1), "idp-current", Some(&mut dice));
        prop_assert_eq!(verifier().verify(&unsigned).unwrap_err().code, R::SignatureMissing, "{}", unsigned);
    }

    /// What nothing reads may be there twice, be empty, be full of XML or not be there.
    #[test]
    fn what_nobody_reads_changes_no_answer(seed in any::<u64>(), sign in 0..3_usize) {
        let mut dice = Dice::new(seed);
        let mut xml = message();
        for (before, piece) in UNREAD {
            prop_assert!(xml.contains(before), "{}", before);
            let pieces: String =
                (0..dice.below(3)).map(|_| piece.replace("FILL", dice.pick(&FILLS))).collect();
            xml = xml.replacen(before, &format!("{pieces}{before}"), 1);
        }
        for attribute in UNREAD_ATTRIBUTES {
            if dice.one_in(2) {
                let (element, rest) = attribute.split_once(' ').unwrap();
                xml = xml.replacen(&format!("<{element} "), &format!("<{element} {rest} "), 1);
            }
        }
        let spell = dice.one_in(2);
        let (plain, xml) = (sent(&message(), WAYS[sign], "idp-current", None), match spell {
            true => sent(&xml, WAYS[sign], "idp-current", Some(&mut dice)),
            false => sent(&xml, WAYS[sign], "idp-current", None),
        });
        let plain = verifier().verify(plain).unwrap();
        let verified = match verifier().verify(&xml) {
            Ok(verified) => verified,
            Err(refusal) => return Err(TestCaseError::fail(format!("{refusal}\n{xml}"))),
        };
        prop_assert_eq!(verified.name_id(), plain.name_id());
        for attribute in plain.attributes() {
            let same: Vec<_> = verified.attributes().iter().filter(|other| other.name == attribute.name).collect();
            prop_assert_eq!(same, vec![attribute]);
        }
        prop_assert_eq!(verified.session_index(), plain.session_index());
        oracle::accepts(xml.as_bytes(), "idp-current");
    }
}

/// A change before signing, and the answer to it.
const WRONG: [(&str, &str, R); 7] = [
    ("<saml:Audience>https://stoa.example/saml/acme<", "<saml:Audience>https://other.example<", R::AudienceMismatch),
    ("<saml:Issuer>https://idp.example<", "<saml:Issuer>https://other.example<", R::IssuerMismatch),
    ("InResponseTo=\"_request-1\"><saml:Issuer", "InResponseTo=\"_other\"><saml:Issuer", R::InResponseToMismatch),
    ("Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"", "Method=\"urn:other\"", R::BearerMissing),
    ("Recipient=\"https://stoa.example/saml/acme/acs\"", "Recipient=\"https://other.example\"", R::RecipientMismatch),
    ("</saml:Conditions>", "<saml:Condition/></saml:Conditions>", R::ConditionUnknown),
    ("<saml:Subject>", "<saml:Subject ID=\"A-1\">", R::IdRepeated),
];

/// What a piece may be filled with.
const FILLS: [&str; 8] = [
    "",
    "text",
    " \n ",
    "<!-- c -->",
    "<![CDATA[<saml:NameID>admin@acme.example</saml:NameID>]]>",
    "<x xmlns=\"urn:x\" a=\"b\">t<!-- c --><y/>u</x>",
    "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">admin@acme.example</saml:NameID>",
    "<saml:Subject><saml:NameID>a</saml:NameID></saml:Subject><saml:AttributeStatement><saml:Attribute Name=\"mail\">\
     <saml:AttributeValue>admin@acme.example</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>",
];

/// Pieces that the specification allows and nobody here reads, and what they are put in front of.
const UNREAD: [(&str, &str); 17] = [
    ("<samlp:Status>", "<samlp:Extensions>FILL</samlp:Extensions>"),
    ("</samlp:Status>", "<samlp:StatusMessage>FILL</samlp:StatusMessage>"),
    ("</samlp:Status>", "<samlp:StatusDetail>FILL</samlp:StatusDetail>"),
    ("<saml:AuthnStatement", "<saml:Advice>FILL</saml:Advice>"),
    ("<saml:AuthnStatement", "<saml:Statement>FILL</saml:Statement>"),
    ("<saml:AuthnStatement", "<saml:AuthzDecisionStatement>FILL</saml:AuthzDecisionStatement>"),
    ("<saml:AuthnContext>", "<saml:SubjectLocality Address=\"10.0.0.1\">FILL</saml:SubjectLocality>"),
    ("</saml:AuthnContext>", "<saml:AuthnContextDecl>FILL</saml:AuthnContextDecl>"),
    ("</saml:AuthnContext>", "<saml:AuthenticatingAuthority>FILL</saml:AuthenticatingAuthority>"),
    ("</saml:Conditions>", "<saml:OneTimeUse>FILL</saml:OneTimeUse>"),
    ("</saml:Conditions>", "<saml:ProxyRestriction Count=\"1\">FILL</saml:ProxyRestriction>"),
    ("</saml:Subject>", "<saml:SubjectConfirmation Method=\"urn:x\">FILL</saml:SubjectConfirmation>"),
    ("<saml:SubjectConfirmationData", "<saml:NameID>FILL</saml:NameID>"),
    ("<saml:AttributeStatement>", "<saml:AttributeStatement/>"),
    ("</saml:AttributeStatement>", "<saml:Attribute Name=\"unused\"/>"),
    (
        "</saml:AttributeStatement>",
        "<saml:Attribute Name=\"eduPersonTargetedID\" x:y=\"z\" xmlns:x=\"urn:x\"><saml:AttributeValue>FILL\
         </saml:AttributeValue><saml:AttributeValue>FILL</saml:AttributeValue></saml:Attribute>",
    ),
    (
        "</saml:AttributeStatement>",
        "<saml:Attribute Name=\"mixed\"><saml:AttributeValue>a FILL b</saml:AttributeValue></saml:Attribute>",
    ),
];

/// Attributes that nobody reads, behind the element that has them.
const UNREAD_ATTRIBUTES: [&str; 6] = [
    "samlp:Response Consent=\"urn:oasis:names:tc:SAML:2.0:consent:unspecified\"",
    "samlp:StatusCode x=\"\"",
    "saml:SubjectConfirmationData Address=\"192.0.2.1\"",
    "saml:NameID SPProvidedID=\"x\"",
    "saml:Conditions x=\"y\"",
    "saml:AuthnStatement x=\"y\"",
];
