//! A new signing key.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::Certificate;
use crate::private_key::KeyError;

/// An ECDSA P-256 key that was just made, in both halves.
pub struct NewKey {
    /// The private half: PKCS #8 in PEM form (RFC 5958, RFC 7468). A secret.
    pub private_pem: String,
    /// The public half, as metadata shows it. It has no name and does not end.
    pub public: Certificate,
}

impl NewKey {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// The operating system has no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let unusable = |_| KeyError::Unusable;
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let document = document.map_err(unusable)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref());
        let pair = pair.map_err(|_| KeyError::Unusable)?;
        let public = pair.public_key().as_der().map_err(unusable)?;
        let public = Certificate::from_der(public.as_ref()).map_err(|_| KeyError::Unusable)?;
        let body = STANDARD.encode(document.as_ref());
        Ok(Self { private_pem: format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"), public })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::private_key::SigningKey;

    #[test]
    fn a_new_key_is_read_back_and_is_another_each_time() {
        let (one, other) = (NewKey::generate().unwrap(), NewKey::generate().unwrap());
        assert!(SigningKey::from_pkcs8_pem(&one.private_pem).is_ok());
        assert!(one.public.is_bare_key() && one.public != other.public);
    }
}
