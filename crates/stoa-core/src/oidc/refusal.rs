//! Why an answer, a token or a profile is refused: one exact code each.

use crate::fault::{Failure, Fault};

/// Why a login by OpenID Connect, WorkOS or a Teams token stops. The variants are in the order of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The answer has a parameter twice, or comes in another response mode than the one that was asked for.
    ResponseMalformed,
    /// The answer has neither a code nor an error, as after `response_mode=fragment`.
    ResponseEmpty,
    /// The answer has no state, so it answers no login.
    StateMissing,
    /// The state is not that of a login of this browser.
    StateUnknown,
    /// The answer has an error and a code at once.
    ErrorWithCode,
    /// The provider says that it names itself in its answers (RFC 9207), and this one does not.
    ResponseIssuerMissing,
    /// The answer names another issuer (RFC 9207): it belongs to another provider's login.
    ResponseIssuerWrong,
    /// The provider or the person said no.
    AccessDenied,
    /// The provider would have had to ask the person something, and was not allowed to.
    InteractionRequired,
    /// The provider refused our request: the client, its redirect URI or its scopes are set up otherwise there.
    RequestRefused,
    /// The provider says that it failed or is busy.
    ProviderFailed,
    /// The provider answered with an error that stoa does not know.
    ErrorUnknown,
    /// The token endpoint does not take the code (`invalid_grant`): used, expired, or another client's.
    CodeRefused,
    /// The token endpoint does not take our client id and secret (`invalid_client`).
    ClientRefused,
    /// The token endpoint refused the request for another reason.
    TokenRequestRefused,
    /// The token endpoint did not answer, or answered with an error of its own.
    TokenEndpointUnavailable,
    /// The token endpoint answered with something that is no token response.
    TokenAnswerStrange,
    /// The token response has no ID token.
    IdTokenMissing,
    /// An address of the provider's leads to a place that stoa does not call.
    AddressForbidden,
    /// The token is no compact JWS with the claims that it must have, in the form that they must have.
    TokenMalformed,
    /// The token is encrypted; stoa asks for signed ones.
    TokenEncrypted,
    /// The token's header lists extensions that must be understood (`crit`).
    TokenCritical,
    /// The token is signed with an algorithm that the connection does not accept, or not at all.
    AlgorithmRefused,
    /// The token is signed with a key that the provider does not publish.
    KeyUnknown,
    /// The token names an unknown key, and the provider's keys could not be fetched.
    KeysUnavailable,
    /// The token's signature is not the key's.
    SignatureWrong,
    /// The token is another issuer's.
    IssuerWrong,
    /// The token is of an Entra tenant that the connection does not name.
    TenantForeign,
    /// The token is of another Google Workspace than the connection's, or of a private account (`hd`).
    HostedDomainForeign,
    /// The token is meant for another client.
    AudienceWrong,
    /// The token was issued to another client (`azp`).
    AuthorizedPartyWrong,
    /// The token has no nonce.
    NonceMissing,
    /// The token's nonce is another login's.
    NonceWrong,
    /// The token has expired.
    TokenExpired,
    /// The token says that it will be issued later (`iat`).
    TokenFromFuture,
    /// The token is not valid yet (`nbf`).
    TokenNotYetValid,
    /// The ID token belongs to another access token (`at_hash`).
    AccessTokenHashWrong,
    /// The ID token belongs to another code (`c_hash`).
    CodeHashWrong,
    /// A fresh authentication was asked for, and the token does not say when it was.
    AuthTimeMissing,
    /// The authentication is older than was asked for.
    AuthenticationTooOld,
    /// The authentication is of another class than was asked for (`acr`).
    AcrWrong,
    /// The userinfo endpoint did not answer, or refused the access token.
    UserInfoUnavailable,
    /// The userinfo endpoint answered with something that is no set of claims.
    UserInfoStrange,
    /// The userinfo endpoint speaks of another person than the ID token.
    UserInfoSubjectWrong,
    /// The provider does not say that the address is the person's (`email_verified`).
    EmailUnverified,
    /// The WorkOS profile is of another organization or connection.
    WorkosProfileForeign,
    /// WorkOS refused the request: the organization, the connection or the redirect URI is set up otherwise there.
    WorkosSetUpWrong,
    /// The Teams token was made for another program than Teams (`azp`, `appid`).
    TeamsApplicationForeign,
    /// The Teams token does not allow `access_as_user`.
    TeamsScopeMissing,
    /// The person is signed in to Teams with a personal account.
    TeamsPersonalAccount,
    /// The person is a guest in the tenant.
    TeamsGuest,
}

