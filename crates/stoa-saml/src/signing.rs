//! Signs an element from the inside: the counterpart of [`crate::signature`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use crate::c14n::{Subset, canonical_digest};
use crate::certificate::Certificate;
use crate::private_key::{KeyError, SigningKey};
use crate::signature::ENVELOPED;
use crate::xml::{self, is, ns};

/// How an element is signed.
#[derive(Clone, Copy, Debug)]
pub struct SignOptions<'a> {
    /// The key to sign with.
    pub key: &'a SigningKey,
    /// The signature algorithm; `None` takes the key's own.
    pub algorithm: Option<SignatureAlgorithm>,
    /// The digest algorithm.
    pub digest: DigestAlgorithm,
    /// The certificate to show in `KeyInfo`; PingFederate shows none.
    pub key_info: Option<&'a Certificate>,
    /// The prefixes of `InclusiveNamespaces`; empty writes none.
    pub prefix_list: &'a str,
}

impl<'a> SignOptions<'a> {
    /// SHA-256, the key's own algorithm, no `KeyInfo`.
    pub fn new(key: &'a SigningKey) -> Self {
        Self { key, algorithm: None, digest: DigestAlgorithm::Sha256, key_info: None, prefix_list: "" }
    }
}

/// Why a document could not be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Not XML that this crate reads.
    #[error("the document to sign is not well-formed")]
    Xml,
    /// No element with content has that `ID`.
    #[error("no element has the ID to be signed")]
    NoSuchId,
}

/// Signs the element whose `ID` is `id` and puts the signature after its `Issuer`, else first.
pub fn sign_enveloped(xml: &str, id: &str, options: &SignOptions<'_>) -> Result<String, SignError> {
    let document = xml::parse(xml).map_err(|_| SignError::Xml)?;
    let element = document.descendants().find(|node| node.attribute("ID") == Some(id)).ok_or(SignError::NoSuchId)?;
    let first = element.first_child().ok_or(SignError::NoSuchId)?;
    let issuer = element.children().find(|&child| is(child, ns::SAML, "Issuer"));
    let at = issuer.map_or(first.range().start, |issuer| issuer.range().end);

    let subset = Subset { apex: element, without: None, inclusive: &prefixes(options.prefix_list) };
    let digest = canonical_digest(subset, options.digest, &mut Vec::with_capacity(xml.len()));
    let signature = signature(id, digest.as_ref(), options)?;
    Ok([&xml[..at], &signature, &xml[at..]].concat())
}

/// The prefixes of a list, as [`Subset`] takes them.
pub(crate) fn prefixes(list: &str) -> Vec<&str> {
    list.split_whitespace().map(|prefix| if prefix == "#default" { "" } else { prefix }).collect()
}

fn signature(id: &str, digest: &[u8], options: &SignOptions<'_>) -> Result<String, KeyError> {
    let algorithm = options.algorithm.unwrap_or_else(|| options.key.default_algorithm());
    let signed_info = signed_info(id, digest, algorithm, options);
    let value = STANDARD.encode(options.key.sign(algorithm, signed_info.as_bytes())?);
    let key_info = options.key_info.map_or(String::new(), |certificate| {
        let der = STANDARD.encode(certificate.der());
        format!("<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")
    });
    Ok(format!(
        "<ds:Signature xmlns:ds=\"{}\">{signed_info}<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}</ds:Signature>",
        ns::DSIG
    ))
}

/// SignedInfo, written in its canonical form: what is signed is this text.
fn signed_info(id: &str, digest: &[u8], algorithm: SignatureAlgorithm, options: &SignOptions<'_>) -> String {
    let list = match options.prefix_list {
        "" => String::new(),
        prefixes => format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"{}\" PrefixList=\"{prefixes}\"></ec:InclusiveNamespaces>",
            ns::EXC_C14N
        ),
    };
    format!(
        "<ds:SignedInfo xmlns:ds=\"{dsig}\">\
         <ds:CanonicalizationMethod Algorithm=\"{c14n}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{algorithm}\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"{ENVELOPED}\"></ds:Transform>\
         <ds:Transform Algorithm=\"{c14n}\">{list}</ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{digest_method}\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        dsig = ns::DSIG,
        c14n = ns::EXC_C14N,
        algorithm = algorithm.uri(),
        digest_method = options.digest.uri(),
        digest = STANDARD.encode(digest),
    )
}
