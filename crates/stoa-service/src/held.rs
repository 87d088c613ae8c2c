//! What a process holds between requests: values that were read or parsed, mostly for a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// How long a value may usually be used without looking again, in seconds.
pub(crate) const FRESH_SECONDS: i64 = 60;
/// How many values are held. A function's memory has room for as many of the largest key sets; past that, the one that
/// was read longest ago goes.
const MOST: usize = 256;

/// Values by their names.
pub(crate) struct Held<K, V>(Mutex<HashMap<K, Entry<V>>>);

struct Entry<V> {
    value: Arc<V>,
    at: i64,
}

impl<K: Eq + Hash + Clone, V> Held<K, V> {
    /// A value as of the last minute. One of the future was read by a wrong clock.
    pub(crate) fn fresh(&self, name: &K, now: Timestamp) -> Option<Arc<V>> {
        self.since(name, FRESH_SECONDS, now)
    }

    /// The same as of the last so many seconds.
    pub(crate) fn since(&self, name: &K, seconds: i64, now: Timestamp) -> Option<Arc<V>> {
        self.find(name, |at| (0..seconds).contains(&(now.as_second() - at)))
    }

    /// A value as of the last so many seconds, for when nothing newer is to be had.
    pub(crate) fn within(&self, name: &K, seconds: i64, now: Timestamp) -> Option<Arc<V>> {
        self.find(name, |at| now.as_second() - at < seconds)
    }

    /// Holds a value that was read now.
    pub(crate) fn hold(&self, name: K, value: V, now: Timestamp) -> Arc<V> {
        let value = Arc::new(value);
        let mut entries = self.entries();
        if entries.len() >= MOST && !entries.contains_key(&name) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.at).map(|(name, _)| name.clone());
            oldest.and_then(|name| entries.remove(&name));
        }
        entries.insert(name, Entry { value: value.clone(), at: now.as_second() });
        value
    }

    fn find(&self, name: &K, is_usable: impl Fn(i64) -> bool) -> Option<Arc<V>> {
        self.entries().get(name).filter(|entry| is_usable(entry.at)).map(|entry| entry.value.clone())
    }

    /// A panic elsewhere must not make every later login fail, so a poisoned lock is used as it is.
    fn entries(&self) -> MutexGuard<'_, HashMap<K, Entry<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Default for Held<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn a_value_is_fresh_for_a_minute_and_not_before_it_was_read() {
        let held = Held::default();
        held.hold("pg", 7, at(0));
        let fresh = |second| held.fresh(&"pg", at(second)).is_some();
        assert!(fresh(0) && fresh(59) && !fresh(60) && !fresh(-1));
        let within = |second| held.within(&"pg", 3600, at(second)).is_some();
        assert!(within(60) && within(3599) && !within(3600) && within(-1));
        assert!(held.fresh(&"acme", at(0)).is_none());
    }

    #[test]
    fn a_value_that_was_read_again_takes_the_other_s_place() {
        let held = Held::default();
        held.hold("pg", 7, at(0));
        held.hold("pg", 8, at(60));
        assert_eq!(held.fresh(&"pg", at(60)).as_deref(), Some(&8));
    }

    #[test]
    fn past_the_bound_the_one_read_longest_ago_goes() {
        let (held, most) = (Held::default(), i64::try_from(MOST).unwrap());
        let read = |name: i64, second| held.hold(name, (), at(second));
        // Read in another order than their names.
        for name in 0..most {
            read(name, (name * 7) % most);
        }
        read(3, most);
        for name in most..most + 5 {
            read(name, most + 1);
        }
        let gone: Vec<i64> = (0..most + 5).filter(|name| held.within(name, i64::MAX, at(0)).is_none()).collect();
        let mut oldest: Vec<i64> = (0..most).filter(|name| (name * 7) % most < 5).collect();
        oldest.sort_unstable();
        assert_eq!((held.entries().len(), gone), (MOST, oldest));
    }
}
