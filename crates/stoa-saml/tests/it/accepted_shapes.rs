//! What real identity providers send, and must get through.

use std::fmt::Write as _;

use stoa_saml::idp::{ConfirmationTemplate, SignOptions, SignWhat, sign_enveloped};
use stoa_saml::{Expected, Freshness, RefusalCode};

use crate::fixture::*;

/// Puts every tag on a line of its own, except round text.
fn pretty(xml: &str) -> String {
    xml.replace("><", ">\n    <")
}

#[test]
fn pretty_printed() {
    accepted(sign(&pretty(&template().to_xml()), "R-1"));
}

#[test]
fn pretty_printed_signature() {
    let xml = good();
    let start = xml.find("<ds:KeyInfo").or_else(|| xml.find("</ds:Signature>")).unwrap();
    let value = xml.find("<ds:SignatureValue").unwrap();
    accepted([&xml[..value], "\n  ", &xml[value..start], "\n", &xml[start..]].concat());
}

/// Line ends are normalised before anything is hashed (XML 1.0 §2.11).
#[test]
fn carriage_returns_in_transit() {
    let xml = sign(&pretty(&template().to_xml()), "R-1");
    accepted(xml.replace('\n', "\r\n"));
    accepted(xml.replace('\n', "\r"));
}

#[test]
fn carriage_return_before_a_character_reference() {
    let xml = template().attribute("x", &["\n\u{e9}"]).to_xml().replace("&#10;\u{e9}", "\n\u{e9}");
    accepted(sign(&xml, "R-1").replace("\n\u{e9}", "\r&#233;"));
}

/// c017: whole, never the first piece.
#[test]
fn c017_cdata_in_values() {
    let xml = template().to_xml().replace(PERSON, "m.muster<![CDATA[@acme]]>.example");
    let verified = accepted(sign(&xml, "R-1"));
    assert_eq!(verified.name_id().unwrap().value, PERSON);
    assert_eq!(verified.attributes()[0].values, [PERSON]);
}

#[test]
fn character_references() {
    let xml = template().to_xml().replace(PERSON, "m&#46;muster&#x40;acme.example");
    let verified = accepted(sign(&xml, "R-1"));
    assert_eq!(verified.name_id().unwrap().value, PERSON);
    let xml = template().attribute("o", &["Procter & Gamble <\"'>\r\t"]).to_xml();
    assert_eq!(accepted(sign(&xml, "R-1")).attributes()[1].values, ["Procter & Gamble <\"'>\r\t"]);
}

/// c012
#[test]
fn c012_byte_order_mark_and_declaration() {
    let xml = good();
    for prolog in [
        "\u{feff}",
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.0' encoding='utf-8'?>\n",
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?>\r\n",
        "<?xml version='1.0' encoding='ASCII'?>\n",
        "<?xml version='1.0' encoding='us-ascii' standalone='yes'?>",
        "<!-- made by an IdP -->\n",
    ] {
        accepted(format!("{prolog}{xml}"));
    }
}

#[test]
fn default_namespaces_and_other_prefixes() {
    let xml = template().to_xml();
    let defaults = xml.replace("<saml:", "<").replace("</saml:", "</").replace("xmlns:saml=", "xmlns=");
    for xml in [
        defaults.clone(),
        defaults.replace("samlp", "saml2p"),
        xml.replace("saml:", "saml2:").replace("xmlns:saml=", "xmlns:saml2="),
        xml.replace(
            "<samlp:Response ",
            "<samlp:Response xmlns:unused=\"urn:unused\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" ",
        ),
    ] {
        accepted(sign(&xml, "R-1"));
        accepted(sign(&xml, "A-1"));
        accepted(sign(&sign(&xml, "A-1"), "R-1"));
    }
}

#[test]
fn typed_attribute_values() {
    let typed = "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">";
    let xml = template().to_xml().replace("<saml:AttributeValue>", typed);
    assert_eq!(accepted(sign(&xml, "A-1")).attributes()[0].values, [PERSON]);
}

#[test]
fn comments_between_elements() {
    let xml = template().to_xml().replace("><", "><!-- between --><");
    accepted(sign(&xml, "R-1"));
    let inserted_later = good().replace("<saml:Subject>", "<!-- after signing --><saml:Subject>");
    accepted(inserted_later);
}

