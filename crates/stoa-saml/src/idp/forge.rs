//! The pieces of a signature, for tests that put them together wrongly.

use crate::algorithm::SignatureAlgorithm;
use crate::c14n::{Subset, canonicalize};
use crate::private_key::{KeyError, SigningKey};
use crate::signing::{SignError, prefixes};
use crate::xml;

/// The exclusive canonical form of the element whose `ID` is `id`, with everything inside.
pub fn canonical_form(xml: &str, id: &str, prefix_list: &str) -> Result<Vec<u8>, SignError> {
    let document = xml::parse(xml).map_err(|_| SignError::Xml)?;
    let element = document.descendants().find(|node| node.attribute("ID") == Some(id)).ok_or(SignError::NoSuchId)?;
    let mut out = Vec::new();
    canonicalize(Subset { apex: element, without: None, inclusive: &prefixes(prefix_list) }, &mut out);
    Ok(out)
}

/// A raw signature, as SignatureValue holds it in base64.
pub fn sign_bytes(key: &SigningKey, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    key.sign(algorithm, message)
}
