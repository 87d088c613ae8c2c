//! A Response, with every value open to change.

use jiff::{SignedDuration, Timestamp};

use crate::algorithm::{DigestAlgorithm, SignatureAlgorithm};
use crate::certificate::Certificate;
use crate::idp::encrypt::Encrypt;
use crate::private_key::SigningKey;
use crate::timestamp;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

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
#[derive(Clone, Copy, Debug)]
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
}

impl<'a> Issue<'a> {
    /// As PingFederate does: the Response is signed, with SHA-256, without `KeyInfo`, and nothing is encrypted.
    pub fn new(key: &'a SigningKey) -> Self {
        Self {
            key,
            sign: SignWhat::Response,
            algorithm: None,
            digest: DigestAlgorithm::Sha256,
            key_info: None,
            encrypt: None,
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
    /// XML to add behind them, as it is.
    pub extra_values: String,
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
        let at = |minutes| timestamp::format(now + SignedDuration::from_mins(minutes));
        Self {
            id: format!("R{id}"),
            version: "2.0".to_owned(),
            issue_instant: at(0),
            destination: Some(acs_url.to_owned()),
            in_response_to: in_response_to.map(str::to_owned),
            issuer: Some(idp_entity_id.to_owned()),
            status: Some(StatusTemplate { code: SUCCESS.to_owned(), sub_code: None, message: None }),
            assertions: vec![AssertionTemplate {
                id: format!("A{id}"),
                version: "2.0".to_owned(),
                issue_instant: at(0),
                issuer: Some(idp_entity_id.to_owned()),
                name_id: Some(name_id.to_owned()),
                name_id_format: Some(UNSPECIFIED.to_owned()),
                confirmations: vec![ConfirmationTemplate {
                    method: "urn:oasis:names:tc:SAML:2.0:cm:bearer".to_owned(),
                    recipient: Some(acs_url.to_owned()),
                    in_response_to: in_response_to.map(str::to_owned),
                    not_before: None,
                    not_on_or_after: Some(at(5)),
                }],
                conditions: true,
                not_before: Some(at(-5)),
                not_on_or_after: Some(at(5)),
                audiences: vec![vec![sp_entity_id.to_owned()]],
                extra_conditions: String::new(),
                authn_instant: Some(at(0)),
                session_index: Some(format!("A{id}")),
                session_not_on_or_after: None,
                authn_context: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified".to_owned()),
                attributes: Vec::new(),
            }],
        }
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
                extra_values: String::new(),
            });
        }
        self
    }
}
