//! The cost of verifying a Response, beside what no verifier can do without: one RSA-2048 verification, one SHA-256
//! of the message, one parse of it. The budget is 1.6 times their sum.
//!
//! Every part runs in the same process on the same bytes, so the ratio holds on any machine.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a benchmark may panic")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use divan::Bencher;
use jiff::Timestamp;
use stoa_saml::idp::{Issue, ResponseTemplate, SignWhat};
use stoa_saml::{
    Certificate, Expected, Freshness, ResponseInput, SigningKey, Skew, Trust, unverified_in_response_to, verify,
};

const KEY: &str = include_str!("../crates/stoa-saml/testdata/keys/idp-current.key");
const CERTIFICATE: &str = include_str!("../crates/stoa-saml/testdata/keys/idp-current.crt");
const IDP: &str = "https://idp.example";
const SP: &str = "https://stoa.example/saml/acme";
const ACS: &str = "https://stoa.example/saml/acme/acs";

/// A Response of PingFederate's shape, and one with a large directory behind it.
const MESSAGES: [Message; 2] = [Message::FiveKilobytes, Message::TwoHundredGroups];

#[derive(Clone, Copy, Debug)]
enum Message {
    FiveKilobytes,
    TwoHundredGroups,
}

impl Message {
    fn xml(self) -> Vec<u8> {
        let template = ResponseTemplate::pingfederate("-1", IDP, SP, ACS, Some("_1"), "m.muster@acme.example", now())
            .attribute("mail", &["m.muster@acme.example"])
            .attribute("givenName", &["Maria"])
            .attribute("sn", &["Muster"]);
        let groups = match self {
            Self::FiveKilobytes => 18,
            Self::TwoHundredGroups => 200,
        };
        let groups: Vec<String> = (0..groups)
            .map(|n| format!("CN=EMEA-Learning-Platform-Team-{n},OU=Groups,OU=Corporate,DC=acme,DC=example"))
            .collect();
        let template = template.attribute("memberOf", &groups.iter().map(String::as_str).collect::<Vec<_>>());
        let key = SigningKey::from_pkcs8_pem(KEY).unwrap();
        let issue = Issue { sign: SignWhat::Response, ..Issue::new(&key) };
        template.issue(&issue, &mut |_| ()).unwrap()
    }
}

/// What costs a parser most, as large as it may be. Each must be answered within 50 ms.
#[derive(Clone, Copy, Debug)]
enum Hostile {
    Attributes,
    Comments,
    Declarations,
    Identifiers,
    Text,
}

impl Hostile {
    const ALL: [Self; 5] = [Self::Attributes, Self::Comments, Self::Declarations, Self::Identifiers, Self::Text];

    fn xml(self) -> Vec<u8> {
        let fill = |piece: &str, most: usize| piece.repeat((500 * 1024 / piece.len()).min(most));
        let names = |count: usize, name: fn(usize) -> String| (0..count).map(name).collect::<String>();
        let (head, content) = match self {
            Self::Attributes => {
                let attributes = names(62, |n| format!(" a{n}:x=''"));
                (names(62, |n| format!(" xmlns:a{n}='urn:{n}'")), fill(&format!("<b{attributes}/>"), usize::MAX))
            }
            Self::Comments => (String::new(), fill("x<!---->", 19_000)),
            Self::Declarations => {
                (names(32, |n| format!(" xmlns:a{n}='urn:{n}'")), fill("<b xmlns:a='urn:a' xmlns:a9='urn:b'/>", 19_000))
            }
            Self::Identifiers => (String::new(), fill("<b ID='' id=''/>", 19_000)),
            Self::Text => (String::new(), fill("&amp;=", usize::MAX)),
        };
        let samlp = "urn:oasis:names:tc:SAML:2.0:protocol";
        format!("<p:Response xmlns:p='{samlp}'><a{head}>{content}</a></p:Response>").into_bytes()
    }
}

#[divan::bench(args = Hostile::ALL)]
fn refuse_hostile(bencher: Bencher<'_, '_>, hostile: Hostile) {
    let (xml, trust) = (hostile.xml(), trust());
    assert!(xml.len() < 512 * 1024);
    bencher.bench(|| verify(&input(black_box(&xml), &trust)).unwrap_err());
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn trust() -> Trust {
    Trust::new(IDP, vec![Certificate::from_pem(CERTIFICATE).unwrap()]).unwrap()
}

fn input<'a>(xml: &'a [u8], trust: &'a Trust) -> ResponseInput<'a> {
    ResponseInput {
        xml,
        trust,
        sp_entity_id: SP,
        acs_url: ACS,
        expected: Expected::Request { id: "_1" },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &[],
        now: now(),
    }
}

/// A key and a signature over a SignedInfo's worth of bytes.
fn rsa() -> (ParsedPublicKey, [u8; 900], Vec<u8>) {
    let pair = KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let message = [b'x'; 900];
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &message, &mut signature).unwrap();
    (ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap(), message, signature)
}

fn parse(xml: &[u8]) -> roxmltree::Document<'_> {
    roxmltree::Document::parse(std::str::from_utf8(xml).unwrap()).unwrap()
}

#[divan::bench(args = MESSAGES)]
fn verify_response(bencher: Bencher<'_, '_>, message: Message) {
    let (xml, trust) = (message.xml(), trust());
    bencher.bench(|| verify(&input(black_box(&xml), &trust)).unwrap());
}

#[divan::bench(args = MESSAGES)]
fn find_pending_request(bencher: Bencher<'_, '_>, message: Message) {
    let xml = message.xml();
    bencher.bench(|| unverified_in_response_to(black_box(&xml)).unwrap());
}

#[divan::bench]
fn floor_rsa_2048(bencher: Bencher<'_, '_>) {
    let (key, message, signature) = rsa();
    bencher.bench(|| key.verify_sig(black_box(&message), &signature).unwrap());
}

#[divan::bench(args = MESSAGES)]
fn floor_sha_256(bencher: Bencher<'_, '_>, message: Message) {
    let xml = message.xml();
    bencher.bench(|| digest(&SHA256, black_box(&xml)));
}

#[divan::bench(args = MESSAGES)]
fn floor_parse(bencher: Bencher<'_, '_>, message: Message) {
    let xml = message.xml();
    bencher.bench(|| parse(black_box(&xml)).root_element().id());
}

/// The best of many short rounds: the figure that other work on the machine disturbs least.
fn best(mut work: impl FnMut()) -> Duration {
    let round = || {
        let start = Instant::now();
        (0..4).for_each(|_| work());
        start.elapsed() / 4
    };
    std::iter::repeat_with(round).take(2000).min().unwrap()
}

#[expect(clippy::print_stdout, reason = "the ratio is the result")]
fn ratios() {
    let trust = trust();
    let (key, signed, signature) = rsa();
    for message in MESSAGES {
        let xml = message.xml();
        let verify = best(|| drop(black_box(verify(&input(&xml, &trust)).unwrap())));
        let floor = best(|| key.verify_sig(black_box(&signed), &signature).unwrap())
            + best(|| _ = black_box(digest(&SHA256, &xml)))
            + best(|| drop(black_box(parse(&xml))));
        let ratio = verify.as_secs_f64() / floor.as_secs_f64();
        println!("{message:?}, {} bytes: {verify:.1?}, floor {floor:.1?}, ratio {ratio:.2}", xml.len());
    }
}

fn main() {
    divan::main();
    ratios();
}
