//! The engine by itself: what is not known counts neither way, and every symptom has a cause to tell.

use std::collections::BTreeSet;

use super::*;
use crate::connection::ConnectionState;
use crate::fault::{Actor, Fault};
use crate::ids::{ConnectionId, Reference, SchoolId};

const NOW: i64 = 1_790_000_000;

fn seen(n: u8, began: i64, symptom: Symptom) -> Seen {
    Seen {
        reference: Reference::from_random([n; 8]),
        began,
        order: began * 1000,
        version: 3,
        symptom,
        who: None,
        build: "b".to_owned(),
        wanted: None,
        got: None,
        test: false,
    }
}

fn settings() -> Settings {
    Settings {
        school: SchoolId::parse("academy").unwrap(),
        state: ConnectionState::Active,
        state_since: NOW - 100_000,
        state_by: "arn:x".to_owned(),
        state_reason: None,
        has_earlier_ids: false,
        provider: "https://idp.example".to_owned(),
    }
}

fn unknown<T>() -> Known<T> {
    Known::NotAllowed("dynamodb:Query".to_owned())
}

/// Nothing but the login is known.
fn alone(login: Seen) -> Evidence {
    Evidence {
        now: jiff::Timestamp::from_second(NOW).unwrap(),
        connection: ConnectionId::parse("acme").unwrap(),
        login: Some(login),
        settings: unknown(),
        logins: unknown(),
        elsewhere: unknown(),
        same_address: unknown(),
        owner: unknown(),
        changes: unknown(),
        secrets: unknown(),
        trust: unknown(),
        provider: unknown(),
        site: unknown(),
        api: unknown(),
    }
}

fn stopped(fault: Fault) -> Symptom {
    Symptom::Stopped(fault)
}

#[test]
fn every_symptom_has_a_cause_and_every_cause_a_symptom() {
    let others = [
        Symptom::NotBack,
        Symptom::NotLaunched,
        Symptom::HandedOver,
        Symptom::Tested,
        Symptom::InLine,
        Symptom::UnderWay,
        Symptom::Closed,
        Symptom::Nothing,
        Symptom::Unknown,
    ];
    let mut met = BTreeSet::new();
    for symptom in Fault::all().map(Symptom::Stopped).chain(others) {
        met.extend(candidates::candidates(&symptom).iter().copied());
        let diagnosis = diagnose(&alone(seen(1, NOW - 60, symptom.clone())));
        assert!(!diagnosis.findings.is_empty(), "{symptom:?}");
        let finding = &diagnosis.findings[0];
        for text in [finding.repair(), finding.test()] {
            assert!(!text.contains('{'), "{symptom:?}: {text}");
        }
    }
    let never: Vec<_> = Cause::ALL.iter().filter(|cause| !met.contains(cause)).collect();
    assert!(never.is_empty(), "no symptom has {never:?}");
}

#[test]
fn what_may_not_be_known_is_said_and_counts_neither_way() {
    let blind = diagnose(&alone(seen(1, NOW - 60, stopped(Fault::EmailOwned))));
    let about: Vec<_> = blind.unseen.iter().map(|unseen| unseen.what).collect();
    assert!(about.contains(&"what changed") && about.contains(&"whose the address is"), "{about:?}");
    assert!(blind.unseen.iter().any(|unseen| unseen.why == "not allowed: dynamodb:Query"));
    let change = blind.findings.iter().find(|finding| finding.cause == Cause::OurSetting).map(|finding| finding.weight);
    let seen_nothing =
        Evidence { changes: Known::Seen(Vec::new()), ..alone(seen(1, NOW - 60, stopped(Fault::EmailOwned))) };
    let ruled_out = diagnose(&seen_nothing);
    assert!(ruled_out.findings.iter().all(|finding| finding.cause != Cause::OurSetting), "{ruled_out:#?}");
    assert_eq!(change, None, "of five causes four are told; that it was not looked at is said");
}

