//! How many requests of one client a process takes at a time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use stoa_core::ids::ConnectionId;

/// Requests of one connection in a second. Entra asks for 25, and sends the requests of a cycle side by side.
const PER_SECOND: i64 = 50;
/// How many may come at once after a pause.
const AT_ONCE: i64 = 200;
/// How many connections are counted. More than that at once are an attack, and start again.
const MOST: usize = 1_024;

/// Counts requests by connection. What it knows is one process's: the gateway's limit is before it.
#[derive(Default)]
pub(crate) struct Pace(Mutex<HashMap<ConnectionId, Bucket>>);

/// What is left, in thousandths of a request, and as of when, in epoch milliseconds.
struct Bucket {
    left: i64,
    at: i64,
}

impl Pace {
    /// Whether a request is taken; if not, after how many seconds one would be.
    pub(crate) fn takes(&self, connection: &ConnectionId, now: Timestamp) -> Result<(), u32> {
        let now = now.as_millisecond();
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(connection) {
            buckets.clear();
        }
        let bucket = buckets.entry(connection.clone()).or_insert(Bucket { left: AT_ONCE * 1000, at: now });
        let since = (now - bucket.at).clamp(0, 60_000);
        bucket.left = (bucket.left + since * PER_SECOND).min(AT_ONCE * 1000);
        bucket.at = now;
        if bucket.left < 1000 {
            return Err(1);
        }
        bucket.left -= 1000;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_as_many_are_taken_as_the_pace_allows_and_nobody_else_waits() {
        let pace = Pace::default();
        let [acme, globex] = ["acme", "globex"].map(|id| ConnectionId::parse(id).unwrap());
        let at = |ms: i64| Timestamp::from_millisecond(1_790_000_000_000 + ms).unwrap();
        let taken =
            |connection: &ConnectionId, ms| (0..1000).filter(|_| pace.takes(connection, at(ms)).is_ok()).count();
        assert_eq!(taken(&acme, 0), 200);
        assert_eq!(pace.takes(&acme, at(0)), Err(1));
        assert_eq!(taken(&globex, 0), 200);
        assert_eq!(taken(&acme, 1000), 50);
        // A clock that goes back gives nothing.
        assert_eq!(taken(&acme, 0), 0);
        assert_eq!(taken(&acme, 3_600_000), 200);
    }
}
