//! Every way a login can fail: one exact, stable code each, and what the outside is told about it.
//!
//! [`Fault`] is what happened. [`Face`] is what a person sees: status, public code, who acts, whether trying again
//! helps. Detail for the operator ([`Detail`]) is another type, which has no `Display`, so it cannot reach a page by
//! accident. Each fault has a page `docs/runbook/faults/{code}.md`.

use stoa_saml::{Family, Refusal, RefusalCode};

use crate::arrived::Arrived;
use crate::oidc;

/// What went wrong, exactly. The variants are in the order of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No route takes this path.
    NotFound,
    /// The route exists, but not for this method.
    MethodNotAllowed,
    /// The body is not `application/x-www-form-urlencoded`.
    MediaTypeUnsupported,
    /// The form cannot be read, lacks a field, or names one twice.
    FormMalformed,
    /// The body is larger than any message stoa takes.
    BodyTooLarge,
    /// The address names no connection.
    ConnectionUnknown,
    /// The connection is switched off.
    ConnectionDisabled,
    /// The connection is not active yet and takes test logins only.
    ConnectionNotActive,
    /// The login page was opened inside a frame, where neither cookies nor identity providers work.
    Framed,
    /// The browser sends no cookie of ours, even after a fresh login.
    CookiesBlocked,
    /// Each fresh login lost its cookie while others of ours arrived: too many logins at once.
    TooManyLogins,
    /// The person took longer than a login may last.
    LoginExpired,
    /// The login has no item: never begun here, or cleaned up long ago.
    LoginUnknown,
    /// A second, other assertion was posted for a login that one had already answered.
    LoginReplayed,
    /// The login had ended, and the fresh one that was begun for it has ended too.
    LoginUsed,
    /// The login belongs to another connection.
    LoginOfOtherConnection,
    /// What was typed into the field for an e-mail address is none.
    AddressMalformed,
    /// No customer has claimed the domain of the address, or none that is found by it.
    DomainUnknown,
    /// The connection that was chosen is none of the domain's.
    ChoiceForeign,
    /// The administrator's test link has expired, or is not one of ours.
    TestLinkWrong,
    /// The connection takes no login that the identity provider began.
    IdpInitiatedOff,
    /// The same unsolicited assertion was posted before.
    AssertionReplayed,
    /// "Continue" was not pressed on our own page.
    ConfirmationForeign,
    /// The SAML Response was refused; the exact reason is the verifier's.
    Saml(RefusalCode),
    /// The provider's answer, its token or its claims were refused.
    Oidc(oidc::RefusalCode),
    /// The attribute that names the person is missing or empty.
    SubjectMissing,
    /// The identity provider sends another name for the person at each login.
    SubjectTransient,
    /// The connection would use an e-mail address as the person's name without saying so.
    SubjectIsEmail,
    /// The e-mail attribute is missing or empty.
    EmailMissing,
    /// The e-mail address is not of the plain form that stoa takes.
    EmailMalformed,
    /// An attribute that must have one value has several, or is sent twice.
    AttributeAmbiguous,
    /// The e-mail address is outside the domains that the customer has claimed.
    EmailDomainForeign,
    /// The person is in none of the groups that may enter.
    GroupNotAdmitted,
    /// The identity provider left the groups out because there are too many.
    GroupsOverage,
    /// The connection has no login of its own: it is opened in Microsoft Teams.
    TeamsOnly,
    /// The code that the Teams tab handed to the browser is too old, used, or not one of ours.
    TeamsCodeWrong,
    /// The launch came without its ticket.
    TicketMissing,
    /// The ticket is older than two minutes.
    TicketExpired,
    /// The ticket does not open the login.
    TicketWrong,
    /// The person has been deactivated.
    PersonDeactivated,
    /// The person has been deleted.
    PersonDeleted,
    /// The person is not in the directory, and the connection lets no unknown person in.
    PersonUnknown,
    /// The e-mail address belongs to another person.
    EmailOwned,
    /// The school account under this address has a role, so stoa never enters it.
    AccountPrivileged,
    /// The school account under this address is bound to somebody else.
    AccountBound,
    /// The e-mail address changed more often than is plausible in a day.
    EmailChangeLimit,
    /// Thinkific refused the account's data (HTTP 422).
    ThinkificRefusedAccount,
    /// Thinkific refused the API key (HTTP 401 or 403).
    ThinkificKeyRefused,
    /// Thinkific asks us to slow down (HTTP 429).
    ThinkificBusy,
    /// Thinkific did not answer, or answered with an error of its own.
    ThinkificUnavailable,
    /// Thinkific answered with something that stoa does not understand.
    ThinkificAnswerStrange,
    /// The token is too long for an address.
    TokenTooLong,
    /// Thinkific sent the person back instead of signing them in.
    ThinkificSentBack,
    /// DynamoDB did not answer in time.
    StoreUnavailable,
    /// Two writes met again and again.
    StoreContended,
    /// A stored item does not have the form that this version writes or its predecessor wrote.
    StoreItemStrange,
    /// AWS refused a call: a permission is missing.
    PermissionMissing,
    /// Secrets Manager did not answer, and no value was held.
    SecretsUnavailable,
    /// A secret does not exist, or is not of the form it should have.
    SecretBroken,
    /// The stored connection or school does not parse.
    ConfigurationBroken,
    /// The function ran into its soft deadline.
    DeadlineExceeded,
    /// A defect in stoa.
    Internal,
}

