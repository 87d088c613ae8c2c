//! How far stoa has come with what a directory tells.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::words::WorkosId;
use crate::directory::{GroupId, UserId};

/// How old the last event may be after which the Events API is asked. WorkOS keeps events for thirty days or more.
const MAX_AGE: i64 = 28 * 86_400_000;
/// How young an event may be that is asked after. The API hides fresh events for some seconds, in which younger ones may
/// show: what is younger than this is read again.
const OVERLAP: i64 = 5 * 60_000;
/// How much earlier than its first page a whole list counts: what was told in that minute may not be in it yet.
const LIST_LAG: i64 = 60_000;
/// How often everything is looked at, whatever was told: in milliseconds.
const WHOLE_EVERY: i64 = 7 * 86_400_000;

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

/// How far stoa has come with a directory.
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
    /// As of when the last look at everything was, in epoch milliseconds. `None`: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_at: Option<i64>,
    /// The look at everything that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Whole>,
}

/// A look at everything that a directory has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole {
    /// As of when it counts, in epoch milliseconds.
    pub as_of: i64,
    /// What is looked at now.
    pub phase: Phase,
    /// The last id of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What a look at everything looks at, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its people.
    People,
    /// Its groups.
    Groups,
    /// Who belongs to the groups, one group after the other, in the order of our ids. `None`: the first is next.
    Members {
        /// The group whose members are looked at, or were looked at last.
        group: Option<GroupId>,
        /// Whether its list has ended.
        is_done: bool,
    },
    /// Which people are in no page.
    MissingPeople {
        /// After whom.
        after: Option<UserId>,
    },
    /// Which groups are in no page.
    MissingGroups,
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

impl SyncItem {
    /// Of a directory that was never looked at.
    pub fn new(directory: WorkosId, now: Timestamp) -> Self {
        let as_of = now.as_millisecond() - LIST_LAG;
        Self { v: 1, rev: 0, directory, cursor: Cursor::From { at: as_of }, whole_at: None, whole: None }.begun(now)
    }

    /// What is to be done of it now: another directory, one whose events are too old to be asked for, and one that was not
    /// looked at for a week, are looked at as a whole.
    #[must_use]
    pub fn due(self, directory: &WorkosId, now: Timestamp) -> Self {
        if self.directory != *directory {
            return Self { rev: self.rev, ..Self::new(directory.clone(), now) };
        }
        let is_old = self.whole_at.is_none_or(|at| now.as_millisecond() - at >= WHOLE_EVERY);
        match self.cursor.is_too_old(now) {
            true => self.begun(now),
            false if is_old && self.whole.is_none() => self.begun(now),
            false => self,
        }
    }

    /// The same with a look at everything that begins now. What happens from now on is asked for afterwards, if what
    /// happened before may be gone.
    #[must_use]
    pub fn begun(self, now: Timestamp) -> Self {
        let as_of = now.as_millisecond() - LIST_LAG;
        let cursor = if self.cursor.is_too_old(now) { Cursor::From { at: as_of } } else { self.cursor };
        Self { cursor, whole: Some(Whole { as_of, phase: Phase::People, after: None }), ..self }
    }

    /// The Events API does not know the event any more after which it is asked.
    #[must_use]
    pub fn lost(self, now: Timestamp) -> Self {
        let at = now.as_millisecond() - LIST_LAG;
        Self { cursor: Cursor::From { at }, ..self }.begun(now)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn id(text: &str) -> WorkosId {
        WorkosId::parse(text).unwrap()
    }

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

    #[test]
    fn everything_is_looked_at_first_and_whenever_events_may_be_lost() {
        let (ms, day) = (now().as_millisecond(), 86_400_000);
        let first = SyncItem::new(id("directory_1"), now());
        assert_eq!(first.whole.as_ref().unwrap().phase, Phase::People);
        let whole_at = first.whole.as_ref().map(|whole| whole.as_of);
        assert_eq!(whole_at, Some(ms - 60_000));
        let done = SyncItem { rev: 7, whole_at, whole: None, ..first };
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
