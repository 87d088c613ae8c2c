//! The applications that are registered with a provider.

use std::fmt;

use serde_json::Value;

use super::product::{GLOBEX_TENANT, Product, Realm};

/// A client secret.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// This one.
    pub fn new(secret: &str) -> Self {
        Self(secret.to_owned())
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn is(&self, other: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// How a client proves who it is (OIDC core §9).
#[derive(Clone, Debug)]
pub enum ClientAuth {
    /// `client_secret_basic`; the products other than Okta take `client_secret_post` too.
    Basic(ClientSecret),
    /// `client_secret_post`; the products other than Okta take `client_secret_basic` too.
    Post(ClientSecret),
    /// `private_key_jwt`, with the client's registered public keys: a JWK set.
    PrivateKeyJwt(Value),
}

/// What ID tokens are signed with (RFC 7518 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5, SHA-256
    #[default]
    Rs256,
    /// RSASSA-PKCS1-v1_5, SHA-512
    Rs512,
    /// RSASSA-PSS, SHA-256
    Ps256,
    /// ECDSA P-256, SHA-256; only PingFederate has such a key
    Es256,
}

impl Algorithm {
    /// `alg`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
        }
    }
}

/// A registered application.
#[derive(Clone, Debug)]
pub struct Client {
    /// With which product.
    pub product: Product,
    /// `client_id`. PingFederate's may contain spaces.
    pub id: String,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// Where answers may go, byte for byte.
    pub redirect_uris: Vec<String>,
    /// Entra: the tenants in which it is registered or consented to. Others refuse it.
    pub tenants: Vec<String>,
    /// Whether a request without PKCE is refused.
    pub require_pkce: bool,
    /// What its ID tokens are signed with.
    pub algorithm: Algorithm,
    /// Whether names, e-mail and groups are left to the userinfo endpoint, as each product does unless it is told
    /// otherwise: PingFederate all of them, Okta and Entra the parts of the name. Google never does.
    pub thin: bool,
    /// Whether the customer's administrator has added the groups claim.
    pub groups: bool,
}

impl Client {
    /// An ordinary client with a secret, with its product's defaults.
    pub fn new(product: Product, id: &str, secret: &str, redirect_uri: &str) -> Self {
        Self {
            product,
            id: id.to_owned(),
            auth: ClientAuth::Basic(ClientSecret::new(secret)),
            redirect_uris: vec![redirect_uri.to_owned()],
            tenants: vec![GLOBEX_TENANT.to_owned()],
            require_pkce: false,
            algorithm: Algorithm::default(),
            thin: true,
            groups: true,
        }
    }

    /// Whether an authority knows it. One for a single tenant is unknown elsewhere, the shared authorities included.
    pub(super) fn is_known_at(&self, realm: &Realm) -> bool {
        self.product != Product::Entra
            || self.tenants.contains(&realm.tenant)
            || (realm.is_shared() && self.tenants.len() > 1)
    }

    /// The secret, where it has one.
    pub(super) fn secret(&self) -> Option<&ClientSecret> {
        match &self.auth {
            ClientAuth::Basic(secret) | ClientAuth::Post(secret) => Some(secret),
            ClientAuth::PrivateKeyJwt(_) => None,
        }
    }
}
