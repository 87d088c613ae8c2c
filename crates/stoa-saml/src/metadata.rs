//! Metadata (saml-metadata-2.0-os): the identity provider's is read, ours is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use roxmltree::Node;

use crate::certificate::{Certificate, CertificateError};
use crate::layout::Layout;
use crate::prescan::{METADATA, prescan};
use crate::refusal::{Refusal, RefusalCode};
use crate::signature::verify_enveloped;
use crate::timestamp;
use crate::xml::{self, escaped, is, ns};

/// A binding of the single sign-on service that this crate can send by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// HTTP-Redirect (SAML bindings §3.4).
    Redirect,
    /// HTTP-POST (SAML bindings §3.5).
    Post,
}

impl Binding {
    /// The identifier in metadata.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Redirect => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            Self::Post => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        }
    }

    fn from_uri(uri: &str) -> Option<Self> {
        [Self::Redirect, Self::Post].into_iter().find(|binding| binding.uri() == uri)
    }
}

/// Where AuthnRequests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoEndpoint {
    /// How.
    pub binding: Binding,
    /// Where to. Not judged here: the caller allows https only.
    pub location: String,
}

/// An identity provider, as its metadata describes it.
#[derive(Clone, Debug)]
pub struct IdpMetadata {
    /// Its entity id.
    pub entity_id: String,
    /// Where AuthnRequests go; never empty.
    pub sso: Vec<SsoEndpoint>,
    /// The keys it signs with; never empty. A key without a `use` counts (§2.4.1.1).
    pub signing: Vec<Certificate>,
    /// Signing keys that this crate cannot use, and why.
    pub refused_keys: Vec<CertificateError>,
    /// The nearest `validUntil` that covers the entity.
    pub valid_until: Option<Timestamp>,
    /// Whether it wants requests signed.
    pub wants_signed_requests: bool,
    /// The name identifier formats it offers.
    pub name_id_formats: Vec<String>,
}

/// Why metadata cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not readable XML, or its signature does not hold.
    #[error("the metadata is refused: {0}")]
    Refused(Refusal),
    /// The root is neither `EntityDescriptor` nor `EntitiesDescriptor`.
    #[error("not SAML 2.0 metadata")]
    NotMetadata,
    /// No identity provider (of that entity id).
    #[error("the metadata describes no such identity provider")]
    NoIdentityProvider,
    /// Several identity providers, and none was chosen.
    #[error("the metadata describes several identity providers: choose one by its entity id")]
    SeveralIdentityProviders,
    /// `validUntil` has passed.
    #[error("the metadata was valid until {0}")]
    Expired(Timestamp),
    /// No single sign-on service by Redirect or POST.
    #[error("the identity provider has no single sign-on service by Redirect or POST")]
    NoEndpoint,
    /// No key.
    #[error("the identity provider has no signing key")]
    NoSigningKey,
    /// Keys, but none that this crate can use.
    #[error("the identity provider has no usable signing key: {0}")]
    NoUsableKey(CertificateError),
}

impl From<Refusal> for MetadataError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Reads an identity provider's metadata. Unsigned or not: a signature is not looked at.
///
/// `entity_id` chooses among several; `None` takes the only one.
pub fn parse(xml: &[u8], entity_id: Option<&str>, now: Timestamp) -> Result<IdpMetadata, MetadataError> {
    let text = prescan(xml, &METADATA)?;
    let document = xml::parse(&text)?;
    read_root(document.root_element(), entity_id, now)
}

/// Reads metadata whose root is signed by one of `pinned` (§3).
pub fn parse_signed(
    xml: &[u8],
    entity_id: Option<&str>,
    pinned: &[Certificate],
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    let text = prescan(xml, &METADATA)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    let layout = Layout::of(root)?;
    let signature = layout.root_signature.ok_or_else(|| Refusal::from(RefusalCode::SignatureMissing))?;
    let signed = verify_enveloped(root, signature, pinned)?;
    read_root(signed.element(), entity_id, now)
}

fn read_root(root: Node<'_, '_>, entity_id: Option<&str>, now: Timestamp) -> Result<IdpMetadata, MetadataError> {
    if !is(root, ns::METADATA, "EntityDescriptor") && !is(root, ns::METADATA, "EntitiesDescriptor") {
        return Err(MetadataError::NotMetadata);
    }
    let (entity, role) = choose(root, entity_id)?;
    let valid_until = valid_until(role)?;
    if let Some(end) = valid_until.filter(|&end| end <= now) {
        return Err(MetadataError::Expired(end));
    }
    let (signing, refused_keys) = signing_keys(role)?;
    Ok(IdpMetadata {
        entity_id: entity.attribute("entityID").unwrap_or_default().to_owned(),
        sso: endpoints(role)?,
        signing,
        refused_keys,
        valid_until,
        wants_signed_requests: matches!(role.attribute("WantAuthnRequestsSigned"), Some("true" | "1")),
        name_id_formats: name_id_formats(role)?,
    })
}

/// The entity and its identity provider role for SAML 2.0. Two that fit are one too many.
fn choose<'a, 'i>(root: Node<'a, 'i>, entity_id: Option<&str>) -> Result<(Node<'a, 'i>, Node<'a, 'i>), MetadataError> {
    let mut found = root
        .descendants()
        .filter(|&node| is(node, ns::METADATA, "EntityDescriptor"))
        .filter(|entity| entity_id.is_none_or(|wanted| entity.attribute("entityID") == Some(wanted)))
        .flat_map(|entity| entity.children().map(move |role| (entity, role)))
        .filter(|&(_, role)| is(role, ns::METADATA, "IDPSSODescriptor") && speaks_saml2(role));
    let chosen = found.next().ok_or(MetadataError::NoIdentityProvider)?;
    match found.next() {
        None => Ok(chosen),
        Some(_) => Err(MetadataError::SeveralIdentityProviders),
    }
}

