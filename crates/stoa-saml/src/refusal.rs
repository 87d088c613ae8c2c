//! Why a message was refused.
//!
//! A code is exact and stable: `stoa trace`, the runbook and the tests name it. What a browser is told is
//! the [`Family`] only, since an exact answer about signatures or decryption is an oracle.

use std::fmt;

/// How much of a sender's value a refusal keeps.
const GOT_CHARS: usize = 200;

/// Whose fault a refusal is, and how much of it may be said in public.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// The message is not one this profile can read.
    Malformed,
    /// Signature, decryption or trust. All members share one public code.
    Untrusted,
    /// Genuine or not, it says something other than what this service provider expects.
    Protocol,
    /// A clock bound was missed.
    Time,
    /// The identity provider itself reported a failure.
    IdpStatus,
    /// Something is missing that this profile wants, or there that it does not take, lawful SAML or not.
    Policy,
}

macro_rules! refusal_codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $family:ident;)+) => {
        /// One exact reason for a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RefusalCode {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl RefusalCode {
            /// Every code, in the order of the checks.
            pub const ALL: &[RefusalCode] = &[$(RefusalCode::$variant,)+];

            /// The stable name, as traces and runbook pages spell it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(RefusalCode::$variant => $name,)+
                }
            }

            /// Whose fault it is.
            pub fn family(self) -> Family {
                match self {
                    $(RefusalCode::$variant => Family::$family,)+
                }
            }
        }
    };
}

