//! An encrypted Assertion, opened (XML Encryption 1.1; SAML core §2.3.4).
//!
//! The sender's algorithm is taken from a short list. All that depends on key or plaintext fails with one code.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
};
use roxmltree::Node;

use crate::base64_text::decode_element;
use crate::private_key::DecryptionKey;
use crate::refusal::{Refusal, RefusalCode};
use crate::xml::{self, is, ns};

/// The identifiers of XML Encryption 1.1 §5.
pub(crate) mod uri {
    pub(crate) const RSA_OAEP_MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
    pub(crate) const RSA_OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
    pub(crate) const MGF1_SHA1: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
    pub(crate) const MGF1_SHA256: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha256";
    pub(crate) const MGF1_SHA384: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha384";
    pub(crate) const MGF1_SHA512: &str = "http://www.w3.org/2009/xmlenc11#mgf1sha512";
    pub(crate) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
    pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
    pub(crate) const SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#sha384";
    pub(crate) const SHA512: &str = "http://www.w3.org/2001/04/xmlenc#sha512";
}

/// What our metadata offers beside a key (saml-metadata-2.0-os §2.4.1.1), so that a provider need not guess: the best
/// first, and nothing that is taken under conditions only, as AES-CBC is.
pub(crate) const ENCRYPTION_METHODS: &str = concat!(
    "      <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\n",
    "      <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes192-gcm\"/>\n",
    "      <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\n",
    "      <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#rsa-oaep\">\
     <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\
     <xenc11:MGF xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\" \
     Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/></md:EncryptionMethod>\n",
    "      <md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\">\
     <ds:DigestMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#sha1\"/></md:EncryptionMethod>\n",
);

/// Opens an `EncryptedAssertion` and returns the plaintext, which is a document of its own.
///
/// `is_signed` says that a verified signature covers the ciphertext; AES-CBC has no integrity and is taken only then.
pub(crate) fn decrypt(assertion: Node<'_, '_>, keys: &[DecryptionKey], is_signed: bool) -> Result<Vec<u8>, Refusal> {
    let sealed = Sealed::read(assertion)?;
    if sealed.cipher.is_cbc() && !is_signed {
        return Err(RefusalCode::CbcUnsigned.into());
    }
    if keys.is_empty() {
        return Err(RefusalCode::DecryptionKeyMissing.into());
    }
    keys.iter().find_map(|key| sealed.open(key)).ok_or_else(|| RefusalCode::DecryptionFailed.into())
}

