//! The rules over metadata, one look after another.

use stoa_saml::metadata::SsoEndpoint;

use super::*;

/// 2026-11-23T00:00:00Z
const START: i64 = 1_795_392_000;
const HOUR: i64 = 3600;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(START + hours * HOUR).unwrap()
}

/// A certificate that ends so many days after the start.
fn certificate(days: i64) -> Certificate {
    certificate_of("an identity provider", days)
}

fn certificate_of(name: &str, days: i64) -> Certificate {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    // In steps of its own type: the start and some days.
    let (year, month, day) = date(days);
    params.not_after = rcgen::date_time_ymd(year, month, day);
    Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap()
}

fn date(days: i64) -> (i32, u8, u8) {
    let date = at(days * 24).to_zoned(jiff::tz::TimeZone::UTC).date();
    (date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
}

fn idp() -> IdpDocument {
    let sso = |path: &str| Some(format!("https://idp.example/{path}"));
    IdpDocument { entity_id: "https://idp.example".into(), sso_redirect: sso("redirect"), sso_post: sso("post") }
}

fn metadata(keys: &[&Certificate]) -> IdpMetadata {
    let endpoint = |binding, path: &str| SsoEndpoint { binding, location: format!("https://idp.example/{path}") };
    IdpMetadata {
        entity_id: "https://idp.example".into(),
        sso: vec![endpoint(Binding::Redirect, "redirect"), endpoint(Binding::Post, "post")],
        signing: keys.iter().map(|key| (*key).clone()).collect(),
        left_out: Vec::new(),
        valid_until: None,
        wants_signed_requests: false,
        name_id_formats: Vec::new(),
    }
}

/// A connection over time.
struct Story {
    idp: IdpDocument,
    keys: Vec<TrustedKey>,
    watch: Watch,
}

impl Story {
    fn believing(keys: &[&Certificate]) -> Self {
        Self { idp: idp(), keys: keys.iter().map(|key| believed(key, false)).collect(), watch: Watch::default() }
    }

    /// One look; what happened.
    fn look(&mut self, hours: i64, reading: Reading) -> Vec<(&'static str, Option<u16>)> {
        let decision = decide(Believed { idp: &self.idp, keys: &self.keys }, self.watch.clone(), reading, at(hours));
        self.keys.retain(|key| !decision.drop.contains(&key.fingerprint));
        self.keys.extend(decision.trust.iter().map(|key| believed(key, false)));
        self.watch = decision.watch;
        decision.events.iter().map(|event| (event.kind.code(), event.days)).collect()
    }

    fn sees(&mut self, hours: i64, keys: &[&Certificate]) -> Vec<&'static str> {
        codes(self.look(hours, Reading::Metadata(Box::new(metadata(keys)), false)))
    }

    fn trusts(&self, key: &Certificate) -> bool {
        self.keys.iter().any(|trusted| trusted.fingerprint == key.fingerprint())
    }
}

fn believed(key: &Certificate, is_kept: bool) -> TrustedKey {
    TrustedKey { fingerprint: key.fingerprint().to_owned(), not_after: key.not_after(), is_kept }
}

/// Signed by a pinned certificate, and good for a day more.
fn signed(hours: i64, keys: &[&Certificate]) -> Reading {
    let valid_until = Some(at(hours + 24));
    Reading::Metadata(Box::new(IdpMetadata { valid_until, ..metadata(keys) }), true)
}

fn codes(events: Vec<(&'static str, Option<u16>)>) -> Vec<&'static str> {
    events.into_iter().map(|(code, _)| code).collect()
}

#[test]
fn a_key_is_trusted_after_three_days_in_every_fetch_and_not_an_hour_before() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    assert_eq!(story.sees(0, &[&old, &new]), ["key_announced"]);
    for hour in 1..72 {
        assert_eq!(story.sees(hour, &[&old, &new]), [""; 0]);
    }
    assert_eq!(story.sees(72, &[&old, &new]), ["key_trusted"]);
    assert!(story.trusts(&new) && story.watch.waiting.is_empty());
}

#[test]
fn a_key_that_was_missing_once_waits_anew() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    story.sees(0, &[&old, &new]);
    story.sees(20, &[&old, &new]);
    assert_eq!(story.sees(40, &[&old]), ["key_withdrawn"]);
    assert_eq!(story.sees(60, &[&old, &new]), ["key_announced"]);
    story.sees(80, &[&old, &new]);
    story.sees(100, &[&old, &new]);
    assert_eq!(story.sees(120, &[&old, &new]), [""; 0]);
    assert_eq!(story.sees(132, &[&old, &new]), ["key_trusted"]);
}

