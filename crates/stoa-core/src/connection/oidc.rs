//! The OpenID Connect side of a connection.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use url::Url;

use super::checks::{MAX_SKEW, PERSONAL_TENANT, UrlPolicy, check_url, default_skew, is_guid};
use super::error::ConnectionError;
use super::preset::{EmailVerified, Preset};
use crate::email::is_domain;

/// Parameters of the authorization request that are stoa's to set.
const RESERVED_PARAMETERS: &[&str] = &[
    "acr_values",
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "max_age",
    "nonce",
    "prompt",
    "redirect_uri",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];
/// What is asked for where the file does not say.
const SCOPES: [&str; 3] = ["openid", "profile", "email"];
/// Google's issuer, whatever the preset: it is everybody's, private accounts among them.
const GOOGLE: &str = "https://accounts.google.com";
/// Where Entra's issuers are, of every cloud. Elsewhere a path may say `common` and mean nothing by it.
const MICROSOFT: &[&str] = &[
    "login.microsoft.com",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
];
/// What stands for the tenant in the issuer of an application for several Entra tenants.
pub const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// The OpenID Connect side of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcDocument {
    /// The issuer, byte for byte as in the ID token. For several Entra tenants, with `{tenantid}` in the tenant's
    /// place; `tenants` says which.
    pub issuer: String,
    /// Where the discovery document is, if not at `{issuer}/.well-known/openid-configuration`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_url: Option<String>,
    /// A saved discovery document, beside the TOML file, for a machine that cannot reach the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_file: Option<String>,
    /// The saved key set that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_file: Option<String>,
    /// What the discovery document says; written by `stoa connection apply`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderDocument>,
    /// Our client id. PingFederate's may contain spaces.
    pub client_id: String,
    /// How we prove that we are this client, with the secret `oidc/{connection}`.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The day on which that secret stops counting at the provider (UTC), where it does: for alarms, no function asks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_expires: Option<Date>,
    /// What to ask for; `openid` is among them. Absent: `openid profile email`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The algorithms that an ID token may be signed with, whatever the provider advertises.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<SigningAlgorithm>,
    /// When the userinfo endpoint is asked.
    #[serde(default)]
    pub userinfo: UserInfo,
    /// Sent with each authorization request, such as PingFederate's `pfidpadapterid`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_parameters: BTreeMap<String, String>,
    /// `prompt`, as it stands in the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
    /// The oldest authentication that is accepted, in seconds; asked for, and checked in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    /// Authentication context classes: asked for, and one of them must be in the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// Entra tenants (`tid`) whose people may come. Needed with `{tenantid}` in the issuer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
    /// Google: the Workspaces (`hd`) whose people may come. Absent: those of the connection's domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosted_domains: Vec<String>,
    /// What `email_verified` must say. Absent: the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<EmailVerified>,
    /// Clock difference borne, in seconds: at most 300.
    #[serde(default = "default_skew")]
    pub skew_seconds: u16,
}

impl OidcDocument {
    /// When the secret stops counting: as the day begins, which is no later than the provider means.
    pub fn secret_ends(&self) -> Option<Timestamp> {
        let zoned = self.secret_expires?.to_zoned(TimeZone::UTC).ok()?;
        Some(zoned.timestamp())
    }
}

fn default_algorithms() -> Vec<SigningAlgorithm> {
    vec![SigningAlgorithm::Rs256]
}

/// What stoa took from the discovery document. Its keys are in the `trust` table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderDocument {
    /// `authorization_endpoint`
    pub authorization_endpoint: String,
    /// `token_endpoint`
    pub token_endpoint: String,
    /// `userinfo_endpoint`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_endpoint: Option<String>,
    /// `jwks_uri`
    pub jwks_uri: String,
    /// `authorization_response_iss_parameter_supported` (RFC 9207): then `iss` must be in each answer.
    #[serde(default)]
    pub response_iss: bool,
}

/// How a client authenticates at the token endpoint (OIDC core §9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `client_secret_basic`
    #[default]
    ClientSecretBasic,
    /// `client_secret_post`
    ClientSecretPost,
    /// `private_key_jwt`; the secret holds a PKCS #8 PEM key, whose id in the set is the `kid`.
    PrivateKeyJwt,
}

/// Signature algorithms of ID tokens (RFC 7518 §3.1). Symmetric ones and `none` do not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5, SHA-256
    Rs256,
    /// RSASSA-PKCS1-v1_5, SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5, SHA-512
    Rs512,
    /// RSASSA-PSS, SHA-256
    Ps256,
    /// RSASSA-PSS, SHA-384
    Ps384,
    /// RSASSA-PSS, SHA-512
    Ps512,
    /// ECDSA P-256, SHA-256
    Es256,
    /// ECDSA P-384, SHA-384
    Es384,
}

impl SigningAlgorithm {
    /// As `alg` has it in a token's header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
        }
    }
}

/// When the userinfo endpoint is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserInfo {
    /// Where the ID token lacks something that the connection needs (PingFederate's is thin by default).
    #[default]
    WhenThin,
    /// At each login.
    Always,
    /// The ID token has to say everything.
    Never,
}

/// `prompt` (OIDC core §3.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Sign on again, and prove in `auth_time` that it was done.
    Login,
    /// Choose among accounts.
    SelectAccount,
    /// Ask for consent again.
    Consent,
}

/// An OpenID Connect side whose parts hold together.
#[derive(Clone, Debug)]
pub struct Oidc {
    document: OidcDocument,
    provider: ProviderDocument,
    scopes: Vec<String>,
    hosted_domains: Vec<String>,
    email_verified: EmailVerified,
}

