//! Proof Key for Code Exchange (RFC 7636).

use super::product::Product;
use crate::web::s256;

/// What the verifier has to match (§4.3).
#[derive(Clone, Debug)]
pub(super) enum Challenge {
    S256(String),
    Plain(String),
}

impl Challenge {
    /// That of a request: `None` where it is malformed or the product does not know the method.
    pub(super) fn parse(product: Product, text: &str, method: Option<&str>) -> Option<Self> {
        let lawful = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&text.len()) || !text.bytes().all(lawful) {
            return None;
        }
        match (product, method) {
            (_, Some("S256")) => Some(Self::S256(text.to_owned())),
            (Product::PingFederate | Product::Entra | Product::Google, None | Some("plain")) => {
                Some(Self::Plain(text.to_owned()))
            }
            (Product::PingFederate | Product::Entra | Product::Google, Some(_)) | (Product::Okta, _) => None,
        }
    }
}

/// Whether a verifier belongs to a challenge (§4.6). It is needed where there was one, and only there.
pub(super) fn fits(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(Challenge::S256(challenge)), Some(verifier)) => s256(verifier) == *challenge,
        (Some(Challenge::Plain(challenge)), Some(verifier)) => verifier == challenge,
        (None, Some(_)) | (Some(_), None) => false,
    }
}
