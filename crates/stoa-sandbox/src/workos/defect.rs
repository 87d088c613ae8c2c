//! What can be wrong with the next answer of WorkOS.

use serde::Serialize;

/// A defect of one answer. Each is made for real.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Defect {
    /// `error=access_denied` in place of a code. This and the next twelve are the codes that WorkOS documents.
    AccessDenied,
    /// `error=ambiguous_connection_selector`
    AmbiguousConnectionSelector,
    /// `error=connection_domain_invalid`
    ConnectionDomainInvalid,
    /// `error=connection_invalid`
    ConnectionInvalid,
    /// `error=connection_strategy_invalid`
    ConnectionStrategyInvalid,
    /// `error=connection_unlinked`
    ConnectionUnlinked,
    /// `error=idp_initiated_sso_disabled`
    IdpInitiatedSsoDisabled,
    /// `error=invalid_connection_selector`
    InvalidConnectionSelector,
    /// `error=organization_invalid`
    OrganizationInvalid,
    /// `error=oauth_failed`
    OauthFailed,
    /// `error=profile_not_allowed_outside_organization`
    ProfileNotAllowedOutsideOrganization,
    /// `error=server_error`
    ServerError,
    /// `error=signin_consent_denied`
    SigninConsentDenied,
    /// An error that nobody has heard of.
    UnknownError,
    /// The code and an error at once.
    ErrorWithCode,
    /// The code twice.
    CodeTwice,
    /// Neither a code nor an error.
    NoCode,
    /// No state.
    NoState,
    /// The state of somebody else's login.
    OtherState,
    /// The profile of a person of another organization.
    OtherOrganization,
    /// The profile by another connection of the same organization.
    OtherConnection,
    /// A profile without an organization.
    NoOrganization,
    /// A profile without an address.
    NoEmail,
    /// A profile with an empty address.
    EmptyEmail,
    /// A profile without the identity provider's id of the person.
    NoIdpId,
    /// A token answer without a profile.
    NoProfile,
    /// The token endpoint says that the code is used up.
    TokenInvalidGrant,
    /// The token endpoint does not know the client.
    TokenInvalidClient,
    /// The token endpoint answers 401, as for a revoked key.
    TokenUnauthorized,
    /// The token endpoint answers 422.
    TokenUnprocessable,
    /// The token endpoint answers 429.
    TokenBusy,
    /// The token endpoint answers 500.
    TokenFails,
    /// The token endpoint answers after half a minute.
    TokenSlow,
    /// The token endpoint answers with a page.
    TokenHtml,
    /// The token endpoint answers with a redirect.
    TokenRedirect,
    /// The token endpoint answers with two megabytes.
    TokenHuge,
    /// The token endpoint cuts the connection.
    TokenCut,
}

impl Defect {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::AccessDenied,
        Self::AmbiguousConnectionSelector,
        Self::ConnectionDomainInvalid,
        Self::ConnectionInvalid,
        Self::ConnectionStrategyInvalid,
        Self::ConnectionUnlinked,
        Self::IdpInitiatedSsoDisabled,
        Self::InvalidConnectionSelector,
        Self::OrganizationInvalid,
        Self::OauthFailed,
        Self::ProfileNotAllowedOutsideOrganization,
        Self::ServerError,
        Self::SigninConsentDenied,
        Self::UnknownError,
        Self::ErrorWithCode,
        Self::CodeTwice,
        Self::NoCode,
        Self::NoState,
        Self::OtherState,
        Self::OtherOrganization,
        Self::OtherConnection,
        Self::NoOrganization,
        Self::NoEmail,
        Self::EmptyEmail,
        Self::NoIdpId,
        Self::NoProfile,
        Self::TokenInvalidGrant,
        Self::TokenInvalidClient,
        Self::TokenUnauthorized,
        Self::TokenUnprocessable,
        Self::TokenBusy,
        Self::TokenFails,
        Self::TokenSlow,
        Self::TokenHtml,
        Self::TokenRedirect,
        Self::TokenHuge,
        Self::TokenCut,
    ];

    /// Its name in forms and addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::AmbiguousConnectionSelector => "ambiguous-connection-selector",
            Self::ConnectionDomainInvalid => "connection-domain-invalid",
            Self::ConnectionInvalid => "connection-invalid",
            Self::ConnectionStrategyInvalid => "connection-strategy-invalid",
            Self::ConnectionUnlinked => "connection-unlinked",
            Self::IdpInitiatedSsoDisabled => "idp-initiated-sso-disabled",
            Self::InvalidConnectionSelector => "invalid-connection-selector",
            Self::OrganizationInvalid => "organization-invalid",
            Self::OauthFailed => "oauth-failed",
            Self::ProfileNotAllowedOutsideOrganization => "profile-not-allowed-outside-organization",
            Self::ServerError => "server-error",
            Self::SigninConsentDenied => "signin-consent-denied",
            Self::UnknownError => "unknown-error",
            Self::ErrorWithCode => "error-with-code",
            Self::CodeTwice => "code-twice",
            Self::NoCode => "no-code",
            Self::NoState => "no-state",
            Self::OtherState => "other-state",
            Self::OtherOrganization => "other-organization",
            Self::OtherConnection => "other-connection",
            Self::NoOrganization => "no-organization",
            Self::NoEmail => "no-email",
            Self::EmptyEmail => "empty-email",
            Self::NoIdpId => "no-idp-id",
            Self::NoProfile => "no-profile",
            Self::TokenInvalidGrant => "token-invalid-grant",
            Self::TokenInvalidClient => "token-invalid-client",
            Self::TokenUnauthorized => "token-unauthorized",
            Self::TokenUnprocessable => "token-unprocessable",
            Self::TokenBusy => "token-busy",
            Self::TokenFails => "token-fails",
            Self::TokenSlow => "token-slow",
            Self::TokenHtml => "token-html",
            Self::TokenRedirect => "token-redirect",
            Self::TokenHuge => "token-huge",
            Self::TokenCut => "token-cut",
        }
    }

    /// The defect of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|defect| defect.as_str() == name)
    }

    /// The `error` that comes in place of a code.
    pub(super) fn error(self) -> Option<String> {
        let is_error = matches!(
            self,
            Self::AccessDenied
                | Self::AmbiguousConnectionSelector
                | Self::ConnectionDomainInvalid
                | Self::ConnectionInvalid
                | Self::ConnectionStrategyInvalid
                | Self::ConnectionUnlinked
                | Self::IdpInitiatedSsoDisabled
                | Self::InvalidConnectionSelector
                | Self::OrganizationInvalid
                | Self::OauthFailed
                | Self::ProfileNotAllowedOutsideOrganization
                | Self::ServerError
                | Self::SigninConsentDenied
                | Self::UnknownError
        );
        is_error.then(|| self.as_str().replace('-', "_"))
    }
}
