//! The secrets, by purpose.

/// The purposes of secrets. A secret is named `{SecretPrefix}/{kind}` or `{SecretPrefix}/{kind}/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// Seals the identity between the functions that prove it and the one that uses it.
    Seal,
    /// Keys the person and e-mail indexes.
    Pepper,
    /// Seals the profiles of directories.
    Directory,
    /// A connection's SAML private keys: `saml/{connection}`.
    Saml,
    /// A connection's OAuth client secret, private key, or WorkOS API key: `oidc/{connection}`.
    Oidc,
    /// What WorkOS signs a connection's webhooks with: `workos/{connection}`.
    Workos,
    /// A school's Thinkific API key: `thinkific/{school}`.
    Thinkific,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: &[Self] =
        &[Self::Seal, Self::Pepper, Self::Directory, Self::Saml, Self::Oidc, Self::Workos, Self::Thinkific];

    /// The part of the secret's name after the prefix.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seal => "seal",
            Self::Pepper => "pepper",
            Self::Directory => "directory",
            Self::Saml => "saml",
            Self::Oidc => "oidc",
            Self::Workos => "workos",
            Self::Thinkific => "thinkific",
        }
    }

    /// Whether each connection or school has its own.
    pub const fn is_per_id(self) -> bool {
        match self {
            Self::Seal | Self::Pepper | Self::Directory => false,
            Self::Saml | Self::Oidc | Self::Workos | Self::Thinkific => true,
        }
    }
}
