//! Metadata (saml-metadata-2.0-os): the identity provider's is read, ours is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use roxmltree::Node;

use crate::certificate::Certificate;
use crate::decryption::ENCRYPTION_METHODS;
use crate::key_value;
use crate::layout::metadata_signature;
use crate::prescan::{METADATA, prescan};
use crate::refusal::{Refusal, RefusalCode};
use crate::signature::verify_enveloped;
use crate::timestamp;
use crate::trust::Candidates;
use crate::verification_key::CertificateError;
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
    /// How a request reaches the address.
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
    /// What stands among the signing keys and is none that counts.
    pub left_out: Vec<LeftOut>,
    /// The nearest `validUntil` that covers the entity.
    pub valid_until: Option<Timestamp>,
    /// Whether it wants requests signed.
    pub wants_signed_requests: bool,
    /// The name identifier formats it offers.
    pub name_id_formats: Vec<String>,
}

/// Something among the signing keys that is not trusted, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftOut {
    /// A key that this crate cannot verify with.
    #[error("a signing key: {0}")]
    Unusable(CertificateError),
    /// A certificate that is not the first of its `X509Data`: by XML Signature 1.1 §4.5.4 it belongs to the first one's
    /// chain, and whoever issues a certificate must not be able to sign a login.
    #[error("{0}: not the first certificate of its X509Data, so it is part of a chain and no signing key")]
    Chain(String),
}

/// Certificates and keys of one role, for whatever use. Reading one takes twenty microseconds.
const MAX_KEYS: usize = 64;

/// Why metadata cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not readable XML, or its signature does not hold.
    #[error("the metadata is refused: {0}")]
    Refused(Refusal),
    /// Not a byte, or white space.
    #[error("nothing came, where metadata should be")]
    Nothing,
    /// HTML, such as a page to sign in at.
    #[error("a web page came, not metadata")]
    WebPage,
    /// JSON, such as an error of an API or an OpenID Connect discovery document.
    #[error("JSON came, not metadata")]
    Json,
    /// A text that is not XML.
    #[error("something else than XML came, not metadata")]
    NotXml,
    /// The root, which is named, is neither `EntityDescriptor` nor `EntitiesDescriptor`.
    #[error("not SAML 2.0 metadata: the root element is {0:?}")]
    NotMetadata(String),
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
    /// More certificates and keys than any identity provider has; a bound on the work of reading them.
    #[error("the identity provider shows more than {MAX_KEYS} certificates and keys")]
    TooManyKeys,
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
    read(xml, entity_id, None, now)
}

/// Reads metadata whose root is signed by one of `pinned` (§3).
pub fn parse_signed(
    xml: &[u8],
    entity_id: Option<&str>,
    pinned: &[Certificate],
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    read(xml, entity_id, Some(pinned), now)
}

fn read(
    xml: &[u8],
    entity_id: Option<&str>,
    pinned: Option<&[Certificate]>,
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    let instead = |refusal: Refusal| what_came(xml).unwrap_or(MetadataError::Refused(refusal));
    let text = prescan(xml, &METADATA).map_err(instead)?;
    let document = xml::parse(&text).map_err(instead)?;
    let root = document.root_element();
    if !is(root, ns::METADATA, "EntityDescriptor") && !is(root, ns::METADATA, "EntitiesDescriptor") {
        let name = || MetadataError::NotMetadata(root.tag_name().name().chars().take(100).collect());
        return Err(what_came(xml).unwrap_or_else(name));
    }
    if let Some(pinned) = pinned {
        let signature = metadata_signature(root)?.ok_or_else(|| Refusal::from(RefusalCode::SignatureMissing))?;
        verify_enveloped(root, signature, Candidates::of(pinned))?;
    }
    read_root(root, entity_id, now)
}

/// What came instead of metadata, by how it begins.
fn what_came(bytes: &[u8]) -> Option<MetadataError> {
    let begins = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begins = begins[..begins.len().min(1024)].to_ascii_lowercase();
    let has = |tag: &[u8]| begins.windows(tag.len()).any(|window| window == tag);
    match begins.first() {
        None => Some(MetadataError::Nothing),
        Some(b'{' | b'[') => Some(MetadataError::Json),
        Some(_) if has(b"<!doctype html") || has(b"<html") => Some(MetadataError::WebPage),
        Some(b'<') => None,
        Some(_) => Some(MetadataError::NotXml),
    }
}

