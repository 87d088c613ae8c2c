//! A fault with what only on-call may know: what flows return.
//!
//! [`Detail`] has no `Display`, so it cannot reach a page by accident.

use stoa_saml::{ResponseInput, unverified_statements};

use crate::arrived::Arrived;
use crate::connection::{Connection, ConnectionState, Oidc, Protocol, Saml};
use crate::fault::Fault;
use crate::quote::quote;
use crate::refusal::RefusalCode;

/// What on-call may know beyond the code: what was wanted, what came. Bounded, without control characters.
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
    /// What came, where its signature was good: for the page of an administrator who tests, and for nothing else.
    pub arrived: Option<Box<Arrived>>,
}

impl Failure {
    /// A fault with what was wanted and what came.
    pub fn with(fault: Fault, wanted: impl Into<String>, got: &str) -> Self {
        Self::new(fault, Detail { wanted: Some(wanted.into()), got: Some(quote(got)) })
    }

    /// A fault with a note for on-call in place of a value that came.
    pub fn noted(fault: Fault, note: &str) -> Self {
        Self::new(fault, Detail { wanted: None, got: Some(quote(note)) })
    }

    /// The same failure, of a message whose signature was good and that said this.
    #[must_use]
    pub(crate) fn of(self, arrived: Arrived) -> Self {
        Self { arrived: Some(Box::new(arrived)), ..self }
    }

    /// The same failure of a SAML Response, with what it said if a trusted key signed it.
    #[must_use]
    pub fn of_response(self, input: &ResponseInput<'_>, connection: &Connection) -> Self {
        match unverified_statements(input) {
            Some(said) => self.of(Arrived::of_statements(&said, connection)),
            None => self,
        }
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

impl From<stoa_saml::Refusal> for Failure {
    fn from(refusal: stoa_saml::Refusal) -> Self {
        Self::new(Fault::Saml(refusal.code), Detail { wanted: refusal.wanted, got: refusal.got })
    }
}

impl From<RefusalCode> for Failure {
    fn from(code: RefusalCode) -> Self {
        Fault::Oidc(code).into()
    }
}

impl Connection {
    /// Whether its state lets such a login begin or go on.
    pub fn takes(&self, is_test: bool) -> Result<(), Failure> {
        match self.state {
            ConnectionState::Active => Ok(()),
            ConnectionState::Draft | ConnectionState::Tested if is_test => Ok(()),
            ConnectionState::Draft | ConnectionState::Tested => Err(Fault::ConnectionNotActive.into()),
            ConnectionState::Disabled => Err(Fault::ConnectionDisabled.into()),
        }
    }

    /// The SAML side; a connection without one is unknown to the SAML routes.
    pub fn saml(&self) -> Result<&Saml, Failure> {
        match self.protocol() {
            Protocol::Saml(saml) => Ok(saml),
            Protocol::Oidc(_) | Protocol::Workos(_) | Protocol::Teams => Err(self.other_protocol("saml")),
        }
    }

    /// The OpenID Connect side.
    pub fn oidc(&self) -> Result<&Oidc, Failure> {
        match self.protocol() {
            Protocol::Oidc(oidc) => Ok(oidc),
            Protocol::Saml(_) | Protocol::Workos(_) | Protocol::Teams => Err(self.other_protocol("oidc")),
        }
    }

    /// The failure of a route that this connection does not use.
    pub fn other_protocol(&self, wanted: &str) -> Failure {
        Failure::with(Fault::ConnectionUnknown, wanted, self.protocol().kind().as_str())
    }
}
