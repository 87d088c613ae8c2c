//! The time of a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// The system's clock, read anew for each request: a Lambda that was frozen wakes up hours later.
///
/// It can be shifted, so that the sandbox can let half an hour pass.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// Now, to the millisecond.
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        let shifted = now.as_millisecond() + self.offset_seconds.load(Ordering::Relaxed) * 1000;
        Timestamp::from_millisecond(shifted).unwrap_or(now)
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: i64) {
        self.offset_seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}
