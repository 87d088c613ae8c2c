//! Which attribute a name means (RFC 7644 §3.10).

use std::fmt;

use serde_json::{Map, Value};

use crate::schema::{Attribute, COMMON, ResourceType, Schema, find};

/// An attribute, or a sub-attribute, of a resource or of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttributePath {
    /// The extension that it belongs to.
    pub(crate) extension: Option<&'static Schema>,
    pub(crate) attribute: &'static Attribute,
    pub(crate) sub: Option<&'static Attribute>,
}

/// What a name may mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Name {
    Attribute(AttributePath),
    /// An extension as a whole.
    Extension(&'static Schema),
    /// An extension that is not known here, or an attribute of one.
    Opaque(String),
    Unknown,
}

impl AttributePath {
    pub(crate) fn of(attribute: &'static Attribute) -> Self {
        Self { extension: None, attribute, sub: None }
    }

    /// What its values are.
    pub(crate) fn leaf(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// The object that holds it.
    pub(crate) fn container<'a>(&self, resource: &'a Map<String, Value>) -> Option<&'a Map<String, Value>> {
        match self.extension {
            Some(schema) => resource.get(schema.id)?.as_object(),
            None => Some(resource),
        }
    }

    /// Its values: none, one, or those of a list. `null` is none.
    pub(crate) fn values<'a>(&self, resource: &'a Map<String, Value>) -> Vec<&'a Value> {
        let whole = self.container(resource).and_then(|container| container.get(self.attribute.name));
        let elements = match whole {
            None | Some(Value::Null) => &[],
            Some(Value::Array(elements)) => elements.as_slice(),
            Some(one) => std::slice::from_ref(one),
        };
        match self.sub {
            None => elements.iter().collect(),
            Some(sub) => elements.iter().filter_map(|element| element.get(sub.name)).collect(),
        }
    }
}

/// As it stands in a filter or a path.
impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = self.extension {
            write!(f, "{}:", schema.id)?;
        }
        f.write_str(self.attribute.name)?;
        match self.sub {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}

/// Whether the text has the form of a name: letters, digits and the few signs of URNs, paths and `$ref`.
pub(crate) fn is_name(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"_-$.:/#%".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}

/// What a name of a resource means, with or without the URN of its schema, in whatever case. An attribute of the
/// extension is also found by its bare name, as Entra's `manager`.
pub(crate) fn resolve(resource: ResourceType, text: &str) -> Name {
    let is_urn = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    if !is_urn {
        let lists = [COMMON, resource.schema().attributes];
        let core = lists.into_iter().find_map(|attributes| path_in(None, attributes, text));
        let bare = || resource.extension().and_then(|schema| path_in(Some(schema), schema.attributes, text));
        return core.or_else(bare).map_or(Name::Unknown, Name::Attribute);
    }
    for schema in [Some(resource.schema()), resource.extension()].into_iter().flatten() {
        let is_extension = resource.extension().is_some_and(|extension| extension == schema);
        if is_extension && schema.is(text) {
            return Name::Extension(schema);
        }
        if let Some(rest) = schema.spellings().find_map(|urn| behind(text, urn)) {
            let owner = Some(schema).filter(|_| is_extension);
            return path_in(owner, schema.attributes, rest).map_or(Name::Unknown, Name::Attribute);
        }
    }
    match is_name(text) && !resource.schema().is(text) {
        true => Name::Opaque(text.to_owned()),
        false => Name::Unknown,
    }
}

/// What a name means inside of the brackets behind an attribute.
pub(crate) fn resolve_within(attribute: &'static Attribute, text: &str) -> Option<AttributePath> {
    attribute.sub(text).map(AttributePath::of)
}

/// What follows the URN and a colon, or a dot, as some clients join everything.
fn behind<'a>(text: &'a str, urn: &str) -> Option<&'a str> {
    let start = text.get(..urn.len())?;
    text[urn.len()..].strip_prefix([':', '.']).filter(|_| start.eq_ignore_ascii_case(urn))
}

fn path_in(extension: Option<&'static Schema>, attributes: &'static [Attribute], text: &str) -> Option<AttributePath> {
    let (name, sub) = match text.split_once('.') {
        Some((name, sub)) => (name, Some(sub)),
        None => (text, None),
    };
    let attribute = find(attributes, name)?;
    let sub = match sub {
        Some(sub) => Some(attribute.sub(sub)?),
        None => None,
    };
    Some(AttributePath { extension, attribute, sub })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> String {
        match resolve(ResourceType::User, text) {
            Name::Attribute(path) => path.to_string(),
            Name::Extension(schema) => format!("extension {}", schema.name),
            Name::Opaque(urn) => format!("opaque {urn}"),
            Name::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn c187_names_with_and_without_their_schema_in_whatever_case() {
        let enterprise = crate::schema::ENTERPRISE_URN;
        for (text, wanted) in [
            ("userName", "userName".to_owned()),
            ("USERNAME", "userName".to_owned()),
            ("name.givenname", "name.givenName".to_owned()),
            ("urn:ietf:params:scim:schemas:core:2.0:User:name.familyName", "name.familyName".to_owned()),
            ("URN:IETF:params:scim:schemas:core:2.0:user:userName", "userName".to_owned()),
            (&format!("{enterprise}:manager"), format!("{enterprise}:manager")),
            (&format!("{enterprise}:manager.value"), format!("{enterprise}:manager.value")),
            ("manager", format!("{enterprise}:manager")),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0User:department",
                format!("{enterprise}:department"),
            ),
            (enterprise, "extension EnterpriseUser".to_owned()),
            (&format!("{enterprise}.department"), format!("{enterprise}:department")),
            ("urn:example:custom:User", "opaque urn:example:custom:User".to_owned()),
            ("urn:example:\u{1b}", "unknown".to_owned()),
            (&format!("{enterprise}:favouriteColour"), "unknown".to_owned()),
            ("urn:ietf:params:scim:schemas:core:2.0:User", "unknown".to_owned()),
            ("urn:ietf:params:scim:schemas:core:2.0:User:manager", "unknown".to_owned()),
            ("favouriteColour", "unknown".to_owned()),
            ("name.favourite", "unknown".to_owned()),
            ("name.givenName.first", "unknown".to_owned()),
            ("urn", "unknown".to_owned()),
            ("", "unknown".to_owned()),
        ] {
            assert_eq!(printed(text), wanted, "{text}");
        }
    }
}
