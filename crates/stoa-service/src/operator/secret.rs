//! Secrets: written from standard input, never read.

use aws_sdk_secretsmanager::error::SdkError;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::keys::KeySet;
use stoa_core::routes::SecretKind;

use super::{Operator, OperatorError};
use crate::random;

/// Which secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// The seal secret.
    Seal,
    /// The pepper. It can be written once only.
    Pepper,
    /// What seals the profiles of directories.
    Directory,
    /// A connection's SAML private keys.
    Saml(ConnectionId),
    /// A connection's OAuth client secret, private key, or WorkOS API key.
    Oidc(ConnectionId),
    /// A school's Thinkific API key.
    Thinkific(SchoolId),
}

impl SecretName {
    fn full(&self, prefix: &str) -> String {
        match self {
            Self::Seal => format!("{prefix}/{}", SecretKind::Seal.as_str()),
            Self::Pepper => format!("{prefix}/{}", SecretKind::Pepper.as_str()),
            Self::Directory => format!("{prefix}/{}", SecretKind::Directory.as_str()),
            Self::Saml(id) => format!("{prefix}/{}/{id}", SecretKind::Saml.as_str()),
            Self::Oidc(id) => format!("{prefix}/{}/{id}", SecretKind::Oidc.as_str()),
            Self::Thinkific(id) => format!("{prefix}/{}/{id}", SecretKind::Thinkific.as_str()),
        }
    }
}

/// A secret's text on its way in. Redacted in `Debug`.
pub struct SecretText(String);

impl SecretText {
    /// Takes what was read from standard input: either the plain value of one key, or a whole key set as JSON.
    pub fn new(text: &str) -> Result<Self, OperatorError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(OperatorError::Secret("the secret is empty"));
        }
        if text.starts_with('{') {
            KeySet::parse(text).map_err(|_| {
                OperatorError::Secret(
                    "a key set is {\"keys\":[{\"id\":…,\"from\":…,\"value\":…}]}, with at least one key",
                )
            })?;
            return Ok(Self(text.to_owned()));
        }
        let key = serde_json::json!({ "id": "1", "from": 0, "value": text });
        Ok(Self(serde_json::json!({ "keys": [key] }).to_string()))
    }

    /// Makes a random value, for the secrets that are stoa's own.
    pub fn random() -> Result<Self, OperatorError> {
        let random = || random::token().map_err(|_| OperatorError::Secret("no random bytes"));
        Self::new(&format!("{}{}", random()?, random()?))
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

impl Operator {
    /// Writes a secret; makes it where it does not exist. A new Thinkific key is noticed by functions at once, since
    /// the school's key version goes up.
    pub async fn put_secret(&self, name: &SecretName, text: SecretText) -> Result<(), OperatorError> {
        let full = name.full(&self.names.secret_prefix);
        let created = self.secrets.create_secret().name(&full).secret_string(&text.0).send().await;
        match created {
            Ok(_) => {}
            Err(SdkError::ServiceError(error)) if error.err().is_resource_exists_exception() => {
                if *name == SecretName::Pepper {
                    return Err(OperatorError::Secret(
                        "the pepper exists and cannot be changed: every person's key depends on it",
                    ));
                }
                self.secrets
                    .put_secret_value()
                    .secret_id(&full)
                    .secret_string(&text.0)
                    .send()
                    .await
                    .map_err(|error| OperatorError::aws("write the secret", &error))?;
            }
            Err(error) => return Err(OperatorError::aws("create the secret", &error)),
        }
        match name {
            SecretName::Thinkific(school) => self.announce_key(school).await,
            SecretName::Seal
            | SecretName::Pepper
            | SecretName::Directory
            | SecretName::Saml(_)
            | SecretName::Oidc(_) => Ok(()),
        }
    }
}
