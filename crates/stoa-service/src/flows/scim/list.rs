//! Lists of people and groups.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stoa_core::directory::{GroupId, KeyOf, UserId};
use stoa_core::failure::Failure;
use stoa_scim::document::{Belonging, add_groups, add_members};
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
    let people = entered.people(visit);
    let lister = Lister { people, kind, base: &asked.base };
    let lookup = query.filter.as_ref().and_then(Filter::lookup);
    let ids = match &lookup {
        Some(lookup) => lister.looked_up(lookup).await?,
        None => people.ids(kind).await?,
    };
    let edges = edges_of(kind);
    let is_plain = query.filter.is_none() && query.sort.is_none();
    let asks_for_edges = query.projection.asks_for(edges);
    let (total, mut page) = if is_plain {
        let range = query.paging.range(ids.len());
        (ids.len(), lister.documents(&ids[range]).await?)
    } else {
        let mentions = query.filter.as_ref().is_some_and(|filter| filter.mentions(edges));
        let most = if mentions { EVALUATED_WITH_EDGES } else { EVALUATED };
        if ids.len() > most {
            return Err(refuse(visit, Refusal::TooMany { limit: most }));
        }
        let mut all = lister.documents(&ids).await?;
        if mentions {
            lister.add_edges(&mut all).await?;
        }
        all.retain(|one| query.filter.as_ref().is_none_or(|filter| filter.matches(one)));
        if let Some(sort) = &query.sort {
            sort.sort(&mut all);
        }
        let range = query.paging.range(all.len());
        (all.len(), all.drain(range).collect())
    };
    if asks_for_edges {
        lister.add_edges(&mut page).await?;
    }
    let mut room = ANSWER_BYTES - 1_000;
    let shown = page.into_iter().map(|mut one| {
        if !asks_for_edges {
            one.remove(edges);
        }
        Value::from(query.projection.apply(one))
    });
    // A page may have fewer than were asked for: `itemsPerPage` says how many came.
    let fitting = shown.take_while(|one| {
        let size = one.to_string().len() + 1;
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    let page: Vec<Value> = fitting.collect();
    resource(visit, 200, &query.paging.page(total, page))
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

    async fn add_edges(&self, documents: &mut [Map<String, Value>]) -> Result<(), Failure> {
        for document in documents {
            let id = document.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            match self.kind {
                ResourceType::User => {
                    let Ok(id) = UserId::parse(&id) else { continue };
                    let person = self.people.person(&id).await?;
                    let named = person
                        .groups
                        .iter()
                        .map(|(group, _)| Belonging { id: group.item.id.as_str(), display: group.profile.naming() });
                    add_groups(document, &named.collect::<Vec<_>>(), self.base);
                }
                ResourceType::Group => {
                    let Ok(id) = GroupId::parse(&id) else { continue };
                    if let Some(group) = self.people.group(&id).await? {
                        let members = self.people.members(&group).await?.into_iter().map(String::from).collect();
                        add_members(document, &members, self.base);
                    }
                }
            }
        }
        Ok(())
    }
}
