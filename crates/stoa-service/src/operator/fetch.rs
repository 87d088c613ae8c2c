//! What identity providers publish, fetched by whoever applies a connection: metadata, discovery document, keys.

use std::collections::btree_map::Entry;
use std::time::Duration;

use jiff::Timestamp;
use stoa_core::connection::{ConnectionDocument, OidcDocument, SamlDocument};
use stoa_core::oidc::MAX_JWKS;
use stoa_core::trust::{MAX_DISCOVERY, MAX_METADATA, discovery_url, parse_discovery, read_metadata};
use stoa_saml::Certificate;
use stoa_saml::metadata::{IdpMetadata, MetadataError};

use super::files::{Published, idp, key_set};
use super::{OperatorError, StackAccess};
use crate::egress::Limits;
use crate::store::KeySet;

/// On-call waits, and a federation's metadata is long.
const TIMEOUT: Duration = Duration::from_secs(20);

impl StackAccess {
    /// Fetches what the file leaves to be fetched. `stored` is the connection as it stands: while the provider cannot be
    /// reached, what it said when the same was applied before still counts, so that other changes can be applied.
    pub(super) async fn fetch(
        &self,
        document: &mut ConnectionDocument,
        published: &mut Published,
        stored: Option<&ConnectionDocument>,
        now: Timestamp,
    ) -> Result<(), OperatorError> {
        if let Some(saml) = &mut document.saml {
            self.fetch_metadata(saml, published, stored.and_then(|stored| stored.saml.as_ref()), now).await?;
        }
        if let Some(oidc) = &mut document.oidc {
            self.fetch_provider(oidc, published, stored.and_then(|stored| stored.oidc.as_ref())).await?;
        }
        Ok(())
    }

    async fn fetch_metadata(
        &self,
        saml: &mut SamlDocument,
        published: &mut Published,
        stored: Option<&SamlDocument>,
        now: Timestamp,
    ) -> Result<(), OperatorError> {
        let (None, None, Some(url)) = (&saml.idp, &saml.metadata_file, saml.metadata_url.clone()) else {
            return Ok(());
        };
        let known = stored.and_then(|stored| stored.idp.as_ref());
        let same = known.filter(|_| stored.is_some_and(|stored| stored.metadata_url.as_ref() == Some(&url)));
        match (self.read_from(&url, MAX_METADATA).await, same) {
            (Ok(xml), _) => {
                let metadata = read_known(&xml, saml, known.map(|idp| idp.entity_id.as_str()), now)
                    .map_err(|source| OperatorError::Metadata { path: url, source })?;
                saml.idp = Some(idp(&metadata));
                published.metadata = Some(metadata);
            }
            (Err(error), Some(idp)) => {
                saml.idp = Some(idp.clone());
                published.unreached = Some(error.to_string());
            }
            (Err(error), None) => return Err(error),
        }
        Ok(())
    }

    async fn fetch_provider(
        &self,
        oidc: &mut OidcDocument,
        published: &mut Published,
        stored: Option<&OidcDocument>,
    ) -> Result<(), OperatorError> {
        let (None, None) = (&oidc.provider, &oidc.discovery_file) else { return Ok(()) };
        let at = discovery_url(oidc);
        let same = stored.filter(|stored| stored.issuer == oidc.issuer && discovery_url(stored) == at);
        match (self.read_from(&at, MAX_DISCOVERY).await, same.and_then(|stored| stored.provider.clone())) {
            (Ok(json), _) => {
                let provider =
                    parse_discovery(&json, &oidc.issuer).map_err(|source| OperatorError::Discovery { at, source })?;
                oidc.provider = Some(provider);
            }
            (Err(error), Some(provider)) => {
                oidc.provider = Some(provider);
                published.unreached = Some(error.to_string());
            }
            (Err(error), None) => return Err(error),
        }
        Ok(())
    }

    /// Fetches the key sets that a connection needs and does not have: all of a new one's, and those of another issuer
    /// or address. Any other change of keys is `trust-refresh`'s.
    pub(super) async fn fetch_keys(
        &self,
        document: &ConnectionDocument,
        published: &mut Published,
        stored: Option<&ConnectionDocument>,
    ) -> Result<(), OperatorError> {
        let before = stored.map(key_addresses).unwrap_or_default();
        let wanted: Vec<_> = key_addresses(document).into_iter().filter(|address| !before.contains(address)).collect();
        published.key_sets.retain(|set, _| wanted.iter().any(|address| address.set == *set));
        for KeyAddress { set, uri, .. } in wanted {
            if let Entry::Vacant(vacant) = published.key_sets.entry(set) {
                let json = self.read_from(&uri, MAX_JWKS).await?;
                vacant.insert(key_set(&uri, &json)?);
            }
        }
        Ok(())
    }

    pub(super) async fn read_from(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, OperatorError> {
        let fetched = self.egress.get(url, Limits { timeout: TIMEOUT, max_bytes }).await;
        fetched.map_err(|source| OperatorError::Fetch { url: url.to_owned(), source })
    }
}

/// Whose keys are where.
#[derive(PartialEq, Eq)]
pub(super) struct KeyAddress {
    pub(super) set: KeySet,
    issuer: String,
    pub(super) uri: String,
}

pub(super) fn key_addresses(document: &ConnectionDocument) -> Vec<KeyAddress> {
    let oidc = document.oidc.as_ref().and_then(|oidc| {
        let uri = oidc.provider.as_ref()?.jwks_uri.clone();
        Some(KeyAddress { set: KeySet::Oidc, issuer: oidc.issuer.clone(), uri })
    });
    let teams = document.teams.as_ref().filter(|teams| teams.token);
    let teams =
        teams.map(|teams| KeyAddress { set: KeySet::Teams, issuer: String::new(), uri: teams.jwks_uri.clone() });
    oidc.into_iter().chain(teams).collect()
}

/// Of several identity providers, the one that is known.
fn read_known(
    xml: &[u8],
    saml: &SamlDocument,
    known: Option<&str>,
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    // One that does not parse is reported when the connection is checked, and pins nothing until then.
    let pinned: Vec<_> = saml.metadata_certificates.iter().flat_map(|pem| Certificate::from_pem(pem)).collect();
    let pinned = (!saml.metadata_certificates.is_empty()).then_some(pinned.as_slice());
    match (read_metadata(xml, saml.idp_entity_id.as_deref(), pinned, now), known) {
        (Err(MetadataError::SeveralIdentityProviders), Some(known)) => read_metadata(xml, Some(known), pinned, now),
        (result, _) => result,
    }
}
