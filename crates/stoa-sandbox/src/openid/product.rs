//! The products: their host names, their issuers and their paths.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Entra's tenant of personal Microsoft accounts.
pub const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// The tenant of the customer globex.com.
pub const GLOBEX_TENANT: &str = "b7e2f3a0-41c6-4d39-9c5e-0a1d62f7c811";
/// A tenant of somebody else, who can write any address into his own directory (nOAuth).
pub const FOREIGN_TENANT: &str = "0badc0de-7a11-4e57-8b3c-5d1f90e4a6b2";

/// Authorities under which people of several tenants sign on.
const SHARED_AUTHORITIES: &[&str] = &["common", "organizations", "consumers"];

/// An identity provider's product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// PingFederate
    PingFederate,
    /// Microsoft Entra ID
    Entra,
    /// Okta, the organization's own authorization server
    Okta,
    /// Google; it names itself in its answers (RFC 9207)
    Google,
}

impl Product {
    /// All of them.
    pub const ALL: &[Self] = &[Self::PingFederate, Self::Entra, Self::Okta, Self::Google];

    /// The host name it is reached by; browsers and the sandbox resolve it to loopback.
    pub const fn host(self) -> &'static str {
        match self {
            Self::PingFederate => "pingfederate.localhost",
            Self::Entra => "entra.localhost",
            Self::Okta => "okta.localhost",
            Self::Google => "google.localhost",
        }
    }

    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PingFederate => "PingFederate",
            Self::Entra => "Microsoft Entra",
            Self::Okta => "Okta",
            Self::Google => "Google",
        }
    }

    /// The product of this host name, with or without a port.
    pub(super) fn of_host(host: &str) -> Option<Self> {
        let name = host.split(':').next().unwrap_or_default();
        Self::ALL.iter().copied().find(|product| product.host() == name)
    }

    /// Its name in forms.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::PingFederate => "pingfederate",
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Google => "google",
        }
    }

    /// The cookie of its session.
    pub(super) const fn session_cookie(self) -> &'static str {
        match self {
            // `PF` is the SAML simulator's, on the same host name; cookies do not tell ports apart.
            Self::PingFederate => "PF.OPENID",
            Self::Entra => "ESTSAUTHPERSISTENT",
            Self::Okta => "idx",
            Self::Google => "SID",
        }
    }
}

/// What people call an authority: a product, for Entra one of its tenants, and which of its two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Whose ways it has.
    pub product: Product,
    /// Entra's tenant, or `common`, `organizations`, `consumers`. Empty for the other products.
    pub tenant: String,
    /// Entra's older endpoints, without `/v2.0`.
    pub v1: bool,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// The discovery document
    Discovery,
    /// The key set
    Jwks,
    /// The authorization endpoint
    Authorize,
    /// The sign-on page's answer
    SignOn,
    /// The token endpoint
    Token,
    /// The userinfo endpoint
    UserInfo,
    /// Where `jku` and `x5u` of a forged token lead; nobody has a reason to call it
    Attacker,
}

/// In words, for whoever reads the control page.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discovery => "discovery document",
            Self::Jwks => "key set",
            Self::Authorize => "authorization endpoint",
            Self::SignOn => "sign-in page",
            Self::Token => "token endpoint",
            Self::UserInfo => "userinfo endpoint",
            Self::Attacker => "attacker's key",
        })
    }
}

impl Endpoint {
    const ALL: &[Self] =
        &[Self::Discovery, Self::Jwks, Self::Authorize, Self::SignOn, Self::Token, Self::UserInfo, Self::Attacker];
}

impl Realm {
    /// A product that has one issuer.
    pub fn of(product: Product) -> Self {
        let tenant = if product == Product::Entra { GLOBEX_TENANT } else { "" };
        Self { product, tenant: tenant.to_owned(), v1: false }
    }

