//! Reads an AuthnRequest, as an identity provider does.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::DeflateDecoder;
use jiff::Timestamp;
use roxmltree::Node;

use crate::algorithm::SignatureAlgorithm;
use crate::assertion::{check_head, missing};
use crate::base64_text::decode_post_binding;
use crate::certificate::Certificate;
use crate::layout::Layout;
use crate::prescan::{MESSAGE, prescan};
use crate::refusal::{Refusal, RefusalCode};
use crate::signature::verify_enveloped;
use crate::timestamp;
use crate::trust::Candidates;
use crate::xml::{self, is, ns};

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
    let query = Query::read(raw_query)?;
    let request = query.request.ok_or(RefusalCode::ParametersInvalid)?;
    let signed_by = if keys.is_empty() { None } else { Some(query.signer(keys)?.fingerprint().to_owned()) };
    let deflated = STANDARD.decode(percent_decoded(request)?).map_err(|_| RefusalCode::Base64Invalid)?;
    let relay_state = query.relay_state.map(percent_decoded_text).transpose()?;
    let text = inflated(&deflated)?;
    let text = prescan(&text, &MESSAGE)?;
    let document = xml::parse(&text)?;
    read(document.root_element(), relay_state, signed_by)
}

/// Reads the decoded form fields of a POST. With `keys`, a signature is required; without, none is looked at.
pub fn parse_post_request(
    saml_request: &str,
    relay_state: Option<&str>,
    keys: &[Certificate],
) -> Result<ReceivedAuthnRequest, Refusal> {
    let xml = decode_post_binding(saml_request)?;
    let text = prescan(&xml, &MESSAGE)?;
    let document = xml::parse(&text)?;
    let root = document.root_element();
    let mut signed_by = None;
    if !keys.is_empty() {
        let signature = Layout::of(root)?.root_signature.ok_or(RefusalCode::SignatureMissing)?;
        signed_by = Some(verify_enveloped(root, signature, Candidates::of(keys))?.fingerprint().to_owned());
    }
    read(root, relay_state.map(str::to_owned), signed_by)
}

fn read(
    root: Node<'_, '_>,
    relay_state: Option<String>,
    signed_by: Option<String>,
) -> Result<ReceivedAuthnRequest, Refusal> {
    if !is(root, ns::SAMLP, "AuthnRequest") {
        return Err(RefusalCode::NotAnAuthnRequest.into());
    }
    let child = |namespace, name| root.children().find(move |&child| is(child, namespace, name));
    let issuer = child(ns::SAML, "Issuer").ok_or_else(|| missing("Issuer"))?;
    let classes = root.descendants().filter(|&node| is(node, ns::SAML, "AuthnContextClassRef"));
    let attribute = |name| root.attribute(name).map(str::to_owned);
    Ok(ReceivedAuthnRequest {
        id: check_head(root)?.to_owned(),
        issuer: xml::identifier(issuer)?.to_owned(),
        issue_instant: timestamp::parse(xml::required(root, "IssueInstant")?)?,
        destination: attribute("Destination"),
        acs_url: attribute("AssertionConsumerServiceURL"),
        force_authn: matches!(root.attribute("ForceAuthn"), Some("true" | "1")),
        name_id_format: child(ns::SAMLP, "NameIDPolicy").and_then(|p| p.attribute("Format")).map(str::to_owned),
        authn_context: classes.map(|class| xml::identifier(class).map(str::to_owned)).collect::<Result<_, _>>()?,
        relay_state,
        signed_by,
    })
}

/// The parameters of the Redirect binding, still encoded; each at most once.
#[derive(Default)]
struct Query<'a> {
    request: Option<&'a str>,
    relay_state: Option<&'a str>,
    algorithm: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn read(raw: &'a str) -> Result<Self, Refusal> {
        let mut query = Self::default();
        for (name, value) in raw.split('&').filter_map(|parameter| parameter.split_once('=')) {
            let place = match name {
                "SAMLRequest" => &mut query.request,
                "RelayState" => &mut query.relay_state,
                "SigAlg" => &mut query.algorithm,
                "Signature" => &mut query.signature,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(Refusal::from(RefusalCode::ParametersInvalid).got(name));
            }
        }
        Ok(query)
    }

    /// The key that signed the parameters, put in the one lawful order.
    fn signer<'k>(&self, keys: &'k [Certificate]) -> Result<&'k Certificate, Refusal> {
        let (Some(algorithm), Some(signature)) = (self.algorithm, self.signature) else {
            return Err(RefusalCode::SignatureMissing.into());
        };
        let uri = percent_decoded_text(algorithm)?;
        let known = SignatureAlgorithm::from_uri(&uri)
            .ok_or_else(|| Refusal::from(RefusalCode::SignatureAlgorithmRefused).got(&uri))?;
        let signature = STANDARD.decode(percent_decoded(signature)?).map_err(|_| RefusalCode::SignatureMalformed)?;
        let relay_state = self.relay_state.map_or(String::new(), |value| format!("&RelayState={value}"));
        let request = self.request.unwrap_or_default();
        let octets = format!("SAMLRequest={request}{relay_state}&SigAlg={algorithm}");
        let holds = |key: &&Certificate| {
            let key = key.verification_key().for_algorithm(known);
            key.is_some_and(|key| key.verify_sig(octets.as_bytes(), &signature).is_ok())
        };
        keys.iter().find(holds).ok_or_else(|| RefusalCode::SignatureMismatch.into())
    }
}

/// Inflates no further than a message may be large.
fn inflated(deflated: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let limit = MESSAGE.bytes as u64 + 1;
    DeflateDecoder::new(deflated).take(limit).read_to_end(&mut out).map_err(|_| RefusalCode::DeflateInvalid)?;
    if out.len() > MESSAGE.bytes { Err(RefusalCode::DeflateInvalid.into()) } else { Ok(out) }
}

fn percent_decoded(value: &str) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |byte: Option<u8>| char::from(byte.unwrap_or_default()).to_digit(16);
        out.push(match byte {
            b'+' => b' ',
            b'%' => match (digit(bytes.next()), digit(bytes.next())) {
                (Some(high), Some(low)) => (high * 16 + low) as u8,
                _ => return Err(RefusalCode::ParametersInvalid.into()),
            },
            other => other,
        });
    }
    Ok(out)
}

fn percent_decoded_text(value: &str) -> Result<String, Refusal> {
    String::from_utf8(percent_decoded(value)?).map_err(|_| RefusalCode::ParametersInvalid.into())
}
