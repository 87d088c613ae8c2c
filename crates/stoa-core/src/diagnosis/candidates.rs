//! Which causes a symptom can have, the likeliest first, and which settings are behind it.

use stoa_saml::RefusalCode as Saml;

use super::cause::Cause::{self, *};
use super::evidence::Symptom;
use crate::fault::Fault;
use crate::refusal::RefusalCode as Oidc;

/// The causes that a symptom can have, the likeliest first where nothing else is known.
pub(super) fn candidates(symptom: &Symptom) -> &'static [Cause] {
    match symptom {
        Symptom::Stopped(fault) => of_fault(*fault),
        Symptom::NotBack => &[PersonLeft, ProviderSilent, ProviderRefusesPerson, OurSetting, ProviderClock],
        Symptom::NotLaunched => &[TicketLost, AwsAway, PermissionAbsent, OurBuild],
        Symptom::HandedOver => &[InTheSchool, SchoolMoved, SchoolDown, OurSchoolFile],
        Symptom::InLine => &[CallsOurs, SchoolBusy, UnderWay],
        Symptom::Tested | Symptom::UnderWay => &[UnderWay],
        Symptom::Closed => &[OurState],
        Symptom::Nothing => &[NotSeen, PersonLeft],
        Symptom::Unknown => &[UnknownCode],
    }
}

