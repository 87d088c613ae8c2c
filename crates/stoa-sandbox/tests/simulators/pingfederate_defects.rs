//! Each defect is real: the verifier refuses it, and for the reason meant.

use stoa_sandbox::pingfederate::Defect;

use crate::pingfederate::{ACS, Customer};

/// The verifier's answer to each defect; `None` where the message is lawful and a later rule has to act.
fn answer(defect: Defect) -> Option<&'static str> {
    match defect {
        Defect::BrokenDigest => Some("saml_digest_mismatch"),
        Defect::CommentInNameId => Some("saml_text_not_plain"),
        Defect::EmptyNameId => Some("saml_name_id_empty"),
        Defect::Expired => Some("saml_expired"),
        Defect::HtmlPage => unreachable!("carries no Response"),
        Defect::IdpErrorStatus => Some("saml_status_authn_failed"),
        Defect::NextCertificate | Defect::SignedByAnotherKey => Some("saml_signature_mismatch"),
        Defect::NoInResponseTo => Some("saml_in_response_to_missing"),
        Defect::NoNameId => Some("saml_name_id_missing"),
        Defect::NotYetValid => Some("saml_issued_in_future"),
        Defect::OtherInResponseTo | Defect::ReplayPrevious => Some("saml_in_response_to_mismatch"),
        Defect::Sha1 => Some("saml_digest_algorithm_refused"),
        Defect::NoAttributes | Defect::StructuredAttribute | Defect::TransientNameId => None,
        Defect::TwoAssertions | Defect::Xsw3 | Defect::Xsw5 => Some("saml_assertion_repeated"),
        Defect::Unsigned => Some("saml_signature_missing"),
        Defect::WrongAudience => Some("saml_audience_mismatch"),
        Defect::WrongDestination => Some("saml_destination_mismatch"),
        Defect::WrongIssuer => Some("saml_response_issuer_mismatch"),
        Defect::WrongRecipient => Some("saml_recipient_mismatch"),
        Defect::Xsw1 | Defect::Xsw2 | Defect::Xsw4 | Defect::Xsw6 | Defect::Xsw7 | Defect::Xsw8 => {
            Some("saml_assertion_misplaced")
        }
    }
}

/// Catalogue 33–41 (wrapping), and the others by their names.
#[tokio::test]
async fn each_defect_is_refused_for_its_own_reason() {
    let customer = Customer::start().await;
    let mut wrong = Vec::new();
    for defect in Defect::ALL.iter().copied().filter(|defect| *defect != Defect::HtmlPage) {
        customer.idp.sign_on_as("miller.m");
        // What a replay replays is the answer to another request.
        customer.browser.get(&customer.request(|request| request.id = "_r0")).await.unwrap();
        customer.idp.ask();
        let forced = customer.request(|request| request.force_authn = true);
        let page = customer.sign_on(&forced, "miller.m", defect.as_str()).await;
        let verified = customer.verify(&page, Some("_r1"));
        let named = verified.and_then(|verified| verified.name_id().cloned().map_err(Clone::clone));
        let code = named.err().map(|refusal| refusal.code.as_str());
        if code != answer(defect) {
            wrong.push(format!("{defect:?} => {code:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A forged identity is in each wrapped message, so that a verifier that reads the wrong element is caught.
#[tokio::test]
async fn wrapped_messages_carry_the_forged_identity_and_the_genuine_one() {
    use base64::Engine;
    let customer = Customer::start().await;
    customer.idp.sign_on_as("miller.m");
    let wrapped = Defect::ALL.iter().filter(|defect| defect.as_str().starts_with("xsw"));
    for defect in wrapped {
        customer.idp.next_defect(*defect);
        let page = customer.browser.get(&customer.request(|_| {})).await.unwrap();
        let form = page.sends_by_itself().unwrap();
        let xml = base64::engine::general_purpose::STANDARD.decode(form.field("SAMLResponse").unwrap()).unwrap();
        let xml = String::from_utf8(xml).unwrap();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let named = document.descendants().filter(|node| node.tag_name().name() == "NameID");
        let mut names: Vec<_> = named.filter_map(|node| node.text()).collect();
        names.sort_unstable();
        assert_eq!(names, ["admin.s", "miller.m"], "{defect:?}");
    }
}

#[tokio::test]
async fn a_page_can_come_instead_of_a_response() {
    let customer = Customer::start().await;
    let page = customer.sign_on(&customer.request(|_| {}), "miller.m", "html-page").await;
    assert_eq!(page.status, 200);
    assert!(page.forms.is_empty() && !page.body.contains(ACS));
}

#[tokio::test]
async fn every_defect_has_a_name_that_leads_back_to_it() {
    for defect in Defect::ALL {
        assert_eq!(Defect::parse(defect.as_str()), Some(*defect));
    }
}