/// How the content is encrypted (XML Encryption 1.1 §5.2).
#[derive(Clone, Copy)]
enum Cipher {
    Gcm(&'static aead::Algorithm),
    Cbc(&'static cipher::Algorithm, usize),
}

impl Cipher {
    fn from_uri(uri: &str) -> Option<Self> {
        Some(match uri {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Self::Gcm(&aead::AES_128_GCM),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Self::Gcm(&aead::AES_192_GCM),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Self::Gcm(&aead::AES_256_GCM),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Self::Cbc(&cipher::AES_128, 16),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Self::Cbc(&cipher::AES_192, 24),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Self::Cbc(&cipher::AES_256, 32),
            _ => return None,
        })
    }

    fn is_cbc(self) -> bool {
        matches!(self, Self::Cbc(..))
    }

    /// Opens initialisation vector and ciphertext (and tag).
    fn open(self, key: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Gcm(algorithm) => open_gcm(algorithm, key, octets),
            Self::Cbc(algorithm, key_length) if key.len() == key_length => open_cbc(algorithm, key, octets),
            Self::Cbc(..) => None,
        }
    }
}

fn open_gcm(algorithm: &'static aead::Algorithm, key: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = octets.split_at_checked(aead::NONCE_LEN)?;
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut buffer = sealed.to_vec();
    let length = key.open_in_place(nonce, Aad::empty(), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

fn open_cbc(algorithm: &'static cipher::Algorithm, key: &[u8], octets: &[u8]) -> Option<Vec<u8>> {
    let (iv, sealed) = octets.split_first_chunk::<16>()?;
    let key = UnboundCipherKey::new(algorithm, key).ok()?;
    // XML Encryption 1.1 §5.2.2: only the last byte of the padding is defined.
    let key = PaddedBlockDecryptingKey::cbc_iso10126(key).ok()?;
    let mut buffer = sealed.to_vec();
    let length = key.decrypt(&mut buffer, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// One EncryptedData with its one EncryptedKey.
struct Sealed {
    cipher: Cipher,
    transport: &'static OaepAlgorithm,
    wrapped_key: Vec<u8>,
    octets: Vec<u8>,
}

impl Sealed {
    fn read(assertion: Node<'_, '_>) -> Result<Self, Refusal> {
        let mut data = None;
        let mut keys = Vec::new();
        for child in xml::elements(assertion).map_err(malformed)? {
            if is(child, ns::XENC, "EncryptedData") && data.is_none() {
                data = Some(child);
            } else if is(child, ns::XENC, "EncryptedKey") {
                keys.push(child);
            } else {
                return Err(RefusalCode::EncryptionMalformed.into());
            }
        }
        let Parts { method, key_info, octets } = Parts::read(data.ok_or(RefusalCode::EncryptionMalformed)?)?;
        let algorithm = method.attribute("Algorithm").unwrap_or_default();
        let cipher = Cipher::from_uri(algorithm)
            .ok_or_else(|| Refusal::from(RefusalCode::EncryptionAlgorithmRefused).got(algorithm))?;
        if let Some(key_info) = key_info {
            read_key_info(key_info, &mut keys)?;
        }
        let [key] = keys[..] else {
            return Err(Refusal::from(RefusalCode::EncryptionMalformed).got(&format!("{} EncryptedKey", keys.len())));
        };
        let Parts { method, key_info: _, octets: wrapped_key } = Parts::read(key)?;
        Ok(Self { cipher, transport: key_transport(method)?, wrapped_key, octets })
    }

    fn open(&self, key: &DecryptionKey) -> Option<Vec<u8>> {
        let mut buffer = vec![0; key.oaep().min_output_size()];
        let content_key = key.oaep().decrypt(self.transport, &self.wrapped_key, &mut buffer, None).ok()?;
        self.cipher.open(content_key, &self.octets)
    }
}

/// `KeyInfo` may hold the wrapped key, or point to the one beside `EncryptedData`. Nothing is fetched, and hints to whose
/// key it is are passed over.
fn read_key_info<'a, 'i>(key_info: Node<'a, 'i>, keys: &mut Vec<Node<'a, 'i>>) -> Result<(), Refusal> {
    for child in xml::elements(key_info).map_err(malformed)? {
        if is(child, ns::XENC, "EncryptedKey") {
            keys.push(child);
        } else if is(child, ns::DSIG, "RetrievalMethod") {
            let target = keys.first().and_then(|key| key.attribute("Id"));
            let uri = child.attribute("URI").unwrap_or_default();
            if target.is_none() || uri.strip_prefix('#') != target || !xml::is_bare(child) {
                return Err(Refusal::from(RefusalCode::EncryptionMalformed).got(uri));
            }
        }
    }
    Ok(())
}

/// What EncryptedData and EncryptedKey share (XML Encryption 1.1 §3.1).
struct Parts<'a, 'i> {
    method: Node<'a, 'i>,
    key_info: Option<Node<'a, 'i>>,
    octets: Vec<u8>,
}

impl<'a, 'i> Parts<'a, 'i> {
    fn read(encrypted: Node<'a, 'i>) -> Result<Self, Refusal> {
        let malformed = || Refusal::from(RefusalCode::EncryptionMalformed);
        let mut children = xml::elements(encrypted).map_err(|_| malformed())?.peekable();
        let method = children.next_if(|&c| is(c, ns::XENC, "EncryptionMethod")).ok_or_else(malformed)?;
        let key_info = children.next_if(|&c| is(c, ns::DSIG, "KeyInfo"));
        let data = children.next_if(|&c| is(c, ns::XENC, "CipherData")).ok_or_else(malformed)?;
        let mut inner = xml::elements(data).map_err(|_| malformed())?;
        let value = inner.next().filter(|&c| is(c, ns::XENC, "CipherValue")).ok_or_else(malformed)?;
        if inner.next().is_some() {
            return Err(malformed());
        }
        let text = xml::text(value).map_err(|_| malformed())?;
        Ok(Self { method, key_info, octets: decode_element(text).ok_or_else(malformed)? })
    }
}

/// RSA-OAEP (XML Encryption 1.1 §5.5.2), where digest and mask use the same hash: the library has no other.
fn key_transport(method: Node<'_, '_>) -> Result<&'static OaepAlgorithm, Refusal> {
    let algorithm = method.attribute("Algorithm").unwrap_or_default();
    let refused = |what: &str| Refusal::from(RefusalCode::KeyTransportRefused).got(&format!("{algorithm}{what}"));
    let (mut digest, mut mask) = (uri::SHA1, uri::MGF1_SHA1);
    for child in xml::elements(method).map_err(malformed)? {
        let name = child.tag_name().name();
        if is(child, ns::DSIG, "DigestMethod") {
            digest = child.attribute("Algorithm").unwrap_or_default();
        } else if is(child, ns::XENC11, "MGF") && algorithm == uri::RSA_OAEP {
            mask = child.attribute("Algorithm").unwrap_or_default();
        } else if !is(child, ns::XENC, "KeySize") {
            return Err(refused(&format!(" with {name}")));
        }
    }
    match (algorithm, digest, mask) {
        (uri::RSA_OAEP_MGF1P | uri::RSA_OAEP, uri::SHA1, uri::MGF1_SHA1) => Ok(&OAEP_SHA1_MGF1SHA1),
        (uri::RSA_OAEP, uri::SHA256, uri::MGF1_SHA256) => Ok(&OAEP_SHA256_MGF1SHA256),
        (uri::RSA_OAEP, uri::SHA384, uri::MGF1_SHA384) => Ok(&OAEP_SHA384_MGF1SHA384),
        (uri::RSA_OAEP, uri::SHA512, uri::MGF1_SHA512) => Ok(&OAEP_SHA512_MGF1SHA512),
        (uri::RSA_OAEP_MGF1P | uri::RSA_OAEP, ..) => Err(refused(&format!(", digest {digest}, mask {mask}"))),
        _ => Err(refused("")),
    }
}

fn malformed(_: Refusal) -> Refusal {
    RefusalCode::EncryptionMalformed.into()
}