impl Oidc {
    /// `domains` are the connection's.
    pub(super) fn check(
        document: &OidcDocument,
        preset: Preset,
        domains: &[String],
        policy: UrlPolicy,
    ) -> Result<Self, ConnectionError> {
        let provider = document.provider.clone().ok_or(ConnectionError::NoProvider)?;
        let addresses = [
            ("oidc.provider.authorization_endpoint", Some(&provider.authorization_endpoint)),
            ("oidc.provider.token_endpoint", Some(&provider.token_endpoint)),
            ("oidc.provider.userinfo_endpoint", provider.userinfo_endpoint.as_ref()),
            ("oidc.provider.jwks_uri", Some(&provider.jwks_uri)),
            ("oidc.discovery_url", document.discovery_url.as_ref()),
        ];
        for (field, url) in addresses {
            if let Some(url) = url {
                check_url(field, url, policy)?;
            }
        }
        check_url("oidc.issuer", &document.issuer.replace(TENANT_PLACEHOLDER, "tenant"), policy)?;
        if document.client_id.is_empty() || document.client_id.chars().any(char::is_control) {
            return Err(ConnectionError::BadClientId);
        }
        if document.algorithms.is_empty() {
            return Err(ConnectionError::NoAlgorithm);
        }
        if document.skew_seconds > MAX_SKEW {
            return Err(ConnectionError::SkewTooLarge("oidc"));
        }
        let reserved = |name: &&String| RESERVED_PARAMETERS.contains(&name.as_str());
        if let Some(name) = document.authorize_parameters.keys().find(reserved) {
            return Err(ConnectionError::ReservedParameter(name.clone()));
        }
        check_tenants(document)?;
        check_client_auth(document, preset)?;
        let scopes = if document.scopes.is_empty() {
            SCOPES.iter().map(|scope| (*scope).to_owned()).collect()
        } else {
            document.scopes.clone()
        };
        if !scopes.iter().any(|scope| scope == "openid") {
            return Err(ConnectionError::NoOpenidScope);
        }
        if let Some(domain) = document.hosted_domains.iter().find(|domain| !is_domain(domain)) {
            return Err(ConnectionError::BadHostedDomain(domain.clone()));
        }
        let is_google = preset == Preset::Google || document.issuer == GOOGLE;
        let hosted_domains = match document.hosted_domains.as_slice() {
            [] if is_google => domains.to_vec(),
            named => named.to_vec(),
        };
        let email_verified = document.email_verified.unwrap_or(preset.email_verified());
        Ok(Self { document: document.clone(), provider, scopes, hosted_domains, email_verified })
    }

    /// As written.
    pub fn document(&self) -> &OidcDocument {
        &self.document
    }
    /// The provider's endpoints.
    pub fn provider(&self) -> &ProviderDocument {
        &self.provider
    }
    /// What to ask for.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }
    /// Google: the Workspaces (`hd`) whose people may come. Empty elsewhere.
    pub fn hosted_domains(&self) -> &[String] {
        &self.hosted_domains
    }
    /// What `email_verified` must say.
    pub fn email_verified(&self) -> EmailVerified {
        self.email_verified
    }

    /// The first setting whose demand only an ID token can meet.
    pub(super) fn demand(&self) -> Option<&'static str> {
        let demands = [
            ("oidc.acr_values", !self.document.acr_values.is_empty()),
            ("oidc.max_age", self.document.max_age.is_some()),
            ("oidc.prompt", self.document.prompt == Some(Prompt::Login)),
            ("oidc.email_verified", self.email_verified == EmailVerified::Required),
            ("oidc.hosted_domains", !self.hosted_domains.is_empty()),
        ];
        demands.into_iter().find(|(_, is_made)| *is_made).map(|(name, _)| name)
    }
}

/// What no setting of the product's makes work.
fn check_client_auth(document: &OidcDocument, preset: Preset) -> Result<(), ConnectionError> {
    if document.client_auth != ClientAuth::PrivateKeyJwt {
        return Ok(());
    }
    let host = Url::parse(&document.issuer).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    if preset == Preset::Google || document.issuer == GOOGLE {
        return Err(ConnectionError::NoPrivateKeyJwt("Google has no private_key_jwt"));
    }
    if preset == Preset::Entra || MICROSOFT.contains(&host) {
        let why =
            "Entra finds the key of a private_key_jwt by its certificate's thumbprint (x5t), which stoa does not send";
        return Err(ConnectionError::NoPrivateKeyJwt(why));
    }
    Ok(())
}

/// Anybody can have a tenant of their own, with any address in it (nOAuth). So a login for several tenants names them.
fn check_tenants(document: &OidcDocument) -> Result<(), ConnectionError> {
    let shared = ["/common/", "/organizations/", "/consumers/"].iter().any(|part| document.issuer.contains(part));
    let host = Url::parse(&document.issuer).ok();
    let host = host.as_ref().and_then(Url::host_str).unwrap_or_default();
    if (shared && MICROSOFT.contains(&host))
        || (document.issuer.contains(TENANT_PLACEHOLDER) && document.tenants.is_empty())
    {
        return Err(ConnectionError::NoTenant);
    }
    if document.issuer.contains(PERSONAL_TENANT) || document.tenants.iter().any(|tenant| tenant == PERSONAL_TENANT) {
        return Err(ConnectionError::PersonalTenant("oidc"));
    }
    match document.tenants.iter().find(|tenant| !is_guid(tenant)) {
        Some(tenant) => Err(ConnectionError::BadGuid("oidc.tenants", tenant.clone())),
        None => Ok(()),
    }
}
