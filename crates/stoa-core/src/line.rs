//! The line before a school: who has to ask its Admin API anything gets a place, and nobody asks before theirs.
//!
//! A place is a time. They are as far apart as the calls that are made at them, so that all together are no more than
//! the school takes in a minute, and whoever comes first gets in first. One item of a school has the next free one.
//!
//! Where the school says that it takes no more for a moment, the whole line moves: its clock runs that much later, and
//! everybody keeps their place.

use jiff::Timestamp;

use crate::turn::{CALLS_PER_MINUTE, CALLS_RESERVED};

/// Calls a minute that are made from the line. The rest is for connections that make few: they need not line up behind
/// the people of another.
pub const LINE_CALLS_PER_MINUTE: u32 = CALLS_PER_MINUTE - CALLS_RESERVED;
/// How far the places of two calls lie apart, in milliseconds.
const CALL_MILLISECONDS: i64 = 60_000 / LINE_CALLS_PER_MINUTE as i64;
/// How long a line gets before nobody is put into it any more, in seconds. Nobody waits longer before a screen.
pub const LONGEST_SECONDS: i64 = 4 * 3600;
/// How long a place is kept for who does not come at its time, in seconds.
pub const KEPT_SECONDS: i64 = 1800;
/// The longest time between two looks of a waiting browser, in seconds: the line may move, and whoever looks at a page
/// for long wants to see that it lives.
const REFRESH_SECONDS: i64 = 300;

/// A place in a line: a time by the line's own clock, in epoch milliseconds.
pub type Place = i64;

/// A school's line, as one connection finds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The next place that is free.
    pub next: Place,
    /// How much later its clock runs than everybody's, in milliseconds.
    pub moved: i64,
    /// The last place that was given to somebody of this connection.
    pub own: Place,
    /// Until when the school takes no calls, whoever makes them; by everybody's clock, in epoch milliseconds.
    pub closed: i64,
}

/// How somebody comes to ask the school.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once: nobody waits whom they would overtake.
    AtOnce,
    /// At once, out of what is kept for connections that make few calls: others wait, but none of theirs.
    PastTheLine,
    /// Now, at their place.
    AtTheirPlace,
    /// Not before this time, at their place.
    Later(Timestamp),
    /// They need a place.
    Join,
}

impl Line {
    /// When a place's time comes. Times are whole seconds, rounded up: a browser waits no fractions.
    pub fn time_of(&self, place: Place) -> Timestamp {
        let at = (place + self.moved).max(self.closed);
        let seconds = at.div_euclid(1000) + i64::from(at.rem_euclid(1000) > 0);
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    }

    /// The line once a call was refused that could be made again at an instant: it takes none until then, and where
    /// anybody waits its clock runs that much later, so that they come no closer together.
    #[must_use]
    pub fn closed_until(self, again: Timestamp, now: Timestamp) -> Self {
        let later = again.as_millisecond() - now.as_millisecond();
        let moved = if self.next > self.now(now) { self.moved + later } else { self.moved };
        Self { moved, closed: again.as_millisecond(), ..self }
    }

    /// Decides how somebody comes to ask who has this place, or none.
    pub fn way(&self, place: Option<Place>, now: Timestamp) -> Way {
        let (now_in_line, kept) = (self.now(now), KEPT_SECONDS * 1000);
        match place {
            Some(place) if self.time_of(place) > now => Way::Later(self.time_of(place)),
            Some(place) if now_in_line - place < kept => Way::AtTheirPlace,
            Some(_) | None if self.closed > now.as_millisecond() => Way::Join,
            Some(_) | None if self.next <= now_in_line => Way::AtOnce,
            Some(_) | None if self.own <= now_in_line => Way::PastTheLine,
            Some(_) | None => Way::Join,
        }
    }

    /// How long whoever joins now would wait, in seconds.
    pub fn wait(&self, now: Timestamp) -> i64 {
        (self.time_of(self.next).as_second() - now.as_second()).max(0)
    }

    /// The earliest place that anybody can be given at an instant.
    pub fn now(&self, now: Timestamp) -> Place {
        now.as_millisecond() - self.moved
    }
}

