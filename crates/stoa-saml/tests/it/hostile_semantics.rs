//! `docs/security.md` part C: signed and genuine, but not for us, or not what was asked. Times are in
//! `hostile_time`.
//!
//! What needs a memory or a connection is tried where those are (`tests/`): 90 and 107 (keyed by connection), 101 (of
//! another browser), 104–106 (replay), 114–116 (whose e-mail, which value), and a transient NameID of 113.

use stoa_saml::idp::{AssertionTemplate, ResponseTemplate, SignWhat};
use stoa_saml::{Expected, Family, Freshness, RefusalCode as R, Trust};

use crate::fixture::*;

const OTHER: &str = "https://other.example";

/// A Response whose Assertion was changed before it was signed, by each way of signing.
#[track_caller]
fn refused_assertion(change: impl Fn(&mut AssertionTemplate), code: R) {
    refused_template(|template| change(&mut template.assertions[0]), code);
}

#[track_caller]
fn refused_template(change: impl Fn(&mut ResponseTemplate), code: R) {
    let mut template = template();
    change(&mut template);
    for sign in [SignWhat::Response, SignWhat::Assertion, SignWhat::Both] {
        refused(issue(&template, sign), code);
    }
}

/// The same for what a template cannot say.
#[track_caller]
fn refused_xml(from: &str, to: &str, code: R) {
    let xml = template().to_xml();
    assert!(xml.contains(from), "{from} is not in {xml}");
    let xml = xml.replacen(from, to, 1);
    refused(sign(&xml, "R-1"), code);
    refused(sign(&xml, "A-1"), code);
}

/// Ways of not being an identifier, which a careless comparison takes for it.
fn lookalikes(value: &str) -> Vec<String> {
    vec![
        format!("{value}/"),
        format!("{value}x"),
        format!("x{value}"),
        format!("{value}?"),
        format!("{value}#"),
        format!("{value} {value}"),
        format!("{value}\u{a0}"),
        format!("{value}\u{200b}"),
        format!("\u{feff}{value}"),
        value.to_uppercase(),
        value.replacen("example", "EXAMPLE", 1),
        value.replacen("https", "http", 1),
        value.replacen(".example", ".example:443", 1),
        value.replacen(".example", ".example.", 1),
        value.replacen("a", "\u{430}", 1),
        value.replacen("a", "%61", 1),
        value[..value.len() - 1].to_owned(),
        OTHER.to_owned(),
        String::new(),
    ]
}

#[test]
fn c084_destination_of_somebody_else() {
    for value in lookalikes(ACS) {
        refused_template(|template| template.destination = Some(value.clone()), R::DestinationMismatch);
    }
    refused_template(|template| template.destination = Some(format!(" {ACS}")), R::DestinationMismatch);
}

/// Bindings §3.5.5.2 asks for it where the Response is signed; where only the Assertion is, it would prove nothing.
#[test]
fn c085_destination_missing() {
    let mut template = template();
    template.destination = None;
    refused(issue(&template, SignWhat::Response), R::DestinationMissing);
    refused(issue(&template, SignWhat::Both), R::DestinationMissing);
    accepted(issue(&template, SignWhat::Assertion));
}

#[test]
fn c086_recipient_of_somebody_else() {
    for value in lookalikes(ACS) {
        refused_assertion(|a| a.confirmations[0].recipient = Some(value.clone()), R::RecipientMismatch);
    }
}

#[test]
fn c087_recipient_missing() {
    refused_assertion(|a| a.confirmations[0].recipient = None, R::RecipientMissing);
}

#[test]
fn c088_issuers_of_assertion_and_response() {
    for value in lookalikes(IDP) {
        refused_assertion(|a| a.issuer = Some(value.clone()), R::IssuerMismatch);
        refused_template(|template| template.issuer = Some(value.clone()), R::ResponseIssuerMismatch);
    }
    refused_assertion(|a| a.issuer = None, R::ElementMissing);
    // The Response's own is optional (core §3.2.2).
    let mut template = template();
    template.issuer = None;
    accepted(issue(&template, SignWhat::Response));
}

