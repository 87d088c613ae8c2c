//! Whose turn it is to ask a school about a person, how often, and out of whose part of the school's minute.
//!
//! A school's Admin API takes so many calls a minute, of everybody together. So whatever a launch asks of it is asked by
//! one request at a time for each person, a refusal is remembered instead of asked for again, and no connection spends
//! what the others need.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::counted::{self, DAY_SECONDS};
use crate::failure::Failure;
use crate::fault::{Actor, Fault};
use crate::ids::Attempt;

/// Settlements of one person in one day. People marry, move and are corrected less often; whoever changes a name at each
/// login spends everybody's calls.
pub const TURNS_PER_DAY: u32 = 10;
/// How long a refusal is given again without a call.
pub const REMEMBERED_SECONDS: i64 = 600;
/// How long a turn is somebody's who does not say that it is over: longer than any request lives that could have taken it,
/// so that none calls after its turn. Most take less than a second.
pub const TURN_SECONDS: i64 = 9;
/// How long a turn's item is kept: until nothing in it can count any more.
const KEPT_SECONDS: i64 = 2 * DAY_SECONDS;

/// Calls a minute that Thinkific takes, of everybody together.
pub const CALLS_PER_MINUTE: u32 = 120;
/// Of these, for connections that have made few in the minute: so none can spend the others' part.
pub const CALLS_RESERVED: u32 = 20;
/// What few is.
pub const CALLS_FEW: u32 = 10;

/// The calls that a school was asked for in the minute before this one, by seconds. Whether it counts from one full
/// minute to the next or over any sixty seconds is not documented: who takes what is left looks back as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreviousMinute(BTreeMap<u32, u32>);

impl PreviousMinute {
    /// Of as many calls in each second, the first one first.
    pub fn of(calls: &[u32]) -> Self {
        Self((0..).zip(calls.iter().copied()).filter(|(_, calls)| *calls > 0).collect())
    }

    /// Calls that are less than sixty seconds ago, at a second of this minute.
    pub fn since(&self, second: u32) -> u32 {
        self.0.range(second..).map(|(_, calls)| calls).sum()
    }

    /// At which second of this minute some of these are sixty seconds ago; `None`: none is left.
    pub fn next_after(&self, second: u32) -> Option<u32> {
        self.0.range(second..).next().map(|(second, _)| second + 1)
    }
}

impl FromIterator<(u32, u32)> for PreviousMinute {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(calls: I) -> Self {
        Self(calls.into_iter().collect())
    }
}

/// The turns of a person at a school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnItem {
    /// Whose the last turn was.
    pub attempt: Attempt,
    /// Until when it is theirs, in epoch seconds. 0: they have said that it is over.
    pub until: i64,
    /// The day of the last settlement, counted from the epoch.
    pub day: i64,
    /// Settlements on that day.
    pub turns: u32,
    /// What the last one ended with, where that would be the same again.
    pub refused: Option<Refused>,
    /// Their place in the school's line, while they wait: a time by its clock, in epoch milliseconds.
    #[serde(default)]
    pub place: Option<i64>,
    /// Whether the school has said that it has an account under their address: it is looked up then, and not created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken: bool,
    /// When DynamoDB may clean it up, in epoch seconds.
    pub ttl: i64,
    /// Whether the settlements of the day count this turn.
    #[serde(skip)]
    pub is_counted: bool,
    /// Whether nobody has said that the turn before it is over: by some clock it is, and a call may be under way.
    #[serde(skip)]
    pub is_taken_over: bool,
}

/// A refusal that is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was to be settled, and as of which version of the connection: of anything else nothing is known.
    pub about: String,
    /// The fault's code.
    pub fault: String,
    /// For the operator.
    pub note: Option<String>,
    /// Until when, in epoch seconds.
    pub until: i64,
}

/// What somebody wants a turn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To look at an account that was left as it should be.
    Look,
    /// To create an account or to change one.
    Settle,
}

/// Whether it is a request's turn.
#[derive(Debug)]
pub enum Turn {
    /// It is, once this is written over what was found.
    Ours(TurnItem),
    /// It is another request's.
    UnderWay,
    /// It is not asked again.
    Refused(Failure),
}

impl Turn {
    /// Decides from the turns of the person so far.
    pub fn take(found: Option<&TurnItem>, wish: Wish, about: &str, attempt: Attempt, now: Timestamp) -> Self {
        let second = now.as_second();
        if let Some(failure) = found.and_then(|found| found.remembered(about, now)) {
            return Self::Refused(failure);
        }
        if found.is_some_and(|found| counted::is_ahead(found.until, TURN_SECONDS, now)) {
            return Self::UnderWay;
        }
        let day = counted::day(found.map(|found| found.day), now);
        let so_far = found.filter(|found| found.day == day).map_or(0, |found| found.turns);
        let is_again = found.and_then(|found| found.refused.as_ref()).is_some_and(|refused| refused.about == about);
        let turns = match wish {
            Wish::Look => so_far,
            // Who waits is one who was counted.
            Wish::Settle if found.is_some_and(|found| found.place.is_some()) => so_far,
            // What was refused is tried again once in ten minutes at most, and whoever has it mended must get in then.
            Wish::Settle if is_again => so_far,
            Wish::Settle if so_far >= TURNS_PER_DAY => {
                let wanted = format!("{TURNS_PER_DAY} settlements a day");
                return Self::Refused(Failure::with(Fault::SettledTooOften, wanted, "one more"));
            }
            Wish::Settle => so_far + 1,
        };
        let (until, ttl) = (second + TURN_SECONDS, second + KEPT_SECONDS);
        let (is_counted, is_taken_over) = (turns > so_far, found.is_some_and(|found| found.until != 0));
        let (place, taken) = found.map_or((None, false), |found| (found.place, found.taken && found.place.is_some()));
        Self::Ours(TurnItem { attempt, until, day, turns, refused: None, place, taken, ttl, is_counted, is_taken_over })
    }
}

