//! What can be wrong with the next answer of WorkOS.

use crate::defects::defects;

defects! {
    /// A defect of one answer. Each is made for real.
    pub enum Defect {
        /// `error=access_denied` in place of a code. This and the next twelve are the codes that WorkOS documents.
        AccessDenied = "access-denied",
        /// `error=ambiguous_connection_selector`
        AmbiguousConnectionSelector = "ambiguous-connection-selector",
        /// `error=connection_domain_invalid`
        ConnectionDomainInvalid = "connection-domain-invalid",
        /// `error=connection_invalid`
        ConnectionInvalid = "connection-invalid",
        /// `error=connection_strategy_invalid`
        ConnectionStrategyInvalid = "connection-strategy-invalid",
        /// `error=connection_unlinked`
        ConnectionUnlinked = "connection-unlinked",
        /// `error=idp_initiated_sso_disabled`
        IdpInitiatedSsoDisabled = "idp-initiated-sso-disabled",
        /// `error=invalid_connection_selector`
        InvalidConnectionSelector = "invalid-connection-selector",
        /// `error=organization_invalid`
        OrganizationInvalid = "organization-invalid",
        /// `error=oauth_failed`
        OauthFailed = "oauth-failed",
        /// `error=profile_not_allowed_outside_organization`
        ProfileNotAllowedOutsideOrganization = "profile-not-allowed-outside-organization",
        /// `error=server_error`
        ServerError = "server-error",
        /// `error=signin_consent_denied`
        SigninConsentDenied = "signin-consent-denied",
        /// An error that nobody has heard of.
        UnknownError = "unknown-error",
        /// The code and an error at once.
        ErrorWithCode = "error-with-code",
        /// The code twice.
        CodeTwice = "code-twice",
        /// Neither a code nor an error.
        NoCode = "no-code",
        /// No state.
        NoState = "no-state",
        /// The state of somebody else's login.
        OtherState = "other-state",
        /// The profile of a person of another organization.
        OtherOrganization = "other-organization",
        /// The profile by another connection of the same organization.
        OtherConnection = "other-connection",
        /// A profile without an organization.
        NoOrganization = "no-organization",
        /// A profile without an address.
        NoEmail = "no-email",
        /// A profile with an empty address.
        EmptyEmail = "empty-email",
        /// A profile without the identity provider's id of the person.
        NoIdpId = "no-idp-id",
        /// A token answer without a profile.
        NoProfile = "no-profile",
        /// The token endpoint says that the code is used up.
        TokenInvalidGrant = "token-invalid-grant",
        /// The token endpoint does not know the client.
        TokenInvalidClient = "token-invalid-client",
        /// The token endpoint answers 401, as for a revoked key.
        TokenUnauthorized = "token-unauthorized",
        /// The token endpoint answers 422.
        TokenUnprocessable = "token-unprocessable",
        /// The token endpoint answers 429.
        TokenBusy = "token-busy",
        /// The token endpoint answers 500.
        TokenFails = "token-fails",
        /// The token endpoint answers after half a minute.
        TokenSlow = "token-slow",
        /// The token endpoint answers with a page.
        TokenHtml = "token-html",
        /// The token endpoint answers with a redirect.
        TokenRedirect = "token-redirect",
        /// The token endpoint answers with two megabytes.
        TokenHuge = "token-huge",
        /// The token endpoint cuts the connection.
        TokenCut = "token-cut",
    }
}

impl Defect {
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