/// The key decides, whatever name is in the message; and the name is not taken from another connection's key.
#[test]
fn c089_identity_provider_of_another_connection() {
    refused(sign_with(&template().to_xml(), "R-1", "idp-next"), R::SignatureMismatch);
    let mut theirs = template();
    theirs.issuer = Some(OTHER.into());
    theirs.assertions[0].issuer = Some(OTHER.into());
    refused(sign_with(&theirs.to_xml(), "R-1", "idp-next"), R::SignatureMismatch);
    let mut verifier = Verifier::trusting(&["idp-next"]);
    verifier.trust = Trust::new(OTHER, vec![certificate("idp-next")]).unwrap();
    assert!(verifier.verify(sign_with(&theirs.to_xml(), "R-1", "idp-next")).is_ok());
    let code = verifier.verify(sign_with(&template().to_xml(), "R-1", "idp-next")).unwrap_err().code;
    assert_eq!(code, R::ResponseIssuerMismatch);
}

/// One identity provider, one key, two connections: the address and the audience tell them apart.
#[test]
fn c090_two_connections_of_one_identity_provider() {
    let mut other = Verifier::trusting(&["idp-current"]);
    other.sp_entity_id = "https://stoa.example/saml/other";
    assert_eq!(other.verify(good()).unwrap_err().code, R::AudienceMismatch);
    other.acs_url = "https://stoa.example/saml/other/acs";
    assert_eq!(other.verify(good()).unwrap_err().code, R::DestinationMismatch);
    let mut template = template();
    template.destination = None;
    let code = other.verify(issue(&template, SignWhat::Assertion)).unwrap_err().code;
    assert_eq!(code, R::AudienceMismatch);
}

#[test]
fn c091_c092_audience_of_somebody_else() {
    for value in lookalikes(SP) {
        refused_assertion(|a| a.audiences = vec![vec![value.clone()]], R::AudienceMismatch);
    }
}

#[test]
fn c093_audience_or_conditions_missing() {
    refused_assertion(|a| a.audiences.clear(), R::AudienceMissing);
    refused_assertion(|a| a.audiences = vec![vec![]], R::AudienceMismatch);
    refused_assertion(|a| a.conditions = false, R::ConditionsMissing);
}

/// Restrictions are ANDed (core §2.5.1.4).
#[test]
fn c094_one_restriction_of_two_excludes_us() {
    for audiences in [[SP, OTHER], [OTHER, SP]] {
        let audiences: Vec<Vec<String>> = audiences.iter().map(|&audience| vec![audience.to_owned()]).collect();
        refused_assertion(|a| a.audiences.clone_from(&audiences), R::AudienceMismatch);
    }
}

#[test]
fn c101_another_request() {
    for value in ["_request-2", "_REQUEST-1", "_request-1 ", "_request-11", ""] {
        refused_template(|t| t.in_response_to = Some(value.into()), R::InResponseToMismatch);
        refused_assertion(|a| a.confirmations[0].in_response_to = Some(value.into()), R::InResponseToMismatch);
    }
}

/// Both places must name the request: the Response's may be unsigned, the Assertion's may come from elsewhere.
#[test]
fn c102_request_missing_in_one_place() {
    refused_template(|template| template.in_response_to = None, R::InResponseToMissing);
    refused_assertion(|a| a.confirmations[0].in_response_to = None, R::InResponseToMissing);
}

#[test]
fn c103_unsolicited() {
    let mut unsolicited = template();
    unsolicited.in_response_to = None;
    unsolicited.assertions[0].confirmations[0].in_response_to = None;
    refused(issue(&unsolicited, SignWhat::Response), R::InResponseToMissing);

    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.expected = Expected::Unsolicited;
    let code = |template: &ResponseTemplate| verifier.verify(issue(template, SignWhat::Both)).unwrap_err().code;
    assert_eq!(code(&template()), R::InResponseToUnexpected);
    let mut only_outside = unsolicited.clone();
    only_outside.in_response_to = Some(REQUEST.into());
    assert_eq!(code(&only_outside), R::InResponseToUnexpected);
    let mut only_inside = unsolicited;
    only_inside.assertions[0].confirmations[0].in_response_to = Some(REQUEST.into());
    assert_eq!(code(&only_inside), R::InResponseToUnexpected);
}

