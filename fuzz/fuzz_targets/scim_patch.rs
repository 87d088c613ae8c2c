//! Any bytes, as a PATCH of a person and of a group.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stoa_scim::{Patch, Profile, ResourceType};

const USER: &[u8] = br#"{"userName":"ada@x.test","name":{"givenName":"Ada"},
    "emails":[{"value":"w@x.test","type":"work","primary":true},{"value":"h@x.test","type":"home"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"u2"}}}"#;

fuzz_target!(|body: &[u8]| {
    for (resource, before) in [(ResourceType::User, USER), (ResourceType::Group, br#"{"displayName":"G"}"#)] {
        let profile = Profile::create(resource, before).unwrap().profile;
        let Ok(patched) = Patch::parse(resource, body).and_then(|patch| patch.apply(&profile)) else { continue };
        let read = Profile::from_stored(resource, patched.profile.to_json().as_bytes());
        assert_eq!(read.as_ref(), Ok(&patched.profile));
    }
});