fn of_fault(fault: Fault) -> &'static [Cause] {
    match fault {
        Fault::EventStrange | Fault::Internal | Fault::TokenTooLong => &[Defect, OurBuild],
        Fault::DeadlineExceeded => &[Defect, AwsAway, SchoolDown, TokenEndpointDown, OurBuild],
        Fault::NotFound | Fault::MethodNotAllowed | Fault::QueryMalformed | Fault::ConnectionUnknown => &[WrongLink],
        Fault::MediaTypeUnsupported | Fault::FormMalformed | Fault::BodyTooLarge => &[SetOtherwise, WrongLink],
        Fault::ConnectionDisabled | Fault::ConnectionNotActive => &[OurState],
        Fault::WorkosEventUnsigned
        | Fault::WorkosEventSignatureWrong
        | Fault::WorkosEventStale
        | Fault::WorkosEventMalformed
        | Fault::WorkosSourceOff
        | Fault::WorkosDirectoryGone
        | Fault::WorkosKeyRefused
        | Fault::WorkosUnavailable
        | Fault::WorkosAnswerStrange
        | Fault::ScimTokenWrong
        | Fault::ScimOff
        | Fault::ScimBusy
        | Fault::ScimNotFound
        | Fault::ScimNotOffered
        | Fault::ScimMalformed
        | Fault::ScimFilterRefused
        | Fault::ScimTooLarge
        | Fault::ScimTaken
        | Fault::ScimVersionDiffers => &[SetOtherwise, OurSetting],
        Fault::CsvOff => &[OurSetting],
        Fault::UploadRefused => &[SetOtherwise, OurSetting],
        Fault::UploadGivenUp => &[AwsAway, PermissionAbsent, Defect],
        Fault::Framed => &[Framed],
        Fault::CookiesBlocked | Fault::TooManyLogins => &[CookiesLost, OtherBrowser],
        Fault::LoginExpired | Fault::LoginUnknown => &[TookTooLong, OtherBrowser],
        Fault::LoginReplayed | Fault::LoginUsed | Fault::AssertionReplayed => &[UsedTwice, OtherBrowser],
        Fault::LoginOfOtherConnection => &[SetOtherwise, WrongLink, UsedTwice],
        Fault::AddressMalformed | Fault::DomainUnknown | Fault::ChoiceForeign => &[WrongLink, DomainUnclaimed],
        Fault::TestLinkWrong => &[WrongLink, TookTooLong],
        Fault::IdpInitiatedOff => &[Unsolicited, OurSetting],
        Fault::ConfirmationForeign => &[OtherBrowser, UsedTwice],
        Fault::SubjectMissing => &[ClaimsNotSent, RecordLacks, OurSetting],
        Fault::SubjectTransient | Fault::SubjectIsEmail => &[SetOtherwise, OurSetting],
        Fault::EmailMissing => &[ClaimsNotSent, RecordLacks, OurSetting],
        Fault::EmailMalformed | Fault::AttributeAmbiguous => &[RecordLacks, ClaimsNotSent, OurSetting],
        Fault::EmailDomainForeign => &[ForeignDomain, DomainUnclaimed, OurSetting],
        Fault::GroupNotAdmitted => &[NotInGroup, GroupRemade, GroupsNotSent, OurSetting],
        Fault::GroupsOverage => &[GroupsTooMany, OurSetting],
        Fault::TeamsOnly | Fault::TeamsCodeWrong => &[WrongLink, TookTooLong],
        Fault::TicketMissing | Fault::TicketExpired => &[TicketLost, CookiesLost],
        Fault::TicketWrong => &[UsedTwice, OurSeal, TicketLost],
        Fault::PersonDeactivated | Fault::PersonDeleted => &[PersonBarred],
        Fault::PersonInactive => &[PersonInactive, PersonKeptOut],
        Fault::PersonUnknown => &[PersonNotKnown, SubjectsChanged, OurSetting],
        Fault::EmailOwned => &[ColleaguesAddress, AddressRecycled, SubjectsChanged, ClaimUnderWay, OurSetting],
        Fault::AccountPrivileged => &[AccountRole, OurSetting],
        Fault::AccountUnbound => &[AccountUnbound, OurSetting],
        Fault::AccountBound => &[AccountEarlier, AccountOther, SubjectsChanged, OurSetting],
        Fault::EmailChangeForeign => &[ReplacesForeign, OurSetting],
        Fault::EmailChangeLimit | Fault::SettledTooOften => &[ChangedTooOften],
        Fault::SettlingUnderWay => &[UsedTwice],
        Fault::CallsSpent => &[CallsOurs],
        Fault::ThinkificRefusedAccount => &[AccountField, AccountAddressTaken, AccountLimit],
        Fault::ThinkificKeyRefused => &[SchoolKeyRenewed, SchoolBlocked, SchoolPlan, OurSchoolKey, OurSchoolFile],
        Fault::ThinkificBusy => &[SchoolBusy, CallsOurs],
        Fault::ThinkificUnavailable => &[SchoolDown, OurSchoolFile, SchoolBlocked],
        Fault::ThinkificAnswerStrange => &[SchoolBlocked, OurSchoolFile, SchoolMoved],
        Fault::ThinkificSentBack | Fault::ReturnedAgain => {
            &[SchoolSsoOff, SchoolRefusesData, SchoolKeyRenewed, SlowBrowser, SchoolClock, OurSchoolKey, SchoolPlan]
        }
        Fault::SchoolUnknown | Fault::WebhookUnsigned => &[WrongLink],
        Fault::WebhookSignatureWrong => &[SchoolKeyRenewed, OurSchoolKey, Altered],
        Fault::WebhookMalformed => &[Defect, OurBuild],
        Fault::WebhookStale => &[Altered],
        Fault::FilesUnavailable | Fault::StoreUnavailable | Fault::StoreContended | Fault::SecretsUnavailable => {
            &[AwsAway]
        }
        Fault::StoreItemStrange | Fault::ConfigurationBroken => &[ItemBroken, OurSetting, OurBuild],
        Fault::PermissionMissing => &[PermissionAbsent, OurBuild],
        Fault::SecretBroken => &[SecretMalformed, SecretAbsent],
        Fault::Saml(code) => of_saml(code),
        Fault::Oidc(code) => of_oidc(code),
    }
}

