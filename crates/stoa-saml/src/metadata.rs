//! Metadata (saml-metadata-2.0-os): the identity provider's is read, ours is written.

use jiff::Timestamp;

use crate::certificate::{Certificate, CertificateError};
use crate::refusal::Refusal;

/// A binding of the single sign-on service that this crate can send by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// HTTP-Redirect (SAML bindings §3.4).
    Redirect,
    /// HTTP-POST (SAML bindings §3.5).
    Post,
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
pub fn parse(xml: &[u8], entity_id: Option<&str>, now: Timestamp) -> Result<IdpMetadata, MetadataError> {
    let _ = (xml, entity_id, now);
    todo!("metadata")
}

/// Reads metadata whose root is signed by one of `pinned`.
pub fn parse_signed(
    xml: &[u8],
    entity_id: Option<&str>,
    pinned: &[Certificate],
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    let _ = (xml, entity_id, pinned, now);
    todo!("metadata")
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
    let _ = sp;
    todo!("metadata")
}
