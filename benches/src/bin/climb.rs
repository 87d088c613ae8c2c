//! Climbs towards the slowest input, and the largest in memory, under each limit: `cargo run --release -p stoa-benches
//! --bin climb [STEPS]`. From random shapes and from those that were the worst before, one or two numbers change, and
//! what costs more is kept. Time is the processor's for this thread; memory is the most that a process of its own has
//! taken, with nothing but the input in it. Same seed, same shapes; the costs are the machine's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement may panic, and prints"
)]

use std::process::{Command, ExitCode};
use std::{env, fs, thread};

use stoa_benches::hostile::{GENES, Limit, RANGES, Shape};

/// The shapes that were the worst of their kind: pairs of attributes by long names, listed prefixes, own namespaces,
/// bulk.
const SEEDS: [[u32; GENES]; 6] = [
    [61, 12, 0, 0, 0, 61, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8],
    [2, 14, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8],
    [55, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 8],
    [8, 4, 0, 2, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 8, 0, 8],
    [8, 4, 0, 0, 0, 1, 2, 0, 5, 0, 1, 3, 2, 1, 0, 8, 1, 8],
    [1, 4, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8],
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [mode, limit, file] = &arguments[..] {
        assert_eq!(mode, "peak");
        println!("{}", peak(named(limit), file));
        return ExitCode::SUCCESS;
    }
    let steps = arguments.first().map_or(300, |steps| steps.parse().expect("a number of steps"));
    let mut is_over = false;
    for limit in Limit::ALL {
        let (shape, seconds) = climb(limit, steps, |xml| seconds(limit, xml));
        is_over |= seconds > 0.050;
        report(limit, &shape, &format!("{:.1} ms", seconds * 1e3));
        let (shape, kilobytes) = climb(limit, steps, |xml| kilobytes(limit, xml));
        is_over |= kilobytes > 16.0 * 1024.0;
        report(limit, &shape, &format!("{:.1} MB", kilobytes / 1024.0));
    }
    if is_over { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn named(name: &str) -> Limit {
    Limit::ALL.into_iter().find(|limit| format!("{limit:?}") == name).expect("a limit's name")
}

fn report(limit: Limit, shape: &Shape, cost: &str) {
    let xml = shape.xml(limit);
    let refusal = limit.read(&xml).unwrap_or_else(|| "accepted".to_owned());
    println!("{limit:?}: {cost}, {} bytes, {refusal}; shape {shape}", xml.len());
    for ((name, _), number) in RANGES.iter().zip(shape.0).filter(|(_, number)| *number > 0) {
        println!("    {name}: {number}");
    }
}

fn climb(limit: Limit, steps: usize, cost: impl Fn(&[u8]) -> f64) -> (Shape, f64) {
    let mut dice = Dice(0x5eed);
    let mut worst = (Shape(SEEDS[0]), 0.0);
    // Half of the steps find a good start, the other half climb from the best three.
    let mut starts: Vec<(Shape, f64)> = SEEDS.map(Shape).into_iter().map(|s| (s, cost(&s.xml(limit)))).collect();
    for _ in 0..steps / 4 {
        let shape = Shape(RANGES.map(|(_, most)| dice.below(most + 1)));
        starts.push((shape, cost(&shape.xml(limit))));
    }
    starts.sort_by(|a, b| b.1.total_cmp(&a.1));
    for mut here in starts.into_iter().take(3) {
        for _ in 0..steps / 4 {
            let mut next = here.0;
            for _ in 0..=dice.below(2) {
                let gene = dice.below(GENES as u32) as usize;
                let most = RANGES[gene].1;
                next.0[gene] = match dice.below(3) {
                    0 => dice.below(most + 1),
                    1 => (next.0[gene] + 1).min(most),
                    _ => next.0[gene].saturating_sub(1),
                };
            }
            let found = cost(&next.xml(limit));
            if found > here.1 {
                here = (next, found);
            }
        }
        if here.1 > worst.1 {
            worst = here;
        }
    }
    worst
}

/// A linear congruence: the search is the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(end)) as u32
    }
}

/// What this thread has used, in seconds.
fn used() -> f64 {
    // Brings the kernel's account up to date.
    thread::yield_now();
    let account = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    account.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

/// The best of three.
fn seconds(limit: Limit, xml: &[u8]) -> f64 {
    let once = || {
        let start = used();
        let _ = limit.read(xml);
        used() - start
    };
    (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// What reading it adds to a process that holds the input and nothing else.
fn kilobytes(limit: Limit, xml: &[u8]) -> f64 {
    let file = env::temp_dir().join(format!("stoa-climb-{}", std::process::id()));
    fs::write(&file, xml).unwrap();
    let this = env::current_exe().unwrap();
    let output = Command::new(this).arg("peak").arg(format!("{limit:?}")).arg(&file).output().unwrap();
    fs::remove_file(&file).unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn peak(limit: Limit, file: &str) -> f64 {
    let xml = fs::read(file).unwrap();
    // Loads what is loaded once.
    let _ = limit.read(b"<a/>");
    let before = resident("VmRSS:");
    let _ = limit.read(&xml);
    resident("VmHWM:") - before
}

fn resident(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