/// Who can mend a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The person who is signing in.
    Person,
    /// The administrator of the customer's identity provider.
    IdpAdministrator,
    /// The administrator of the school.
    SchoolAdministrator,
    /// Whoever runs stoa.
    OnCall,
}

impl Actor {
    /// The part of message ids that says who acts.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::IdpAdministrator => "idp-administrator",
            Self::SchoolAdministrator => "school-administrator",
            Self::OnCall => "on-call",
        }
    }

    /// The metric dimension: who is to blame for the failed login.
    pub const fn blame(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::IdpAdministrator => "idp",
            Self::SchoolAdministrator => "school",
            Self::OnCall => "stoa",
        }
    }
}

/// How loud a fault is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Part of every day.
    Info,
    /// Somebody outside should mend something.
    Warn,
    /// On-call should look.
    Error,
}

impl Level {
    /// As it stands in a log line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What the outside is told about a fault.
#[derive(Clone, Copy, Debug)]
pub struct Face {
    /// HTTP status of the page.
    pub status: u16,
    /// The code on the page, and the id of its sentence in `locales/`. Coarser than the exact code where exactness
    /// would help an attacker.
    pub public: &'static str,
    /// Who can mend it.
    pub actor: Actor,
    /// Whether "try again" is offered.
    pub retryable: bool,
    /// How loud it is in the log.
    pub level: Level,
}

const fn face(status: u16, public: &'static str, actor: Actor, retryable: bool, level: Level) -> Face {
    Face { status, public, actor, retryable, level }
}

impl Fault {
    /// What the outside is told. No wildcard: a new fault must say its face here.
    pub fn face(self) -> Face {
        use Actor::{IdpAdministrator as Idp, OnCall, Person, SchoolAdministrator as School};
        use Level::{Error, Info, Warn};
        match self {
            Self::NotFound => face(404, "not-found", Person, false, Info),
            Self::MethodNotAllowed => face(405, "method-not-allowed", Person, true, Info),
            Self::MediaTypeUnsupported => face(415, "form-malformed", Idp, false, Info),
            Self::FormMalformed => face(400, "form-malformed", Idp, true, Info),
            Self::BodyTooLarge => face(413, "form-malformed", Idp, false, Info),
            Self::ConnectionUnknown => face(404, "connection-unknown", Person, false, Info),
            Self::ConnectionDisabled => face(403, "connection-closed", School, false, Info),
            Self::ConnectionNotActive => face(403, "connection-closed", School, false, Info),
            Self::Framed => face(403, "framed", Person, true, Info),
            Self::CookiesBlocked => face(400, "cookies-blocked", Person, true, Info),
            Self::TooManyLogins => face(400, "too-many-logins", Person, true, Info),
            Self::LoginExpired => face(400, "login-expired", Person, true, Info),
            Self::LoginUnknown => face(400, "login-expired", Person, true, Info),
            Self::LoginReplayed => face(400, "login-used", Person, true, Warn),
            Self::LoginUsed => face(400, "login-used", Person, true, Info),
            Self::LoginOfOtherConnection => face(400, "login-used", Person, true, Warn),
            Self::AddressMalformed => face(400, "address-malformed", Person, true, Info),
            Self::DomainUnknown => face(404, "domain-unknown", Person, true, Info),
            Self::ChoiceForeign => face(404, "domain-unknown", Person, true, Warn),
            Self::TestLinkWrong => face(403, "test-link-wrong", OnCall, false, Info),
            Self::IdpInitiatedOff => face(403, "idp-initiated-off", Person, true, Info),
            Self::AssertionReplayed => face(400, "login-used", Person, true, Warn),
            Self::ConfirmationForeign => face(403, "confirmation-foreign", Person, true, Warn),
            Self::Saml(code) => match code.family() {
                Family::Malformed => face(400, "saml-malformed", Idp, true, Warn),
                Family::Untrusted => face(403, "saml-untrusted", Idp, true, Warn),
                Family::Protocol => face(403, "saml-protocol", Idp, true, Warn),
                Family::Time => face(403, "saml-time", Idp, true, Warn),
                Family::IdpStatus => face(403, "saml-idp-status", Idp, true, Info),
                Family::Policy => face(403, "saml-policy", Idp, true, Warn),
            },
            Self::Oidc(code) => match code.family() {
                oidc::Family::Browser => face(400, "login-expired", Person, true, Info),
                oidc::Family::Malformed => face(400, "oidc-malformed", Idp, true, Warn),
                oidc::Family::Untrusted => face(403, "oidc-untrusted", Idp, true, Warn),
                oidc::Family::Protocol => face(403, "oidc-protocol", Idp, true, Warn),
                oidc::Family::Time => face(403, "oidc-time", Idp, true, Warn),
                oidc::Family::IdpStatus => face(403, "oidc-idp-status", Idp, true, Info),
                oidc::Family::Policy => face(403, "oidc-policy", Idp, true, Warn),
                oidc::Family::SetUp => face(502, "oidc-set-up", OnCall, true, Error),
                oidc::Family::Unavailable => face(502, "oidc-unavailable", Idp, true, Warn),
            },
            Self::SubjectMissing => face(403, "subject-missing", Idp, false, Warn),
            Self::SubjectTransient => face(403, "subject-missing", Idp, false, Warn),
            Self::SubjectIsEmail => face(403, "subject-missing", Idp, false, Warn),
            Self::EmailMissing => face(403, "email-missing", Idp, false, Warn),
            Self::EmailMalformed => face(403, "email-malformed", Idp, false, Warn),
            Self::AttributeAmbiguous => face(403, "attribute-ambiguous", Idp, false, Warn),
            Self::EmailDomainForeign => face(403, "email-domain-foreign", Idp, false, Warn),
            Self::GroupNotAdmitted => face(403, "group-not-admitted", Idp, false, Info),
            Self::GroupsOverage => face(403, "groups-overage", Idp, false, Warn),
            Self::TeamsOnly => face(404, "teams-only", Person, false, Info),
            Self::TeamsCodeWrong => face(400, "teams-code-wrong", Person, false, Info),
            Self::TicketMissing => face(400, "ticket", Person, true, Info),
            Self::TicketExpired => face(400, "ticket", Person, true, Info),
            Self::TicketWrong => face(403, "ticket", Person, true, Warn),
            Self::PersonDeactivated => face(403, "person-deactivated", Idp, false, Info),
            Self::PersonDeleted => face(403, "person-deactivated", Idp, false, Info),
            Self::PersonUnknown => face(403, "person-unknown", Idp, false, Info),
            Self::EmailOwned => face(409, "account-conflict", School, false, Warn),
            Self::AccountPrivileged => face(409, "account-conflict", School, false, Warn),
            Self::AccountBound => face(409, "account-conflict", School, false, Warn),
            Self::EmailChangeLimit => face(409, "email-change-limit", School, false, Warn),
            Self::ThinkificRefusedAccount => face(502, "school-refused", School, false, Error),
            Self::ThinkificKeyRefused => face(502, "school-unavailable", OnCall, true, Error),
            Self::ThinkificBusy => face(503, "school-busy", Person, true, Warn),
            Self::ThinkificUnavailable => face(502, "school-unavailable", OnCall, true, Warn),
            Self::ThinkificAnswerStrange => face(502, "school-unavailable", OnCall, true, Error),
            Self::TokenTooLong => face(500, "internal", OnCall, false, Error),
            Self::ThinkificSentBack => face(502, "school-sent-back", School, true, Error),
            Self::StoreUnavailable => face(503, "try-later", OnCall, true, Error),
            Self::StoreContended => face(503, "try-later", OnCall, true, Warn),
            Self::StoreItemStrange => face(500, "internal", OnCall, true, Error),
            Self::PermissionMissing => face(500, "internal", OnCall, false, Error),
            Self::SecretsUnavailable => face(503, "try-later", OnCall, true, Error),
            Self::SecretBroken => face(500, "internal", OnCall, false, Error),
            Self::ConfigurationBroken => face(500, "internal", OnCall, false, Error),
            Self::DeadlineExceeded => face(503, "try-later", OnCall, true, Error),
            Self::Internal => face(500, "internal", OnCall, true, Error),
        }
    }

