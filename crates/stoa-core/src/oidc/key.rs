//! A provider's public key: `openidconnect`'s JSON Web Key over aws-lc-rs.
//!
//! A key that this type cannot use does not become one: encryption keys, symmetric keys, RSA under 2048 bits and other
//! curves fail to parse, and the key set leaves out what fails.

use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::{
    JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyId, JsonWebKeyType, JsonWebKeyUse, JweContentEncryptionAlgorithm,
    JwsSigningAlgorithm, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};

use crate::connection::{SigningAlgorithm, is_guid};

/// RSA moduli that are taken, in bytes; the leading byte of a modulus is not zero.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// A key that an ID token may be signed with (RFC 7517).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Jwk", into = "Jwk")]
pub struct ProviderKey {
    jwk: Jwk,
    kind: KeyKind,
    material: Material,
}

/// The members that are read. `x5c`, `x5u` and the rest are not.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<JsonWebKeyId>,
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<Signing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_ops: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alg: Option<SigningAlgorithm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// The one use of a key that is taken.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Signing {
    /// `sig`
    #[serde(rename = "sig")]
    Sig,
}

impl JsonWebKeyUse for Signing {
    fn allows_signature(&self) -> bool {
        true
    }
    fn allows_encryption(&self) -> bool {
        false
    }
}

/// Kinds of keys. The curve is part of the kind, so an algorithm meets only keys of its own curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyKind {
    /// RSA
    Rsa,
    /// EC, curve P-256
    P256,
    /// EC, curve P-384
    P384,
}

impl JsonWebKeyType for KeyKind {}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// An uncompressed point.
    Point(Vec<u8>),
    /// What a symmetric key would be: it verifies nothing.
    Nothing,
}

impl std::fmt::Debug for Material {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Material")
    }
}

/// Why a key of the set is left out.
#[derive(Debug, thiserror::Error)]
pub enum UnusableKey {
    /// It is for something else than verifying.
    #[error("the key is not for signatures")]
    Use,
    /// Neither RSA nor a known curve, or `alg` is of another kind.
    #[error("this kind of key is not supported")]
    Kind,
    /// A number is missing or no base64url, or the RSA modulus is under 2048 bits.
    #[error("the key's numbers are missing, malformed or too small")]
    Numbers,
}

impl TryFrom<Jwk> for ProviderKey {
    type Error = UnusableKey;

    fn try_from(jwk: Jwk) -> Result<Self, UnusableKey> {
        if jwk.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
            return Err(UnusableKey::Use);
        }
        let (kind, material) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (KeyKind::Rsa, rsa(&jwk)?),
            ("EC", Some("P-256")) => (KeyKind::P256, point(&jwk, 32)?),
            ("EC", Some("P-384")) => (KeyKind::P384, point(&jwk, 48)?),
            _ => return Err(UnusableKey::Kind),
        };
        match jwk.alg {
            Some(algorithm) if algorithm.key_kind() != kind => Err(UnusableKey::Kind),
            _ => Ok(Self { jwk, kind, material }),
        }
    }
}

impl From<ProviderKey> for Jwk {
    fn from(key: ProviderKey) -> Self {
        key.jwk
    }
}

fn number(text: Option<&String>) -> Result<Vec<u8>, UnusableKey> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(UnusableKey::Numbers)?;
    // Some providers write the sign byte of DER.
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

fn rsa(jwk: &Jwk) -> Result<Material, UnusableKey> {
    let (n, e) = (number(jwk.n.as_ref())?, number(jwk.e.as_ref())?);
    let is_long = n.first().is_some_and(|byte| *byte >= 0x80) && RSA_BYTES.contains(&n.len());
    if is_long && !e.is_empty() { Ok(Material::Rsa { n, e }) } else { Err(UnusableKey::Numbers) }
}

fn point(jwk: &Jwk, size: usize) -> Result<Material, UnusableKey> {
    let mut point = vec![4];
    for coordinate in [&jwk.x, &jwk.y] {
        let bytes = coordinate.as_ref().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        point.extend(bytes.filter(|bytes| bytes.len() == size).ok_or(UnusableKey::Numbers)?);
    }
    Ok(Material::Point(point))
}

impl ProviderKey {
    /// Whether an algorithm may be used with it: of its kind, and the one that it names, if any.
    pub(super) fn takes(&self, algorithm: SigningAlgorithm) -> bool {
        algorithm.key_kind() == self.kind && self.jwk.alg.is_none_or(|own| own == algorithm)
    }

