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

pub(super) fn default_api_url() -> String {
    "https://api.workos.com".into()
}

impl WorkosDocument {
    pub(super) fn check(&self, policy: UrlPolicy) -> Result<(), ConnectionError> {
        check_api_url("workos.api_url", &self.api_url, policy)?;
        let ids = [
            ("client_", Some(&self.client_id)),
            ("org_", self.organization.as_ref()),
            ("conn_", self.connection.as_ref()),
        ];
        for (prefix, id) in ids {
            id.map_or(Ok(()), |id| check_id(prefix, id))?;
        }
        if self.organization.is_none() && self.connection.is_none() {
            return Err(ConnectionError::NoWorkosSelector);
        }
        Ok(())
    }
}

/// An address of WorkOS's API.
pub(super) fn check_api_url(field: &'static str, url: &str, policy: UrlPolicy) -> Result<(), ConnectionError> {
    check_url(field, url, policy)?;
    if url.ends_with('/') { Err(ConnectionError::BadUrl { field, url: url.to_owned() }) } else { Ok(()) }
}

/// An id of WorkOS's, of one kind.
pub(super) fn check_id(prefix: &'static str, id: &str) -> Result<(), ConnectionError> {
    let is_plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_good = id.strip_prefix(prefix).is_some_and(|rest| (1..80).contains(&rest.len()) && is_plain(rest));
    if is_good { Ok(()) } else { Err(ConnectionError::BadWorkosId(prefix, id.to_owned())) }
}
