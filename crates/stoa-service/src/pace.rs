//! How many requests of a connection's client are taken in a minute, by all processes together.
//!
//! A process draws some at a time from the connection's minute, so that counting costs a write for as many requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use stoa_core::ids::ConnectionId;

/// How many a process draws at a time.
pub(crate) const DRAWN: u32 = 25;
/// How many connections are counted. More than that at once start again.
const MOST: usize = 1_024;

/// What this process has drawn, by connection.
#[derive(Default)]
pub(crate) struct Pace(Mutex<HashMap<ConnectionId, Left>>);

/// What is left of what was drawn from a minute.
struct Left {
    minute: i64,
    requests: u32,
}

/// The minute that an instant is in, counted from 1970.
pub(crate) fn minute(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

impl Pace {
    /// Takes a request out of what was drawn. `false`: nothing is left of this minute's, and more has to be drawn.
    pub(crate) fn takes(&self, connection: &ConnectionId, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.get_mut(connection).filter(|left| left.minute == minute(now) && left.requests > 0);
        left.map(|left| left.requests -= 1).is_some()
    }

    /// Keeps what was drawn, but for the request that it was drawn for.
    pub(crate) fn drew(&self, connection: &ConnectionId, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(connection) {
            all.clear();
        }
        all.insert(connection.clone(), Left { minute: minute(now), requests: DRAWN - 1 });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_drawn_is_of_its_connection_and_its_minute() {
        let pace = Pace::default();
        let [acme, globex] = ["acme", "globex"].map(|id| ConnectionId::parse(id).unwrap());
        let at = |second: i64| Timestamp::from_second(1_790_000_040 + second).unwrap();
        assert!(!pace.takes(&acme, at(0)));
        pace.drew(&acme, at(0));
        let taken = |connection: &ConnectionId, second| (0..100).filter(|_| pace.takes(connection, at(second))).count();
        assert_eq!((taken(&globex, 0), taken(&acme, 59), taken(&acme, 59)), (0, 24, 0));
        pace.drew(&acme, at(59));
        assert_eq!((taken(&acme, 60), taken(&acme, -1), taken(&acme, 58)), (0, 0, 24));
    }
}
