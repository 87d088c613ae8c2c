//! A look at everything that a directory has, a page at a time.
//!
//! A list that was read says who is there. Who is not there it says only as long as the directory is connected and not
//! empty all at once: that is looked at when a list ends, and each time before somebody is taken away for being in none.

use stoa_core::directory::{GroupId, UserId};
use stoa_core::dsync::{
    Ask, DirectoryState, Doubt, ListPage, Paged, Phase, Whole, Word, WorkosId, groups_page, people_page, refused,
};
use stoa_core::failure::Failure;
use stoa_scim::ResourceType;

use super::line::Done;
use super::{Look, WORDS_AT_ONCE, count};
use crate::store::{Group, Heard, People};

/// How many are held against the list at once.
const BATCH: usize = 100;
/// So many times some are taken away at once after one look at the directory.
const LOOKS: usize = 10;

/// What comes after a part.
pub(super) enum Part {
    /// Another one.
    Next(Whole),
    /// Nothing. Why nobody was taken away, if so.
    Last(Option<Doubt>),
    /// Nothing of what was read: the directory is not connected any more, and stands so.
    Untrue(DirectoryState),
}

impl Look<'_> {
    /// Looks at the next part of it.
    pub(super) async fn part(&self, whole: Whole, done: &mut Done) -> Result<Part, Failure> {
        match whole.phase.clone() {
            read @ Phase::People => {
                let next = self.people_listed(whole, done).await?;
                self.after_list(&read, next, done).await
            }
            read @ Phase::Groups => {
                let next = self.groups_listed(whole, done).await?;
                self.after_list(&read, next, done).await
            }
            Phase::Members { group, is_done } => self.members_of((group, is_done), whole, done).await,
            Phase::MissingPeople { after } => self.people_missing(whole, after, done).await,
            Phase::MissingGroups => self.groups_missing(whole, done).await,
        }
    }

    /// Goes on after a page. The last one of a list may be the last one for the directory's not being connected any more.
    async fn after_list(&self, read: &Phase, next: Whole, done: &mut Done) -> Result<Part, Failure> {
        let untrue = if next.phase == *read { None } else { self.untrue(done).await? };
        Ok(untrue.unwrap_or(Part::Next(next)))
    }

    /// What comes of a list that was read, if the directory is not connected any more.
    async fn untrue(&self, done: &mut Done) -> Result<Option<Part>, Failure> {
        let state = self.found(done).await?.state;
        Ok((!state.is_listed_truly()).then_some(Part::Untrue(state)))
    }

    /// What comes of lists that were read, instead of the removal of whoever is in none: if the directory is not connected
    /// any more, or nobody is in it any more.
    async fn against(&self, done: &mut Done) -> Result<Option<Part>, Failure> {
        let ask = Ask::People { directory: &self.directory, after: None };
        let page = match people_page(&self.ask(&ask, done).await?, 0)? {
            Paged::Page(page) => page,
            Paged::Refused(status) => return Err(refused(status)),
        };
        // Last, since one that is not connected is empty too.
        if let Some(untrue) = self.untrue(done).await? {
            return Ok(Some(untrue));
        }
        let is_empty = is_empty(&page) && self.people().has_any().await?;
        Ok(is_empty.then_some(Part::Last(Some(Doubt::Empty))))
    }

    /// Takes away who is in no list, a batch after each look at the directory, as far as there is time: some of them at
    /// least. What is next, if not all of them are gone; who is left is found missing again.
    async fn take_away<T: Clone, F>(
        &self,
        missing: &[T],
        gone: impl Fn(T) -> F,
        whole: &Whole,
        done: &mut Done,
    ) -> Result<Option<Part>, Failure>
    where
        F: Future<Output = Result<Heard, Failure>>,
    {
        for (at, some) in missing.chunks(WORDS_AT_ONCE).enumerate() {
            if at > 0 && self.is_over() {
                return Ok(Some(Part::Next(whole.clone())));
            }
            if at % LOOKS == 0
                && let Some(part) = self.against(done).await?
            {
                return Ok(Some(part));
            }
            self.hear(some.iter().cloned().map(&gone).collect(), done).await?;
        }
        Ok(None)
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
        Ok(whole.again().unwrap_or_else(|whole| whole.doubted(Some(Doubt::Refused)).at(then)))
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
        self.hear(hears.collect(), done).await?;
        let whole = Whole { has_people: whole.has_people || !page.items.is_empty(), ..whole };
        let is_empty = is_empty(&page) && !whole.has_people && people.has_any().await?;
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
        self.hear(hears.collect(), done).await?;
        let holds_none = whole.after.is_none() && is_empty(&page);
        let is_doubtful = holds_none && self.group_at(None, true).await?.is_some();
        let whole = whole.doubted(is_doubtful.then_some(Doubt::Empty));
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
        self.members_listed(&group, whole, at(true), done).await
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

    async fn members_listed(&self, group: &Group, whole: Whole, then: Phase, done: &mut Done) -> Result<Part, Failure> {
        let (people, as_of, group_id) = (&self.people(), whole.as_of, &group.item.id);
        // Another source's, which goes at the end.
        let Some(id) = group.profile.external_id().and_then(WorkosId::parse) else {
            return Ok(Part::Next(whole.at(then)));
        };
        if !people.missing_groups(std::slice::from_ref(group_id), as_of).await?.is_empty() {
            return Ok(Part::Next(whole.at(then)));
        }
        let ask = Ask::Members { group: &id, after: whole.after.as_deref() };
        let page = match people_page(&self.ask(&ask, done).await?, as_of)? {
            Paged::Page(page) => page,
            // It was deleted since it was listed, which events tell.
            Paged::Refused(404) if whole.after.is_none() => return Ok(Part::Next(whole.at(then))),
            Paged::Refused(_) if whole.after.is_none() => {
                return Ok(Part::Next(whole.doubted(Some(Doubt::Refused)).at(then)));
            }
            Paged::Refused(status) => return Self::list_refused(whole, then, status).map(Part::Next),
        };
        let ids: Vec<UserId> = page.items.iter().map(|words| people.user_of(&words.who)).collect();
        let there = Word::There { at: as_of, order: None, is_listed: true };
        let hears = ids.iter().map(|user| Box::pin(people.hear_member((user, group_id), &there)));
        self.hear(hears.collect(), done).await?;
        if page.next.is_none() && page.strange == 0 && whole.doubt.is_none() {
            let missing = people.missing_members(group, as_of).await?;
            let gone = |user: UserId| {
                Box::pin(async move { people.hear_member((&user, group_id), &Word::Gone { at: as_of }).await })
            };
            // Where they are not all gone, this page is read again.
            if let Some(part) = self.take_away(&missing, gone, &whole, done).await? {
                return Ok(part);
            }
        }
        Ok(Part::Next(Self::after_page(&page, whole, then, done)))
    }

    /// Takes away who is in no list: those after the last one who was looked at.
    async fn people_missing(&self, mut whole: Whole, after: Option<UserId>, done: &mut Done) -> Result<Part, Failure> {
        let (people, as_of) = (&self.people(), whole.as_of);
        let listed = people.ids(ResourceType::User).await?;
        let mut ids: Vec<UserId> = listed.iter().filter_map(|id| UserId::parse(id).ok()).collect();
        ids.retain(|id| after.as_ref().is_none_or(|after| id > after));
        let gone = |id: UserId| Box::pin(async move { people.hear_person_gone(&id, as_of).await });
        let mut batches = ids.chunks(BATCH).peekable();
        while let Some(batch) = batches.next() {
            let missing = people.missing_people(batch, as_of).await?;
            if let Some(part) = self.take_away(&missing, gone, &whole, done).await? {
                return Ok(part);
            }
            whole = whole.at(Phase::MissingPeople { after: batch.last().cloned() });
            if batches.peek().is_some() && self.is_over() {
                return Ok(Part::Next(whole));
            }
        }
        Ok(Part::Next(whole.at(Phase::MissingGroups)))
    }

    async fn groups_missing(&self, whole: Whole, done: &mut Done) -> Result<Part, Failure> {
        let (people, as_of) = (&self.people(), whole.as_of);
        let ids = self.group_ids(people).await?;
        let missing = people.missing_groups(&ids, as_of).await?;
        let gone = |id: GroupId| Box::pin(async move { people.hear_group_gone(&id, as_of).await });
        Ok(self.take_away(&missing, gone, &whole, done).await?.unwrap_or(Part::Last(None)))
    }
}

/// Whether nobody is on a page, and it is the last one. Nobody at all is what a directory looks like that lost its
/// connection, more often than one that everybody left.
fn is_empty<T>(page: &ListPage<T>) -> bool {
    page.items.is_empty() && page.strange == 0 && page.next.is_none()
}
