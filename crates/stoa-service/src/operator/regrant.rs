//! What a changed grant does, before it is applied: counted over the directory and what was done for its people.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use stoa_core::connection::{ConnectionDocument, DirectoryDocument, GrantDocument, Source};
use stoa_core::directory::{EdgeItem, GroupId, GroupItem, IndexedBy, KeyHash, KeyItem, Membership, UserId, UserItem};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::provision::{Applied, Grantee, Rank, Regranted, Stuck, Sync, due_at};

use super::question::{Question, Reply};
use super::{Answerer, Catalogue, DirectoryPerson, OperatorError, Planned, StackAccess, Stopped};
use crate::store::{Key, ListedId, Range, Reads, StoreError, due_of, read};

/// After how many seconds people are due for another grant: by then no function holds the connection as it was, and no
/// run that began before works on.
const DUE_IN: i64 = 150;
/// People who are made due side by side.
const WRITES_AT_ONCE: usize = 16;
/// People whose items are read at once: two each, and a batch has a hundred.
const AT_ONCE: usize = 50;

/// What another set of grants changes, and for whom.
#[derive(Clone, Debug)]
pub struct Regrant {
    /// How many people get what, and lose what.
    pub counted: Regranted,
    connection: ConnectionId,
    people: Vec<UserId>,
}

impl Regrant {
    /// Whose grants.
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }
}

impl StackAccess {
    /// Makes everybody due for whom a connection's grants have changed. Returns how many there are, and who is being
    /// worked on now, so that nobody knows by which grants.
    pub async fn make_due(&self, regrant: &Regrant) -> Result<(usize, Vec<UserId>), OperatorError> {
        let at = Self::now().saturating_add(SignedDuration::from_secs(DUE_IN)).unwrap_or(Timestamp::MAX);
        let wake = |user: &UserId| {
            // What is due first is a removal or an address: it is not put off. Whoever is stuck is not due.
            let write = Key::sync(&regrant.connection, user)
                .update("SET due_of = :of, due_at = :at, tries = :none REMOVE stuck ADD wanted :one")
                .only_if("attribute_exists(pk) AND (attribute_not_exists(due_at) OR due_at >= :then OR due_of <> :of)")
                .with(":of", due_of(&regrant.connection))
                .with(":at", due_at(Rank::Then, at))
                .with(":then", due_at(Rank::Then, Timestamp::UNIX_EPOCH))
                .with(":none", 0)
                .with(":one", 1);
            let user = user.clone();
            async move { Ok::<_, StoreError>((self.tables.write(write).await?.is_applied(), user)) }
        };
        let written = stream::iter(regrant.people.iter().map(wake)).buffer_unordered(WRITES_AT_ONCE);
        let written: Vec<(bool, UserId)> =
            written.try_collect().await.map_err(OperatorError::store("make people due"))?;
        let busy: Vec<UserId> = written.into_iter().filter_map(|(is_due, user)| (!is_due).then_some(user)).collect();
        Ok((regrant.people.len() - busy.len(), busy))
    }

    /// Those about whom nothing is done for want of a domain; `None`: nobody. Asked once a connection is written as it is to
    /// be: whoever gets stuck until then is among them.
    pub async fn waiting_for_domain(&self, document: &ConnectionDocument) -> Result<Option<Regrant>, OperatorError> {
        let id = &document.id;
        if document.directory.as_ref().is_none_or(|directory| directory.source == Source::None) {
            return Ok(None);
        }
        let waits = |person: &DirectoryPerson| {
            let stuck = person.sync.as_ref().and_then(|sync| sync.stuck.as_ref());
            matches!(stuck, Some(Stuck::NoAddress | Stuck::AddressForeign { .. }))
        };
        let stuck = self.all_stopped(id, Stopped::Stuck).await?;
        let people: Vec<UserId> = stuck.into_iter().filter(waits).map(|person| person.user).collect();
        let waiting = Regrant { counted: Regranted::default(), connection: id.clone(), people };
        Ok((!waiting.people.is_empty()).then_some(waiting))
    }

    /// What applying would change for the people of the directory; `None`: no grant is changed.
    pub async fn regrant(&self, planned: &Planned) -> Result<Option<Regrant>, OperatorError> {
        let stored = planned.stored()?;
        // Nobody works on a directory that is not there, or is nobody's.
        let grants = |document: &ConnectionDocument| {
            let directory = document.directory.as_ref().filter(|own| own.source != Source::None);
            directory.map(|own| own.grant.clone())
        };
        let Some(after) = grants(planned.document()) else { return Ok(None) };
        // One that is back has people who have never been looked at by these grants.
        let before = stored.as_ref().and_then(grants).unwrap_or_default();
        if before == after {
            return Ok(None);
        }
        let id = &planned.document().id;
        let mut people = self.members_of(id, &[&before[..], &after].concat()).await?;
        let everybody = |grants: &[GrantDocument]| -> Vec<GrantDocument> {
            grants.iter().filter(|grant| grant.everybody).cloned().collect()
        };
        if everybody(&before) != everybody(&after) {
            let listed: Vec<ListedId> = self.items_in(&Range::listed_users(id)).await?;
            for user in listed.iter().filter_map(|listed| UserId::parse(&listed.sk).ok()) {
                people.entry(user).or_default();
            }
        }
        let mut regrant = Regrant { counted: Regranted::default(), connection: id.clone(), people: Vec::new() };
        let people: Vec<(UserId, Vec<Membership>)> = people.into_iter().collect();
        for people in people.chunks(AT_ONCE) {
            self.count(people, (&before, &after), &mut regrant).await?;
        }
        Ok(Some(regrant))
    }

