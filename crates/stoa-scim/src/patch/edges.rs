//! Whom a group gains and loses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::limits::MEMBERS;
use crate::refusal::Refusal;

/// The members that a PATCH names. Only these are to be written: whoever reads the whole list, changes it and writes
/// it back loses what another PATCH did in between.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Edges {
    is_cleared: bool,
    named: BTreeMap<String, bool>,
}

impl Edges {
    /// Whether all members go, but for the [`Edges::added`]. This is what needs the whole list.
    pub fn is_cleared(&self) -> bool {
        self.is_cleared
    }

    /// Whether nothing is said of members.
    pub fn is_empty(&self) -> bool {
        !self.is_cleared && self.named.is_empty()
    }

    /// Who is to belong to the group.
    pub fn added(&self) -> impl Iterator<Item = &str> {
        self.named.iter().filter(|(_, is_added)| **is_added).map(|(id, _)| id.as_str())
    }

    /// Who is not to belong to it. Empty where all go.
    pub fn removed(&self) -> impl Iterator<Item = &str> {
        self.named.iter().filter(|(_, is_added)| !**is_added).map(|(id, _)| id.as_str())
    }

    /// The same without those who turn out to be unknown: the others are written none the less.
    pub fn without(&self, unknown: &BTreeSet<&str>) -> Self {
        let named = self.named.iter().filter(|(id, _)| !unknown.contains(id.as_str()));
        Self { is_cleared: self.is_cleared, named: named.map(|(id, is_added)| (id.clone(), *is_added)).collect() }
    }

    /// What these make of a list of members.
    pub fn applied_to(&self, members: &BTreeSet<String>) -> BTreeSet<String> {
        let kept = members.iter().filter(|id| !self.is_cleared && self.named.get(*id) != Some(&false));
        kept.cloned().chain(self.added().map(str::to_owned)).collect()
    }

    pub(super) fn add(&mut self, ids: impl IntoIterator<Item = String>) -> Result<(), Refusal> {
        self.named.extend(ids.into_iter().map(|id| (id, true)));
        self.bounded()
    }

    pub(super) fn remove(&mut self, ids: impl IntoIterator<Item = String>) -> Result<(), Refusal> {
        for id in ids {
            match self.is_cleared {
                true => drop(self.named.remove(&id)),
                false => drop(self.named.insert(id, false)),
            }
        }
        self.bounded()
    }

    pub(super) fn clear(&mut self) {
        *self = Self { is_cleared: true, named: BTreeMap::new() };
    }

    fn bounded(&self) -> Result<(), Refusal> {
        match self.named.len() > MEMBERS {
            true => Err(Refusal::TooManyValues { attribute: "members".to_owned(), limit: MEMBERS }),
            false => Ok(()),
        }
    }
}

/// How many: an id may be an address, by a client that takes one for the other.
impl fmt::Debug for Edges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (added, removed) = (self.added().count(), self.removed().count());
        let mut edges = f.debug_struct("Edges");
        edges.field("is_cleared", &self.is_cleared).field("added", &added).field("removed", &removed).finish()
    }
}
