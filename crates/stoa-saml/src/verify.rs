//! The order of the checks, from bytes to a person.

use roxmltree::Node;

use crate::assertion::{self, SignedAssertion, check_in_response_to, missing, once, same};
use crate::decryption::decrypt;
use crate::layout::{AssertionAt, Layout};
use crate::prescan::{MESSAGE, first_tag, prescan};
use crate::refusal::{Refusal, RefusalCode};
use crate::response::{ResponseInput, Signed, UnverifiedStatements, VerifiedResponse};
use crate::signature::{SignedElement, verify_enveloped};
use crate::timestamp::Clock;
use crate::xml::{self, is, ns};

/// Verifies a Response and reads it (SAML profiles §4.1.4.3).
///
/// Bounds, one parse, the places of signatures and Assertions, the identity provider's own verdict, signatures,
/// decryption, and only then what is said.
///
/// ```
/// use stoa_saml::{Certificate, Expected, Freshness, RefusalCode, ResponseInput, Skew, Trust, verify};
///
/// # macro_rules! testdata { ($file:literal) => { concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/", $file) } }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let pem = include_str!(testdata!("keys/idp-current.crt"));
/// # let xml = include_bytes!(testdata!("hostile/c076-padding-sound.xml"));
/// let trust = Trust::new("https://idp.example", vec![Certificate::from_pem(pem)?])?;
/// let mut input = ResponseInput {
///     xml, // what the browser posted, its base64 undone
///     trust: &trust,
///     sp_entity_id: "https://stoa.example/saml/acme",
///     acs_url: "https://stoa.example/saml/acme/acs",
///     expected: Expected::Request { id: "_request-1" },
///     freshness: Freshness::Any,
///     skew: Skew::default(),
///     decryption_keys: &[],
///     now: "2026-11-20T12:00:00Z".parse()?,
/// };
/// let proven = verify(&input)?;
/// assert_eq!(proven.name_id().map(|name_id| name_id.value.as_str()), Ok("m.muster@acme.example"));
///
/// // The same bytes, in the hands of whoever kept them.
/// input.now = "2026-11-20T12:30:00Z".parse()?;
/// assert_eq!(verify(&input).unwrap_err().code, RefusalCode::Expired);
///
/// // The same bytes, in a browser that asked something else.
/// input.now = "2026-11-20T12:00:00Z".parse()?;
/// input.expected = Expected::Request { id: "_request-2" };
/// assert_eq!(verify(&input).unwrap_err().code, RefusalCode::InResponseToMismatch);
/// # Ok(())
/// # }
/// ```
pub fn verify(input: &ResponseInput<'_>) -> Result<VerifiedResponse, Refusal> {
    let text = prescan(input.xml, &MESSAGE)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    if !is(root, ns::SAMLP, "Response") {
        return Err(Refusal::from(RefusalCode::NotAResponse).got(root.tag_name().name()));
    }
    let layout = Layout::of(root)?;
    let head = Head::read(root)?;
    check_status(head.status)?;

    let response = signed(root, layout.root_signature, input)?;
    head.check(input, response.is_some())?;
    match layout.assertion {
        None => Err(RefusalCode::AssertionMissing.into()),
        Some(AssertionAt::Plain { element, signature }) => {
            let own = signed(element, signature, input)?;
            let proof = Proof::of(response, own, SignedAssertion::inside)?;
            proof.read(input, false)
        }
        Some(AssertionAt::Encrypted(element)) => {
            let plaintext = decrypt(element, input.decryption_keys, response.is_some())?;
            verify_plaintext(&plaintext, response, input)
        }
    }
}

