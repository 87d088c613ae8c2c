//! A directory in memory behind the endpoints: what a client's exchanges leave in it is the meaning of its requests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};
use stoa_scim::document::{Belonging, Meta, add_groups, add_members, document};
use stoa_scim::text::folded;
use stoa_scim::{
    Edges, Endpoint, Ignored, Patch, Precondition, Profile, Projection, Query, Received, Refusal, ResourceType,
    Version, discovery,
};

pub const BASE: &str = "https://stoa.example/scim/acme/v2";

struct Entry {
    profile: Profile,
    version: Version,
    members: BTreeSet<String>,
}

#[derive(Default)]
pub struct Directory {
    entries: BTreeMap<(ResourceType, String), Entry>,
    made: usize,
    /// What the last request had in it that nobody defined.
    pub ignored: Vec<String>,
}

pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// A request, with its decoded parameters.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub parameters: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub if_match: Option<&'a str>,
    pub if_none_match: Option<&'a str>,
}

impl Directory {
    pub fn ask(&mut self, request: &Request<'_>) -> Answer {
        self.ignored.clear();
        self.answer(request).unwrap_or_else(|refusal| Answer { status: refusal.status(), body: refusal.document() })
    }

    fn answer(&mut self, request: &Request<'_>) -> Result<Answer, Refusal> {
        let found = |body: Option<Value>| body.map(|body| Answer { status: 200, body }).ok_or(Refusal::NotFound);
        let precondition = Precondition::from_headers(request.if_match, request.if_none_match);
        let endpoint = Endpoint::parse(request.method, request.path)?;
        if matches!(endpoint, Endpoint::ServiceProviderConfig | Endpoint::ResourceTypes(_) | Endpoint::Schemas(_)) {
            discovery::refuse_filter(request.parameters.iter().copied())?;
        }
        match endpoint {
            Endpoint::ServiceProviderConfig => found(Some(discovery::service_provider_config(BASE))),
            Endpoint::ResourceTypes(None) => found(Some(discovery::resource_types(BASE))),
            Endpoint::ResourceTypes(Some(name)) => found(discovery::resource_type(&name, BASE)),
            Endpoint::Schemas(None) => found(Some(discovery::schemas(BASE))),
            Endpoint::Schemas(Some(urn)) => found(discovery::schema(&urn, BASE)),
            Endpoint::List(resource) => {
                let parameters = request.parameters.iter().copied();
                Ok(self.list(resource, &Query::from_parameters(resource, parameters)?))
            }
            Endpoint::Search(resource) => Ok(self.list(resource, &Query::from_search(resource, request.body)?)),
            Endpoint::Create(resource) => {
                let received = Profile::create(resource, request.body)?;
                let id = self.admit(&received.profile, None)?;
                Ok(Answer { status: 201, body: self.store((resource, id), received) })
            }
            Endpoint::Read(resource, id) => {
                let query = Query::from_parameters(resource, request.parameters.iter().copied())?;
                let entry = self.entry(resource, &id)?;
                match precondition.is_known_to_reader(entry.version) {
                    true => Ok(Answer { status: 304, body: Value::Null }),
                    false => found(Some(query.projection.apply(self.whole(resource, &id)).into())),
                }
            }
            Endpoint::Replace(resource, id) => {
                let entry = self.entry(resource, &id)?;
                precondition.admits_write(entry.version)?;
                let received = entry.profile.replace(request.body)?;
                self.admit(&received.profile, Some(&id))?;
                found(Some(self.store((resource, id), received)))
            }
            Endpoint::Patch(resource, id) => {
                let entry = self.entry(resource, &id)?;
                precondition.admits_write(entry.version)?;
                let patched = Patch::parse(resource, request.body)?.apply(&entry.profile)?;
                self.admit(&patched.profile, Some(&id))?;
                self.note(&patched.ignored);
                let edges = self.known(&patched.edges);
                let entry = self.entries.get_mut(&(resource, id.clone())).expect("read before");
                let members = edges.applied_to(&entry.members);
                entry.version.0 += u64::from(patched.is_changed || members != entry.members);
                (entry.profile, entry.members) = (patched.profile, members);
                match resource {
                    ResourceType::User => found(Some(self.whole(resource, &id).into())),
                    ResourceType::Group => Ok(Answer { status: 204, body: Value::Null }),
                }
            }
            Endpoint::Delete(resource, id) => {
                precondition.admits_write(self.entry(resource, &id)?.version)?;
                self.entries.remove(&(resource, id.clone()));
                self.entries.values_mut().for_each(|entry| entry.members.retain(|member| *member != id));
                Ok(Answer { status: 204, body: Value::Null })
            }
        }
    }

