//! Secret values and what is derived from them.
//!
//! Every derivation has a label of its own, so no value serves two purposes (RFC 5869).

use std::fmt;

use aws_lc_rs::{aead, constant_time, hkdf, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// 32 secret bytes. Never printed; compared only in constant time.
#[derive(Clone)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes 32 random bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads unpadded base64url; anything else is `None`.
    pub fn from_base64(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// For a cookie: unpadded base64url.
    pub fn to_base64(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Derives 32 bytes for one purpose. `context` are the values that the result is bound to.
    pub fn derive(&self, label: &str, context: &[&[u8]]) -> Self {
        Self(expand(&self.0, b"stoa/v1", label, context))
    }

    /// What may be shown of a derived value that is none itself: a hash.
    pub(crate) const fn into_hash(self) -> [u8; 32] {
        self.0
    }

    /// Whether two secrets are the same, in time that does not depend on where they differ.
    pub fn same_as(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32([redacted])")
    }
}

fn expand(key: &[u8], salt: &[u8], label: &str, context: &[&[u8]]) -> [u8; 32] {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key);
    // Each part carries its length: ("ab", "c") and ("a", "bc") must not meet.
    let lengths: Vec<[u8; 4]> =
        context.iter().map(|part| u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes()).collect();
    let mut info: Vec<&[u8]> = vec![label.as_bytes(), &[0]];
    for (length, part) in lengths.iter().zip(context) {
        info.push(length);
        info.push(part);
    }
    let mut out = [0; 32];
    // HKDF fails only for more than 255 blocks of output; this is one.
    if let Ok(okm) = prk.expand(&info, hkdf::HKDF_SHA256) {
        let _ = okm.fill(&mut out);
    }
    out
}

/// A secret's value as Secrets Manager holds it: `{"keys":[{"id":"…","from":0,"value":"…"}]}`.
///
/// Several keys live side by side while one follows the other. `from` is in epoch seconds.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// One key of a [`KeySet`].
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Names the key in logs; not secret.
    pub id: String,
    /// The instant, in epoch seconds, from which it is used for new work.
    pub from: i64,
    value: String,
}

impl Key {
    /// The secret text. Say why beside each use.
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("from", &self.from).finish_non_exhaustive()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.keys).finish()
    }
}

/// A secret's JSON was not a key set.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// Not JSON of the form above. The text itself is never shown.
    #[error("the secret is not JSON of the form {{\"keys\":[{{\"id\",\"from\",\"value\"}}]}}")]
    Form,
    /// No key, or an empty value.
    #[error("the secret holds no key")]
    Empty,
}

impl KeySet {
    /// Parses the secret's text.
    pub fn parse(json: &str) -> Result<Self, KeySetError> {
        let mut set: Self = serde_json::from_str(json).map_err(|_| KeySetError::Form)?;
        if set.keys.is_empty() || set.keys.iter().any(|key| key.value.is_empty()) {
            return Err(KeySetError::Empty);
        }
        set.keys.sort_by_key(|key| std::cmp::Reverse(key.from));
        Ok(set)
    }

    /// The key for new work: the youngest that has begun, or the oldest where none has.
    pub fn current(&self, now: jiff::Timestamp) -> &Key {
        let begun = self.keys.iter().find(|key| key.from <= now.as_second());
        // `parse` refuses an empty set, so the last one exists.
        begun.unwrap_or(&self.keys[self.keys.len() - 1])
    }

    /// Every key, the youngest first.
    pub fn all(&self) -> &[Key] {
        &self.keys
    }
}

/// The person indexes: HMACs under a pepper that only functions can read.
///
/// A pepper cannot be rotated (every index would move), so the first key of the set is the one, for ever.
pub struct Pepper(hmac::Key);

impl Pepper {
    /// Takes the oldest key of the set.
    pub fn from_keys(keys: &KeySet) -> Self {
        let oldest = &keys.all()[keys.all().len() - 1];
        Self(hmac::Key::new(hmac::HMAC_SHA256, oldest.expose().as_bytes()))
    }

