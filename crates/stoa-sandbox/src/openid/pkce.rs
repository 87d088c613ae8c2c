//! Proof Key for Code Exchange (RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::product::Product;
use super::state::Challenge;

/// The S256 challenge of a verifier (§4.2).
pub(super) fn s256(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// The challenge of a request: `None` where it is malformed or the product does not know the method.
pub(super) fn challenge(product: Product, challenge: &str, method: Option<&str>) -> Option<Challenge> {
    let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !(43..=128).contains(&challenge.len()) || !challenge.bytes().all(lawful) {
        return None;
    }
    match (product, method) {
        (_, Some("S256")) => Some(Challenge::S256(challenge.to_owned())),
        (Product::Okta, _) => None,
        (Product::PingFederate | Product::Entra | Product::Google, None | Some("plain")) => {
            Some(Challenge::Plain(challenge.to_owned()))
        }
        (Product::PingFederate | Product::Entra | Product::Google, Some(_)) => None,
    }
}
