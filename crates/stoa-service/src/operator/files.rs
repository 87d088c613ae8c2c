//! What on-call keeps in files: connections, and the documents that they name.

use std::collections::BTreeMap;

use jiff::Timestamp;
use stoa_core::connection::{ConnectionDocument, IdpDocument, OidcDocument};
use stoa_core::invisible::visible;
use stoa_core::oidc::{Jwks, JwksError};
use stoa_core::trust::{PublishedError, parse_discovery};
use stoa_saml::metadata::{Binding, IdpMetadata};

use super::OperatorError;
use crate::store::KeySet;

/// A connection's file and the documents that it names.
#[derive(Default)]
pub struct ConnectionFile {
    /// Where it was read, for messages.
    pub path: String,
    /// TOML.
    pub text: String,
    /// The contents of `saml.metadata_file`, where one is named.
    pub metadata: Option<Vec<u8>>,
    /// The contents of `oidc.discovery_file`, where one is named.
    pub discovery: Option<Vec<u8>>,
    /// The contents of `oidc.jwks_file`, where one is named.
    pub jwks: Option<Vec<u8>>,
}

/// The settings that name a file beside the connection's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedFile {
    /// `saml.metadata_file`
    Metadata,
    /// `oidc.discovery_file`
    Discovery,
    /// `oidc.jwks_file`
    Jwks,
}

impl NamedFile {
    const fn setting(self) -> (&'static str, &'static str) {
        match self {
            Self::Metadata => ("saml", "metadata_file"),
            Self::Discovery => ("oidc", "discovery_file"),
            Self::Jwks => ("oidc", "jwks_file"),
        }
    }
}

/// What an identity provider publishes about itself, as far as it is at hand.
#[derive(Default)]
pub struct Published {
    /// The SAML metadata.
    pub metadata: Option<IdpMetadata>,
    /// The texts of key sets.
    pub(super) key_sets: BTreeMap<KeySet, String>,
    /// Why what was published before still counts.
    pub(super) unreached: Option<String>,
}

impl ConnectionFile {
    /// The document in its stored form, with what the named files say in it. Nothing is checked but the form, and
    /// nobody is asked.
    pub fn read(&self, now: Timestamp) -> Result<(ConnectionDocument, Published), OperatorError> {
        let mut document: ConnectionDocument =
            toml::from_str(&self.text).map_err(|error| self.broken(&in_lines(&error)))?;
        let mut published = Published::default();
        if let Some(xml) = &self.metadata {
            let saml = document.saml.as_mut().ok_or_else(|| self.broken("there is metadata, but no [saml]"))?;
            let metadata = stoa_saml::metadata::parse(xml, saml.idp_entity_id.as_deref(), now)
                .map_err(|source| OperatorError::Metadata { path: self.path.clone(), source })?;
            saml.idp = Some(idp(&metadata));
            saml.metadata_file = None;
            published.metadata = Some(metadata);
        }
        if let Some(oidc) = &mut document.oidc {
            self.read_provider(oidc, &mut published)?;
        }
        Ok((document, published))
    }

    fn read_provider(&self, oidc: &mut OidcDocument, published: &mut Published) -> Result<(), OperatorError> {
        if let Some(json) = &self.discovery {
            let at = oidc.discovery_file.take().unwrap_or_default();
            let provider =
                parse_discovery(json, &oidc.issuer).map_err(|source| OperatorError::Discovery { at, source })?;
            oidc.provider = Some(provider);
        }
        if let Some(json) = &self.jwks {
            let at = oidc.jwks_file.take().unwrap_or_default();
            published.key_sets.insert(KeySet::Oidc, key_set(&at, json)?);
        }
        Ok(())
    }

    /// The path of a named file, from a text that may hold other mistakes.
    pub fn named(text: &str, file: NamedFile) -> Option<String> {
        let (section, setting) = file.setting();
        let table: toml::Table = text.parse().ok()?;
        Some(table.get(section)?.get(setting)?.as_str()?.to_owned())
    }

    fn broken(&self, message: &str) -> OperatorError {
        OperatorError::File { path: self.path.clone(), message: message.to_owned() }
    }
}

/// A mistake in a file, with the line that it is in. Its own text, which repeats a part of the file, is on one line.
pub fn in_lines(error: &toml::de::Error) -> String {
    error.to_string().trim_end().replace(error.message(), &visible(error.message()))
}

/// The text of a key set that has a usable key.
pub(super) fn key_set(at: &str, json: &[u8]) -> Result<String, OperatorError> {
    let bad = |source| OperatorError::Jwks { at: at.to_owned(), source };
    let text = std::str::from_utf8(json).map_err(|_| bad(JwksError::Form(PublishedError::NotJson)))?;
    Jwks::parse(text).map_err(bad)?;
    Ok(text.to_owned())
}

/// What stoa takes from the metadata into the connection.
pub(super) fn idp(metadata: &IdpMetadata) -> IdpDocument {
    let endpoint = |binding| {
        metadata.sso.iter().find(|endpoint| endpoint.binding == binding).map(|endpoint| endpoint.location.clone())
    };
    IdpDocument {
        entity_id: metadata.entity_id.clone(),
        sso_redirect: endpoint(Binding::Redirect),
        sso_post: endpoint(Binding::Post),
    }
}
