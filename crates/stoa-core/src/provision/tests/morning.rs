//! A big first import, by a simulated clock: how much of the school's minute is used, and how soon a leaver is out.
//!
//! What stands for the function is as simple as it can be, with its own rules: a run each minute that begins nothing
//! after forty seconds, sixteen people of a look, removals first, eight calls at once, calls drawn as [`allowance`]
//! says. A call takes a third of a second.

use std::collections::VecDeque;

use crate::provision::{CALLS_AT_ONCE, allowance};
use crate::turn::{CALLS_PER_MINUTE, CALLS_RESERVED, PreviousMinute};

const TICK_MS: u64 = 100;
const CALL_MS: u64 = 300;
const LOOK: usize = 16;
const WORKS_MS: u64 = 40_000;
const JOINER_CALLS: u32 = 4;
const LEAVER_CALLS: u32 = 2;

struct Simulated {
    /// When each call began, in milliseconds.
    calls: Vec<u64>,
    /// How long the leaver waited, in milliseconds.
    leaver_out: Option<u64>,
    joined: u32,
}

/// `offset`: the second of the minute at which the clock starts a run. The leaver leaves at `leaves`.
fn simulate(joiners: u32, offset: u64, leaves: u64, end: u64) -> Simulated {
    let mut simulated = Simulated { calls: Vec::new(), leaver_out: None, joined: 0 };
    let (mut left, mut has_left) = (joiners, false);
    let (mut spent, mut previous) = ((0_u64, 0_u32), PreviousMinute::default());
    // Of the look that is worked on: calls that are left of each person, and whether it is the leaver.
    let mut look: VecDeque<(u32, bool)> = VecDeque::new();
    let mut under_way: Vec<(u64, u32, bool)> = Vec::new();
    for now in (0..end).step_by(usize::try_from(TICK_MS).unwrap()) {
        let (minute, second) = (now / 60_000, now / 1000 % 60);
        if spent.0 != minute {
            spent = (minute, 0);
            let of = |second: u64| {
                let from = (minute * 60 + second - 60) * 1000;
                simulated.calls.iter().filter(|at| (from..from + 1000).contains(*at)).count()
            };
            previous =
                PreviousMinute::of(&(0..60).map(|second| u32::try_from(of(second)).unwrap()).collect::<Vec<_>>());
        }
        let since_run = (now + 60_000 - offset * 1000) % 60_000;
        for place in (0..under_way.len()).rev() {
            let (until, more, leaver) = under_way[place];
            if until > now {
                continue;
            }
            under_way.swap_remove(place);
            match (more, leaver) {
                (0, true) => simulated.leaver_out = Some(now - leaves),
                (0, false) => simulated.joined += 1,
                (more, leaver) => look.push_front((more, leaver)),
            }
        }
        if look.is_empty() && under_way.is_empty() && since_run < WORKS_MS {
            if now >= leaves && !has_left {
                has_left = true;
                look.push_back((LEAVER_CALLS, true));
            } else {
                let taken = left.min(u32::try_from(LOOK).unwrap());
                left -= taken;
                look.extend((0..taken).map(|_| (JOINER_CALLS, false)));
            }
        }
        while under_way.len() < CALLS_AT_ONCE
            && spent.1 < allowance(u32::try_from(second).unwrap(), &previous)
            && let Some((more, leaver)) = look.pop_front()
        {
            spent.1 += 1;
            simulated.calls.push(now);
            under_way.push((now + CALL_MS, more - 1, leaver));
        }
    }
    simulated
}

#[test]
fn a_leaver_behind_ten_thousand_joiners_is_out_within_two_minutes_whenever_they_leave() {
    for offset in [0, 7, 23, 41, 59] {
        for leaves in (300_000..420_000).step_by(7_300) {
            let waited = simulate(10_000, offset, leaves, leaves + 200_000).leaver_out.unwrap();
            assert!(waited <= 120_000, "{waited} ms with runs at {offset} s");
        }
    }
}

#[test]
fn a_backlog_uses_what_is_allowed_of_each_minute() {
    const MINUTES: u32 = 30;
    for offset in [0, 7, 23, 41, 59] {
        let simulated = simulate(10_000, offset, u64::MAX, u64::from(MINUTES) * 60_000);
        let allowed = (CALLS_PER_MINUTE - CALLS_RESERVED) * MINUTES;
        let made = u32::try_from(simulated.calls.len()).unwrap();
        println!("runs at {offset} s: {made} of {allowed} calls, {} people in {MINUTES} min", simulated.joined);
        assert!(made * 100 >= allowed * 95, "{made} of {allowed} with runs at {offset} s");
    }
}
