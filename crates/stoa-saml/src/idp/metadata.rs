//! An identity provider's metadata, written.

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::metadata::SsoEndpoint;

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

/// Writes an identity provider's metadata.
pub fn idp_metadata(idp: &IdpDescription<'_>) -> String {
    let _ = idp;
    todo!("metadata")
}
