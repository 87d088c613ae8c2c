//! Encrypts an Assertion (XML Encryption 1.1; SAML core §2.3.4).

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;
use crate::decryption::uri;
use crate::idp::{IssueError, Random};
use crate::signing::SignError;
use crate::xml::{self, is, ns};

const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
const ENCRYPTED_KEY: &str = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";

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

impl DataEncryption {
    fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes192Gcm => "http://www.w3.org/2009/xmlenc11#aes192-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes192Cbc => "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }

    fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc => 16,
            Self::Aes192Gcm | Self::Aes192Cbc => 24,
            Self::Aes256Gcm | Self::Aes256Cbc => 32,
        }
    }

    /// Initialisation vector, ciphertext, and for GCM the tag.
    fn seal(self, key: &[u8], plaintext: &[u8], random: Random<'_>) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
        match self {
            Self::Aes128Gcm => seal_gcm(&aead::AES_128_GCM, key, plaintext, random),
            Self::Aes192Gcm => seal_gcm(&aead::AES_192_GCM, key, plaintext, random),
            Self::Aes256Gcm => seal_gcm(&aead::AES_256_GCM, key, plaintext, random),
            Self::Aes128Cbc => seal_cbc(&cipher::AES_128, key, plaintext, random),
            Self::Aes192Cbc => seal_cbc(&cipher::AES_192, key, plaintext, random),
            Self::Aes256Cbc => seal_cbc(&cipher::AES_256, key, plaintext, random),
        }
    }
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

impl KeyTransport {
    fn method(self) -> String {
        let digest = |hash| format!("<ds:DigestMethod xmlns:ds=\"{}\" Algorithm=\"{hash}\"/>", ns::DSIG);
        let mask = |mask| format!("<xenc11:MGF xmlns:xenc11=\"{}\" Algorithm=\"{mask}\"/>", ns::XENC11);
        let (algorithm, parameters) = match self {
            Self::OaepMgf1pSha1 => (uri::RSA_OAEP_MGF1P, digest(uri::SHA1)),
            Self::OaepSha1 => (uri::RSA_OAEP, digest(uri::SHA1) + &mask(uri::MGF1_SHA1)),
            Self::OaepSha256 => (uri::RSA_OAEP, digest(uri::SHA256) + &mask(uri::MGF1_SHA256)),
        };
        format!("<xenc:EncryptionMethod Algorithm=\"{algorithm}\">{parameters}</xenc:EncryptionMethod>")
    }

    fn wrap(self, to: &Certificate, key: &[u8]) -> Result<Vec<u8>, IssueError> {
        let algorithm = match self {
            Self::OaepMgf1pSha1 | Self::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            Self::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
        };
        let spki = to.public_key_der().map_err(|_| IssueError::Encryption)?;
        let public = PublicEncryptingKey::from_der(spki).map_err(|_| IssueError::Encryption)?;
        let public = OaepPublicEncryptingKey::new(public).map_err(|_| IssueError::Encryption)?;
        let mut wrapped = vec![0; public.ciphertext_size()];
        let length = public.encrypt(algorithm, key, &mut wrapped, None).map_err(|_| IssueError::Encryption)?.len();
        wrapped.truncate(length);
        Ok(wrapped)
    }
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

/// Replaces every Assertion under the root by an EncryptedAssertion.
pub(super) fn encrypt_assertions(xml: &str, encrypt: &Encrypt<'_>, random: Random<'_>) -> Result<String, IssueError> {
    let document = xml::parse(xml).map_err(|_| IssueError::Sign(SignError::Xml))?;
    let mut out = String::with_capacity(xml.len() * 2);
    let mut from = 0;
    for assertion in document.root_element().children().filter(|&child| is(child, ns::SAML, "Assertion")) {
        let range = assertion.range();
        out.push_str(&xml[from..range.start]);
        out.push_str(&encrypted_assertion(&xml[range.clone()], encrypt, random)?);
        from = range.end;
    }
    out.push_str(&xml[from..]);
    Ok(out)
}

/// Encrypts any XML as an `EncryptedAssertion`.
pub fn encrypted_assertion(plaintext: &str, encrypt: &Encrypt<'_>, random: Random<'_>) -> Result<String, IssueError> {
    let mut content_key = vec![0; encrypt.data.key_length()];
    random(&mut content_key);
    let octets = encrypt.data.seal(&content_key, plaintext.as_bytes(), random).map_err(|_| IssueError::Encryption)?;
    let wrapped = encrypt.transport.wrap(encrypt.certificate, &content_key)?;
    let key = format!(
        "<xenc:EncryptedKey xmlns:xenc=\"{xenc}\" Id=\"_ek\">{}<xenc:CipherData><xenc:CipherValue>{}\
         </xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>",
        encrypt.transport.method(),
        STANDARD.encode(wrapped),
        xenc = ns::XENC,
    );
    let pointer = format!("<ds:RetrievalMethod Type=\"{}\" URI=\"#_ek\"/>", ENCRYPTED_KEY);
    let (inside, beside) = match encrypt.placement {
        Placement::Inside => (key, String::new()),
        Placement::Sibling => (pointer, key),
    };
    Ok(format!(
        "<saml:EncryptedAssertion xmlns:saml=\"{}\"><xenc:EncryptedData xmlns:xenc=\"{}\" Type=\"{}\">\
         <xenc:EncryptionMethod Algorithm=\"{}\"/><ds:KeyInfo xmlns:ds=\"{}\">{inside}</ds:KeyInfo>\
         <xenc:CipherData><xenc:CipherValue>{}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>\
         {beside}</saml:EncryptedAssertion>",
        ns::SAML,
        ns::XENC,
        ELEMENT,
        encrypt.data.uri(),
        ns::DSIG,
        STANDARD.encode(octets),
    ))
}

fn seal_gcm(
    algorithm: &'static aead::Algorithm,
    key: &[u8],
    plaintext: &[u8],
    random: Random<'_>,
) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let mut nonce = [0; aead::NONCE_LEN];
    random(&mut nonce);
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key)?);
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)?;
    Ok([&nonce[..], &sealed].concat())
}

fn seal_cbc(
    algorithm: &'static cipher::Algorithm,
    key: &[u8],
    plaintext: &[u8],
    random: Random<'_>,
) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let mut iv = [0; 16];
    random(&mut iv);
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key)?)?;
    let mut sealed = plaintext.to_vec();
    key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from(iv)))?;
    Ok([&iv[..], &sealed].concat())
}
