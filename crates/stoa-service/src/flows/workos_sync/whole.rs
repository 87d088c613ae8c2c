//! A look at everything that a directory has, a page at a time.

use stoa_core::directory::{GroupId, UserId};
use stoa_core::dsync::{Ask, Doubt, ListPage, Paged, Phase, Whole, Word, WorkosId, groups_page, people_page, refused};
use stoa_core::failure::Failure;
use stoa_scim::ResourceType;

use super::line::Done;
use super::{Look, count};
use crate::store::{Group, People};

/// How many are held against the list at once.
const BATCH: usize = 100;

/// What comes after a part.
pub(super) enum Part {
    /// Another one.
    Next(Whole),
    /// Nothing. Why nobody was taken away, if so.
    Last(Option<Doubt>),
}

impl Look<'_> {
    /// Looks at the next part of it.
    pub(super) async fn part(&self, whole: Whole, done: &mut Done) -> Result<Part, Failure> {
        match whole.phase.clone() {
            Phase::People => self.people_listed(whole, done).await.map(Part::Next),
            Phase::Groups => self.groups_listed(whole, done).await.map(Part::Next),
            Phase::Members { group, is_done } => self.members_of((group, is_done), whole, done).await,
            Phase::MissingPeople { after } => {
                let next = match self.people_missing(whole.as_of, after, done).await? {
                    Some(after) => Phase::MissingPeople { after: Some(after) },
                    None => Phase::MissingGroups,
                };
                Ok(Part::Next(whole.at(next)))
            }
            Phase::MissingGroups => {
                self.groups_missing(whole.as_of, done).await?;
                Ok(Part::Last(None))
            }
        }
    }

    /// What a page leaves of the look: where it goes on, and that whoever cannot be read may be anybody.
    fn after_page<T>(page: &ListPage<T>, whole: Whole, then: Phase, done: &mut Done) -> Whole {
        done.strange += count(page.strange);
        let whole = whole.doubted((page.strange > 0).then_some(Doubt::Unreadable));
        match &page.next {
            Some(next) => Whole { after: Some(next.clone()), ..whole },
            None => whole.at(then),
        }
    }

    /// A list that is refused. In its middle whoever it was to go on after is gone: it begins again, and where that does not
    /// help, what is next is looked at.
    fn list_refused(whole: Whole, then: Phase, status: u16) -> Result<Whole, Failure> {
        if whole.after.is_none() {
            return Err(refused(status));
        }
        let phase = whole.phase.clone();
        Ok(whole.again_at(phase).unwrap_or_else(|whole| whole.doubted(Some(Doubt::Refused)).at(then)))
    }

    async fn people_listed(&self, whole: Whole, done: &mut Done) -> Result<Whole, Failure> {
        let (as_of, ask) = (whole.as_of, Ask::People { directory: &self.directory, after: whole.after.as_deref() });
        let page = match people_page(&self.ask(&ask, done).await?, as_of)? {
            Paged::Page(page) => page,
            Paged::Refused(status) => return Self::list_refused(whole, Phase::Groups, status),
        };
        let people = self.people();
        let hears = page.items.iter().map(|words| {
            let people = &people;
            Box::pin(async move {
                let order = Some(words.order.clone());
                people.hear_person(words, &Word::There { at: as_of, order, is_listed: true }).await
            })
        });
        self.count_news(hears.collect(), done).await?;
        let whole = Whole { has_people: whole.has_people || !page.items.is_empty(), ..whole };
        // Nobody at all is what a directory looks like that lost its connection, more often than one that everybody left.
        let is_empty = page.next.is_none() && page.strange == 0 && !whole.has_people && people.has_any().await?;
        let whole = whole.doubted(is_empty.then_some(Doubt::Empty));
        Ok(Self::after_page(&page, whole, Phase::Groups, done))
    }

    async fn groups_listed(&self, whole: Whole, done: &mut Done) -> Result<Whole, Failure> {
        let (as_of, ask) = (whole.as_of, Ask::Groups { directory: &self.directory, after: whole.after.as_deref() });
        let then = Phase::Members { group: None, is_done: true };
        let page = match groups_page(&self.ask(&ask, done).await?, as_of)? {
            Paged::Page(page) => page,
            Paged::Refused(status) => return Self::list_refused(whole, then, status),
        };
        let people = self.people();
        let hears = page.items.iter().map(|words| {
            let people = &people;
            Box::pin(async move {
                let order = Some(words.order.clone());
                people.hear_group(words, &Word::There { at: as_of, order, is_listed: true }).await
            })
        });
        self.count_news(hears.collect(), done).await?;
        Ok(Self::after_page(&page, whole, then, done))
    }

    /// Looks at the members of the next group. After the last one, whoever is missing is next, unless there is a doubt.
    async fn members_of(
        &self,
        (begun, is_done): (Option<GroupId>, bool),
        whole: Whole,
        done: &mut Done,
    ) -> Result<Part, Failure> {
        let Some(group) = self.group_at(begun.as_ref(), is_done).await? else {
            return Ok(match whole.doubt {
                Some(doubt) => Part::Last(Some(doubt)),
                None => Part::Next(whole.at(Phase::MissingPeople { after: None })),
            });
        };
        let at = |is_done| Phase::Members { group: Some(group.item.id.clone()), is_done };
        let whole = match !is_done && begun.as_ref() == Some(&group.item.id) {
            true => whole,
            false => whole.at(at(false)),
        };
        self.members_listed(&group, whole, at(true), done).await.map(Part::Next)
    }

    /// The group whose members are next: the one that was begun, or the first one after it. One that is gone in the
    /// meantime is passed over.
    async fn group_at(&self, begun: Option<&GroupId>, is_done: bool) -> Result<Option<Group>, Failure> {
        let people = self.people();
        let is_next = |id: &GroupId| begun.is_none_or(|begun| if is_done { id > begun } else { id >= begun });
        for id in self.group_ids(&people).await?.iter().filter(|id| is_next(id)) {
            if let Some(group) = people.group(id).await? {
                return Ok(Some(group));
            }
        }
        Ok(None)
    }

    async fn group_ids(&self, people: &People<'_>) -> Result<Vec<GroupId>, Failure> {
        let listed = people.ids(ResourceType::Group).await?;
        Ok(listed.iter().filter_map(|id| GroupId::parse(id).ok()).collect())
    }

    async fn members_listed(
        &self,
        group: &Group,
        whole: Whole,
        then: Phase,
        done: &mut Done,
    ) -> Result<Whole, Failure> {
        let (people, as_of) = (self.people(), whole.as_of);
        // Another source's, which goes at the end.
        let Some(id) = group.profile.external_id().and_then(WorkosId::parse) else { return Ok(whole.at(then)) };
        if !people.missing_groups(std::slice::from_ref(&group.item.id), as_of).await?.is_empty() {
            return Ok(whole.at(then));
        }
        let ask = Ask::Members { group: &id, after: whole.after.as_deref() };
        let page = match people_page(&self.ask(&ask, done).await?, as_of)? {
            Paged::Page(page) => page,
            // It was deleted since it was listed, which events tell.
            Paged::Refused(404) if whole.after.is_none() => return Ok(whole.at(then)),
            Paged::Refused(_) if whole.after.is_none() => return Ok(whole.doubted(Some(Doubt::Refused)).at(then)),
            Paged::Refused(status) => return Self::list_refused(whole, then, status),
        };
        let ids: Vec<UserId> = page.items.iter().map(|words| people.user_of(&words.who)).collect();
        let there = Word::There { at: as_of, order: None, is_listed: true };
        let hears = ids.iter().map(|user| Box::pin(people.hear_member((user, &group.item.id), &there)));
        self.count_news(hears.collect(), done).await?;
        if page.next.is_none() && page.strange == 0 && whole.doubt.is_none() {
            let missing = people.missing_members(group, as_of).await?;
            let gone = Word::Gone { at: as_of };
            let hears = missing.iter().map(|user| Box::pin(people.hear_member((user, &group.item.id), &gone)));
            self.count_news(hears.collect(), done).await?;
        }
        Ok(Self::after_page(&page, whole, then, done))
    }

    /// Takes away who is in no list. The last one who was looked at, if time ran out: at least one batch is looked at.
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
        let mut batches = ids.chunks(BATCH).peekable();
        while let Some(batch) = batches.next() {
            let missing = people.missing_people(batch, as_of).await?;
            let hears = missing.iter().map(|id| Box::pin(people.hear_person_gone(id, as_of)));
            self.count_news(hears.collect(), done).await?;
            if let Some(last) = stops_at(batch, batches.peek().is_some(), self.is_over()) {
                return Ok(Some(last.clone()));
            }
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

/// At whom a run stops that has looked at a batch. `None`: it goes on, or that was the last batch.
fn stops_at<T>(batch: &[T], has_more: bool, is_over: bool) -> Option<&T> {
    batch.last().filter(|_| has_more && is_over)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_whose_time_is_up_has_looked_at_a_batch_and_does_not_call_it_the_last() {
        assert_eq!(stops_at(&[1, 2], true, true), Some(&2));
        assert_eq!(stops_at(&[1, 2], true, false), None);
        assert_eq!(stops_at(&[1, 2], false, true), None);
    }
}