#[test]
fn a_change_counts_if_the_last_good_login_ran_before_it() {
    let change = |version| Change {
        at: NOW - 50,
        by: Some("arn:colleague".to_owned()),
        reason: Some("tidied".to_owned()),
        kind: ChangeKind::Settings {
            version,
            before: version - 1,
            lines: vec!["domains: [\"a.com\"] → []".to_owned()],
        },
    };
    let mut failed = seen(1, NOW - 10, stopped(Fault::EmailDomainForeign));
    (failed.version, failed.got) = (4, Some("a.com".to_owned()));
    let with = |changes| Evidence {
        settings: Known::Seen(settings()),
        logins: Known::Seen(vec![failed.clone(), seen(2, NOW - 20, Symptom::HandedOver)]),
        changes: Known::Seen(changes),
        ..alone(failed.clone())
    };
    let ours = diagnose(&with(vec![change(4)]));
    assert_eq!(ours.findings[0].cause, Cause::OurSetting, "{ours:#?}");
    assert_eq!(ours.leading().len(), 1);
    assert!(ours.findings[0].repair().contains("stoa connection rollback acme 3 "), "{}", ours.findings[0].repair());
    assert!(ours.findings[0].speaks[0].contains("by arn:colleague (tidied)"), "{:?}", ours.findings[0].speaks);
    let theirs = diagnose(&with(vec![change(3)]));
    assert_eq!(theirs.findings[0].cause, Cause::ForeignDomain, "{theirs:#?}");
    assert!(theirs.findings.iter().all(|finding| finding.cause != Cause::OurSetting), "{theirs:#?}");
}

#[test]
fn c217_what_people_wrote_commands_no_terminal() {
    let closed = Settings {
        state: ConnectionState::Disabled,
        state_reason: Some("\u{1b}[2J\nrun this".to_owned()),
        ..settings()
    };
    let evidence = Evidence { login: None, settings: Known::Seen(closed), ..alone(seen(1, NOW, Symptom::Nothing)) };
    let diagnosis = diagnose(&evidence);
    let speaks = diagnosis.findings[0].speaks.join(" ");
    assert!(speaks.contains("run this") && !speaks.contains(['\u{1b}', '\n']), "{speaks:?}");
}

#[test]
fn a_clock_is_read_off_a_date() {
    let now = jiff::Timestamp::from_second(784_111_777).unwrap();
    assert_eq!(skew_of("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(0));
    assert_eq!(skew_of("Sun, 06 Nov 1994 08:39:37 GMT", now), Some(-600));
    assert_eq!(skew_of("yesterday", now), None);
}

#[test]
fn a_new_build_is_suspected_only_if_no_login_by_it_got_in() {
    let failed = Seen { build: "new".to_owned(), ..seen(1, NOW - 10, stopped(Fault::Internal)) };
    let with = |others: Vec<Seen>| {
        let logins = Known::Seen([vec![failed.clone()], others].concat());
        diagnose(&Evidence { logins, settings: Known::Seen(settings()), ..alone(failed.clone()) })
    };
    let good = seen(2, NOW - 100, Symptom::HandedOver);
    assert_eq!(with(vec![good.clone()]).findings[0].cause, Cause::OurBuild);
    let by_new = Seen { build: "new".to_owned(), ..seen(3, NOW - 5, Symptom::HandedOver) };
    assert_eq!(with(vec![by_new, good]).findings[0].cause, Cause::Defect);
}

/// What was missing has been stored since: whoever looks later is not sent to look at its form.
#[test]
fn a_secret_that_was_first_stored_after_the_failure_was_missing() {
    for (written, replaced, wanted) in [
        (Some(NOW - 500), false, Cause::SecretAbsent),
        (Some(NOW - 500), true, Cause::SecretMalformed),
        (Some(NOW - 5000), false, Cause::SecretMalformed),
        (None, false, Cause::SecretAbsent),
    ] {
        let mut login = seen(1, NOW - 1000, stopped(Fault::SecretBroken));
        login.wanted = Some("stoa/oidc/acme".to_owned());
        let secret = SecretSeen { name: "oidc/acme".to_owned(), changed: written, replaced, elsewhere: false };
        let evidence = Evidence { secrets: Known::Seen(vec![secret]), ..alone(login) };
        assert_eq!(diagnose(&evidence).findings[0].cause, wanted, "{written:?} {replaced}");
    }
}

#[test]
fn who_keeps_somebody_out_is_read_from_the_step() {
    for (got, cause, actor) in [
        ("inactive in the directory", Cause::PersonInactive, Actor::IdpAdministrator),
        ("kept out by hand", Cause::PersonKeptOut, Actor::OnCall),
    ] {
        let login = Seen { got: Some(got.to_owned()), ..seen(1, NOW - 60, stopped(Fault::PersonInactive)) };
        let diagnosis = diagnose(&alone(login));
        assert_eq!(diagnosis.leading().len(), 1, "{diagnosis:#?}");
        assert_eq!((diagnosis.findings[0].cause, diagnosis.findings[0].row().actor), (cause, actor), "{got}");
    }
}
