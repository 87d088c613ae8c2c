//! A Response, with every value open to change.

use jiff::{SignedDuration, Timestamp};

use crate::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use crate::certificate::Certificate;
use crate::idp::encrypt::Encrypt;
use crate::idp::Random;
use crate::private_key::{KeyError, SigningKey};

/// Why a Response could not be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The template, or the XML to be signed, is not XML that this crate reads.
    #[error("the document to sign is not well-formed")]
    Xml,
    /// No element has that `ID`.
    #[error("no element has the ID to be signed")]
    NoSuchId,
    /// The Assertion could not be encrypted.
    #[error("encryption failed")]
    Encryption,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SignWhat {
    Response,
    Assertion,
    Both,
    Nothing,
}

/// How a template becomes a message.
pub struct Issue<'a> {
    /// The identity provider's key.
    pub key: &'a SigningKey,
    /// What is signed.
    pub sign: SignWhat,
    /// The signature algorithm; `None` takes the key's own.
    pub algorithm: Option<SignatureAlgorithm>,
    /// The digest algorithm.
    pub digest: DigestAlgorithm,
    /// The certificate to show in `KeyInfo`.
    pub key_info: Option<&'a Certificate>,
    /// How the Assertion is encrypted, if it is.
    pub encrypt: Option<Encrypt<'a>>,
    /// Content keys and nonces; not asked unless something is encrypted.
    pub random: Random<'a>,
}

impl<'a> Issue<'a> {
    /// As PingFederate does: the Response is signed, with SHA-256, without `KeyInfo`, and nothing is encrypted.
    pub fn new(key: &'a SigningKey, random: Random<'a>) -> Self {
        Self {
            key,
            sign: SignWhat::Response,
            algorithm: None,
            digest: DigestAlgorithm::Sha256,
            key_info: None,
            encrypt: None,
            random,
        }
    }
}

/// A Status (SAML core §3.2.2.1).
#[derive(Clone, Debug)]
pub struct StatusTemplate {
    /// The top-level code.
    pub code: String,
    /// The code nested in it.
    pub sub_code: Option<String>,
    /// Free text.
    pub message: Option<String>,
}

/// A SubjectConfirmation (SAML core §2.4.1.1).
#[derive(Clone, Debug)]
pub struct ConfirmationTemplate {
    /// The method's identifier.
    pub method: String,
    /// The address it may be delivered to.
    pub recipient: Option<String>,
    /// The request it answers.
    pub in_response_to: Option<String>,
    /// Forbidden for bearers.
    pub not_before: Option<String>,
    /// Until when it may be delivered.
    pub not_on_or_after: Option<String>,
}

/// An Attribute.
#[derive(Clone, Debug)]
pub struct AttributeTemplate {
    /// Its name.
    pub name: String,
    /// How the name is to be read.
    pub name_format: Option<String>,
    /// Its values, as text.
    pub values: Vec<String>,
}

/// An Assertion (SAML core §2.3.3). Times are text, so that they can be wrong.
#[derive(Clone, Debug)]
pub struct AssertionTemplate {
    /// `ID`.
    pub id: String,
    /// `Version`.
    pub version: String,
    /// `IssueInstant`.
    pub issue_instant: String,
    /// `Issuer`.
    pub issuer: Option<String>,
    /// The name identifier; `None` omits it.
    pub name_id: Option<String>,
    /// The name identifier's `Format`.
    pub name_id_format: Option<String>,
    /// The confirmations, in order.
    pub confirmations: Vec<ConfirmationTemplate>,
    /// Whether there are `Conditions`.
    pub conditions: bool,
    /// `Conditions/@NotBefore`.
    pub not_before: Option<String>,
    /// `Conditions/@NotOnOrAfter`.
    pub not_on_or_after: Option<String>,
    /// One AudienceRestriction for each entry, with those audiences.
    pub audiences: Vec<Vec<String>>,
    /// XML to add to `Conditions`, as it is.
    pub extra_conditions: String,
    /// `AuthnInstant`; `None` omits the AuthnStatement.
    pub authn_instant: Option<String>,
    /// `SessionIndex`.
    pub session_index: Option<String>,
    /// `SessionNotOnOrAfter`.
    pub session_not_on_or_after: Option<String>,
    /// `AuthnContextClassRef`.
    pub authn_context: Option<String>,
    /// What is said about the person; empty omits the AttributeStatement.
    pub attributes: Vec<AttributeTemplate>,
}

/// A Response (SAML core §3.3.3). Every value can be changed, and most can be left out.
#[derive(Clone, Debug)]
pub struct ResponseTemplate {
    /// `ID`.
    pub id: String,
    /// `Version`.
    pub version: String,
    /// `IssueInstant`.
    pub issue_instant: String,
    /// `Destination`.
    pub destination: Option<String>,
    /// `InResponseTo`.
    pub in_response_to: Option<String>,
    /// `Issuer`.
    pub issuer: Option<String>,
    /// `Status`; `None` omits it.
    pub status: Option<StatusTemplate>,
    /// The Assertions; one, or none in a failure.
    pub assertions: Vec<AssertionTemplate>,
}

impl ResponseTemplate {
    /// A Response as PingFederate writes it: valid five minutes to either side of `now`, a name identifier of
    /// unspecified format, no attributes. `id` makes the identifiers `R{id}` and `A{id}`.
    pub fn pingfederate(
        id: &str,
        idp_entity_id: &str,
        sp_entity_id: &str,
        acs_url: &str,
        in_response_to: Option<&str>,
        name_id: &str,
        now: Timestamp,
    ) -> Self {
        let _ = (id, idp_entity_id, sp_entity_id, acs_url, in_response_to, name_id, now, SignedDuration::ZERO);
        todo!("template")
    }

    /// A failure: the given status, no Assertion.
    pub fn failure(mut self, code: &str, sub_code: Option<&str>) -> Self {
        self.status =
            Some(StatusTemplate { code: code.to_owned(), sub_code: sub_code.map(str::to_owned), message: None });
        self.assertions.clear();
        self
    }

    /// Adds an attribute to the first Assertion.
    pub fn attribute(mut self, name: &str, values: &[&str]) -> Self {
        if let Some(assertion) = self.assertions.first_mut() {
            assertion.attributes.push(AttributeTemplate {
                name: name.to_owned(),
                name_format: None,
                values: values.iter().map(|&value| value.to_owned()).collect(),
            });
        }
        self
    }

    /// The Response as XML, unsigned.
    pub fn to_xml(&self) -> String {
        todo!("template")
    }

    /// The Response as XML, signed and encrypted as asked.
    pub fn issue(&self, issue: &mut Issue<'_>) -> Result<Vec<u8>, IssueError> {
        let _ = issue;
        todo!("template")
    }
}
