//! Whether the webhook tells what happens.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How long an event may be on its way by webhook, in milliseconds.
const ON_ITS_WAY: i64 = 2 * 60_000;

/// Whether the webhook had told what the Events API returns. Times are in epoch milliseconds, by WorkOS's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// When the newest event was that the API has returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<i64>,
    /// When the newest event was that the webhook had told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<i64>,
    /// When the newest event was that it had not, though there was time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<i64>,
}

impl Arrivals {
    /// After what the API has returned: of each event when it was, and whether it was news, in any order. What was returned
    /// before says nothing any more.
    #[must_use]
    pub fn after(self, events: &[(i64, bool)], now: Timestamp) -> Self {
        let fresh = || events.iter().filter(|(at, _)| self.read < Some(*at));
        let had_time = |at: i64| at < now.as_millisecond() - ON_ITS_WAY;
        let newest =
            |is_news: bool| fresh().filter(|(at, own)| *own == is_news && had_time(*at)).map(|(at, _)| *at).max();
        Self {
            read: self.read.max(fresh().map(|(at, _)| *at).max()),
            told: self.told.max(newest(false)),
            missed: self.missed.max(newest(true)),
        }
    }

    /// When the newest event was, if the webhook has missed it.
    pub fn missing(self) -> Option<i64> {
        self.missed.filter(|missed| self.told < Some(*missed))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dsync::samples::now;

    #[test]
    fn what_the_webhook_missed_is_told_from_what_is_on_its_way() {
        let ms = now().as_millisecond();
        let after = |arrivals: Arrivals, events: &[(i64, bool)]| {
            let events: Vec<(i64, bool)> = events.iter().map(|(age, is_news)| (ms - age * 1000, *is_news)).collect();
            arrivals.after(&events, now())
        };
        let none = Arrivals::default();
        assert_eq!(after(none, &[(60, true)]).missing(), None, "it may be on its way");
        let missed = after(none, &[(300, true), (60, true)]);
        assert_eq!(missed.missing(), Some(ms - 300_000));
        assert_eq!(after(missed, &[(300, false), (60, false)]), missed, "read again, it is known of course");
        assert_eq!(after(Arrivals { read: missed.missing(), ..missed }, &[(200, false)]).missing(), None, "it comes");
    }
}
