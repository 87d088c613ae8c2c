//! `docs/security.md` part B, where things stand: wrapped, doubled, moved and missing signatures (28–50).

use stoa_saml::RefusalCode as R;
use stoa_saml::idp::SignWhat;

use crate::fixture::*;

const ADMIN: &str = "admin@acme.example";

/// The pieces of a message, to be put together wrongly.
struct Pieces {
    /// The start tag of the Response.
    head: String,
    /// Its signature, empty where only the Assertion is signed.
    signature: String,
    /// Issuer and Status.
    body: String,
    /// The Assertion, with its signature if it has one.
    assertion: String,
}

impl Pieces {
    fn of(xml: &str) -> Self {
        let cut = |from: &str, to: &str| {
            xml.find(from).map_or(String::new(), |at| xml[at..at + xml[at..].find(to).unwrap() + to.len()].to_owned())
        };
        let head = cut("<samlp:Response", ">");
        let assertion = cut("<saml:Assertion", "</saml:Assertion>");
        let start = head.len();
        let end = xml.find("<saml:Assertion").unwrap();
        let outer = &xml[start..end];
        let signature = signature_of(outer);
        let body = outer.replace(&signature, "");
        Self { head, signature, body, assertion }
    }

    /// The Assertion of the attacker: another identifier, another person, no signature.
    fn evil(&self) -> String {
        let plain = self.assertion.replace(&signature_of(&self.assertion), "");
        plain.replace("ID=\"A-1\"", "ID=\"A-evil\"").replace(PERSON, ADMIN)
    }

    fn unsigned(&self) -> String {
        self.assertion.replace(&signature_of(&self.assertion), "")
    }

    fn response(&self, content: &str) -> String {
        format!("{}{}{content}</samlp:Response>", self.head, self.body)
    }
}

fn signature_of(xml: &str) -> String {
    let Some(start) = xml.find("<ds:Signature ") else { return String::new() };
    let end = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    xml[start..end].to_owned()
}

fn assertion_signed() -> Pieces {
    Pieces::of(&issue(&template(), SignWhat::Assertion))
}

fn response_signed() -> Pieces {
    Pieces::of(&good())
}

/// Puts `content` into an element, before its end tag.
fn inside(element: &str, end_tag: &str, content: &str) -> String {
    let at = element.rfind(end_tag).unwrap();
    [&element[..at], content, &element[at..]].concat()
}

#[test]
fn c028_no_signature() {
    refused(template().to_xml(), R::SignatureMissing);
}

#[test]
fn c029_only_a_part_is_signed() {
    for (element, id) in [("<saml:Subject>", "S"), ("<saml:AttributeStatement>", "T"), ("<samlp:Status>", "U")] {
        let named = format!("{} ID=\"{id}\">", &element[..element.len() - 1]);
        let xml = template().to_xml().replace(element, &named);
        refused(sign(&xml, id), R::SignatureMisplaced);
    }
}

#[test]
fn c032_one_of_two_signatures_is_broken() {
    let xml = issue(&template(), SignWhat::Both);
    let swap = |xml: &str, which: usize| {
        let at = xml.match_indices("<ds:SignatureValue>").nth(which).unwrap().0 + "<ds:SignatureValue>".len();
        let other = if xml[at..].starts_with('A') { "B" } else { "A" };
        [&xml[..at], other, &xml[at + 1..]].concat()
    };
    refused(swap(&xml, 0), R::SignatureMismatch);
    // The Response's signature covers the Assertion's: to break only the latter, sign the former again.
    let broken = swap(&issue(&template(), SignWhat::Assertion), 0);
    refused(sign(&broken, "R-1"), R::SignatureMismatch);
}

#[test]
fn c033_xsw1_original_response_in_the_signature() {
    let p = response_signed();
    let original = p.response(&p.assertion);
    let signature = inside(&p.signature, "</ds:Signature>", &original);
    let forged = p.head.replace("ID=\"R-1\"", "ID=\"R-evil\"");
    refused(format!("{forged}{signature}{}{}</samlp:Response>", p.body, p.evil()), R::AssertionMisplaced);
}

#[test]
fn c034_xsw2_original_response_beside() {
    let p = response_signed();
    let original = p.response(&p.assertion);
    let forged = p.head.replace("ID=\"R-1\"", "ID=\"R-evil\"");
    refused(format!("{forged}{original}{}{}{}</samlp:Response>", p.signature, p.body, p.evil()), R::AssertionMisplaced);
}

#[test]
fn c035_xsw3_forged_assertion_before_the_original() {
    let p = assertion_signed();
    refused(p.response(&(p.evil() + &p.assertion)), R::AssertionRepeated);
    refused(p.response(&(p.assertion.clone() + &p.evil())), R::AssertionRepeated);
}

#[test]
fn c036_xsw4_original_inside_the_forged() {
    let p = assertion_signed();
    refused(p.response(&inside(&p.evil(), "</saml:Assertion>", &p.assertion)), R::AssertionMisplaced);
}

#[test]
fn c037_xsw5_signature_in_the_forged_original_at_the_end() {
    let p = assertion_signed();
    let signature = signature_of(&p.assertion);
    let forged = p.evil().replace("<saml:Subject>", &format!("{signature}<saml:Subject>"));
    refused(p.response(&(forged.clone() + &p.unsigned())), R::AssertionRepeated);
    refused(p.response(&forged), R::ReferenceUri);
    refused(p.response(&forged.replace("A-evil", "A-1")), R::DigestMismatch);
}