impl TurnItem {
    fn remembered(&self, about: &str, now: Timestamp) -> Option<Failure> {
        let counts = |refused: &&Refused| counted::is_ahead(refused.until, REMEMBERED_SECONDS, now);
        let refused = self.refused.as_ref().filter(|refused| refused.about == about).filter(counts)?;
        // A code of a later version's is asked for again.
        let fault = Fault::of_code(&refused.fault)?;
        let note = refused.note.as_deref().unwrap_or_default();
        Some(Failure::noted(fault, format!("as within the last ten minutes: {note}").trim_end_matches([':', ' '])))
    }

    /// The item of a turn that waits: it is over, and its person has a place. `is_taken`: the school has said that it has
    /// an account under their address.
    #[must_use]
    pub fn waiting(self, place: i64, is_taken: bool) -> Self {
        // Whose turn was taken over may still be calling, and nobody has waited for them yet.
        let until = i64::from(self.is_taken_over);
        Self { until, place: Some(place), taken: is_taken || self.taken, ..self }
    }

    /// The same, where nothing is left to be settled: another request has done so between what was read and the turn.
    #[must_use]
    pub fn unneeded(self) -> Self {
        Self { turns: self.turns - u32::from(self.is_counted), is_counted: false, ..self }
    }

    /// The item of a turn that is over. What the person, their provider or the school has to mend is remembered; what
    /// may be otherwise in a moment is not, and does not count.
    #[must_use]
    pub fn over(self, failure: Option<&Failure>, about: &str, now: Timestamp) -> Self {
        let Some(failure) = failure else { return Self { until: 0, place: None, ..self } };
        let face = failure.fault.face();
        if face.retryable || face.actor == Actor::OnCall {
            // These came after calls, and may come again each time.
            let is_spent = matches!(failure.fault, Fault::ThinkificAnswerStrange | Fault::DeadlineExceeded);
            let left = if is_spent { Self { place: None, ..self } } else { self.unneeded() };
            return Self { until: 0, ..left };
        }
        let refused = Refused {
            about: about.to_owned(),
            fault: failure.fault.code().to_owned(),
            note: failure.detail.got.clone(),
            until: now.as_second() + REMEMBERED_SECONDS,
        };
        Self { until: 0, refused: Some(refused), place: None, ..self }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_035_200 + second).unwrap()
    }

    fn attempt(byte: u8) -> Attempt {
        Attempt::from_bytes([byte; 16])
    }

    fn taken(found: Option<&TurnItem>, wish: Wish, second: i64) -> TurnItem {
        match Turn::take(found, wish, "mary", attempt(1), at(second)) {
            Turn::Ours(item) => item,
            other @ (Turn::UnderWay | Turn::Refused(_)) => panic!("{other:?}"),
        }
    }

    fn fault(turn: &Turn) -> Fault {
        let Turn::Refused(failure) = turn else { panic!("{turn:?}") };
        failure.fault
    }

    #[test]
    fn a_turn_is_one_request_s_until_it_says_so_or_has_not_for_long() {
        let first = taken(None, Wish::Settle, 0);
        for second in 0..TURN_SECONDS {
            let turn = Turn::take(Some(&first), Wish::Look, "mary", attempt(2), at(second));
            assert!(matches!(turn, Turn::UnderWay), "{second}");
        }
        let after = taken(Some(&first), Wish::Settle, TURN_SECONDS);
        assert_eq!((after.turns, after.is_taken_over), (2, true));
        let after = taken(Some(&first.over(None, "mary", at(0))), Wish::Settle, 0);
        assert_eq!((after.turns, after.is_taken_over), (2, false));
    }

    /// Whoever wrote it, by whichever clock: nobody waits longer than for a turn and what clocks are apart.
    #[test]
    fn a_turn_or_a_refusal_that_a_wrong_clock_has_written_ends_all_the_same() {
        for ahead in [61, 3600, 400 * DAY_SECONDS] {
            let theirs = taken(None, Wish::Settle, ahead);
            let after = taken(Some(&theirs), Wish::Settle, 0);
            assert!(after.is_taken_over, "{ahead}: a call may be under way");
            let bound = Failure::noted(Fault::AccountBound, "user 7 has another external id");
            let refused = theirs.over(Some(&bound), "mary", at(ahead));
            assert!(matches!(Turn::take(Some(&refused), Wish::Settle, "mary", attempt(2), at(0)), Turn::Ours(_)));
        }
    }

    #[test]
    fn a_clock_that_is_ahead_or_behind_gives_nobody_another_day_s_settlements() {
        let (behind, ahead) = (-DAY_SECONDS, DAY_SECONDS);
        for (first, then) in [(0, ahead), (ahead, 0), (0, behind), (behind, 0)] {
            let mut item: Option<TurnItem> = None;
            let mut settled = 0;
            for n in 0..8 * i64::from(TURNS_PER_DAY) {
                let second = if n % 2 == 0 { first } else { then };
                if let Turn::Ours(taken) = Turn::take(item.as_ref(), Wish::Settle, "mary", attempt(1), at(second)) {
                    item = Some(taken.over(None, "mary", at(second)));
                    settled += 1;
                }
            }
            // What was counted today before the clock that is ahead began its day.
            assert!(settled <= TURNS_PER_DAY + 1, "{first} and {then}: {settled}");
        }
    }

    #[test]
    fn a_turn_in_which_nothing_was_left_to_do_counts_for_nothing() {
        let first = taken(None, Wish::Settle, 0).over(None, "mary", at(0));
        assert_eq!(taken(Some(&first), Wish::Settle, 1).unneeded().over(None, "mary", at(1)).turns, 1);
        assert_eq!(taken(Some(&first), Wish::Look, 1).unneeded().over(None, "mary", at(1)).turns, 1);
        assert_eq!(taken(None, Wish::Settle, 0).unneeded().over(None, "mary", at(0)).turns, 0);
    }

    #[test]
    fn a_refusal_is_given_again_for_ten_minutes_and_for_the_same_alone() {
        let bound = Failure::noted(Fault::AccountBound, "user 7 has another external id");
        let item = taken(None, Wish::Settle, 0).over(Some(&bound), "mary", at(0));
        let again = |about: &str, second| Turn::take(Some(&item), Wish::Settle, about, attempt(2), at(second));
        for second in [0, 1, REMEMBERED_SECONDS - 1] {
            assert_eq!(fault(&again("mary", second)), Fault::AccountBound);
        }
        assert!(matches!(again("mary", REMEMBERED_SECONDS), Turn::Ours(_)));
        assert!(matches!(again("mary in another version", 1), Turn::Ours(_)));
        let later = TurnItem { refused: item.refused.clone().map(|it| Refused { fault: "new".into(), ..it }), ..item };
        assert!(matches!(Turn::take(Some(&later), Wish::Settle, "mary", attempt(2), at(1)), Turn::Ours(_)));
    }

    #[test]
    fn what_may_be_otherwise_in_a_moment_is_neither_remembered_nor_counted() {
        for failure in [Fault::ThinkificBusy, Fault::CallsSpent, Fault::StoreContended, Fault::PermissionMissing] {
            let item = taken(None, Wish::Settle, 0).over(Some(&failure.into()), "mary", at(0));
            assert_eq!((item.turns, item.until, item.refused), (0, 0, None), "{failure:?}");
        }
    }

    #[test]
    fn whoever_is_refused_the_same_all_day_gets_in_once_it_is_mended() {
        let bound = Failure::noted(Fault::AccountBound, "user 7 has another external id");
        let mut item = taken(None, Wish::Settle, 0).over(Some(&bound), "mary", at(0));
        for time in 1..=2 * i64::from(TURNS_PER_DAY) {
            item = taken(Some(&item), Wish::Settle, time * REMEMBERED_SECONDS);
            item = item.over(Some(&bound), "mary", at(time * REMEMBERED_SECONDS));
            assert_eq!(item.turns, 1, "{time}");
        }
    }

    #[test]
    fn what_came_after_calls_counts_and_what_did_not_count_is_taken_off_nothing() {
        for fault in [Fault::ThinkificAnswerStrange, Fault::DeadlineExceeded] {
            assert_eq!(taken(None, Wish::Settle, 0).over(Some(&fault.into()), "mary", at(0)).turns, 1);
        }
        let settled = taken(None, Wish::Settle, 0).over(None, "mary", at(0));
        let busy = Failure::from(Fault::ThinkificBusy);
        assert_eq!(taken(Some(&settled), Wish::Look, 1).over(Some(&busy), "mary", at(1)).turns, 1);
    }

    #[test]
    fn settlements_of_a_day_are_counted_and_looks_are_not() {
        let mut item = taken(None, Wish::Settle, 0).over(None, "mary", at(0));
        for _ in 1..TURNS_PER_DAY {
            item = taken(Some(&item), Wish::Settle, 0).over(None, "mary", at(0));
        }
        let turn = Turn::take(Some(&item), Wish::Settle, "mary", attempt(2), at(1));
        assert_eq!(fault(&turn), Fault::SettledTooOften);
        assert_eq!(taken(Some(&item), Wish::Look, 1).turns, TURNS_PER_DAY);
        assert_eq!(taken(Some(&item), Wish::Settle, DAY_SECONDS).turns, 1);
    }
}
