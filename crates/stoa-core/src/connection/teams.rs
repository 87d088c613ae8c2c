//! The Microsoft Teams tab of a connection.

use serde::{Deserialize, Serialize};

use super::checks::{PERSONAL_TENANT, UrlPolicy, check_url, is_guid};
use super::error::ConnectionError;

/// The Teams tab of a connection. Alone, it is a connection by the token path only; beside another protocol, the tab
/// opens that one's login in the browser, unless `token` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamsDocument {
    /// The Entra application of the tab: `webApplicationInfo.id`, and the audience of its tokens.
    pub app_id: String,
    /// Entra tenants (`tid`) whose people may come.
    #[serde(default)]
    pub tenants: Vec<String>,
    /// Whether the tab proves the person by a Teams token (`getAuthToken`) instead of an ordinary login.
    #[serde(default)]
    pub token: bool,
    /// Where Entra publishes the keys of its tokens.
    #[serde(default = "default_jwks_uri")]
    pub jwks_uri: String,
    /// The tab's name in Teams, at most 30 characters.
    #[serde(default = "default_name")]
    pub name: String,
}

fn default_jwks_uri() -> String {
    "https://login.microsoftonline.com/common/discovery/v2.0/keys".into()
}

fn default_name() -> String {
    "Learning".into()
}

impl TeamsDocument {
    pub(super) fn check(&self, policy: UrlPolicy) -> Result<(), ConnectionError> {
        check_url("teams.jwks_uri", &self.jwks_uri, policy)?;
        if !is_guid(&self.app_id) {
            return Err(ConnectionError::BadGuid("teams.app_id", self.app_id.clone()));
        }
        if let Some(tenant) = self.tenants.iter().find(|tenant| !is_guid(tenant)) {
            return Err(ConnectionError::BadGuid("teams.tenants", tenant.clone()));
        }
        if self.tenants.iter().any(|tenant| tenant == PERSONAL_TENANT) {
            return Err(ConnectionError::PersonalTenant("teams.tenants"));
        }
        if self.token && self.tenants.is_empty() {
            return Err(ConnectionError::NoTenant);
        }
        if !(1..=30).contains(&self.name.chars().count()) || self.name.chars().any(char::is_control) {
            return Err(ConnectionError::BadTeamsName);
        }
        Ok(())
    }
}
