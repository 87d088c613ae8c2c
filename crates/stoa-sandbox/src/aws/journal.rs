//! What was called: the journal of the front, and the ledger of used grants.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::policy::GrantUse;

/// The environment variable that names the ledger file.
pub const LEDGER_VARIABLE: &str = "STOA_GRANT_LEDGER";

/// One action on one resource. A transaction or a batch is several calls with the same `request` number.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The number of the request it came in; counts up.
    pub request: u64,
    /// The access key id: a function's name, `on-call` or `sandbox`.
    pub principal: String,
    /// The API operation, such as `TransactWriteItems`.
    pub operation: String,
    /// The IAM action, such as `dynamodb:PutItem`.
    pub action: String,
    /// Without the stack's name: `logins`, `logins/index/by-email`, `saml/acme`, `function/operator`.
    pub resource: String,
    /// The partition keys that it names, of a table or of an index.
    pub keys: BTreeSet<String>,
    /// Capacity units, write or read as the action is; of a member of a transaction, its share of the table's.
    ///
    /// DynamoDB bills a failed condition but does not say how much: counted as the minimum.
    pub units: f64,
    /// Whether it was a consistent read.
    pub consistent: bool,
    /// When it arrived.
    pub at: Timestamp,
    /// The same by a clock that nobody sets.
    pub since: Instant,
    /// How long the answer took.
    pub took: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// What the service said about an error.
    pub message: Option<String>,
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

impl fmt::Display for Call {
    /// `dynamodb:UpdateItem logins, 1 write unit, 2.1 ms`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.action, self.resource)?;
        if self.units > 0.0 {
            let kind = if self.is_write() { "write" } else { "read" };
            let plural = if self.units > 1.0 { "s" } else { "" };
            write!(f, ", {} {kind} unit{plural}", self.units)?;
        }
        if self.consistent {
            f.write_str(", consistent")?;
        }
        write!(f, ", {:.1} ms", self.took.as_secs_f64() * 1000.0)?;
        match &self.outcome {
            Outcome::Done => Ok(()),
            Outcome::DoneUnanswered => f.write_str(", done and cut"),
            Outcome::Cut => f.write_str(", cut"),
            Outcome::Denied => f.write_str(", denied"),
            Outcome::Failed(error) => write!(f, ", {error}"),
        }?;
        match &self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// What calls add up to: the numbers of a login's budget.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Requests that write.
    pub writes: usize,
    /// Write units, indexes included.
    pub write_units: f64,
    /// Requests that read, a batch being one.
    pub reads: usize,
    /// Read units.
    pub read_units: f64,
    /// Requests to Secrets Manager.
    pub secrets: usize,
}

impl Tally {
    /// Adds calls up.
    pub fn of<'a>(calls: impl IntoIterator<Item = &'a Call>) -> Self {
        let mut tally = Self::default();
        let mut seen = BTreeSet::new();
        for call in calls {
            let first = usize::from(seen.insert(call.request));
            if call.is_write() {
                tally.writes += first;
                tally.write_units += call.units;
            } else if call.action.starts_with("dynamodb:") {
                tally.reads += first;
                tally.read_units += call.units;
            } else if call.action.starts_with("secretsmanager:") {
                tally.secrets += first;
            }
        }
        tally
    }
}

/// How many times somebody waited for AWS: the longest chain of calls of which each arrived after the one before it had
/// been answered. Calls that were under way together are one. Only of calls that take longer than it takes to send
/// them ([`Front::set_distance`](super::front::Front::set_distance)) is that certain.
pub fn round_trips<'a>(calls: impl IntoIterator<Item = &'a Call>) -> usize {
    let mut spans: Vec<(Instant, Instant)> =
        calls.into_iter().map(|call| (call.since + call.took, call.since)).collect();
    spans.sort_unstable();
    // Of intervals that do not overlap, the most are found by taking whichever ends first.
    let mut last = None;
    spans.retain(|(end, begin)| {
        let follows = last.is_none_or(|last| last < *begin);
        if follows {
            last = Some(*end);
        }
        follows
    });
    spans.len()
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

const KEPT_CALLS: usize = 100_000;

#[derive(Debug)]
pub(super) struct Journal {
    state: Mutex<State>,
    ledger: Option<PathBuf>,
}

#[derive(Debug, Default)]
struct State {
    requests: u64,
    calls: Vec<Call>,
    used: BTreeSet<GrantUse>,
}

impl Journal {
    pub(super) fn new(ledger: Option<PathBuf>) -> Self {
        Self { state: Mutex::default(), ledger }
    }

    pub(super) fn next_request(&self) -> u64 {
        let mut state = self.state();
        state.requests += 1;
        state.requests
    }

    pub(super) fn record(&self, calls: Vec<Call>) {
        let kept = &mut self.state().calls;
        kept.extend(calls);
        // A sandbox may stay up for days with nobody reading.
        if kept.len() > KEPT_CALLS {
            kept.drain(..KEPT_CALLS / 2);
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn call(zero: Instant, begin: u64, end: u64) -> Call {
        Call {
            request: begin,
            principal: "saml-acs".to_owned(),
            operation: "GetItem".to_owned(),
            action: "dynamodb:GetItem".to_owned(),
            resource: "connections".to_owned(),
            keys: BTreeSet::new(),
            units: 0.5,
            consistent: false,
            at: Timestamp::UNIX_EPOCH,
            since: zero + Duration::from_millis(begin),
            took: Duration::from_millis(end - begin),
            outcome: Outcome::Done,
            message: None,
        }
    }

    #[test]
    fn calls_that_are_under_way_together_are_one_round_trip() {
        let zero = Instant::now();
        let trips = |spans: &[(u64, u64)]| {
            let calls: Vec<Call> = spans.iter().map(|(begin, end)| call(zero, *begin, *end)).collect();
            round_trips(&calls)
        };
        assert_eq!(trips(&[]), 0);
        assert_eq!(trips(&[(0, 10), (20, 30), (40, 50)]), 3);
        assert_eq!(trips(&[(0, 10), (1, 11), (2, 90), (20, 30)]), 2);
        // The second waits for the first, the third for neither.
        assert_eq!(trips(&[(0, 10), (11, 20), (5, 30)]), 2);
        assert_eq!(trips(&[(0, 100), (10, 20), (30, 40), (50, 60)]), 3);
    }
}
