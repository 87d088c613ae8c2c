//! Any text, as a filter and as the path of a PATCH.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use stoa_scim::{Filter, Patch, ResourceType};

fuzz_target!(|text: &str| {
    for resource in ResourceType::ALL {
        if let Ok(filter) = Filter::parse(resource, text) {
            let printed = filter.to_string();
            assert_eq!(Filter::parse(resource, &printed).unwrap().to_string(), printed);
        }
        let body = json!({ "Operations": [{ "op": "replace", "path": text, "value": "a" }] });
        let _ = Patch::parse(resource, body.to_string().as_bytes());
    }
});