    /// The groups of a document's grants that its directory does not have, by name.
    pub async fn groups_missing(&self, document: &ConnectionDocument) -> Result<Vec<String>, OperatorError> {
        let grants = document.directory.as_ref().map_or(&[][..], |directory: &DirectoryDocument| &directory.grant);
        let groups = self.groups_named(&document.id, grants).await?;
        Ok(groups.into_iter().filter_map(|(name, group)| group.is_none().then_some(name)).collect())
    }

    /// The courses and groups of a school, as it lists them now. The function `operator` asks, since the command has no
    /// school's key.
    pub async fn catalogue(&self, school: &SchoolId) -> Result<Catalogue, OperatorError> {
        let question = Question::Catalogue { school: school.clone() };
        let Reply::Catalogue(catalogue) = self.ask(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        Ok(catalogue)
    }

    async fn count(
        &self,
        people: &[(UserId, Vec<Membership>)],
        (before, after): (&[GrantDocument], &[GrantDocument]),
        regrant: &mut Regrant,
    ) -> Result<(), OperatorError> {
        let connection = &regrant.connection.clone();
        let failed = || OperatorError::store("read the directory");
        let keys = people.iter().flat_map(|(user, _)| [Key::user(connection, user), Key::sync(connection, user)]);
        let mut items = self.tables.batch("people", keys, Reads::Eventual).await.map_err(failed())?;
        let mut take = |key: Key| {
            let place = items.iter().position(|(table, item)| key.is_of(*table, item))?;
            Some(items.swap_remove(place))
        };
        for (user, memberships) in people {
            let (item, sync) = (take(Key::user(connection, user)), take(Key::sync(connection, user)));
            let item: Option<UserItem> = item.map(|(table, item)| read(table, item)).transpose().map_err(failed())?;
            let sync: Option<Sync> = sync.map(|(table, item)| read(table, item)).transpose().map_err(failed())?;
            // Whoever is kept out or held gets nothing; let in or through, they get what they are to have then.
            let is_kept_out = sync.as_ref().is_some_and(|sync| sync.blocked || sync.held.is_some());
            let Some(item) = item.filter(|item| item.active && !is_kept_out) else { continue };
            let applied = sync.map_or_else(Applied::default, |sync| sync.applied);
            let person = Grantee { memberships, since: instant(item.created), applied: &applied };
            if regrant.counted.count(&person, before, after) {
                regrant.people.push(user.clone());
            }
        }
        Ok(())
    }

    /// The members of the groups that grants name, with these of their groups.
    async fn members_of(
        &self,
        connection: &ConnectionId,
        grants: &[GrantDocument],
    ) -> Result<BTreeMap<UserId, Vec<Membership>>, OperatorError> {
        let mut people: BTreeMap<UserId, Vec<Membership>> = BTreeMap::new();
        for (name, group) in self.groups_named(connection, grants).await? {
            let Some(group) = group else { continue };
            let members: Vec<EdgeItem> =
                self.items_in(&Range::members(connection, &group.id, group.generation)).await?;
            for edge in members {
                let membership = Membership { group: name.clone(), since: instant(edge.since) };
                people.entry(edge.user).or_default().push(membership);
            }
        }
        Ok(people)
    }

    /// The groups that grants name, as far as the directory has them.
    async fn groups_named(
        &self,
        connection: &ConnectionId,
        grants: &[GrantDocument],
    ) -> Result<Vec<(String, Option<GroupItem>)>, OperatorError> {
        let names: BTreeSet<String> = grants.iter().filter_map(|grant| grant.group.clone()).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = names.into_iter().collect();
        let question = Question::HashGroups { connection: connection.clone(), names: names.clone() };
        let Reply::GroupHashes(hashes) = self.ask(&question).await? else {
            return Err(OperatorError::Answer(Answerer::Operator));
        };
        let mut groups = Vec::new();
        for (name, hash) in names.into_iter().zip(hashes) {
            groups.push((name, self.group_with(connection, &hash).await?));
        }
        Ok(groups)
    }

    async fn group_with(&self, connection: &ConnectionId, hash: &KeyHash) -> Result<Option<GroupItem>, OperatorError> {
        let failed = || OperatorError::store("read the directory");
        let lock = Key::lock(connection, IndexedBy::GroupDisplayName.as_str(), hash);
        let lock: Option<KeyItem> = self.tables.get(&lock, Reads::Eventual).await.map_err(failed())?;
        let Some(group) = lock.and_then(|lock| GroupId::parse(&lock.id).ok()) else { return Ok(None) };
        self.tables.get(&Key::group(connection, &group), Reads::Eventual).await.map_err(failed())
    }

    async fn items_in<T: serde::de::DeserializeOwned>(&self, range: &Range) -> Result<Vec<T>, OperatorError> {
        self.tables.query(range, Reads::Eventual).await.map_err(OperatorError::store("read the directory"))
    }
}

/// Before all time, where somebody wrote a number that is none.
fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}