/// How much of the line's time so many calls take, in milliseconds.
pub fn time_for(calls: u32) -> i64 {
    i64::from(calls) * CALL_MILLISECONDS
}

/// When the minute that the calls are counted by is over.
pub fn next_minute(now: Timestamp) -> Timestamp {
    Timestamp::from_second((now.as_second().div_euclid(60) + 1) * 60).unwrap_or(now)
}

/// In how many seconds a browser asks again that is let in then.
pub fn refresh_after(at: Timestamp, now: Timestamp) -> i64 {
    (at.as_second() - now.as_second()).clamp(1, REFRESH_SECONDS)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + milliseconds).unwrap()
    }

    fn place(milliseconds: i64) -> Place {
        at(milliseconds).as_millisecond()
    }

    #[test]
    fn who_finds_nobody_waiting_asks_at_once_and_who_does_joins() {
        let way = |next, own| Line { next: place(next), own: place(own), ..Line::default() }.way(None, at(0));
        assert_eq!(Line::default().way(None, at(0)), Way::AtOnce);
        assert_eq!(way(0, -600), Way::AtOnce);
        assert_eq!(way(600, -600), Way::PastTheLine);
        assert_eq!(way(600, 1), Way::Join);
    }

    #[test]
    fn nobody_asks_before_their_place_and_a_place_is_kept_for_half_an_hour() {
        let line = Line { next: place(900_000), own: place(899_400), ..Line::default() };
        let way = |mine, now| line.way(Some(place(mine)), at(now));
        assert_eq!(way(60_000, 0), Way::Later(at(60_000)));
        assert_eq!(way(60_000, 59_999), Way::Later(at(60_000)));
        assert_eq!(way(60_000, 60_000), Way::AtTheirPlace);
        // A browser is told whole seconds, and must not come before its time.
        assert_eq!(way(59_400, 59_500), Way::Later(at(60_000)));
        assert_eq!(way(0, 600_000), Way::AtTheirPlace);
        assert_eq!(way(0, KEPT_SECONDS * 1000 - 1), Way::AtTheirPlace);
        assert_eq!(way(0, KEPT_SECONDS * 1000), Way::AtOnce);
        assert_eq!(way(-KEPT_SECONDS * 1000, 0), Way::Join);
    }

    #[test]
    fn a_line_that_moves_keeps_everybody_in_order() {
        let line = Line { next: place(60_000), own: place(59_400), moved: 30_000, closed: 0 };
        assert_eq!(line.way(Some(place(0)), at(29_000)), Way::Later(at(30_000)));
        assert_eq!(line.way(Some(place(0)), at(30_000)), Way::AtTheirPlace);
        assert_eq!(line.wait(at(0)), 90);
        assert_eq!(line.now(at(0)), place(-30_000));
    }

    #[test]
    fn nobody_asks_a_school_that_takes_no_calls_and_nobody_comes_closer_to_another() {
        let line = Line { next: place(60_000), own: place(59_400), ..Line::default() };
        let closed = line.closed_until(at(20_000), at(0));
        assert_eq!(closed.time_of(place(600)), at(21_000));
        // Who is late comes when it opens.
        assert_eq!(closed.way(Some(place(-50_000)), at(0)), Way::Later(at(20_000)));
        assert_eq!(closed.way(None, at(0)), Way::Join);
        // Where nobody waits, there is nobody to move.
        let empty = Line::default().closed_until(at(20_000), at(0));
        assert_eq!((empty.moved, empty.way(None, at(0)), empty.way(None, at(20_000))), (0, Way::Join, Way::AtOnce));
    }

    #[test]
    fn places_are_as_far_apart_as_the_calls_of_a_minute() {
        assert_eq!(time_for(LINE_CALLS_PER_MINUTE), 60_000);
        assert_eq!(next_minute(at(0)).as_second() % 60, 0);
        assert!(next_minute(at(0)) > at(0));
    }

    #[test]
    fn a_browser_asks_again_at_its_time_or_in_five_minutes() {
        for (wait, refresh) in [(-3, 1), (0, 1), (7, 7), (300, 300), (4000, 300)] {
            assert_eq!(refresh_after(at(wait * 1000), at(0)), refresh, "{wait}");
        }
    }
}
