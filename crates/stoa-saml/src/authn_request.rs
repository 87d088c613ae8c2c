//! The AuthnRequest (SAML core §3.4.1), and the two bindings it leaves by.

use jiff::Timestamp;

use crate::private_key::{KeyError, SigningKey};

/// A request to authenticate somebody.
#[derive(Clone, Copy, Debug)]
pub struct AuthnRequest<'a> {
    /// Its `ID`: an XML name, unguessable.
    pub id: &'a str,
    /// When it is made.
    pub issue_instant: Timestamp,
    /// The identity provider's single sign-on service.
    pub destination: &'a str,
    /// Our entity id.
    pub issuer: &'a str,
    /// Our assertion consumer service.
    pub acs_url: &'a str,
    /// Whether the person must authenticate again.
    pub force_authn: bool,
    /// The name identifier format asked for. `None` writes no format at all: PingFederate refuses an empty one.
    pub name_id_format: Option<&'a str>,
    /// The authentication context classes asked for; none asks for nothing.
    pub authn_context: &'a [&'a str],
}

/// The fields of the form that carries a request by POST. Escape each for HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostForm {
    /// Where the form is posted to.
    pub action: String,
    /// The `SAMLRequest` field.
    pub saml_request: String,
    /// The `RelayState` field.
    pub relay_state: Option<String>,
}

impl AuthnRequest<'_> {
    /// The request as XML, unsigned.
    pub fn to_xml(&self) -> String {
        todo!("authn request")
    }

    /// The address that carries the request by Redirect, signed where there is a key (SAML bindings §3.4.4.1).
    pub fn redirect_url(&self, relay_state: Option<&str>, signer: Option<&SigningKey>) -> Result<String, KeyError> {
        let _ = (relay_state, signer);
        todo!("authn request")
    }

    /// The form that carries the request by POST, signed where there is a key (SAML bindings §3.5.4).
    pub fn post_form(&self, relay_state: Option<&str>, signer: Option<&SigningKey>) -> Result<PostForm, KeyError> {
        let _ = (relay_state, signer);
        todo!("authn request")
    }
}
