//! What identity providers publish, over days and over a year, and what nobody may slip in.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stoa_core::ids::ConnectionId;
use stoa_core::routes::Table;
use stoa_saml::idp::{SignOptions, sign_enveloped};
use stoa_saml::{Certificate, SigningKey};
use stoa_sandbox::openid::{Defect, Endpoint, PG_OIDC, Product};
use stoa_sandbox::pingfederate::Published;

use crate::aws;
use crate::oidc;
use crate::steps::{MARY, MARYS_EMAIL, World};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// A key of the simulator's that no rotation of these tests comes to.
const PINNED_KEY: &str = include_str!("../../crates/stoa-sandbox/src/pingfederate/keys/signing-4.key.pem");
pub const PINNED: &str = include_str!("../../crates/stoa-sandbox/src/pingfederate/keys/signing-4.cert.pem");

/// The sandbox, with metadata that is fetched.
async fn watched() -> World {
    let world = World::with_mary().await;
    let url = world.pingfederate.metadata_url(world.pingfederate_partner());
    let from = format!("metadata_url = \"{url}\"");
    world.reconfigure(|text| text.replace("metadata_file = \"pg-metadata.xml\"", &from)).await;
    assert_eq!(refresh(&world).await, [""; 0]);
    world
}

/// One run; the events, and what they are about.
async fn refresh(world: &World) -> Vec<String> {
    world.refresh_trust().await.unwrap();
    events(&world.log())
}

/// After so many hours.
async fn refresh_after(world: &World, hours: i64) -> Vec<String> {
    world.advance(hours * HOUR);
    refresh(world).await
}

/// `event fingerprint`, the fingerprint cut short.
fn events(lines: &[String]) -> Vec<String> {
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let about = |line: &Value| line["fingerprint"].as_str().map(|key| format!(" {}", &key[..8])).unwrap_or_default();
    lines.filter_map(|line| Some(format!("{}{}", line["event"].as_str()?, about(&line)))).collect()
}

/// The metrics of a run that are not nought.
fn alarming(lines: &[String]) -> impl Iterator<Item = &'static str> {
    let run = run_line(lines);
    let names = ["TrustLooksFailed", "TrustFetchFailing", "TrustKeysWaiting", "TrustHeld"];
    names.into_iter().filter(move |name| run[name] != 0)
}

/// The metrics of a run.
async fn metrics(world: &World) -> Value {
    world.refresh_trust().await.unwrap();
    run_line(&world.log())
}

fn run_line(lines: &[String]) -> Value {
    serde_json::from_str(lines.iter().find(|line| line.contains("TrustHeld")).unwrap()).unwrap()
}

fn metadata(world: &World) -> String {
    world.pingfederate.metadata(world.pingfederate_partner()).unwrap()
}

fn keys_in(xml: &str) -> Vec<Certificate> {
    stoa_saml::metadata::parse(xml.as_bytes(), None, jiff::Timestamp::now()).unwrap().signing
}

/// The fingerprint of a key of the metadata, cut short.
fn key(world: &World, index: usize) -> String {
    keys_in(&metadata(world))[index].fingerprint()[..8].to_owned()
}

/// What the connection trusts, cut short.
fn trusted(world: &World) -> BTreeSet<String> {
    let items = world.front.items(Table::Trust).unwrap();
    let keys = items.iter().filter(|item| item["pk"]["S"] == "pg" && item["certificate"]["S"].is_string());
    keys.map(|item| item["sk"]["S"].as_str().unwrap()[..8].to_owned()).collect()
}

/// The metadata with one more key in it: a certificate that the provider shows elsewhere, as an attacker's would stand.
async fn with_another_key(world: &World) -> (String, String) {
    let url = format!("{}/pf/federation_metadata.ping", world.pingfederate.url());
    let page = world.browser().get(&url).await.unwrap();
    let other = keys_in(&page.body).remove(0);
    let descriptor = format!(
        "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
        STANDARD.encode(other.der())
    );
    let text = metadata(world).replacen("<md:KeyDescriptor", &format!("{descriptor}<md:KeyDescriptor"), 1);
    (text, other.fingerprint()[..8].to_owned())
}

async fn log_in(world: &World) {
    let page = world.log_in(&world.browser(), MARY).await;
    world.signed_in(&page, MARYS_EMAIL);
}

