//! What each product does unless it is told otherwise, so that a connection's file says only what is particular.

use serde::{Deserialize, Serialize};

/// The customer's identity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Any other.
    #[default]
    Generic,
    /// PingFederate
    Pingfederate,
    /// Okta
    Okta,
    /// Microsoft Entra ID
    Entra,
    /// Google Workspace
    Google,
}

/// By which protocol the identity arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SAML 2.0
    Saml,
    /// OpenID Connect
    Oidc,
    /// WorkOS SSO
    Workos,
    /// A Teams token only
    Teams,
}

impl Kind {
    /// As printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "saml",
            Self::Oidc => "oidc",
            Self::Workos => "workos",
            Self::Teams => "teams",
        }
    }
}

/// What `email_verified` must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailVerified {
    /// It must be there and true.
    Required,
    /// Where it is there it must be true.
    WhenPresent,
    /// It is not looked at: the provider's addresses are its administrator's, and the domain is claimed.
    Ignored,
}

/// Attribute or claim names.
pub(super) struct Names {
    pub(super) email: &'static str,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) groups: &'static str,
}

const CLAIMS: Names = Names { email: "email", first_name: "given_name", last_name: "family_name", groups: "groups" };
/// What administrators of PingFederate and Okta already use: the names of WorkOS's set-up guides.
const ATTRIBUTES: Names = Names { email: "email", first_name: "firstName", last_name: "lastName", groups: "groups" };
/// The claims that Entra puts into a SAML assertion by default.
const ENTRA_ATTRIBUTES: Names = Names {
    email: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    first_name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
    last_name: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    groups: "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
};
const WORKOS_PROFILE: Names =
    Names { email: "email", first_name: "first_name", last_name: "last_name", groups: "groups" };

impl Preset {
    pub(super) const fn names(self, kind: Kind) -> Names {
        match (kind, self) {
            (Kind::Saml, Self::Entra) => ENTRA_ATTRIBUTES,
            (Kind::Saml, Self::Generic | Self::Pingfederate | Self::Okta | Self::Google) => ATTRIBUTES,
            // Teams tokens carry no address unless the optional claim `email` is set up; nothing stands in for it.
            (Kind::Oidc | Kind::Teams, _) => CLAIMS,
            (Kind::Workos, _) => WORKOS_PROFILE,
        }
    }

    /// What names a person for ever, where the file does not say. Several names are one subject, in this order.
    pub(super) const fn subject(self, kind: Kind) -> &'static str {
        match (kind, self) {
            // The same two values as in Entra's tokens, so that a person stays the same when the protocol changes.
            (Kind::Saml, Self::Entra) => {
                "http://schemas.microsoft.com/identity/claims/tenantid+\
                 http://schemas.microsoft.com/identity/claims/objectidentifier"
            }
            // Okta's NameID is the user name by default, which is an address and changes.
            (Kind::Saml, Self::Okta) => "userId",
            (Kind::Saml, Self::Generic | Self::Pingfederate | Self::Google) => "name_id",
            // Entra's `sub` differs from application to application.
            (Kind::Oidc, Self::Entra) | (Kind::Teams, _) => "tid+oid",
            (Kind::Oidc, Self::Generic | Self::Pingfederate | Self::Okta | Self::Google) => "sub",
            (Kind::Workos, _) => "idp_id",
        }
    }

    pub(super) const fn email_verified(self) -> EmailVerified {
        match self {
            Self::Google => EmailVerified::Required,
            // Entra does not send it: the key is tid+oid, the tenant is fixed, and the domain is claimed.
            Self::Entra => EmailVerified::Ignored,
            Self::Generic | Self::Pingfederate | Self::Okta => EmailVerified::WhenPresent,
        }
    }
}
