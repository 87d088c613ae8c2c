//! Base64 as messages carry it (RFC 4648 §4): canonical padding, no other alphabet, white space allowed or not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::{Refusal, RefusalCode};
use crate::xml::SPACE;

/// Decodes the text of an XML element, which may be broken over lines (XML Signature 1.1 §4.1).
pub(crate) fn decode_element(text: &str) -> Option<Vec<u8>> {
    if !text.contains(SPACE) {
        return STANDARD.decode(text).ok();
    }
    let compact: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).collect();
    STANDARD.decode(compact).ok()
}

/// Decodes the `SAMLResponse` form field of the POST binding (SAML bindings §3.5.4). Line breaks are allowed.
pub fn decode_post_binding(value: &str) -> Result<Vec<u8>, Refusal> {
    if value.len() > MAX_ENCODED {
        return Err(RefusalCode::TooLarge.into());
    }
    let compact: Vec<u8> = value.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    STANDARD.decode(compact).map_err(|_| RefusalCode::Base64Invalid.into())
}

/// The largest message, encoded, with a line break after every 64 characters.
const MAX_ENCODED: usize = crate::prescan::MESSAGE.bytes / 3 * 4 / 64 * 66 + 66;
