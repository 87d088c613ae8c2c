//! Reads an AuthnRequest, as an identity provider does.

use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::refusal::Refusal;

/// An AuthnRequest that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedAuthnRequest {
    /// Its `ID`.
    pub id: String,
    /// Who sends it.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Whom it is addressed to.
    pub destination: Option<String>,
    /// Where the Response is to go.
    pub acs_url: Option<String>,
    /// Whether the person must authenticate again.
    pub force_authn: bool,
    /// `NameIDPolicy/@Format`, an empty one included.
    pub name_id_format: Option<String>,
    /// The authentication context classes asked for.
    pub authn_context: Vec<String>,
    /// The RelayState that came with it.
    pub relay_state: Option<String>,
    /// The fingerprint of the key that signed it; `None` if it was not signed.
    pub signed_by: Option<String>,
}

/// Reads the raw query of a Redirect. With `keys`, a signature is required; without, none is looked at.
///
/// The signature is over the octets of the query as they came (SAML bindings §3.4.4.1).
pub fn parse_redirect_request(raw_query: &str, keys: &[Certificate]) -> Result<ReceivedAuthnRequest, Refusal> {
    let _ = (raw_query, keys);
    todo!("received")
}

/// Reads the decoded form fields of a POST. With `keys`, a signature is required; without, none is looked at.
pub fn parse_post_request(
    saml_request: &str,
    relay_state: Option<&str>,
    keys: &[Certificate],
) -> Result<ReceivedAuthnRequest, Refusal> {
    let _ = (saml_request, relay_state, keys);
    todo!("received")
}
