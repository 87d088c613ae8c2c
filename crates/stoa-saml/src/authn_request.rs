//! The AuthnRequest (SAML core §3.4.1), and the two bindings it leaves by.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use jiff::Timestamp;

use crate::algorithm::SignatureAlgorithm;
use crate::private_key::{KeyError, SigningKey};
use crate::signing::{SignError, SignOptions, sign_enveloped};
use crate::timestamp;
use crate::xml::{escaped, ns};

const POST_BINDING: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

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
        let force_authn = if self.force_authn { " ForceAuthn=\"true\"" } else { "" };
        let policy = self.name_id_format.map_or(String::new(), |format| {
            format!("<samlp:NameIDPolicy Format=\"{}\" AllowCreate=\"true\"/>", escaped(format))
        });
        format!(
            "<samlp:AuthnRequest xmlns:samlp=\"{samlp}\" xmlns:saml=\"{saml}\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{instant}\" Destination=\"{destination}\"{force_authn} \
             AssertionConsumerServiceURL=\"{acs}\" ProtocolBinding=\"{POST_BINDING}\">\
             <saml:Issuer>{issuer}</saml:Issuer>{policy}{context}</samlp:AuthnRequest>",
            samlp = ns::SAMLP,
            saml = ns::SAML,
            id = escaped(self.id),
            instant = timestamp::format(self.issue_instant),
            destination = escaped(self.destination),
            acs = escaped(self.acs_url),
            issuer = escaped(self.issuer),
            context = self.requested_context(),
        )
    }

    fn requested_context(&self) -> String {
        if self.authn_context.is_empty() {
            return String::new();
        }
        let class = |class: &&str| format!("<saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef>", escaped(class));
        let classes: String = self.authn_context.iter().map(class).collect();
        format!("<samlp:RequestedAuthnContext Comparison=\"exact\">{classes}</samlp:RequestedAuthnContext>")
    }

    /// The address that carries the request by Redirect, signed where there is a key (SAML bindings §3.4.4.1).
    pub fn redirect_url(&self, relay_state: Option<&str>, signer: Option<&SigningKey>) -> Result<String, KeyError> {
        let mut query = format!("SAMLRequest={}", percent_encoded(&STANDARD.encode(deflated(&self.to_xml()))));
        if let Some(relay_state) = relay_state {
            query.push_str("&RelayState=");
            query.push_str(&percent_encoded(relay_state));
        }
        if let Some(key) = signer {
            sign_query(&mut query, key, key.default_algorithm())?;
        }
        let separator = if self.destination.contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}{query}", self.destination))
    }

    /// The form that carries the request by POST, signed where there is a key (SAML bindings §3.5.4).
    pub fn post_form(&self, relay_state: Option<&str>, signer: Option<&SigningKey>) -> Result<PostForm, SignError> {
        let xml = match signer {
            Some(key) => sign_enveloped(&self.to_xml(), self.id, &SignOptions::new(key))?,
            None => self.to_xml(),
        };
        Ok(PostForm {
            action: self.destination.to_owned(),
            saml_request: STANDARD.encode(xml),
            relay_state: relay_state.map(str::to_owned),
        })
    }
}

/// The signature is over the query's octets as they are sent, and is sent behind them.
fn sign_query(query: &mut String, key: &SigningKey, algorithm: SignatureAlgorithm) -> Result<(), KeyError> {
    query.push_str("&SigAlg=");
    query.push_str(&percent_encoded(algorithm.uri()));
    let signature = STANDARD.encode(key.sign(algorithm, query.as_bytes())?);
    query.push_str("&Signature=");
    query.push_str(&percent_encoded(&signature));
    Ok(())
}

fn deflated(xml: &str) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(xml.as_bytes());
    encoder.finish().unwrap_or_default()
}

/// RFC 3986 §2.1, with only the unreserved characters left as they are.
fn percent_encoded(value: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend(['%', char::from(digits[0]), char::from(digits[1])]);
        }
    }
    out
}