fn read_root(root: Node<'_, '_>, entity_id: Option<&str>, now: Timestamp) -> Result<IdpMetadata, MetadataError> {
    let (entity, role) = choose(root, entity_id)?;
    let valid_until = valid_until(role)?;
    if let Some(end) = valid_until.filter(|&end| end <= now) {
        return Err(MetadataError::Expired(end));
    }
    let (signing, left_out) = signing_keys(role)?;
    let wants_signed = role.attribute("WantAuthnRequestsSigned").unwrap_or_default();
    Ok(IdpMetadata {
        entity_id: entity_id_of(entity).to_owned(),
        sso: endpoints(role)?,
        signing,
        left_out,
        valid_until,
        wants_signed_requests: matches!(wants_signed.trim_matches(xml::SPACE), "true" | "1"),
        name_id_formats: name_id_formats(role),
    })
}

/// Without the white space that an anyURI may have round it, like the `Issuer` it is compared with.
fn entity_id_of<'a>(entity: Node<'a, '_>) -> &'a str {
    entity.attribute("entityID").unwrap_or_default().trim_matches(xml::SPACE)
}

/// The entity and its identity provider role for SAML 2.0. Two that fit are one too many.
fn choose<'a, 'i>(root: Node<'a, 'i>, entity_id: Option<&str>) -> Result<(Node<'a, 'i>, Node<'a, 'i>), MetadataError> {
    let wanted = entity_id.map(|wanted| wanted.trim_matches(xml::SPACE));
    let mut entities = Vec::new();
    collect_entities(root, &mut entities);
    let mut found = entities
        .into_iter()
        .filter(|&entity| wanted.is_none_or(|wanted| entity_id_of(entity) == wanted))
        .flat_map(|entity| entity.children().map(move |role| (entity, role)))
        .filter(|&(_, role)| is(role, ns::METADATA, "IDPSSODescriptor") && speaks_saml2(role));
    let chosen = found.next().ok_or(MetadataError::NoIdentityProvider)?;
    match found.next() {
        None => Ok(chosen),
        Some(_) => Err(MetadataError::SeveralIdentityProviders),
    }
}

/// The entities of an aggregate (§2.3.1), where such elements have their place and nowhere else: what stands inside
/// the root's own signature is not covered by it. Recursion is bounded by the prescan's depth.
fn collect_entities<'a, 'i>(element: Node<'a, 'i>, entities: &mut Vec<Node<'a, 'i>>) {
    if is(element, ns::METADATA, "EntityDescriptor") {
        entities.push(element);
    } else if is(element, ns::METADATA, "EntitiesDescriptor") {
        element.children().for_each(|child| collect_entities(child, entities));
    }
}

fn speaks_saml2(role: Node<'_, '_>) -> bool {
    role.attribute("protocolSupportEnumeration").unwrap_or_default().split(xml::SPACE).any(|p| p == ns::SAMLP)
}

/// The nearest `validUntil` of the role and everything round it (§2.3.1). One that never comes bounds nothing.
fn valid_until(role: Node<'_, '_>) -> Result<Option<Timestamp>, Refusal> {
    let bounds = role.ancestors().filter_map(|node| node.attribute("validUntil"));
    let nearest =
        bounds.map(timestamp::parse).try_fold(timestamp::NEVER, |nearest, end| end.map(|end| nearest.min(end)))?;
    Ok(Some(nearest).filter(|end| *end < timestamp::NEVER))
}

/// The role's endpoints by Redirect and POST, in order (§2.4.3).
fn endpoints(role: Node<'_, '_>) -> Result<Vec<SsoEndpoint>, MetadataError> {
    let services = role.children().filter(|&child| is(child, ns::METADATA, "SingleSignOnService"));
    let endpoint = |service: Node<'_, '_>| {
        let binding = Binding::from_uri(service.attribute("Binding")?)?;
        Some(SsoEndpoint { binding, location: service.attribute("Location")?.trim_matches(xml::SPACE).to_owned() })
    };
    let sso: Vec<_> = services.filter_map(endpoint).collect();
    if sso.is_empty() { Err(MetadataError::NoEndpoint) } else { Ok(sso) }
}

