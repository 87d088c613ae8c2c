//! Where signatures, Assertions and identifiers stand in a document: the wrapping attacks, refused as one rule.
//!
//! A signature stands directly under the Response or under the one Assertion, an Assertion directly under the
//! Response, and no identifier appears twice. Whatever is elsewhere is not skipped but refused.

use roxmltree::Node;

use crate::refusal::{Refusal, RefusalCode};
use crate::xml::{is, ns};

/// The places of what matters, in a document whose root is a Response or (after decryption) an Assertion.
pub(crate) struct Layout<'a, 'i> {
    pub(crate) root: Node<'a, 'i>,
    /// The signature directly under the root.
    pub(crate) root_signature: Option<Node<'a, 'i>>,
    /// The Assertion under a Response, plain or encrypted.
    pub(crate) assertion: Option<AssertionAt<'a, 'i>>,
}

/// The one Assertion of a Response.
#[derive(Clone, Copy)]
pub(crate) enum AssertionAt<'a, 'i> {
    Plain { element: Node<'a, 'i>, signature: Option<Node<'a, 'i>> },
    Encrypted(Node<'a, 'i>),
}

impl<'a, 'i> Layout<'a, 'i> {
    pub(crate) fn of(root: Node<'a, 'i>) -> Result<Self, Refusal> {
        let mut layout = Self { root, root_signature: None, assertion: None };
        let mut ids = Vec::with_capacity(8);
        for element in root.descendants().filter(Node::is_element) {
            ids.extend(ids_of(element));
            match element.tag_name().name() {
                "Signature" if is(element, ns::DSIG, "Signature") => layout.add_signature(element)?,
                "Assertion" if is(element, ns::SAML, "Assertion") => {
                    layout.add_assertion(element, AssertionAt::Plain { element, signature: None })?;
                }
                "EncryptedAssertion" if is(element, ns::SAML, "EncryptedAssertion") => {
                    layout.add_assertion(element, AssertionAt::Encrypted(element))?;
                }
                _ => {}
            }
        }
        refuse_repeated(ids)?;
        Ok(layout)
    }

    fn add_assertion(&mut self, element: Node<'a, 'i>, found: AssertionAt<'a, 'i>) -> Result<(), Refusal> {
        if element == self.root {
            return Ok(());
        }
        if element.parent() != Some(self.root) || !is(self.root, ns::SAMLP, "Response") {
            return Err(RefusalCode::AssertionMisplaced.into());
        }
        match self.assertion.replace(found) {
            None => Ok(()),
            Some(_) => Err(RefusalCode::AssertionRepeated.into()),
        }
    }

    /// Elements come in document order, so the Assertion that holds a signature is already known.
    fn add_signature(&mut self, found: Node<'a, 'i>) -> Result<(), Refusal> {
        let place = match &mut self.assertion {
            _ if found.parent() == Some(self.root) => &mut self.root_signature,
            Some(AssertionAt::Plain { element, signature }) if found.parent() == Some(*element) => signature,
            Some(_) | None => return Err(RefusalCode::SignatureMisplaced.into()),
        };
        match place.replace(found) {
            None => Ok(()),
            Some(_) => Err(RefusalCode::SignatureRepeated.into()),
        }
    }
}

/// The signature directly under the root of metadata (saml-metadata-2.0-os §3). Those further down, of entities and roles
/// that are signed as well, stand in what it covers, and are not looked at.
pub(crate) fn metadata_signature<'a, 'i>(root: Node<'a, 'i>) -> Result<Option<Node<'a, 'i>>, Refusal> {
    refuse_repeated(root.descendants().flat_map(ids_of).collect())?;
    let mut signatures = root.children().filter(|&child| is(child, ns::DSIG, "Signature"));
    let signature = signatures.next();
    if signatures.next().is_some() { Err(RefusalCode::SignatureRepeated.into()) } else { Ok(signature) }
}

fn ids_of<'a>(element: Node<'a, '_>) -> impl Iterator<Item = &'a str> {
    element.attributes().filter(|attribute| names_an_id(attribute.name())).map(|attribute| attribute.value())
}

/// Every spelling under which some processor takes an attribute for an identifier, in whatever namespace.
fn names_an_id(local_name: &str) -> bool {
    local_name.eq_ignore_ascii_case("id") || matches!(local_name, "AssertionID" | "ResponseID" | "RequestID")
}

fn refuse_repeated(mut ids: Vec<&str>) -> Result<(), Refusal> {
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => Err(Refusal::from(RefusalCode::IdRepeated).got(pair[0])),
    }
}
