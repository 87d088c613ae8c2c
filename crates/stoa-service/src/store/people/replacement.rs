//! A whole list of members in place of another, where so much changes that a request could be cut off in the middle.
//!
//! The new list is written beside the one that counts, as its next generation, and counts from one write on. A request
//! that is cut off before leaves the old list as it was, and the next one goes on where it ended. What is left to do
//! afterwards, marks and the removal of the old list, is noted on the group until it is done.
//!
//! One request at a time writes the next generation: two would change each other's list after it counts, and nobody
//! would mark whom that brought in or out.

use std::collections::BTreeMap;

use stoa_core::directory::{EdgeItem, GroupId, UserId};
use stoa_core::failure::Failure;
use stoa_core::provision::Rank;
use stoa_scim::Profile;

use super::edges::EdgesChanged;
use super::group::Group;
use super::{Changed, People, Wrote};
use crate::store::{Key, Range, Reads, Write};

/// What becomes of a group.
pub struct Regrouped<'a> {
    /// As it was read.
    pub before: &'a Group,
    /// What is to be kept of it.
    pub profile: &'a Profile,
    /// What becomes of its members.
    pub edges: &'a EdgesChanged,
    /// Whether the client means the version that was read, and no other.
    pub is_exact: bool,
}

/// How long the next generation is one request's, in seconds: longer than a request lives.
const REPLACING_SECONDS: i64 = 30;
/// Up to so many changes are written one by one: as many as a client sends in one PATCH.
const ONE_BY_ONE: usize = 256;

/// Whether a list is better written beside the one that counts: many change, and of those who stay, each of whom is
/// written too, there are not many more.
pub(super) fn is_better_beside(edges: &EdgesChanged) -> bool {
    let stay = |whole: usize| whole.saturating_sub(edges.removed.len());
    edges.len() > ONE_BY_ONE && edges.whole.is_some_and(|whole| stay(whole) <= 4 * edges.len())
}