    fn entry(&self, resource: ResourceType, id: &str) -> Result<&Entry, Refusal> {
        self.entries.get(&(resource, id.to_owned())).ok_or(Refusal::NotFound)
    }

    /// The id under which the profile may be stored: its own, that of the inactive person whom it revives, a new one.
    fn admit(&mut self, profile: &Profile, own: Option<&str>) -> Result<String, Refusal> {
        let resource = profile.resource();
        let others = || self.entries.iter().filter(|((kind, id), _)| *kind == resource && Some(id.as_str()) != own);
        let same_name = others().find(|(_, entry)| folded(entry.profile.naming()) == folded(profile.naming()));
        match (same_name, own) {
            (None, Some(own)) => Ok(own.to_owned()),
            (None, None) => {
                self.made += 1;
                let prefix = if resource == ResourceType::User { 'u' } else { 'g' };
                Ok(format!("{prefix}{}", self.made))
            }
            (Some((key, other)), None)
                if !other.profile.is_active() && other.profile.external_id() == profile.external_id() =>
            {
                Ok(key.1.clone())
            }
            (Some(_), _) => Err(Refusal::Taken { attribute: resource.naming_attribute() }),
        }
    }

    fn store(&mut self, key: (ResourceType, String), received: Received) -> Value {
        self.note(&received.ignored);
        let before = self.entries.remove(&key);
        let members = match (received.members, &before) {
            (Some(members), _) => members.into_iter().filter(|id| self.is_known(id)).collect(),
            (None, Some(entry)) => entry.members.clone(),
            (None, None) => BTreeSet::new(),
        };
        let version = Version(before.map_or(1, |entry| entry.version.0 + 1));
        let (resource, id) = key.clone();
        self.entries.insert(key, Entry { profile: received.profile, version, members });
        self.whole(resource, &id).into()
    }

    fn is_known(&self, id: &str) -> bool {
        ResourceType::ALL.iter().any(|resource| self.entries.contains_key(&(*resource, id.to_owned())))
    }

    /// The edges whose ends there are. Additions of others are noted; nothing else is lost by them.
    fn known(&mut self, edges: &Edges) -> Edges {
        let unknown: Vec<String> = edges.added().filter(|id| !self.is_known(id)).map(str::to_owned).collect();
        let edges = edges.without(&unknown.iter().map(String::as_str).collect());
        self.ignored.extend(unknown);
        edges
    }

    fn note(&mut self, ignored: &Ignored) {
        self.ignored.extend(ignored.names().iter().cloned());
    }

    fn list(&self, resource: ResourceType, query: &Query) -> Answer {
        let ids = self.entries.keys().filter(|(kind, _)| *kind == resource).map(|(_, id)| id);
        let mut all: Vec<Map<String, Value>> = ids.map(|id| self.whole(resource, id)).collect();
        let is_meant = |one: &Map<String, Value>| query.filter.as_ref().is_none_or(|filter| filter.matches(one));
        all.retain(is_meant);
        if let Some(sort) = &query.sort {
            sort.sort(&mut all);
        }
        let shown = |one: &Map<String, Value>| {
            let mut one = one.clone();
            if !query.projection.asks_for("members") {
                one.remove("members");
            }
            Value::from(query.projection.apply(one))
        };
        let page = all[query.paging.range(all.len())].iter().map(shown).collect();
        Answer { status: 200, body: query.paging.page(all.len(), page) }
    }

    fn whole(&self, resource: ResourceType, id: &str) -> Map<String, Value> {
        let entry = &self.entries[&(resource, id.to_owned())];
        let at = Timestamp::from_second(1_777_881_600).unwrap();
        let meta = Meta { id, created: at, last_modified: at, version: entry.version, base: BASE };
        let mut whole = document(&entry.profile, &meta);
        match resource {
            ResourceType::Group => add_members(&mut whole, &entry.members, BASE),
            ResourceType::User => {
                let of = self.entries.iter().filter(|(_, entry)| entry.members.contains(id));
                let groups: Vec<Belonging<'_>> =
                    of.map(|((_, id), entry)| Belonging { id, display: entry.profile.naming() }).collect();
                add_groups(&mut whole, &groups, BASE);
            }
        }
        whole
    }

    /// What the directory holds, as a client that asks for everything is told.
    pub fn state(&self, resource: ResourceType, id: &str) -> Option<Value> {
        self.entries
            .contains_key(&(resource, id.to_owned()))
            .then(|| Projection::Default.apply(self.whole(resource, id)).into())
    }

    /// Every stored profile.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> {
        self.entries.values().map(|entry| &entry.profile)
    }
}