    /// The exact, stable code: in traces, logs and the names of runbook pages; never on a stranger's page.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::MediaTypeUnsupported => "media_type_unsupported",
            Self::FormMalformed => "form_malformed",
            Self::BodyTooLarge => "body_too_large",
            Self::ConnectionUnknown => "connection_unknown",
            Self::ConnectionDisabled => "connection_disabled",
            Self::ConnectionNotActive => "connection_not_active",
            Self::Framed => "framed",
            Self::CookiesBlocked => "cookies_blocked",
            Self::TooManyLogins => "too_many_logins",
            Self::LoginExpired => "login_expired",
            Self::LoginUnknown => "login_unknown",
            Self::LoginReplayed => "login_replayed",
            Self::LoginUsed => "login_used",
            Self::LoginOfOtherConnection => "login_of_other_connection",
            Self::AddressMalformed => "address_malformed",
            Self::DomainUnknown => "domain_unknown",
            Self::ChoiceForeign => "choice_foreign",
            Self::TestLinkWrong => "test_link_wrong",
            Self::IdpInitiatedOff => "idp_initiated_off",
            Self::AssertionReplayed => "assertion_replayed",
            Self::ConfirmationForeign => "confirmation_foreign",
            Self::Saml(code) => code.as_str(),
            Self::Oidc(code) => code.as_str(),
            Self::SubjectMissing => "subject_missing",
            Self::SubjectTransient => "subject_transient",
            Self::SubjectIsEmail => "subject_is_email",
            Self::EmailMissing => "email_missing",
            Self::EmailMalformed => "email_malformed",
            Self::AttributeAmbiguous => "attribute_ambiguous",
            Self::EmailDomainForeign => "email_domain_foreign",
            Self::GroupNotAdmitted => "group_not_admitted",
            Self::GroupsOverage => "groups_overage",
            Self::TeamsOnly => "teams_only",
            Self::TeamsCodeWrong => "teams_code_wrong",
            Self::TicketMissing => "ticket_missing",
            Self::TicketExpired => "ticket_expired",
            Self::TicketWrong => "ticket_wrong",
            Self::PersonDeactivated => "person_deactivated",
            Self::PersonDeleted => "person_deleted",
            Self::PersonUnknown => "person_unknown",
            Self::EmailOwned => "email_owned",
            Self::AccountPrivileged => "account_privileged",
            Self::AccountBound => "account_bound",
            Self::EmailChangeLimit => "email_change_limit",
            Self::ThinkificRefusedAccount => "thinkific_refused_account",
            Self::ThinkificKeyRefused => "thinkific_key_refused",
            Self::ThinkificBusy => "thinkific_busy",
            Self::ThinkificUnavailable => "thinkific_unavailable",
            Self::ThinkificAnswerStrange => "thinkific_answer_strange",
            Self::TokenTooLong => "token_too_long",
            Self::ThinkificSentBack => "thinkific_sent_back",
            Self::StoreUnavailable => "store_unavailable",
            Self::StoreContended => "store_contended",
            Self::StoreItemStrange => "store_item_strange",
            Self::PermissionMissing => "permission_missing",
            Self::SecretsUnavailable => "secrets_unavailable",
            Self::SecretBroken => "secret_broken",
            Self::ConfigurationBroken => "configuration_broken",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Internal => "internal",
        }
    }

    /// Every fault: stoa's own, then the SAML verifier's, then those of OpenID Connect and its kin.
    pub fn all() -> impl Iterator<Item = Self> {
        let saml = RefusalCode::ALL.iter().copied().map(Self::Saml);
        let oidc = oidc::RefusalCode::ALL.iter().copied().map(Self::Oidc);
        OWN.iter().copied().chain(saml).chain(oidc)
    }
}

