//! What was called: the journal of the front, and the ledger of used grants.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::policy::GrantUse;

/// The environment variable that names the ledger file.
pub const LEDGER_VARIABLE: &str = "STOA_GRANT_LEDGER";

/// One action on one resource. A transaction or a batch is several calls with the same `request` number.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The number of the request it came in; counts up.
    pub request: u64,
    /// The access key id: a function's name, `operator` or `sandbox`.
    pub principal: String,
    /// The API operation, such as `TransactWriteItems`.
    pub operation: String,
    /// The IAM action, such as `dynamodb:PutItem`.
    pub action: String,
    /// Without the stack's name: `logins`, `logins/index/due`, `saml/acme`.
    pub resource: String,
    /// Capacity units, write or read as the action is; of a member of a transaction, its share of the table's.
    ///
    /// DynamoDB bills a failed condition but does not say how much: counted as the minimum.
    pub units: f64,
    /// Whether it was a consistent read.
    pub consistent: bool,
    /// When it arrived.
    pub at: Timestamp,
    /// How long the answer took.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl Call {
    /// Whether `units` are write units.
    pub fn is_write(&self) -> bool {
        matches!(
            self.action.as_str(),
            "dynamodb:PutItem"
                | "dynamodb:UpdateItem"
                | "dynamodb:DeleteItem"
                | "dynamodb:BatchWriteItem"
                | "dynamodb:ConditionCheckItem"
        )
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done, and answered.
    Done,
    /// Done, and the connection cut before the answer.
    DoneUnanswered,
    /// Not done; the connection was cut.
    Cut,
    /// Refused by the policy.
    Denied,
    /// Answered with this error, such as `ConditionalCheckFailedException`.
    Failed(String),
}

#[derive(Debug)]
pub(super) struct Journal {
    state: Mutex<State>,
    ledger: Option<OsString>,
}

#[derive(Debug, Default)]
struct State {
    requests: u64,
    calls: Vec<Call>,
    used: BTreeSet<GrantUse>,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self { state: Mutex::default(), ledger: std::env::var_os(LEDGER_VARIABLE) }
    }

    pub(super) fn next_request(&self) -> u64 {
        let mut state = self.state();
        state.requests += 1;
        state.requests
    }

    pub(super) fn record(&self, calls: Vec<Call>) {
        self.state().calls.extend(calls);
    }

    pub(super) fn record_use(&self, grant: GrantUse) {
        let mut state = self.state();
        if state.used.contains(&grant) {
            return;
        }
        if let Some(path) = &self.ledger {
            // One short append is atomic, so test processes may share the file. A ledger that cannot be written
            // shows as unused grants, which fails loudly at the end.
            let _ = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(format!("{grant}\n").as_bytes()));
        }
        state.used.insert(grant);
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    pub(super) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state().calls)
    }

    pub(super) fn used_grants(&self) -> BTreeSet<GrantUse> {
        self.state().used.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
