//! Every way a login can fail: one exact, stable code each, and what the outside is told about it.
//!
//! [`Fault`] is what happened. [`Face`] is what a person sees: status, public code, who acts, whether trying again
//! helps. Detail for on-call is another type, [`Failure`](crate::failure::Failure)'s. Each fault has a page
//! `docs/runbook/faults/{code}.md`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use stoa_saml::{Family, RefusalCode};

use crate::refusal;

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

const fn face(status: u16, public: &'static str, actor: Actor, level: Level, retryable: bool) -> Face {
    Face { status, public, actor, retryable, level }
}

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $fault:ident = $code:literal:
        $status:literal $public:literal $actor:ident, $level:ident $(, $again:ident)?;)+) => {
        /// What went wrong, exactly. stoa's own are in the order of a login.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[doc = $doc])+ $fault,)+
            /// The SAML Response was refused; the exact reason is the verifier's.
            Saml(RefusalCode),
            /// The provider's answer, its token or its claims were refused.
            Oidc(refusal::RefusalCode),
        }

        /// Every fault but those of the protocols.
        const OWN: &[Fault] = &[$(Fault::$fault,)+];

        impl Fault {
            /// What the outside is told.
            pub fn face(self) -> Face {
                use Actor::{IdpAdministrator as Idp, OnCall, Person, SchoolAdministrator as School};
                use Level::{Error, Info, Warn};
                match self {
                    $(Self::$fault => face($status, $public, $actor, $level, retryable!($($again)?)),)+
                    Self::Saml(code) => refused!("saml", code.family()),
                    Self::Oidc(code) => match code.family() {
                        refusal::Family::Answer(family) => refused!("oidc", family),
                        refusal::Family::Browser => face(400, "login-expired", Person, Info, true),
                        refusal::Family::Said => face(400, "oidc-set-up", OnCall, Warn, true),
                        refusal::Family::SaidUnavailable => face(400, "oidc-unavailable", Idp, Warn, true),
                        refusal::Family::SetUp => face(502, "oidc-set-up", OnCall, Error, true),
                        refusal::Family::Unavailable => face(502, "oidc-unavailable", Idp, Warn, true),
                    },
                }
            }

            /// The exact, stable code: in traces, logs and the names of runbook pages; never on a stranger's page.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$fault => $code,)+
                    Self::Saml(code) => code.as_str(),
                    Self::Oidc(code) => code.as_str(),
                }
            }
        }
    };
}

macro_rules! retryable {
    () => {
        false
    };
    (again) => {
        true
    };
}

/// The face of an answer that was refused: what both protocols can say is said alike.
macro_rules! refused {
    ($protocol:literal, $family:expr) => {
        match $family {
            Family::Malformed => face(400, concat!($protocol, "-malformed"), Idp, Warn, true),
            Family::Untrusted => face(403, concat!($protocol, "-untrusted"), Idp, Warn, true),
            Family::Protocol => face(403, concat!($protocol, "-protocol"), Idp, Warn, true),
            Family::Time => face(403, concat!($protocol, "-time"), Idp, Warn, true),
            Family::IdpStatus => face(403, concat!($protocol, "-idp-status"), Idp, Info, true),
            Family::Policy => face(403, concat!($protocol, "-policy"), Idp, Warn, true),
        }
    };
}

