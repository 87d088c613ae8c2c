//! What an operator keeps in files: connections, and the metadata that they name.

use jiff::Timestamp;
use stoa_core::connection::{ConnectionDocument, IdpDocument};
use stoa_saml::metadata::{Binding, IdpMetadata};

use super::OperatorError;

/// A connection's file and the metadata that it names.
pub struct ConnectionFile {
    /// Where it was read, for messages.
    pub path: String,
    /// TOML.
    pub text: String,
    /// The contents of `saml.metadata_file`, where one is named.
    pub metadata: Option<Vec<u8>>,
}

impl ConnectionFile {
    /// The document in its stored form, with what the metadata says in `saml.idp`. Nothing is checked but the form.
    pub fn read(&self, now: Timestamp) -> Result<(ConnectionDocument, Option<IdpMetadata>), OperatorError> {
        let mut document: ConnectionDocument = toml::from_str(&self.text).map_err(|error| OperatorError::File {
            path: self.path.clone(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let Some(xml) = &self.metadata else { return Ok((document, None)) };
        let metadata = stoa_saml::metadata::parse(xml, None, now)
            .map_err(|source| OperatorError::Metadata { path: self.path.clone(), source })?;
        let endpoint = |binding| {
            metadata.sso.iter().find(|endpoint| endpoint.binding == binding).map(|endpoint| endpoint.location.clone())
        };
        let saml = document.saml.as_mut().ok_or_else(|| OperatorError::File {
            path: self.path.clone(),
            message: "metadata, but no [saml]".to_owned(),
        })?;
        saml.idp = Some(IdpDocument {
            entity_id: metadata.entity_id.clone(),
            sso_redirect: endpoint(Binding::Redirect),
            sso_post: endpoint(Binding::Post),
        });
        saml.metadata_file = None;
        Ok((document, Some(metadata)))
    }

    /// The path in `saml.metadata_file`, from a text that may hold other mistakes.
    pub fn metadata_path(text: &str) -> Option<String> {
        let table: toml::Table = text.parse().ok()?;
        Some(table.get("saml")?.get("metadata_file")?.as_str()?.to_owned())
    }
}
