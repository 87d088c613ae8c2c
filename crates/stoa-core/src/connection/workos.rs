//! The WorkOS side of a connection: the identity provider stands behind WorkOS SSO.

use serde::{Deserialize, Serialize};

use super::checks::{UrlPolicy, check_url};
use super::error::ConnectionError;

/// The WorkOS side of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkosDocument {
    /// `client_…` of the WorkOS environment. Its API key is the secret `oidc/{connection}`.
    pub client_id: String,
    /// `org_…`: whose people. Compared with each profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// `conn_…`: through which WorkOS connection, where an organization has several. Compared with each profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// WorkOS's API, without a trailing slash.
    #[serde(default = "default_api_url")]
    pub api_url: String,
}

fn default_api_url() -> String {
    "https://api.workos.com".into()
}

impl WorkosDocument {
    pub(super) fn check(&self, policy: UrlPolicy) -> Result<(), ConnectionError> {
        check_url("workos.api_url", &self.api_url, policy)?;
        if self.api_url.ends_with('/') {
            return Err(ConnectionError::BadUrl { field: "workos.api_url", url: self.api_url.clone() });
        }
        let ids = [
            ("client_", Some(&self.client_id)),
            ("org_", self.organization.as_ref()),
            ("conn_", self.connection.as_ref()),
        ];
        for (prefix, id) in ids {
            let is_good = |id: &String| {
                id.strip_prefix(prefix).is_some_and(|rest| {
                    !rest.is_empty() && rest.len() < 100 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                })
            };
            if let Some(id) = id.filter(|id| !is_good(id)) {
                return Err(ConnectionError::BadWorkosId(prefix, id.clone()));
            }
        }
        if self.organization.is_none() && self.connection.is_none() {
            return Err(ConnectionError::NoWorkosSelector);
        }
        Ok(())
    }
}