    /// Whether both are the same numbers, and vouch for the same tenants.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.material == other.material && self.jwk.issuer == other.jwk.issuer
    }

    /// The one Entra tenant whose tokens it signs. Entra publishes every tenant's keys beside that of the personal
    /// accounts, and says in `issuer`, which no RFC knows, which is which (Microsoft identity platform, "Validate the
    /// signing key issuer").
    pub(super) fn tenant(&self) -> Option<&str> {
        self.jwk.issuer.as_deref()?.split('/').find(|part| is_guid(part))
    }
}

impl JsonWebKey for ProviderKey {
    type KeyUse = Signing;
    type SigningAlgorithm = SigningAlgorithm;

    fn key_id(&self) -> Option<&JsonWebKeyId> {
        self.jwk.kid.as_ref()
    }
    fn key_type(&self) -> &KeyKind {
        &self.kind
    }
    fn key_use(&self) -> Option<&Signing> {
        self.jwk.usage.as_ref()
    }
    fn signing_alg(&self) -> JsonWebKeyAlgorithm<&SigningAlgorithm> {
        self.jwk.alg.as_ref().map_or(JsonWebKeyAlgorithm::Unspecified, JsonWebKeyAlgorithm::Algorithm)
    }

    /// The trait asks for it. No [`SigningAlgorithm`] is symmetric, so nothing calls it.
    fn new_symmetric(_: Vec<u8>) -> Self {
        Self { jwk: Jwk::default(), kind: KeyKind::Rsa, material: Material::Nothing }
    }

    fn verify_signature(
        &self,
        algorithm: &SigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureVerificationError> {
        let verified = match (&self.material, verification(*algorithm)) {
            (Material::Rsa { n, e }, Verification::Rsa(parameters)) => {
                signature::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            // A point of another curve is not read as one of this.
            (Material::Point(point), Verification::Ecdsa(parameters)) => {
                signature::UnparsedPublicKey::new(parameters, point).verify(message, signature)
            }
            _ => return Err(SignatureVerificationError::InvalidKey("another kind of key".to_owned())),
        };
        verified.map_err(|_| SignatureVerificationError::CryptoError("not this key's signature".to_owned()))
    }

    fn hash_bytes(&self, bytes: &[u8], algorithm: &SigningAlgorithm) -> Result<Vec<u8>, String> {
        Ok(algorithm.hash(bytes))
    }
}

enum Verification {
    Rsa(&'static signature::RsaParameters),
    Ecdsa(&'static signature::EcdsaVerificationAlgorithm),
}

fn verification(algorithm: SigningAlgorithm) -> Verification {
    match algorithm {
        SigningAlgorithm::Rs256 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        SigningAlgorithm::Rs384 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        SigningAlgorithm::Rs512 => Verification::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        SigningAlgorithm::Ps256 => Verification::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        SigningAlgorithm::Ps384 => Verification::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        SigningAlgorithm::Ps512 => Verification::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        SigningAlgorithm::Es256 => Verification::Ecdsa(&signature::ECDSA_P256_SHA256_FIXED),
        SigningAlgorithm::Es384 => Verification::Ecdsa(&signature::ECDSA_P384_SHA384_FIXED),
    }
}

impl SigningAlgorithm {
    /// The kind of key that it needs.
    pub(super) const fn key_kind(self) -> KeyKind {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => KeyKind::Rsa,
            Self::Es256 => KeyKind::P256,
            Self::Es384 => KeyKind::P384,
        }
    }

    /// Its hash, which `at_hash` and `c_hash` use too (OIDC core §3.1.3.6).
    pub(super) fn hash(self, bytes: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Rs256 | Self::Ps256 | Self::Es256 => &digest::SHA256,
            Self::Rs384 | Self::Ps384 | Self::Es384 => &digest::SHA384,
            Self::Rs512 | Self::Ps512 => &digest::SHA512,
        };
        digest::digest(algorithm, bytes).as_ref().to_vec()
    }
}

impl JwsSigningAlgorithm for SigningAlgorithm {
    type KeyType = KeyKind;

    fn key_type(&self) -> Option<KeyKind> {
        Some(self.key_kind())
    }
    fn uses_shared_secret(&self) -> bool {
        false
    }
    fn rsa_sha_256() -> Self {
        Self::Rs256
    }
}

/// Algorithms for encrypted tokens: none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum NoEncryption {}

impl JweContentEncryptionAlgorithm for NoEncryption {
    type KeyType = KeyKind;

    fn key_type(&self) -> Result<KeyKind, String> {
        match *self {}
    }
}