/// What a refused Response says if a trusted key signed it, for an administrator who asks why it was refused, and for no
/// decision. An encrypted Assertion says nothing here: whoever posts a message that they have caught must not learn what
/// is in it.
pub fn unverified_statements(input: &ResponseInput<'_>) -> Option<UnverifiedStatements> {
    let text = prescan(input.xml, &MESSAGE).ok()?;
    let document = xml::parse(&text).ok()?;
    let root = document.root_element();
    let layout = Layout::of(root).ok().filter(|_| is(root, ns::SAMLP, "Response"))?;
    let Some(AssertionAt::Plain { element, signature }) = layout.assertion else { return None };
    let response = signed(root, layout.root_signature, input).ok()?;
    let own = signed(element, signature, input).ok()?;
    let proof = Proof::of(response, own, SignedAssertion::inside).ok()?;
    Some(assertion::unverified(proof.assertion))
}

/// The plaintext is a document of its own: the same bounds, parse and layout, never spliced into the Response.
fn verify_plaintext(
    plaintext: &[u8],
    response: Option<SignedElement<'_, '_>>,
    input: &ResponseInput<'_>,
) -> Result<VerifiedResponse, Refusal> {
    let unreadable = |refusal: Refusal| Refusal::from(RefusalCode::PlaintextNotAnAssertion).got(refusal.code.as_str());
    let text = prescan(plaintext, &MESSAGE).map_err(unreadable)?;
    let document = xml::parse(&text).map_err(unreadable)?;
    let root = document.root_element();
    if !is(root, ns::SAML, "Assertion") {
        return Err(RefusalCode::PlaintextNotAnAssertion.into());
    }
    let own = signed(root, Layout::of(root)?.root_signature, input)?;
    let proof = Proof::of(response, own, |response| SignedAssertion::decrypted_inside(response, root))?;
    proof.read(input, true)
}

/// A signature that is there must hold; one that is absent is absent.
fn signed<'a, 'i>(
    element: Node<'a, 'i>,
    signature: Option<Node<'a, 'i>>,
    input: &ResponseInput<'a>,
) -> Result<Option<SignedElement<'a, 'i>>, Refusal> {
    signature.map(|signature| verify_enveloped(element, signature, input.trust.candidates())).transpose()
}

/// The Assertion that a signature covers, and which.
struct Proof<'a, 'i, 'k> {
    assertion: SignedAssertion<'a, 'i>,
    signed: Signed,
    fingerprint: &'k str,
}

impl<'a, 'i, 'k> Proof<'a, 'i, 'k> {
    fn of<'r, 's>(
        response: Option<SignedElement<'r, 's>>,
        own: Option<SignedElement<'a, 'i>>,
        inside: impl Fn(SignedElement<'r, 's>) -> Option<SignedAssertion<'a, 'i>>,
    ) -> Result<Self, Refusal>
    where
        'r: 'k,
        'a: 'k,
    {
        let (assertion, signed, fingerprint) = match (response, own) {
            (Some(_), Some(own)) => (SignedAssertion::signed(own), Signed::Both, own.fingerprint()),
            (None, Some(own)) => (SignedAssertion::signed(own), Signed::Assertion, own.fingerprint()),
            (Some(response), None) => (inside(response), Signed::Response, response.fingerprint()),
            (None, None) => return Err(RefusalCode::SignatureMissing.into()),
        };
        let assertion = assertion.ok_or(RefusalCode::AssertionMissing)?;
        Ok(Self { assertion, signed, fingerprint })
    }

    fn read(self, input: &ResponseInput<'_>, was_encrypted: bool) -> Result<VerifiedResponse, Refusal> {
        let claims = assertion::read(self.assertion, input)?;
        Ok(VerifiedResponse {
            issuer: input.trust.idp_entity_id().to_owned(),
            claims,
            signed_by: self.fingerprint.to_owned(),
            signed: self.signed,
            was_encrypted,
        })
    }
}

/// The Response's own elements and attributes (SAML core §3.2.2).
struct Head<'a, 'i> {
    element: Node<'a, 'i>,
    issuer: Option<Node<'a, 'i>>,
    status: Node<'a, 'i>,
}

