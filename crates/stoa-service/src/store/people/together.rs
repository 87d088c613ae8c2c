//! Several people at once, as a file names them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use stoa_core::directory::{DIRECTORY_VERSION, EdgeItem, GroupId, KeyItem, KeyOf, UserId, group_key, group_named};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::routes::Table;

use super::group::Group;
use super::replacement::Regrouped;
use super::users::instant;
use super::{AT_ONCE, Changed, EdgesChanged, People, Person};
use crate::store::{Key, read};

/// How often a change of a group that met another one is made on what has become of the group.
const TRIES: u32 = 6;

/// Who comes into a group, and who leaves it.
#[derive(Default)]
pub struct Moved {
    /// Who comes in.
    pub joins: BTreeSet<UserId>,
    /// Who leaves.
    pub leaves: BTreeSet<UserId>,
}

impl People<'_> {
    /// Whose values are that only one may have, as far as they are anybody's: one read for each.
    pub async fn owners(&self, values: &BTreeSet<KeyOf>) -> Result<BTreeMap<KeyOf, String>, Failure> {
        let keys: BTreeMap<String, (Key, &KeyOf)> = values
            .iter()
            .map(|value| {
                let key = Key::lock(self.connection, value.by.as_str(), &value.hash);
                (key.pk.clone(), (key, value))
            })
            .collect();
        let mut owners = BTreeMap::new();
        for item in self.read_all(keys.values().map(|(key, _)| key.clone()).collect()).await? {
            let value = item.get("pk").and_then(|pk| keys.get(pk.as_s().ok()?)).map(|(_, value)| (*value).clone());
            let KeyItem { id, gone, .. } = read(Table::Directory, item)?;
            owners.extend(value.filter(|_| !gone).map(|value| (value, id)));
        }
        Ok(owners)
    }

    /// People with their groups, as far as there are any: one read for each, and one for each group.
    pub async fn together(&self, ids: &BTreeSet<UserId>) -> Result<BTreeMap<UserId, Person>, Failure> {
        let found = |id: UserId| async move { self.found(&id).await.map(|found| (id, found)) };
        let found: Vec<_> =
            stream::iter(ids.iter().cloned()).map(found).buffer_unordered(AT_ONCE).try_collect().await?;
        let groups: BTreeSet<GroupId> =
            found.iter().flat_map(|(_, found)| &found.edges).map(|edge| edge.group.clone()).collect();
        let groups = self.groups(&groups.into_iter().collect::<Vec<_>>()).await?;
        let groups: BTreeMap<GroupId, Group> = groups.into_iter().map(|group| (group.item.id.clone(), group)).collect();
        let mut people = BTreeMap::new();
        for (id, found) in found {
            let mut belongs = Vec::new();
            for edge in &found.edges {
                let group = groups.get(&edge.group).filter(|group| group.item.generation == edge.generation);
                if let Some(group) = group {
                    belongs.push((group.clone(), instant(edge.since)?));
                }
            }
            people.insert(id, Person { user: found.user, groups: belongs });
        }
        Ok(people)
    }

    /// The groups of these names; those that there are not yet are made.
    pub async fn groups_named(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Group>, Failure> {
        let key = |name: &String| Some((name.clone(), group_key(name, self.connection, self.pepper)?));
        let keys: BTreeMap<String, KeyOf> = names.iter().filter_map(key).collect();
        let owners = self.owners(&keys.values().cloned().collect()).await?;
        let ids: BTreeSet<GroupId> = owners.values().filter_map(|id| GroupId::parse(id).ok()).collect();
        let known = self.groups(&ids.into_iter().collect::<Vec<_>>()).await?;
        let known: BTreeMap<String, Group> =
            known.into_iter().map(|group| (group.item.id.to_string(), group)).collect();
        let mut named = BTreeMap::new();
        for (name, key) in keys {
            let group = match owners.get(&key).and_then(|id| known.get(id)) {
                Some(group) => Some(group.clone()),
                None => self.group_made(&name, &key).await?,
            };
            named.extend(group.map(|group| (name, group)));
        }
        Ok(named)
    }

    /// Makes a group, or finds who has made it in the meantime. `None`: its name is none that a group has.
    async fn group_made(&self, name: &str, key: &KeyOf) -> Result<Option<Group>, Failure> {
        let Some(profile) = group_named(name) else { return Ok(None) };
        for _ in 0..TRIES {
            let draft = self.draft_group(&profile)?;
            if let Changed::Applied(group) = self.create_group(draft, &EdgesChanged::default()).await? {
                return Ok(Some(group));
            }
            let id = self.owner(key).await?.and_then(|id| GroupId::parse(&id).ok());
            if let Some(id) = id
                && let Some(group) = self.group(&id).await?
            {
                return Ok(Some(group));
            }
        }
        Err(contended())
    }

    /// Lets people come into a group and leave it. Other changes of other members are not in its way.
    pub async fn move_members(&self, group: &Group, moved: &Moved) -> Result<(), Failure> {
        let mut group = group.clone();
        for _ in 0..TRIES {
            let edge = |user: &UserId| EdgeItem {
                v: DIRECTORY_VERSION,
                group: group.item.id.clone(),
                user: user.clone(),
                generation: group.item.generation,
                since: self.now.as_second(),
            };
            let edges = EdgesChanged {
                added: moved.joins.iter().map(edge).collect(),
                removed: moved.leaves.iter().map(edge).collect(),
                ..EdgesChanged::default()
            };
            let change = Regrouped { before: &group, profile: &group.profile, edges: &edges, is_exact: false };
            match self.change_group(&change).await? {
                Changed::Applied(_) => return Ok(()),
                Changed::Taken(_) | Changed::Meanwhile => {}
            }
            match self.group(&group.item.id).await? {
                Some(current) => group = current,
                None => return Ok(()),
            }
        }
        Err(contended())
    }
}

/// Two writers met again and again.
fn contended() -> Failure {
    Failure::noted(Fault::StoreContended, "a group of the directory")
}