#[test]
fn c038_xsw6_original_inside_the_signature_of_the_forged() {
    let p = assertion_signed();
    let signature = inside(&signature_of(&p.assertion), "</ds:Signature>", &p.unsigned());
    let forged = p.evil().replace("<saml:Subject>", &format!("{signature}<saml:Subject>"));
    refused(p.response(&forged), R::AssertionMisplaced);
}

#[test]
fn c039_c040_xsw7_in_extensions() {
    let p = assertion_signed();
    for hidden in [p.assertion.clone(), p.evil(), p.evil().replace("A-evil", "A-1")] {
        let extensions = format!("<samlp:Extensions>{hidden}</samlp:Extensions>");
        refused(p.response(&(extensions.clone() + &p.evil())), R::AssertionMisplaced);
        refused(p.response(&(extensions + &p.assertion)), R::AssertionMisplaced);
    }
    // The same identifier on something that is no Assertion.
    let decoy = "<samlp:Extensions><x ID=\"A-1\"/></samlp:Extensions>";
    refused(p.response(&(decoy.to_owned() + &p.assertion)), R::IdRepeated);
}

#[test]
fn c041_xsw8_in_an_object() {
    let p = assertion_signed();
    let object = format!("<ds:Object>{}</ds:Object>", p.unsigned());
    let signature = inside(&signature_of(&p.assertion), "</ds:Signature>", &object);
    let forged = p.evil().replace("<saml:Subject>", &format!("{signature}<saml:Subject>"));
    refused(p.response(&forged), R::AssertionMisplaced);
    let empty = inside(&signature_of(&p.assertion), "</ds:Signature>", "<ds:Object/>");
    refused(p.response(&p.assertion.replace(&signature_of(&p.assertion), &empty)), R::SignatureMalformed);
}

#[test]
fn c042_wrapped_anywhere() {
    let p = assertion_signed();
    for (open, close) in [
        ("<saml:Advice>", "</saml:Advice>"),
        (
            "<saml:AttributeStatement><saml:Attribute Name=\"x\"><saml:AttributeValue>",
            "</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>",
        ),
    ] {
        let forged = inside(&p.evil(), "</saml:Assertion>", &format!("{open}{}{close}", p.assertion));
        refused(p.response(&forged), R::AssertionMisplaced);
    }
    let forged = p.evil().replacen(
        "<saml:SubjectConfirmationData",
        &format!("<x>{}</x><saml:SubjectConfirmationData", p.assertion),
        1,
    );
    refused(p.response(&forged), R::AssertionMisplaced);
    let detail = format!("<samlp:StatusDetail>{}</samlp:StatusDetail></samlp:Status>", p.assertion);
    refused(p.response(&p.evil()).replace("</samlp:Status>", &detail), R::AssertionMisplaced);
}

#[test]
fn c043_two_assertions_of_two_identity_providers() {
    let theirs = sign_with(&template().to_xml(), "A-1", "attacker").replace("A-1", "A-2");
    let p = assertion_signed();
    refused(p.response(&(p.assertion.clone() + &Pieces::of(&theirs).assertion)), R::AssertionRepeated);
}

#[test]
fn c044_two_assertions_one_signed() {
    let p = assertion_signed();
    refused(p.response(&(p.assertion.clone() + &p.evil())), R::AssertionRepeated);
    let mut two = template();
    two.assertions.push({
        let mut other = two.assertions[0].clone();
        other.id = "A-2".into();
        other
    });
    refused(sign(&two.to_xml(), "A-2"), R::AssertionRepeated);
}

#[test]
fn c045_signature_is_no_direct_child() {
    let p = assertion_signed();
    let signature = signature_of(&p.assertion);
    refused(
        p.response(&p.unsigned().replace("<saml:Subject>", &format!("<saml:Subject>{signature}"))),
        R::SignatureMisplaced,
    );
    refused(
        p.response(&p.unsigned()).replace("<samlp:Status>", &format!("<samlp:Status>{signature}")),
        R::SignatureMisplaced,
    );
    // As a child of the Response, it must sign the Response.
    refused(p.response(&(signature + &p.unsigned())), R::ReferenceUri);
}

#[test]
fn c046_two_signatures_in_one_element() {
    let twice = sign(&good(), "R-1");
    refused(twice, R::SignatureRepeated);
    refused(sign(&issue(&template(), SignWhat::Assertion), "A-1"), R::SignatureRepeated);
}

#[test]
fn c050_two_signed_assertions() {
    let mut two = template();
    two.assertions.push({
        let mut other = two.assertions[0].clone();
        other.id = "A-2".into();
        other
    });
    refused(issue(&two, SignWhat::Assertion), R::AssertionRepeated);
    refused(issue(&two, SignWhat::Response), R::AssertionRepeated);
}

#[test]
fn c081_c082_other_signed_documents() {
    let failure = template().failure("urn:oasis:names:tc:SAML:2.0:status:Responder", None);
    refused(sign(&failure.to_xml(), "R-1"), R::StatusResponder);
    let p = assertion_signed();
    let decoy = sign(&failure.to_xml(), "R-1");
    refused(decoy.replace("</samlp:Response>", &format!("{}</samlp:Response>", p.evil())), R::StatusResponder);
    // The status changed to success: no longer what was signed.
    refused(decoy.replace("status:Responder", "status:Success"), R::DigestMismatch);
    let logout = "<samlp:LogoutResponse xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"L\"><x/></samlp:LogoutResponse>";
    refused(sign(logout, "L"), R::NotAResponse);
    refused(p.assertion, R::NotAResponse);
}
