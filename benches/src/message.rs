//! Responses as identity providers send them, and the service provider they are sent to.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use stoa_saml::idp::{ResponseTemplate, SignOptions, sign_enveloped};
use stoa_saml::{
    Certificate, Expected, Freshness, Refusal, ResponseInput, SigningKey, Skew, Trust, VerifiedResponse,
    decode_post_binding, unverified_in_response_to, verify,
};

pub(crate) const KEY: &str = include_str!("../../crates/stoa-saml/testdata/keys/idp-current.key");
const CERTIFICATE: &str = include_str!("../../crates/stoa-saml/testdata/keys/idp-current.crt");
const IDP: &str = "https://idp.example";
const SP: &str = "https://stoa.example/saml/acme";
const ACS: &str = "https://stoa.example/saml/acme/acs";
const REQUEST: &str = "_1";
const TYPED: &str = "<saml:AttributeValue xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
                     xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">";

/// A Response of PingFederate's shape, one with a large directory behind it, and the same where each value declares its
/// type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Message {
    FiveKilobytes,
    TwoHundredGroups,
    Typed,
}

impl Message {
    /// Each of them.
    pub const ALL: [Self; 3] = [Self::FiveKilobytes, Self::TwoHundredGroups, Self::Typed];

    /// The message, signed.
    pub fn xml(self) -> String {
        let groups = if self == Self::FiveKilobytes { 18 } else { 200 };
        let groups: Vec<String> = (0..groups)
            .map(|n| format!("CN=EMEA-Learning-Platform-Team-{n},OU=Groups,OU=Corporate,DC=acme,DC=example"))
            .collect();
        let xml = ResponseTemplate::pingfederate("-1", IDP, SP, ACS, Some(REQUEST), "m.muster@acme.example", now())
            .attribute("mail", &["m.muster@acme.example"])
            .attribute("givenName", &["Maria"])
            .attribute("sn", &["Muster"])
            .attribute("memberOf", &groups.iter().map(String::as_str).collect::<Vec<_>>())
            .to_xml();
        signed(&if self == Self::Typed { xml.replace("<saml:AttributeValue>", TYPED) } else { xml }, "R-1")
    }

    /// The form field that the browser posts.
    pub fn field(self) -> String {
        STANDARD.encode(self.xml())
    }
}

/// Signs the element `id` as the identity provider does.
pub fn signed(xml: &str, id: &str) -> String {
    sign_enveloped(xml, id, &SignOptions::new(&SigningKey::from_pkcs8_pem(KEY).unwrap())).unwrap()
}

/// The moment of each measurement.
pub fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The identity provider's certificate.
pub fn certificate() -> Certificate {
    Certificate::from_pem(CERTIFICATE).unwrap()
}

/// Trust in the identity provider's one key.
pub fn trust() -> Trust {
    Trust::new(IDP, vec![certificate()]).unwrap()
}

/// What a message is held against.
pub fn input<'a>(xml: &'a [u8], trust: &'a Trust) -> ResponseInput<'a> {
    ResponseInput {
        xml,
        trust,
        sp_entity_id: SP,
        acs_url: ACS,
        expected: Expected::Request { id: REQUEST },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &[],
        now: now(),
    }
}

/// The whole path of a Response, from the form field to the person.
pub fn whole_path(field: &str, trust: &Trust) -> Result<VerifiedResponse, Refusal> {
    let xml = decode_post_binding(field)?;
    assert_eq!(unverified_in_response_to(&xml).as_deref(), Some(REQUEST));
    verify(&input(&xml, trust))
}

/// What no verifier can do without: one RSA-2048 verification, SHA-256 of the message, one parse of it.
pub struct Floor {
    key: ParsedPublicKey,
    signed: [u8; 900],
    signature: Vec<u8>,
}

impl Floor {
    /// A key, and a signature over a SignedInfo's worth of bytes.
    pub fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let signed = [b'x'; 900];
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &signed, &mut signature).unwrap();
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key()).unwrap();
        Self { key, signed, signature }
    }

    /// The RSA verification.
    pub fn rsa(&self) {
        self.key.verify_sig(&self.signed, &self.signature).unwrap();
    }

    /// One hash of the message.
    pub fn sha(xml: &str) -> usize {
        digest(&SHA256, xml.as_bytes()).as_ref().len()
    }

    /// One parse.
    pub fn parse(xml: &str) -> bool {
        roxmltree::Document::parse(xml).unwrap().root_element().has_children()
    }
}

impl Default for Floor {
    fn default() -> Self {
        Self::new()
    }
}
