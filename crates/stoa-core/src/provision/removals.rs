//! How many people of a connection may lose what they have before somebody is asked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::applied::{Access, Applied, Enrolled};
use crate::connection::RemovalsDocument;
use crate::directory::Desired;

/// People who may always leave.
const ALWAYS: u64 = 10;

/// The removals of a connection so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removals {
    /// When the window began, in epoch seconds.
    pub since: i64,
    /// Removals that were carried out in it.
    pub made: u64,
}

impl Removals {
    /// The removals with one more, if it may be carried out: up to ten, or so many percent of the connection's people.
    pub fn with_one_more(&self, rules: &RemovalsDocument, people: u64, now: Timestamp) -> Option<Self> {
        let second = now.as_second();
        let is_over = second >= self.since.saturating_add(rules.window_seconds());
        let before = if is_over { Self { since: second, made: 0 } } else { self.clone() };
        let most = (people.saturating_mul(u64::from(rules.percent)) / 100).max(ALWAYS);
        (before.made < most).then(|| Self { made: before.made + 1, ..before })
    }
}

/// Whether a person would lose something that they were given: all of it, or a course or group.
pub fn is_removal(desired: &Desired, applied: &Applied, now: Timestamp) -> bool {
    let leaves = !desired.active && applied.access == Access::Given;
    let second = now.as_second();
    let loses = applied.enrolments.iter().any(|(course, enrolled)| match enrolled {
        Enrolled::Given { until, .. } => {
            until.is_none_or(|until| until > second) && !desired.enrolments.contains_key(course)
        }
        Enrolled::Giving | Enrolled::Found { .. } => false,
    });
    leaves || loses
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ten_people_may_always_leave_and_of_many_a_tenth_in_each_window() {
        let rules = RemovalsDocument::default();
        let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
        for (people, most) in [(0, 10), (50, 10), (100, 10), (110, 11), (10_000, 1000)] {
            let mut removals = Removals::default();
            let mut made = 0;
            while let Some(next) = removals.with_one_more(&rules, people, at(made)) {
                removals = next;
                made += 1;
            }
            assert_eq!(made, most, "{people}");
            assert_eq!(removals.with_one_more(&rules, people, at(86_399)), None);
            assert_eq!(removals.with_one_more(&rules, people, at(86_400)).map(|next| next.made), Some(1));
        }
    }
}