#[test]
fn a_failed_fetch_does_not_begin_the_wait_anew_but_a_day_without_one_does() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    story.sees(0, &[&old, &new]);
    story.sees(23, &[&old, &new]);
    assert_eq!(
        codes(story.look(30, Reading::Failed(Unread::NotUtf8 { url: "https://idp.example/metadata".to_owned() }))),
        ["fetch_failed"]
    );
    for hour in [46, 60] {
        story.sees(hour, &[&old, &new]);
    }
    assert_eq!(story.sees(72, &[&old, &new]), ["key_trusted"]);

    let mut story = Story::believing(&[&old]);
    story.sees(0, &[&old, &new]);
    story.sees(23, &[&old, &new]);
    for hour in [48, 72, 90, 110] {
        assert_eq!(story.sees(hour, &[&old, &new]), [""; 0], "{hour}");
    }
    assert_eq!(story.sees(120, &[&old, &new]), ["key_trusted"]);
}

#[test]
fn a_long_name_in_a_certificate_makes_no_long_line() {
    let (old, new) = (certificate(1000), certificate_of(&"x".repeat(1000), 2000));
    let trusted = [believed(&old, false)];
    let reading = Reading::Metadata(Box::new(metadata(&[&old, &new])), false);
    let decision = decide(Believed { idp: &idp(), keys: &trusted }, Watch::default(), reading, at(0));
    let details = decision.events.iter().filter_map(|event| event.detail.as_ref());
    assert_eq!(details.map(String::len).collect::<Vec<_>>(), [200]);
}

#[test]
fn c175_a_clock_that_ran_ahead_keeps_no_key_waiting() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    story.sees(24 * 365, &[&old, &new]);
    for hour in 0..72 {
        assert_eq!(story.sees(hour, &[&old, &new]), [""; 0], "{hour}");
    }
    assert_eq!(story.sees(72, &[&old, &new]), ["key_trusted"]);
}

#[test]
fn whatever_the_metadata_says_one_key_remains() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    story.watch.refused.insert(new.fingerprint().to_owned());
    for day in 0..10 {
        story.look(day * 24, signed(day * 24, &[&new]));
    }
    assert!(story.trusts(&old) && story.keys.len() == 1);
}

#[test]
fn a_signed_replacement_is_trusted_at_once_and_the_old_key_for_three_days_more() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    assert_eq!(codes(story.look(0, signed(0, &[&new]))), ["key_trusted", "key_missing"]);
    for hour in [20, 40, 60] {
        assert_eq!(codes(story.look(hour, signed(hour, &[&new]))), [""; 0]);
    }
    assert_eq!(codes(story.look(72, signed(72, &[&new]))), ["key_dropped"]);
    assert!(story.trusts(&new) && !story.trusts(&old));
}

/// Whoever holds a key that was retired can serve the document of its time, which the pinned certificate signed.
#[test]
fn c129_a_signed_document_of_last_year_brings_no_dropped_key_back_at_once() {
    let (old, new, next) = (certificate(1000), certificate(2000), certificate(3000));
    let mut story = Story::believing(&[&old]);
    for hour in [0, 20, 40, 60, 72] {
        story.look(hour, signed(hour, &[&new]));
    }
    assert!(!story.trusts(&old));
    assert_eq!(codes(story.look(90, signed(90, &[&old]))), ["key_announced", "key_missing"]);
    assert!(story.trusts(&new) && !story.trusts(&old));
    // What never was here is believed at once, as ever.
    assert_eq!(codes(story.look(100, signed(100, &[&new, &next]))), ["key_trusted", "key_withdrawn"]);
    // And a dropped key by the time that every key without a signature has to wait.
    for hour in [110, 130, 150, 170, 181] {
        story.look(hour, signed(hour, &[&new, &next, &old]));
        assert!(!story.trusts(&old), "{hour}");
    }
    assert_eq!(codes(story.look(182, signed(182, &[&new, &next, &old]))), ["key_trusted"]);
}

