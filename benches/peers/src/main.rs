//! Our verifier beside its peers and the floor, on the same bytes in one run, all taking turns:
//!
//! ```sh
//! (cd benches/peers/node && npm ci)          # for node-saml; without it, the table has one row less
//! cargo run --release --manifest-path benches/peers/Cargo.toml
//! ```
//!
//! Ours, `saml`, `saml-rs` and node-saml check everything that a service provider has to, and start from the form
//! field; `bergshamra` checks the signature alone, since that is all it offers. Each holds its keys before the clock
//! starts, and each has to refuse a forged Response before it is timed. The floor is what no verifier can do without.

mod node;
mod peer;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use stoa_benches::message::Floor;
use stoa_saml::idp::{Issue, ResponseTemplate, SignWhat};
use stoa_saml::{
    Certificate, Expected, Freshness, ResponseInput, SigningKey, Skew, Trust, decode_post_binding,
    unverified_in_response_to,
};

use node::Node;
use peer::{Bergshamra, Saml, SamlRs};

const KEY: &str = include_str!("../../../crates/stoa-saml/testdata/keys/idp-current.key");
const CERTIFICATE: &str = include_str!("../../../crates/stoa-saml/testdata/keys/idp-current.crt");
const IDP: &str = "https://idp.example";
const SP: &str = "https://stoa.example/saml/acme";
const ACS: &str = "https://stoa.example/saml/acme/acs";
const PERSON: &str = "m.muster@acme.example";
const FORGED: &str = "n.muster@acme.example";
const REQUEST: &str = "_1";
const ROUNDS: usize = 1000;
/// It takes a hundred times as long.
const NODE_ROUNDS: usize = 200;

/// A Response of PingFederate's shape, signed, as an answer to this request. With 18 groups it has 5 KB.
fn response(groups: usize, request: &str) -> String {
    let groups: Vec<String> = (0..groups)
        .map(|n| format!("CN=EMEA-Learning-Platform-Team-{n},OU=Groups,OU=Corporate,DC=acme,DC=example"))
        .collect();
    let template = ResponseTemplate::pingfederate("-1", IDP, SP, ACS, Some(request), PERSON, Timestamp::now())
        .attribute("mail", &[PERSON])
        .attribute("givenName", &["Maria"])
        .attribute("sn", &["Muster"])
        .attribute("memberOf", &groups.iter().map(String::as_str).collect::<Vec<_>>());
    let key = SigningKey::from_pkcs8_pem(KEY).unwrap();
    let issue = Issue { sign: SignWhat::Response, ..Issue::new(&key) };
    String::from_utf8(template.issue(&issue, &mut |_| ()).unwrap()).unwrap()
}

/// A message as a subject of the measurement takes it.
struct Message {
    xml: String,
    field: String,
}

impl Message {
    fn new(xml: String) -> Self {
        Self { field: STANDARD.encode(&xml), xml }
    }

    fn forged(&self) -> Self {
        assert!(self.xml.contains(PERSON));
        Self::new(self.xml.replace(PERSON, FORGED))
    }
}

/// The whole path: base64, which request it answers, verification.
fn ours(trust: &Trust, message: &Message) -> bool {
    let Ok(xml) = decode_post_binding(&message.field) else { return false };
    if unverified_in_response_to(&xml).as_deref() != Some(REQUEST) {
        return false;
    }
    let input = ResponseInput {
        xml: &xml,
        trust,
        sp_entity_id: SP,
        acs_url: ACS,
        expected: Expected::Request { id: REQUEST },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &[],
        now: Timestamp::now(),
    };
    stoa_saml::verify(black_box(&input)).is_ok()
}

fn time(work: impl FnOnce() -> bool) -> Duration {
    let start = Instant::now();
    assert!(black_box(work()));
    start.elapsed()
}

/// Lower quartile, median and upper quartile.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}

fn print(name: &str, times: &[f64], floors: &[f64], ours: &[f64]) {
    let over = |others: &[f64]| quartiles(times.iter().zip(others).map(|(time, other)| time / other).collect());
    let ([a, floor, b], [c, own, d]) = (over(floors), over(ours));
    let micros = quartiles(times.to_vec())[1] * 1e6;
    println!("  {name:<26} {micros:9.1} µs  {floor:7.2} ({a:.2} to {b:.2})  {own:7.2} ({c:.2} to {d:.2})");
}

fn main() {
    let trust = Trust::new(IDP, vec![Certificate::from_pem(CERTIFICATE).unwrap()]).unwrap();
    let (least, bergshamra, saml, saml_rs) = (Floor::new(), Bergshamra::new(), Saml::new(), SamlRs::new());
    let floor = |message: &Message| {
        least.rsa();
        Floor::sha(&message.xml);
        Floor::parse(&message.xml);
        true
    };
    let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("node");
    for (name, groups) in [("5 KB", 18), ("200 groups", 200)] {
        let message = Message::new(response(groups, REQUEST));
        // The peers make up the names of their requests.
        let (to_saml, to_saml_rs) =
            (Message::new(response(groups, saml.request())), Message::new(response(groups, saml_rs.request())));
        assert!(ours(&trust, &message) && !ours(&trust, &message.forged()));
        assert!(bergshamra.verifies(&message.xml) && !bergshamra.verifies(&message.forged().xml));
        assert!(saml.verifies(&to_saml.field) && !saml.verifies(&to_saml.forged().field));
        assert!(saml_rs.verifies(&to_saml_rs.field) && !saml_rs.verifies(&to_saml_rs.forged().field));

        println!("{name}, {} bytes: median; times the floor; times ours (quartiles)", message.xml.len());
        let rounds: Vec<[f64; 5]> = (0..ROUNDS)
            .map(|_| {
                [
                    time(|| floor(&message)),
                    time(|| ours(&trust, &message)),
                    time(|| bergshamra.verifies(&message.xml)),
                    time(|| saml.verifies(&to_saml.field)),
                    time(|| saml_rs.verifies(&to_saml_rs.field)),
                ]
                .map(|time| time.as_secs_f64())
            })
            .collect();
        let column = |at: usize| rounds.iter().map(|round| round[at]).collect::<Vec<_>>();
        let (floors, own) = (column(0), column(1));
        let names = ["floor", "ours", "bergshamra, signature only", "saml 0.1.0-alpha.1", "saml-rs 0.6.1"];
        for (at, name) in names.into_iter().enumerate() {
            print(name, &column(at), &floors, &own);
        }
        match Node::start(&node, REQUEST) {
            Some(mut node) => {
                assert!(node.verify(&message.field).is_ok() && node.verify(&message.forged().field).is_err());
                // What is compiled while it runs is not timed.
                (0..NODE_ROUNDS / 2).for_each(|_| drop(node.verify(&message.field)));
                let rounds: Vec<[f64; 3]> = (0..NODE_ROUNDS)
                    .map(|_| {
                        let node = node.verify(&message.field).unwrap();
                        // The other process has had the caches.
                        assert!(floor(&message) && ours(&trust, &message));
                        let own = time(|| ours(&trust, &message)).as_secs_f64();
                        [time(|| floor(&message)).as_secs_f64(), own, node]
                    })
                    .collect();
                let column = |at: usize| rounds.iter().map(|round| round[at]).collect::<Vec<_>>();
                print("node-saml 5.1", &column(2), &column(0), &column(1));
            }
            None => println!("  node-saml: not installed (cd benches/peers/node && npm ci)"),
        }
    }
}
