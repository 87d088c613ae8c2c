//! Why an answer, a token or a profile is refused: one exact code each.

/// What a person is told of a refusal. Coarser than the code where exactness would help an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// What came was refused, as a SAML Response may be.
    Answer(stoa_saml::Family),
    /// The browser lost the login, or never had it.
    Browser,
    /// The browser says that the provider says that the two are set up differently. Anybody can write that into an
    /// address: so it is nobody's alarm.
    Said,
    /// The browser says that the provider says that it cannot answer.
    SaidUnavailable,
    /// The provider and the connection are set up differently.
    SetUp,
    /// The provider cannot be reached.
    Unavailable,
}

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $refusal:ident = $code:literal, $family:ident;)+) => {
        /// Why a login by OpenID Connect, WorkOS or a Teams token stops. The variants are in the order of a login.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[doc = $doc])+ $refusal,)+
        }

        impl RefusalCode {
            /// Every code, in the order of a login.
            pub const ALL: &[Self] = &[$(Self::$refusal,)+];

            /// The stable code.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$refusal => $code,)+
                }
            }

            /// What the person is told.
            pub const fn family(self) -> Family {
                match self {
                    $(Self::$refusal => family!($family),)+
                }
            }
        }
    };
}

macro_rules! family {
    (Browser) => {
        Family::Browser
    };
    (Said) => {
        Family::Said
    };
    (SaidUnavailable) => {
        Family::SaidUnavailable
    };
    (SetUp) => {
        Family::SetUp
    };
    (Unavailable) => {
        Family::Unavailable
    };
    ($answer:ident) => {
        Family::Answer(stoa_saml::Family::$answer)
    };
}

