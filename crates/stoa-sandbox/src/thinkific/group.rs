//! Groups and who is in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A group of the school. Its name cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Thinkific's id.
    pub id: u64,
    /// Its name, by which people are added.
    pub name: String,
    /// Eight characters of a link by which people join.
    pub token: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The ids of whoever is in it.
    pub members: BTreeSet<u64>,
}

/// All of them, by id.
#[derive(Debug, Default)]
pub(super) struct Groups {
    by_id: BTreeMap<u64, Group>,
}

impl Groups {
    pub(super) fn all(&self) -> impl Iterator<Item = &Group> {
        self.by_id.values()
    }

    pub(super) fn get(&self, id: u64) -> Option<&Group> {
        self.by_id.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Group> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Group> {
        self.by_id.values().find(|group| group.name == name)
    }

    pub(super) fn insert(&mut self, group: Group) {
        self.by_id.insert(group.id, group);
    }

    pub(super) fn remove(&mut self, id: u64) -> bool {
        self.by_id.remove(&id).is_some()
    }

    pub(super) fn remove_user(&mut self, user: u64) {
        for group in self.by_id.values_mut() {
            group.members.remove(&user);
        }
    }
}
