//! How many of a school's calls the provisioner may make.

use crate::turn::{CALLS_PER_MINUTE, CALLS_RESERVED, PreviousMinute};

/// Calls at once. The school takes ten, and logins make some.
pub const CALLS_AT_ONCE: usize = 8;
/// Calls that may be made as soon as the minute begins.
const BURST: u32 = 20;
/// The second of the minute from which on all of them may be made: a run that begins with the minute works for forty.
const ALL_AFTER: u32 = 36;

/// How many calls of a minute may be made by its so many first seconds, of everybody together, so that the provisioner
/// may make one more. Never the last ones: those are the logins'.
///
/// They are spread over the minute, and fewer while there are many of the previous minute within the last sixty seconds.
pub fn allowance(seconds: u32, previous: &PreviousMinute) -> u32 {
    let most = CALLS_PER_MINUTE - CALLS_RESERVED;
    (BURST + (most - BURST) * seconds.min(59) / ALL_AFTER).min(most.saturating_sub(previous.since(seconds)))
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_spread_and_none_of_the_logins_is_spent() {
        let most = CALLS_PER_MINUTE - CALLS_RESERVED;
        let none = PreviousMinute::default();
        let of = |seconds| allowance(seconds, &none);
        assert_eq!((of(0), of(59), of(1000)), (BURST, most, most));
        assert!((1..60).all(|second| of(second) >= of(second - 1)));
    }

    /// Runs that begin at each second of the minute and work for forty seconds, minute after minute, each as fast as it may.
    #[test]
    fn no_sixty_seconds_hold_more_calls_than_are_the_provisioner_s_and_few_are_given_away() {
        const MINUTES: u32 = 63;
        let most = CALLS_PER_MINUTE - CALLS_RESERVED;
        for begins in 0..60 {
            let mut made = vec![0; (60 * MINUTES) as usize];
            for second in begins..60 * MINUTES {
                if (second - begins) % 60 >= 40 {
                    continue;
                }
                let first = (second / 60 * 60) as usize;
                let previous = PreviousMinute::of(first.checked_sub(60).map_or(&[][..], |before| &made[before..first]));
                let so_far: u32 = made[first..].iter().sum();
                made[second as usize] = allowance(second % 60, &previous).saturating_sub(so_far);
            }
            assert!(made.windows(60).all(|window| window.iter().sum::<u32>() <= most), "{begins}");
            // Without the first two minutes and the last one, which begin and end somewhere.
            let steady: u32 = made[120..(60 * (MINUTES - 1)) as usize].iter().sum();
            assert!(steady >= most * (MINUTES - 3) * 95 / 100, "{begins}: {steady} of {}", most * (MINUTES - 3));
        }
    }
}
