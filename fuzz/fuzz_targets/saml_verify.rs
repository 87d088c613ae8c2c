//! Any bytes, posted to the assertion consumer service.
#![no_main]

use std::sync::LazyLock;

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use stoa_saml::{
    Certificate, DecryptionKey, Expected, Freshness, ResponseInput, Skew, Trust, decode_post_binding,
    unverified_in_response_to, verify,
};

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let certificate = include_str!("../../crates/stoa-saml/testdata/keys/idp-current.crt");
    Trust::new("https://idp.example", vec![Certificate::from_pem(certificate).unwrap()]).unwrap()
});

static KEYS: LazyLock<[DecryptionKey; 1]> = LazyLock::new(|| {
    [DecryptionKey::from_pkcs8_pem(include_str!("../../crates/stoa-saml/testdata/keys/sp.key")).unwrap()]
});

fuzz_target!(|xml: &[u8]| {
    let _ = unverified_in_response_to(xml);
    if let Ok(text) = std::str::from_utf8(xml) {
        let _ = decode_post_binding(text);
    }
    let result = verify(&ResponseInput {
        xml,
        trust: &TRUST,
        sp_entity_id: "https://stoa.example/saml/acme",
        acs_url: "https://stoa.example/saml/acme/acs",
        expected: Expected::Request { id: "_request-1" },
        freshness: Freshness::Any,
        skew: Skew::default(),
        decryption_keys: &*KEYS,
        now: Timestamp::from_second(1_795_176_000).unwrap(),
    });
    // The test key has signed for one person only: in the messages that the corpus starts from.
    if let Ok(verified) = result {
        assert!(verified.name_id().map_or(true, |name_id| name_id.value == "m.muster@acme.example"));
    }
});
