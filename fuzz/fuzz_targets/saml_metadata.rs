//! Any bytes, fetched as metadata.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use stoa_saml::metadata::parse;

fuzz_target!(|xml: &[u8]| {
    if let Ok(metadata) = parse(xml, None, Timestamp::UNIX_EPOCH) {
        assert!(!metadata.signing.is_empty() && !metadata.sso.is_empty());
    }
});
