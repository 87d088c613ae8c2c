//! Our verifier beside a peer's, on the same bytes in one run: ours with every check a login needs, the peer's with the
//! signature alone, since that is all it offers. Both use AWS-LC and hold the key before the clock starts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bergshamra::{DsigContext, KeysManager};
use jiff::Timestamp;
use stoa_saml::idp::{Issue, ResponseTemplate, SignWhat};
use stoa_saml::{Certificate, Expected, Freshness, ResponseInput, SigningKey, Skew, Trust};

const KEY: &str = include_str!("../../../crates/stoa-saml/testdata/keys/idp-current.key");
const CERTIFICATE: &str = include_str!("../../../crates/stoa-saml/testdata/keys/idp-current.crt");
const IDP: &str = "https://idp.example";
const SP: &str = "https://stoa.example/saml/acme";
const ACS: &str = "https://stoa.example/saml/acme/acs";
const PERSON: &str = "m.muster@acme.example";
const ROUNDS: usize = 5000;

/// The Responses of `benches/saml.rs`: its 5 KB have 18 groups.
fn response(groups: usize) -> String {
    let groups: Vec<String> = (0..groups)
        .map(|n| format!("CN=EMEA-Learning-Platform-Team-{n},OU=Groups,OU=Corporate,DC=acme,DC=example"))
        .collect();
    let template = ResponseTemplate::pingfederate("-1", IDP, SP, ACS, Some("_1"), PERSON, now())
        .attribute("mail", &[PERSON])
        .attribute("givenName", &["Maria"])
        .attribute("sn", &["Muster"])
        .attribute("memberOf", &groups.iter().map(String::as_str).collect::<Vec<_>>());
    let key = SigningKey::from_pkcs8_pem(KEY).unwrap();
    let issue = Issue { sign: SignWhat::Response, ..Issue::new(&key) };
    String::from_utf8(template.issue(&issue, &mut |_| ()).unwrap()).unwrap()
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn ours(trust: &Trust, xml: &str) -> bool {
    let input = ResponseInput {
        xml: xml.as_bytes(),
        trust,
        sp_entity_id: SP,
        acs_url: ACS,
        expected: Expected::Request { id: "_1" },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &[],
        now: now(),
    };
    stoa_saml::verify(black_box(&input)).is_ok()
}

/// With the peer's own defaults: trusted keys only, strict about where the signed element stands.
fn peer(context: &DsigContext, xml: &str) -> bool {
    bergshamra::verify(context, black_box(xml)).is_ok_and(|result| result.all_reference_digests_verified())
}

fn time(work: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    assert!(black_box(work()));
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    let trust = Trust::new(IDP, vec![Certificate::from_pem(CERTIFICATE).unwrap()]).unwrap();
    let mut keys = KeysManager::new();
    keys.add_key(bergshamra::keys::loader::load_x509_cert_pem(CERTIFICATE.as_bytes()).unwrap());
    let context = DsigContext::new(keys);
    assert!(context.trusted_keys_only && context.strict_verification);

    for (name, groups) in [("5 KB", 18), ("200 groups", 200)] {
        let xml = response(groups);
        // A verifier that accepts this one has not looked.
        let forged = xml.replace(PERSON, "n.muster@acme.example");
        assert!(!ours(&trust, &forged) && !peer(&context, &forged));

        // Turn about, so that what else the machine does falls on both.
        let (ours, peer): (Vec<_>, Vec<_>) =
            (0..ROUNDS).map(|_| (time(|| ours(&trust, &xml)), time(|| peer(&context, &xml)))).unzip();
        let (ours, peer) = (median(ours), median(peer));
        let ratio = peer.as_secs_f64() / ours.as_secs_f64();
        println!(
            "{name}, {} bytes: ours (all checks) {ours:.1?}, peer (signature only) {peer:.1?}, peer / ours {ratio:.2}",
            xml.len()
        );
    }
}
