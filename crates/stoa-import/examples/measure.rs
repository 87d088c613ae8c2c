//! `cargo run --release -p stoa-import --example measure -- 100000`: rows a second, and the most memory that was held.
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::time::Instant;

use stoa_import::{Import, Mapping, Row};

fn main() {
    let rows: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    #[allow(clippy::disallowed_methods, reason = "a measurement takes time")]
    let began = Instant::now();
    let mut import = Import::new(Mapping::default(), vec!["acme.com".to_owned()]);
    let (mut people, mut refused) = (0_u32, 0_u32);
    let mut count = |row: Row| match row {
        Row::Person { .. } => people += 1,
        Row::Rejected(_) => refused += 1,
    };
    let mut outcome = import.feed(b"Employee ID;First Name;Last Name;Work Email;Department;Status\r\n", &mut count);
    let mut piece = Vec::new();
    for row in 0..rows {
        piece.extend(
            format!("{row:08};Ada{row};Example;ada.example.{row}@acme.com;Plant {};Active\r\n", row % 97).bytes(),
        );
        if piece.len() > 60_000 {
            outcome = outcome.and_then(|()| import.feed(&piece, &mut count));
            piece.clear();
        }
    }
    let outcome = outcome.and_then(|()| import.feed(&piece, &mut count)).and_then(|()| import.end(&mut count));
    let seconds = began.elapsed().as_secs_f64();
    #[allow(clippy::disallowed_methods, reason = "the kernel says how much memory it was")]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!("{people} people, {refused} refused, {:.0} rows a second, {memory}", f64::from(rows) / seconds);
    if let Err(error) = outcome {
        println!("{error}");
    }
}