impl People<'_> {
    /// Writes a whole list beside the one that counts, and lets it count. Nothing is written while another request does.
    pub(super) async fn replace_beside(&self, change: &Regrouped<'_>) -> Result<Changed<Group>, Failure> {
        let Some(claimed) = self.claim(change.before).await? else { return Ok(Changed::Meanwhile) };
        let done = self.write_beside(&Regrouped { before: &claimed, ..*change }).await;
        if !matches!(done, Ok(Changed::Applied(_))) {
            // If this fails too, the next request waits until the claim has ended.
            let _ = self.give_back(&claimed).await;
        }
        done
    }

    /// Makes the next generation this request's to write. The group as it is then; `None`: it has changed, or the
    /// generation is another request's.
    async fn claim(&self, before: &Group) -> Result<Option<Group>, Failure> {
        let now = self.now.as_second();
        if before.item.replacing.is_some_and(|until| until > now) {
            return Ok(None);
        }
        let mut claimed = Group { item: before.item.clone(), profile: before.profile.clone() };
        claimed.item.version += 1;
        claimed.item.replacing = Some(now + REPLACING_SECONDS);
        let claim = Key::group(self.connection, &before.item.id)
            .update("SET replacing = :until, version = :version")
            .only_if("version = :before")
            .with(":until", now + REPLACING_SECONDS)
            .with(":version", claimed.item.version)
            .with(":before", before.item.version);
        Ok(self.store.tables.write(claim).await?.is_applied().then_some(claimed))
    }

    async fn give_back(&self, claimed: &Group) -> Result<(), Failure> {
        let back = Key::group(self.connection, &claimed.item.id)
            .update("REMOVE replacing")
            .only_if("replacing = :until")
            .with(":until", claimed.item.replacing);
        self.store.tables.write(back).await?;
        Ok(())
    }

    async fn write_beside(&self, change: &Regrouped<'_>) -> Result<Changed<Group>, Failure> {
        let Regrouped { before, profile, edges, .. } = *change;
        let (id, generation) = (&before.item.id, before.item.generation + 1);
        let mut wanted = self.edges_of(id, before.item.generation).await?;
        for edge in &edges.removed {
            wanted.remove(&edge.user);
        }
        wanted.extend(edges.added.iter().map(|edge| (edge.user.clone(), edge.clone())));
        // What a request that was cut off has written already.
        let there = self.edges_of(id, generation).await?;
        let surplus = there.iter().filter(|(user, _)| !wanted.contains_key(*user));
        let mut writes: Vec<[Write; 2]> = surplus.map(|(_, edge)| self.remove_edge(edge)).collect();
        let missing = wanted.into_iter().filter(|(user, _)| !there.contains_key(user));
        writes.extend(missing.map(|(_, edge)| self.put_edge(&EdgeItem { generation, ..edge })));
        self.write_edges(writes).await?;

        let (item, writes, taken) = self.rewritten(before, profile, |item| {
            item.leaving = Some(item.generation);
            item.generation = generation;
            item.replacing = None;
        })?;
        match self.transact(writes).await? {
            Wrote::All => {
                let group = Group { item, profile: profile.clone() };
                Ok(Changed::Applied(self.finish_change(group).await?))
            }
            Wrote::Refused(refused) => {
                let value = refused.iter().find_map(|index| taken.get(*index));
                Ok(value.map_or(Changed::Meanwhile, |value| Changed::Taken(value.by)))
            }
        }
    }

    /// Does what a change leaves to do once it counts. Whoever is cut off does it again.
    pub async fn finish_change(&self, group: Group) -> Result<Group, Failure> {
        let group = self.finish_renaming(group).await?;
        self.finish_replacement(group).await
    }

    /// Marks the members of a group that has another name: it may grant something else.
    async fn finish_renaming(&self, mut group: Group) -> Result<Group, Failure> {
        if !group.item.renamed {
            return Ok(group);
        }
        let marks = self.members(&group).await?.into_iter().map(|user| [self.due().mark(&user, Rank::First)]);
        self.write_edges(marks.collect()).await?;
        let done = Key::group(self.connection, &group.item.id)
            .update("REMOVE renamed")
            .only_if("profile = :profile")
            .with(":profile", group.item.profile);
        // A later name has marks of its own to come.
        self.store.tables.write(done).await?;
        group.item.renamed = false;
        Ok(group)
    }

    /// Marks those who came and went with a list, and removes the old one.
    async fn finish_replacement(&self, group: Group) -> Result<Group, Failure> {
        let Some(leaving) = group.item.leaving else { return Ok(group) };
        let id = &group.item.id;
        let (old, new) = (self.edges_of(id, leaving).await?, self.edges_of(id, group.item.generation).await?);
        let gone = old.keys().filter(|user| !new.contains_key(*user)).map(|user| [self.due().mark(user, Rank::First)]);
        let come = new.keys().filter(|user| !old.contains_key(*user)).map(|user| [self.due().mark(user, Rank::Then)]);
        self.write_edges(gone.chain(come).collect()).await?;
        self.write_edges(old.values().map(|edge| self.remove_edge(edge)).collect()).await?;
        let done = Key::group(self.connection, id)
            .update("REMOVE leaving")
            .only_if("leaving = :leaving")
            .with(":leaving", leaving);
        // Somebody else may have done it in the meantime.
        self.store.tables.write(done).await?;
        let mut group = group;
        group.item.leaving = None;
        Ok(group)
    }

    async fn edges_of(&self, group: &GroupId, generation: u64) -> Result<BTreeMap<UserId, EdgeItem>, Failure> {
        let range = Range::members(self.connection, group, generation);
        let edges: Vec<EdgeItem> = self.store.tables.query(&range, Reads::Consistent).await?;
        Ok(edges.into_iter().map(|edge| (edge.user.clone(), edge)).collect())
    }
}
