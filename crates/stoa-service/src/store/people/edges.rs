//! Who belongs to a group.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use stoa_core::directory::{DIRECTORY_VERSION, EdgeItem, UserId};
use stoa_core::failure::Failure;
use stoa_core::provision::Rank;
use stoa_core::routes::Table;
use stoa_scim::Edges;

use super::group::Group;
use super::{AT_ONCE, People, TRANSACTION};
use crate::store::{Key, Range, Reads, Write, read};

/// The writes of one membership: among the group's items, among the person's, and the mark of what is due.
pub(super) const PER_EDGE: usize = 3;

/// What becomes of a group's members.
#[derive(Default)]
pub struct EdgesChanged {
    /// Who comes in.
    pub(super) added: Vec<EdgeItem>,
    /// Who goes.
    pub(super) removed: Vec<EdgeItem>,
    /// Ids that are nobody's: nothing was done about them.
    pub unknown: usize,
    /// How many members there were, where all of them were looked at.
    pub(super) whole: Option<usize>,
}

impl EdgesChanged {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many memberships come and go.
    pub fn len(&self) -> usize {
        self.added.len() + self.removed.len()
    }
}

impl People<'_> {
    /// The members of a group: what it takes to read them all.
    pub async fn members(&self, group: &Group) -> Result<BTreeSet<UserId>, Failure> {
        let range = Range::members(self.connection, &group.item.id, group.item.generation);
        let edges: Vec<EdgeItem> = self.store.tables.query(&range, Reads::Consistent).await?;
        Ok(edges.into_iter().map(|edge| edge.user).collect())
    }

    /// What a PATCH makes of a group's members. Only those whom it names are looked at, unless all go.
    pub async fn edges_changed(&self, group: &Group, edges: &Edges) -> Result<EdgesChanged, Failure> {
        let (wanted, unknown) = parsed(edges.added());
        let before = match edges.is_cleared() {
            true => self.members(group).await?,
            false => {
                let named = wanted.iter().cloned().chain(parsed(edges.removed()).0).collect();
                self.members_among(group, &named).await?
            }
        };
        let removed: BTreeSet<UserId> = match edges.is_cleared() {
            true => before.difference(&wanted).cloned().collect(),
            false => parsed(edges.removed()).0.intersection(&before).cloned().collect(),
        };
        let whole = edges.is_cleared().then_some(before.len());
        let changed = self.difference(group, (&before, &wanted, &removed), unknown).await?;
        Ok(EdgesChanged { whole, ..changed })
    }

    /// What a whole new list makes of a group's members.
    pub async fn edges_replaced(&self, group: &Group, members: &BTreeSet<String>) -> Result<EdgesChanged, Failure> {
        let (wanted, unknown) = parsed(members.iter().map(String::as_str));
        let before = self.members(group).await?;
        let removed = before.difference(&wanted).cloned().collect();
        let changed = self.difference(group, (&before, &wanted, &removed), unknown).await?;
        Ok(EdgesChanged { whole: Some(before.len()), ..changed })
    }

    async fn difference(
        &self,
        group: &Group,
        (before, wanted, removed): (&BTreeSet<UserId>, &BTreeSet<UserId>, &BTreeSet<UserId>),
        unknown: usize,
    ) -> Result<EdgesChanged, Failure> {
        let new: BTreeSet<UserId> = wanted.difference(before).cloned().collect();
        let known = self.known_users(&new).await?;
        let edge = |user: &UserId| EdgeItem {
            v: DIRECTORY_VERSION,
            group: group.item.id.clone(),
            user: user.clone(),
            generation: group.item.generation,
            since: self.now.as_second(),
        };
        Ok(EdgesChanged {
            added: known.iter().map(edge).collect(),
            removed: removed.iter().map(edge).collect(),
            unknown: unknown + new.len() - known.len(),
            whole: None,
        })
    }

    async fn members_among(&self, group: &Group, users: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, Failure> {
        let (id, generation) = (&group.item.id, group.item.generation);
        let keys = users.iter().map(|user| Key::member(self.connection, id, generation, user)).collect();
        let items = self.read_all(keys).await?;
        let users = items.into_iter().map(|item| read::<EdgeItem>(Table::Directory, item).map(|edge| edge.user));
        Ok(users.collect::<Result<_, _>>()?)
    }

    /// The writes of every membership that changes, those who go first.
    pub(super) fn edge_writes(&self, changed: &EdgesChanged) -> Vec<[Write; PER_EDGE]> {
        let due = |edge: &EdgeItem, rank| self.due().mark(&edge.user, rank);
        let removed = changed.removed.iter().map(|edge| {
            let [member, belongs] = self.remove_edge(edge);
            [member, belongs, due(edge, Rank::First)]
        });
        let added = changed.added.iter().map(|edge| {
            let [member, belongs] = self.put_edge(edge);
            [member, belongs, due(edge, Rank::Then)]
        });
        removed.chain(added).collect()
    }

    pub(super) fn put_edge(&self, edge: &EdgeItem) -> [Write; 2] {
        self.edge_keys(edge).map(|key| key.put(edge))
    }

    pub(super) fn remove_edge(&self, edge: &EdgeItem) -> [Write; 2] {
        self.edge_keys(edge).map(Key::delete)
    }

    fn edge_keys(&self, edge: &EdgeItem) -> [Key; 2] {
        let EdgeItem { group, user, generation, .. } = edge;
        [
            Key::member(self.connection, group, *generation, user),
            Key::belongs(self.connection, user, group, *generation),
        ]
    }

    /// Writes memberships that nothing decides about, as many in a transaction as there is room for, several transactions
    /// at once: each membership is whole, and whoever was cut off asks again for what is missing.
    pub(super) async fn write_edges<const N: usize>(&self, edges: Vec<[Write; N]>) -> Result<(), Failure> {
        let transactions = filled(Vec::new, edges);
        // No condition is in them that could be refused.
        let write = |writes: Vec<Write>| async move { self.transact(writes).await.map(drop) };
        stream::iter(transactions).map(write).buffer_unordered(AT_ONCE).try_collect().await
    }
}

/// The writes of memberships, as few transactions as they fit into, and what each of these begins with.
pub(super) fn filled<const N: usize>(mut begin: impl FnMut() -> Vec<Write>, edges: Vec<[Write; N]>) -> Vec<Vec<Write>> {
    let mut transactions: Vec<Vec<Write>> = Vec::new();
    for writes in edges {
        match transactions.last_mut().filter(|last| last.len() + N <= TRANSACTION) {
            Some(last) => last.extend(writes),
            None => transactions.push(begin().into_iter().chain(writes).collect()),
        }
    }
    transactions
}

/// The ids of people, and how many are none.
fn parsed<'a>(ids: impl Iterator<Item = &'a str>) -> (BTreeSet<UserId>, usize) {
    let mut unknown = 0;
    let known = ids.filter_map(|id| UserId::parse(id).inspect_err(|_| unknown += 1).ok()).collect();
    (known, unknown)
}
