//! The cost of a Response, beside what no verifier can do without: one RSA-2048 verification, one SHA-256 of the
//! message, one parse of it. Measured are the whole path (base64 of the form field, which request it answers, verify) and
//! verify alone. The budget of the whole path is 1.5 times the floor, 1.65 with 200 groups, 1.75 where each has a type.
//!
//! Every part runs in the same process on the same bytes, taking turns, so the ratio holds on any machine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement may panic, and prints"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use stoa_benches::message::{Floor, Message, input, trust, whole_path};
use stoa_saml::verify;

const ROUNDS: usize = 2000;

fn time<T>(work: impl Fn() -> T) -> Duration {
    let start = Instant::now();
    drop(black_box(work()));
    start.elapsed()
}

/// Lower quartile, median and upper quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}

fn main() {
    let (trust, floor) = (trust(), Floor::new());
    println!("message, bytes: floor; whole path / floor, verify / floor: median (quartiles of {ROUNDS} rounds)");
    for message in Message::ALL {
        let (xml, field) = (message.xml(), message.field());
        let rounds: Vec<[f64; 3]> = (0..ROUNDS)
            .map(|_| {
                let whole = time(|| whole_path(&field, &trust).unwrap());
                let rsa = time(|| floor.rsa());
                let verify = time(|| verify(&input(xml.as_bytes(), &trust)).unwrap());
                let floor = rsa + time(|| Floor::sha(&xml)) + time(|| Floor::parse(&xml));
                [floor, whole, verify].map(|duration| duration.as_secs_f64())
            })
            .collect();
        let over = |at: usize| quartiles(rounds.iter().map(|round| round[at] / round[0]).collect());
        let ([a, whole, b], [c, verify, d]) = (over(1), over(2));
        let floor = quartiles(rounds.iter().map(|round| round[0] * 1e6).collect())[1];
        println!(
            "{message:?}, {}: {floor:.1} µs; {whole:.2} ({a:.2} to {b:.2}), {verify:.2} ({c:.2} to {d:.2})",
            xml.len()
        );
    }
}
