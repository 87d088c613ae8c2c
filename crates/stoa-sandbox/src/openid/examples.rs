//! The example connections by OpenID Connect, as the providers know them.

use super::product::Product;

/// An example connection and its application at the provider.
#[derive(Clone, Copy)]
pub struct Example {
    /// The connection's name.
    pub id: &'static str,
    /// Which of the simulated providers it is registered at.
    pub product: Product,
    /// The file, with the issuer that the customer's would have.
    pub file: &'static str,
    /// `client_id`
    pub client_id: &'static str,
    /// Its secret. PingFederate's has everything that must be encoded.
    pub secret: &'static str,
    /// Somebody who can come.
    pub person: &'static str,
    /// The issuer in the file.
    pub issuer: &'static str,
}

/// Globex, by Microsoft Entra ID.
pub const GLOBEX: Example = Example {
    id: "globex",
    product: Product::Entra,
    file: include_str!("../../../../examples/connections/globex.toml"),
    client_id: "2c3caa80-93f9-425e-8b85-0745f50c0d24",
    secret: "8Q~local.secret~of-globex",
    person: "mila@globex.com",
    issuer: "https://login.microsoftonline.com",
};

/// Hooli, by Google Workspace.
pub const HOOLI: Example = Example {
    id: "hooli",
    product: Product::Google,
    file: include_str!("../../../../examples/connections/hooli.toml"),
    client_id: "407408718192-hooli.apps.googleusercontent.com",
    secret: "GOCSPX-local-secret-of-hooli",
    person: "hanna@hooli.example",
    issuer: "https://accounts.google.com",
};

/// Initech, by Okta.
pub const INITECH: Example = Example {
    id: "initech",
    product: Product::Okta,
    file: include_str!("../../../../examples/connections/initech.toml"),
    client_id: "0oa1b2c3d4e5f6g7h8i9",
    secret: "local-secret_of-initech",
    person: "peter@initech.com",
    issuer: "https://initech.okta.com",
};

/// P&G, by PingFederate's OpenID Connect.
pub const PG_OIDC: Example = Example {
    id: "pg-oidc",
    product: Product::PingFederate,
    file: include_str!("../../../../examples/connections/pg-oidc.toml"),
    client_id: "P&G Academy (test)",
    secret: "local secret of pg: +/%&=~",
    person: "miller.m",
    issuer: "https://sso.pg.example",
};

/// All of them.
pub const EXAMPLES: &[Example] = &[GLOBEX, HOOLI, INITECH, PG_OIDC];
