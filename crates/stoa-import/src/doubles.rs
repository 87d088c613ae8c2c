//! Whom an earlier row has named.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use stoa_core::connection::Column;

use crate::person::Person;
use crate::rejection::Why;

/// Where each person is, by address and by id, and a hash of everything that is said of them.
#[derive(Default)]
pub(crate) struct Doubles {
    by_email: HashMap<Box<str>, (u64, u64)>,
    by_id: HashMap<Box<str>, u64>,
}

impl Doubles {
    /// Notes a person, or says which row names them or somebody whom they cannot be told from. The first row counts:
    /// the second could be anybody's.
    pub(crate) fn note(&mut self, person: &Person, line: u64) -> Result<(), Why> {
        let details = details(person);
        let id = person.external_id.as_deref();
        let earlier = self.by_email.get(person.email.as_str()).copied();
        let same_id = id.and_then(|id| self.by_id.get(id)).copied();
        match (earlier, same_id) {
            (Some((at, theirs)), _) if theirs == details => return Err(Why::Double(at)),
            (Some((at, _)), _) => return Err(Why::Conflict(Column::Email, at)),
            (None, Some(at)) => return Err(Why::Conflict(Column::ExternalId, at)),
            (None, None) => {}
        }
        self.by_email.insert(person.email.as_str().into(), (line, details));
        if let Some(id) = id {
            self.by_id.insert(id.into(), line);
        }
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.by_email.len()
    }
}

fn details(person: &Person) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&person.external_id, &person.first_name, &person.last_name, &person.company).hash(&mut hasher);
    (&person.groups, person.is_active).hash(&mut hasher);
    hasher.finish()
}
