//! The probe's connection and key.

use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::probe::connection_file;
use stoa_saml::idp::NewKey;

use super::{Applied, ConnectionFile, OperatorError, SecretName, SecretText, StackAccess};

impl StackAccess {
    /// Gives the probe a new key, and a connection that trusts it and no other. Until the function has the key, and
    /// while both are written, a login of the probe may be refused: nobody else's is.
    pub async fn set_up_probe(&self, school: &SchoolId, public_url: &str) -> Result<Applied, OperatorError> {
        let (id, reason) = (ConnectionId::probe(), "a new key of the probe");
        let key = NewKey::generate().map_err(|_| OperatorError::Secret("no random bytes"))?;
        let (text, metadata) = connection_file(school, public_url, &key.public);
        let file = ConnectionFile {
            path: "the probe's connection".to_owned(),
            text,
            metadata: Some(metadata.into_bytes()),
            ..ConnectionFile::default()
        };
        let planned = self.plan(&file).await?.because(Some(reason.to_owned()));
        let is_new = planned.is_new();
        let applied = self.apply(planned).await?;
        let secret = SecretText::new(&key.private_pem)?;
        if is_new {
            self.put_secret(&SecretName::Probe, secret).await?;
            return Ok(applied);
        }
        let before = self.trusts(&id).await?.keys;
        self.add_key(&id, &key.public, reason).await?;
        self.put_secret(&SecretName::Probe, secret).await?;
        for old in before {
            self.remove_key(&id, &old.fingerprint, reason).await?;
        }
        Ok(applied)
    }
}
