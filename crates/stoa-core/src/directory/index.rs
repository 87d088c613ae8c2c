//! By what people and groups are found: keyed hashes, so that the table tells nobody's name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use stoa_scim::text::folded;
use stoa_scim::{Lookup, Profile, ResourceType};

use super::unverified_address;
use crate::ids::ConnectionId;
use crate::keys::Pepper;

/// An attribute by which a resource is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexedBy {
    /// A person's `userName`, which one person has.
    UserName,
    /// A person's `externalId`, which one person has.
    UserExternalId,
    /// One of a person's addresses. Several people may have it.
    Email,
    /// A person's name as it is shown.
    UserDisplayName,
    /// A group's name, which one group has.
    GroupDisplayName,
    /// A group's `externalId`, which one group has.
    GroupExternalId,
}

impl IndexedBy {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::UserName,
        Self::UserExternalId,
        Self::Email,
        Self::UserDisplayName,
        Self::GroupDisplayName,
        Self::GroupExternalId,
    ];

    /// As it stands in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserName => "user-name",
            Self::UserExternalId => "user-external-id",
            Self::Email => "email",
            Self::UserDisplayName => "user-display-name",
            Self::GroupDisplayName => "group-display-name",
            Self::GroupExternalId => "group-external-id",
        }
    }

    /// As a client calls it.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::UserName => "userName",
            Self::UserExternalId | Self::GroupExternalId => "externalId",
            Self::Email => "emails",
            Self::UserDisplayName | Self::GroupDisplayName => "displayName",
        }
    }

    /// Whether a login may be joined to somebody by the value: what names a person when they come.
    pub const fn joins(self) -> bool {
        match self {
            Self::UserName | Self::UserExternalId | Self::Email => true,
            Self::UserDisplayName | Self::GroupDisplayName | Self::GroupExternalId => false,
        }
    }

    /// Whether only one resource of the connection has the value.
    pub const fn is_unique(self) -> bool {
        match self {
            Self::UserName | Self::UserExternalId | Self::GroupDisplayName | Self::GroupExternalId => true,
            Self::Email | Self::UserDisplayName => false,
        }
    }
}

/// The hash of a value: HMAC of connection, attribute and normal form, hexadecimal. Names are lower case in keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyHash(String);

impl KeyHash {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value under which a resource is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyOf {
    /// Which attribute.
    pub by: IndexedBy,
    /// Its value, hashed.
    pub hash: KeyHash,
}

impl KeyOf {
    fn new(by: IndexedBy, value: &str, connection: &ConnectionId, pepper: &Pepper) -> Self {
        let index = pepper.index("directory key", &[connection.as_str(), by.as_str(), value]);
        Self { by, hash: KeyHash(index.iter().map(|byte| format!("{byte:02x}")).collect()) }
    }

    /// A group of this name.
    pub fn of_group(name: &str, connection: &ConnectionId, pepper: &Pepper) -> Self {
        Self::new(IndexedBy::GroupDisplayName, &folded(name.trim()), connection, pepper)
    }

