//! Bounded work: whatever is sent, twice as much of it takes about twice as long.
//!
//! Ratios of two sizes in one run, in processor time of this thread; no time is held against a clock.

use std::sync::LazyLock;
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::fixture::*;

/// Twice the size may take this much longer. A quadratic step takes four times as long.
const AT_MOST: f64 = 3.0;
/// How often each size is tried: the kernel counts in milliseconds.
const TRIES: usize = 5;

/// What this thread has used. Elsewhere than on Linux, what has passed.
pub fn used() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    // Brings the kernel's account up to date.
    thread::yield_now();
    let account = fs::read_to_string("/proc/thread-self/schedstat");
    match account.ok().and_then(|account| account.split(' ').next()?.parse().ok()) {
        Some(nanoseconds) => Duration::from_nanos(nanoseconds),
        None => START.elapsed(),
    }
}

fn time(xml: &str) -> f64 {
    let start = used();
    for _ in 0..TRIES {
        let _ = check(xml);
    }
    (used() - start).as_secs_f64()
}

/// Each shape near its bound, and at half of it.
#[track_caller]
fn linear(name: &str, full: usize, shape: impl Fn(usize) -> String) {
    let (half, whole) = (shape(full / 2), shape(full));
    assert!(whole.len() <= 512 * 1024, "{name}: too large to be looked at");
    // Below a millisecond each it is the allocator that is measured; what shares the caches may spoil a try.
    let ratio = || time(&whole) / time(&half).max(1e-3 * TRIES as f64);
    assert!((0..3).any(|_| ratio() < AT_MOST), "{name}: twice as much takes more than {AT_MOST} times as long");
}

/// Puts `content` where anything may stand, and signs nothing: it must be cheap to say no.
fn extended(content: &str) -> String {
    good().replacen("<samlp:Status>", &format!("<samlp:Extensions>{content}</samlp:Extensions><samlp:Status>"), 1)
}

#[test]
fn c008_attributes_beyond_the_bound() {
    linear("attributes", 40_000, |n| {
        let all: String = (0..n).map(|n| format!(" a{n}=''")).collect();
        format!("<a{all}/>")
    });
    linear("declarations", 20_000, |n| {
        let all: String = (0..n).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
        format!("<a{all}/>")
    });
}

#[test]
fn c007_nested_beyond_the_bound() {
    linear("depth", 60_000, |n| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n)));
    linear("unclosed", 100_000, |n| "<a>".repeat(n));
    linear("never opened", 100_000, |n| "</a>".repeat(n));
}

#[test]
fn bulk_within_the_bounds() {
    linear("elements", 19_000, |n| extended(&"<b/>".repeat(n)));
    linear("identifiers", 19_000, |n| {
        let all: String = (0..n).map(|n| format!("<b ID='i{n}'/>")).collect();
        extended(&all)
    });
    linear("long identifiers", 400, |n| {
        let all: String = (0..n).map(|n| format!("<b ID='{}{n}'/>", "x".repeat(1000))).collect();
        extended(&all)
    });
    linear("comments", 19_000, |n| extended(&"<!-- -->".repeat(n)));
    linear("sections", 19_000, |n| extended(&"<![CDATA[x]]>".repeat(n)));
    linear("references", 70_000, |n| extended(&"&#65;".repeat(n)));
    linear("line ends", 200_000, |n| extended(&"\r\n".repeat(n)));
    linear("text", 450_000, |n| extended(&"x".repeat(n)));
    linear("namespaces", 2_000, |n| {
        let names: String = (0..50).map(|n| format!(" xmlns:a{n}='urn:{n}'")).collect();
        let uses: String = (0..50).map(|n| format!("<a{n}:b a{n}:c=''/>")).collect();
        extended(&format!("<x{names}>{}</x>", uses.repeat(n / 100)))
    });
}

/// While an identity provider rolls its keys over, only the first message is tried with each.
#[test]
fn the_key_that_verified_last_is_tried_first() {
    let xml = good();
    let mut keys = vec!["idp-next"; 19];
    keys.push("idp-current");
    let verifier = Verifier::trusting(&keys);
    let time = |verify: &dyn Fn()| {
        let start = used();
        (0..20).for_each(|_| verify());
        (used() - start).as_secs_f64()
    };
    let ratio = || {
        let fresh: Vec<_> = (0..20).map(|_| Verifier::trusting(&keys)).collect();
        let mut next = fresh.iter();
        let fresh = std::cell::RefCell::new(&mut next);
        let first = time(&|| drop(fresh.borrow_mut().next().unwrap().verify(&xml).unwrap()));
        first / time(&|| drop(verifier.verify(&xml).unwrap()))
    };
    verifier.verify(&xml).unwrap();
    assert!((0..3).any(|_| ratio() > 1.5), "the last of twenty keys costs as much as ever");
}

#[test]
fn c051_long_signature_values() {
    linear("signature value", 400_000, |n| {
        good().replacen("<ds:SignatureValue>", &format!("<ds:SignatureValue>{}", "A".repeat(n / 4 * 4)), 1)
    });
    linear("broken into lines", 100_000, |n| {
        good().replacen("<ds:SignatureValue>", &format!("<ds:SignatureValue>{}", "AAAA\n".repeat(n / 4)), 1)
    });
    linear("prefixes", 100_000, |n| {
        let list = format!(
            "<i:InclusiveNamespaces xmlns:i='http://www.w3.org/2001/10/xml-exc-c14n#' PrefixList='{}'/>",
            "p ".repeat(n)
        );
        let method = "</ds:CanonicalizationMethod>";
        good().replacen(method, &format!("{list}{method}"), 1)
    });
}
