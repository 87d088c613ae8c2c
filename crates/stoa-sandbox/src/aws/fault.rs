//! Faults that a test orders from the front.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::request::Member;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call is carried out and the connection cut before the answer.
    ApplyThenCutConnection,
    /// The connection is cut and nothing is carried out.
    CutConnection,
    /// `ProvisionedThroughputExceededException`, or what another service than DynamoDB says instead.
    Throttle,
    /// The call waits this long first.
    Delay(Duration),
    /// An internal error, status 500.
    Unavailable,
    /// `AccessDeniedException`, as where a deployed policy lacks what the register grants.
    Deny,
    /// `TransactionConflictException`, or a transaction cancelled for it: another transaction has the item in hand.
    Conflict,
    /// `BatchGetItem` leaves its last key for the caller to ask for again, as it may at any time.
    LeaveUnprocessed,
}

/// A fault to come.
#[derive(Clone, Debug)]
pub struct Fault {
    principal: String,
    action: String,
    resource: Option<String>,
    after: usize,
    times: usize,
    kind: FaultKind,
}

impl Fault {
    /// Hits the next call by this principal with this IAM action; of a transaction, any member's.
    pub fn next(principal: &str, action: &str, kind: FaultKind) -> Self {
        Self { principal: principal.to_owned(), action: action.to_owned(), resource: None, after: 0, times: 1, kind }
    }

    /// Hits only calls on this resource, without the stack's name: `logins`, `seal`, `thinkific/pg-academy`.
    #[must_use]
    pub fn on(self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self }
    }

    /// Lets so many matching calls through first.
    #[must_use]
    pub fn after(self, calls: usize) -> Self {
        Self { after: calls, ..self }
    }

    /// Hits so many matching calls.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    fn matches(&self, principal: &str, members: &[Member]) -> bool {
        let hits = |member: &Member| {
            member.action == self.action && self.resource.as_ref().is_none_or(|resource| *resource == member.resource)
        };
        self.principal == principal && members.iter().any(hits)
    }
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    ordered: Mutex<Vec<Fault>>,
    hits: AtomicUsize,
}

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    /// How many calls met a fault so far.
    pub(super) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }

    pub(super) fn clear(&self) {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The first fault due for a call; each matching one counts it.
    pub(super) fn due(&self, principal: &str, members: &[Member]) -> Option<FaultKind> {
        let mut faults = self.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = None;
        for fault in faults.iter_mut().filter(|fault| fault.matches(principal, members)) {
            if fault.after > 0 {
                fault.after -= 1;
            } else if due.is_none() && fault.times > 0 {
                fault.times -= 1;
                due = Some(fault.kind);
                self.hits.fetch_add(1, Ordering::Relaxed);
            }
        }
        faults.retain(|fault| fault.times > 0);
        due
    }
}
