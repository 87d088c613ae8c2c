//! An OpenID provider's own description (OpenID Connect Discovery 1.0).

use crate::connection::{OidcDocument, ProviderDocument, TENANT_PLACEHOLDER};
use crate::published::Published;
pub use crate::published::PublishedError;
use crate::quote::quote;

/// The largest discovery document that is read.
pub const MAX_DISCOVERY: usize = 64 * 1024;

/// Why a discovery document is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DiscoveryError {
    /// Not JSON, too long, or without an endpoint that every login needs.
    #[error("not a discovery document: {0}")]
    Form(#[from] PublishedError),
    /// Somebody else's document, or the issuer is written otherwise in the connection (§4.3).
    #[error("the issuer in it is {0:?}, which is not oidc.issuer byte for byte")]
    Issuer(String),
}

/// Where a connection's provider describes itself (§4). For an issuer of several Entra tenants that is the document of
/// all organizations.
pub fn discovery_url(oidc: &OidcDocument) -> String {
    oidc.discovery_url.clone().unwrap_or_else(|| {
        let issuer = oidc.issuer.replace(TENANT_PLACEHOLDER, "organizations");
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    })
}

/// Reads the discovery document of this issuer. Its addresses are checked where a connection is. What else it offers
/// (§3), algorithms above all, is the connection's to say.
pub fn parse_discovery(json: &[u8], issuer: &str) -> Result<ProviderDocument, DiscoveryError> {
    let mut found = Published::parse(json, MAX_DISCOVERY)?;
    let own = found.text("issuer")?;
    if own != issuer {
        return Err(DiscoveryError::Issuer(quote(&own)));
    }
    Ok(ProviderDocument {
        authorization_endpoint: found.text("authorization_endpoint")?,
        token_endpoint: found.text("token_endpoint")?,
        userinfo_endpoint: found.optional("userinfo_endpoint")?,
        jwks_uri: found.text("jwks_uri")?,
        // RFC 9207 §3: absent is false.
        response_iss: found.flag("authorization_response_iss_parameter_supported")?,
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
        assert_eq!(parse_discovery(b"<html>", issuer), Err(PublishedError::WebPage.into()));
        let mut long = document(issuer);
        long.resize(MAX_DISCOVERY + 1, b' ');
        assert_eq!(parse_discovery(&long, issuer), Err(PublishedError::TooLong(MAX_DISCOVERY).into()));
    }

    #[test]
    fn c165_null_is_absent_and_what_is_missing_or_another_form_is_named() {
        let issuer = "https://idp.example";
        let read = |name: &str, value: serde_json::Value| {
            let mut document: serde_json::Value = serde_json::from_slice(&document(issuer)).unwrap();
            document[name] = value;
            parse_discovery(&serde_json::to_vec(&document).unwrap(), issuer)
        };
        for name in
            ["userinfo_endpoint", "authorization_response_iss_parameter_supported", "acr_values_supported", "extra"]
        {
            let provider = read(name, serde_json::Value::Null).unwrap();
            assert!(!provider.response_iss && provider.userinfo_endpoint.is_none(), "{name}");
        }
        for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
            assert_eq!(read(name, serde_json::Value::Null), Err(PublishedError::Missing(name).into()));
            assert_eq!(read(name, 7.into()), Err(PublishedError::Member(name, "a text").into()));
        }
        let userinfo = read("userinfo_endpoint", vec!["https://idp.example/userinfo"].into());
        assert_eq!(userinfo, Err(PublishedError::Member("userinfo_endpoint", "a text").into()));
        let flag = "authorization_response_iss_parameter_supported";
        assert_eq!(read(flag, "true".into()), Err(PublishedError::Member(flag, "true or false").into()));
        assert!(read(flag, true.into()).unwrap().response_iss);
        let said = read("jwks_uri", serde_json::Value::Null).unwrap_err().to_string();
        assert_eq!(said, "not a discovery document: the member \"jwks_uri\" is missing");
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
