//! By what a person, a group or a membership is known: the newest word of each kind.

use serde::{Deserialize, Serialize};

use crate::directory::UserId;

/// The format that this version writes.
pub const TOLD_VERSION: u8 = 1;

/// Which of two descriptions of one person or group is the newer, and still the same if both come again: by when what is
/// described changed, then by when that was told, both in epoch milliseconds, then by the id of what told it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Order {
    /// When it changed.
    pub updated: i64,
    /// When that was told.
    pub at: i64,
    /// By which event; empty: by a list.
    pub by: String,
}

/// What has been told of a person, a group or a membership, whatever came first. Times are WorkOS's, in epoch milliseconds.
///
/// It outlives what it tells of: else an older event that comes late would bring back what is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The item's format.
    pub v: u8,
    /// Counts the writes: each compares it.
    pub rev: u64,
    /// When it was last told to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<i64>,
    /// When it was last told to be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<i64>,
    /// Which description is the one that is kept. A membership has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// As of when the last whole list that had it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<i64>,
    /// Of a person who is gone: who they are now, since the identity provider has another id of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<UserId>,
}

/// A word about one person, group or membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// It is there.
    There {
        /// As of when.
        at: i64,
        /// Which description it brings; `None`: it has none.
        order: Option<Order>,
        /// Whether it is from a whole list of that time.
        is_listed: bool,
    },
    /// It is gone.
    Gone {
        /// Since when.
        at: i64,
    },
}

impl Told {
    /// What is known after a word.
    #[must_use]
    pub fn after(&self, word: &Word) -> Self {
        let mut told = Self { v: TOLD_VERSION, ..self.clone() };
        match word {
            Word::There { at, order, is_listed } => {
                told.seen = told.seen.max(Some(*at));
                if *is_listed {
                    told.listed = told.listed.max(Some(*at));
                }
                let is_newest = *order > self.order;
                if is_newest {
                    told.order.clone_from(order);
                }
                // Whoever is there is themselves, else two who became each other would be nobody.
                if told.is_there() {
                    told.became = None;
                }
            }
            Word::Gone { at } => told.gone = told.gone.max(Some(*at)),
        }
        told
    }

    /// Whether it is there. Of two words of one moment that it is gone counts.
    pub fn is_there(&self) -> bool {
        self.seen > self.gone
    }

    /// Whether it is there, and this description brings nothing newer.
    pub fn knows(&self, order: &Order) -> bool {
        self.is_there() && self.order.as_ref().is_some_and(|own| own.updated >= order.updated)
    }

    /// Whether a membership counts: it is there, and has been told since person and group were told to be gone, if they
    /// ever were.
    pub fn counts(&self, user: &Self, group: &Self) -> bool {
        self.is_there() && user.is_there() && group.is_there() && self.seen > user.gone && self.seen > group.gone
    }

    /// Whether a whole list as of then, in which it is not, says that it is gone.
    pub fn is_missing_in(&self, list: i64) -> bool {
        self.is_there() && self.listed < Some(list) && self.seen < Some(list)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn there(updated: i64, at: i64) -> Word {
        Word::There { at, order: Some(Order { updated, at, by: format!("event_{at}") }), is_listed: false }
    }

    /// Every order of some words.
    fn orders(words: &[Word]) -> Vec<Vec<Word>> {
        if words.is_empty() {
            return vec![Vec::new()];
        }
        let mut all = Vec::new();
        for at in 0..words.len() {
            let mut rest = words.to_vec();
            let first = rest.remove(at);
            for mut order in orders(&rest) {
                order.insert(0, first.clone());
                all.push(order);
            }
        }
        all
    }

    #[test]
    fn c203_every_order_of_words_and_every_repetition_leaves_the_same() {
        let words = [
            there(1, 1),
            there(5, 5),
            // Told later, about an earlier state: a membership's event repeats the person as they were.
            there(1, 6),
            Word::Gone { at: 4 },
            Word::There { at: 3, order: None, is_listed: true },
        ];
        let mut left = Vec::new();
        for order in orders(&words) {
            let twice = order.iter().chain(&order);
            let told = twice.fold(Told::default(), |told, word| told.after(word));
            assert!(told.is_there());
            assert_eq!(told.order.as_ref().unwrap().updated, 5);
            left.push(told);
        }
        assert_eq!(left.len(), 120);
        assert!(left.iter().all(|told| *told == left[0]));
    }

    #[test]
    fn p19_an_older_addition_does_not_bring_back_what_was_removed() {
        let removed = Told::default().after(&Word::Gone { at: 7 });
        assert!(!removed.after(&there(1, 6)).is_there());
        assert!(!removed.after(&there(1, 7)).is_there());
        assert!(removed.after(&there(1, 8)).is_there());
    }

    #[test]
    fn a_membership_counts_since_person_and_group_last_came() {
        let here = |seen, gone| Told { seen, gone, ..Told::default() };
        let always = here(Some(1), None);
        for (edge, user, group, wanted) in [
            (here(Some(5), None), always.clone(), always.clone(), true),
            (here(Some(5), Some(6)), always.clone(), always.clone(), false),
            (here(Some(5), None), here(Some(7), Some(6)), always.clone(), false),
            (here(Some(7), None), here(Some(7), Some(6)), always.clone(), true),
            (here(Some(5), None), always.clone(), here(Some(1), Some(4)), false),
            (here(Some(5), None), Told::default(), always.clone(), false),
        ] {
            assert_eq!(edge.counts(&user, &group), wanted, "{edge:?} {user:?} {group:?}");
        }
    }

    #[test]
    fn whoever_is_there_again_is_nobody_else_any_more() {
        let became = Some(UserId::from_random([7; 16]));
        let gone = Told { gone: Some(5), became: became.clone(), ..Told::default() };
        assert_eq!(gone.after(&there(4, 4)).became, became, "told late");
        assert_eq!(gone.after(&Word::Gone { at: 6 }).became, became);
        assert_eq!(gone.after(&there(6, 6)).became, None);
    }

    #[test]
    fn a_list_takes_away_only_what_was_not_told_since() {
        let here = |seen, listed| Told { seen: Some(seen), listed, ..Told::default() };
        for (told, wanted) in [
            (here(1, None), true),
            (here(1, Some(5)), true),
            (here(10, Some(10)), false),
            (here(11, None), false),
            (Told { gone: Some(2), ..here(1, None) }, false),
        ] {
            assert_eq!(told.is_missing_in(10), wanted, "{told:?}");
        }
    }
}
