//! One identity provider, one service provider, one moment.

use std::fs;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use stoa_saml::idp::{Issue, ResponseTemplate, SignOptions, SignWhat, canonical_form, sign_bytes, sign_enveloped};
use stoa_saml::{
    Certificate, DecryptionKey, Expected, Freshness, Refusal, RefusalCode, ResponseInput, SignatureAlgorithm,
    SigningKey, Skew, Trust, VerifiedResponse, verify,
};

use crate::oracle;

pub const IDP: &str = "https://idp.example";
pub const SP: &str = "https://stoa.example/saml/acme";
pub const ACS: &str = "https://stoa.example/saml/acme/acs";
pub const REQUEST: &str = "_request-1";
pub const PERSON: &str = "m.muster@acme.example";

pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn read(file: &str) -> String {
    fs::read_to_string(format!("{}/testdata/keys/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn pem(name: &str) -> String {
    read(&format!("{name}.crt"))
}

pub fn certificate(name: &str) -> Certificate {
    Certificate::from_pem(&pem(name)).unwrap()
}

pub fn signing_key(name: &str) -> SigningKey {
    SigningKey::from_pkcs8_pem(&read(&format!("{name}.key"))).unwrap()
}

pub fn decryption_key(name: &str) -> DecryptionKey {
    DecryptionKey::from_pkcs8_pem(&read(&format!("{name}.key"))).unwrap()
}

/// The identity provider's key, which most tests sign with: read once, since reading is the larger part of signing.
static CURRENT: LazyLock<SigningKey> = LazyLock::new(|| signing_key("idp-current"));

/// The template of a good Response.
pub fn template() -> ResponseTemplate {
    ResponseTemplate::pingfederate("-1", IDP, SP, ACS, Some(REQUEST), PERSON, now()).attribute("mail", &[PERSON])
}

/// A deterministic source of bytes that never repeats.
pub fn random() -> impl FnMut(&mut [u8]) {
    let mut state: u64 = 7;
    move |buffer| {
        for byte in buffer {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 33) as u8;
        }
    }
}

/// Issues a template with the identity provider's current key.
pub fn issue(template: &ResponseTemplate, sign: SignWhat) -> String {
    issue_with(template, |issue| issue.sign = sign)
}

/// Issues a template after `change`.
pub fn issue_with<'a>(template: &ResponseTemplate, change: impl FnOnce(&mut Issue<'a>)) -> String {
    let mut issue = Issue::new(&CURRENT);
    change(&mut issue);
    String::from_utf8(template.issue(&issue, &mut random()).unwrap()).unwrap()
}

/// A good Response, signed as PingFederate does.
pub fn good() -> String {
    issue(&template(), SignWhat::Response)
}

/// Signs the element `id` of any XML with the current key.
pub fn sign(xml: &str, id: &str) -> String {
    sign_enveloped(xml, id, &SignOptions::new(&CURRENT)).unwrap()
}

pub fn sign_with(xml: &str, id: &str, key: &str) -> String {
    sign_enveloped(xml, id, &SignOptions::new(&signing_key(key))).unwrap()
}

/// The service provider, with every expectation open to change.
pub struct Verifier {
    pub trust: Trust,
    pub sp_entity_id: &'static str,
    pub acs_url: &'static str,
    pub expected: Expected<'static>,
    pub freshness: Freshness,
    pub skew: Skew,
    pub decryption_keys: Vec<DecryptionKey>,
    pub now: Timestamp,
}

impl Verifier {
    pub fn trusting(keys: &[&str]) -> Self {
        Self {
            trust: Trust::new(IDP, keys.iter().map(|key| certificate(key)).collect()).unwrap(),
            sp_entity_id: SP,
            acs_url: ACS,
            expected: Expected::Request { id: REQUEST },
            freshness: Freshness::Any,
            skew: Skew::default(),
            decryption_keys: Vec::new(),
            now: now(),
        }
    }

    pub fn verify(&self, xml: impl AsRef<[u8]>) -> Result<VerifiedResponse, Refusal> {
        verify(&self.input(xml.as_ref()))
    }

    pub fn input<'a>(&'a self, xml: &'a [u8]) -> ResponseInput<'a> {
        ResponseInput {
            xml,
            trust: &self.trust,
            sp_entity_id: self.sp_entity_id,
            acs_url: self.acs_url,
            expected: self.expected,
            freshness: self.freshness,
            skew: self.skew,
            decryption_keys: &self.decryption_keys,
            now: self.now,
        }
    }
}

/// Verifies with the usual expectations.
pub fn check(xml: impl AsRef<[u8]>) -> Result<VerifiedResponse, Refusal> {
    Verifier::trusting(&["idp-current"]).verify(xml)
}

/// Verifies with the usual expectations, and asks the second opinion where there is one.
#[track_caller]
pub fn accepted(xml: impl AsRef<[u8]>) -> VerifiedResponse {
    let xml = xml.as_ref();
    match check(xml) {
        Ok(verified) => {
            oracle::accepts(xml, "idp-current");
            verified
        }
        Err(refusal) => panic!("refused: {refusal}\n{}", String::from_utf8_lossy(xml)),
    }
}

#[track_caller]
pub fn refused(xml: impl AsRef<[u8]>, code: RefusalCode) {
    let got = check(xml).expect_err("accepted");
    assert_eq!(got.code, code, "{got}");
}

/// Signs the SignedInfo of a message again, as it stands.
pub fn resigned(xml: &str) -> String {
    let part = |from: &str, to: &str| {
        let start = xml.find(from).unwrap();
        start..start + xml[start..].find(to).unwrap() + to.len()
    };
    let signed_info = part("<ds:SignedInfo", "</ds:SignedInfo>");
    let value = part("<ds:SignatureValue>", "</ds:SignatureValue>");
    let wrapped =
        format!("<x>{}</x>", xml[signed_info.clone()].replacen("<ds:SignedInfo ", "<ds:SignedInfo ID=\"x\" ", 1));
    let canonical = String::from_utf8(canonical_form(&wrapped, "x", "").unwrap()).unwrap().replacen(" ID=\"x\"", "", 1);
    let signature = sign_bytes(&CURRENT, SignatureAlgorithm::RsaSha256, canonical.as_bytes()).unwrap();
    let signature = format!("<ds:SignatureValue>{}</ds:SignatureValue>", STANDARD.encode(signature));
    [&xml[..value.start], &signature, &xml[value.end..]].concat()
}
