//! Signature wrapping: a Response of the attacker's around, beside or inside a genuine one (Somorovsky et al. 2012).

use std::ops::Range;

use roxmltree::{Document, Node};

use super::defect::Defect;

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// Wraps a signed document around an unsigned forgery, both Responses with one Assertion.
///
/// `None` where the defect is no wrapping, or a part is missing.
pub(super) fn wrap(defect: Defect, genuine: &str, forged: &str) -> Option<String> {
    let genuine = Parts::of(genuine)?;
    let forged = Parts::of(forged)?;
    let signature = genuine.signature()?;
    let in_place_of_original = |assertions: &str| splice(genuine.xml, genuine.assertion.clone(), assertions);
    match defect {
        Defect::Xsw1 => {
            let around = inside_end(signature, &genuine.without_signature(&genuine.response))?;
            Some(forged.after_issuer(&forged.response, forged.response_issuer_end, &around))
        }
        Defect::Xsw2 => {
            let beside = genuine.without_signature(&genuine.response) + signature;
            Some(forged.after_issuer(&forged.response, forged.response_issuer_end, &beside))
        }
        Defect::Xsw3 => Some(in_place_of_original(&[forged.assertion(), genuine.assertion()].concat())),
        Defect::Xsw4 => Some(in_place_of_original(&inside_end(forged.assertion(), genuine.assertion())?)),
        Defect::Xsw5 => {
            let with_signature = forged.after_issuer(&forged.assertion, forged.assertion_issuer_end, signature);
            Some(in_place_of_original(&(with_signature + &genuine.without_signature(&genuine.assertion))))
        }
        Defect::Xsw6 => {
            let around = inside_end(signature, &genuine.without_signature(&genuine.assertion))?;
            let with_signature = forged.after_issuer(&forged.assertion, forged.assertion_issuer_end, &around);
            Some(in_place_of_original(&with_signature))
        }
        Defect::Xsw7 => {
            let extensions = format!(r#"<e:Extensions xmlns:e="{SAMLP}">{}</e:Extensions>"#, genuine.assertion());
            let outside = in_place_of_original(forged.assertion());
            Some(splice(&outside, genuine.response_issuer_end..genuine.response_issuer_end, &extensions))
        }
        Defect::Xsw8 => {
            let original = genuine.without_signature(&genuine.assertion);
            let around = inside_end(signature, &format!(r#"<o:Object xmlns:o="{DS}">{original}</o:Object>"#))?;
            let with_signature = forged.after_issuer(&forged.assertion, forged.assertion_issuer_end, &around);
            Some(in_place_of_original(&with_signature))
        }
        Defect::BrokenDigest
        | Defect::CommentInNameId
        | Defect::Expired
        | Defect::HtmlPage
        | Defect::IdpErrorStatus
        | Defect::NextCertificate
        | Defect::NoAttributes
        | Defect::NoInResponseTo
        | Defect::EmptyNameId
        | Defect::NoNameId
        | Defect::NotYetValid
        | Defect::OtherInResponseTo
        | Defect::ReplayPrevious
        | Defect::Sha1
        | Defect::SignedByAnotherKey
        | Defect::StructuredAttribute
        | Defect::TransientNameId
        | Defect::TwoAssertions
        | Defect::Unsigned
        | Defect::WrongAudience
        | Defect::WrongDestination
        | Defect::WrongIssuer
        | Defect::WrongRecipient => None,
    }
}

/// Puts a comment into the middle of the NameID's text.
pub(super) fn comment_in_name_id(xml: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    let name_id = document.descendants().find(|node| node.has_tag_name((SAML, "NameID")))?;
    let text = name_id.first_child().filter(Node::is_text)?.range();
    let middle = (text.start..text.end).find(|at| *at > text.start && xml.is_char_boundary(*at))?;
    Some(splice(xml, middle..middle, "<!-- -->"))
}

/// Changes signed content: the NameID where it can be read, else white space at the end.
pub(super) fn break_digest(xml: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    let name_id = document.descendants().find(|node| node.has_tag_name((SAML, "NameID")));
    let at = match name_id.and_then(|node| node.first_child()) {
        Some(text) => return Some(splice(xml, text.range(), "admin.s")),
        None => xml.rfind("</")?,
    };
    Some(splice(xml, at..at, "\n"))
}

/// Where the parts of a Response stand in its text.
struct Parts<'a> {
    xml: &'a str,
    response: Range<usize>,
    response_issuer_end: usize,
    assertion: Range<usize>,
    assertion_issuer_end: usize,
    signature: Option<Range<usize>>,
}

impl<'a> Parts<'a> {
    fn of(xml: &'a str) -> Option<Self> {
        let document = Document::parse(xml).ok()?;
        let response = document.root_element();
        let assertion = response.children().find(|node| node.has_tag_name((SAML, "Assertion")))?;
        let issuer_end = |of: Node<'_, '_>| {
            of.children().find(|node| node.has_tag_name((SAML, "Issuer"))).map(|node| node.range().end)
        };
        Some(Self {
            xml,
            response: response.range(),
            response_issuer_end: issuer_end(response)?,
            assertion: assertion.range(),
            assertion_issuer_end: issuer_end(assertion)?,
            signature: document
                .descendants()
                .find(|node| node.has_tag_name((DS, "Signature")))
                .map(|node| node.range()),
        })
    }

    fn assertion(&self) -> &'a str {
        &self.xml[self.assertion.clone()]
    }

    fn signature(&self) -> Option<&'a str> {
        self.signature.clone().map(|range| &self.xml[range])
    }

    fn without_signature(&self, element: &Range<usize>) -> String {
        match &self.signature {
            Some(signature) if element.start <= signature.start && signature.end <= element.end => {
                [&self.xml[element.start..signature.start], &self.xml[signature.end..element.end]].concat()
            }
            Some(_) | None => self.xml[element.clone()].to_owned(),
        }
    }

    fn after_issuer(&self, element: &Range<usize>, issuer_end: usize, addition: &str) -> String {
        [&self.xml[element.start..issuer_end], addition, &self.xml[issuer_end..element.end]].concat()
    }
}

fn inside_end(element: &str, addition: &str) -> Option<String> {
    let end = element.rfind("</")?;
    Some(splice(element, end..end, addition))
}

fn splice(text: &str, range: Range<usize>, with: &str) -> String {
    let mut text = text.to_owned();
    text.replace_range(range, with);
    text
}
