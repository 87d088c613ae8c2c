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
    let people = entered.people(visit);
    let lister = Lister { people, kind, base: &asked.base };
    let lookup = query.filter.as_ref().and_then(Filter::lookup);
    let ids = match &lookup {
        Some(lookup) => lister.looked_up(lookup).await?,
        None => people.ids(kind).await?,
    };
    let edges = edges_of(kind);
    // Whoever has a member is found by it: their members need not be read for the filter as well.
    let by_member = lookup.as_ref().filter(|lookup| matches!(lookup, Lookup::Member(_)));
    let filter = query.filter.as_ref().filter(|filter| !by_member.is_some_and(|lookup| filter.is_only(lookup)));
    let is_plain = filter.is_none() && query.sort.is_none();
    let asks_for_edges = query.projection.asks_for(edges);
    let (total, page) = if is_plain {
        let range = query.paging.range(ids.len());
        (ids.len(), lister.documents(&ids[range]).await?)
    } else {
        let mentions = filter.is_some_and(|filter| filter.mentions(edges));
        let most = if mentions { EVALUATED_WITH_EDGES } else { EVALUATED };
        if ids.len() > most {
            return Err(refuse(visit, Refusal::TooMany { limit: most }));
        }
        let mut all = Vec::new();
        for mut one in lister.documents(&ids).await? {
            if mentions {
                lister.add_edges(&mut one).await?;
            }
            if filter.is_none_or(|filter| filter.matches(&one)) {
                // A list may be long: those of the page are read once more, as many as the answer has room for.
                one.remove(edges);
                all.push(one);
            }
        }
        if let Some(sort) = &query.sort {
            sort.sort(&mut all);
        }
        let range = query.paging.range(all.len());
        (all.len(), all.drain(range).collect())
    };
    let mut room = ANSWER_BYTES - 1_000;
    let mut shown = Vec::new();
    // A page may have fewer than were asked for: `itemsPerPage` says how many came.
    for mut one in page {
        if asks_for_edges {
            lister.add_edges(&mut one).await?;
        }
        let one = Value::from(query.projection.apply(one));
        let size = one.to_string().len() + 1;
        if size > room {
            if shown.is_empty() {
                // An empty page would say that there is nobody more.
                return Err(refuse(visit, Refusal::TooLarge { what: "answer", limit: ANSWER_BYTES, unit: "bytes" }));
            }
            break;
        }
        room -= size;
        shown.push(one);
    }
    resource(visit, 200, &query.paging.page(total, shown))
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