// Each row: the code, the page's status and public code, who acts, how loud it is, whether to try again.
faults! {
    /// What the function was handed is no event that it knows, or a member of it is not of its form.
    EventStrange = "event_strange": 500 "internal" OnCall, Error;
    /// No route takes this path.
    NotFound = "not_found": 404 "not-found" Person, Info;
    /// The route exists, but not for this method.
    MethodNotAllowed = "method_not_allowed": 405 "method-not-allowed" Person, Info, again;
    /// The address has more parameters than any of ours, or one with a longer name.
    QueryMalformed = "query_malformed": 400 "not-found" Person, Info;
    /// The body is not `application/x-www-form-urlencoded`.
    MediaTypeUnsupported = "media_type_unsupported": 415 "form-malformed" Idp, Info;
    /// The form lacks a field, names one twice, or has more fields or longer names than any that stoa reads.
    FormMalformed = "form_malformed": 400 "form-malformed" Idp, Info, again;
    /// The body is larger than any message stoa takes.
    BodyTooLarge = "body_too_large": 413 "form-malformed" Idp, Info;
    /// The address names no connection.
    ConnectionUnknown = "connection_unknown": 404 "connection-unknown" Person, Info;
    /// The connection is switched off.
    ConnectionDisabled = "connection_disabled": 403 "connection-closed" School, Info;
    /// The connection is not active yet and takes test logins only.
    ConnectionNotActive = "connection_not_active": 403 "connection-closed" School, Info;
    /// The login page was opened inside a frame, where neither cookies nor identity providers work.
    Framed = "framed": 403 "framed" Person, Info, again;
    /// The browser sends no cookie of ours, even after a fresh login.
    CookiesBlocked = "cookies_blocked": 400 "cookies-blocked" Person, Info, again;
    /// Each fresh login lost its cookie while others of ours arrived: too many logins at once.
    TooManyLogins = "too_many_logins": 400 "too-many-logins" Person, Info, again;
    /// The person took longer than a login may last.
    LoginExpired = "login_expired": 400 "login-expired" Person, Info, again;
    /// The login has no item: never begun here, or cleaned up long ago.
    LoginUnknown = "login_unknown": 400 "login-expired" Person, Info, again;
    /// A second, other assertion was posted for a login that one had already answered.
    LoginReplayed = "login_replayed": 400 "login-used" Person, Warn, again;
    /// The login had ended, and the fresh one that was begun for it has ended too.
    LoginUsed = "login_used": 400 "login-used" Person, Info, again;
    /// The login belongs to another connection.
    LoginOfOtherConnection = "login_of_other_connection": 403 "saml-protocol" Idp, Warn, again;
    /// What was typed into the field for an e-mail address is none.
    AddressMalformed = "address_malformed": 400 "address-malformed" Person, Info, again;
    /// No customer has claimed the domain of the address, or none that is found by it.
    DomainUnknown = "domain_unknown": 404 "domain-unknown" Person, Info, again;
    /// The connection that was chosen is none of the domain's.
    ChoiceForeign = "choice_foreign": 404 "domain-unknown" Person, Warn, again;
    /// The administrator's test link has expired, or is not one of ours.
    TestLinkWrong = "test_link_wrong": 403 "test-link-wrong" OnCall, Info;
    /// The connection takes no login that the identity provider began.
    IdpInitiatedOff = "idp_initiated_off": 403 "idp-initiated-off" Person, Info, again;
    /// The same unsolicited assertion was posted before.
    AssertionReplayed = "assertion_replayed": 400 "login-used" Person, Warn, again;
    /// "Continue" was not pressed on our own page.
    ConfirmationForeign = "confirmation_foreign": 403 "confirmation-foreign" Person, Warn, again;
    /// The attribute that names the person is missing or empty.
    SubjectMissing = "subject_missing": 403 "subject-missing" Idp, Warn;
    /// The identity provider sends another name for the person at each login.
    SubjectTransient = "subject_transient": 403 "subject-missing" Idp, Warn;
    /// The connection would use an e-mail address as the person's name without saying so.
    SubjectIsEmail = "subject_is_email": 403 "subject-missing" Idp, Warn;
    /// The e-mail attribute is missing or empty.
    EmailMissing = "email_missing": 403 "email-missing" Idp, Warn;
    /// The e-mail address is not of the plain form that stoa takes.
    EmailMalformed = "email_malformed": 403 "email-malformed" Idp, Warn;
    /// An attribute that must have one value has several, or is sent twice.
    AttributeAmbiguous = "attribute_ambiguous": 403 "attribute-ambiguous" Idp, Warn;
    /// The e-mail address is outside the domains that the customer has claimed.
    EmailDomainForeign = "email_domain_foreign": 403 "email-domain-foreign" Idp, Warn;
    /// The person is in none of the groups that may enter.
    GroupNotAdmitted = "group_not_admitted": 403 "group-not-admitted" Idp, Info;
    /// The identity provider left the groups out because there are too many.
    GroupsOverage = "groups_overage": 403 "groups-overage" Idp, Warn;
    /// The connection has no login of its own: it is opened in Microsoft Teams.
    TeamsOnly = "teams_only": 404 "teams-only" Person, Info;
    /// The code that the Teams tab handed to the browser is too old, used, or not one of ours.
    TeamsCodeWrong = "teams_code_wrong": 400 "teams-code-wrong" Person, Info;
    /// The launch came without its ticket.
    TicketMissing = "ticket_missing": 400 "ticket" Person, Info, again;
    /// The ticket is older than two minutes.
    TicketExpired = "ticket_expired": 400 "ticket" Person, Info, again;
    /// The ticket does not open the login.
    TicketWrong = "ticket_wrong": 403 "ticket" Person, Warn, again;
    /// The person has been deactivated.
    PersonDeactivated = "person_deactivated": 403 "person-deactivated" Idp, Info;
    /// The person has been deleted.
    PersonDeleted = "person_deleted": 403 "person-deactivated" Idp, Info;
    /// The customer's directory says that the person has left, or somebody keeps them out.
    PersonInactive = "person_inactive": 403 "person-deactivated" Idp, Info;
    /// The person is not in the directory, and the connection lets no unknown person in.
    PersonUnknown = "person_unknown": 403 "person-unknown" Idp, Info;
    /// The e-mail address belongs to another person.
    EmailOwned = "email_owned": 409 "account-conflict" School, Warn;
    /// The school account under this address, or the person's own, has a role that the connection does not name.
    AccountPrivileged = "account_privileged": 409 "account-conflict" School, Warn;
    /// Nobody is bound to the school account under this address, and the connection takes none over.
    AccountUnbound = "account_unbound": 409 "account-conflict" School, Warn;
    /// The school account under this address is bound to somebody else.
    AccountBound = "account_bound": 409 "account-conflict" School, Warn;
    /// The e-mail address would replace one whose domain the connection does not own.
    EmailChangeForeign = "email_change_foreign": 409 "email-change-foreign" School, Warn;
    /// The e-mail address changed more often than is plausible in a day.
    EmailChangeLimit = "email_change_limit": 409 "email-change-limit" Idp, Warn;
    /// The person's account was created or changed more often than is plausible in a day.
    SettledTooOften = "settled_too_often": 409 "change-limit" Idp, Warn;
    /// Another request asks the school about the same person.
    SettlingUnderWay = "settling_under_way": 409 "try-later" Person, Info, again;
    /// The calls of the school's minute, or the connection's part of them, are spent.
    CallsSpent = "calls_spent": 429 "school-busy" Person, Warn, again;
    /// Thinkific refused the account's data (HTTP 422).
    ThinkificRefusedAccount = "thinkific_refused_account": 502 "school-refused" School, Error;
    /// Thinkific refused the API key (HTTP 401 or 403).
    ThinkificKeyRefused = "thinkific_key_refused": 502 "school-unavailable" OnCall, Error, again;
    /// Thinkific asks us to slow down (HTTP 429).
    ThinkificBusy = "thinkific_busy": 503 "school-busy" Person, Warn, again;
    /// Thinkific did not answer, or answered with an error of its own.
    ThinkificUnavailable = "thinkific_unavailable": 502 "school-unavailable" OnCall, Warn, again;
    /// Thinkific answered with something that stoa does not understand.
    ThinkificAnswerStrange = "thinkific_answer_strange": 502 "school-unavailable" OnCall, Error, again;
    /// The token is too long for an address.
    TokenTooLong = "token_too_long": 500 "internal" OnCall, Error;
    /// Thinkific sent the person back instead of signing them in.
    ThinkificSentBack = "thinkific_sent_back": 502 "school-sent-back" School, Error, again;
    /// The page after that was opened again.
    ReturnedAgain = "returned_again": 409 "school-sent-back" School, Info, again;
    /// What tells of a school names none that is known here.
    SchoolUnknown = "school_unknown": 404 "not-found" OnCall, Warn;
    /// A webhook has no signature: it was subscribed to by hand, and not by `stoa thinkific webhooks`.
    WebhookUnsigned = "webhook_unsigned": 401 "webhook-refused" School, Warn;
    /// A webhook is not signed with the school's API key.
    WebhookSignatureWrong = "webhook_signature_wrong": 401 "webhook-refused" OnCall, Warn;
    /// A webhook is signed, and is none that stoa can read.
    WebhookMalformed = "webhook_malformed": 422 "webhook-malformed" OnCall, Error;
    /// A webhook is signed, and tells of something that happened too long ago.
    WebhookStale = "webhook_stale": 422 "webhook-malformed" OnCall, Warn;
    /// A webhook of WorkOS's has no signature.
    WorkosEventUnsigned = "workos_event_unsigned": 401 "workos-event-refused" OnCall, Warn;
    /// A webhook of WorkOS's is not signed with a secret of the connection's endpoint.
    WorkosEventSignatureWrong = "workos_event_signature_wrong": 401 "workos-event-refused" OnCall, Warn;
    /// A webhook of WorkOS's is signed, and was so at another time, or tells of something that happened too long ago.
    WorkosEventStale = "workos_event_stale": 401 "workos-event-refused" OnCall, Warn;
    /// A webhook of WorkOS's is signed, and is no event that stoa can read.
    WorkosEventMalformed = "workos_event_malformed": 422 "workos-event-malformed" OnCall, Error;
    /// The connection's directory is not filled by WorkOS.
    WorkosSourceOff = "workos_source_off": 403 "workos-event-refused" OnCall, Warn;
    /// The directory is not, or no longer, at WorkOS.
    WorkosDirectoryGone = "workos_directory_gone": 502 "internal" OnCall, Error;
    /// WorkOS refused the API key (HTTP 401 or 403).
    WorkosKeyRefused = "workos_key_refused": 502 "internal" OnCall, Error;
    /// WorkOS's API did not answer, or answered with an error of its own, or asks us to slow down.
    WorkosUnavailable = "workos_unavailable": 502 "internal" OnCall, Warn, again;
    /// WorkOS's API answered with something that stoa does not understand.
    WorkosAnswerStrange = "workos_answer_strange": 502 "internal" OnCall, Error, again;
    /// A SCIM request without a bearer token that counts for its connection, or for a connection that there is not.
    ScimTokenWrong = "scim_token_wrong": 401 "scim" Idp, Warn;
    /// The connection's directory is not filled by SCIM.
    ScimOff = "scim_off": 403 "scim" OnCall, Warn;
    /// More SCIM requests of one connection than are taken at a time.
    ScimBusy = "scim_busy": 429 "scim" Idp, Warn, again;
    /// A SCIM client asks for something that there is not.
    ScimNotFound = "scim_not_found": 404 "scim" Idp, Info;
    /// A SCIM client asks for a part of SCIM that is not offered.
    ScimNotOffered = "scim_not_offered": 501 "scim" Idp, Info;
    /// The body of a SCIM request, or a value in it, is not of its form.
    ScimMalformed = "scim_malformed": 400 "scim" Idp, Warn;
    /// A filter or a parameter of a SCIM request cannot be read, or would look at too many.
    ScimFilterRefused = "scim_filter_refused": 400 "scim" Idp, Warn;
    /// A SCIM request, or what it asks for, is larger than one answer or one change.
    ScimTooLarge = "scim_too_large": 413 "scim" Idp, Warn;
    /// Another person or group of the connection has the value.
    ScimTaken = "scim_taken": 409 "scim" Idp, Warn;
    /// The SCIM client means a version that there is no more.
    ScimVersionDiffers = "scim_version_differs": 412 "scim" Idp, Info, again;
    /// The connection's directory is not filled from files.
    CsvOff = "csv_off": 403 "import" OnCall, Warn;
    /// A file that was put into the bucket is none that can be used.
    UploadRefused = "upload_refused": 422 "import" Idp, Warn;
    /// A file that was put into the bucket broke off again and again, and is given up.
    UploadGivenUp = "upload_given_up": 500 "import" OnCall, Error;
    /// S3 did not answer in time, or answered with an error of its own.
    FilesUnavailable = "files_unavailable": 503 "try-later" OnCall, Error, again;
    /// DynamoDB did not answer in time.
    StoreUnavailable = "store_unavailable": 503 "try-later" OnCall, Error, again;
    /// Two writes met again and again.
    StoreContended = "store_contended": 503 "try-later" OnCall, Warn, again;
    /// A stored item does not have the form that this version writes or its predecessor wrote.
    StoreItemStrange = "store_item_strange": 500 "internal" OnCall, Error, again;
    /// AWS refused a call: a permission is missing.
    PermissionMissing = "permission_missing": 500 "internal" OnCall, Error;
    /// Secrets Manager did not answer, and no value was held.
    SecretsUnavailable = "secrets_unavailable": 503 "try-later" OnCall, Error, again;
    /// A secret does not exist, or is not of the form it should have.
    SecretBroken = "secret_broken": 500 "internal" OnCall, Error;
    /// The stored connection or school does not parse.
    ConfigurationBroken = "configuration_broken": 500 "internal" OnCall, Error;
    /// The function ran into its soft deadline.
    DeadlineExceeded = "deadline_exceeded": 503 "try-later" OnCall, Error, again;
    /// A defect in stoa.
    Internal = "internal": 500 "internal" OnCall, Error, again;
}

impl Fault {
    /// Every fault: stoa's own, then the SAML verifier's, then those of OpenID Connect and its kin.
    pub fn all() -> impl Iterator<Item = Self> {
        let saml = RefusalCode::ALL.iter().copied().map(Self::Saml);
        let oidc = refusal::RefusalCode::ALL.iter().copied().map(Self::Oidc);
        OWN.iter().copied().chain(saml).chain(oidc)
    }

    /// The fault of this code; that of a later version is none.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::all().find(|fault| fault.code() == code)
    }
}

/// By its code.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::of_code(&code).ok_or_else(|| de::Error::custom("no code of a fault"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_stable_names_and_unique() {
        let codes: Vec<_> = Fault::all().map(Fault::code).collect();
        let unique: HashSet<_> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
        for code in codes {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{code}");
            assert_eq!(Fault::of_code(code).map(Fault::code), Some(code));
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
        for code in
            refusal::RefusalCode::ALL.iter().filter(|code| code.family() == refusal::Family::Answer(Family::Untrusted))
        {
            assert_eq!(Fault::Oidc(*code).face().public, "oidc-untrusted");
        }
    }
}
