//! One operation: what it names, and what it does there.

use std::fmt;

use serde_json::Value;

use super::op::Op;
use super::{Draft, attributes};
use crate::filter::Filter;
use crate::json;
use crate::name::{self, AttributePath};
use crate::parser::{self, Path};
use crate::profile::is_unread;
use crate::refusal::Refusal;
use crate::schema::ResourceType;
use crate::shape;

/// One operation. Where a client names several attributes without a path, it is one change for each.
#[derive(Clone, PartialEq)]
pub(super) struct Operation {
    op: Op,
    changes: Vec<Change>,
}

#[derive(Clone, PartialEq)]
struct Change {
    /// As the client wrote it, for the note that it was ignored.
    written: String,
    target: Path,
    /// Whether the name came as a path of its own. Beside others it may be a copy of what the client read: Okta sends
    /// the `id` along with each new name of a group.
    is_named: bool,
    /// `None`: not given. `Null`: given as nothing.
    value: Option<Value>,
}

impl Operation {
    pub(super) fn parse(resource: ResourceType, given: &Value) -> Result<Self, Refusal> {
        let Value::Object(map) = given else { return Err(Refusal::UnknownOperation) };
        let op = json::member(map, "op").and_then(Value::as_str).and_then(Op::parse);
        let op = op.ok_or(Refusal::UnknownOperation)?;
        let value = json::member(map, "value");
        let path = match json::member(map, "path") {
            None | Some(Value::Null) => None,
            Some(Value::String(path)) if path.trim().is_empty() => None,
            Some(Value::String(path)) => Some(path),
            Some(_) => return Err(Refusal::PathSyntax { at: 1 }),
        };
        let changes = match (path, value) {
            (None, _) if op == Op::Remove => return Err(Refusal::RemoveWithoutPath),
            (_, None) if op != Op::Remove => return Err(Refusal::NoValue),
            (Some(path), value) => vec![Change::new(resource, path, true, value.cloned())?],
            (None, Some(Value::Object(map))) => {
                let each = map.iter().map(|(name, value)| Change::new(resource, name, false, Some(value.clone())));
                each.collect::<Result<_, _>>()?
            }
            (None, _) => return Err(Refusal::NoPath),
        };
        Ok(Self { op, changes })
    }

    pub(super) fn apply(&self, draft: &mut Draft) -> Result<(), Refusal> {
        self.changes.iter().try_for_each(|change| change.apply(self.op, draft))
    }
}

impl Change {
    fn new(resource: ResourceType, name: &str, is_named: bool, value: Option<Value>) -> Result<Self, Refusal> {
        let target = parser::path(resource, name);
        // Among others, a name that no path can have is an attribute that nobody defined.
        let target = match target {
            Err(Refusal::PathSyntax { .. }) if !is_named => Path::Unknown,
            other => other?,
        };
        Ok(Self { written: name.to_owned(), target, is_named, value })
    }

    fn apply(&self, op: Op, draft: &mut Draft) -> Result<(), Refusal> {
        if is_unread(&self.written) {
            return Ok(());
        }
        match &self.target {
            Path::Unknown => {
                // A filter's values are people's, and so may be what is no name.
                let name = self.written.split('[').next().unwrap_or_default().trim();
                if name::is_name(name) {
                    draft.ignored.note(name);
                }
                Ok(())
            }
            Path::Attribute { path, selection } if path.attribute.name == "members" => {
                self.members(op, path, selection.as_ref(), draft)
            }
            Path::Attribute { path, .. } if path.attribute.is_read_only() || path.leaf().is_read_only() => {
                match self.is_named {
                    true => Err(Refusal::ReadOnly { attribute: path.to_string() }),
                    false => Ok(()),
                }
            }
            Path::Attribute { path, selection } => {
                attributes::change(draft, op, (path, selection.as_ref()), self.value.as_ref())
            }
            Path::Extension(schema) => attributes::change_extension(draft, op, schema, self.value.as_ref()),
            Path::Opaque(urn) => {
                attributes::change_opaque(draft, op, urn, self.value.as_ref());
                Ok(())
            }
        }
    }

    /// Members are edges, each by itself. A removal that has a value takes away whom the value names, and nobody if it
    /// names nobody (Entra and JumpCloud send it; the RFC knows no value there). Without one all go, as RFC 7644
    /// §3.5.2.2 says.
    fn members(
        &self,
        op: Op,
        path: &AttributePath,
        selection: Option<&Filter>,
        draft: &mut Draft,
    ) -> Result<(), Refusal> {
        if let Some(sub) = path.sub.filter(|sub| sub.name != "value") {
            draft.ignored.note_within("members", sub.name);
            return Ok(());
        }
        let names_none = || Refusal::NamesNone { attribute: "members".to_owned() };
        let selected = match selection {
            Some(filter) => Some(filter.named_values().ok_or(Refusal::MembersFilter)?),
            None => None,
        };
        match (op, selected, &self.value) {
            (Op::Remove, Some(ids), _) => draft.edges.remove(ids),
            (Op::Remove, None, None) => {
                draft.edges.clear();
                Ok(())
            }
            (Op::Remove, None, Some(Value::Null)) => Err(names_none()),
            (Op::Remove, None, Some(value)) => draft.edges.remove(shape::ids(value).ok_or_else(names_none)?),
            (Op::Add, Some(ids), _) => draft.edges.add(ids),
            (Op::Replace, Some(_), _) => Err(Refusal::ReadOnly { attribute: "members.value".to_owned() }),
            (Op::Add, None, Some(Value::Null) | None) => Ok(()),
            (Op::Add, None, Some(value)) => draft.edges.add(new_ids(value)?),
            (Op::Replace, None, value) => {
                let ids = match value {
                    None | Some(Value::Null) => Vec::new(),
                    Some(value) => new_ids(value)?,
                };
                draft.edges.clear();
                draft.edges.add(ids)
            }
        }
    }
}

fn new_ids(value: &Value) -> Result<Vec<String>, Refusal> {
    let wanted = "a list of objects with a \"value\"";
    shape::ids(value).ok_or_else(|| Refusal::WrongType { attribute: "members".to_owned(), wanted })
}

/// The values are personal.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} changes", self.op, self.changes.len())
    }
}