/// A signature is for ever, and a key that was retired before anybody looked is not among those that were dropped here.
#[test]
fn c129_a_signature_brings_a_key_at_once_only_where_the_document_is_of_now() {
    let (old, new) = (certificate(1000), certificate(2000));
    let until = |valid_until: Option<i64>, keys: &[&Certificate]| {
        Reading::Metadata(Box::new(IdpMetadata { valid_until: valid_until.map(at), ..metadata(keys) }), true)
    };
    for (seen, shown, is_believed) in [
        (Some(24), Some(48), true),
        (None, Some(24), true),
        // Without an end nobody can say of when it is; with one that an hour ago was later, it is of earlier.
        (Some(24), None, false),
        (None, None, false),
        (Some(24), Some(23), false),
        // With the same end, it may be of earlier: a provider that always writes one far-off date says nothing by it.
        (Some(24), Some(24), false),
        // Over; the reader refuses it before.
        (None, Some(1), false),
    ] {
        let mut story = Story::believing(&[&old]);
        story.look(0, until(seen, &[&old]));
        let events = codes(story.look(1, until(shown, &[&old, &new])));
        assert_eq!(story.trusts(&new), is_believed, "{seen:?} {shown:?}");
        assert_eq!(events, [if is_believed { "key_trusted" } else { "key_announced" }], "{seen:?} {shown:?}");
        // One that is not of now, and has none of the keys that are trusted, is held as if nobody had signed it.
        let mut story = Story::believing(&[&old]);
        story.look(0, until(seen, &[&old]));
        let events = codes(story.look(1, until(shown, &[&new])));
        let wanted: &[&str] = if is_believed { &["key_trusted", "key_missing"] } else { &["change_held"] };
        assert_eq!(events, wanted, "{seen:?} {shown:?}");
    }
    // It waits as any other key does, and an older document does not move the mark.
    let mut story = Story::believing(&[&old]);
    story.look(0, until(Some(1000), &[&old]));
    for hour in [1, 20, 40, 60] {
        story.look(hour, until(Some(900), &[&old, &new]));
        assert!(!story.trusts(&new), "{hour}");
    }
    assert_eq!(codes(story.look(73, until(Some(900), &[&old, &new]))), ["key_trusted"]);
    assert_eq!(story.watch.valid_until, Some(at(1000).as_second()));
}

#[test]
fn c129_the_keys_that_were_dropped_last_are_remembered() {
    let mut watch = Watch::default();
    for second in 0..60 {
        watch.remember_dropped(&format!("{:02}", 99 - second), at(second));
    }
    assert_eq!(watch.dropped.len(), 50);
    assert!(!watch.dropped.contains_key("90") && watch.dropped.contains_key("89") && watch.dropped.contains_key("40"));
}

#[test]
fn c129_each_strange_change_is_held_and_reported_once() {
    let (old, new) = (certificate(1000), certificate(2000));
    let many: Vec<_> = (0..MAX_KEYS).map(|_| certificate(2000)).collect();
    let with_location = |location: &str| {
        let mut changed = metadata(&[&old, &new]);
        changed.sso[1].location = location.to_owned();
        changed
    };
    let too_many: Vec<_> = std::iter::once(&old).chain(&many).collect();
    for (what, changed) in [
        ("all keys", metadata(&[&new])),
        ("http", with_location("http://idp.example/post")),
        ("host", with_location("https://idp.example.evil.example/post")),
        ("port", with_location("https://idp.example:8443/post")),
        ("no address", with_location("post")),
        ("too many", metadata(&too_many)),
    ] {
        let mut story = Story::believing(&[&old]);
        let reading = || Reading::Metadata(Box::new(changed.clone()), false);
        assert_eq!(codes(story.look(0, reading())), ["change_held"], "{what}");
        for day in 1..10 {
            assert_eq!(codes(story.look(day * 20, reading())), [""; 0], "{what}");
        }
        assert!(story.keys.len() == 1 && story.trusts(&old), "{what}");
        assert!(story.watch.waiting.iter().all(|waiting| waiting.since.is_none()), "{what}");
        assert!(!story.sees(200, &[&old]).contains(&"change_held"), "{what}");
        assert!(story.watch.held.is_none(), "{what}");
    }
}

#[test]
fn a_held_change_is_no_time_in_which_a_key_was_missing() {
    let (one, two) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&one, &two]);
    assert_eq!(story.sees(0, &[&one]), ["key_missing"]);
    let mut moved = metadata(&[&one, &two]);
    moved.sso[1].location = "http://idp.example/post".into();
    for hour in [20, 40, 60] {
        story.look(hour, Reading::Metadata(Box::new(moved.clone()), false));
    }
    assert_eq!(story.sees(72, &[&one]), ["key_missing"]);
    assert!(story.trusts(&two));
}

