//! `docs/security.md` part C, times (95–100): each bound at its edge and one second to either side.

use jiff::{SignedDuration, Timestamp};
use stoa_saml::idp::{AssertionTemplate, ResponseTemplate, SignWhat};
use stoa_saml::{Freshness, RefusalCode as R, Skew};

use crate::fixture::*;

fn at(seconds: i64) -> String {
    (now() + SignedDuration::from_secs(seconds)).to_string()
}

/// Writes the time that lies `seconds` from now with `set`, and holds the answer against `expected`.
#[track_caller]
fn edge(set: impl Fn(&mut ResponseTemplate, String), skew: u16, seconds: i64, expected: Option<R>) {
    let mut template = template();
    set(&mut template, at(seconds));
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.skew = Skew::from_seconds(skew).unwrap();
    for sign in [SignWhat::Response, SignWhat::Assertion] {
        let code = verifier.verify(issue(&template, sign)).err().map(|refusal| refusal.code);
        assert_eq!(code, expected, "skew {skew}, {seconds} s");
    }
}

/// A bound that ends: it holds until `skew` after it, and not at that moment.
#[track_caller]
fn ends(set: impl Fn(&mut ResponseTemplate, String) + Copy, code: R) {
    for skew in [0, 120, 300] {
        let s = i64::from(skew);
        for (seconds, expected) in
            [(-s - 1, Some(code)), (-s, Some(code)), (-s + 1, None), (s + 1, None), (0, (s == 0).then_some(code))]
        {
            edge(set, skew, seconds, expected);
        }
    }
}

/// A bound that begins: it holds from `skew` before it, that moment included.
#[track_caller]
fn begins(set: impl Fn(&mut ResponseTemplate, String) + Copy, code: R) {
    for skew in [0, 120, 300] {
        let s = i64::from(skew);
        for (seconds, expected) in [(-s - 1, None), (-s, None), (0, None), (s, None), (s + 1, Some(code))] {
            edge(set, skew, seconds, expected);
        }
    }
}

fn first(template: &mut ResponseTemplate) -> &mut AssertionTemplate {
    &mut template.assertions[0]
}

#[test]
fn c095_no_skew_above_five_minutes() {
    assert!(Skew::from_seconds(300).is_ok());
    assert!(Skew::from_seconds(301).is_err());
    assert_eq!(Skew::default().seconds(), 120);
}

#[test]
fn c095_not_on_or_after() {
    ends(|template, time| first(template).not_on_or_after = Some(time), R::Expired);
}

#[test]
fn c095_confirmation_not_on_or_after() {
    ends(|template, time| first(template).confirmations[0].not_on_or_after = Some(time), R::ConfirmationExpired);
}

#[test]
fn c096_not_before() {
    begins(|template, time| first(template).not_before = Some(time), R::NotYetValid);
}

#[test]
fn c097_confirmation_without_end_or_with_a_beginning() {
    let mut unbounded = template();
    first(&mut unbounded).confirmations[0].not_on_or_after = None;
    refused(issue(&unbounded, SignWhat::Response), R::ConfirmationUnbounded);
    let mut beginning = template();
    first(&mut beginning).confirmations[0].not_before = Some(at(-60));
    refused(issue(&beginning, SignWhat::Response), R::ConfirmationNotBefore);
}

#[test]
fn c098_session_not_on_or_after() {
    ends(|template, time| first(template).session_not_on_or_after = Some(time), R::SessionExpired);
}

/// An hour, and what the clocks may differ.
#[test]
fn c099_issued_hours_away() {
    let assertion = |template: &mut ResponseTemplate, time| first(template).issue_instant = time;
    let response = |template: &mut ResponseTemplate, time| template.issue_instant = time;
    begins(assertion, R::IssuedInFuture);
    begins(response, R::IssuedInFuture);
    for (seconds, expected) in
        [(-3600 - 119, None), (-3600 - 120, Some(R::IssuedTooLongAgo)), (-36_000, Some(R::IssuedTooLongAgo))]
    {
        edge(assertion, 120, seconds, expected);
        edge(response, 120, seconds, expected);
    }
}

#[test]
fn c099_authenticated_in_the_future() {
    begins(|template, time| first(template).authn_instant = Some(time), R::IssuedInFuture);
}

