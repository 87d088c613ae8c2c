//! Why nothing was read of what a provider publishes.

use stoa_saml::metadata::MetadataError;

use super::provider::DiscoveryError;
use crate::oidc::JwksError;

/// Why a look read nothing. As text it names the address where the address is to blame.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// It could not be fetched.
    #[error("{url}: {error}")]
    Unfetched {
        /// From where.
        url: String,
        /// What the client says.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is not text.
    #[error("{url}: not UTF-8")]
    NotUtf8 {
        /// Where it is published.
        url: String,
    },
    /// It is no metadata of a SAML provider.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// It is no key set.
    #[error(transparent)]
    KeySet(#[from] JwksError),
    /// It is no discovery document of the provider.
    #[error(transparent)]
    Description(#[from] DiscoveryError),
}