/// What was reported, and which alarms stood, each with its day.
#[derive(Default)]
struct Told {
    happened: Vec<(u32, String)>,
    alarms: Vec<(u32, &'static str)>,
}

impl Told {
    /// The next look at what is published.
    async fn look_after(&mut self, world: &World, seconds: i64, day: u32) {
        world.advance(seconds);
        world.refresh_trust().await.unwrap();
        let lines = world.log();
        self.happened.extend(events(&lines).into_iter().map(|event| (day, event)));
        self.alarms.extend(alarming(&lines).map(|name| (day, name)));
    }
}

/// PingFederate shows its next certificate about 90 days before the present one ends, signs with it 60 days later, and
/// then shows the old one no longer. Twice in a year.
#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_rotations_fails_no_login_and_reports_each_step_once() {
    let world = watched().await;
    let mut told = Told::default();
    let mut keys = vec![key(&world, 0)];
    for day in 0..365 {
        match day {
            30 | 210 => {
                world.pingfederate.announce_next_certificate();
                keys.push(key(&world, 1));
            }
            90 | 270 => world.pingfederate.rotate_certificate(),
            120 | 300 => world.pingfederate.retire_previous_certificate(),
            _ => {}
        }
        for _ in 0..2 {
            told.look_after(&world, 12 * HOUR, day).await;
        }
        log_in(&world).await;
        assert_eq!(world.faults(), [""; 0], "day {day}");
    }
    let [first, second, third] = &keys[..] else { panic!("{keys:?}") };
    let expected = [
        (30, format!("key_announced {second}")),
        (33, format!("key_trusted {second}")),
        (120, format!("key_missing {first}")),
        (123, format!("key_dropped {first}")),
        (210, format!("key_announced {third}")),
        (213, format!("key_trusted {third}")),
        (300, format!("key_missing {second}")),
        (303, format!("key_dropped {second}")),
    ];
    assert_eq!(told.happened, expected);
    told.alarms.dedup();
    assert_eq!(told.alarms, [30, 31, 32, 210, 211, 212].map(|day| (day, "TrustKeysWaiting")));
    assert_eq!(trusted(&world), [third.clone()].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn c129_an_attacker_s_key_in_the_metadata_for_a_day_is_never_trusted() {
    let world = watched().await;
    let before = trusted(&world);
    let (tampered, attacker) = with_another_key(&world).await;
    let (announced, withdrawn) = (format!("key_announced {attacker}"), format!("key_withdrawn {attacker}"));
    // A day of it; then again, for an hour less than it takes.
    for hours in [24, 71] {
        world.pingfederate.publish_instead(Some(Published::Text(tampered.clone())));
        assert_eq!(refresh(&world).await, [&*announced]);
        for _ in 0..hours {
            assert_eq!(refresh_after(&world, 1).await, [""; 0]);
        }
        world.pingfederate.publish_instead(None);
        assert_eq!(refresh_after(&world, 0).await, [&*withdrawn]);
    }
    // Shown once, then nothing can be read for four days, then shown again.
    world.pingfederate.publish_instead(Some(Published::Text(tampered.clone())));
    assert_eq!(refresh(&world).await, [&*announced]);
    world.pingfederate.publish_instead(Some(Published::Status(503)));
    assert_eq!(refresh_after(&world, 48).await, ["fetch_failed"]);
    assert_eq!(refresh_after(&world, 48).await, [""; 0]);
    world.pingfederate.publish_instead(Some(Published::Text(tampered)));
    assert_eq!(refresh_after(&world, 1).await, [""; 0]);
    assert_eq!(refresh_after(&world, 71 - 24).await, [""; 0]);
    assert_eq!(trusted(&world), before);
    log_in(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c129_all_keys_at_once_wait_for_a_person() {
    let world = watched().await;
    let before = trusted(&world);
    world.pingfederate.rotate_certificate();
    world.pingfederate.retire_previous_certificate();
    assert_eq!(refresh(&world).await, ["change_held"]);
    assert_eq!(metrics(&world).await["TrustHeld"], 1);
    for _ in 0..10 {
        assert_eq!(refresh_after(&world, 12).await, [""; 0]);
    }
    assert_eq!(trusted(&world), before);
    let page = world.log_in(&world.browser(), MARY).await;
    world.refused_and_traced(&page, "saml_signature_mismatch");

    let (id, new) = (ConnectionId::parse("pg").unwrap(), keys_in(&metadata(&world)).remove(0));
    world.operator.approve_key(&id, new.fingerprint(), "compared by telephone").await.unwrap();
    world.advance(61);
    log_in(&world).await;
    let old = before.first().unwrap();
    assert_eq!(refresh(&world).await, [format!("key_missing {old}")]);
    for _ in 0..5 {
        assert_eq!(refresh_after(&world, 12).await, [""; 0]);
    }
    assert_eq!(refresh_after(&world, 12).await, [format!("key_dropped {old}")]);
    assert_eq!(metrics(&world).await["TrustHeld"], 0);
    log_in(&world).await;
}

/// Each comes with a new key, which must not begin to wait.
#[tokio::test(flavor = "multi_thread")]
async fn c129_another_entity_id_or_host_waits_for_a_person() {
    let world = watched().await;
    let before = trusted(&world);
    let (tampered, new) = with_another_key(&world).await;
    for (from, to) in [
        ("entityID=\"https://pingfederate.example\"", "entityID=\"https://pingfederate.example/\""),
        ("pingfederate.localhost", "elsewhere.localhost"),
    ] {
        assert!(tampered.contains(from), "{from}");
        world.pingfederate.publish_instead(Some(Published::Text(tampered.replace(from, to))));
        assert_eq!(refresh(&world).await, ["change_held"], "{to}");
        for _ in 0..8 {
            assert_eq!(refresh_after(&world, 12).await, [""; 0], "{to}");
        }
        assert_eq!(trusted(&world), before, "{to}");
        log_in(&world).await;
    }
    // The change is taken back, the key is not: now it begins to wait.
    world.pingfederate.publish_instead(Some(Published::Text(tampered)));
    assert_eq!(refresh(&world).await, [format!("key_announced {new}")]);
    assert_eq!(metrics(&world).await["TrustHeld"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c129_metadata_signed_by_a_pinned_certificate_is_believed_at_once_and_unsigned_never() {
    let world = watched().await;
    let (tampered, new) = with_another_key(&world).await;
    let signer = SigningKey::from_pkcs8_pem(PINNED_KEY).unwrap();
    let until = |year: i32, xml: &str| {
        let xml = xml.replacen("entityID=", &format!("validUntil=\"{year}-01-01T00:00:00Z\" entityID="), 1);
        sign_enveloped(&xml, "_metadata", &SignOptions::new(&signer)).unwrap()
    };
    let signed = |xml: &str| until(2198, xml);
    world.pingfederate.publish_instead(Some(Published::Text(signed(&metadata(&world)))));
    let url = world.pingfederate.metadata_url(world.pingfederate_partner());
    let from = format!("metadata_url = \"{url}\"\nmetadata_certificates = [\"\"\"{PINNED}\"\"\"]");
    world.reconfigure(|text| text.replace("metadata_file = \"pg-metadata.xml\"", &from)).await;
    assert_eq!(refresh(&world).await, [""; 0]);

    world.pingfederate.publish_instead(Some(Published::Text(tampered.clone())));
    assert_eq!(refresh(&world).await, ["change_held"]);
    let changed =
        signed(&tampered).replacen("WantAuthnRequestsSigned=\"false\"", "WantAuthnRequestsSigned=\"true\"", 1);
    world.pingfederate.publish_instead(Some(Published::Text(changed)));
    assert_eq!(refresh_after(&world, 80).await, ["change_held"], "another reason, another event");
    assert!(!trusted(&world).contains(&new));
    // A document that somebody has kept: signed, and of no time that it names, or of an earlier one, or, where the provider
    // always writes the same end, of nobody knows which.
    let undated = sign_enveloped(&tampered, "_metadata", &SignOptions::new(&signer)).unwrap();
    world.pingfederate.publish_instead(Some(Published::Text(undated)));
    assert_eq!(refresh(&world).await, [format!("key_announced {new}")]);
    for year in [2197, 2198, 9999] {
        world.pingfederate.publish_instead(Some(Published::Text(until(year, &tampered))));
        assert_eq!(refresh(&world).await, [""; 0], "{year}");
        assert!(!trusted(&world).contains(&new), "{year}");
    }
    world.pingfederate.publish_instead(Some(Published::Text(until(2199, &tampered))));
    assert_eq!(refresh(&world).await, [format!("key_trusted {new}")]);
    assert!(trusted(&world).contains(&new));
}

#[tokio::test(flavor = "multi_thread")]
async fn c130_metadata_that_has_ended_or_is_none_leaves_the_last_good_keys() {
    let world = watched().await;
    let before = trusted(&world);
    let (tampered, _) = with_another_key(&world).await;
    let ended = tampered.replacen("entityID=", "validUntil=\"2020-01-01T00:00:00Z\" entityID=", 1);
    let large = format!("{}{}", tampered, " ".repeat(5 * 1024 * 1024));
    for (what, text) in [("ended", ended), ("html", "<html>down</html>".to_owned()), ("large", large)] {
        world.pingfederate.publish_instead(Some(Published::Text(text)));
        assert_eq!(refresh_after(&world, 1).await, ["fetch_failed"], "{what}");
        assert_eq!(trusted(&world), before, "{what}");
        world.pingfederate.publish_instead(None);
        assert_eq!(refresh_after(&world, 1).await, [""; 0], "{what}");
    }
    log_in(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c131_after_seven_days_without_metadata_logins_go_on_and_an_alarm_rises() {
    let world = watched().await;
    world.pingfederate.publish_instead(Some(Published::Status(500)));
    assert_eq!(refresh(&world).await, ["fetch_failed"]);
    let mut told = Told::default();
    for day in 1..=8 {
        told.look_after(&world, DAY, day).await;
        log_in(&world).await;
        assert_eq!(world.faults(), [""; 0], "day {day}");
    }
    assert_eq!(told.happened, [(7, "fetch_failing_7_days".to_owned())]);
    assert_eq!(told.alarms, [(7, "TrustFetchFailing"), (8, "TrustFetchFailing")]);
    world.pingfederate.publish_instead(None);
    assert_eq!(metrics(&world).await["TrustFetchFailing"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_runs_at_once_each_event_is_reported_once() {
    let world = watched().await;
    world.pingfederate.announce_next_certificate();
    let new = key(&world, 1);
    let runs = || futures_util::future::join_all((0..6).map(|_| world.refresh_trust()));
    runs().await.into_iter().for_each(|run| assert!(run.is_ok()));
    assert_eq!(events(&world.log()), [format!("key_announced {new}")]);
    for _ in 0..5 {
        refresh_after(&world, 12).await;
    }
    world.advance(12 * HOUR);
    runs().await.into_iter().for_each(|run| assert!(run.is_ok()));
    assert_eq!(events(&world.log()), [format!("key_trusted {new}")]);
    assert_eq!(trusted(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_broken_connection_stops_no_other() {
    let world = watched().await;
    world.add_connection().await;
    aws::set(&world, Table::Connections, "connection#pg-two", "document", json!({ "S": "{" })).await;
    world.pingfederate.announce_next_certificate();
    let new = key(&world, 1);
    world.log();
    world.refresh_trust().await.unwrap();
    let lines = world.log();
    assert_eq!(events(&lines), [format!("key_announced {new}")]);
    let failed: Vec<_> = lines.iter().filter(|line| line.contains("\"fault\"")).collect();
    assert!(failed.len() == 1 && failed[0].contains("\"connection\":\"pg-two\""), "{failed:?}");
    assert!(lines.iter().any(|line| line.contains("\"TrustLooksFailed\":1")), "{lines:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_person_removed_does_not_come_back_by_waiting_and_the_last_one_stays() {
    let world = watched().await;
    let (id, operator) = (ConnectionId::parse("pg").unwrap(), &world.operator);
    world.pingfederate.announce_next_certificate();
    let published = keys_in(&metadata(&world));
    let [current, next] = [published[0].fingerprint(), published[1].fingerprint()];
    operator.approve_key(&id, next, "the customer wrote to us").await.unwrap();
    assert!(operator.approve_key(&id, next, "twice").await.is_err());
    operator.remove_key(&id, next, "its key is on a public page").await.unwrap();
    for _ in 0..8 {
        assert_eq!(refresh_after(&world, 12).await, [""; 0]);
    }
    assert_eq!(trusted(&world), [current[..8].to_owned()].into());
    let refusal = operator.remove_key(&id, current, "all of them").await.unwrap_err();
    assert!(refusal.to_string().contains("the last key"), "{refusal}");
    let trusts = operator.trusts(&id).await.unwrap();
    let said: Vec<_> = trusts.history.iter().map(|change| (change.what.as_str(), &*change.reason)).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.contains(&("remove", "its key is on a public page")), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_person_added_stays_whatever_the_metadata_says() {
    let world = watched().await;
    let id = ConnectionId::parse("pg").unwrap();
    let added = Certificate::from_pem(PINNED).unwrap();
    world.operator.add_key(&id, &added, "it signs, and is not in the metadata").await.unwrap();
    for _ in 0..8 {
        assert_eq!(refresh_after(&world, 12).await, [""; 0]);
    }
    assert!(trusted(&world).contains(&added.fingerprint()[..8]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_connection_is_applied_by_what_its_provider_publishes() {
    let world = World::start().await;
    let url = world.pingfederate.metadata_url(world.pingfederate_partner());
    world
        .apply_unaided(|text| {
            text.replace("id = \"pg\"", "id = \"pg-two\"")
                .replace("/saml/pg\"", "/saml/pg-two\"")
                .replace("metadata_file = \"pg-metadata.xml\"", &format!("metadata_url = \"{url}\""))
        })
        .await;
    let trusts = world.operator.trusts(&ConnectionId::parse("pg-two").unwrap()).await.unwrap();
    assert_eq!(trusts.keys.len(), 1);
    assert_eq!(trusts.keys[0].fingerprint, keys_in(&metadata(&world))[0].fingerprint());
}

/// The key set is the provider's to change; a login after each change arrives, and asks for no key.
/// On-call need not wait for the hour, and can do no more than it would.
#[tokio::test(flavor = "multi_thread")]
async fn c156_a_key_set_that_a_person_has_fetched_is_the_provider_s_or_the_one_before() {
    let world = oidc::as_it_comes(&PG_OIDC).await;
    let id = ConnectionId::parse(PG_OIDC.id).unwrap();
    let stored = async || world.operator.trusts(&id).await.unwrap().key_sets.remove(0).item.jwks;
    let before = stored().await;
    world.openid.next_defect(Defect::KeysUnavailable);
    oidc::log_in(&world, &PG_OIDC, &world.browser(), "").await;
    assert!(world.operator.take_key_sets(&id).await.is_err());
    assert_eq!(stored().await, before);
    world.openid.mend_keys(PG_OIDC.product);
    world.openid.rotate_keys(PG_OIDC.product);
    world.openid.retire_previous_key(PG_OIDC.product);
    world.advance(130);
    let taken = world.operator.take_key_sets(&id).await.unwrap();
    assert!(taken.len() == 1 && !taken[0].changes.is_empty());
    assert_ne!(stored().await, before);
    world.openid.take_calls();
    let page = oidc::log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.signed_in(&page, MARYS_EMAIL);
    assert!(!world.openid.take_calls().iter().any(|call| call.endpoint == Endpoint::Jwks));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_of_an_openid_provider_s_keys() {
    let world = oidc::as_it_comes(&PG_OIDC).await;
    assert_eq!(refresh(&world).await, [""; 0]);
    let mut happened = Vec::new();
    for month in 0..12 {
        match month % 4 {
            0 => world.openid.announce_next_key(Product::PingFederate),
            1 => world.openid.rotate_keys(Product::PingFederate),
            2 => world.openid.retire_previous_key(Product::PingFederate),
            _ => {}
        }
        happened.push(refresh_after(&world, 30 * 24).await);
        world.openid.take_calls();
        let page = oidc::log_in(&world, &PG_OIDC, &world.browser(), "").await;
        world.signed_in(&page, MARYS_EMAIL);
        assert!(!world.openid.take_calls().iter().any(|call| call.endpoint == Endpoint::Jwks), "month {month}");
    }
    for (month, events) in happened.iter().enumerate() {
        let expected: &[&str] = if matches!(month % 4, 0 | 2) { &["jwks_changed"] } else { &[] };
        assert_eq!(events, expected, "month {month}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c165_a_description_that_changes_is_reported_and_changes_nothing() {
    let world = oidc::as_it_comes(&PG_OIDC).await;
    assert_eq!(refresh(&world).await, [""; 0]);
    let before = world.front.items(Table::Connections).unwrap();
    for members in
        [json!({ "token_endpoint": "https://attacker.example/token" }), json!({ "issuer": "https://attacker.example" })]
    {
        world.openid.change_discovery(Product::PingFederate, members);
        assert_eq!(refresh_after(&world, 1).await, ["discovery_drift"]);
        assert_eq!(refresh_after(&world, 1).await, [""; 0], "once");
    }
    assert_eq!(world.front.items(Table::Connections).unwrap(), before);
    let page = oidc::log_in(&world, &PG_OIDC, &world.browser(), "").await;
    world.signed_in(&page, MARYS_EMAIL);
}