#[test]
fn c108_no_bearer() {
    for method in ["holder-of-key", "sender-vouches", "Bearer", "bearer ", ""] {
        let method = format!("urn:oasis:names:tc:SAML:2.0:cm:{method}");
        refused_assertion(|a| a.confirmations[0].method.clone_from(&method), R::BearerMissing);
    }
    refused_assertion(|a| a.confirmations.clear(), R::BearerMissing);
    refused_xml(" Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"", "", R::BearerMissing);
}

/// Each half good is no whole: a confirmation holds alone or not at all.
#[test]
fn c109_no_confirmation_holds_alone() {
    refused_assertion(
        |a| {
            let mut other = a.confirmations[0].clone();
            a.confirmations[0].recipient = Some(OTHER.into());
            other.in_response_to = Some("_other".into());
            a.confirmations.push(other);
        },
        R::InResponseToMismatch,
    );
    // The one that was meant for us says why.
    for is_first in [true, false] {
        refused_assertion(
            |a| {
                let mut other = a.confirmations[0].clone();
                other.recipient = Some(OTHER.into());
                a.confirmations[0].in_response_to = Some("_other".into());
                a.confirmations.insert(usize::from(is_first), other);
            },
            R::InResponseToMismatch,
        );
    }
    refused_xml("<saml:SubjectConfirmationData ", "<saml:SubjectConfirmationDate ", R::ElementMissing);
    let data = format!("<saml:SubjectConfirmationData Recipient=\"{ACS}\"");
    refused_xml(&data, &format!("<saml:SubjectConfirmationData/>{data}"), R::ElementRepeated);
}

#[test]
fn c110_unknown_conditions() {
    for condition in [
        "<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"saml:OneTimeUse\"/>",
        "<saml:DoNotCacheCondition/>",
        "<OneTimeUse xmlns=\"urn:other\"/>",
        "<AudienceRestriction/>",
        "<saml:Audience>x</saml:Audience>",
    ] {
        refused_assertion(|a| a.extra_conditions = condition.into(), R::ConditionUnknown);
    }
    refused_assertion(|a| a.extra_conditions = "text".into(), R::ElementUnexpected);
}

#[test]
fn c111_versions() {
    for version in ["1.1", "2.1", "2", "2.0 ", "02.0", ""] {
        refused_template(|template| template.version = version.into(), R::VersionUnsupported);
        refused_assertion(|a| a.version = version.into(), R::VersionUnsupported);
    }
    refused_xml("ID=\"R-1\" Version=\"2.0\"", "ID=\"R-1\"", R::AttributeMissing);
    refused_xml("ID=\"A-1\" Version=\"2.0\"", "ID=\"A-1\"", R::AttributeMissing);
}

#[test]
fn c112_status() {
    const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";
    for (code, nested, expected) in [
        ("Responder", Some("AuthnFailed"), R::StatusAuthnFailed),
        ("Requester", Some("InvalidNameIDPolicy"), R::StatusInvalidNameIdPolicy),
        ("Responder", Some("NoAuthnContext"), R::StatusNoAuthnContext),
        ("Responder", Some("NoPassive"), R::StatusNoPassive),
        ("Responder", Some("RequestDenied"), R::StatusRequestDenied),
        ("Requester", Some("RequestUnsupported"), R::StatusRequestUnsupported),
        ("Responder", Some("UnknownPrincipal"), R::StatusUnknownPrincipal),
        ("Responder", Some("NobodyKnows"), R::StatusResponder),
        ("Requester", None, R::StatusRequester),
        ("Responder", None, R::StatusResponder),
        ("VersionMismatch", None, R::StatusVersionMismatch),
        ("NobodyKnows", None, R::StatusOther),
        ("success", None, R::StatusOther),
        ("Success ", None, R::StatusOther),
        ("NobodyKnows", Some("Success"), R::StatusOther),
        ("Responder", Some("Success"), R::StatusResponder),
    ] {
        let nested = nested.map(|nested| format!("{STATUS}{nested}"));
        let failure = template().failure(&format!("{STATUS}{code}"), nested.as_deref());
        refused(issue(&failure, SignWhat::Nothing), expected);
        refused(issue(&failure, SignWhat::Response), expected);
        // An Assertion in it makes it no success.
        refused_template(|template| template.status.clone_from(&failure.status), expected);
    }
    refused_template(|template| template.status = None, R::ElementMissing);
    refused(issue(&template().failure("Success", None), SignWhat::Response), R::StatusOther);
    refused(issue(&template().failure(&format!("{STATUS}Success"), None), SignWhat::Response), R::AssertionMissing);
    refused_xml(&format!("<samlp:StatusCode Value=\"{STATUS}Success\""), "<samlp:StatusCode", R::AttributeMissing);
    refused_xml("<samlp:Status>", "<samlp:Status/><samlp:Status>", R::ElementRepeated);
    let failed = format!("<samlp:StatusCode Value=\"{STATUS}Responder\"/>");
    refused_xml("</samlp:Status>", &format!("{failed}</samlp:Status>"), R::ElementRepeated);
    refused_xml("</samlp:Status>", "junk</samlp:Status>", R::ElementUnexpected);
}

/// The free text never reaches the refusal, and what does is short and without control characters.
#[test]
fn c112_status_message_with_markup() {
    let mut failure = template().failure("urn:oasis:names:tc:SAML:2.0:status:Responder", Some("<b>\u{85}\u{202e}x"));
    failure.status.as_mut().unwrap().message = Some("<script>alert(1)</script>".into());
    let refusal = check(issue(&failure, SignWhat::Response)).unwrap_err();
    assert_eq!((refusal.code, refusal.code.family()), (R::StatusResponder, Family::IdpStatus));
    assert!(!format!("{refusal:?}").contains("script"));
    let got = refusal.got.unwrap();
    assert!(!got.chars().any(char::is_control), "{got:?}");
    let long = check(issue(&template().failure(&"x".repeat(10_000), None), SignWhat::Nothing)).unwrap_err();
    assert_eq!(long.got.unwrap().chars().count(), 200);
}

#[test]
fn c113_name_identifiers() {
    unread_name_id(None, R::NameIdMissing);
    for empty in ["", " ", "\n\t "] {
        unread_name_id(Some(empty.into()), R::NameIdEmpty);
    }
    unread_name_id(Some("x".repeat(10_000)), R::NameIdTooLong);
    unread_name_id(Some("x".repeat(1025)), R::NameIdTooLong);
    let mut base = template();
    base.assertions[0].name_id = None;
    let base = base.to_xml().replace("<saml:Subject>", "<saml:Subject><saml:BaseID/>");
    let refusal = accepted(sign(&base, "A-1")).name_id().unwrap_err().clone();
    assert_eq!((refusal.code, refusal.got.as_deref()), (R::NameIdMissing, Some("BaseID")));
    // Two of them are none.
    let name_id = format!("<saml:NameID>{PERSON}</saml:NameID>");
    for second in [&*name_id, "<saml:NameID/>", "<saml:BaseID/>", "<saml:EncryptedID/>"] {
        refused_xml("<saml:Subject>", &format!("<saml:Subject>{second}"), R::ElementRepeated);
    }
}

/// The Response holds, and says why nobody is named.
#[track_caller]
fn unread_name_id(value: Option<String>, code: R) {
    let mut template = template();
    template.assertions[0].name_id = value;
    for sign in [SignWhat::Response, SignWhat::Assertion, SignWhat::Both] {
        assert_eq!(accepted(issue(&template, sign)).name_id().unwrap_err().code, code);
    }
}

/// What may occur once occurs once, and what must occur occurs.
#[test]
fn nothing_is_repeated_or_missing() {
    let xml = template().to_xml();
    let cut = |from: &str, to: &str| {
        let start = xml.find(from).unwrap();
        xml[start..start + xml[start..].find(to).unwrap() + to.len()].to_owned()
    };
    let issuer = cut("<saml:Issuer xmlns", "</saml:Issuer>");
    let inner_issuer = cut("<saml:Issuer>", "</saml:Issuer>");
    let status = cut("<samlp:Status>", "</samlp:Status>");
    let subject = cut("<saml:Subject>", "</saml:Subject>");
    let conditions = cut("<saml:Conditions", "</saml:Conditions>");
    let statement = cut("<saml:AuthnStatement", "</saml:AuthnStatement>");
    for part in [&issuer, &inner_issuer, &status, &subject, &conditions] {
        refused_xml(part, &format!("{part}{part}"), R::ElementRepeated);
    }
    for (part, code) in [
        (&inner_issuer, R::ElementMissing),
        (&status, R::ElementMissing),
        (&subject, R::ElementMissing),
        (&conditions, R::ConditionsMissing),
        (&statement, R::AuthnStatementMissing),
    ] {
        refused_xml(part, "", code);
        refused_xml(part, "<!-- -->", code);
    }
    for (before, unknown) in [
        ("<samlp:Status>", "<samlp:Unknown/>"),
        ("<samlp:Status>", "junk"),
        ("<saml:Subject>", "<saml:Unknown/>"),
        ("<saml:Subject>", "<Subject/>"),
        ("<saml:Subject>", "junk"),
        ("<saml:NameID", "junk"),
        ("<saml:NameID", "<x/>"),
        ("<saml:SubjectConfirmationData", "junk"),
        ("<saml:Audience>", "junk"),
        ("<saml:Audience>", "<saml:NotAudience/>"),
        ("<saml:AuthnContext>", "junk"),
        ("<saml:Attribute ", "junk"),
        ("<saml:Attribute ", "<x/>"),
        ("<saml:AttributeValue>", "junk"),
        ("<saml:AttributeValue>", "<x/>"),
    ] {
        refused_xml(before, &format!("{unknown}{before}"), R::ElementUnexpected);
    }
    refused_xml("<saml:Attribute Name=\"mail\"", "<saml:Attribute", R::AttributeMissing);
    refused_xml(" IssueInstant=", " Instant=", R::AttributeMissing);
    refused_xml(" AuthnInstant=", " Instant=", R::AttributeMissing);
}

#[test]
fn identifiers_that_are_no_names() {
    for id in ["", " ", "a b", "a\"b", "\u{e9}", "#A", &"x".repeat(1025)] {
        refused_template_unsigned(|template| template.id = id.to_owned(), R::IdInvalid);
    }
    refused_template_unsigned(|template| template.id = "A-1".into(), R::IdRepeated);
    let mut template = template();
    template.assertions[0].id = "A 1".into();
    refused(sign(&template.to_xml(), "R-1"), R::IdInvalid);
    refused(sign(&template.to_xml().replace(" ID=\"A 1\"", ""), "R-1"), R::IdInvalid);
}

#[track_caller]
fn refused_template_unsigned(change: impl Fn(&mut ResponseTemplate), code: R) {
    let mut template = template();
    change(&mut template);
    refused(template.to_xml(), code);
}

/// Every value that is compared or read is plain text, whether it was so when it was signed or not.
#[test]
fn c018_junk_in_every_identifier() {
    for (value, before) in [
        (IDP, "<saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">"),
        (IDP, "<saml:Issuer>"),
        (SP, "<saml:Audience>"),
    ] {
        let text = format!("{before}{value}");
        for junk in ["<!-- -->", "<x/>", "<x>y</x>", "<saml:NameID/>"] {
            refused_xml(&text, &format!("{text}{junk}"), R::TextNotPlain);
            refused_xml(&text, &format!("{before}{junk}{value}"), R::TextNotPlain);
            let (head, tail) = value.split_at(5);
            refused_xml(&text, &format!("{before}{head}{junk}{tail}"), R::TextNotPlain);
        }
        refused_xml(&text, &format!("{before}<?x?>{value}"), R::ProcessingInstruction);
        // What no tool would sign comes in afterwards.
        for junk in ["\0", "\u{1f}", "&#x1f;", "&#0;", "&undeclared;", "&", "]]>"] {
            refused(good().replacen(&text, &format!("{text}{junk}"), 1), R::XmlMalformed);
        }
    }
}

/// What may go unread is not refused for junk inside it, and is not read either.
#[test]
fn c018_junk_in_what_is_said_of_the_person() {
    let xml = template().to_xml();
    let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
    for junk in ["<!-- -->", "<x/>", "<x>y</x>", "<saml:NameID/>"] {
        for (value, before) in [(PERSON, "unspecified\">"), (PERSON, "<saml:AttributeValue>"), (class, "ClassRef>")] {
            let (head, tail) = value.split_at(5);
            for text in [format!("{junk}{value}"), format!("{value}{junk}"), format!("{head}{junk}{tail}")] {
                let changed = xml.replacen(&format!("{before}{value}"), &format!("{before}{text}"), 1);
                assert_ne!(changed, xml);
                let said = accepted(sign(&changed, "A-1"));
                let mail = &said.attributes()[0];
                let unread = [said.name_id().is_err(), mail.not_text == 1, said.authn_context().is_none()];
                let place = [before.starts_with("uns"), before.starts_with("<saml:Attr"), before.starts_with("Class")];
                assert_eq!(unread, place, "{text}");
                assert_eq!(mail.values.len() + mail.not_text, 1);
            }
        }
    }
}

#[test]
fn a_fresh_authentication_was_asked_for() {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.freshness = Freshness::AuthenticatedSince(now());
    let at = |instant: &str| {
        let mut template = template();
        template.assertions[0].authn_instant = Some(instant.into());
        verifier.verify(issue(&template, SignWhat::Response)).map(|_| ()).map_err(|refusal| refusal.code)
    };
    assert_eq!(at("2026-11-20T11:58:00Z"), Ok(()));
    assert_eq!(at("2026-11-20T11:57:59.999Z"), Err(R::AuthenticationStale));
}