    /// What a filter looks for; `None`: it is not found by a hash.
    pub fn of_lookup(
        lookup: &Lookup,
        resource: ResourceType,
        connection: &ConnectionId,
        pepper: &Pepper,
    ) -> Option<Self> {
        let key = |by, value| Some(Self::new(by, value, connection, pepper));
        match (lookup, resource) {
            (Lookup::UserName(name), ResourceType::User) => key(IndexedBy::UserName, name),
            (Lookup::ExternalId(id), ResourceType::User) => key(IndexedBy::UserExternalId, id),
            (Lookup::ExternalId(id), ResourceType::Group) => key(IndexedBy::GroupExternalId, id),
            (Lookup::Email(email), ResourceType::User) => key(IndexedBy::Email, email),
            (Lookup::DisplayName(name), ResourceType::User) => key(IndexedBy::UserDisplayName, name),
            (Lookup::DisplayName(name), ResourceType::Group) => key(IndexedBy::GroupDisplayName, name),
            (
                Lookup::Id(_) | Lookup::Member(_) | Lookup::UserName(_) | Lookup::Email(_),
                ResourceType::User | ResourceType::Group,
            ) => None,
        }
    }
}

/// The address that counts of a person's, as their keys have it. They are found by the others as well, which may be
/// somebody else's own: an assistant's, or one that was given away since.
pub fn own_address(profile: &Profile, connection: &ConnectionId, pepper: &Pepper) -> KeyHash {
    KeyOf::new(IndexedBy::Email, &folded(unverified_address(profile)), connection, pepper).hash
}

/// Every key of a resource: by these it is found, and by the unique ones nobody else is.
pub fn keys(profile: &Profile, connection: &ConnectionId, pepper: &Pepper) -> BTreeSet<KeyOf> {
    let (name, external_id) = match profile.resource() {
        ResourceType::User => (IndexedBy::UserName, IndexedBy::UserExternalId),
        ResourceType::Group => (IndexedBy::GroupDisplayName, IndexedBy::GroupExternalId),
    };
    let mut values = vec![(name, folded(profile.naming()))];
    values.extend(profile.external_id().map(|id| (external_id, id.to_owned())));
    if profile.resource() == ResourceType::User {
        // Whose name is their only address comes by it, and is found by it.
        let mut emails = profile.folded_emails();
        if emails.is_empty() {
            emails.insert(folded(profile.naming()));
        }
        values.extend(emails.into_iter().map(|email| (IndexedBy::Email, email)));
        values.extend(profile.display_name().map(|name| (IndexedBy::UserDisplayName, folded(name))));
    }
    values.into_iter().map(|(by, value)| KeyOf::new(by, &value, connection, pepper)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use stoa_scim::Filter;

    use super::*;
    use crate::keys::KeySet;

    fn pepper() -> Pepper {
        Pepper::from_keys(&KeySet::parse(r#"{"keys":[{"id":"a","from":0,"value":"x"}]}"#).unwrap())
    }

    fn profile(resource: ResourceType, text: &str) -> Profile {
        Profile::create(resource, text.as_bytes()).unwrap().profile
    }

    #[test]
    fn whatever_a_filter_looks_for_has_a_key_of_the_resource_that_it_finds() {
        let acme = ConnectionId::parse("acme").unwrap();
        let ada = r#"{"userName":"Ada@X.test","externalId":"A-1","displayName":"Ada L.",
                      "emails":[{"value":"ada@x.test"},{"value":"ADA@Y.test"}]}"#;
        let group = r#"{"displayName":"Jos\u00e9's Team","externalId":"g"}"#;
        for (resource, text, filter, is_found) in [
            (ResourceType::User, ada, r#"userName eq "ADA@x.TEST""#, true),
            (ResourceType::User, ada, r#"externalId eq "A-1""#, true),
            (ResourceType::User, ada, r#"externalId eq "a-1""#, false),
            (ResourceType::User, ada, r#"emails[type eq "work"].value eq "ada@y.test""#, true),
            (ResourceType::User, ada, r#"displayName eq "ADA L.""#, true),
            (ResourceType::User, ada, r#"userName eq "bob""#, false),
            (ResourceType::Group, group, "displayName eq \"JOSE\u{301}'S team\"", true),
            (ResourceType::Group, group, r#"externalId eq "g""#, true),
        ] {
            let lookup = Filter::parse(resource, filter).unwrap().lookup().unwrap();
            let wanted = KeyOf::of_lookup(&lookup, resource, &acme, &pepper()).unwrap();
            let keys = keys(&profile(resource, text), &acme, &pepper());
            assert_eq!(keys.contains(&wanted), is_found, "{filter}");
        }
        let wanted = KeyOf::of_group(" JOSE\u{301}'S team", &acme, &pepper());
        assert!(keys(&profile(ResourceType::Group, group), &acme, &pepper()).contains(&wanted));
    }

    #[test]
    fn a_key_is_of_one_connection_and_one_attribute() {
        let [acme, globex] = ["acme", "globex"].map(|id| ConnectionId::parse(id).unwrap());
        let person = profile(ResourceType::User, r#"{"userName":"x","displayName":"x","externalId":"x"}"#);
        let [ours, theirs] = [&acme, &globex].map(|connection| keys(&person, connection, &pepper()));
        let hashes: BTreeSet<_> = ours.iter().chain(&theirs).map(|key| key.hash.clone()).collect();
        assert_eq!(hashes.len(), 8);
        assert!(hashes.iter().all(|hash| hash.as_str().len() == 48));
    }
}
