//! After what the Events API is asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::words::WorkosId;

/// How old the last event may be after which the Events API is asked. WorkOS keeps events for thirty days or more.
const MAX_AGE: i64 = 28 * 86_400_000;
/// How young an event may be that is asked after. The API hides fresh events for some seconds, in which younger ones may
/// show: what is younger than this is read again.
const OVERLAP: i64 = 5 * 60_000;

/// After what the Events API is asked. Times are in epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cursor {
    /// After an event that the API itself has returned.
    After {
        /// Its id.
        event: WorkosId,
        /// When it happened.
        at: i64,
    },
    /// From a time on.
    From {
        /// The first instant whose events are asked for.
        at: i64,
    },
}

impl Cursor {
    /// When the last event was that is behind.
    pub const fn at(&self) -> i64 {
        match self {
            Self::After { at, .. } | Self::From { at } => *at,
        }
    }

    /// Whether the Events API may have dropped what happened since.
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        now.as_millisecond() - self.at() > MAX_AGE
    }

    /// The cursor after a page of events, by id and time: behind those that are old enough, never back.
    #[must_use]
    pub fn moved(self, page: &[(WorkosId, i64)], now: Timestamp) -> Self {
        let settled = page.iter().take_while(|(_, at)| *at < now.as_millisecond() - OVERLAP);
        match settled.last() {
            Some((event, at)) => Self::After { event: event.clone(), at: *at },
            None => self,
        }
    }

    /// A time as the API takes it.
    pub(super) fn text(at: i64) -> String {
        Timestamp::from_millisecond(at).map(|at| format!("{at:.3}")).unwrap_or_default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dsync::samples::{id, now};

    #[test]
    fn p17_the_cursor_stays_behind_what_may_still_be_hidden() {
        let ms = now().as_millisecond();
        let from = Cursor::From { at: 1 };
        let page = |ages: &[i64]| -> Vec<(WorkosId, i64)> {
            ages.iter().map(|age| (id(&format!("event_{age}")), ms - age * 1000)).collect()
        };
        assert_eq!(from.clone().moved(&[], now()), from);
        assert_eq!(from.clone().moved(&page(&[299, 2]), now()), from);
        let moved = from.moved(&page(&[900, 301, 299]), now());
        assert_eq!(moved, Cursor::After { event: id("event_301"), at: ms - 301_000 });
        // One that shows late behind a younger one stays in sight.
        assert_eq!(moved.clone().moved(&page(&[10, 400]), now()), moved);
    }
}
