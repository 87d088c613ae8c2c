//! People.

use serde_json::{Map, Value};
use stoa_core::directory::UserId;
use stoa_core::failure::Failure;
use stoa_scim::document::{Belonging, add_groups, document};
use stoa_scim::{Profile, Refusal, ResourceType, Version};

use super::answer::{note_ignored, refuse};
use super::door::Entered;
use super::kind::{Becomes, Kind, Shows, meta, show_written};
use super::{Asked, TRIES, contended};
use crate::store::{Changed, Group, People, Person, User};
use crate::visit::{Answer, Visit};

/// The kind.
pub(super) struct Users;

/// A person and their groups.
pub(super) struct Found {
    user: User,
    groups: Vec<(Group, jiff::Timestamp)>,
}

impl Kind for Users {
    type Found = Found;
    const TYPE: ResourceType = ResourceType::User;
    const SHOWS_PATCHED: bool = true;

    fn is_id(id: &str) -> bool {
        UserId::parse(id).is_ok()
    }

    async fn find(people: People<'_>, id: &str) -> Result<Option<Found>, Failure> {
        let Ok(id) = UserId::parse(id) else { return Ok(None) };
        let Person { user, groups } = people.person(&id).await?;
        Ok(user.map(|user| Found { user, groups }))
    }

    async fn finish(_: People<'_>, found: Found) -> Result<Found, Failure> {
        Ok(found)
    }

    fn stored(found: &Found) -> (&Profile, Version) {
        (&found.user.profile, Version(found.user.item.version))
    }

    async fn change(
        people: People<'_>,
        before: Found,
        becomes: &Becomes,
        _: bool,
    ) -> Result<(Changed<Found>, usize), Failure> {
        let changed = match people.change_user(&before.user, &becomes.profile).await? {
            Changed::Applied(user) => Changed::Applied(Found { user, groups: before.groups }),
            Changed::Taken(by) => Changed::Taken(by),
            Changed::Meanwhile => Changed::Meanwhile,
        };
        Ok((changed, 0))
    }

    async fn delete(people: People<'_>, before: &Found) -> Result<Changed<()>, Failure> {
        people.delete_user(&before.user).await
    }

    async fn document(_: People<'_>, found: &Found, base: &str, _: Shows<'_>) -> Result<Map<String, Value>, Failure> {
        let mut whole = whole(&found.user, base)?;
        add_belonging(&mut whole, &found.groups, base);
        Ok(whole)
    }
}

pub(super) async fn create(visit: &mut Visit<'_>, entered: &Entered, asked: &Asked<'_>) -> Result<Answer, Failure> {
    let received = Profile::create(Users::TYPE, asked.body).map_err(|refusal| refuse(visit, refusal))?;
    for _ in 0..TRIES {
        match entered.people(visit).create_user(&received.profile).await? {
            Changed::Applied(user) => {
                note_ignored(visit, &received.ignored, 0);
                // Whoever comes back has the groups that they kept.
                let found = match user.item.version {
                    1 => Some(Found { user, groups: Vec::new() }),
                    _ => Users::find(entered.people(visit), user.item.id.as_str()).await?,
                };
                let found = found.ok_or_else(contended)?;
                return show_written::<Users>(visit, entered, (asked, 201), &found).await;
            }
            Changed::Taken(by) => return Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
            Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

/// Adds the groups of a person.
pub(super) fn add_belonging(document: &mut Map<String, Value>, groups: &[(Group, jiff::Timestamp)], base: &str) {
    let named =
        groups.iter().map(|(group, _)| Belonging { id: group.item.id.as_str(), display: group.profile.naming() });
    add_groups(document, &named.collect::<Vec<_>>(), base);
}

/// A person as they are answered, without their groups.
pub(super) fn whole(user: &User, base: &str) -> Result<Map<String, Value>, Failure> {
    let User { item, profile } = user;
    Ok(document(profile, &meta(item.id.as_str(), [item.created, item.modified], item.version, base)?))
}
