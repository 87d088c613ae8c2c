//! Any text, as the query of a Redirect.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stoa_saml::idp::parse_redirect_request;

fuzz_target!(|query: &str| {
    let _ = parse_redirect_request(query, &[]);
});