#[test]
fn two_hundred_groups() {
    let groups: Vec<String> = (0..200).map(|n| format!("CN=group {n},OU=Groups,DC=acme,DC=example")).collect();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    let verified = accepted(issue(&template().attribute("memberOf", &groups), SignWhat::Both));
    assert_eq!(verified.attributes()[1].values, groups);
}

/// c100
#[test]
fn c100_fractions_of_seconds() {
    for fraction in ["", ".1", ".123", ".123456789", ".1234567891234"] {
        let mut template = template();
        template.assertions[0].authn_instant = Some(format!("2026-11-20T12:00:00{fraction}Z"));
        accepted(issue(&template, SignWhat::Response));
    }
}

#[test]
fn white_space_round_identifiers() {
    let xml = template()
        .to_xml()
        .replace(&format!(">{IDP}<"), &format!(">\n      {IDP}\n    <"))
        .replace(&format!(">{SP}<"), &format!(">\n\t{SP} <"))
        .replace(&format!(">{PERSON}</saml:NameID"), &format!("> {PERSON}\n</saml:NameID"));
    let verified = accepted(sign(&xml, "R-1"));
    assert_eq!(verified.name_id().unwrap().value, PERSON);
    assert_eq!(verified.issuer(), IDP);
}

/// XML 1.0 §3.3.3: they are spaces before anything is hashed.
#[test]
fn literal_tab_and_line_feed_in_attribute_values() {
    let signed = sign(&template().to_xml().replace("Name=\"mail\"", "Name=\"e mail\""), "R-1");
    for separator in ["\t", "\n", "\r\n"] {
        accepted(signed.replace("Name=\"e mail\"", &format!("Name=\"e{separator}mail\"")));
    }
}

#[test]
fn line_breaks_in_base64() {
    let xml = good();
    let at = xml.find("<ds:SignatureValue>").unwrap() + "<ds:SignatureValue>".len() + 64;
    for line_break in ["\n", "\r\n", "&#13;\n", "&#xD;\n", " "] {
        accepted([&xml[..at], line_break, &xml[at..]].concat());
    }
}

#[test]
fn attribute_order_and_quotes_do_not_matter() {
    let xml = good();
    accepted(xml.replace("ID=\"A-1\" Version=\"2.0\"", "Version = '2.0'   ID='A-1'"));
}

/// c023
#[test]
fn c023_xml_attributes_on_ancestors() {
    let xml = template().to_xml().replace(
        "<samlp:Response ",
        "<samlp:Response xml:lang=\"en\" xml:space=\"preserve\" xml:base=\"https://b.example/\" ",
    );
    accepted(sign(&xml, "R-1"));
    accepted(sign(&xml, "A-1"));
}

#[test]
fn unsolicited() {
    let mut template = template();
    template.in_response_to = None;
    template.assertions[0].confirmations[0].in_response_to = None;
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.expected = Expected::Unsolicited;
    verifier.verify(issue(&template, SignWhat::Response)).unwrap();
}

/// c109
#[test]
fn c109_one_valid_bearer_among_confirmations() {
    let mut template = template();
    let good = template.assertions[0].confirmations[0].clone();
    let other = ConfirmationTemplate { method: "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key".into(), ..good.clone() };
    let expired = ConfirmationTemplate { not_on_or_after: Some("2026-11-20T11:00:00Z".into()), ..good.clone() };
    template.assertions[0].confirmations = vec![other, expired.clone(), good, expired];
    accepted(issue(&template, SignWhat::Response));
}

/// c094: restrictions are ANDed, audiences ORed.
#[test]
fn c094_several_audiences() {
    let mut template = template();
    template.assertions[0].audiences =
        vec![vec!["https://other.example".into(), SP.into()], vec![SP.into(), "https://third.example".into()]];
    accepted(issue(&template, SignWhat::Response));
}

