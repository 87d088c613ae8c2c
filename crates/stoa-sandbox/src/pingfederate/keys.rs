//! The certificates it signs with.

use stoa_saml::{Certificate, CertificateError, KeyError, SigningKey};

use crate::rotation::{Ring, Rotation};

const SIGNING: [(&str, &str); 4] = [
    (include_str!("keys/signing-1.key.pem"), include_str!("keys/signing-1.cert.pem")),
    (include_str!("keys/signing-2.key.pem"), include_str!("keys/signing-2.cert.pem")),
    (include_str!("keys/signing-3.key.pem"), include_str!("keys/signing-3.cert.pem")),
    (include_str!("keys/signing-4.key.pem"), include_str!("keys/signing-4.cert.pem")),
];
const SERVER_DEFAULT: &str = include_str!("keys/server-default.cert.pem");
const ATTACKER: &str = include_str!("keys/attacker.key.pem");

/// Why the simulator's own keys were not read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// A key and its certificate.
#[derive(Debug)]
pub(super) struct KeyPair {
    pub(super) key: SigningKey,
    pub(super) certificate: Certificate,
}

#[derive(Debug)]
pub(super) struct Keys {
    pub(super) ring: Ring<KeyPair>,
    pub(super) server_default: Certificate,
    pub(super) attacker: SigningKey,
}

impl Keys {
    pub(super) fn load() -> Result<Self, KeysError> {
        let ring = SIGNING.iter().map(|(key, certificate)| {
            Ok(KeyPair { key: SigningKey::from_pkcs8_pem(key)?, certificate: Certificate::from_pem(certificate)? })
        });
        Ok(Self {
            ring: Ring::new(ring.collect::<Result<_, KeysError>>()?),
            server_default: Certificate::from_pem(SERVER_DEFAULT)?,
            attacker: SigningKey::from_pkcs8_pem(ATTACKER)?,
        })
    }

    /// What a partner's metadata shows, the current one first.
    pub(super) fn published(&self, rotation: Rotation) -> Vec<Certificate> {
        self.ring.published(rotation).into_iter().map(|pair| pair.certificate.clone()).collect()
    }
}