/// Every fault but those of the protocols. A test counts the variants, so none can be forgotten.
const OWN: &[Fault] = &[
    Fault::NotFound,
    Fault::MethodNotAllowed,
    Fault::MediaTypeUnsupported,
    Fault::FormMalformed,
    Fault::BodyTooLarge,
    Fault::ConnectionUnknown,
    Fault::ConnectionDisabled,
    Fault::ConnectionNotActive,
    Fault::Framed,
    Fault::CookiesBlocked,
    Fault::TooManyLogins,
    Fault::LoginExpired,
    Fault::LoginUnknown,
    Fault::LoginReplayed,
    Fault::LoginUsed,
    Fault::LoginOfOtherConnection,
    Fault::AddressMalformed,
    Fault::DomainUnknown,
    Fault::ChoiceForeign,
    Fault::TestLinkWrong,
    Fault::IdpInitiatedOff,
    Fault::AssertionReplayed,
    Fault::ConfirmationForeign,
    Fault::SubjectMissing,
    Fault::SubjectTransient,
    Fault::SubjectIsEmail,
    Fault::EmailMissing,
    Fault::EmailMalformed,
    Fault::AttributeAmbiguous,
    Fault::EmailDomainForeign,
    Fault::GroupNotAdmitted,
    Fault::GroupsOverage,
    Fault::TeamsOnly,
    Fault::TeamsCodeWrong,
    Fault::TicketMissing,
    Fault::TicketExpired,
    Fault::TicketWrong,
    Fault::PersonDeactivated,
    Fault::PersonDeleted,
    Fault::PersonUnknown,
    Fault::EmailOwned,
    Fault::AccountPrivileged,
    Fault::AccountBound,
    Fault::EmailChangeLimit,
    Fault::ThinkificRefusedAccount,
    Fault::ThinkificKeyRefused,
    Fault::ThinkificBusy,
    Fault::ThinkificUnavailable,
    Fault::ThinkificAnswerStrange,
    Fault::TokenTooLong,
    Fault::ThinkificSentBack,
    Fault::StoreUnavailable,
    Fault::StoreContended,
    Fault::StoreItemStrange,
    Fault::PermissionMissing,
    Fault::SecretsUnavailable,
    Fault::SecretBroken,
    Fault::ConfigurationBroken,
    Fault::DeadlineExceeded,
    Fault::Internal,
];

