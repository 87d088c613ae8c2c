//! Any Response at all, properly signed: what lies behind the signature check.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use stoa_saml::idp::{SignOptions, sign_enveloped};
use stoa_saml::{Certificate, Expected, Freshness, ResponseInput, SigningKey, Skew, Trust, verify};

static KEY: LazyLock<SigningKey> = LazyLock::new(|| {
    SigningKey::from_pkcs8_pem(include_str!("../../crates/stoa-saml/testdata/keys/idp-p256.key")).unwrap()
});

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let certificate = include_str!("../../crates/stoa-saml/testdata/keys/idp-p256.crt");
    Trust::new("https://idp.example", vec![Certificate::from_pem(certificate).unwrap()]).unwrap()
});

fuzz_target!(|xml: &str| {
    if xml.len() > 64 * 1024 {
        return;
    }
    let Ok(signed) = sign_enveloped(xml, "R-1", &SignOptions::new(&KEY)) else { return };
    let result = verify(&ResponseInput {
        xml: signed.as_bytes(),
        trust: &TRUST,
        sp_entity_id: "https://stoa.example/saml/acme",
        acs_url: "https://stoa.example/saml/acme/acs",
        expected: Expected::Request { id: "_request-1" },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &[],
        now: Timestamp::from_second(1_795_176_000).unwrap(),
    });
    if let Ok(verified) = result {
        assert!(signed.contains(verified.assertion_id()));
        assert!(verified.name_id().map_or(true, |name_id| !name_id.value.is_empty()));
    }
});
