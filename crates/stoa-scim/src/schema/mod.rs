//! The attributes of people and groups, as data (RFC 7643 §4, §7, §8.7).

mod attribute;
mod enterprise;
mod group;
mod user;

pub use attribute::{Attribute, AttributeType, Mutability, Returned, Uniqueness};
use attribute::{complex, reference, text, timestamp};

/// Schema of a group.
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// Schema of a person.
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The enterprise extension of a person.
pub const ENTERPRISE_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// Message: a PATCH.
pub const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// Message: the query of `.search`.
pub const SEARCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// Message: a page of a list.
pub const LIST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Message: a refusal.
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// How schemas of SCIM 1.1 begin.
pub(crate) const OLD_URN: &str = "urn:scim:schemas:";

/// A schema: what its attributes are.
#[derive(Debug, PartialEq)]
pub struct Schema {
    /// Its URN.
    pub id: &'static str,
    /// Other spellings that clients send: without the colon before `User` in an example of Microsoft's.
    pub aliases: &'static [&'static str],
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

impl Schema {
    /// The attribute of this name, in whatever case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, name)
    }

    /// Whether the text is this schema's URN, in whatever case and spelling.
    pub fn is(&self, urn: &str) -> bool {
        self.spellings().any(|own| own.eq_ignore_ascii_case(urn))
    }

    pub(crate) fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.id).chain(self.aliases.iter().copied())
    }
}

/// The attribute of a name, in whatever case.
pub(crate) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A person.
pub static USER: Schema =
    Schema { id: USER_URN, aliases: &[], name: "User", description: "A person", attributes: user::ATTRIBUTES };

/// What a company says of a person beyond that.
pub static ENTERPRISE: Schema = Schema {
    id: ENTERPRISE_URN,
    aliases: &["urn:ietf:params:scim:schemas:extension:enterprise:2.0User"],
    name: "EnterpriseUser",
    description: "What a company says of a person",
    attributes: enterprise::ATTRIBUTES,
};

/// A group.
pub static GROUP: Schema = Schema {
    id: GROUP_URN,
    aliases: &[],
    name: "Group",
    description: "A group of people",
    attributes: group::ATTRIBUTES,
};

/// What every resource has (RFC 7643 §3.1). No schema lists these.
pub static COMMON: &[Attribute] = &[
    reference("schemas", "Schemas of what the resource has").multi().read_only(),
    text("id", "Our id").exact().read_only().always().unique(),
    text("externalId", "The client's id").exact(),
    complex("meta", "About the resource", META).read_only(),
];

static META: &[Attribute] = &[
    text("resourceType", "User or Group").exact().read_only(),
    timestamp("created", "When it was made").read_only(),
    timestamp("lastModified", "When it was last changed").read_only(),
    reference("location", "Its address").read_only(),
    text("version", "Its ETag").exact().read_only(),
];

/// What a resource is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// A person.
    User,
    /// A group of people.
    Group,
}

impl ResourceType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::User, Self::Group];

    /// As `meta.resourceType` says it.
    pub fn name(self) -> &'static str {
        self.schema().name
    }

    /// Where the resources of this type are: the path's first segment.
    pub fn endpoint(self) -> &'static str {
        match self {
            Self::User => "Users",
            Self::Group => "Groups",
        }
    }

    /// Its own schema.
    pub fn schema(self) -> &'static Schema {
        match self {
            Self::User => &USER,
            Self::Group => &GROUP,
        }
    }

    /// The extension that is known, if there is one.
    pub fn extension(self) -> Option<&'static Schema> {
        match self {
            Self::User => Some(&ENTERPRISE),
            Self::Group => None,
        }
    }

    /// The attribute by which a client finds one, and without which there is none.
    pub fn naming_attribute(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_means_two_attributes() {
        for resource in ResourceType::ALL {
            let lists = [COMMON, resource.schema().attributes, resource.extension().map_or(&[], |own| own.attributes)];
            let mut seen = BTreeSet::new();
            for attribute in lists.into_iter().flatten() {
                assert!(seen.insert(attribute.name.to_ascii_lowercase()), "{}", attribute.name);
                let subs: BTreeSet<_> = attribute.sub.iter().map(|sub| sub.name.to_ascii_lowercase()).collect();
                assert_eq!(subs.len(), attribute.sub.len(), "{}", attribute.name);
                assert_eq!(attribute.kind == AttributeType::Complex, !attribute.sub.is_empty(), "{}", attribute.name);
            }
        }
    }
}
