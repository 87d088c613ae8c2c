//! The certificates it signs with, and their rotation.

use stoa_saml::{Certificate, CertificateError, KeyError, SigningKey};

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
    ring: Vec<KeyPair>,
    pub(super) server_default: Certificate,
    pub(super) attacker: SigningKey,
}

/// Where in the ring it signs, and how many certificates on either side its metadata shows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rotation {
    current: usize,
    next_announced: bool,
    previous_shown: bool,
}

impl Keys {
    pub(super) fn load() -> Result<Self, KeysError> {
        let ring = SIGNING.iter().map(|(key, certificate)| {
            Ok(KeyPair { key: SigningKey::from_pkcs8_pem(key)?, certificate: Certificate::from_pem(certificate)? })
        });
        Ok(Self {
            ring: ring.collect::<Result<_, KeysError>>()?,
            server_default: Certificate::from_pem(SERVER_DEFAULT)?,
            attacker: SigningKey::from_pkcs8_pem(ATTACKER)?,
        })
    }

    pub(super) fn current(&self, rotation: Rotation) -> &KeyPair {
        self.at(rotation.current)
    }

    pub(super) fn next(&self, rotation: Rotation) -> &KeyPair {
        self.at(rotation.current + 1)
    }

    /// What a partner's metadata shows, the current one first.
    pub(super) fn published(&self, rotation: Rotation) -> Vec<Certificate> {
        let mut shown = vec![self.current(rotation).certificate.clone()];
        if rotation.next_announced {
            shown.push(self.next(rotation).certificate.clone());
        }
        if rotation.previous_shown {
            shown.push(self.at(rotation.current + self.ring.len() - 1).certificate.clone());
        }
        shown
    }

    fn at(&self, index: usize) -> &KeyPair {
        &self.ring[index % self.ring.len()]
    }
}

impl Rotation {
    pub(super) fn announce(&mut self) {
        self.next_announced = true;
    }

    pub(super) fn rotate(&mut self) {
        *self = Self { current: self.current + 1, next_announced: false, previous_shown: true };
    }

    pub(super) fn retire(&mut self) {
        self.previous_shown = false;
    }
}