fn of_saml(code: Saml) -> &'static [Cause] {
    match code {
        // What no identity provider writes by itself: something rewrote it, or somebody did.
        Saml::Base64Invalid
        | Saml::TooLarge
        | Saml::DeflateInvalid
        | Saml::NotUtf8
        | Saml::XmlDeclaration
        | Saml::Doctype
        | Saml::ProcessingInstruction
        | Saml::TooDeep
        | Saml::TooMuchMarkup
        | Saml::TooManyAttributes
        | Saml::TooManyNamespaces
        | Saml::NamespaceInvalid
        | Saml::XmlMalformed
        | Saml::NotAResponse
        | Saml::NotAnAuthnRequest
        | Saml::VersionUnsupported
        | Saml::IdInvalid
        | Saml::ElementMissing
        | Saml::ElementRepeated
        | Saml::ElementUnexpected
        | Saml::AttributeMissing
        | Saml::TextNotPlain
        | Saml::TimestampInvalid
        | Saml::ParametersInvalid
        | Saml::IdRepeated
        | Saml::SignatureMisplaced
        | Saml::SignatureRepeated
        | Saml::SignatureMalformed
        | Saml::AssertionMisplaced
        | Saml::AssertionRepeated
        | Saml::ReferenceCount
        | Saml::ReferenceUri
        | Saml::DigestMismatch => &[Altered, SignedOtherwise],
        Saml::SignatureMissing
        | Saml::TransformRefused
        | Saml::CanonicalizationRefused
        | Saml::PrefixListRefused
        | Saml::SignatureAlgorithmRefused
        | Saml::DigestAlgorithmRefused
        | Saml::EncryptionMalformed
        | Saml::EncryptionAlgorithmRefused
        | Saml::CbcUnsigned
        | Saml::KeyTransportRefused
        | Saml::PlaintextNotAnAssertion
        | Saml::EncryptedIdUnsupported
        | Saml::EncryptedAttributeUnsupported
        | Saml::AssertionMissing => &[SignedOtherwise, Altered],
        Saml::DecryptionKeyMissing | Saml::DecryptionFailed => &[SignedOtherwise, OurSecret, OurSetting],
        Saml::KeyTypeMismatch | Saml::SignatureMismatch => {
            &[KeyRotated, KeyUnpublished, KeyUnknownWhether, OurTrust, OurSetting]
        }
        Saml::StatusAuthnFailed
        | Saml::StatusNoAuthnContext
        | Saml::StatusNoPassive
        | Saml::StatusRequestDenied
        | Saml::StatusUnknownPrincipal
        | Saml::StatusResponder
        | Saml::StatusOther => &[ProviderRefusesPerson, ProviderRefusesRequest, OurSetting],
        Saml::StatusInvalidNameIdPolicy
        | Saml::StatusRequestUnsupported
        | Saml::StatusRequester
        | Saml::StatusVersionMismatch => &[ProviderRefusesRequest, ProviderRefusesPerson, OurSetting],
        Saml::DestinationMissing
        | Saml::DestinationMismatch
        | Saml::RecipientMissing
        | Saml::RecipientMismatch
        | Saml::AudienceMissing
        | Saml::AudienceMismatch
        | Saml::BearerMissing
        | Saml::ConfirmationUnbounded
        | Saml::ConfirmationNotBefore
        | Saml::ConditionsMissing
        | Saml::ConditionUnknown
        | Saml::AuthnStatementMissing
        | Saml::NameIdTooLong => &[SetOtherwise, OtherProvider, OurSetting],
        Saml::ResponseIssuerMismatch | Saml::IssuerMismatch => &[OtherProvider, ProviderRenamed, OurSetting],
        Saml::InResponseToMissing | Saml::InResponseToMismatch | Saml::InResponseToUnexpected => {
            &[Unsolicited, UsedTwice]
        }
        Saml::NameIdMissing | Saml::NameIdEmpty => &[ClaimsNotSent, RecordLacks, OurSetting],
        Saml::NotYetValid | Saml::IssuedInFuture => &[ProviderClock, AnswerLate],
        Saml::Expired | Saml::ConfirmationExpired | Saml::SessionExpired | Saml::IssuedTooLongAgo => {
            &[AnswerLate, ProviderClock]
        }
        Saml::AuthenticationStale => &[SignInTooWeak, OurSetting, ProviderClock],
    }
}

