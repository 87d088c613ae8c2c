//! Which attributes are answered (RFC 7644 §3.9).

use serde_json::{Map, Value};

use crate::limits::PROJECTED;
use crate::name::{self, AttributePath, Name};
use crate::refusal::Refusal;
use crate::schema::{ResourceType, Returned};

/// What is answered however little is asked for.
const ALWAYS: [&str; 2] = ["schemas", "id"];

/// What a client wants to see of a resource. Names that are no attributes are left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Projection {
    /// What is answered by default.
    #[default]
    Default,
    /// These, and what is always answered.
    Only(Vec<Shown>),
    /// All but these, and what is always answered.
    Without(Vec<Shown>),
}

/// What a name in `attributes` or `excludedAttributes` means.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// An attribute or a part of one.
    Attribute(AttributePath),
    /// A whole extension, by its URN.
    Extension(String),
}

impl Projection {
    /// From the two lists of names. Both at once exclude each other.
    pub fn new(resource: ResourceType, attributes: &[&str], excluded: &[&str]) -> Result<Self, Refusal> {
        match (attributes.is_empty(), excluded.is_empty()) {
            (true, true) => Ok(Self::Default),
            (false, true) => Ok(Self::Only(meant(resource, attributes, "attributes")?)),
            (true, false) => Ok(Self::Without(meant(resource, excluded, "excludedAttributes")?)),
            (false, false) => Err(Refusal::BothProjections),
        }
    }

    /// Whether the client asks for the attribute by its name. `members` is left out of lists otherwise, and costs a
    /// read of its own.
    pub fn asks_for(&self, name: &str) -> bool {
        match self {
            Self::Default | Self::Without(_) => false,
            Self::Only(shown) => shown.iter().any(|one| one.is(name)),
        }
    }

    /// Whether the attribute is answered where one resource is asked for, so that it has to be read.
    pub fn shows(&self, name: &str) -> bool {
        match self {
            Self::Default => true,
            Self::Only(_) => self.asks_for(name),
            Self::Without(hidden) => !hidden.iter().any(|one| one.is(name) && one.is_whole()),
        }
    }

    /// The resource with what is asked for.
    pub fn apply(&self, resource: Map<String, Value>) -> Map<String, Value> {
        match self {
            Self::Default => resource,
            Self::Only(shown) => {
                let mut kept = Map::new();
                for name in ALWAYS {
                    kept.extend(resource.get(name).map(|value| (name.to_owned(), value.clone())));
                }
                for one in shown {
                    one.copy(&resource, &mut kept);
                }
                kept
            }
            Self::Without(hidden) => {
                let mut kept = resource;
                for one in hidden {
                    one.remove(&mut kept);
                }
                kept
            }
        }
    }
}

impl Shown {
    /// Whether it is this attribute of the core, or a part of it.
    fn is(&self, name: &str) -> bool {
        match self {
            Self::Attribute(path) => path.extension.is_none() && path.attribute.name == name,
            Self::Extension(_) => false,
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Self::Attribute(path) => path.sub.is_none(),
            Self::Extension(_) => true,
        }
    }

    fn copy(&self, from: &Map<String, Value>, to: &mut Map<String, Value>) {
        let path = match self {
            Self::Extension(urn) => {
                to.extend(from.get(urn).map(|value| (urn.clone(), value.clone())));
                return;
            }
            Self::Attribute(path) => path,
        };
        let name = path.attribute.name;
        let Some(value) = path.container(from).and_then(|container| container.get(name)) else { return };
        let target = match path.extension {
            None => to,
            Some(schema) => {
                let extension = to.entry(schema.id).or_insert_with(|| Map::new().into());
                let Some(extension) = extension.as_object_mut() else { return };
                extension
            }
        };
        match path.sub {
            None => drop(target.insert(name.to_owned(), value.clone())),
            Some(sub) => copy_part(value, sub.name, target.entry(name).or_insert(Value::Null)),
        }
    }

    fn remove(&self, from: &mut Map<String, Value>) {
        let path = match self {
            Self::Extension(urn) => return drop(from.remove(urn)),
            Self::Attribute(path) => path,
        };
        if path.leaf().returned == Returned::Always || ALWAYS.contains(&path.attribute.name) {
            return;
        }
        let container = match path.extension {
            None => Some(from),
            Some(schema) => from.get_mut(schema.id).and_then(Value::as_object_mut),
        };
        let Some(container) = container else { return };
        match (path.sub, container.get_mut(path.attribute.name)) {
            (None, _) => drop(container.remove(path.attribute.name)),
            (Some(sub), Some(Value::Array(elements))) => {
                elements.iter_mut().filter_map(Value::as_object_mut).for_each(|map| drop(map.remove(sub.name)));
            }
            (Some(sub), Some(Value::Object(map))) => drop(map.remove(sub.name)),
            (Some(_), _) => {}
        }
    }
}

/// Copies one part of an object, or of each object of a list, to where earlier parts of it may be already.
fn copy_part(from: &Value, name: &str, to: &mut Value) {
    match from {
        Value::Array(elements) => {
            if !to.is_array() {
                *to = vec![Value::Null; elements.len()].into();
            }
            let Value::Array(copies) = to else { return };
            elements.iter().zip(copies).for_each(|(element, copy)| copy_part(element, name, copy));
        }
        Value::Object(map) => {
            if !to.is_object() {
                *to = Map::new().into();
            }
            if let (Some(value), Value::Object(copy)) = (map.get(name), to) {
                copy.insert(name.to_owned(), value.clone());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn meant(resource: ResourceType, names: &[&str], parameter: &'static str) -> Result<Vec<Shown>, Refusal> {
    if names.len() > PROJECTED {
        return Err(Refusal::Parameter { name: parameter });
    }
    let meaning = |name: &&str| match name::resolve(resource, name.trim()) {
        Name::Attribute(path) => Some(Shown::Attribute(path)),
        Name::Extension(schema) => Some(Shown::Extension(schema.id.to_owned())),
        Name::Opaque(urn) => Some(Shown::Extension(urn)),
        Name::Unknown => None,
    };
    Ok(names.iter().filter_map(meaning).collect())
}