/// The keys for signing, or for anything (§2.4.1.1), each once.
fn signing_keys(role: Node<'_, '_>) -> Result<(Vec<Certificate>, Vec<LeftOut>), MetadataError> {
    if role.descendants().filter(|&node| is_key(node)).nth(MAX_KEYS).is_some() {
        return Err(MetadataError::TooManyKeys);
    }
    let (mut signing, mut left_out) = (Vec::new(), Vec::new());
    let descriptors = role.children().filter(|&child| is(child, ns::METADATA, "KeyDescriptor"));
    for descriptor in descriptors.filter(|key| matches!(key.attribute("use"), None | Some("signing"))) {
        for key_info in descriptor.children().filter(|&child| is(child, ns::DSIG, "KeyInfo")) {
            for key in keys_of(key_info, &mut left_out) {
                match key {
                    Ok(key) if signing.contains(&key) => {}
                    Ok(key) => signing.push(key),
                    Err(error) => left_out.push(LeftOut::Unusable(error)),
                }
            }
        }
    }
    let unusable = left_out.iter().find_map(|left_out| match left_out {
        LeftOut::Unusable(error) => Some(*error),
        LeftOut::Chain(_) => None,
    });
    match (signing.is_empty(), unusable) {
        (true, None) => Err(MetadataError::NoSigningKey),
        (true, Some(error)) => Err(MetadataError::NoUsableKey(error)),
        (false, _) => Ok((signing, left_out)),
    }
}

fn is_key(node: Node<'_, '_>) -> bool {
    is(node, ns::DSIG, "X509Certificate")
        || is(node, ns::DSIG, "KeyValue")
        || is(node, ns::DSIG11, "DEREncodedKeyValue")
}

/// The first certificate of each `X509Data`, else the bare keys: where both are shown, they are one key.
fn keys_of(key_info: Node<'_, '_>, left_out: &mut Vec<LeftOut>) -> Vec<Result<Certificate, CertificateError>> {
    let mut keys = Vec::new();
    for data in key_info.children().filter(|&child| is(child, ns::DSIG, "X509Data")) {
        let mut certificates = data
            .children()
            .filter(|&child| is(child, ns::DSIG, "X509Certificate"))
            .map(|element| Certificate::from_base64(xml::text(element).map_err(|_| CertificateError::Base64)?));
        keys.extend(certificates.next());
        left_out.extend(certificates.map(|chain| {
            let name =
                |certificate: Certificate| format!("{} ({:.16}…)", certificate.subject(), certificate.fingerprint());
            LeftOut::Chain(chain.map_or_else(|error| error.to_string(), name))
        }));
    }
    if keys.is_empty() {
        keys.extend(key_info.children().filter_map(key_value::read));
    }
    keys
}

/// Those that are text; nothing depends on them.
fn name_id_formats(role: Node<'_, '_>) -> Vec<String> {
    let formats = role.children().filter(|&child| is(child, ns::METADATA, "NameIDFormat"));
    formats.filter_map(|format| xml::identifier(format).ok()).map(str::to_owned).collect()
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

/// Until when a copy of our metadata may be kept (§2.3.2 wants this or `validUntil` of a root). A key of ours is published
/// days before it is used.
const CACHE: &str = "PT12H";

/// Writes our metadata.
pub fn sp_metadata(sp: &SpMetadata<'_>) -> String {
    let keys = keys("signing", sp.signing, "") + &keys("encryption", sp.encryption, ENCRYPTION_METHODS);
    let format = sp
        .name_id_format
        .map_or(String::new(), |format| format!("    <md:NameIDFormat>{}</md:NameIDFormat>\n", escaped(format)));
    format!(
        "<md:EntityDescriptor xmlns:md=\"{md}\" xmlns:ds=\"{dsig}\" ID=\"_metadata\" entityID=\"{entity_id}\" \
         cacheDuration=\"{CACHE}\">\n  \
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

/// One KeyDescriptor for each certificate, with the methods that its key is good for (§2.4.1.1).
pub(crate) fn keys(purpose: &str, certificates: &[Certificate], methods: &str) -> String {
    let descriptor = |certificate: &Certificate| {
        format!(
            "    <md:KeyDescriptor use=\"{purpose}\">\n      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n{methods}    </md:KeyDescriptor>\n",
            STANDARD.encode(certificate.der())
        )
    };
    certificates.iter().map(descriptor).collect()
}
