//! An OpenID provider's own description (OpenID Connect Discovery 1.0).

use serde::Deserialize;

use crate::connection::{OidcDocument, ProviderDocument, TENANT_PLACEHOLDER};
use crate::quote::quote;

/// The largest discovery document that is read.
pub const MAX_DISCOVERY: usize = 64 * 1024;

/// Why a discovery document is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DiscoveryError {
    /// Not JSON, too long, or without an endpoint that every login needs.
    #[error("not a discovery document of at most 64 KiB with issuer and endpoints")]
    Form,
    /// Somebody else's document, or the issuer is written otherwise in the connection (§4.3).
    #[error("the issuer in it is {0:?}, which is not oidc.issuer byte for byte")]
    Issuer(String),
}

/// The members that stoa uses (§3). What else the document offers, algorithms above all, is the connection's to say.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where a connection's provider describes itself (§4). For an issuer of several Entra tenants that is the document of
/// all organizations.
pub fn discovery_url(oidc: &OidcDocument) -> String {
    oidc.discovery_url.clone().unwrap_or_else(|| {
        let issuer = oidc.issuer.replace(TENANT_PLACEHOLDER, "organizations");
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    })
}

/// Reads the discovery document of this issuer. Its addresses are checked where a connection is.
pub fn parse_discovery(json: &[u8], issuer: &str) -> Result<ProviderDocument, DiscoveryError> {
    if json.len() > MAX_DISCOVERY {
        return Err(DiscoveryError::Form);
    }
    let found: Discovery = serde_json::from_slice(json).map_err(|_| DiscoveryError::Form)?;
    if found.issuer != issuer {
        return Err(DiscoveryError::Issuer(quote(&found.issuer)));
    }
    Ok(ProviderDocument {
        authorization_endpoint: found.authorization_endpoint,
        token_endpoint: found.token_endpoint,
        userinfo_endpoint: found.userinfo_endpoint,
        jwks_uri: found.jwks_uri,
        response_iss: found.authorization_response_iss_parameter_supported,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn document(issuer: &str) -> Vec<u8> {
        let document = serde_json::json!({
            "issuer": issuer,
            "authorization_endpoint": "https://idp.example/as/authorization.oauth2",
            "token_endpoint": "https://idp.example/as/token.oauth2",
            "jwks_uri": "https://idp.example/pf/JWKS",
            "id_token_signing_alg_values_supported": ["none", "HS256"],
        });
        serde_json::to_vec(&document).unwrap()
    }

    #[test]
    fn c165_the_issuer_is_compared_byte_for_byte() {
        let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
        let provider = parse_discovery(&document(issuer), issuer).unwrap();
        assert_eq!(provider.jwks_uri, "https://idp.example/pf/JWKS");
        assert!(!provider.response_iss && provider.userinfo_endpoint.is_none());
        for other in ["https://idp.example/", "https://IDP.example", "https://idp.example.evil.example"] {
            let refused = parse_discovery(&document(other), "https://idp.example");
            assert_eq!(refused, Err(DiscoveryError::Issuer(other.to_owned())));
        }
        assert_eq!(parse_discovery(b"<html>", issuer), Err(DiscoveryError::Form));
        assert_eq!(
            parse_discovery(b"{\"issuer\":\"https://idp.example\"}", "https://idp.example"),
            Err(DiscoveryError::Form)
        );
        let mut long = document(issuer);
        long.resize(MAX_DISCOVERY + 1, b' ');
        assert_eq!(parse_discovery(&long, issuer), Err(DiscoveryError::Form));
    }

    #[test]
    fn the_document_is_where_the_issuer_says() {
        let at = |issuer: &str| {
            let oidc = serde_json::json!({ "issuer": issuer, "client_id": "stoa" });
            discovery_url(&serde_json::from_value(oidc).unwrap())
        };
        assert_eq!(at("https://idp.example"), "https://idp.example/.well-known/openid-configuration");
        assert_eq!(at("https://idp.example/"), "https://idp.example/.well-known/openid-configuration");
        assert_eq!(
            at("https://login.microsoftonline.com/{tenantid}/v2.0"),
            "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration"
        );
    }
}
