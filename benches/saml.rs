//! The parts of a Response's path, and of its floor, each by itself. How they compare: `src/bin/ratios.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use divan::Bencher;
use stoa_benches::message::{Floor, Message, input, trust};
use stoa_saml::{decode_post_binding, unverified_in_response_to, verify};

#[divan::bench(args = Message::ALL)]
fn decode_field(bencher: Bencher<'_, '_>, message: Message) {
    let field = message.field();
    bencher.bench(|| decode_post_binding(black_box(&field)).unwrap());
}

#[divan::bench(args = Message::ALL)]
fn find_pending_request(bencher: Bencher<'_, '_>, message: Message) {
    let xml = message.xml();
    bencher.bench(|| unverified_in_response_to(black_box(xml.as_bytes())).unwrap());
}

#[divan::bench(args = Message::ALL)]
fn verify_response(bencher: Bencher<'_, '_>, message: Message) {
    let (xml, trust) = (message.xml(), trust());
    bencher.bench(|| verify(&input(black_box(xml.as_bytes()), &trust)).unwrap());
}

#[divan::bench]
fn floor_rsa_2048(bencher: Bencher<'_, '_>) {
    let floor = Floor::new();
    bencher.bench(|| black_box(&floor).rsa());
}

#[divan::bench(args = Message::ALL)]
fn floor_sha_256(bencher: Bencher<'_, '_>, message: Message) {
    let xml = message.xml();
    bencher.bench(|| Floor::sha(black_box(&xml)));
}

#[divan::bench(args = Message::ALL)]
fn floor_parse(bencher: Bencher<'_, '_>, message: Message) {
    let xml = message.xml();
    bencher.bench(|| Floor::parse(black_box(&xml)));
}

fn main() {
    divan::main();
}
