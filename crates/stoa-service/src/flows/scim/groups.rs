//! Groups.

use serde_json::{Map, Value};
use stoa_core::directory::GroupId;
use stoa_core::failure::Failure;
use stoa_scim::document::{add_members, document};
use stoa_scim::{Profile, Refusal, ResourceType, Version};

use super::answer::{note_ignored, refuse};
use super::door::Entered;
use super::kind::{Becomes, Kind, Members, Shows, meta, show_written};
use super::{Asked, contended};
use crate::store::{Changed, EdgesChanged, Group, People, Regrouped};
use crate::visit::{Answer, Visit};

/// How many members the answer to a write repeats. Whoever has more asks for them.
const REPEATED: usize = 1_000;

/// What sets groups apart.
pub(super) struct Groups;

impl Kind for Groups {
    type Found = Group;
    const TYPE: ResourceType = ResourceType::Group;
    const SHOWS_PATCHED: bool = false;

    fn is_id(id: &str) -> bool {
        GroupId::parse(id).is_ok()
    }

    async fn find(people: People<'_>, id: &str) -> Result<Option<Group>, Failure> {
        match GroupId::parse(id) {
            Ok(id) => people.group(&id).await,
            Err(_) => Ok(None),
        }
    }

    async fn finish(people: People<'_>, found: Group) -> Result<Group, Failure> {
        people.finish_change(found).await
    }

    fn stored(found: &Group) -> (&Profile, Version) {
        (&found.profile, Version(found.item.version))
    }

    async fn change(
        people: People<'_>,
        before: Group,
        becomes: &Becomes,
        is_exact: bool,
    ) -> Result<(Changed<Group>, usize), Failure> {
        let edges = match &becomes.members {
            Members::Kept => EdgesChanged::default(),
            Members::Whole(members) => people.edges_replaced(&before, members).await?,
            Members::Named(edges) => people.edges_changed(&before, edges).await?,
        };
        let change = Regrouped { before: &before, profile: &becomes.profile, edges: &edges, is_exact };
        Ok((people.change_group(&change).await?, edges.unknown))
    }

    async fn delete(people: People<'_>, before: &Group) -> Result<Changed<()>, Failure> {
        people.delete_group(before).await
    }

    async fn document(
        people: People<'_>,
        found: &Group,
        base: &str,
        shows: Shows<'_>,
    ) -> Result<Map<String, Value>, Failure> {
        let members = match shows {
            Shows::Read(projection) if !projection.shows("members") => None,
            Shows::Read(_) => Some(people.members(found).await?),
            // As they are now, if they are few.
            Shows::Written => Some(people.members(found).await?).filter(|members| members.len() <= REPEATED),
        };
        let mut whole = whole(found, base)?;
        if let Some(members) = members {
            add_members(&mut whole, &members.into_iter().map(String::from).collect(), base);
        }
        Ok(whole)
    }
}

pub(super) async fn create(visit: &mut Visit<'_>, entered: &Entered, asked: &Asked<'_>) -> Result<Answer, Failure> {
    let received = Profile::create(Groups::TYPE, asked.body).map_err(|refusal| refuse(visit, refusal))?;
    let people = entered.people(visit);
    let draft = people.draft_group(&received.profile)?;
    let edges = people.edges_replaced(&draft, &received.members.unwrap_or_default()).await?;
    match people.create_group(draft, &edges).await? {
        Changed::Applied(group) => {
            note_ignored(visit, &received.ignored, edges.unknown);
            show_written::<Groups>(visit, entered, (asked, 201), &group).await
        }
        Changed::Taken(by) => Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
        Changed::Meanwhile => Err(contended()),
    }
}

/// A group as it is answered, without its members.
pub(super) fn whole(group: &Group, base: &str) -> Result<Map<String, Value>, Failure> {
    let Group { item, profile } = group;
    Ok(document(profile, &meta(item.id.as_str(), [item.created, item.modified], item.version, base)?))
}
