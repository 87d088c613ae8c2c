//! Encrypts an Assertion (XML Encryption 1.1; SAML core §2.3.4).

use crate::certificate::Certificate;

/// The content's algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the algorithms")]
pub enum DataEncryption {
    Aes128Gcm,
    Aes192Gcm,
    Aes256Gcm,
    Aes128Cbc,
    Aes192Cbc,
    Aes256Cbc,
}

/// How the content's key is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTransport {
    /// `xmlenc#rsa-oaep-mgf1p`, SHA-1 throughout: what PingFederate calls RSA_OAEP.
    OaepMgf1pSha1,
    /// `xmlenc11#rsa-oaep` with SHA-1 throughout.
    OaepSha1,
    /// `xmlenc11#rsa-oaep` with SHA-256 throughout.
    OaepSha256,
}

/// Where `EncryptedKey` stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the `KeyInfo` of `EncryptedData`.
    Inside,
    /// Beside `EncryptedData`, pointed at by a `RetrievalMethod`.
    Sibling,
}

/// How the Assertion is encrypted.
#[derive(Clone, Copy, Debug)]
pub struct Encrypt<'a> {
    /// To whom.
    pub certificate: &'a Certificate,
    /// The content's algorithm.
    pub data: DataEncryption,
    /// How its key is wrapped.
    pub transport: KeyTransport,
    /// Where the wrapped key stands.
    pub placement: Placement,
}