#[test]
fn c129_not_even_a_pinned_signature_takes_the_https_away() {
    let old = certificate(1000);
    let mut story = Story::believing(&[&old]);
    let mut moved = metadata(&[&old]);
    moved.sso[0].location = "https://elsewhere.example/redirect".into();
    assert_eq!(codes(story.look(0, Reading::Metadata(Box::new(moved.clone()), true))), ["discovery_drift"]);
    moved.sso[0].location = "http://idp.example/redirect".into();
    assert_eq!(codes(story.look(1, Reading::Metadata(Box::new(moved), true))), ["change_held"]);
}

#[test]
fn a_key_that_a_person_added_is_neither_missing_nor_dropped() {
    let (old, added) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    story.keys.push(believed(&added, true));
    for hours in [0, 20, 40, 60, 80] {
        assert_eq!(story.sees(hours, &[&old]), [""; 0]);
    }
    assert!(story.trusts(&added));
}

#[test]
fn a_day_without_a_look_begins_the_absence_of_a_key_anew() {
    let (old, other) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old, &other]);
    assert_eq!(story.sees(0, &[&old]), ["key_missing"]);
    for hours in [72, 92, 112, 132] {
        assert_eq!(story.sees(hours, &[&old]), [""; 0], "{hours}");
    }
    assert_eq!(story.sees(144, &[&old]), ["key_dropped"]);
}

#[test]
fn a_moved_path_is_reported_once_and_holds_nothing() {
    let (old, new) = (certificate(1000), certificate(2000));
    let mut story = Story::believing(&[&old]);
    let mut moved = metadata(&[&old, &new]);
    moved.sso[0].location = "https://idp.example/elsewhere".into();
    let reading = || Reading::Metadata(Box::new(moved.clone()), false);
    assert_eq!(codes(story.look(0, reading())), ["discovery_drift", "key_announced"]);
    assert_eq!(codes(story.look(1, reading())), [""; 0]);
}

/// Beside a key that outlives it, and then alone.
#[test]
fn a_certificate_s_end_is_reported_at_60_30_14_7_and_1_days() {
    let ending = certificate(100);
    let mut story = Story::believing(&[&ending]);
    let mut reported = Vec::new();
    for half_day in 0..240 {
        let events = story.look(half_day * 12, Reading::NotPublished);
        reported.extend(events.into_iter().map(|(code, days)| (half_day / 2, code, days.unwrap())));
    }
    let expected = [(40, 60), (70, 30), (86, 14), (93, 7), (99, 1)];
    assert_eq!(reported, expected.map(|(day, days)| (day, "key_expires_in", days)));
}

#[test]
fn a_certificate_first_seen_ten_days_before_its_end_is_reported_once_for_fourteen() {
    let mut story = Story::believing(&[&certificate(10)]);
    assert_eq!(story.look(0, Reading::NotPublished), [("key_expires_in", Some(14))]);
    assert_eq!(story.look(1, Reading::NotPublished), []);
}

#[test]
fn c130_the_metadata_is_read_by_its_entity_id_only() {
    let text = |entity_id: &str| {
        let key = base64::engine::general_purpose::STANDARD.encode(certificate(100).der());
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{entity_id}\"><md:IDPSSODescriptor \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor use=\"signing\">\
             <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{key}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </md:KeyDescriptor><md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
             Location=\"https://idp.example/redirect\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
        )
    };
    let read = |xml: &str| read(xml.as_bytes(), "https://idp.example", &[], at(0));
    assert!(matches!(read(&text("https://idp.example")), Reading::Metadata(_, false)));
    let Reading::Held(HeldChange::EntityId, got) = read(&text("https://idp.example/")) else { panic!("not held") };
    assert_eq!(got, "https://idp.example/");
    let two = |one: &str, other: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{}{}</md:EntitiesDescriptor>",
            text(one),
            text(other)
        )
    };
    assert!(matches!(read(&two("https://a.example", "https://idp.example")), Reading::Metadata(_, false)));
    assert!(matches!(read(&two("https://a.example", "https://b.example")), Reading::Failed(_)));
    assert!(matches!(read("<html/>"), Reading::Failed(_)));
    let pinned = [certificate(100)];
    let unsigned = super::read(text("https://idp.example").as_bytes(), "https://idp.example", &pinned, at(0));
    assert!(matches!(unsigned, Reading::Held(HeldChange::Unsigned, _)), "{unsigned:?}");
}