refusal_codes! {
    /// The form field is not base64 as RFC 4648 §4 defines it (line breaks apart).
    Base64Invalid = "saml_base64_invalid", Malformed;
    /// The message is larger than the limit.
    TooLarge = "saml_too_large", Malformed;
    /// The Redirect binding's DEFLATE stream is broken, or inflates beyond the limit.
    DeflateInvalid = "saml_deflate_invalid", Malformed;
    /// The message is not UTF-8.
    NotUtf8 = "saml_not_utf8", Malformed;
    /// The XML declaration names another version or encoding, or is not where it belongs.
    XmlDeclaration = "saml_xml_declaration", Malformed;
    /// A document type declaration.
    Doctype = "saml_doctype", Malformed;
    /// A processing instruction.
    ProcessingInstruction = "saml_processing_instruction", Malformed;
    /// Elements are nested too deeply.
    TooDeep = "saml_too_deep", Malformed;
    /// Too many elements, comments and CDATA sections.
    TooMuchMarkup = "saml_too_much_markup", Malformed;
    /// Too many attributes on one element.
    TooManyAttributes = "saml_too_many_attributes", Malformed;
    /// Too many namespace declarations in scope.
    TooManyNamespaces = "saml_too_many_namespaces", Malformed;
    /// A namespace declaration that is forbidden, or whose name is not an absolute URI and so has no canonical form.
    NamespaceInvalid = "saml_namespace_invalid", Malformed;
    /// The message is not well-formed XML.
    XmlMalformed = "saml_xml_malformed", Malformed;
    /// The root element is not `samlp:Response`.
    NotAResponse = "saml_not_a_response", Malformed;
    /// The root element is not `samlp:AuthnRequest`.
    NotAnAuthnRequest = "saml_not_an_authn_request", Malformed;
    /// `Version` is not 2.0.
    VersionUnsupported = "saml_version_unsupported", Malformed;
    /// The Response or Assertion has no `ID`, or one that is not an XML name.
    IdInvalid = "saml_id_invalid", Malformed;
    /// A required element is absent.
    ElementMissing = "saml_element_missing", Malformed;
    /// An element that may occur once occurs twice.
    ElementRepeated = "saml_element_repeated", Malformed;
    /// An element that has no place there.
    ElementUnexpected = "saml_element_unexpected", Malformed;
    /// A required attribute is absent.
    AttributeMissing = "saml_attribute_missing", Malformed;
    /// A comment or an element inside a value that must be plain text.
    TextNotPlain = "saml_text_not_plain", Malformed;
    /// A time that is not `YYYY-MM-DDThh:mm:ss[.fff]Z`, or of a year out of bounds.
    TimestampInvalid = "saml_timestamp_invalid", Malformed;
    /// The binding's parameters are repeated, missing or not decodable.
    ParametersInvalid = "saml_parameters_invalid", Malformed;

    /// Two elements claim one identifier, in whatever spelling of `ID`.
    IdRepeated = "saml_id_repeated", Untrusted;
    /// A signature somewhere else than directly under the Response or its Assertion.
    SignatureMisplaced = "saml_signature_misplaced", Untrusted;
    /// Two signatures in one element.
    SignatureRepeated = "saml_signature_repeated", Untrusted;
    /// An Assertion somewhere else than directly under the Response.
    AssertionMisplaced = "saml_assertion_misplaced", Untrusted;
    /// More than one Assertion, plain or encrypted.
    AssertionRepeated = "saml_assertion_repeated", Untrusted;
    /// Neither the Response nor the Assertion is signed.
    SignatureMissing = "saml_signature_missing", Untrusted;
    /// The signature does not have the one shape this profile takes.
    SignatureMalformed = "saml_signature_malformed", Untrusted;
    /// Not exactly one Reference.
    ReferenceCount = "saml_reference_count", Untrusted;
    /// The Reference names something other than the element that holds the signature.
    ReferenceUri = "saml_reference_uri", Untrusted;
    /// Transforms other than enveloped-signature and exclusive c14n, in that order.
    TransformRefused = "saml_transform_refused", Untrusted;
    /// A canonicalization other than exclusive c14n 1.0 without comments.
    CanonicalizationRefused = "saml_canonicalization_refused", Untrusted;
    /// An `InclusiveNamespaces` list that is too long or not a list of prefixes.
    PrefixListRefused = "saml_prefix_list_refused", Untrusted;
    /// A signature algorithm outside the allow-list.
    SignatureAlgorithmRefused = "saml_signature_algorithm_refused", Untrusted;
    /// A digest algorithm outside the allow-list.
    DigestAlgorithmRefused = "saml_digest_algorithm_refused", Untrusted;
    /// The signature algorithm fits none of the pinned keys.
    KeyTypeMismatch = "saml_key_type_mismatch", Untrusted;
    /// The signed element was changed after signing.
    DigestMismatch = "saml_digest_mismatch", Untrusted;
    /// No pinned key made this signature.
    SignatureMismatch = "saml_signature_mismatch", Untrusted;
    /// Encrypted, but this connection has no decryption key.
    DecryptionKeyMissing = "saml_decryption_key_missing", Untrusted;
    /// The encrypted element does not have the one shape this profile takes.
    EncryptionMalformed = "saml_encryption_malformed", Untrusted;
    /// A data encryption algorithm outside the allow-list.
    EncryptionAlgorithmRefused = "saml_encryption_algorithm_refused", Untrusted;
    /// AES-CBC without a Response signature over the ciphertext.
    CbcUnsigned = "saml_cbc_unsigned", Untrusted;
    /// A key transport outside the allow-list.
    KeyTransportRefused = "saml_key_transport_refused", Untrusted;
    /// Decryption failed, at whatever step.
    DecryptionFailed = "saml_decryption_failed", Untrusted;
    /// What was encrypted is not one Assertion.
    PlaintextNotAnAssertion = "saml_plaintext_not_an_assertion", Untrusted;

    /// `AuthnFailed`: the identity provider could not authenticate the person.
    StatusAuthnFailed = "saml_status_authn_failed", IdpStatus;
    /// `InvalidNameIDPolicy`: it cannot give the name identifier asked for.
    StatusInvalidNameIdPolicy = "saml_status_invalid_name_id_policy", IdpStatus;
    /// `NoAuthnContext`: it cannot authenticate in the way asked for.
    StatusNoAuthnContext = "saml_status_no_authn_context", IdpStatus;
    /// `NoPassive`: it would have to ask the person.
    StatusNoPassive = "saml_status_no_passive", IdpStatus;
    /// `RequestDenied`: it will not answer this request.
    StatusRequestDenied = "saml_status_request_denied", IdpStatus;
    /// `RequestUnsupported`: it does not support this request.
    StatusRequestUnsupported = "saml_status_request_unsupported", IdpStatus;
    /// `UnknownPrincipal`: it does not know the person.
    StatusUnknownPrincipal = "saml_status_unknown_principal", IdpStatus;
    /// `Requester`: it faults the request, without saying more.
    StatusRequester = "saml_status_requester", IdpStatus;
    /// `Responder`: it faults itself, without saying more.
    StatusResponder = "saml_status_responder", IdpStatus;
    /// `VersionMismatch`.
    StatusVersionMismatch = "saml_status_version_mismatch", IdpStatus;
    /// A status this profile does not know.
    StatusOther = "saml_status_other", IdpStatus;

    /// No Assertion in a Response that reports success.
    AssertionMissing = "saml_assertion_missing", Policy;
    /// A signed Response without `Destination`.
    DestinationMissing = "saml_destination_missing", Policy;
    /// `Destination` is another address.
    DestinationMismatch = "saml_destination_mismatch", Protocol;
    /// The Response's `Issuer` is another identity provider.
    ResponseIssuerMismatch = "saml_response_issuer_mismatch", Protocol;
    /// The Assertion's `Issuer` is another identity provider.
    IssuerMismatch = "saml_issuer_mismatch", Protocol;
    /// No `InResponseTo`, though a request is pending.
    InResponseToMissing = "saml_in_response_to_missing", Protocol;
    /// `InResponseTo` names another request.
    InResponseToMismatch = "saml_in_response_to_mismatch", Protocol;
    /// `InResponseTo` in a Response that nobody asked for.
    InResponseToUnexpected = "saml_in_response_to_unexpected", Protocol;
    /// No name identifier.
    NameIdMissing = "saml_name_id_missing", Policy;
    /// An empty name identifier.
    NameIdEmpty = "saml_name_id_empty", Policy;
    /// A name identifier longer than any lawful one.
    NameIdTooLong = "saml_name_id_too_long", Policy;
    /// No bearer confirmation.
    BearerMissing = "saml_bearer_missing", Policy;
    /// The bearer confirmation has no `Recipient`.
    RecipientMissing = "saml_recipient_missing", Policy;
    /// `Recipient` is another address.
    RecipientMismatch = "saml_recipient_mismatch", Protocol;
    /// The bearer confirmation has no `NotOnOrAfter`.
    ConfirmationUnbounded = "saml_confirmation_unbounded", Policy;
    /// The bearer confirmation has a `NotBefore`, which SAML profiles §4.1.4.2 forbids.
    ConfirmationNotBefore = "saml_confirmation_not_before", Policy;
    /// No `Conditions`.
    ConditionsMissing = "saml_conditions_missing", Policy;
    /// A condition this profile does not know, which makes the Assertion's validity unknowable.
    ConditionUnknown = "saml_condition_unknown", Policy;
    /// No `AudienceRestriction`.
    AudienceMissing = "saml_audience_missing", Policy;
    /// An `AudienceRestriction` that does not name this service provider.
    AudienceMismatch = "saml_audience_mismatch", Protocol;
    /// No `AuthnStatement`.
    AuthnStatementMissing = "saml_authn_statement_missing", Policy;

    /// `Conditions/@NotBefore` lies ahead.
    NotYetValid = "saml_not_yet_valid", Time;
    /// `Conditions/@NotOnOrAfter` has passed.
    Expired = "saml_expired", Time;
    /// The bearer confirmation's `NotOnOrAfter` has passed.
    ConfirmationExpired = "saml_confirmation_expired", Time;
    /// `SessionNotOnOrAfter` has passed.
    SessionExpired = "saml_session_expired", Time;
    /// `IssueInstant` or `AuthnInstant` lies ahead.
    IssuedInFuture = "saml_issued_in_future", Time;
    /// `IssueInstant` is too long ago.
    IssuedTooLongAgo = "saml_issued_too_long_ago", Time;
    /// A fresh authentication was asked for, and this one is older.
    AuthenticationStale = "saml_authentication_stale", Policy;

    /// An encrypted name identifier; encrypt the whole Assertion instead.
    EncryptedIdUnsupported = "saml_encrypted_id_unsupported", Policy;
    /// An encrypted attribute; encrypt the whole Assertion instead.
    EncryptedAttributeUnsupported = "saml_encrypted_attribute_unsupported", Policy;
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a message was refused, for `stoa trace`. Never show it to a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The exact reason.
    pub code: RefusalCode,
    /// What was expected, where there is such a value.
    pub wanted: Option<String>,
    /// What the sender wrote: unverified, shortened, without control characters.
    pub got: Option<String>,
}

impl Refusal {
    pub(crate) fn wanted(mut self, wanted: &str) -> Self {
        self.wanted = Some(wanted.to_owned());
        self
    }

    pub(crate) fn got(mut self, unverified: &str) -> Self {
        self.got = Some(unverified.chars().filter(|c| !c.is_control()).take(GOT_CHARS).collect());
        self
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        Self { code, wanted: None, got: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.as_str())?;
        if let Some(wanted) = &self.wanted {
            write!(f, ", wanted {wanted:?}")?;
        }
        if let Some(got) = &self.got {
            write!(f, ", got {got:?}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