fn of_oidc(code: Oidc) -> &'static [Cause] {
    match code {
        Oidc::ResponseMalformed | Oidc::ResponseEmpty | Oidc::ErrorWithCode => &[TokenStrange, SetOtherwise],
        Oidc::StateMissing | Oidc::StateUnknown | Oidc::TriesSpent => &[OtherBrowser, UsedTwice, CookiesLost],
        Oidc::ResponseIssuerMissing | Oidc::ResponseIssuerWrong | Oidc::IssuerWrong => {
            &[OtherProvider, ProviderRenamed, OurSetting]
        }
        Oidc::AccessDenied | Oidc::InteractionRequired | Oidc::ErrorUnknown => {
            &[ProviderRefusesPerson, ProviderRefusesRequest, OurSetting]
        }
        Oidc::RequestRefused | Oidc::TokenRequestRefused | Oidc::WorkosSetUpWrong => {
            &[ProviderRefusesRequest, OurSetting, OurSecret]
        }
        Oidc::ProviderFailed => &[TokenEndpointDown, ProviderRefusesRequest],
        Oidc::CodeRefused => &[CodeRefused, OurSetting],
        Oidc::ClientRefused => &[OurTokenRefused, OurSecret, SecretElsewhere, OurSetting],
        Oidc::TokenEndpointUnavailable | Oidc::AddressForbidden => &[TokenEndpointDown, TokenEndpointMoved, OurSetting],
        Oidc::TokenAnswerStrange | Oidc::UserInfoStrange => &[TokenStrange],
        Oidc::IdTokenMissing
        | Oidc::TokenMalformed
        | Oidc::TokenEncrypted
        | Oidc::TokenCritical
        | Oidc::NonceMissing
        | Oidc::AccessTokenHashWrong
        | Oidc::CodeHashWrong
        | Oidc::UserInfoSubjectWrong => &[TokenStrange, SetOtherwise],
        Oidc::NonceWrong => &[UsedTwice, TokenStrange],
        Oidc::AlgorithmRefused => &[SignedOtherwise, OurSetting],
        Oidc::KeyUnknown | Oidc::SignatureWrong => &[KeyRotated, KeyUnpublished, OurSetting],
        Oidc::KeysUnavailable => &[KeysUnfetched, KeyUnpublished],
        Oidc::TenantForeign | Oidc::HostedDomainForeign | Oidc::WorkosProfileForeign => &[OtherProvider, OurSetting],
        Oidc::AudienceWrong | Oidc::AuthorizedPartyWrong => &[SetOtherwise, OtherProvider, OurSetting],
        Oidc::TokenExpired | Oidc::TokenFromFuture | Oidc::TokenNotYetValid => &[ProviderClock, AnswerLate],
        Oidc::AuthTimeMissing | Oidc::AuthenticationTooOld | Oidc::AcrWrong => &[SignInTooWeak, OurSetting],
        Oidc::UserInfoUnavailable => &[UserInfoDown, TokenEndpointDown],
        Oidc::EmailUnverified => &[EmailUnproven, OurSetting],
        Oidc::TeamsApplicationForeign | Oidc::TeamsScopeMissing => &[SetOtherwise, OurSetting],
        Oidc::TeamsPersonalAccount | Oidc::TeamsGuest => &[OtherProvider],
    }
}