/// What the operator may know beyond the code: what was wanted, what came. Bounded, without control characters.
///
/// It has no `Display`: it goes into steps and log lines, not onto a stranger's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// What the configuration asks for.
    pub wanted: Option<String>,
    /// What came instead; unverified.
    pub got: Option<String>,
}

/// A fault with its detail: what flows return.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub fault: Fault,
    /// For the operator.
    pub detail: Detail,
    /// What came, where it was proven: for the page of an administrator who tests, and for nothing else.
    pub arrived: Option<Box<Arrived>>,
}

impl Failure {
    /// A fault with what was wanted and what came.
    pub fn with(fault: Fault, wanted: impl Into<String>, got: &str) -> Self {
        Self::new(fault, Detail { wanted: Some(wanted.into()), got: Some(quote(got)) })
    }

    /// A fault with a note for the operator in place of a value that came.
    pub fn noted(fault: Fault, note: &str) -> Self {
        Self::new(fault, Detail { wanted: None, got: Some(quote(note)) })
    }

    /// The same failure, of a message that was proven and said this.
    #[must_use]
    pub(crate) fn of(self, arrived: Arrived) -> Self {
        Self { arrived: Some(Box::new(arrived)), ..self }
    }

    pub(crate) const fn new(fault: Fault, detail: Detail) -> Self {
        Self { fault, detail, arrived: None }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(fault, Detail::default())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(Fault::Saml(refusal.code), Detail { wanted: refusal.wanted, got: refusal.got })
    }
}

/// Makes an unverified value fit for a trace: at most 200 characters, control characters out.
pub fn quote(unverified: &str) -> String {
    unverified.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn own_lists_every_variant_but_the_protocols() {
        // `Saml` and `Oidc` are the ones with a payload.
        let source = include_str!("fault.rs");
        let start = source.find("pub enum Fault {").unwrap_or(0);
        let body = &source[start..start + source[start..].find("\n}").unwrap_or(0)];
        let variants = body.lines().filter(|line| line.trim_end().ends_with(',')).count();
        assert_eq!(OWN.len(), variants - 2);
    }

    #[test]
    fn codes_are_stable_names_and_unique() {
        let codes: Vec<_> = Fault::all().map(Fault::code).collect();
        let unique: HashSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
        for code in codes {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{code}");
        }
    }

    #[test]
    fn c083_failures_of_signature_decryption_and_trust_look_alike() {
        let untrusted: Vec<_> = RefusalCode::ALL.iter().filter(|code| code.family() == Family::Untrusted).collect();
        assert!(untrusted.len() > 5);
        for code in untrusted {
            let face = Fault::Saml(*code).face();
            assert_eq!((face.status, face.public), (403, "saml-untrusted"));
        }
    }

    #[test]
    fn failures_of_a_tokens_signature_and_trust_look_alike() {
        for code in oidc::RefusalCode::ALL.iter().filter(|code| code.family() == oidc::Family::Untrusted) {
            assert_eq!(Fault::Oidc(*code).face().public, "oidc-untrusted");
        }
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quote("a\u{0}b\nc\u{7f}\u{85}"), "abc");
        assert_eq!(quote(&"x".repeat(1000)).len(), 200);
    }
}
