//! What WorkOS tells, as it becomes people, groups and memberships.
//!
//! By what each is known stands beside it ([`Told`]), and is written in the transaction that changes it: two that hear of
//! one person at once cannot lose each other's word, and whoever was cut off hears the same again and goes on. A word that
//! changes nothing writes nothing.
//!
//! Groups have no keys by which they are found: at WorkOS two may have one name, and no client asks for them here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use stoa_core::directory::{DIRECTORY_VERSION, EdgeItem, GroupId, GroupItem, IndexedBy, KeyItem, KeyOf, UserId, keys};
use stoa_core::dsync::{Event, GroupWords, Happened, PersonWords, Told, Who, Word, WorkosId, group_id, user_id};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::provision::Rank;
use stoa_core::routes::Table;
use stoa_scim::Profile;

use super::group::Group;
use super::users::User;
use super::{Changed, People, TRIES, Wrote};
use crate::random;
use crate::store::items::{is_membership, told_group_of};
use crate::store::{ABSENT, Key, Range, Reads, Write, read};

/// Members of a group of WorkOS's are never replaced as a whole: all are of one generation.
const GENERATION: u64 = 1;
/// How many ids of one person's, one after the other, are followed.
const MOST_NAMES: usize = 8;

/// Whether a word changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was news.
    News,
    /// It was known, or something newer is.
    Known,
}

/// A membership, by the ids of both.
#[derive(Clone, Copy)]
struct Edge<'a> {
    user: &'a UserId,
    group: &'a GroupId,
}

