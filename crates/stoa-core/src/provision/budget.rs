//! How many of a school's calls the provisioner may make.

use crate::turn::{CALLS_PER_MINUTE, CALLS_RESERVED};

/// Calls at once. The school takes ten, and logins make some.
pub const CALLS_AT_ONCE: usize = 8;
/// Calls that may be made as soon as the minute begins.
const BURST: u32 = 20;
/// The second of the minute from which on all of them may be made: a run that begins with the minute works for forty.
const ALL_AFTER: u32 = 36;

/// How many calls of a minute may be made by its so many first seconds, of everybody together, so that the provisioner
/// may make one more. Never the last ones: those are the logins'.
///
/// They are spread over the minute, since whether the school counts from one full minute to the next or over any sixty
/// seconds is not documented. Whoever works without a pause makes no more in any sixty seconds than the school takes; a
/// run that begins late in a minute may, and then the school's 429 ends it.
pub fn allowance(seconds: u32) -> u32 {
    let most = CALLS_PER_MINUTE - CALLS_RESERVED;
    (BURST + (most - BURST) * seconds.min(59) / ALL_AFTER).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spread_and_none_of_the_logins_is_spent() {
        let most = CALLS_PER_MINUTE - CALLS_RESERVED;
        assert_eq!((allowance(0), allowance(59), allowance(1000)), (BURST, most, most));
        assert!((1..60).all(|second| allowance(second) >= allowance(second - 1)));
        // Two minutes in a row, each second as much as is allowed: no sixty seconds hold more than the school takes.
        let made = |second: u32| second / 60 * most + allowance(second % 60);
        let spent = |from: u32| made(from + 59) - if from == 0 { 0 } else { made(from - 1) };
        assert!((0..=120).all(|from| spent(from) <= CALLS_PER_MINUTE), "{:?}", (0..=120).map(spent).max());
    }
}
