//! Lists of people and groups.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stoa_core::directory::{GroupId, KeyOf, UserId};
use stoa_core::failure::Failure;
use stoa_scim::document::add_members;
use stoa_scim::{Filter, Lookup, Query, Refusal, ResourceType};

use super::answer::{ANSWER_BYTES, refuse, resource};
use super::door::Entered;
use super::{Asked, groups, users};
use crate::store::People;
use crate::visit::{Answer, Visit};

/// How many people or groups a filter or an order is evaluated over: each is read and opened.
const EVALUATED: usize = 5_000;
/// Of how many the groups or members are read for it, each by a read of its own.
const EVALUATED_WITH_EDGES: usize = 100;

pub(super) async fn list(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    (kind, query): (ResourceType, &Query),
) -> Result<Answer, Failure> {
    let lister = Lister { people: entered.people(visit), kind, base: &asked.base };
    let lookup = query.filter.as_ref().and_then(Filter::lookup);
    let ids = match &lookup {
        Some(lookup) => lister.looked_up(lookup).await?,
        None => lister.people.ids(kind).await?,
    };
    // Whoever has a member is found by it: their members need not be read for the filter as well.
    let by_member = lookup.as_ref().filter(|lookup| matches!(lookup, Lookup::Member(_)));
    let filter = query.filter.as_ref().filter(|filter| !by_member.is_some_and(|lookup| filter.is_only(lookup)));
    let (total, page) = if filter.is_none() && query.sort.is_none() {
        let range = query.paging.range(ids.len());
        (ids.len(), lister.documents(&ids[range]).await?)
    } else {
        let most = lister.most(filter);
        if ids.len() > most {
            return Err(refuse(visit, Refusal::TooMany { limit: most }));
        }
        let mut all = lister.matching(&ids, filter).await?;
        if let Some(sort) = &query.sort {
            sort.sort(&mut all);
        }
        let range = query.paging.range(all.len());
        (all.len(), all.drain(range).collect())
    };
    match lister.shown(page, query).await? {
        Some(shown) => resource(visit, 200, &query.paging.page(total, shown)),
        None => Err(refuse(visit, Refusal::TooLarge { what: "answer", limit: ANSWER_BYTES, unit: "bytes" })),
    }
}

/// The attribute that is left out of lists unless it is asked for, since each has a read of its own.
const fn edges_of(kind: ResourceType) -> &'static str {
    match kind {
        ResourceType::User => "groups",
        ResourceType::Group => "members",
    }
}

struct Lister<'a> {
    people: People<'a>,
    kind: ResourceType,
    base: &'a str,
}

impl Lister<'_> {
    /// Over how many a filter is evaluated.
    fn most(&self, filter: Option<&Filter>) -> usize {
        let mentions = filter.is_some_and(|filter| filter.mentions(edges_of(self.kind)));
        if mentions { EVALUATED_WITH_EDGES } else { EVALUATED }
    }

    /// Those of whom a filter is true, without what has a read of its own: a list may be long, and for the page that is
    /// shown it is read once more, as much as the answer has room for.
    async fn matching(&self, ids: &[String], filter: Option<&Filter>) -> Result<Vec<Map<String, Value>>, Failure> {
        let edges = edges_of(self.kind);
        let mentions = filter.is_some_and(|filter| filter.mentions(edges));
        let mut all = Vec::new();
        for mut one in self.documents(ids).await? {
            if mentions {
                self.add_edges(&mut one).await?;
            }
            if filter.is_none_or(|filter| filter.matches(&one)) {
                one.remove(edges);
                all.push(one);
            }
        }
        Ok(all)
    }

    /// As many of a page as the answer has room for: `itemsPerPage` says how many came. `None`: not even the first one fits,
    /// and an empty page would say that there is nobody more.
    async fn shown(&self, page: Vec<Map<String, Value>>, query: &Query) -> Result<Option<Vec<Value>>, Failure> {
        let asks_for_edges = query.projection.asks_for(edges_of(self.kind));
        let (mut room, mut shown) = (ANSWER_BYTES - 1_000, Vec::new());
        for mut one in page {
            if asks_for_edges {
                self.add_edges(&mut one).await?;
            }
            let one = Value::from(query.projection.apply(one));
            let size = one.to_string().len() + 1;
            if size > room {
                return Ok((!shown.is_empty()).then_some(shown));
            }
            room -= size;
            shown.push(one);
        }
        Ok(Some(shown))
    }

    /// The ids of those whom a filter may match.
    async fn looked_up(&self, lookup: &Lookup) -> Result<Vec<String>, Failure> {
        match (lookup, self.kind) {
            (Lookup::Id(id), _) => Ok(vec![id.clone()]),
            (Lookup::Member(user), ResourceType::Group) => {
                let Ok(user) = UserId::parse(user) else { return Ok(Vec::new()) };
                let person = self.people.person(&user).await?;
                Ok(person.groups.into_iter().map(|(group, _)| group.item.id.into()).collect())
            }
            (lookup, kind) => match KeyOf::of_lookup(lookup, kind, self.people.connection, self.people.pepper) {
                Some(value) => self.people.having(&value).await,
                None => self.people.ids(kind).await,
            },
        }
    }

    /// The resources as they are answered, in the order of their ids, as far as there are any.
    async fn documents(&self, ids: &[String]) -> Result<Vec<Map<String, Value>>, Failure> {
        let mut found: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        match self.kind {
            ResourceType::User => {
                let ids: Vec<UserId> = ids.iter().filter_map(|id| UserId::parse(id).ok()).collect();
                for user in self.people.users(&ids).await? {
                    found.insert(user.item.id.to_string(), users::whole(&user, self.base)?);
                }
            }
            ResourceType::Group => {
                let ids: Vec<GroupId> = ids.iter().filter_map(|id| GroupId::parse(id).ok()).collect();
                for group in self.people.groups(&ids).await? {
                    found.insert(group.item.id.to_string(), groups::whole(&group, self.base)?);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// Adds the groups of a person, or the members of a group.
    async fn add_edges(&self, document: &mut Map<String, Value>) -> Result<(), Failure> {
        let id = document.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        match self.kind {
            ResourceType::User => {
                let Ok(id) = UserId::parse(&id) else { return Ok(()) };
                let person = self.people.person(&id).await?;
                users::add_belonging(document, &person.groups, self.base);
            }
            ResourceType::Group => {
                let Ok(id) = GroupId::parse(&id) else { return Ok(()) };
                if let Some(group) = self.people.group(&id).await? {
                    let members = self.people.members(&group).await?.into_iter().map(String::from).collect();
                    add_members(document, &members, self.base);
                }
            }
        }
        Ok(())
    }
}
