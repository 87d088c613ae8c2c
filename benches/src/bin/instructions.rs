//! The three functions of a Response's path, once each, for a tool that counts their instructions:
//! `infra/count_instructions.py` runs this under callgrind.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement may panic")]

use stoa_benches::message::{Message, input, trust};
use stoa_saml::{ResponseInput, VerifiedResponse, decode_post_binding, unverified_in_response_to, verify};

/// What is counted, each until the next one begins.
#[inline(never)]
fn counted_decode_post_binding(field: &str) -> Vec<u8> {
    decode_post_binding(field).unwrap()
}

#[inline(never)]
fn counted_unverified_in_response_to(xml: &[u8]) -> String {
    unverified_in_response_to(xml).unwrap()
}

#[inline(never)]
fn counted_verify(input: &ResponseInput<'_>) -> VerifiedResponse {
    verify(input).unwrap()
}

#[inline(never)]
fn counted_end(person: &str) -> bool {
    person == "m.muster@acme.example"
}

fn main() {
    let message = std::env::args().nth(1).unwrap_or_default();
    let message = Message::ALL.into_iter().find(|known| format!("{known:?}") == message).expect("a message's name");
    let (field, trust) = (message.field(), trust());
    // What is done once in a process is done before: choosing instructions, setting up the library.
    let xml = decode_post_binding(&field).unwrap();
    assert!(unverified_in_response_to(&xml).is_some() && verify(&input(&xml, &trust)).is_ok());

    let xml = counted_decode_post_binding(&field);
    assert_eq!(counted_unverified_in_response_to(&xml), "_1");
    let verified = counted_verify(&input(&xml, &trust));
    assert!(counted_end(&verified.name_id().unwrap().value));
}
