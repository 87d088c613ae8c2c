//! SCIM 2.0 for a connection's client: the rules are `stoa-scim`'s, the store is `directory`.
//!
//! A 2xx means stored. Whatever is refused is refused in SCIM's form, with the reference of the request.

mod answer;
mod door;
mod groups;
mod kind;
mod list;
mod users;

use std::time::Duration;

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_scim::{Endpoint, Precondition, Query, Refusal, ResourceType, discovery};

use crate::edge::Manners;
use crate::visit::{Answer, Visit};

use answer::{refuse, refused, resource};
use door::Entered;
use groups::Groups;
use users::Users;

/// Of a SCIM client: it waits for half a minute or more, and the gateway for 30 s.
pub(crate) const CLIENT: Manners = Manners { refusal: refused, deadline: Duration::from_secs(24) };

/// How often a change that met another one is made on what has become of the resource.
const TRIES: u32 = 6;

/// A SCIM request.
pub async fn scim(visit: &mut Visit<'_>) -> Result<Answer, Failure> {
    visit.trail.is_machine = true;
    let entered = door::enter(visit).await?;
    let Some((_, path)) = visit.incoming.path().trim_start_matches('/').split_once('/') else {
        return Err(refuse(visit, Refusal::NotFound));
    };
    let path = path.split_once('/').map_or("", |(_, path)| path).to_owned();
    let endpoint = Endpoint::parse(visit.incoming.method(), &path).map_err(|refusal| refuse(visit, refusal))?;
    visit.trail.asked = Some(name(&endpoint));
    let parameters: Vec<(String, String)> =
        url::form_urlencoded::parse(visit.incoming.raw_query().as_bytes()).into_owned().collect();
    let asked = Asked {
        precondition: Precondition::from_headers(
            visit.incoming.header("if-match"),
            visit.incoming.header("if-none-match"),
        ),
        parameters: &parameters,
        body: &visit.incoming.body,
        base: format!("{}/scim/{}/v2", visit.public_url(), entered.connection.id()),
    };
    answer(visit, &entered, &asked, endpoint).await
}

/// What a request says beside its endpoint.
struct Asked<'a> {
    precondition: Precondition,
    parameters: &'a [(String, String)],
    body: &'a [u8],
    /// The address of the endpoints, without a slash at its end.
    base: String,
}

impl Asked<'_> {
    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (&**name, &**value))
    }

    /// What is to be shown of a resource.
    fn query(&self, visit: &mut Visit<'_>, resource: ResourceType) -> Result<Query, Failure> {
        Query::from_parameters(resource, self.parameters()).map_err(|refusal| refuse(visit, refusal))
    }
}

async fn answer(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    endpoint: Endpoint,
) -> Result<Answer, Failure> {
    use ResourceType::{Group, User};
    let base = &asked.base;
    if matches!(endpoint, Endpoint::ServiceProviderConfig | Endpoint::ResourceTypes(_) | Endpoint::Schemas(_)) {
        discovery::refuse_filter(asked.parameters()).map_err(|refusal| refuse(visit, refusal))?;
    }
    // Before anything is written: a write that is stored is not answered with a refusal of what is to be shown of it.
    if let Endpoint::Create(kind) | Endpoint::Replace(kind, _) | Endpoint::Patch(kind @ User, _) = &endpoint {
        asked.query(visit, *kind)?;
    }
    let document = match endpoint {
        Endpoint::ServiceProviderConfig => Some(discovery::service_provider_config(base)),
        Endpoint::ResourceTypes(None) => Some(discovery::resource_types(base)),
        Endpoint::ResourceTypes(Some(name)) => discovery::resource_type(&name, base),
        Endpoint::Schemas(None) => Some(discovery::schemas(base)),
        Endpoint::Schemas(Some(urn)) => discovery::schema(&urn, base),
        Endpoint::List(kind) => {
            let query = asked.query(visit, kind)?;
            return list::list(visit, entered, asked, (kind, &query)).await;
        }
        Endpoint::Search(kind) => {
            let query = Query::from_search(kind, asked.body).map_err(|refusal| refuse(visit, refusal))?;
            return list::list(visit, entered, asked, (kind, &query)).await;
        }
        Endpoint::Create(User) => return users::create(visit, entered, asked).await,
        Endpoint::Create(Group) => return groups::create(visit, entered, asked).await,
        Endpoint::Read(User, id) => return kind::read::<Users>(visit, entered, asked, &id).await,
        Endpoint::Read(Group, id) => return kind::read::<Groups>(visit, entered, asked, &id).await,
        Endpoint::Replace(User, id) => return kind::replace::<Users>(visit, entered, asked, &id).await,
        Endpoint::Replace(Group, id) => return kind::replace::<Groups>(visit, entered, asked, &id).await,
        Endpoint::Patch(User, id) => return kind::patch::<Users>(visit, entered, asked, &id).await,
        Endpoint::Patch(Group, id) => return kind::patch::<Groups>(visit, entered, asked, &id).await,
        Endpoint::Delete(User, id) => return kind::delete::<Users>(visit, entered, asked, &id).await,
        Endpoint::Delete(Group, id) => return kind::delete::<Groups>(visit, entered, asked, &id).await,
    };
    match document {
        Some(document) => resource(visit, 200, &document),
        None => Err(refuse(visit, Refusal::NotFound)),
    }
}

/// What is asked, for the log: never an id, which a client may take an address for.
fn name(endpoint: &Endpoint) -> &'static str {
    use ResourceType::{Group, User};
    match endpoint {
        Endpoint::ServiceProviderConfig | Endpoint::ResourceTypes(_) | Endpoint::Schemas(_) => "discovery",
        Endpoint::List(User) | Endpoint::Search(User) => "list people",
        Endpoint::Create(User) => "create person",
        Endpoint::Read(User, _) => "read person",
        Endpoint::Replace(User, _) => "replace person",
        Endpoint::Patch(User, _) => "patch person",
        Endpoint::Delete(User, _) => "delete person",
        Endpoint::List(Group) | Endpoint::Search(Group) => "list groups",
        Endpoint::Create(Group) => "create group",
        Endpoint::Read(Group, _) => "read group",
        Endpoint::Replace(Group, _) => "replace group",
        Endpoint::Patch(Group, _) => "patch group",
        Endpoint::Delete(Group, _) => "delete group",
    }
}

/// Two writers met again and again.
fn contended() -> Failure {
    Failure::noted(Fault::StoreContended, "a resource of the directory")
}
