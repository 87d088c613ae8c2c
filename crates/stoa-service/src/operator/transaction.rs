//! Writes that happen together or not at all, and which of them stood in the way.

use stoa_core::ids::{ConnectionId, CustomerId, SchoolId};

use super::{OperatorError, StackAccess};
use crate::store::{Transacted, Write};

/// What a write's condition protects.
pub(super) enum Guards {
    /// Nobody has changed the connection since it was read.
    Current(ConnectionId),
    /// The domain is free, or this customer's.
    Domain(String, CustomerId),
    /// Nobody has changed the school since it was read.
    School(SchoolId),
    /// The site is free, or this school's.
    Site(String, SchoolId),
    /// A new connection's key is new.
    Key(ConnectionId),
    /// Nobody has changed the person since they were read.
    Person,
    /// A key is not trusted already.
    Trusted(ConnectionId),
    /// Another key remains.
    LastKey(ConnectionId),
    /// The write has no condition.
    Nothing,
}

impl Guards {
    fn refusal(&self) -> OperatorError {
        match self {
            Self::Current(id) => OperatorError::Meanwhile(id.clone()),
            Self::Domain(domain, customer) => {
                OperatorError::DomainTaken { domain: domain.clone(), wanted_by: customer.clone(), owner: None }
            }
            Self::School(id) => OperatorError::SchoolMeanwhile(id.clone()),
            Self::Site(site, school) => {
                OperatorError::SiteTaken { site: site.clone(), wanted_by: school.clone(), owner: None }
            }
            Self::Key(id) => OperatorError::KeysLeft(id.clone()),
            Self::Person => OperatorError::PersonMeanwhile,
            Self::Trusted(id) => OperatorError::AlreadyTrusted(id.clone()),
            Self::LastKey(id) => OperatorError::LastKey(id.clone()),
            Self::Nothing => OperatorError::Busy,
        }
    }
}

/// The writes, each with what its condition protects.
#[derive(Default)]
pub(super) struct Writes(Vec<(Write, Guards)>);

impl Writes {
    /// Adds a write that has a condition.
    pub(super) fn guarded(&mut self, write: Write, guards: Guards) {
        self.0.push((write, guards));
    }

    /// Adds a write that has none.
    pub(super) fn push(&mut self, write: Write) {
        self.guarded(write, Guards::Nothing);
    }
}

impl StackAccess {
    /// Writes everything or nothing.
    pub(super) async fn write(&self, what: &'static str, writes: Writes) -> Result<(), OperatorError> {
        let (writes, guards): (Vec<_>, Vec<_>) = writes.0.into_iter().unzip();
        match self.tables.transact(writes).await.map_err(OperatorError::store(what))? {
            Transacted::Applied => Ok(()),
            Transacted::Cancelled(reasons) => Err(refusal(&reasons, &guards)),
        }
    }
}

/// The reasons are in the order of the writes.
fn refusal(reasons: &[Option<String>], guards: &[Guards]) -> OperatorError {
    let mut refused = reasons.iter().zip(guards);
    let blocking = refused.find(|(reason, _)| reason.as_deref() == Some("ConditionalCheckFailed"));
    blocking.map_or(OperatorError::Busy, |(_, guards)| guards.refusal())
}