/// SAML core §2.3.3 lets an Assertion tell of several authentications; profiles §4.1.4.2 wants one.
#[test]
fn several_authentications() {
    let xml = template().to_xml();
    let start = xml.find("<saml:AuthnStatement").unwrap();
    let end = xml.find("</saml:AuthnStatement>").unwrap() + "</saml:AuthnStatement>".len();
    let good = &xml[start..end];
    let ended =
        good.replace("SessionIndex=\"A-1\"", "SessionIndex=\"old\" SessionNotOnOrAfter=\"2026-11-20T11:00:00Z\"");
    let ahead = good.replace("2026-11-20T12:00:00.000Z", "2026-11-20T13:00:00.000Z");
    let with = |statements: &[&str]| [&xml[..start], &statements.concat(), &xml[end..]].concat();
    for statements in [[good, good], [&ended, good], [good, &ended], [&ahead, good], [good, "<saml:Statement/>"]] {
        let verified = accepted(sign(&with(&statements), "A-1"));
        assert_eq!((verified.session_index(), verified.authn_instant()), (Some("A-1"), now()));
    }
    refused(sign(&with(&[&ended, &ahead]), "A-1"), RefusalCode::SessionExpired);
    refused(sign(&with(&[&ahead, &ended]), "A-1"), RefusalCode::IssuedInFuture);
    // A fresh one is enough, too.
    let earlier = good.replace("2026-11-20T12:00:00.000Z", "2026-11-20T08:00:00.000Z");
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.freshness = Freshness::AuthenticatedSince(now());
    verifier.verify(sign(&with(&[&earlier, good]), "A-1")).unwrap();
    let refusal = verifier.verify(sign(&with(&[&earlier, &earlier]), "A-1")).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AuthenticationStale);
}

#[test]
fn several_attribute_statements() {
    let xml = template().to_xml();
    let more = "<saml:AttributeStatement><saml:Attribute Name=\"o\"/></saml:AttributeStatement>";
    let xml = xml.replace("</saml:Assertion>", &format!("{more}<saml:AttributeStatement/></saml:Assertion>"));
    let verified = accepted(sign(&xml, "R-1"));
    let names: Vec<_> =
        verified.attributes().iter().map(|attribute| (&*attribute.name, attribute.values.len())).collect();
    assert_eq!(names, [("mail", 1), ("o", 0)]);
}

/// White space and comments where only attributes say something (XML Signature's schema has mixed content there).
#[test]
fn white_space_in_elements_of_attributes() {
    let xml = template().to_xml();
    let key = signing_key("idp-current");
    for space in [" ", "\n\t", "<!-- -->", " <!-- --> "] {
        let options = SignOptions { prefix_list: "saml", ..SignOptions::new(&key) };
        let signed = sign_enveloped(&xml, "R-1", &options).unwrap();
        // Comments are no part of what is signed; white space is, so that it is signed again.
        let spaced = signed
            .replace("></ds:SignatureMethod>", &format!(">{space}</ds:SignatureMethod>"))
            .replace("></ds:DigestMethod>", &format!(">{space}</ds:DigestMethod>"))
            .replace("></ds:Transform>", &format!(">{space}</ds:Transform>"))
            .replace("></ds:CanonicalizationMethod>", &format!(">{space}</ds:CanonicalizationMethod>"))
            .replace("></ec:InclusiveNamespaces>", &format!(">{space}</ec:InclusiveNamespaces>"));
        assert_ne!(spaced, signed);
        accepted(resigned(&spaced));
    }
}

/// c110
#[test]
fn c110_known_conditions() {
    let mut template = template();
    let known = "<saml:OneTimeUse/><saml:ProxyRestriction Count=\"0\"/>";
    for conditions in [known.to_owned(), known.repeat(2)] {
        template.assertions[0].extra_conditions = conditions;
        accepted(issue(&template, SignWhat::Response));
    }
}

#[test]
fn fresh_authentication() {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.freshness = Freshness::AuthenticatedSince(now());
    verifier.verify(good()).unwrap();
}

#[test]
fn deep_and_wide_within_bounds() {
    let mut extension = String::new();
    for depth in 0..50 {
        write!(extension, "<e:e xmlns:e=\"urn:e\" a=\"{depth}\">").unwrap();
    }
    extension.push_str(&"</e:e>".repeat(50));
    let xml = template()
        .to_xml()
        .replace("<samlp:Status>", &format!("<samlp:Extensions>{extension}</samlp:Extensions><samlp:Status>"));
    accepted(sign(&xml, "R-1"));
}