/// The settings whose change can bring about a symptom, each by the beginning of its path in the document.
pub(super) fn settings_behind(symptom: &Symptom) -> &'static [&'static str] {
    let Symptom::Stopped(fault) = symptom else {
        let begins = *symptom == Symptom::NotBack;
        return if begins { &["saml", "oidc", "workos", "teams", "preset"] } else { &[] };
    };
    match fault {
        Fault::SubjectMissing | Fault::SubjectTransient | Fault::SubjectIsEmail => &["subject", "attributes", "preset"],
        Fault::EmailMissing | Fault::EmailMalformed | Fault::AttributeAmbiguous => &["attributes", "preset", "oidc"],
        Fault::EmailDomainForeign => &["domains", "attributes.email"],
        Fault::GroupNotAdmitted | Fault::GroupsOverage => &["admit", "attributes.groups", "preset"],
        Fault::PersonUnknown => &["account.unknown_person", "subject", "customer"],
        Fault::EmailOwned => &["subject", "customer", "attributes.email", "preset"],
        Fault::AccountPrivileged => &["account.allow_roles", "attributes.email"],
        Fault::AccountUnbound => &["account.existing"],
        Fault::AccountBound => &["account.earlier_external_id", "subject", "customer", "attributes.email", "school"],
        Fault::EmailChangeForeign => &["domains", "attributes.email"],
        Fault::IdpInitiatedOff => &["saml.idp_initiated"],
        Fault::WorkosEventUnsigned
        | Fault::WorkosEventSignatureWrong
        | Fault::WorkosEventStale
        | Fault::WorkosEventMalformed
        | Fault::WorkosSourceOff
        | Fault::WorkosDirectoryGone
        | Fault::WorkosKeyRefused
        | Fault::WorkosUnavailable
        | Fault::WorkosAnswerStrange
        | Fault::ScimTokenWrong
        | Fault::ScimOff
        | Fault::ScimBusy
        | Fault::ScimNotFound
        | Fault::ScimNotOffered
        | Fault::ScimMalformed
        | Fault::ScimFilterRefused
        | Fault::ScimTooLarge
        | Fault::ScimTaken
        | Fault::ScimVersionDiffers
        | Fault::CsvOff
        | Fault::UploadRefused => &["directory"],
        Fault::StoreItemStrange | Fault::ConfigurationBroken => &[""],
        Fault::Saml(_) => &["saml", "subject", "attributes", "preset"],
        Fault::Oidc(_) => &["oidc", "workos", "teams", "preset"],
        Fault::EventStrange
        | Fault::SchoolUnknown
        | Fault::WebhookUnsigned
        | Fault::WebhookSignatureWrong
        | Fault::WebhookMalformed
        | Fault::WebhookStale
        | Fault::Internal
        | Fault::TokenTooLong
        | Fault::DeadlineExceeded
        | Fault::NotFound
        | Fault::MethodNotAllowed
        | Fault::QueryMalformed
        | Fault::ConnectionUnknown
        | Fault::MediaTypeUnsupported
        | Fault::FormMalformed
        | Fault::BodyTooLarge
        | Fault::ConnectionDisabled
        | Fault::ConnectionNotActive
        | Fault::Framed
        | Fault::CookiesBlocked
        | Fault::TooManyLogins
        | Fault::LoginExpired
        | Fault::LoginUnknown
        | Fault::LoginReplayed
        | Fault::LoginUsed
        | Fault::AssertionReplayed
        | Fault::LoginOfOtherConnection
        | Fault::AddressMalformed
        | Fault::DomainUnknown
        | Fault::ChoiceForeign
        | Fault::TestLinkWrong
        | Fault::ConfirmationForeign
        | Fault::TeamsOnly
        | Fault::TeamsCodeWrong
        | Fault::TicketMissing
        | Fault::TicketExpired
        | Fault::TicketWrong
        | Fault::PersonDeactivated
        | Fault::PersonInactive
        | Fault::PersonDeleted
        | Fault::EmailChangeLimit
        | Fault::SettledTooOften
        | Fault::SettlingUnderWay
        | Fault::CallsSpent
        | Fault::ThinkificRefusedAccount
        | Fault::ThinkificKeyRefused
        | Fault::ThinkificBusy
        | Fault::ThinkificUnavailable
        | Fault::ThinkificAnswerStrange
        | Fault::ThinkificSentBack
        | Fault::ReturnedAgain
        | Fault::UploadGivenUp
        | Fault::FilesUnavailable
        | Fault::StoreUnavailable
        | Fault::StoreContended
        | Fault::SecretsUnavailable
        | Fault::PermissionMissing
        | Fault::SecretBroken => &[],
    }
}
