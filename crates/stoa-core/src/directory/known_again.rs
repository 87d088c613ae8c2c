//! By what somebody is known again whom their source has taken away.

use std::collections::BTreeSet;

use stoa_scim::Profile;
use stoa_scim::text::folded;

use super::{IndexedBy, KeyOf, keys};
use crate::ids::ConnectionId;
use crate::keys::Pepper;

/// The value by which a person is known again once their source has taken them away and made them again: its own id of
/// them. `None`: it has none, or one that only repeats their name or address, as that may be somebody else's next year.
pub fn known_again_by(profile: &Profile, connection: &ConnectionId, pepper: &Pepper) -> Option<KeyOf> {
    if !has_id_of_its_own(profile) {
        return None;
    }
    keys(profile, connection, pepper).into_iter().find(|key| key.by == IndexedBy::UserExternalId)
}

fn has_id_of_its_own(profile: &Profile) -> bool {
    let Some(id) = profile.external_id().map(folded) else { return false };
    let mut names: BTreeSet<String> = profile.folded_emails();
    names.insert(folded(profile.naming()));
    !names.iter().any(|name| *name == id || name.split_once('@').is_some_and(|(local, _)| local == id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_scim::ResourceType;

    use super::*;

    #[test]
    fn an_id_that_repeats_the_name_or_the_address_is_none() {
        for (id, is_own) in [
            ("00u1", true),
            ("4711", true),
            ("mary.smith", true),
            ("Mary", false),
            ("mary@acme.com", false),
            ("mary.miller", false),
            ("Mary.Miller@acme.com", false),
        ] {
            let text = format!(
                r#"{{"userName":"mary@ACME.com","externalId":"{id}","emails":[{{"value":"Mary.Miller@acme.com"}}]}}"#
            );
            let profile = Profile::create(ResourceType::User, text.as_bytes()).unwrap().profile;
            assert_eq!(has_id_of_its_own(&profile), is_own, "{id}");
        }
        let none = Profile::create(ResourceType::User, br#"{"userName":"mary@acme.com"}"#).unwrap().profile;
        assert!(!has_id_of_its_own(&none));
    }
}