impl<'a, 'i> Head<'a, 'i> {
    fn read(element: Node<'a, 'i>) -> Result<Self, Refusal> {
        assertion::check_head(element)?;
        let (mut issuer, mut status) = (None, None);
        for child in xml::elements(element)? {
            match (child.tag_name().namespace(), child.tag_name().name()) {
                (Some(ns::SAML), "Issuer") => once(&mut issuer, child)?,
                (Some(ns::SAMLP), "Status") => once(&mut status, child)?,
                (Some(ns::SAMLP), "Extensions")
                | (Some(ns::DSIG), "Signature")
                | (Some(ns::SAML), "Assertion" | "EncryptedAssertion") => {}
                (_, name) => return Err(Refusal::from(RefusalCode::ElementUnexpected).got(name)),
            }
        }
        Ok(Self { element, issuer, status: status.ok_or_else(|| missing("Status"))? })
    }

    /// Signed or not, what the Response says must fit; signed, it must say where it goes (bindings §3.5.5.2).
    fn check(&self, input: &ResponseInput<'_>, is_signed: bool) -> Result<(), Refusal> {
        if let Some(issuer) = self.issuer {
            assertion::check_issuer(issuer, input.trust.idp_entity_id(), RefusalCode::ResponseIssuerMismatch)?;
        }
        match self.element.attribute("Destination") {
            Some(got) => same(got, input.acs_url, RefusalCode::DestinationMismatch)?,
            None if is_signed => return Err(Refusal::from(RefusalCode::DestinationMissing).wanted(input.acs_url)),
            None => {}
        }
        assertion::issued(self.element, Clock::new(input.now, input.skew), input.now)?;
        check_in_response_to(self.element.attribute("InResponseTo"), input.expected)
    }
}

const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";

/// SAML core §3.2.2.2. A failure is reported before any signature is looked at: it carries no Assertion, and often
/// no signature. The free text of `StatusMessage` is left where it is.
fn check_status(status: Node<'_, '_>) -> Result<(), Refusal> {
    let top = status_code(status)?.ok_or_else(|| missing("StatusCode"))?;
    let top_value = xml::required(top, "Value")?;
    if top_value.strip_prefix(STATUS) == Some("Success") {
        return Ok(());
    }
    let nested = status_code(top)?.and_then(|nested| nested.attribute("Value")).unwrap_or_default();
    let code = known_status(nested).or_else(|| known_status(top_value)).unwrap_or(RefusalCode::StatusOther);
    Err(Refusal::from(code).got(if nested.is_empty() { top_value } else { nested }))
}

fn status_code<'a, 'i>(parent: Node<'a, 'i>) -> Result<Option<Node<'a, 'i>>, Refusal> {
    let mut found = None;
    for child in xml::elements(parent)?.filter(|&child| is(child, ns::SAMLP, "StatusCode")) {
        once(&mut found, child)?;
    }
    Ok(found)
}

fn known_status(value: &str) -> Option<RefusalCode> {
    Some(match value.strip_prefix(STATUS)? {
        "AuthnFailed" => RefusalCode::StatusAuthnFailed,
        "InvalidNameIDPolicy" => RefusalCode::StatusInvalidNameIdPolicy,
        "NoAuthnContext" => RefusalCode::StatusNoAuthnContext,
        "NoPassive" => RefusalCode::StatusNoPassive,
        "RequestDenied" => RefusalCode::StatusRequestDenied,
        "RequestUnsupported" => RefusalCode::StatusRequestUnsupported,
        "UnknownPrincipal" => RefusalCode::StatusUnknownPrincipal,
        "Requester" => RefusalCode::StatusRequester,
        "Responder" => RefusalCode::StatusResponder,
        "VersionMismatch" => RefusalCode::StatusVersionMismatch,
        _ => return None,
    })
}

/// The request that a message claims to answer. Good for finding the pending login, and for nothing else.
pub fn unverified_in_response_to(xml: &[u8]) -> Option<String> {
    // The root's start tag is enough, and a whole parse would double the work of a login.
    let tag = first_tag(xml, &MESSAGE).ok()?;
    let alone = format!("{}/>", tag.strip_suffix('>')?.trim_end_matches('/'));
    xml::parse(&alone).ok()?.root_element().attribute("InResponseTo").map(str::to_owned)
}
