//! A school: where a connection leads.

use serde::{Deserialize, Serialize};

use super::checks::{UrlPolicy, check_url};
use super::error::ConnectionError;
use crate::destination::Destination;
use crate::ids::SchoolId;

/// A school as written in `schools/*.toml` and stored in the `connections` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolDocument {
    /// Names the school in tables, logs and the secret `thinkific/{id}`.
    pub id: SchoolId,
    /// `X-Auth-Subdomain`: the first label of `{subdomain}.thinkific.com`.
    pub subdomain: String,
    /// Where browsers go: `https://{subdomain}.thinkific.com`, or the school's own host. No trailing slash.
    pub base_url: String,
    /// The Admin API, without a trailing slash.
    #[serde(default = "default_api_url")]
    pub api_url: String,
}

fn default_api_url() -> String {
    "https://api.thinkific.com/api/public/v1".into()
}

/// A school whose parts hold together.
#[derive(Clone, Debug)]
pub struct School {
    /// As written.
    pub document: SchoolDocument,
    /// Changes when the API key does, so that no function keeps an old one.
    pub key_version: u32,
}

impl School {
    /// Checks a document.
    pub fn check(document: SchoolDocument, key_version: u32, policy: UrlPolicy) -> Result<Self, ConnectionError> {
        for (field, text) in [("base_url", &document.base_url), ("api_url", &document.api_url)] {
            let url = check_url(field, text, policy)?;
            if text.ends_with('/') || url.query().is_some() {
                return Err(ConnectionError::BadUrl { field, url: text.clone() });
            }
        }
        if document.subdomain.is_empty() || !document.subdomain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return Err(ConnectionError::BadUrl { field: "subdomain", url: document.subdomain });
        }
        Ok(Self { document, key_version })
    }

    /// The absolute address of a destination.
    pub fn url_of(&self, destination: &Destination) -> String {
        format!("{}{}", self.document.base_url, destination.as_str())
    }
}
