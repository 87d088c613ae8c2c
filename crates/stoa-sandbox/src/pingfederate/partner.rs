//! SP connections: the partners it signs people on to.

use roxmltree::{Document, Node};
use stoa_saml::idp::{DataEncryption, KeyTransport, Placement, SignWhat};
use stoa_saml::{Certificate, CertificateError};

const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// A partner, with PingFederate's defaults.
#[derive(Clone, Debug)]
pub struct SpConnection {
    /// Its entity id.
    pub entity_id: String,
    /// Where Responses may go; the first is the default.
    pub acs_urls: Vec<String>,
    /// The certificates its requests are checked with.
    pub signing: Vec<Certificate>,
    /// The certificate Assertions can be encrypted to.
    pub encryption: Option<Certificate>,
    /// Whether unsigned requests are refused.
    pub require_signed_requests: bool,
    /// Whether the connection is switched on.
    pub active: bool,
    /// Whether a login may begin at the identity provider.
    pub idp_initiated: bool,
    /// What is signed.
    pub sign: SignWhat,
    /// How Assertions are encrypted; `None` leaves them readable.
    pub encrypt: Option<Encryption>,
}

/// How Assertions to a partner are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// The content's algorithm.
    pub data: DataEncryption,
    /// How its key is wrapped.
    pub transport: KeyTransport,
    /// Where the wrapped key stands.
    pub placement: Placement,
}

/// Why a partner's metadata was not read.
#[derive(Debug, thiserror::Error)]
pub enum SpMetadataError {
    /// Not XML.
    #[error("not XML")]
    Xml(#[from] roxmltree::Error),
    /// No `EntityDescriptor` with an `entityID` and an `SPSSODescriptor`.
    #[error("not a service provider's metadata")]
    NotAServiceProvider,
    /// No assertion consumer service with the POST binding.
    #[error("no assertion consumer service by POST")]
    NoAcs,
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl SpConnection {
    /// The connection that an administrator makes by importing metadata (SAML metadata §2.4.4).
    pub fn from_metadata(xml: &str) -> Result<Self, SpMetadataError> {
        let document = Document::parse(xml)?;
        let entity = document
            .descendants()
            .find(|node| node.has_tag_name((MD, "EntityDescriptor")) && child(*node, "SPSSODescriptor").is_some())
            .ok_or(SpMetadataError::NotAServiceProvider)?;
        let sp = child(entity, "SPSSODescriptor").ok_or(SpMetadataError::NotAServiceProvider)?;
        let entity_id = entity.attribute("entityID").ok_or(SpMetadataError::NotAServiceProvider)?;
        let mut acs: Vec<_> = children(sp, "AssertionConsumerService")
            .filter(|service| service.attribute("Binding") == Some(POST))
            .filter_map(|service| {
                Some((service.attribute("isDefault") == Some("true"), service.attribute("Location")?))
            })
            .collect();
        // A stable sort: the default first, the others as they stand.
        acs.sort_by_key(|(is_default, _)| !is_default);
        if acs.is_empty() {
            return Err(SpMetadataError::NoAcs);
        }
        Ok(Self {
            acs_urls: acs.into_iter().map(|(_, url)| url.to_owned()).collect(),
            signing: certificates(sp, "signing")?,
            encryption: certificates(sp, "encryption")?.into_iter().next(),
            require_signed_requests: sp.attribute("AuthnRequestsSigned") == Some("true"),
            ..Self::typed(entity_id.to_owned(), String::new())
        })
    }

    /// The connection that an administrator makes by hand, from a guide.
    pub(super) fn typed(entity_id: String, acs_url: String) -> Self {
        Self {
            entity_id,
            acs_urls: vec![acs_url],
            signing: Vec::new(),
            encryption: None,
            require_signed_requests: false,
            active: true,
            idp_initiated: true,
            sign: SignWhat::Response,
            encrypt: None,
        }
    }
}

/// The certificates for a use; a `KeyDescriptor` without `use` serves both.
fn certificates(sp: Node<'_, '_>, wanted: &str) -> Result<Vec<Certificate>, CertificateError> {
    children(sp, "KeyDescriptor")
        .filter(|key| key.attribute("use").is_none_or(|used_for| used_for == wanted))
        .flat_map(|key| key.descendants())
        .filter(|node| node.has_tag_name((DS, "X509Certificate")))
        .map(|node| Certificate::from_base64(node.text().unwrap_or_default().trim()))
        .collect()
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &'static str) -> Option<Node<'a, 'input>> {
    children(node, name).next()
}

fn children<'a, 'input>(
    node: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> + use<'a, 'input> {
    node.children().filter(move |child| child.has_tag_name((MD, name)))
}
