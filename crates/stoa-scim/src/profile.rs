//! What is kept of a person or a group, and how POST and PUT make it (RFC 7644 §3.3, §3.5.1).

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::ignored::Ignored;
use crate::json;
use crate::limits::{MEMBERS, PROFILE_BYTES};
use crate::name::{self, AttributePath, Name};
use crate::refusal::Refusal;
use crate::schema::{OLD_URN, ResourceType};
use crate::shape;
use crate::text::folded;

/// What a client wrote of a person or a group, in the spelling of the schemas: neither `id` nor `meta` nor `groups`,
/// which are the server's; not `members`, each of which is kept by itself; never `password`. Attributes of extensions
/// that are not known here are kept as they came.
#[derive(Clone, PartialEq)]
pub struct Profile {
    pub(crate) resource: ResourceType,
    pub(crate) attributes: Map<String, Value>,
}

/// What a POST or PUT says.
#[derive(Clone, PartialEq)]
pub struct Received {
    /// What is to be kept.
    pub profile: Profile,
    /// Who belongs to the group, by the ids that the client gave. `None`: the client says nothing of it.
    pub members: Option<BTreeSet<String>>,
    /// What was left out.
    pub ignored: Ignored,
}

impl Profile {
    /// Reads a new one (POST).
    pub fn create(resource: ResourceType, body: &[u8]) -> Result<Received, Refusal> {
        let map = json::object(body)?;
        check_schemas(&map, resource.schema().id)?;
        read(resource, map, Some(true))
    }

    /// Reads what takes this one's place (PUT). What the client leaves out is gone, but for two things: whether a
    /// person is active is kept as it is, since it is no property of theirs that could be forgotten; and a group
    /// without `members` keeps its members, since a client that renames it would empty it
    /// (docs/decisions/0027-what-a-scim-request-leaves-out.md).
    pub fn replace(&self, body: &[u8]) -> Result<Received, Refusal> {
        let map = json::object(body)?;
        check_schemas(&map, self.resource.schema().id)?;
        read(self.resource, map, Some(self.is_active()))
    }

    /// Reads one that was stored with [`Profile::to_json`]. It is checked as if a client had sent it.
    pub fn from_stored(resource: ResourceType, text: &[u8]) -> Result<Self, Refusal> {
        Ok(read(resource, json::object(text)?, None)?.profile)
    }

    /// As it is stored.
    pub fn to_json(&self) -> String {
        Value::Object(self.attributes.clone()).to_string()
    }

    /// A person or a group.
    pub fn resource(&self) -> ResourceType {
        self.resource
    }

    /// What the person is known by at the client, or the group's name: the text that is unique. Compare it by
    /// [`folded`].
    pub fn naming(&self) -> &str {
        self.text(self.resource.naming_attribute()).unwrap_or_default()
    }

    /// The client's id.
    pub fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// The name as it is shown.
    pub fn display_name(&self) -> Option<&str> {
        self.text("displayName")
    }

    /// First name.
    pub fn given_name(&self) -> Option<&str> {
        self.attributes.get("name")?.get("givenName")?.as_str()
    }

    /// Last name.
    pub fn family_name(&self) -> Option<&str> {
        self.attributes.get("name")?.get("familyName")?.as_str()
    }

    /// Whether the person may sign in. A group is always active.
    pub fn is_active(&self) -> bool {
        self.attributes.get("active") != Some(&Value::Bool(false))
    }

    /// The address to write to: the primary one, else the first for work, else the first. It is not proven to be the
    /// person's.
    pub fn unverified_email(&self) -> Option<&str> {
        let emails = self.attributes.get("emails")?.as_array()?;
        let addresses = || emails.iter().filter(|email| email.get("value").is_some());
        let is_work = |email: &&Value| {
            email.get("type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
        };
        let primary = addresses().find(|email| shape::is_primary(email));
        primary.or_else(|| addresses().find(is_work)).or_else(|| addresses().next())?.get("value")?.as_str()
    }

    /// The normal forms of all addresses, for keys by which a filter finds them.
    pub fn folded_emails(&self) -> BTreeSet<String> {
        let emails = self.attributes.get("emails").and_then(Value::as_array);
        let values = emails.into_iter().flatten().filter_map(|email| email.get("value")?.as_str());
        values.map(folded).collect()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }

    /// What holds of every profile: the attribute by which it is found, and its size.
    pub(crate) fn checked(self) -> Result<Self, Refusal> {
        let name = self.resource.naming_attribute();
        if self.naming().trim().is_empty() {
            return Err(Refusal::Missing { attribute: name.to_owned() });
        }
        match self.to_json().len() > PROFILE_BYTES {
            true => Err(Refusal::TooLarge { what: "resource", limit: PROFILE_BYTES, unit: "bytes" }),
            false => Ok(self),
        }
    }
}

/// The names of the attributes; their values are personal.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.attributes.keys().collect();
        f.debug_struct("Profile").field("resource", &self.resource).field("attributes", &names).finish()
    }
}

/// How many members: an id may be an address, by a client that takes one for the other.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members.as_ref().map(BTreeSet::len);
        let mut received = f.debug_struct("Received");
        received.field("profile", &self.profile).field("members", &members).field("ignored", &self.ignored).finish()
    }
}

