//! Any bytes, as a person and as a group.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stoa_scim::{Profile, ResourceType};

fuzz_target!(|body: &[u8]| {
    for resource in ResourceType::ALL {
        let Ok(received) = Profile::create(resource, body) else { continue };
        let stored = received.profile.to_json();
        assert_eq!(Profile::from_stored(resource, stored.as_bytes()).as_ref(), Ok(&received.profile));
        assert_eq!(received.profile.replace(stored.as_bytes()).unwrap().profile, received.profile);
    }
});
