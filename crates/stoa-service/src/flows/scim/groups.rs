//! Groups.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use stoa_core::directory::GroupId;
use stoa_core::failure::Failure;
use stoa_scim::document::{Meta, add_members, document};
use stoa_scim::{Patch, Profile, Refusal, ResourceType, Version};

use super::answer::{empty, instant, note_ignored, refuse, resource};
use super::door::Entered;
use super::users::with_meta;
use super::{Asked, TRIES, contended};
use crate::store::{Changed, Group, Regrouped};
use crate::visit::{Answer, Visit};

/// How many members the answer to a write repeats. Whoever has more asks for them.
const REPEATED: usize = 1_000;

pub(super) async fn create(visit: &mut Visit<'_>, entered: &Entered, asked: &Asked<'_>) -> Result<Answer, Failure> {
    let received = Profile::create(ResourceType::Group, asked.body).map_err(|refusal| refuse(visit, refusal))?;
    let people = entered.people(visit);
    let draft = people.draft_group(&received.profile)?;
    let edges = people.edges_replaced(&draft, &received.members.unwrap_or_default()).await?;
    match people.create_group(draft, &edges).await? {
        Changed::Applied(group) => {
            note_ignored(visit, &received.ignored, edges.unknown);
            show_written(visit, entered, (asked, 201), &group).await
        }
        Changed::Taken(by) => Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
        Changed::Meanwhile => Err(contended()),
    }
}

pub(super) async fn read(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let projection = asked.query(visit, ResourceType::Group)?.projection;
    let group = find(visit, entered, id).await?;
    if asked.precondition.is_known_to_reader(Version(group.item.version)) {
        return Ok(empty(304));
    }
    let members = match projection.shows("members") {
        true => Some(entered.people(visit).members(&group).await?),
        false => None,
    };
    let members = members.map(|members| members.into_iter().map(String::from).collect());
    show(visit, (asked, 200), &group, members.as_ref())
}

pub(super) async fn replace(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    for _ in 0..TRIES {
        let before = find_to_write(visit, entered, id).await?;
        let admitted = asked.precondition.admits_write(Version(before.item.version));
        let received = admitted.and_then(|()| before.profile.replace(asked.body));
        let received = received.map_err(|refusal| refuse(visit, refusal))?;
        let people = entered.people(visit);
        let edges = match &received.members {
            Some(members) => people.edges_replaced(&before, members).await?,
            None => crate::store::EdgesChanged::default(),
        };
        let is_exact = asked.precondition.is_exact();
        let change = Regrouped { before: &before, profile: &received.profile, edges: &edges, is_exact };
        match people.change_group(&change).await? {
            Changed::Applied(group) => {
                note_ignored(visit, &received.ignored, edges.unknown);
                return show_written(visit, entered, (asked, 200), &group).await;
            }
            Changed::Taken(by) => return Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
            Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

pub(super) async fn patch(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let patch = Patch::parse(ResourceType::Group, asked.body).map_err(|refusal| refuse(visit, refusal))?;
    for _ in 0..TRIES {
        let before = find_to_write(visit, entered, id).await?;
        let admitted = asked.precondition.admits_write(Version(before.item.version));
        let patched = admitted.and_then(|()| patch.apply(&before.profile));
        let patched = patched.map_err(|refusal| refuse(visit, refusal))?;
        let people = entered.people(visit);
        let edges = people.edges_changed(&before, &patched.edges).await?;
        let is_exact = asked.precondition.is_exact();
        let change = Regrouped { before: &before, profile: &patched.profile, edges: &edges, is_exact };
        match people.change_group(&change).await? {
            Changed::Applied(_) => {
                note_ignored(visit, &patched.ignored, edges.unknown);
                return Ok(empty(204));
            }
            Changed::Taken(by) => return Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
            Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

pub(super) async fn delete(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    for _ in 0..TRIES {
        let before = find_to_write(visit, entered, id).await?;
        let admitted = asked.precondition.admits_write(Version(before.item.version));
        admitted.map_err(|refusal| refuse(visit, refusal))?;
        match entered.people(visit).delete_group(&before).await? {
            Changed::Applied(()) => return Ok(empty(204)),
            Changed::Taken(_) | Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

async fn find(visit: &mut Visit<'_>, entered: &Entered, id: &str) -> Result<Group, Failure> {
    let found = match GroupId::parse(id) {
        Ok(id) => entered.people(visit).group(&id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| refuse(visit, Refusal::NotFound))
}

/// A group that is about to be written: what a replacement of its members has left to do is done first.
async fn find_to_write(visit: &mut Visit<'_>, entered: &Entered, id: &str) -> Result<Group, Failure> {
    let group = find(visit, entered, id).await?;
    entered.people(visit).finish_replacement(group).await
}

/// The answer to a write: the members as they are now, if they are few.
async fn show_written(
    visit: &mut Visit<'_>,
    entered: &Entered,
    (asked, status): (&Asked<'_>, u16),
    group: &Group,
) -> Result<Answer, Failure> {
    let members = entered.people(visit).members(group).await?;
    let members = (members.len() <= REPEATED).then(|| members.into_iter().map(String::from).collect());
    show(visit, (asked, status), group, members.as_ref())
}

fn show(
    visit: &mut Visit<'_>,
    (asked, status): (&Asked<'_>, u16),
    group: &Group,
    members: Option<&BTreeSet<String>>,
) -> Result<Answer, Failure> {
    let projection = asked.query(visit, ResourceType::Group)?.projection;
    let mut whole = whole(group, &asked.base)?;
    if let Some(members) = members {
        add_members(&mut whole, members, &asked.base);
    }
    let meta = whole.get("meta").cloned();
    let shown = resource(visit, status, &projection.apply(whole).into())?;
    Ok(with_meta(shown, meta.as_ref(), status))
}

/// A group as it is answered, without its members.
pub(super) fn whole(group: &Group, base: &str) -> Result<Map<String, Value>, Failure> {
    let meta = Meta {
        id: group.item.id.as_str(),
        created: instant(group.item.created)?,
        last_modified: instant(group.item.modified)?,
        version: Version(group.item.version),
        base,
    };
    Ok(document(&group.profile, &meta))
}