/// `schemas` names what the endpoint takes. A client that leaves it out is understood; one that speaks SCIM 1.1 is
/// told so; further schemas do not matter (Entra names one of its own for groups).
pub(crate) fn check_schemas(map: &Map<String, Value>, wanted: &'static str) -> Result<(), Refusal> {
    let Some(schemas) = json::member(map, "schemas") else { return Ok(()) };
    let refused = Err(Refusal::WrongSchema { wanted });
    let Some(schemas) = schemas.as_array() else { return refused };
    let has = |is: &dyn Fn(&str) -> bool| schemas.iter().filter_map(Value::as_str).any(is);
    let is_old = |urn: &str| urn.get(..OLD_URN.len()).is_some_and(|start| start.eq_ignore_ascii_case(OLD_URN));
    match () {
        () if schemas.is_empty() || has(&|urn| urn.eq_ignore_ascii_case(wanted)) => Ok(()),
        () if has(&is_old) => Err(Refusal::OldVersion),
        () => refused,
    }
}

/// What a client may name and nobody reads. A password is not even noted.
pub(crate) fn is_unread(name: &str) -> bool {
    ["schemas", "password"].iter().any(|unread| name.eq_ignore_ascii_case(unread))
}

/// `active` is whether a person is active of whom nothing is said.
fn read(resource: ResourceType, map: Map<String, Value>, active: Option<bool>) -> Result<Received, Refusal> {
    let mut draft = Draft { attributes: Map::new(), bare: Vec::new(), members: None, ignored: Ignored::default() };
    for (name, value) in map {
        draft.take(resource, &name, value)?;
    }
    draft.settle_bare();
    if let (ResourceType::User, Some(active)) = (resource, active) {
        draft.attributes.entry("active").or_insert(active.into());
    }
    let profile = Profile { resource, attributes: draft.attributes }.checked()?;
    Ok(Received { profile, members: draft.members, ignored: draft.ignored })
}

struct Draft {
    attributes: Map<String, Value>,
    /// Attributes of the extension that stand beside the core's.
    bare: Vec<(AttributePath, Value)>,
    members: Option<BTreeSet<String>>,
    ignored: Ignored,
}

impl Draft {
    fn take(&mut self, resource: ResourceType, name: &str, value: Value) -> Result<(), Refusal> {
        if is_unread(name) {
            return Ok(());
        }
        match name::resolve(resource, name) {
            Name::Attribute(AttributePath { attribute, .. }) if attribute.is_read_only() => {}
            Name::Attribute(AttributePath { attribute, sub: None, .. }) if attribute.name == "members" => {
                self.members = Some(members(value)?);
            }
            Name::Attribute(path @ AttributePath { sub: None, .. }) => {
                if let Some(value) = shape::shaped(path.attribute, value, &mut self.ignored)? {
                    match path.extension {
                        Some(_) => self.bare.push((path, value)),
                        None => drop(self.attributes.insert(path.attribute.name.to_owned(), value)),
                    }
                }
            }
            Name::Extension(schema) => {
                let Value::Object(map) = value else {
                    return self.leave_out(name, &value);
                };
                let mut extension = Map::new();
                for (name, value) in map {
                    let Some(attribute) = schema.attribute(&name) else {
                        self.ignored.note_within(schema.name, &name);
                        continue;
                    };
                    if let Some(value) = shape::shaped(attribute, value, &mut self.ignored)? {
                        extension.insert(attribute.name.to_owned(), value);
                    }
                }
                if !extension.is_empty() {
                    self.attributes.insert(schema.id.to_owned(), extension.into());
                }
            }
            Name::Opaque(urn) => match value {
                Value::Object(map) => {
                    let kept = kept_as_it_came(&urn, map, &mut self.ignored);
                    if !kept.is_empty() {
                        self.attributes.insert(urn, kept.into());
                    }
                }
                other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                    self.leave_out(name, &other)?
                }
            },
            Name::Attribute(_) | Name::Unknown => self.leave_out(name, &value)?,
        }
        Ok(())
    }

    fn leave_out(&mut self, name: &str, value: &Value) -> Result<(), Refusal> {
        if !value.is_null() {
            self.ignored.note(name);
        }
        Ok(())
    }

    /// An attribute of the extension that stands beside the core's, where the extension does not say otherwise.
    fn settle_bare(&mut self) {
        for (path, value) in std::mem::take(&mut self.bare) {
            let Some(schema) = path.extension else { continue };
            let extension = self.attributes.entry(schema.id).or_insert_with(|| Map::new().into());
            if let Value::Object(map) = extension {
                map.entry(path.attribute.name).or_insert(value);
            }
        }
    }
}

/// The ids of a whole list of members. `null` is the empty list.
fn members(value: Value) -> Result<BTreeSet<String>, Refusal> {
    if value.is_null() {
        return Ok(BTreeSet::new());
    }
    let attribute = || "members".to_owned();
    let wrong = || Refusal::WrongType { attribute: attribute(), wanted: "a list of objects with a \"value\"" };
    let ids: BTreeSet<String> = shape::ids(&value).ok_or_else(wrong)?.into_iter().collect();
    match ids.len() > MEMBERS {
        true => Err(Refusal::TooManyValues { attribute: attribute(), limit: MEMBERS }),
        false => Ok(ids),
    }
}

/// The members of an extension that is not known here, without what is not there. A number that a reader may round is
/// left out: it would be another one after each time it was read and written.
pub(crate) fn kept_as_it_came(urn: &str, map: Map<String, Value>, ignored: &mut Ignored) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in map {
        match is_exact(&value) {
            true => kept.extend(without_nulls(value).map(|value| (name, value))),
            false => ignored.note_within(urn, &name),
        }
    }
    kept
}

/// Whether every number in it is a whole one, within the range of those that are read exactly.
pub(crate) fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => !number.is_f64(),
        Value::Array(elements) => elements.iter().all(is_exact),
        Value::Object(map) => map.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn without_nulls(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let kept = map.into_iter().filter_map(|(name, value)| Some((name, without_nulls(value)?)));
            let kept: Map<String, Value> = kept.collect();
            Some(kept).filter(|map| !map.is_empty()).map(Value::Object)
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => Some(other),
    }
}