    /// One of Entra's tenants, or a shared authority such as `common`.
    pub fn tenant(tenant: &str) -> Self {
        Self { product: Product::Entra, tenant: tenant.to_owned(), v1: false }
    }

    /// Its older endpoints.
    pub fn v1(self) -> Self {
        Self { v1: true, ..self }
    }

    /// Whether people of several tenants sign on here.
    pub(super) fn is_shared(&self) -> bool {
        SHARED_AUTHORITIES.contains(&self.tenant.as_str())
    }

    /// The issuer that tokens for people of this tenant name. `base` is the product's address, without a path.
    pub(super) fn issuer(&self, base: &str) -> String {
        match self.product {
            Product::PingFederate | Product::Okta | Product::Google => base.to_owned(),
            // At Microsoft the older issuer has another host: sts.windows.net.
            Product::Entra if self.v1 => format!("{base}/{}/", self.tenant),
            Product::Entra => format!("{base}/{}/v2.0", self.tenant),
        }
    }

    /// Where an endpoint is.
    pub(super) fn path(&self, endpoint: Endpoint) -> String {
        let (tenant, version) = (&self.tenant, if self.v1 { "" } else { "/v2.0" });
        match (self.product, endpoint) {
            (_, Endpoint::SignOn) => "/signin".to_owned(),
            (_, Endpoint::Attacker) => "/attacker/keys".to_owned(),
            (Product::PingFederate | Product::Okta | Product::Google, Endpoint::Discovery) => {
                "/.well-known/openid-configuration".to_owned()
            }
            (Product::PingFederate, Endpoint::Jwks) => "/pf/JWKS".to_owned(),
            (Product::PingFederate, Endpoint::Authorize) => "/as/authorization.oauth2".to_owned(),
            (Product::PingFederate, Endpoint::Token) => "/as/token.oauth2".to_owned(),
            (Product::PingFederate, Endpoint::UserInfo) => "/idp/userinfo.openid".to_owned(),
            (Product::Entra, Endpoint::Discovery) => format!("/{tenant}{version}/.well-known/openid-configuration"),
            (Product::Entra, Endpoint::Jwks) => format!("/{tenant}/discovery{version}/keys"),
            (Product::Entra, Endpoint::Authorize) => format!("/{tenant}/oauth2{version}/authorize"),
            (Product::Entra, Endpoint::Token) => format!("/{tenant}/oauth2{version}/token"),
            // Microsoft Graph's, whose host is another one.
            (Product::Entra, Endpoint::UserInfo) => "/oidc/userinfo".to_owned(),
            (Product::Okta, Endpoint::Jwks) => "/oauth2/v1/keys".to_owned(),
            (Product::Okta, Endpoint::Authorize) => "/oauth2/v1/authorize".to_owned(),
            (Product::Okta, Endpoint::Token) => "/oauth2/v1/token".to_owned(),
            (Product::Okta, Endpoint::UserInfo) => "/oauth2/v1/userinfo".to_owned(),
            (Product::Google, Endpoint::Jwks) => "/oauth2/v3/certs".to_owned(),
            (Product::Google, Endpoint::Authorize) => "/o/oauth2/v2/auth".to_owned(),
            (Product::Google, Endpoint::Token) => "/token".to_owned(),
            (Product::Google, Endpoint::UserInfo) => "/v1/userinfo".to_owned(),
        }
    }

    /// What a path asks for.
    pub(super) fn find(product: Product, path: &str) -> Option<(Self, Endpoint)> {
        let first = path.split('/').nth(1).unwrap_or_default();
        let tenant = if product == Product::Entra { first } else { "" };
        let newer = Self { product, tenant: tenant.to_owned(), v1: false };
        let realms = [newer.clone(), newer.v1()];
        let endpoints = Endpoint::ALL;
        realms.into_iter().find_map(|realm| {
            let endpoint = endpoints.iter().copied().find(|endpoint| realm.path(*endpoint) == path)?;
            Some((realm, endpoint))
        })
    }
}
