//! An identity provider's metadata, written.

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::metadata::{SsoEndpoint, keys};
use crate::timestamp;
use crate::xml::{escaped, ns};

/// What an identity provider publishes about itself.
#[derive(Clone, Copy, Debug)]
pub struct IdpDescription<'a> {
    /// Its entity id.
    pub entity_id: &'a str,
    /// Where AuthnRequests go.
    pub sso: &'a [SsoEndpoint],
    /// The certificates it signs with.
    pub signing: &'a [Certificate],
    /// Until when this may be relied on.
    pub valid_until: Option<Timestamp>,
    /// Whether it wants requests signed.
    pub wants_signed_requests: bool,
}

/// Writes an identity provider's metadata. Its `ID`, for signing, is `_metadata`.
pub fn idp_metadata(idp: &IdpDescription<'_>) -> String {
    let valid_until =
        idp.valid_until.map_or(String::new(), |end| format!(" validUntil=\"{}\"", timestamp::format(end)));
    let service = |endpoint: &SsoEndpoint| {
        let location = escaped(&endpoint.location);
        format!("    <md:SingleSignOnService Binding=\"{}\" Location=\"{location}\"/>\n", endpoint.binding.uri())
    };
    let services: String = idp.sso.iter().map(service).collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"{md}\" xmlns:ds=\"{dsig}\" ID=\"_metadata\" entityID=\"{entity_id}\"{valid_until}>\n  \
         <md:IDPSSODescriptor WantAuthnRequestsSigned=\"{signed}\" protocolSupportEnumeration=\"{samlp}\">\n{keys}{services}  \
         </md:IDPSSODescriptor>\n</md:EntityDescriptor>\n",
        md = ns::METADATA,
        dsig = ns::DSIG,
        entity_id = escaped(idp.entity_id),
        signed = idp.wants_signed_requests,
        samlp = ns::SAMLP,
        keys = keys("signing", idp.signing, ""),
    )
}