/// What a person is told of a refusal. Coarser than the code where exactness would help an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The browser lost the login, or never had it.
    Browser,
    /// It could not be read.
    Malformed,
    /// Signature and trust.
    Untrusted,
    /// It was meant for somebody else.
    Protocol,
    /// Clocks.
    Time,
    /// The provider or the person said no.
    IdpStatus,
    /// It does not meet the connection's rules.
    Policy,
    /// The provider and the connection are set up differently.
    SetUp,
    /// The provider cannot be reached.
    Unavailable,
}

impl RefusalCode {
    /// Every code, in the order of a login.
    pub const ALL: &[Self] = &[
        Self::ResponseMalformed,
        Self::ResponseEmpty,
        Self::StateMissing,
        Self::StateUnknown,
        Self::ErrorWithCode,
        Self::ResponseIssuerMissing,
        Self::ResponseIssuerWrong,
        Self::AccessDenied,
        Self::InteractionRequired,
        Self::RequestRefused,
        Self::ProviderFailed,
        Self::ErrorUnknown,
        Self::CodeRefused,
        Self::ClientRefused,
        Self::TokenRequestRefused,
        Self::TokenEndpointUnavailable,
        Self::TokenAnswerStrange,
        Self::IdTokenMissing,
        Self::AddressForbidden,
        Self::TokenMalformed,
        Self::TokenEncrypted,
        Self::TokenCritical,
        Self::AlgorithmRefused,
        Self::KeyUnknown,
        Self::KeysUnavailable,
        Self::SignatureWrong,
        Self::IssuerWrong,
        Self::TenantForeign,
        Self::HostedDomainForeign,
        Self::AudienceWrong,
        Self::AuthorizedPartyWrong,
        Self::NonceMissing,
        Self::NonceWrong,
        Self::TokenExpired,
        Self::TokenFromFuture,
        Self::TokenNotYetValid,
        Self::AccessTokenHashWrong,
        Self::CodeHashWrong,
        Self::AuthTimeMissing,
        Self::AuthenticationTooOld,
        Self::AcrWrong,
        Self::UserInfoUnavailable,
        Self::UserInfoStrange,
        Self::UserInfoSubjectWrong,
        Self::EmailUnverified,
        Self::WorkosProfileForeign,
        Self::WorkosSetUpWrong,
        Self::TeamsApplicationForeign,
        Self::TeamsScopeMissing,
        Self::TeamsPersonalAccount,
        Self::TeamsGuest,
    ];

    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResponseMalformed => "oidc_response_malformed",
            Self::ResponseEmpty => "oidc_response_empty",
            Self::StateMissing => "oidc_state_missing",
            Self::StateUnknown => "oidc_state_unknown",
            Self::ErrorWithCode => "oidc_error_with_code",
            Self::ResponseIssuerMissing => "oidc_response_issuer_missing",
            Self::ResponseIssuerWrong => "oidc_response_issuer_wrong",
            Self::AccessDenied => "oidc_access_denied",
            Self::InteractionRequired => "oidc_interaction_required",
            Self::RequestRefused => "oidc_request_refused",
            Self::ProviderFailed => "oidc_provider_failed",
            Self::ErrorUnknown => "oidc_error_unknown",
            Self::CodeRefused => "oidc_code_refused",
            Self::ClientRefused => "oidc_client_refused",
            Self::TokenRequestRefused => "oidc_token_request_refused",
            Self::TokenEndpointUnavailable => "oidc_token_endpoint_unavailable",
            Self::TokenAnswerStrange => "oidc_token_answer_strange",
            Self::IdTokenMissing => "oidc_id_token_missing",
            Self::AddressForbidden => "oidc_address_forbidden",
            Self::TokenMalformed => "oidc_token_malformed",
            Self::TokenEncrypted => "oidc_token_encrypted",
            Self::TokenCritical => "oidc_token_critical",
            Self::AlgorithmRefused => "oidc_algorithm_refused",
            Self::KeyUnknown => "oidc_key_unknown",
            Self::KeysUnavailable => "oidc_keys_unavailable",
            Self::SignatureWrong => "oidc_signature_wrong",
            Self::IssuerWrong => "oidc_issuer_wrong",
            Self::TenantForeign => "oidc_tenant_foreign",
            Self::HostedDomainForeign => "oidc_hosted_domain_foreign",
            Self::AudienceWrong => "oidc_audience_wrong",
            Self::AuthorizedPartyWrong => "oidc_authorized_party_wrong",
            Self::NonceMissing => "oidc_nonce_missing",
            Self::NonceWrong => "oidc_nonce_wrong",
            Self::TokenExpired => "oidc_token_expired",
            Self::TokenFromFuture => "oidc_token_from_future",
            Self::TokenNotYetValid => "oidc_token_not_yet_valid",
            Self::AccessTokenHashWrong => "oidc_access_token_hash_wrong",
            Self::CodeHashWrong => "oidc_code_hash_wrong",
            Self::AuthTimeMissing => "oidc_auth_time_missing",
            Self::AuthenticationTooOld => "oidc_authentication_too_old",
            Self::AcrWrong => "oidc_acr_wrong",
            Self::UserInfoUnavailable => "oidc_userinfo_unavailable",
            Self::UserInfoStrange => "oidc_userinfo_strange",
            Self::UserInfoSubjectWrong => "oidc_userinfo_subject_wrong",
            Self::EmailUnverified => "oidc_email_unverified",
            Self::WorkosProfileForeign => "workos_profile_foreign",
            Self::WorkosSetUpWrong => "workos_set_up_wrong",
            Self::TeamsApplicationForeign => "teams_application_foreign",
            Self::TeamsScopeMissing => "teams_scope_missing",
            Self::TeamsPersonalAccount => "teams_personal_account",
            Self::TeamsGuest => "teams_guest",
        }
    }

    /// What the person is told.
    pub const fn family(self) -> Family {
        match self {
            Self::ResponseMalformed
            | Self::ResponseEmpty
            | Self::ErrorWithCode
            | Self::TokenAnswerStrange
            | Self::TokenMalformed
            | Self::UserInfoStrange => Family::Malformed,
            Self::StateMissing | Self::StateUnknown => Family::Browser,
            Self::ResponseIssuerMissing
            | Self::ResponseIssuerWrong
            | Self::CodeRefused
            | Self::IssuerWrong
            | Self::AudienceWrong
            | Self::AuthorizedPartyWrong
            | Self::NonceMissing
            | Self::NonceWrong => Family::Protocol,
            Self::AccessDenied | Self::InteractionRequired | Self::ErrorUnknown => Family::IdpStatus,
            Self::RequestRefused
            | Self::ClientRefused
            | Self::TokenRequestRefused
            | Self::IdTokenMissing
            | Self::AddressForbidden
            | Self::TokenEncrypted
            | Self::WorkosSetUpWrong
            | Self::TeamsScopeMissing => Family::SetUp,
            Self::ProviderFailed
            | Self::TokenEndpointUnavailable
            | Self::KeysUnavailable
            | Self::UserInfoUnavailable => Family::Unavailable,
            Self::TokenCritical
            | Self::AlgorithmRefused
            | Self::KeyUnknown
            | Self::SignatureWrong
            | Self::AccessTokenHashWrong
            | Self::CodeHashWrong
            | Self::UserInfoSubjectWrong
            | Self::TeamsApplicationForeign => Family::Untrusted,
            Self::TenantForeign
            | Self::HostedDomainForeign
            | Self::AuthTimeMissing
            | Self::AuthenticationTooOld
            | Self::AcrWrong
            | Self::EmailUnverified
            | Self::WorkosProfileForeign
            | Self::TeamsPersonalAccount
            | Self::TeamsGuest => Family::Policy,
            Self::TokenExpired | Self::TokenFromFuture | Self::TokenNotYetValid => Family::Time,
        }
    }
}

impl From<RefusalCode> for Failure {
    fn from(code: RefusalCode) -> Self {
        Fault::Oidc(code).into()
    }
}
