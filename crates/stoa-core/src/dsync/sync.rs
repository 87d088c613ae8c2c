//! How far stoa has come with what a directory tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arrivals::Arrivals;
use super::cursor::Cursor;
use super::list::DirectoryState;
use super::whole::{Doubt, Whole};
use super::words::WorkosId;

/// How much earlier than its first page a whole list counts: what was told in that minute may not be in it yet.
const LIST_LAG: i64 = 60_000;
/// How often everything is looked at, whatever was told: in milliseconds.
const WHOLE_EVERY: i64 = 7 * 86_400_000;
/// The same, where the last look took nobody away since it was in doubt.
const DOUBTED_EVERY: i64 = 6 * 3_600_000;
/// How long a look at everything may last: in milliseconds.
const WHOLE_LASTS: i64 = 86_400_000;
/// How often in a row a cursor may be lost. It takes ten minutes at least from one to the next: an event has to be five
/// minutes old before it is asked after. So after half an hour each run fails, and after another one the alarm is heard.
const LOST_AT_MOST: u32 = 3;

/// How far stoa has come with a directory, and what it has last seen of it. Times are in epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncItem {
    /// The item's format.
    pub v: u8,
    /// Counts the writes: each compares it.
    pub rev: u64,
    /// Which directory this is about: another one begins from nothing.
    pub directory: WorkosId,
    /// After what the Events API is asked.
    pub cursor: Cursor,
    /// As of when the last look at everything was. `None`: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_at: Option<i64>,
    /// The look at everything that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Whole>,
    /// Why the last look at everything took nobody away. `None`: it did as it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// When it was last found that events may be lost: a look at everything as of an earlier time does not make up for
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<i64>,
    /// How often in a row that was: since the Events API last knew the event after which it was asked.
    #[serde(default)]
    pub lost_again: u32,
    /// When its turn last came: whoever waits longest is next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_at: Option<i64>,
    /// How the directory stood then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<DirectoryState>,
    /// Since when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// Whether events come by webhook.
    #[serde(default)]
    pub arrivals: Arrivals,
}

/// Since when each run fails, and by what the last one did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// When the first of them was, in epoch milliseconds.
    pub since: i64,
    /// The code of the fault.
    pub fault: String,
}

impl SyncItem {
    /// Of a directory that was never looked at.
    pub fn new(directory: WorkosId, now: Timestamp) -> Self {
        let as_of = now.as_millisecond() - LIST_LAG;
        Self {
            v: 1,
            rev: 0,
            directory,
            cursor: Cursor::From { at: as_of },
            whole_at: None,
            whole: Some(Whole::new(as_of)),
            doubt: None,
            lost_at: None,
            lost_again: 0,
            turn_at: None,
            state: None,
            failing: None,
            arrivals: Arrivals::default(),
        }
    }

    /// What is to be done of it now: another directory, one whose events are too old to be asked for, and one that was not
    /// looked at for a week, are looked at as a whole. So is one of which a look has lasted for a day: who has come or gone
    /// since would be told of late.
    #[must_use]
    pub fn due(self, directory: &WorkosId, now: Timestamp) -> Self {
        if self.directory != *directory {
            return Self { rev: self.rev, turn_at: self.turn_at, ..Self::new(directory.clone(), now) };
        }
        let age = |at: i64| now.as_millisecond() - at;
        let every = if self.doubt.is_some() { DOUBTED_EVERY } else { WHOLE_EVERY };
        let is_due = self.whole_at.is_none_or(|at| age(at) >= every || self.lost_at.is_some_and(|lost| at < lost));
        let begins = match &self.whole {
            Some(whole) => age(whole.as_of) >= WHOLE_LASTS,
            None => is_due,
        };
        if begins || self.cursor.is_too_old(now) { self.begun(now) } else { self }
    }

    /// The same with a look at everything that begins now. What happens from now on is asked for afterwards, if what
    /// happened before may be gone.
    #[must_use]
    pub fn begun(self, now: Timestamp) -> Self {
        let as_of = now.as_millisecond() - LIST_LAG;
        let cursor = if self.cursor.is_too_old(now) { Cursor::From { at: as_of } } else { self.cursor };
        Self { cursor, whole: Some(Whole::new(as_of)), ..self }
    }

    /// How the directory stands now. As long as its lists are not true, what was read of them is forgotten: once they are,
    /// everything is looked at from the beginning. Nobody tells what has happened until then.
    #[must_use]
    pub fn found(self, state: DirectoryState, now: Timestamp) -> Self {
        let found = Self { state: Some(state), ..self };
        if found.is_listed_truly() { found } else { found.begun(now) }
    }

    /// Whether the directory's lists said who is there when it was last looked at.
    pub fn is_listed_truly(&self) -> bool {
        self.state.is_some_and(DirectoryState::is_listed_truly)
    }

    /// The Events API does not know the event any more after which it is asked: everything is looked at. A look that is
    /// under way is kept, and another one follows it.
    #[must_use]
    pub fn lost(self, now: Timestamp) -> Self {
        let at = now.as_millisecond() - LIST_LAG;
        let lost_again = self.lost_again.saturating_add(1);
        let lost = Self { cursor: Cursor::From { at }, lost_at: Some(at), lost_again, ..self };
        if lost.whole.is_some() { lost } else { lost.begun(now) }
    }

    /// Whether events were lost lately. Once may happen.
    pub fn was_lost_lately(&self, now: Timestamp) -> bool {
        self.lost_at.is_some_and(|at| now.as_millisecond() - at < WHOLE_EVERY)
    }

