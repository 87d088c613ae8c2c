//! PATCH (RFC 7644 §3.5.2): all operations or none.

mod attributes;
mod edges;
mod list;
mod op;
mod operation;

pub use edges::Edges;
use operation::Operation;

use crate::ignored::Ignored;
use crate::json;
use crate::limits::OPERATIONS;
use crate::profile::{Profile, check_schemas};
use crate::refusal::Refusal;
use crate::schema::{PATCH_URN, ResourceType};

/// The operations of a PATCH, read and not applied yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    resource: ResourceType,
    operations: Vec<Operation>,
}

/// What a PATCH makes of a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Patched {
    /// What is to be kept.
    pub profile: Profile,
    /// Whom a group gains and loses.
    pub edges: Edges,
    /// What was left out.
    pub ignored: Ignored,
    /// Whether the profile is another one. If it is not, its version stays: a client that repeats itself changes
    /// nothing.
    pub is_changed: bool,
}

impl Patch {
    /// Reads the body. `Operations`, `op`, `path` and `value` may be written in any case.
    pub fn parse(resource: ResourceType, body: &[u8]) -> Result<Self, Refusal> {
        let map = json::object(body)?;
        check_schemas(&map, PATCH_URN)?;
        let given = json::member(&map, "Operations").and_then(|value| value.as_array());
        let given = given.filter(|operations| !operations.is_empty()).ok_or(Refusal::NoOperations)?;
        if given.len() > OPERATIONS {
            return Err(Refusal::TooManyOperations { limit: OPERATIONS });
        }
        let read = given.iter().enumerate().map(|(index, one)| numbered(index, Operation::parse(resource, one)));
        Ok(Self { resource, operations: read.collect::<Result<_, _>>()? })
    }

    /// What the operations make of a profile, one after the other. If one of them cannot be done, none is. A profile of
    /// the other type is none that there is.
    pub fn apply(&self, profile: &Profile) -> Result<Patched, Refusal> {
        if profile.resource != self.resource {
            return Err(Refusal::NotFound);
        }
        let mut draft = Draft { profile: profile.clone(), edges: Edges::default(), ignored: Ignored::default() };
        for (index, operation) in self.operations.iter().enumerate() {
            numbered(index, operation.apply(&mut draft))?;
        }
        let Draft { profile: patched, edges, ignored } = draft;
        let patched = patched.checked()?;
        Ok(Patched { is_changed: patched != *profile, profile: patched, edges, ignored })
    }
}

/// What the operations before the current one have made.
struct Draft {
    profile: Profile,
    edges: Edges,
    ignored: Ignored,
}

fn numbered<T>(index: usize, result: Result<T, Refusal>) -> Result<T, Refusal> {
    result.map_err(|refusal| Refusal::InOperation { number: index + 1, refusal: Box::new(refusal) })
}