fn speaks_saml2(role: Node<'_, '_>) -> bool {
    role.attribute("protocolSupportEnumeration").unwrap_or_default().split(xml::SPACE).any(|p| p == ns::SAMLP)
}

/// The nearest `validUntil` of the role and everything round it (§2.3.1).
fn valid_until(role: Node<'_, '_>) -> Result<Option<Timestamp>, Refusal> {
    let bounds = role.ancestors().filter_map(|node| node.attribute("validUntil"));
    bounds.map(timestamp::parse).try_fold(None, |nearest: Option<Timestamp>, end| {
        let end = end?;
        Ok(Some(nearest.map_or(end, |nearest| nearest.min(end))))
    })
}

/// The role's endpoints by Redirect and POST, in order (§2.4.3).
fn endpoints(role: Node<'_, '_>) -> Result<Vec<SsoEndpoint>, MetadataError> {
    let services = role.children().filter(|&child| is(child, ns::METADATA, "SingleSignOnService"));
    let endpoint = |service: Node<'_, '_>| {
        let binding = Binding::from_uri(service.attribute("Binding")?)?;
        Some(SsoEndpoint { binding, location: service.attribute("Location")?.to_owned() })
    };
    let sso: Vec<_> = services.filter_map(endpoint).collect();
    if sso.is_empty() { Err(MetadataError::NoEndpoint) } else { Ok(sso) }
}

/// The keys for signing, or for anything (§2.4.1.1), each once.
fn signing_keys(role: Node<'_, '_>) -> Result<(Vec<Certificate>, Vec<CertificateError>), MetadataError> {
    let (mut signing, mut refused) = (Vec::new(), Vec::new());
    let descriptors = role.children().filter(|&child| is(child, ns::METADATA, "KeyDescriptor"));
    for descriptor in descriptors.filter(|key| matches!(key.attribute("use"), None | Some("signing"))) {
        for element in descriptor.descendants().filter(|&node| is(node, ns::DSIG, "X509Certificate")) {
            match Certificate::from_base64(xml::text(element)?) {
                Ok(certificate) if signing.contains(&certificate) => {}
                Ok(certificate) => signing.push(certificate),
                Err(error) => refused.push(error),
            }
        }
    }
    match (signing.is_empty(), refused.first()) {
        (true, None) => Err(MetadataError::NoSigningKey),
        (true, Some(&error)) => Err(MetadataError::NoUsableKey(error)),
        (false, _) => Ok((signing, refused)),
    }
}

fn name_id_formats(role: Node<'_, '_>) -> Result<Vec<String>, Refusal> {
    let formats = role.children().filter(|&child| is(child, ns::METADATA, "NameIDFormat"));
    formats.map(|format| xml::identifier(format).map(str::to_owned)).collect()
}

/// This service provider, as its metadata describes it.
#[derive(Clone, Copy, Debug)]
pub struct SpMetadata<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Our assertion consumer service (POST).
    pub acs_url: &'a str,
    /// The certificates we sign requests with.
    pub signing: &'a [Certificate],
    /// The certificates Assertions may be encrypted to.
    pub encryption: &'a [Certificate],
    /// The name identifier format we ask for.
    pub name_id_format: Option<&'a str>,
    /// Whether our requests are signed.
    pub authn_requests_signed: bool,
}

/// Writes our metadata.
pub fn sp_metadata(sp: &SpMetadata<'_>) -> String {
    let keys = keys("signing", sp.signing) + &keys("encryption", sp.encryption);
    let format = sp
        .name_id_format
        .map_or(String::new(), |format| format!("    <md:NameIDFormat>{}</md:NameIDFormat>\n", escaped(format)));
    format!(
        "<md:EntityDescriptor xmlns:md=\"{md}\" xmlns:ds=\"{dsig}\" entityID=\"{entity_id}\">\n  \
         <md:SPSSODescriptor AuthnRequestsSigned=\"{signed}\" WantAssertionsSigned=\"false\" \
         protocolSupportEnumeration=\"{samlp}\">\n{keys}{format}    \
         <md:AssertionConsumerService Binding=\"{post}\" Location=\"{acs}\" index=\"0\" isDefault=\"true\"/>\n  \
         </md:SPSSODescriptor>\n</md:EntityDescriptor>\n",
        md = ns::METADATA,
        dsig = ns::DSIG,
        entity_id = escaped(sp.entity_id),
        signed = sp.authn_requests_signed,
        samlp = ns::SAMLP,
        post = Binding::Post.uri(),
        acs = escaped(sp.acs_url),
    )
}

/// One KeyDescriptor for each certificate (§2.4.1.1).
pub(crate) fn keys(purpose: &str, certificates: &[Certificate]) -> String {
    let descriptor = |certificate: &Certificate| {
        format!(
            "    <md:KeyDescriptor use=\"{purpose}\">\n      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n    </md:KeyDescriptor>\n",
            STANDARD.encode(certificate.der())
        )
    };
    certificates.iter().map(descriptor).collect()
}
