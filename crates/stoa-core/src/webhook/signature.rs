//! The MAC of a delivery.

use aws_lc_rs::hmac;

use crate::failure::Failure;
use crate::fault::Fault;
use crate::keys::Key;

/// The header's name, in lower case.
const HEADER: &str = "x-thinkific-hmac-sha256";
/// A SHA-256 in hexadecimal.
const LENGTH: usize = 64;

/// What `X-Thinkific-Hmac-Sha256` says: the HMAC-SHA256 of the body's bytes under the school's API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature([u8; 32]);

impl Signature {
    /// The header's name, in lower case.
    pub const HEADER: &str = HEADER;

    /// Reads the header. A delivery without one was subscribed to by hand: Thinkific signs only what was subscribed to
    /// through its API.
    pub fn read(header: Option<&str>) -> Result<Self, Failure> {
        let text = header.map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| Failure::with(Fault::WebhookUnsigned, HEADER, "no such header"))?;
        mac_of(text).map(Self).ok_or_else(|| {
            Failure::with(Fault::WebhookSignatureWrong, "64 hexadecimal digits", &format!("{} characters", text.len()))
        })
    }

    /// Whether a body is signed so, in time that does not depend on where it is not. The key is the API key's characters,
    /// not what they might decode to.
    pub fn check(&self, key: &Key, body: &[u8]) -> Result<(), Failure> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
        hmac::verify(&key, body, &self.0).map_err(|_| {
            Failure::with(Fault::WebhookSignatureWrong, "the MAC under the school's API key", "another MAC")
        })
    }
}

/// A SHA-256 MAC of 64 hexadecimal digits, small or large.
pub(crate) fn mac_of(text: &str) -> Option<[u8; 32]> {
    if text.len() != LENGTH || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut mac = [0; 32];
    for (byte, digits) in mac.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(mac)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::KeySet;
    use jiff::Timestamp;

    const BODY: &[u8] = b"what do ya want for nothing?";
    /// RFC 4231, test case 2.
    const MAC: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    fn key(value: &str) -> Key {
        let set = format!(r#"{{"keys":[{{"id":"1","from":0,"value":"{value}"}}]}}"#);
        KeySet::parse(&set).unwrap().current(Timestamp::UNIX_EPOCH).clone()
    }

    #[test]
    fn the_mac_is_rfc_4231s_in_hexadecimal() {
        for text in [MAC.to_owned(), MAC.to_uppercase(), format!(" {MAC}")] {
            Signature::read(Some(&text)).unwrap().check(&key("Jefe"), BODY).unwrap();
        }
    }

    #[test]
    fn what_is_no_mac_is_told_from_none() {
        for missing in [None, Some(""), Some("  ")] {
            assert_eq!(Signature::read(missing).unwrap_err().fault, Fault::WebhookUnsigned);
        }
        let plus = format!("+{}", &MAC[1..]);
        let prefixed = format!("sha256={MAC}");
        for wrong in ["0", &MAC[1..], &plus, &prefixed, &"é".repeat(32), &format!("{MAC}00")] {
            assert_eq!(Signature::read(Some(wrong)).unwrap_err().fault, Fault::WebhookSignatureWrong, "{wrong}");
        }
    }

    #[test]
    fn one_bit_more_or_less_is_refused() {
        let signature = Signature::read(Some(MAC)).unwrap();
        let flips = |length: usize| (0..length).flat_map(|at| (0..8).map(move |bit| (at, 1_u8 << bit)));
        for (at, bit) in flips(BODY.len()) {
            let mut body = BODY.to_vec();
            body[at] ^= bit;
            assert!(signature.check(&key("Jefe"), &body).is_err(), "{at} {bit}");
            assert!(signature.check(&key("Jefe"), &BODY[..at]).is_err());
        }
        for (at, bit) in flips(32) {
            let mut other = signature.clone();
            other.0[at] ^= bit;
            assert!(other.check(&key("Jefe"), BODY).is_err(), "{at} {bit}");
        }
        assert!(signature.check(&key("Jefe "), BODY).is_err());
    }
}
