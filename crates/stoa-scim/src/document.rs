//! A resource as it is answered (RFC 7643 §3).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::name::{self, Name};
use crate::profile::Profile;
use crate::schema::ResourceType;
use crate::version::Version;

/// What the server knows of a resource.
#[derive(Clone, Debug)]
pub struct Meta<'a> {
    /// Our id.
    pub id: &'a str,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
    /// Which change that was.
    pub version: Version,
    /// The address of the endpoints, without a slash at its end.
    pub base: &'a str,
}

/// A group that a person belongs to.
#[derive(Clone, Debug)]
pub struct Belonging<'a> {
    /// The group's id.
    pub id: &'a str,
    /// Its name.
    pub display: &'a str,
}

/// The whole resource, without `members` and `groups`.
pub fn document(profile: &Profile, meta: &Meta<'_>) -> Map<String, Value> {
    let resource = profile.resource();
    let mut document = profile.attributes.clone();
    let extensions =
        document.keys().filter(|name| matches!(name::resolve(resource, name), Name::Extension(_) | Name::Opaque(_)));
    let schemas: Vec<Value> =
        std::iter::once(resource.schema().id.into()).chain(extensions.map(|urn| urn.as_str().into())).collect();
    document.insert("schemas".to_owned(), schemas.into());
    document.insert("id".to_owned(), meta.id.into());
    let about = json!({
        "resourceType": resource.name(),
        "created": meta.created.to_string(),
        "lastModified": meta.last_modified.to_string(),
        "location": location(meta.base, resource, meta.id),
        "version": meta.version.to_string()
    });
    document.insert("meta".to_owned(), about);
    document
}

/// Adds a group's members.
pub fn add_members(document: &mut Map<String, Value>, members: &BTreeSet<String>, base: &str) {
    let member = |id: &String| json!({ "value": id, "$ref": location(base, ResourceType::User, id), "type": ResourceType::User.name() });
    document.insert("members".to_owned(), members.iter().map(member).collect());
}

/// Adds the groups that a person belongs to.
pub fn add_groups(document: &mut Map<String, Value>, groups: &[Belonging<'_>], base: &str) {
    let group = |group: &Belonging<'_>| {
        json!({
            "value": group.id,
            "$ref": location(base, ResourceType::Group, group.id),
            "display": group.display,
            "type": "direct"
        })
    };
    document.insert("groups".to_owned(), groups.iter().map(group).collect());
}

/// Where a resource is; also the header `Location` of a 201.
pub fn location(base: &str, resource: ResourceType, id: &str) -> String {
    format!("{base}/{}/{id}", resource.endpoint())
}
