//! What can be wrong with the next login.

use serde::Serialize;

use crate::defects::defects;

/// Where in a login a defect shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// In what the browser carries back.
    Answer,
    /// In the ID token's header, key or signature.
    Signature,
    /// In what the ID token says.
    Claims,
    /// In how the token endpoint answers.
    Token,
    /// In how the userinfo endpoint answers.
    UserInfo,
}

/// Writes each defect once, with the stage at which it shows.
macro_rules! defects_by_stage {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $stage:ident;)*) => {
        defects! {
            /// A defect of one login. Each is made for real.
            pub enum Defect {
                $($(#[$doc])* $variant = $name,)*
            }
        }

        impl Defect {
            /// Where it shows.
            pub const fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage),* }
            }
        }
    };
}

defects_by_stage! {
    /// No `state`.
    StateMissing = "state-missing", Answer;
    /// Another `state`.
    StateOther = "state-other", Answer;
    /// `state` twice.
    StateTwice = "state-twice", Answer;
    /// Neither a code nor an error.
    CodeMissing = "code-missing", Answer;
    /// A code that was never issued.
    CodeUnknown = "code-unknown", Answer;
    /// The code of the client's previous login once more.
    CodeReplayed = "code-replayed", Answer;
    /// `error`, and a good code beside it.
    ErrorWithCode = "error-with-code", Answer;
    /// `access_denied`
    AccessDenied = "access-denied", Answer;
    /// `login_required`
    LoginRequired = "login-required", Answer;
    /// `interaction_required`
    InteractionRequired = "interaction-required", Answer;
    /// `consent_required`
    ConsentRequired = "consent-required", Answer;
    /// `account_selection_required`
    AccountSelectionRequired = "account-selection-required", Answer;
    /// `invalid_request`
    InvalidRequest = "invalid-request", Answer;
    /// `invalid_scope`
    InvalidScope = "invalid-scope", Answer;
    /// `unauthorized_client`
    UnauthorizedClient = "unauthorized-client", Answer;
    /// `unsupported_response_type`
    UnsupportedResponseType = "unsupported-response-type", Answer;
    /// `server_error`
    ServerError = "server-error", Answer;
    /// `temporarily_unavailable`
    TemporarilyUnavailable = "temporarily-unavailable", Answer;
    /// An error that no specification has, with a description in HTML.
    UnknownError = "unknown-error", Answer;
    /// Another issuer in `iss` (RFC 9207).
    ResponseIssuerOther = "response-issuer-other", Answer;
    /// No `iss`, although it is announced.
    ResponseIssuerMissing = "response-issuer-missing", Answer;
    /// The answer stands in the fragment.
    ModeFragment = "mode-fragment", Answer;
    /// The answer is posted.
    ModeFormPost = "mode-form-post", Answer;
    /// The answer is one signed `response` (JARM).
    ModeJwt = "mode-jwt", Answer;
    /// A page instead of an answer.
    HtmlPage = "html-page", Answer;

    /// `none`, without a signature.
    AlgNone = "alg-none", Signature;
    /// `None`, without a signature.
    AlgNoneCapital = "alg-none-capital", Signature;
    /// `nOnE`, without a signature.
    AlgNoneMixed = "alg-none-mixed", Signature;
    /// No `alg`.
    AlgMissing = "alg-missing", Signature;
    /// HS256, with the public key's PEM as its secret.
    HmacPublicKey = "hmac-public-key", Signature;
    /// HS256, with the client secret.
    HmacClientSecret = "hmac-client-secret", Signature;
    /// A stranger's key in `jwk`, whose signature it is.
    HeaderJwk = "header-jwk", Signature;
    /// A stranger's key set in `jku`, by whose key it is signed.
    HeaderJku = "header-jku", Signature;
    /// A stranger's certificate at `x5u`, by whose key it is signed.
    HeaderX5u = "header-x5u", Signature;
    /// A stranger's certificate in `x5c`, by whose key it is signed.
    HeaderX5c = "header-x5c", Signature;
    /// A `kid` that nobody publishes.
    KidUnknown = "kid-unknown", Signature;
    /// No `kid`.
    KidMissing = "kid-missing", Signature;
    /// A path as `kid`.
    KidPath = "kid-path", Signature;
    /// SQL as `kid`.
    KidSql = "kid-sql", Signature;
    /// A `kid` under which two keys are published from now on.
    KidTwice = "kid-twice", Signature;
    /// A key that is published from now on, with `use` = `enc`.
    KeyForEncryption = "key-for-encryption", Signature;
    /// A key that is published from now on, with another `alg`.
    KeyOfAnotherAlgorithm = "key-of-another-algorithm", Signature;
    /// HS256 with a symmetric key that is published from now on.
    KeySymmetric = "key-symmetric", Signature;
    /// A key of 1024 bits that is published from now on.
    KeyWeak = "key-weak", Signature;
    /// The next key of the ring, published from now on: lawful, if sudden.
    KeyNext = "key-next", Signature;
    /// The next key of the ring; the key set cannot be fetched from now on.
    KeysUnavailable = "keys-unavailable", Signature;
    /// A stranger's key under a known `kid`.
    SignedByAnotherKey = "signed-by-another-key", Signature;
    /// Changed after it was signed.
    PayloadChanged = "payload-changed", Signature;
    /// An empty signature.
    SignatureEmpty = "signature-empty", Signature;
    /// Half a signature.
    SignatureTruncated = "signature-truncated", Signature;
    /// Two parts, no third.
    SignaturePartMissing = "signature-part-missing", Signature;
    /// Four parts.
    ExtraPart = "extra-part", Signature;
    /// An extension that must be understood (`crit`).
    Critical = "critical", Signature;
    /// Encrypted with the client secret, as a JWE.
    Encrypted = "encrypted", Signature;

    /// Another issuer.
    IssuerOther = "issuer-other", Claims;
    /// The issuer with another slash at its end, or without its own.
    IssuerSlash = "issuer-slash", Claims;
    /// No issuer.
    IssuerMissing = "issuer-missing", Claims;
    /// Another tenant in `tid` and `iss`, with the person's e-mail (nOAuth).
    TenantOther = "tenant-other", Claims;
    /// Another tenant in `tid`; `iss` is right.
    TenantMismatch = "tenant-mismatch", Claims;
    /// Another client's.
    AudienceOther = "audience-other", Claims;
    /// No audience.
    AudienceMissing = "audience-missing", Claims;
    /// Ours among several, without `azp`.
    AudienceSeveral = "audience-several", Claims;
    /// Ours among several, with `azp` ours: lawful.
    AudienceSeveralAzp = "audience-several-azp", Claims;
    /// Issued to another client.
    AzpOther = "azp-other", Claims;
    /// No `sub`.
    SubjectMissing = "subject-missing", Claims;
    /// `sub` of 256 characters.
    SubjectLong = "subject-long", Claims;
    /// The same `sub` in other letters.
    SubjectCase = "subject-case", Claims;
    /// No `nonce`.
    NonceMissing = "nonce-missing", Claims;
    /// Another login's `nonce`.
    NonceOther = "nonce-other", Claims;
    /// Ended an hour ago.
    Expired = "expired", Claims;
    /// No `exp`.
    ExpiryMissing = "expiry-missing", Claims;
    /// `exp` as text.
    ExpiryText = "expiry-text", Claims;
    /// `exp` with a fraction.
    ExpiryFraction = "expiry-fraction", Claims;
    /// `exp` far beyond any calendar.
    ExpiryHuge = "expiry-huge", Claims;
    /// Issued in an hour.
    IssuedInFuture = "issued-in-future", Claims;
    /// No `iat`.
    IssuedMissing = "issued-missing", Claims;
    /// Valid in an hour (`nbf`).
    NotYetValid = "not-yet-valid", Claims;
    /// Another access token's `at_hash`.
    AccessTokenHashWrong = "access-token-hash-wrong", Claims;
    /// Another code's `c_hash`.
    CodeHashWrong = "code-hash-wrong", Claims;
    /// No `auth_time`.
    AuthTimeMissing = "auth-time-missing", Claims;
    /// Authenticated a day ago.
    AuthTimeOld = "auth-time-old", Claims;
    /// No `acr`.
    AcrMissing = "acr-missing", Claims;
    /// A lower class than was asked for.
    AcrLower = "acr-lower", Claims;
    /// No e-mail, neither here nor from userinfo.
    EmailMissing = "email-missing", Claims;
    /// `email_verified` = false, here and from userinfo.
    EmailUnverified = "email-unverified", Claims;
    /// No `email_verified`, neither here nor from userinfo.
    EmailVerifiedMissing = "email-verified-missing", Claims;
    /// `email_verified` = "true", as text: some products do that.
    EmailVerifiedText = "email-verified-text", Claims;
    /// `email_verified` = "yes".
    EmailVerifiedYes = "email-verified-yes", Claims;
    /// `_claim_names` instead of groups.
    GroupsOverage = "groups-overage", Claims;
    /// `hasgroups` instead of groups.
    HasGroups = "has-groups", Claims;

    /// `invalid_grant`
    TokenInvalidGrant = "token-invalid-grant", Token;
    /// `invalid_client`
    TokenInvalidClient = "token-invalid-client", Token;
    /// `unauthorized_client`
    TokenUnauthorizedClient = "token-unauthorized-client", Token;
    /// Status 500.
    Token500 = "token-500", Token;
    /// Status 503 with `Retry-After`.
    Token503 = "token-503", Token;
    /// Status 429 with `Retry-After`.
    Token429 = "token-429", Token;
    /// A page with status 200.
    TokenHtml = "token-html", Token;
    /// JSON that is cut off.
    TokenHalfJson = "token-half-json", Token;
    /// A good answer after a second and a half.
    TokenSlow = "token-slow", Token;
    /// No answer at all.
    TokenNever = "token-never", Token;
    /// The connection is cut.
    TokenCut = "token-cut", Token;
    /// A redirect.
    TokenRedirect = "token-redirect", Token;
    /// A good answer with four megabytes beside it.
    TokenLarge = "token-large", Token;
    /// No `id_token`.
    IdTokenMissing = "id-token-missing", Token;
    /// `id_token` is a number.
    IdTokenStrange = "id-token-strange", Token;

    /// Another person's `sub`.
    UserInfoSubjectOther = "userinfo-subject-other", UserInfo;
    /// No `sub`.
    UserInfoSubjectMissing = "userinfo-subject-missing", UserInfo;
    /// The access token is refused.
    UserInfo401 = "userinfo-401", UserInfo;
    /// Status 500.
    UserInfo500 = "userinfo-500", UserInfo;
    /// A page with status 200.
    UserInfoHtml = "userinfo-html", UserInfo;
    /// A signed token instead of JSON.
    UserInfoJwt = "userinfo-jwt", UserInfo;
    /// A list instead of an object.
    UserInfoList = "userinfo-list", UserInfo;
    /// A redirect.
    UserInfoRedirect = "userinfo-redirect", UserInfo;
    /// No answer at all.
    UserInfoNever = "userinfo-never", UserInfo;
    /// Four megabytes.
    UserInfoLarge = "userinfo-large", UserInfo;
}

impl Defect {
    /// The error of an answer that is one.
    pub(super) const fn error(self) -> Option<&'static str> {
        Some(match self {
            Self::AccessDenied | Self::ErrorWithCode => "access_denied",
            Self::LoginRequired => "login_required",
            Self::InteractionRequired => "interaction_required",
            Self::ConsentRequired => "consent_required",
            Self::AccountSelectionRequired => "account_selection_required",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnknownError => "something_else",
            _ => return None,
        })
    }
}