    /// The index of some values under a label: 24 bytes, enough that none collide by chance.
    pub fn index(&self, label: &str, parts: &[&str]) -> [u8; 24] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(label.as_bytes());
        for part in parts {
            context.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut index = [0; 24];
        index.copy_from_slice(&context.sign().as_ref()[..24]);
        index
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}

/// Sealing failed: wrong key, wrong context, or changed bytes. Nothing more is known, on purpose.
#[derive(Debug, thiserror::Error)]
#[error("the sealed value does not open under this key and context")]
pub struct SealBroken;

/// Encrypts under a key that is used for this one message, so the nonce may be constant (AES-256-GCM).
pub fn seal(key: &Secret32, context: &[u8], plaintext: Vec<u8>) -> Result<Vec<u8>, SealBroken> {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &key.0).map_err(|_| SealBroken)?;
    let mut buffer = plaintext;
    aead::LessSafeKey::new(key)
        .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key([0; 12]), aead::Aad::from(context), &mut buffer)
        .map_err(|_| SealBroken)?;
    Ok(buffer)
}

/// Opens what [`seal`] closed.
pub fn unseal(key: &Secret32, context: &[u8], ciphertext: Vec<u8>) -> Result<Vec<u8>, SealBroken> {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &key.0).map_err(|_| SealBroken)?;
    let mut buffer = ciphertext;
    let length = aead::LessSafeKey::new(key)
        .open_in_place(aead::Nonce::assume_unique_for_key([0; 12]), aead::Aad::from(context), &mut buffer)
        .map_err(|_| SealBroken)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

/// The key that seals one identity: from the ticket, which only the browser has, and the seal secret, which only
/// functions have.
pub fn ticket_key(ticket: &Secret32, seal_secret: &Key) -> Secret32 {
    Secret32(expand(&ticket.0, seal_secret.expose().as_bytes(), "ticket seal", &[]))
}

/// The key that seals what is told to a school after a login: from random bytes that lie beside it, and the seal secret.
pub fn follow_up_key(salt: &Secret32, seal_secret: &Key) -> Secret32 {
    Secret32(expand(&salt.0, seal_secret.expose().as_bytes(), "follow-up seal", &[]))
}

/// The key that seals one profile of a directory: from random bytes that stand beside the seal, and the secret
/// `directory`. Each sealing has its own.
pub fn directory_key(random: &[u8; 16], secret: &Key) -> Secret32 {
    Secret32(expand(random, secret.expose().as_bytes(), "directory seal", &[]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_only_under_its_own_ticket_secret_and_context() {
        let keys =
            KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"s1"},{"id":"b","from":9,"value":"s2"}]}"#).unwrap();
        let ticket = Secret32::new([7; 32]);
        let key = ticket_key(&ticket, &keys.all()[0]);
        let sealed = seal(&key, b"login", b"identity".to_vec()).unwrap();
        assert_eq!(unseal(&key, b"login", sealed.clone()).unwrap(), b"identity");
        assert!(unseal(&key, b"other", sealed.clone()).is_err());
        assert!(unseal(&ticket_key(&Secret32::new([8; 32]), &keys.all()[0]), b"login", sealed.clone()).is_err());
        assert!(unseal(&ticket_key(&ticket, &keys.all()[1]), b"login", sealed).is_err());
    }

    #[test]
    fn the_current_key_is_the_youngest_that_has_begun() {
        let keys = KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"x"},{"id":"b","from":100,"value":"tulip"}]}"#)
            .unwrap();
        let at = |second| jiff::Timestamp::from_second(second).unwrap();
        assert_eq!(keys.current(at(99)).id, "a");
        assert_eq!(keys.current(at(100)).id, "b");
        assert!(!format!("{keys:?}").contains("tulip"));
    }

    #[test]
    fn indexes_do_not_meet_where_parts_are_split_otherwise() {
        let pepper = Pepper::from_keys(&KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"x"}]}"#).unwrap());
        assert_ne!(pepper.index("person", &["ab", "c"]), pepper.index("person", &["a", "bc"]));
        assert_ne!(pepper.index("person", &["ab"]), pepper.index("email", &["ab"]));
    }
}
