//! A Response: what it is held against, and what is left when everything held.

use jiff::Timestamp;

use crate::private_key::DecryptionKey;
use crate::refusal::Refusal;
use crate::timestamp::Skew;
use crate::trust::Trust;

/// Why a Response is expected at all.
#[derive(Clone, Copy, Debug)]
pub enum Expected<'a> {
    /// As the answer to this AuthnRequest.
    Request {
        /// The request's `ID`.
        id: &'a str,
    },
    /// Without a request (SAML profiles §4.1.5); an `InResponseTo` is refused.
    Unsolicited,
}

/// How recent the authentication itself must be.
#[derive(Clone, Copy, Debug)]
pub enum Freshness {
    /// The identity provider's session counts.
    Any,
    /// `ForceAuthn` was asked for: `AuthnInstant` may not lie before this time.
    AuthenticatedSince(Timestamp),
}

/// Everything that a Response is held against. Each field is a check, and none has a value that skips it.
pub struct ResponseInput<'a> {
    /// The message, as it came out of the binding.
    pub xml: &'a [u8],
    /// Whose signature counts.
    pub trust: &'a Trust,
    /// Our entity id, which `Audience` must name.
    pub sp_entity_id: &'a str,
    /// Our assertion consumer service, which `Recipient` and `Destination` must name.
    pub acs_url: &'a str,
    /// Why a Response is expected.
    pub expected: Expected<'a>,
    /// How recent the authentication must be.
    pub freshness: Freshness,
    /// The tolerated clock difference.
    pub skew: Skew,
    /// Our decryption keys, newest first; two while they roll over, none where nothing is encrypted.
    pub decryption_keys: &'a [DecryptionKey],
    /// The time of the check.
    pub now: Timestamp,
}

/// Which elements carried a signature that held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The Response, and with it the Assertion inside.
    Response,
    /// The Assertion alone is signed, not the Response around it.
    Assertion,
    /// Each of them.
    Both,
}

/// The person's name identifier (SAML core §2.2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    /// The identifier; never empty.
    pub value: String,
    /// Its format; absent means unspecified.
    pub format: Option<String>,
    /// The domain it is unique in.
    pub name_qualifier: Option<String>,
    /// The service provider it was made for.
    pub sp_name_qualifier: Option<String>,
}

/// One attribute of the person (SAML core §2.7.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// How the name is to be read.
    pub name_format: Option<String>,
    /// A name for people.
    pub friendly_name: Option<String>,
    /// Its values that are text, in the order they came.
    pub values: Vec<String>,
    /// How many more came with XML or a comment inside. Nothing is wrong with them, but whoever reads this attribute
    /// would read something else than what was meant.
    pub not_text: usize,
}

/// What a trusted key signed, and [`verify`](crate::verify) refused all the same. It names nobody: it may be for another
/// service, over, or the answer to somebody else's question.
#[derive(Clone, Debug)]
pub struct UnverifiedStatements {
    /// The name identifier, where one can be read.
    pub name_id: Option<NameId>,
    /// The attributes that can be read.
    pub attributes: Vec<Attribute>,
}

/// What is read from an Assertion that holds.
#[derive(Clone, Debug)]
pub(crate) struct Claims {
    pub(crate) assertion_id: String,
    pub(crate) name_id: Result<NameId, Refusal>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) authn_instant: Timestamp,
    pub(crate) session_index: Option<String>,
    pub(crate) authn_context: Option<String>,
    pub(crate) replay_until: Timestamp,
}

/// What a trusted identity provider said about a person, to us, now, in answer to our question.
///
/// Only [`verify`](crate::verify) makes one.
#[derive(Clone, Debug)]
pub struct VerifiedResponse {
    pub(crate) issuer: String,
    pub(crate) claims: Claims,
    pub(crate) signed_by: String,
    pub(crate) signed: Signed,
    pub(crate) was_encrypted: bool,
}

impl VerifiedResponse {
    /// The identity provider's entity id.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The Assertion's `ID`. With the issuer, the key against replay.
    pub fn assertion_id(&self) -> &str {
        &self.claims.assertion_id
    }

    /// The last moment at which this Assertion could pass again: keep its id until then.
    pub fn replay_until(&self) -> Timestamp {
        self.claims.replay_until
    }

    /// Who the person is, or why no name identifier says so: SAML core §2.4.1 lets a subject go without.
    pub fn name_id(&self) -> Result<&NameId, &Refusal> {
        self.claims.name_id.as_ref()
    }

    /// What is said about the person. Names may repeat.
    pub fn attributes(&self) -> &[Attribute] {
        &self.claims.attributes
    }

    /// When the person authenticated.
    pub fn authn_instant(&self) -> Timestamp {
        self.claims.authn_instant
    }

    /// The identity provider's name for the session.
    pub fn session_index(&self) -> Option<&str> {
        self.claims.session_index.as_deref()
    }

    /// How the person authenticated (`AuthnContextClassRef`).
    pub fn authn_context(&self) -> Option<&str> {
        self.claims.authn_context.as_deref()
    }

    /// The fingerprint of the key that signed; where both are signed, the Assertion's.
    pub fn signed_by(&self) -> &str {
        &self.signed_by
    }

    /// What was signed.
    pub fn signed(&self) -> Signed {
        self.signed
    }

    /// Whether the Assertion came encrypted.
    pub fn was_encrypted(&self) -> bool {
        self.was_encrypted
    }
}
