//! What is counted for a day, and the clocks by which it is.
//!
//! Clocks of instances may be wrong. What such a clock writes can put somebody off, and must not let anybody do more:
//! a day that has begun by anybody's clock goes on, and what lies further ahead than clocks are apart counts for nothing.

use jiff::Timestamp;

/// How far the clocks of two instances may lie apart.
pub(crate) const CLOCK_SECONDS: i64 = 60;
/// Seconds of a day.
pub(crate) const DAY_SECONDS: i64 = 24 * 3600;

/// The day to count on, in days since the epoch: today, or tomorrow, where something has been counted on it already by
/// a clock that is ahead.
pub(crate) fn day(last: Option<i64>, now: Timestamp) -> i64 {
    let today = now.as_second().div_euclid(DAY_SECONDS);
    last.filter(|last| *last == today + 1).unwrap_or(today)
}

/// Whether an instant, in epoch seconds, is still to come, and at most so many seconds away: as far as whoever wrote it
/// may have put it.
pub(crate) fn is_ahead(until: i64, at_most: i64, now: Timestamp) -> bool {
    (1..=at_most + CLOCK_SECONDS).contains(&(until - now.as_second()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_clock_that_is_ahead_begins_a_day_for_everybody_and_one_that_is_far_off_for_nobody() {
        let noon = at(20 * DAY_SECONDS + DAY_SECONDS / 2);
        for (last, day_to_count_on) in [(None, 20), (Some(19), 20), (Some(20), 20), (Some(21), 21), (Some(22), 20)] {
            assert_eq!(day(last, noon), day_to_count_on, "{last:?}");
        }
    }

    #[test]
    fn what_is_further_ahead_than_anybody_puts_it_is_over() {
        for (until, is_to_come) in [(999, false), (1000, false), (1001, true), (1070, true), (1071, false)] {
            assert_eq!(is_ahead(until, 10, at(1000)), is_to_come, "{until}");
        }
    }
}