    /// Whether each cursor is lost by the time it is used: a cursor that is never known is none, and each look at
    /// everything is followed by another one.
    pub const fn is_always_lost(&self) -> bool {
        self.lost_again >= LOST_AT_MOST
    }

    /// After a run that failed, or did not.
    #[must_use]
    pub fn ended(self, fault: Option<&'static str>, now: Timestamp) -> Self {
        let since = self.failing.as_ref().map_or_else(|| now.as_millisecond(), |failing| failing.since);
        Self { failing: fault.map(|fault| Failing { since, fault: fault.to_owned() }), ..self }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dsync::Phase;
    use crate::dsync::samples::{id, now};

    /// Of a directory that was looked at, a minute before now.
    fn looked_at() -> SyncItem {
        let first = SyncItem::new(id("directory_1"), now());
        SyncItem { rev: 7, whole_at: first.whole.as_ref().map(|whole| whole.as_of), whole: None, ..first }
    }

    fn later(hours: i64) -> Timestamp {
        Timestamp::from_millisecond(now().as_millisecond() + hours * 3_600_000).unwrap()
    }

    #[test]
    fn a_look_that_lasts_for_a_day_begins_again() {
        let under_way = |hours| {
            let item = SyncItem::new(id("directory_1"), now());
            let whole = item.whole.clone().map(|whole| whole.at(Phase::Groups));
            SyncItem { whole, ..item }.due(&id("directory_1"), later(hours)).whole.unwrap()
        };
        assert_eq!(under_way(23).phase, Phase::Groups);
        assert_eq!(under_way(24), Whole::new(later(24).as_millisecond() - 60_000));
    }

    #[test]
    fn a_cursor_that_is_lost_ends_no_look_and_is_made_up_for_by_a_later_one() {
        let due = |item: SyncItem, hours| item.due(&id("directory_1"), later(hours));
        let at = later(1).as_millisecond() - 60_000;
        let lost = looked_at().lost(later(1));
        assert_eq!((&lost.cursor, lost.whole.as_ref()), (&Cursor::From { at }, Some(&Whole::new(at))));
        assert_eq!(due(SyncItem { whole: None, whole_at: Some(at), ..lost }, 2).whole, None, "it began after that");

        let under_way = SyncItem::new(id("directory_1"), now());
        let whole = under_way.whole.clone().unwrap().at(Phase::MissingGroups);
        let kept = SyncItem { whole: Some(whole.clone()), ..under_way }.lost(later(1));
        assert_eq!((&kept.cursor, kept.whole.as_ref()), (&Cursor::From { at }, Some(&whole)));
        assert!(kept.was_lost_lately(later(2)) && !kept.was_lost_lately(later(8 * 24)));
        let ended = SyncItem { whole: None, whole_at: Some(whole.as_of), ..kept };
        assert_eq!(due(ended, 2).whole, Some(Whole::new(later(2).as_millisecond() - 60_000)));
    }

    #[test]
    fn cursors_that_are_lost_in_a_row_are_counted() {
        let lost = |item: SyncItem, hours| item.lost(later(hours));
        let twice = lost(lost(looked_at(), 1), 2);
        assert!(!twice.is_always_lost());
        let thrice = lost(twice, 3);
        assert!(thrice.is_always_lost() && thrice.clone().due(&id("directory_1"), later(4)).is_always_lost());
        assert!(!thrice.due(&id("directory_2"), later(4)).is_always_lost(), "another directory's");
    }

    #[test]
    fn what_was_read_of_lists_counts_only_as_long_as_they_are_true() {
        let whole = SyncItem::new(id("directory_1"), now()).whole.map(|whole| whole.at(Phase::Groups));
        let under_way = SyncItem { whole: whole.clone(), ..looked_at() };
        let again = Some(Whole::new(later(1).as_millisecond() - 60_000));
        for (item, state, wanted) in [
            (under_way.clone(), DirectoryState::Linked, &whole),
            (under_way, DirectoryState::Unlinked, &again),
            (looked_at(), DirectoryState::Linked, &None),
            (looked_at(), DirectoryState::Validating, &again),
        ] {
            let found = item.found(state, later(1));
            assert_eq!((&found.whole, found.state), (wanted, Some(state)), "{state:?}");
        }
    }

    #[test]
    fn a_look_in_doubt_is_taken_again_soon() {
        let due =
            |doubt, hours| SyncItem { doubt, ..looked_at() }.due(&id("directory_1"), later(hours)).whole.is_some();
        assert!(!due(Some(Doubt::Empty), 5) && due(Some(Doubt::Empty), 6) && !due(None, 6));
    }

    #[test]
    fn everything_is_looked_at_first_and_whenever_events_may_be_lost() {
        let (ms, day) = (now().as_millisecond(), 86_400_000);
        let first = SyncItem::new(id("directory_1"), now());
        assert_eq!(first.whole.as_ref().unwrap().phase, Phase::People);
        let whole_at = first.whole.as_ref().map(|whole| whole.as_of);
        assert_eq!(whole_at, Some(ms - 60_000));
        let done = looked_at();
        assert_eq!(done.whole_at, whole_at);
        let due = |item: &SyncItem, days: i64| {
            let later = Timestamp::from_millisecond(ms + days * day).unwrap();
            item.clone().due(&id("directory_1"), later)
        };
        assert_eq!(due(&done, 1), done);
        assert!(due(&done, 8).whole.is_some());
        assert_eq!(due(&done, 8).cursor, done.cursor);
        let old = due(&done, 29);
        assert_eq!(old.cursor, Cursor::From { at: ms + 29 * day - 60_000 });
        let other = done.due(&id("directory_2"), now());
        assert_eq!((other.rev, other.directory.as_str(), other.whole.is_some()), (7, "directory_2", true));
    }
}
