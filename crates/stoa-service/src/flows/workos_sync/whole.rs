//! A look at everything that a directory has, a page at a time.

use stoa_core::directory::{GroupId, UserId};
use stoa_core::dsync::{Ask, ListPage, Phase, Whole, Word, WorkosId, groups_page, people_page};
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_scim::ResourceType;

use super::line::Done;
use super::{Look, count};
use crate::store::{Group, People};

/// How many are held against the list at once.
const BATCH: usize = 100;

impl Look<'_> {
    /// Looks at the next part of it. `None`: that was the last.
    pub(super) async fn part(&self, whole: Whole, done: &mut Done) -> Result<Option<Whole>, Failure> {
        let Whole { as_of, phase, after } = whole;
        let begin = |phase| Some(Whole { as_of, phase, after: None });
        let on = |phase, next| Some(Whole { as_of, phase, after: Some(next) });
        Ok(match phase {
            Phase::People => match self.people_told((as_of, after.as_deref()), done).await? {
                Some(next) => on(Phase::People, next),
                None => begin(Phase::Groups),
            },
            Phase::Groups => match self.groups_told((as_of, after.as_deref()), done).await? {
                Some(next) => on(Phase::Groups, next),
                None => begin(Phase::Members { group: None, is_done: true }),
            },
            Phase::Members { group, is_done } => {
                let people = self.people();
                let Some(group) = self.group_at(&people, group, is_done).await? else {
                    return Ok(begin(Phase::MissingPeople { after: None }));
                };
                let id = Some(group.item.id.clone());
                match self.members_told(&group, (as_of, after.as_deref()), done).await? {
                    Some(next) => on(Phase::Members { group: id, is_done: false }, next),
                    None => begin(Phase::Members { group: id, is_done: true }),
                }
            }
            Phase::MissingPeople { after } => match self.people_missing(as_of, after, done).await? {
                Some(after) => begin(Phase::MissingPeople { after: Some(after) }),
                None => begin(Phase::MissingGroups),
            },
            Phase::MissingGroups => {
                self.groups_missing(as_of, done).await?;
                None
            }
        })
    }

    /// Whatever cannot be read of a list may be somebody: nobody is taken for missing then.
    fn all_of<T>(page: ListPage<T>, done: &mut Done) -> Result<(Vec<T>, Option<String>), Failure> {
        done.strange += count(page.strange);
        match page.strange {
            0 => Ok((page.items, page.next)),
            _ => Err(Failure::noted(Fault::WorkosAnswerStrange, "a list with entries that cannot be read")),
        }
    }

    async fn people_told(
        &self,
        (as_of, after): (i64, Option<&str>),
        done: &mut Done,
    ) -> Result<Option<String>, Failure> {
        let ask = Ask::People { directory: &self.directory, after };
        let (listed, next) = Self::all_of(people_page(&self.ask(&ask, done).await?, as_of)?, done)?;
        let people = self.people();
        let hears = listed.iter().map(|words| {
            let people = &people;
            Box::pin(async move {
                let order = Some(words.order.clone());
                people.hear_person(words, &Word::There { at: as_of, order, is_listed: true }).await
            })
        });
        self.count_news(hears.collect(), done).await?;
        Ok(next)
    }

    async fn groups_told(
        &self,
        (as_of, after): (i64, Option<&str>),
        done: &mut Done,
    ) -> Result<Option<String>, Failure> {
        let ask = Ask::Groups { directory: &self.directory, after };
        let (listed, next) = Self::all_of(groups_page(&self.ask(&ask, done).await?, as_of)?, done)?;
        let people = self.people();
        let hears = listed.iter().map(|words| {
            let people = &people;
            Box::pin(async move {
                let order = Some(words.order.clone());
                people.hear_group(words, &Word::There { at: as_of, order, is_listed: true }).await
            })
        });
        self.count_news(hears.collect(), done).await?;
        Ok(next)
    }

    /// The group whose members are next: the one that was begun, or the first one after it.
    async fn group_at(
        &self,
        people: &People<'_>,
        begun: Option<GroupId>,
        is_done: bool,
    ) -> Result<Option<Group>, Failure> {
        if let (Some(id), false) = (&begun, is_done) {
            return people.group(id).await;
        }
        let mut after: Vec<GroupId> = self.group_ids(people).await?;
        after.retain(|id| begun.as_ref().is_none_or(|begun| id > begun));
        match after.first() {
            Some(next) => people.group(next).await,
            None => Ok(None),
        }
    }

    async fn group_ids(&self, people: &People<'_>) -> Result<Vec<GroupId>, Failure> {
        let listed = people.ids(ResourceType::Group).await?;
        Ok(listed.iter().filter_map(|id| GroupId::parse(id).ok()).collect())
    }

    async fn members_told(
        &self,
        group: &Group,
        (as_of, after): (i64, Option<&str>),
        done: &mut Done,
    ) -> Result<Option<String>, Failure> {
        let people = self.people();
        // Another source's, which goes at the end.
        let Some(id) = group.profile.external_id().and_then(WorkosId::parse) else { return Ok(None) };
        if !people.missing_groups(std::slice::from_ref(&group.item.id), as_of).await?.is_empty() {
            return Ok(None);
        }
        let ask = Ask::Members { group: &id, after };
        let (listed, next) = Self::all_of(people_page(&self.ask(&ask, done).await?, as_of)?, done)?;
        let ids: Vec<UserId> = listed.iter().map(|words| people.user_of(&words.who)).collect();
        let there = Word::There { at: as_of, order: None, is_listed: true };
        let hears = ids.iter().map(|user| Box::pin(people.hear_member((user, &group.item.id), &there)));
        self.count_news(hears.collect(), done).await?;
        if next.is_none() {
            let missing = people.missing_members(group, as_of).await?;
            let gone = Word::Gone { at: as_of };
            let hears = missing.iter().map(|user| Box::pin(people.hear_member((user, &group.item.id), &gone)));
            self.count_news(hears.collect(), done).await?;
        }
        Ok(next)
    }

    async fn people_missing(
        &self,
        as_of: i64,
        after: Option<UserId>,
        done: &mut Done,
    ) -> Result<Option<UserId>, Failure> {
        let people = self.people();
        let listed = people.ids(ResourceType::User).await?;
        let mut ids: Vec<UserId> = listed.iter().filter_map(|id| UserId::parse(id).ok()).collect();
        ids.retain(|id| after.as_ref().is_none_or(|after| id > after));
        let mut reached = None;
        for batch in ids.chunks(BATCH) {
            if self.is_over() {
                return Ok(reached.or(after));
            }
            let missing = people.missing_people(batch, as_of).await?;
            let hears = missing.iter().map(|id| Box::pin(people.hear_person_gone(id, as_of)));
            self.count_news(hears.collect(), done).await?;
            reached = batch.last().cloned();
        }
        Ok(None)
    }

    async fn groups_missing(&self, as_of: i64, done: &mut Done) -> Result<(), Failure> {
        let people = self.people();
        let ids = self.group_ids(&people).await?;
        let missing = people.missing_groups(&ids, as_of).await?;
        let hears = missing.iter().map(|id| Box::pin(people.hear_group_gone(id, as_of)));
        self.count_news(hears.collect(), done).await
    }
}
