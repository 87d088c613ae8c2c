//! Base64 as messages carry it (RFC 4648 §4): canonical padding, no other alphabet, white space wherever it is put.

use base64_simd::STANDARD;
use memchr::{memchr, memchr3};

use crate::refusal::{Refusal, RefusalCode};
use crate::xml::SPACE;

/// The largest message, encoded, with a quarter as much again for line ends and indents.
const MAX_ENCODED: usize = crate::prescan::MESSAGE.bytes / 3 * 4 / 4 * 5;

/// Decodes the text of an XML element, which may be broken over lines (XML Signature 1.1 §4.1).
pub(crate) fn decode_element(text: &str) -> Option<Vec<u8>> {
    let whole = STANDARD.decode_to_vec(text).ok();
    // Nearly every text is whole or breaks within its first line, so that the first try costs next to nothing.
    whole.or_else(|| STANDARD.decode_to_vec(without_space(text)).ok())
}

/// Decodes the `SAMLResponse` form field of the POST binding (SAML bindings §3.5.4).
///
/// White space is passed over: the value may be broken over lines, and where the page is XHTML, the line ends of an
/// attribute arrive as blanks (XML 1.0 §3.3.3). A `+` that became a blank is missed in the length.
pub fn decode_post_binding(value: &str) -> Result<Vec<u8>, Refusal> {
    if value.len() > MAX_ENCODED {
        return Err(RefusalCode::TooLarge.into());
    }
    match decode_element(value) {
        Some(message) if message.starts_with(b"<") || !is_encoded_again(&message) => Ok(message),
        Some(_) => Err(Refusal::from(RefusalCode::Base64Invalid).got("base64 in base64")),
        None => Err(Refusal { got: what_else(value).map(str::to_owned), ..RefusalCode::Base64Invalid.into() }),
    }
}

fn without_space(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(at) = memchr3(b' ', b'\n', b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    if memchr(b'\t', &out).is_some() {
        out.retain(|&byte| byte != b'\t');
    }
    out
}

fn is_encoded_again(message: &[u8]) -> bool {
    let inner = std::str::from_utf8(message).ok().and_then(decode_element);
    inner.is_some_and(|inner| inner.trim_ascii_start().starts_with(b"<"))
}

/// What a value is that is not base64, where it can be told.
fn what_else(value: &str) -> Option<&'static str> {
    if value.trim_matches(SPACE).starts_with('<') {
        Some("XML")
    } else if value.contains('%') {
        Some("percent-encoding")
    } else if value.contains(['-', '_']) {
        Some("the URL-safe alphabet")
    } else if !without_space(value).len().is_multiple_of(4) {
        Some("a length that is no multiple of four")
    } else {
        None
    }
}
