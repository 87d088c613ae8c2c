//! Groups.

use std::collections::BTreeSet;

use stoa_core::directory::{DIRECTORY_VERSION, GroupId, GroupItem, IndexedBy, KeyItem, KeyOf, keys};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::routes::Table;
use stoa_scim::{Profile, ResourceType};

use super::edges::{PER_EDGE, filled};
use super::group::Group;
use super::replacement::{Regrouped, is_better_beside};
use super::{Changed, EdgesChanged, People, TRANSACTION, Wrote};
use crate::random;
use crate::store::{ABSENT, Key, Reads, Write, read};

impl People<'_> {
    /// A group, without its members: one read.
    pub async fn group(&self, id: &GroupId) -> Result<Option<Group>, Failure> {
        let key = Key::group(self.connection, id);
        let item: Option<GroupItem> = self.store.tables.get(&key, Reads::Consistent).await?;
        item.map(|item| self.opened_group(item)).transpose()
    }

    /// Groups by their ids, in no order, as far as there are any.
    pub async fn groups(&self, ids: &[GroupId]) -> Result<Vec<Group>, Failure> {
        let keys = ids.iter().map(|id| Key::group(self.connection, id)).collect();
        let items = self.read_all(keys).await?;
        items.into_iter().map(|item| self.opened_group(read(Table::Directory, item)?)).collect()
    }

    /// A new group as it would be written, so that its members can be looked up.
    pub fn draft_group(&self, profile: &Profile) -> Result<Group, Failure> {
        let id = GroupId::from_random(random::bytes()?);
        let key = Key::group(self.connection, &id);
        let (version, at) = (1, self.now.as_second());
        let item = GroupItem {
            v: DIRECTORY_VERSION,
            id,
            version,
            profile: version,
            generation: 1,
            sealed: self.seal(profile, &key, version)?,
            created: at,
            modified: at,
            leaving: None,
            renamed: false,
            replacing: None,
        };
        Ok(Group { item, profile: profile.clone() })
    }

    /// Writes a new group and its members.
    pub async fn create_group(&self, draft: Group, members: &EdgesChanged) -> Result<Changed<Group>, Failure> {
        let id = &draft.item.id;
        let values: Vec<KeyOf> = keys(&draft.profile, self.connection, self.pepper).into_iter().collect();
        let mut writes: Vec<Write> = values.iter().map(|value| self.take(value, id.as_str())).collect();
        writes.push(Key::group(self.connection, id).put(&draft.item).only_if(ABSENT));
        writes.push(Key::listed_group(self.connection, id).put(&KeyItem::of(id.to_string())));
        let mut item = draft.item.clone();
        match self.write_with_edges(writes, (&mut item, members)).await? {
            Wrote::All => Ok(Changed::Applied(Group { item, ..draft })),
            Wrote::Refused(refused) => {
                let by = refused.iter().find_map(|index| values.get(*index)).map(|value| value.by);
                Ok(Changed::Taken(by.unwrap_or(IndexedBy::GroupDisplayName)))
            }
        }
    }

    /// Writes what has become of a group. Where only some members change, other changes of other members are not in its
    /// way; a whole list is what the client makes of the one that was read.
    pub async fn change_group(&self, change: &Regrouped<'_>) -> Result<Changed<Group>, Failure> {
        let Regrouped { before, profile, edges, is_exact } = *change;
        let is_same = before.profile == *profile;
        if is_same && edges.is_empty() {
            return Ok(Changed::Applied(Group { item: before.item.clone(), profile: profile.clone() }));
        }
        if is_better_beside(edges) {
            return self.replace_beside(change).await;
        }
        let (mut item, mut writes, taken) = self.rewritten(before, profile, |_| {})?;
        if is_same && !is_exact && edges.whole.is_none() {
            writes = vec![
                Key::group(self.connection, &before.item.id)
                    .update("SET modified = :now ADD version :one")
                    .only_if("generation = :generation")
                    .with(":now", item.modified)
                    .with(":one", 1)
                    .with(":generation", item.generation),
            ];
        }
        match self.write_with_edges(writes, (&mut item, edges)).await? {
            Wrote::All => Ok(Changed::Applied(self.finish_change(Group { item, profile: profile.clone() }).await?)),
            Wrote::Refused(refused) => {
                let value = refused.iter().find_map(|index| taken.get(*index));
                Ok(value.map_or(Changed::Meanwhile, |value| Changed::Taken(value.by)))
            }
        }
    }

    /// The group written over the version that was read: its item, the writes, and the values that it takes by the first
    /// of them.
    pub(super) fn rewritten(
        &self,
        before: &Group,
        profile: &Profile,
        change: impl FnOnce(&mut GroupItem),
    ) -> Result<(GroupItem, Vec<Write>, Vec<KeyOf>), Failure> {
        let id = &before.item.id;
        let key = Key::group(self.connection, id);
        let version = before.item.version + 1;
        let [had, has] = [&before.profile, profile].map(|profile| keys(profile, self.connection, self.pepper));
        let taken: Vec<KeyOf> = has.difference(&had).cloned().collect();
        let mut writes: Vec<Write> = taken.iter().map(|value| self.take(value, id.as_str())).collect();
        writes.extend(had.difference(&has).map(|value| self.give_up(value, id.as_str())));
        let sealed = self.seal(profile, &key, version)?;
        let modified = self.now.as_second();
        let renamed = before.item.renamed || before.profile.naming() != profile.naming();
        let mut item = GroupItem { version, profile: version, sealed, modified, renamed, ..before.item.clone() };
        change(&mut item);
        let put = key.put(&item).only_if("version = :before AND generation = :generation");
        writes.push(put.with(":before", before.item.version).with(":generation", before.item.generation));
        Ok((item, writes, taken))
    }

    /// Takes a group away, and from its members what it granted. More of them than one transaction has room for leave it
    /// first, all at once.
    pub async fn delete_group(&self, before: &Group) -> Result<Changed<()>, Failure> {
        let edges = self.edges_replaced(before, &BTreeSet::new()).await?;
        let values = keys(&before.profile, self.connection, self.pepper);
        if edges.len() <= (TRANSACTION - values.len() - 2) / PER_EDGE {
            return self.delete_with_edges(before, &values, &edges).await;
        }
        let emptied = Regrouped { before, profile: &before.profile, edges: &edges, is_exact: true };
        match self.replace_beside(&emptied).await? {
            Changed::Applied(group) => self.delete_with_edges(&group, &values, &EdgesChanged::default()).await,
            Changed::Taken(_) | Changed::Meanwhile => Ok(Changed::Meanwhile),
        }
    }

    async fn delete_with_edges(
        &self,
        before: &Group,
        values: &BTreeSet<KeyOf>,
        edges: &EdgesChanged,
    ) -> Result<Changed<()>, Failure> {
        let id = &before.item.id;
        let delete = Key::group(self.connection, id).delete().only_if("version = :before AND generation = :generation");
        let delete = delete.with(":before", before.item.version).with(":generation", before.item.generation);
        let mut writes = vec![delete, Key::listed_group(self.connection, id).delete()];
        writes.extend(values.iter().map(|value| self.give_up(value, id.as_str())));
        writes.extend(self.edge_writes(edges).into_iter().flatten());
        match self.transact(writes).await? {
            Wrote::All => Ok(Changed::Applied(())),
            Wrote::Refused(_) => Ok(Changed::Meanwhile),
        }
    }

    /// What decides and as many memberships as there is room for in one transaction; then the others, one transaction
    /// after the other, as long as the group's members are of the same generation: else they would be written for nothing.
    /// Of a whole list, each is a version of its own: whoever has read the members in between begins again, else two lists
    /// would become one.
    async fn write_with_edges(
        &self,
        mut writes: Vec<Write>,
        (group, edges): (&mut GroupItem, &EdgesChanged),
    ) -> Result<Wrote, Failure> {
        let is_whole = edges.whole.is_some();
        let mut edges = self.edge_writes(edges);
        let room = (TRANSACTION - writes.len()) / PER_EDGE;
        let rest = edges.split_off(edges.len().min(room));
        writes.extend(edges.into_iter().flatten());
        let wrote = self.transact(writes).await?;
        if matches!(wrote, Wrote::Refused(_)) {
            return Ok(wrote);
        }
        let key = Key::group(self.connection, &group.id);
        let begin = || {
            let begin = match is_whole {
                true => {
                    let before = group.version;
                    group.version += 1;
                    key.clone()
                        .update("SET version = :version")
                        .only_if("generation = :generation AND version = :before")
                        .with(":version", group.version)
                        .with(":before", before)
                }
                false => key.clone().check("generation = :generation"),
            };
            vec![begin.with(":generation", group.generation)]
        };
        for writes in filled(begin, rest) {
            if let Wrote::Refused(_) = self.transact(writes).await? {
                return Err(Failure::noted(Fault::StoreContended, "the group was changed in between"));
            }
        }
        Ok(wrote)
    }

    pub(super) fn opened_group(&self, item: GroupItem) -> Result<Group, Failure> {
        let key = Key::group(self.connection, &item.id);
        let profile = self.open(&item.sealed, &key, item.profile, ResourceType::Group)?;
        Ok(Group { item, profile })
    }
}