/// In every place where a time is read.
#[test]
fn c100_what_is_no_time() {
    let places: [fn(&mut ResponseTemplate, String); 7] = [
        |template, time| template.issue_instant = time,
        |template, time| first(template).issue_instant = time,
        |template, time| first(template).not_before = Some(time),
        |template, time| first(template).not_on_or_after = Some(time),
        |template, time| first(template).confirmations[0].not_on_or_after = Some(time),
        |template, time| first(template).authn_instant = Some(time),
        |template, time| first(template).session_not_on_or_after = Some(time),
    ];
    for place in places {
        for text in [
            "",
            "Z",
            "2026-11-20T12:00:00",
            "2026-11-20T12:00:00z",
            "2026-11-20t12:00:00Z",
            "2026-11-20 12:00:00Z",
            "2026-11-20T12:00:00+00:00",
            "2026-11-20T12:00:00Z ",
            " 2026-11-20T12:00:00Z",
            "2026-11-20T12:00Z",
            "2026-11-20",
            "20261120T120000Z",
            "2026-11-20T12:00:60Z",
            "2026-11-20T24:00:00Z",
            "2026-11-31T12:00:00Z",
            "2026-02-29T12:00:00Z",
            "2026-00-20T12:00:00Z",
            "2026-11-20T12:00:00.Z",
            "2026-11-20T12:00:00.1.2Z",
            "2026-11-20T12:00:00,5Z",
            "2026-11-20T12:00:00.-5Z",
            "2026-11-20T12:0+:00Z",
            "-026-11-20T12:00:00Z",
            "0000-01-01T00:00:00Z",
            "9999-02-29T12:00:00Z",
            "9999-12-31T24:00:00Z",
            "12026-11-20T12:00:00Z",
            "99999999999999999999-01-01T00:00:00Z",
            "\u{662}\u{660}26-11-20T12:00Z",
            "2026-11-20T12:00:0\u{e9}Z",
            "1763640000",
            "now",
        ] {
            let mut template = template();
            place(&mut template, text.to_owned());
            refused(issue(&template, SignWhat::Response), R::TimestampInvalid);
        }
    }
}

/// What products write for "always" and "never" lies before and after every other time: in each place it says what a time
/// there says.
#[test]
fn c100_the_ends_of_the_calendar() {
    let long_ago = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.0000000Z", "1969-12-31T23:59:59Z"];
    let far_off = ["2200-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.9999999Z"];
    type Place = fn(&mut ResponseTemplate, String);
    let places: [(Place, Option<R>, Option<R>); 7] = [
        (|template, time| template.issue_instant = time, Some(R::IssuedTooLongAgo), Some(R::IssuedInFuture)),
        (|template, time| first(template).issue_instant = time, Some(R::IssuedTooLongAgo), Some(R::IssuedInFuture)),
        (|template, time| first(template).not_before = Some(time), None, Some(R::NotYetValid)),
        (|template, time| first(template).not_on_or_after = Some(time), Some(R::Expired), None),
        (
            |template, time| first(template).confirmations[0].not_on_or_after = Some(time),
            Some(R::ConfirmationExpired),
            None,
        ),
        (|template, time| first(template).authn_instant = Some(time), None, Some(R::IssuedInFuture)),
        (|template, time| first(template).session_not_on_or_after = Some(time), Some(R::SessionExpired), None),
    ];
    for (place, before, after) in places {
        for (times, wanted) in [(long_ago, before), (far_off, after)] {
            for text in times {
                let mut template = template();
                place(&mut template, text.to_owned());
                let code = check(issue(&template, SignWhat::Response)).err().map(|refusal| refusal.code);
                assert_eq!(code, wanted, "{text}");
            }
        }
    }
    // Where a fresh authentication is demanded, one of long ago is none.
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.freshness = Freshness::AuthenticatedSince(now());
    let mut template = template();
    first(&mut template).authn_instant = Some(long_ago[0].to_owned());
    assert_eq!(verifier.verify(issue(&template, SignWhat::Response)).unwrap_err().code, R::AuthenticationStale);
}

/// The clock itself may stand anywhere.
#[test]
fn c100_any_now() {
    let mut verifier = Verifier::trusting(&["idp-current"]);
    for (now, code) in [(Timestamp::MIN, R::IssuedInFuture), (Timestamp::MAX, R::IssuedTooLongAgo)] {
        verifier.now = now;
        assert_eq!(verifier.verify(good()).unwrap_err().code, code);
    }
    // The last year a message may speak of, and everything that is added to its times.
    verifier.now = "2199-12-31T23:59:59Z".parse().unwrap();
    let text = verifier.now.to_string();
    let xml = template().to_xml();
    let late = xml
        .replace("2026-11-20T11:55:00.000Z", &text)
        .replace("2026-11-20T12:00:00.000Z", &text)
        .replace("2026-11-20T12:05:00.000Z", &text);
    assert!(verifier.verify(sign(&late, "R-1")).is_ok());
}

/// An Assertion is remembered for at least as long as it could pass again, with the largest skew there is.
#[test]
fn c106_replay_is_remembered_as_long_as_it_would_pass() {
    let mut template = template();
    first(&mut template).not_on_or_after = Some(at(86_400));
    first(&mut template).confirmations[0].not_on_or_after = Some(at(86_400));
    let xml = issue(&template, SignWhat::Assertion);
    let until = check(&xml).unwrap().replay_until();
    let mut verifier = Verifier::trusting(&["idp-current"]);
    verifier.skew = Skew::from_seconds(Skew::MAX_SECONDS).unwrap();
    verifier.now = until - SignedDuration::from_secs(1);
    assert!(verifier.verify(fresh_response(&xml, verifier.now)).is_ok());
    verifier.now = until;
    assert!(verifier.verify(fresh_response(&xml, verifier.now)).is_err());
}

/// The same signed Assertion in a new, unsigned Response.
fn fresh_response(xml: &str, now: Timestamp) -> String {
    xml.replacen("IssueInstant=\"2026-11-20T12:00:00.000Z\"", &format!("IssueInstant=\"{now}\""), 1)
}