impl People<'_> {
    /// Hears an event.
    pub async fn hear(&self, event: &Event) -> Result<Heard, Failure> {
        let at = event.at();
        let there = |order| Word::There { at, order, is_listed: false };
        match &event.happened {
            Happened::User(words) => Box::pin(self.hear_person(words, &there(Some(words.order.clone())))).await,
            Happened::Group(words) => Box::pin(self.hear_group(words, &there(Some(words.order.clone())))).await,
            Happened::UserGone(who) => Box::pin(self.hear_person_gone(&self.user_of(who), at)).await,
            Happened::GroupGone(id) => Box::pin(self.hear_group_gone(&self.group_of(id), at)).await,
            Happened::Added(both) => {
                let (person, group) = &**both;
                let (user, of) = (self.user_of(&person.who), self.group_of(&group.id));
                // Of a group that many come into at once, each event says the same: what is known of it stays untouched.
                let [told_person, told_group] =
                    [Key::told_user(self.connection, &user), Key::told_group(self.connection, &of)];
                if !self.told(&told_group).await?.knows(&group.order) {
                    Box::pin(self.hear_group(group, &there(Some(group.order.clone())))).await?;
                }
                if !self.told(&told_person).await?.knows(&person.order) {
                    Box::pin(self.hear_person(person, &there(Some(person.order.clone())))).await?;
                }
                self.hear_member((&user, &of), &there(None)).await
            }
            Happened::Removed { user, group } => {
                let ids = (self.user_of(user), self.group_of(group));
                self.hear_member((&ids.0, &ids.1), &Word::Gone { at }).await
            }
            Happened::Activated | Happened::Deleted | Happened::Other(_) => Ok(Heard::Known),
        }
    }

    /// Our id of a person.
    pub fn user_of(&self, who: &Who) -> UserId {
        user_id(who, self.connection, self.pepper)
    }

    /// Our id of a group.
    pub fn group_of(&self, id: &WorkosId) -> GroupId {
        group_id(id, self.connection, self.pepper)
    }

    /// Hears that a person is there. What an event tells again may have been cut off before their memberships were looked
    /// at; of lists, those of the groups follow.
    pub async fn hear_person(&self, words: &PersonWords, word: &Word) -> Result<Heard, Failure> {
        let id = self.user_of(&words.who);
        let key = Key::told_user(self.connection, &id);
        for _ in 0..TRIES {
            let before = self.told(&key).await?;
            let after = before.after(word);
            let user = self.user(&id).await?;
            let is_current = after.order.as_ref() == Some(&words.order);
            let changed = match (after.is_there(), user) {
                (false, Some(user)) => self.go(&user, along(&key, &before, &after)).await?,
                (true, Some(user)) if is_current && user.profile != words.profile => {
                    let told = Some(along(&key, &before, &after));
                    self.rewrite_user(&user, &words.profile, told).await?.without()
                }
                (true, None) => self.come(&id, &words.profile, along(&key, &before, &after)).await?,
                (false, None) | (true, Some(_)) => {
                    let Some(heard) = self.only(note(&key, &before, &after)).await? else { continue };
                    if after.is_there() && matches!(word, Word::There { is_listed: false, .. }) {
                        self.look_again(&id).await?;
                    }
                    return Ok(heard);
                }
            };
            match changed {
                Changed::Applied(()) => return Ok(Heard::News),
                Changed::Taken(by) => self.settle_double((&id, &words.profile, by), (&key, &before, &after)).await?,
                Changed::Meanwhile => {}
            }
        }
        Err(contended())
    }

    /// Makes a person. What was told of their memberships before they were there counts from then on.
    async fn come(&self, id: &UserId, profile: &Profile, told: Write) -> Result<Changed<()>, Failure> {
        let changed = self.make_user(id, profile, told).await?;
        if matches!(changed, Changed::Applied(())) {
            self.look_again(id).await?;
        }
        Ok(changed)
    }

    /// Takes a person away. A membership that was added after theirs were looked at goes too.
    async fn go(&self, user: &User, told: Write) -> Result<Changed<()>, Failure> {
        let changed = self.remove_user(user, Some(told)).await?;
        if matches!(changed, Changed::Applied(())) {
            self.look_again(&user.item.id).await?;
        }
        Ok(changed)
    }

    async fn make_user(&self, id: &UserId, profile: &Profile, told: Write) -> Result<Changed<()>, Failure> {
        let (_, values, mut writes) = self.new_user((id, self.version_of_return()), profile).await?;
        writes.push(told);
        Ok(match self.transact(writes).await? {
            Wrote::All => Changed::Applied(()),
            Wrote::Refused(refused) => {
                let value = refused.iter().find_map(|index| values.get(*index));
                value.map_or(Changed::Meanwhile, |value| Changed::Taken(value.by))
            }
        })
    }

    /// Somebody else has what this person is known by: another source's person has the same id of the identity provider's,
    /// or the identity provider has given somebody another id. The one who was told of last is the one who is there.
    async fn settle_double(
        &self,
        (id, profile, by): (&UserId, &Profile, IndexedBy),
        (key, before, after): (&Key, &Told, &Told),
    ) -> Result<(), Failure> {
        let values = keys(profile, self.connection, self.pepper);
        let value = values.iter().find(|value: &&KeyOf| value.by == by);
        let Some(value) = value else { return Ok(()) };
        let Some(owner) = self.owner(value).await? else { return Ok(()) };
        let other =
            UserId::parse(&owner).map_err(|_| Failure::noted(Fault::StoreItemStrange, "a lock of directory"))?;
        if other == *id {
            return Ok(());
        }
        let other_key = Key::told_user(self.connection, &other);
        let known = self.told(&other_key).await?;
        // WorkOS's own id of them is the same: it is they, of whom the identity provider has another id now.
        let is_same = by == IndexedBy::UserName;
        if known.seen >= after.seen {
            let gone = after.after(&Word::Gone { at: known.seen.unwrap_or_default() });
            let gone = Told { became: is_same.then(|| other.clone()), ..gone };
            // First, since nobody who is cut off in between comes here again; and whatever was told of them until then.
            if is_same {
                self.carry((id, after), (&other, &known)).await?;
            }
            if self.only(note(key, before, &gone)).await?.is_some() && is_same {
                self.carry((id, after), (&other, &known)).await?;
            }
            return Ok(());
        }
        let gone = known.after(&Word::Gone { at: after.seen.unwrap_or_default() });
        let gone = Told { became: is_same.then(|| id.clone()), ..gone };
        let Some(user) = self.user(&other).await? else { return Ok(()) };
        if is_same {
            self.carry((&other, &known), (id, after)).await?;
        }
        let left = self.go(&user, along(&other_key, &known, &gone)).await?;
        if is_same && matches!(left, Changed::Applied(())) {
            // Whatever was told of them in between.
            self.carry((&other, &known), (id, after)).await?;
        }
        Ok(())
    }

    /// Carries the memberships of somebody over to who they are now. Nobody tells them again.
    async fn carry(&self, (from, known): (&UserId, &Told), (to, becomes): (&UserId, &Told)) -> Result<(), Failure> {
        for (group, told) in self.memberships_told(from).await?.told {
            let of = self.told(&Key::told_group(self.connection, &group)).await?;
            let counts = told.counts(known, &of);
            // Since when it was told, so that what is told late still counts; but what ended before they came back under an
            // id that they had once does not end it.
            let seen = if becomes.gone < told.seen { told.seen } else { becomes.seen };
            let there = seen.filter(|_| counts).map(|at| Word::There { at, order: None, is_listed: false });
            let gone = if counts { told.gone } else { told.gone.max(told.seen) };
            for word in there.into_iter().chain(gone.map(|at| Word::Gone { at })) {
                self.hear_member((to, &group), &word).await?;
            }
        }
        Ok(())
    }

    /// Hears that a person is gone, or is in no list. Whoever was told to be back already keeps none of the groups that
    /// they had before.
    pub async fn hear_person_gone(&self, id: &UserId, at: i64) -> Result<Heard, Failure> {
        let key = Key::told_user(self.connection, id);
        for _ in 0..TRIES {
            let before = self.told(&key).await?;
            let after = before.after(&Word::Gone { at });
            match self.user(id).await? {
                Some(user) if !after.is_there() => {
                    if let Changed::Applied(()) = self.go(&user, along(&key, &before, &after)).await? {
                        return Ok(Heard::News);
                    }
                }
                Some(_) | None => {
                    let Some(heard) = self.only(note(&key, &before, &after)).await? else { continue };
                    self.look_again(id).await?;
                    return Ok(heard);
                }
            }
        }
        Err(contended())
    }

    /// Hears that a group is there.
    pub async fn hear_group(&self, words: &GroupWords, word: &Word) -> Result<Heard, Failure> {
        let id = self.group_of(&words.id);
        let key = Key::told_group(self.connection, &id);
        for _ in 0..TRIES {
            let before = self.told(&key).await?;
            let after = before.after(word);
            let is_current = after.order.as_ref() == Some(&words.order);
            let told = along(&key, &before, &after);
            let wrote = match (after.is_there(), self.group(&id).await?) {
                (false, Some(group)) => self.remove_group(&group, told).await?,
                (true, None) => self.make_group(&id, &words.profile, told).await?,
                (true, Some(group)) if is_current && (group.item.renamed || group.profile != words.profile) => {
                    self.rename_group(group, &words.profile, told).await?
                }
                (false, None) | (true, Some(_)) => match self.only(note(&key, &before, &after)).await? {
                    Some(heard) => return Ok(heard),
                    None => continue,
                },
            };
            if let Wrote::All = wrote {
                return Ok(Heard::News);
            }
        }
        Err(contended())
    }

    async fn make_group(&self, id: &GroupId, profile: &Profile, told: Write) -> Result<Wrote, Failure> {
        let key = Key::group(self.connection, id);
        let draft = self.draft_group(profile)?.item;
        let sealed = self.seal(profile, &key, draft.profile)?;
        let item = GroupItem { id: id.clone(), generation: GENERATION, sealed, ..draft };
        let listed = Key::listed_group(self.connection, id).put(&KeyItem::of(id.to_string()));
        self.transact(vec![key.put(&item).only_if(ABSENT), listed, told]).await
    }

    /// Another name may grant something else, so those who belong to the group are looked at again: after the name counts,
    /// which is noted with it. Whoever is cut off in between hears it again, and looks at them again. The name and what was
    /// told of it are written together, so that of two names the newer one stays.
    async fn rename_group(&self, before: Group, profile: &Profile, told: Write) -> Result<Wrote, Failure> {
        let key = Key::group(self.connection, &before.item.id);
        if before.profile == *profile {
            self.finish_change(before).await?;
            return self.transact(vec![told]).await;
        }
        let version = before.item.version + 1;
        let (sealed, modified) = (self.seal(profile, &key, version)?, self.now.as_second());
        let item = GroupItem { version, profile: version, sealed, modified, renamed: true, ..before.item.clone() };
        let put = key.put(&item).only_if("version = :before").with(":before", before.item.version);
        if let refused @ Wrote::Refused(_) = self.transact(vec![put, told]).await? {
            return Ok(refused);
        }
        self.finish_change(Group { item, profile: profile.clone() }).await?;
        Ok(Wrote::All)
    }

    /// Hears that a group is gone, or is in no list.
    pub async fn hear_group_gone(&self, id: &GroupId, at: i64) -> Result<Heard, Failure> {
        let key = Key::told_group(self.connection, id);
        for _ in 0..TRIES {
            let before = self.told(&key).await?;
            let after = before.after(&Word::Gone { at });
            let group = self.group(id).await?.filter(|_| !after.is_there());
            let Some(group) = group else {
                let Some(heard) = self.only(note(&key, &before, &after)).await? else { continue };
                if !after.is_there() {
                    self.look_for_left(id).await?;
                }
                return Ok(heard);
            };
            if let Wrote::All = self.remove_group(&group, along(&key, &before, &after)).await? {
                return Ok(Heard::News);
            }
        }
        Err(contended())
    }

    /// Takes away who came into a group that is gone while it was taken away.
    async fn look_for_left(&self, group: &GroupId) -> Result<(), Failure> {
        let left: Vec<EdgeItem> = {
            let range = Range::members(self.connection, group, GENERATION);
            self.store.tables.query(&range, Reads::Consistent).await?
        };
        for edge in &left {
            self.settle_member(Edge { user: &edge.user, group }, None).await?;
        }
        Ok(())
    }

    /// Takes a group away, after those who belonged to it have lost what it granted. One that another source made is known
    /// by its keys too, which are given up.
    async fn remove_group(&self, group: &Group, told: Write) -> Result<Wrote, Failure> {
        let (id, generation) = (&group.item.id, group.item.generation);
        let removed = self.members(group).await?.into_iter().map(|user| {
            let edge = EdgeItem { v: DIRECTORY_VERSION, group: id.clone(), user, generation, since: 0 };
            let [member, belongs] = self.remove_edge(&edge);
            [member, belongs, self.due().mark(&edge.user, Rank::First)]
        });
        self.write_edges(removed.collect()).await?;
        let mut writes =
            vec![Key::group(self.connection, id).delete(), Key::listed_group(self.connection, id).delete()];
        for value in keys(&group.profile, self.connection, self.pepper) {
            if self.owner(&value).await?.as_deref() == Some(id.as_str()) {
                writes.push(self.give_up(&value, id.as_str()));
            }
        }
        writes.push(told);
        let wrote = self.transact(writes).await?;
        if let Wrote::All = wrote {
            self.look_for_left(id).await?;
        }
        Ok(wrote)
    }

    /// Hears that somebody belongs to a group, or does not. It makes nobody: of whom nothing is known it is only noted. Of
    /// somebody who is another one by now it is said of that one too.
    pub async fn hear_member(&self, (user, group): (&UserId, &GroupId), word: &Word) -> Result<Heard, Failure> {
        let (mut user, mut heard) = (user.clone(), Heard::Known);
        for _ in 0..MOST_NAMES {
            let (own, became) = self.settle_member(Edge { user: &user, group }, Some(word)).await?;
            heard = if own == Heard::News { own } else { heard };
            match became {
                Some(became) => user = became,
                None => break,
            }
        }
        Ok(heard)
    }

    /// Hears a word of a membership, or only looks whether it is as was told. Who the person is by now, if another one.
    async fn settle_member(&self, edge: Edge<'_>, word: Option<&Word>) -> Result<(Heard, Option<UserId>), Failure> {
        let Edge { user, group } = edge;
        let (key, mut heard) = (Key::told_member(self.connection, user, group), Heard::Known);
        for _ in 0..TRIES {
            let known = self.known_of(edge).await?;
            let after = word.map_or_else(|| known.edge.clone(), |word| known.edge.after(word));
            let counts = after.counts(&known.user, &known.group);
            let told = note(&key, &known.edge, &after);
            let since = after.seen.map_or(self.now.as_second(), |seen| seen / 1000);
            let writes = self.member_writes(edge, (counts, known.is_member), since);
            if writes.is_empty() {
                let Some(own) = self.only(told).await? else { continue };
                return Ok((if own == Heard::News { own } else { heard }, known.user.became));
            }
            // As long as the person is who they were when this was decided.
            let same = unchanged(Key::told_user(self.connection, user), &known.user);
            let writes = writes.into_iter().chain(told).chain([same]).collect();
            if let Wrote::All = self.transact(writes).await? {
                heard = Heard::News;
                if !counts {
                    return Ok((heard, known.user.became));
                }
                // The group is read by many who write at once, so it is not in the transaction: whoever takes it away looks
                // for members afterwards, and who comes in looks for the group.
            }
        }
        Err(contended())
    }

    /// Looks whether a person's memberships are as was told, where something may have been told while it could not count,
    /// or counted while it was taken away.
    async fn look_again(&self, user: &UserId) -> Result<(), Failure> {
        let memberships = self.memberships_told(user).await?;
        let told = memberships.told.iter().filter(|(_, told)| told.is_there()).map(|(group, _)| group.clone());
        let groups: BTreeSet<GroupId> = told.chain(memberships.there).collect();
        for group in &groups {
            self.settle_member(Edge { user, group }, None).await?;
        }
        Ok(())
    }

    /// What was told of a person's memberships, and which they have: what it takes to read all of them.
    async fn memberships_told(&self, user: &UserId) -> Result<Memberships, Failure> {
        let mut memberships = Memberships::default();
        for item in self.store.tables.all(&Range::of_user(self.connection, user), Reads::Consistent).await? {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default();
            if is_membership(sk) {
                memberships.there.insert(read::<EdgeItem>(Table::Directory, item)?.group);
            } else if let Some(group) = told_group_of(sk) {
                memberships.told.insert(group, read(Table::Directory, item)?);
            }
        }
        Ok(memberships)
    }

    fn member_writes(&self, Edge { user, group }: Edge<'_>, becomes: (bool, bool), since: i64) -> Vec<Write> {
        let (group, user) = (group.clone(), user.clone());
        let edge = EdgeItem { v: DIRECTORY_VERSION, group, user, generation: GENERATION, since };
        let (writes, rank) = match becomes {
            (true, false) => (self.put_edge(&edge), Rank::Then),
            (false, true) => (self.remove_edge(&edge), Rank::First),
            (true, true) | (false, false) => return Vec::new(),
        };
        writes.into_iter().chain([self.due().mark(&edge.user, rank)]).collect()
    }

    async fn known_of(&self, Edge { user, group }: Edge<'_>) -> Result<Known, Failure> {
        let told_user = Key::told_user(self.connection, user);
        let told_group = Key::told_group(self.connection, group);
        let told_member = Key::told_member(self.connection, user, group);
        let member = Key::member(self.connection, group, GENERATION, user);
        let keys = vec![told_user.clone(), told_group.clone(), told_member.clone(), member.clone()];
        let mut known = Known::default();
        for item in self.read_all(keys).await? {
            let is = |key: &Key| key.is_of(Table::Directory, &item);
            if is(&member) {
                known.is_member = true;
                continue;
            }
            let place = match (is(&told_user), is(&told_group)) {
                (true, _) => &mut known.user,
                (false, true) => &mut known.group,
                (false, false) => &mut known.edge,
            };
            *place = read(Table::Directory, item)?;
        }
        Ok(known)
    }

    /// Which of these people a whole list as of then does not have. Whoever was never told of is in none.
    pub async fn missing_people(&self, ids: &[UserId], list: i64) -> Result<Vec<UserId>, Failure> {
        let keys = ids.iter().map(|id| (id.clone(), Key::told_user(self.connection, id))).collect();
        self.missing(keys, list).await
    }

    /// Which of these groups a whole list as of then does not have.
    pub async fn missing_groups(&self, ids: &[GroupId], list: i64) -> Result<Vec<GroupId>, Failure> {
        let keys = ids.iter().map(|id| (id.clone(), Key::told_group(self.connection, id))).collect();
        self.missing(keys, list).await
    }

    /// Which members of a group the whole list of them as of then does not have.
    pub async fn missing_members(&self, group: &Group, list: i64) -> Result<Vec<UserId>, Failure> {
        let members = self.members(group).await?.into_iter();
        let keys = members.map(|user| {
            let key = Key::told_member(self.connection, &user, &group.item.id);
            (user, key)
        });
        self.missing(keys.collect(), list).await
    }

    async fn missing<T>(&self, keys: Vec<(T, Key)>, list: i64) -> Result<Vec<T>, Failure> {
        let items = self.read_all(keys.iter().map(|(_, key)| key.clone()).collect()).await?;
        let mut known: BTreeMap<(String, String), Told> = BTreeMap::new();
        for item in items {
            let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
            let place = (text("pk"), text("sk"));
            known.insert(place, read(Table::Directory, item)?);
        }
        let is_missing = |key: Key| {
            let told = known.get(&(key.pk, key.sk.unwrap_or_default()));
            told.is_none_or(|told| told.is_missing_in(list))
        };
        Ok(keys.into_iter().filter_map(|(id, key)| is_missing(key).then_some(id)).collect())
    }

    async fn told(&self, key: &Key) -> Result<Told, Failure> {
        Ok(self.store.tables.get::<Told>(key, Reads::Consistent).await?.unwrap_or_default())
    }

    /// Notes what was told, where nothing else changes. `None`: something else was noted since it was read, or somebody has
    /// the item in hand.
    async fn only(&self, told: Option<Write>) -> Result<Option<Heard>, Failure> {
        let Some(told) = told else { return Ok(Some(Heard::Known)) };
        match self.store.tables.write(told).await.map_err(Failure::from) {
            Ok(outcome) => Ok(outcome.is_applied().then_some(Heard::News)),
            Err(failure) if failure.fault == Fault::StoreContended => {
                let [spread] = random::bytes()?;
                tokio::time::sleep(Duration::from_millis(20 + u64::from(spread) / 4)).await;
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A person's memberships, by the groups' ids.
#[derive(Default)]
struct Memberships {
    /// What was told.
    told: BTreeMap<GroupId, Told>,
    /// Those that they have.
    there: BTreeSet<GroupId>,
}

/// What is known of a membership and of those whom it joins.
#[derive(Default)]
struct Known {
    user: Told,
    group: Told,
    edge: Told,
    is_member: bool,
}

/// Writes what is known now over what was read; `None`: it is the same.
fn note(key: &Key, before: &Told, after: &Told) -> Option<Write> {
    if before == after {
        return None;
    }
    let put = key.clone().put(&Told { rev: before.rev + 1, ..after.clone() });
    Some(match before.rev {
        0 => put.only_if(ABSENT),
        rev => put.only_if("rev = :rev").with(":rev", rev),
    })
}

/// What goes along with a change that follows from a word: what is known now is noted, and that is what was read till then.
fn along(key: &Key, before: &Told, after: &Told) -> Write {
    note(key, before, after).unwrap_or_else(|| unchanged(key.clone(), before))
}

/// Nothing was told since this was read.
fn unchanged(key: Key, told: &Told) -> Write {
    match told.rev {
        0 => key.check(ABSENT),
        rev => key.check("rev = :rev").with(":rev", rev),
    }
}

fn contended() -> Failure {
    Failure::noted(Fault::StoreContended, "what WorkOS tells of a person or a group")
}

impl Changed<User> {
    fn without(self) -> Changed<()> {
        match self {
            Self::Applied(_) => Changed::Applied(()),
            Self::Taken(by) => Changed::Taken(by),
            Self::Meanwhile => Changed::Meanwhile,
        }
    }
}