refusals! {
    /// The answer has a parameter twice, or comes in another response mode than the one that was asked for.
    ResponseMalformed = "oidc_response_malformed", Malformed;
    /// The answer has neither a code nor an error, as after `response_mode=fragment`.
    ResponseEmpty = "oidc_response_empty", Malformed;
    /// The answer has no state, so it answers no login.
    StateMissing = "oidc_state_missing", Browser;
    /// The state is not that of a login of this browser.
    StateUnknown = "oidc_state_unknown", Browser;
    /// The answer has an error and a code at once.
    ErrorWithCode = "oidc_error_with_code", Malformed;
    /// The provider says that it names itself in its answers (RFC 9207), and this one does not.
    ResponseIssuerMissing = "oidc_response_issuer_missing", Protocol;
    /// The answer names another issuer (RFC 9207): it belongs to another provider's login.
    ResponseIssuerWrong = "oidc_response_issuer_wrong", Protocol;
    /// The provider or the person said no.
    AccessDenied = "oidc_access_denied", IdpStatus;
    /// The provider would have had to ask the person something, and was not allowed to.
    InteractionRequired = "oidc_interaction_required", IdpStatus;
    /// The provider refused our request: the client, its redirect URI or its scopes are set up otherwise there.
    RequestRefused = "oidc_request_refused", Said;
    /// The provider says that it failed or is busy.
    ProviderFailed = "oidc_provider_failed", SaidUnavailable;
    /// The provider answered with an error that stoa does not know.
    ErrorUnknown = "oidc_error_unknown", IdpStatus;
    /// The token endpoint does not take the code (`invalid_grant`): used, expired, or another client's.
    CodeRefused = "oidc_code_refused", Protocol;
    /// The provider has been asked about as many codes for this login as it ever is.
    TriesSpent = "oidc_tries_spent", Browser;
    /// The token endpoint does not take our client id and secret (`invalid_client`).
    ClientRefused = "oidc_client_refused", SetUp;
    /// The token endpoint refused the request for another reason.
    TokenRequestRefused = "oidc_token_request_refused", SetUp;
    /// The token endpoint did not answer, or answered with an error of its own.
    TokenEndpointUnavailable = "oidc_token_endpoint_unavailable", Unavailable;
    /// The token endpoint answered with something that is no token response.
    TokenAnswerStrange = "oidc_token_answer_strange", Malformed;
    /// The token response has no ID token.
    IdTokenMissing = "oidc_id_token_missing", SetUp;
    /// An address of the provider's leads to a place that stoa does not call.
    AddressForbidden = "oidc_address_forbidden", SetUp;
    /// The token is no compact JWS with the claims that it must have, in the form that they must have.
    TokenMalformed = "oidc_token_malformed", Malformed;
    /// The token is encrypted; stoa asks for signed ones.
    TokenEncrypted = "oidc_token_encrypted", Malformed;
    /// The token's header lists extensions that must be understood (`crit`).
    TokenCritical = "oidc_token_critical", Untrusted;
    /// The token is signed with an algorithm that the connection does not accept, or not at all.
    AlgorithmRefused = "oidc_algorithm_refused", Untrusted;
    /// The token is signed with a key that the provider does not publish.
    KeyUnknown = "oidc_key_unknown", Untrusted;
    /// The token names an unknown key, and the provider's keys could not be fetched.
    KeysUnavailable = "oidc_keys_unavailable", Unavailable;
    /// The token's signature is not the key's.
    SignatureWrong = "oidc_signature_wrong", Untrusted;
    /// The token is another issuer's.
    IssuerWrong = "oidc_issuer_wrong", Protocol;
    /// The token is of an Entra tenant that the connection does not name.
    TenantForeign = "oidc_tenant_foreign", Policy;
    /// The token is of another Google Workspace than the connection's, or of a private account (`hd`).
    HostedDomainForeign = "oidc_hosted_domain_foreign", Policy;
    /// The token is meant for another client.
    AudienceWrong = "oidc_audience_wrong", Protocol;
    /// The token was issued to another client (`azp`).
    AuthorizedPartyWrong = "oidc_authorized_party_wrong", Protocol;
    /// The token has no nonce.
    NonceMissing = "oidc_nonce_missing", Protocol;
    /// The token's nonce is another login's.
    NonceWrong = "oidc_nonce_wrong", Protocol;
    /// The token has expired.
    TokenExpired = "oidc_token_expired", Time;
    /// The token says that it will be issued later (`iat`).
    TokenFromFuture = "oidc_token_from_future", Time;
    /// The token is not valid yet (`nbf`).
    TokenNotYetValid = "oidc_token_not_yet_valid", Time;
    /// The ID token belongs to another access token (`at_hash`).
    AccessTokenHashWrong = "oidc_access_token_hash_wrong", Untrusted;
    /// The ID token belongs to another code (`c_hash`).
    CodeHashWrong = "oidc_code_hash_wrong", Untrusted;
    /// A fresh authentication was asked for, and the token does not say when it was.
    AuthTimeMissing = "oidc_auth_time_missing", Policy;
    /// The authentication is older than was asked for.
    AuthenticationTooOld = "oidc_authentication_too_old", Policy;
    /// The authentication is of another class than was asked for (`acr`).
    AcrWrong = "oidc_acr_wrong", Policy;
    /// The userinfo endpoint did not answer, or refused the access token.
    UserInfoUnavailable = "oidc_userinfo_unavailable", Unavailable;
    /// The userinfo endpoint answered with something that is no set of claims.
    UserInfoStrange = "oidc_userinfo_strange", Malformed;
    /// The userinfo endpoint speaks of another person than the ID token.
    UserInfoSubjectWrong = "oidc_userinfo_subject_wrong", Untrusted;
    /// The provider does not say that the address is the person's (`email_verified`).
    EmailUnverified = "oidc_email_unverified", Policy;
    /// The WorkOS profile is of another organization or connection.
    WorkosProfileForeign = "workos_profile_foreign", Policy;
    /// WorkOS refused the request: the organization, the connection or the redirect URI is set up otherwise there.
    WorkosSetUpWrong = "workos_set_up_wrong", Said;
    /// The Teams token was made for another program than Teams (`azp`, `appid`).
    TeamsApplicationForeign = "teams_application_foreign", Untrusted;
    /// The Teams token does not allow `access_as_user`.
    TeamsScopeMissing = "teams_scope_missing", SetUp;
    /// The person is signed in to Teams with a personal account.
    TeamsPersonalAccount = "teams_personal_account", Policy;
    /// The person is a guest in the tenant.
    TeamsGuest = "teams_guest", Policy;
}
