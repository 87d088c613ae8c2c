//! People.

use serde_json::{Map, Value};
use stoa_core::directory::UserId;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_scim::document::{Belonging, Meta, add_groups, document};
use stoa_scim::{Ignored, Patch, Profile, Refusal, ResourceType, Version};

use super::answer::{empty, note_ignored, refuse, resource};
use super::door::Entered;
use super::{Asked, TRIES, contended};
use crate::store::{Changed, Person, User};
use crate::visit::{Answer, Visit};

pub(super) async fn create(visit: &mut Visit<'_>, entered: &Entered, asked: &Asked<'_>) -> Result<Answer, Failure> {
    let received = Profile::create(ResourceType::User, asked.body).map_err(|refusal| refuse(visit, refusal))?;
    for _ in 0..TRIES {
        match entered.people(visit).create_user(&received.profile).await? {
            Changed::Applied(user) => {
                note_ignored(visit, &received.ignored, 0);
                // Whoever comes back has the groups that they kept.
                let person = match user.item.version {
                    1 => Person { user: Some(user), groups: Vec::new() },
                    _ => entered.people(visit).person(&user.item.id).await?,
                };
                return show(visit, asked, 201, &person);
            }
            Changed::Taken(by) => return Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
            Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

pub(super) async fn read(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let person = find(visit, entered, id).await?;
    match asked.precondition.is_known_to_reader(version(&person)) {
        true => Ok(empty(304)),
        false => show(visit, asked, 200, &person),
    }
}

pub(super) async fn replace(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    change(visit, entered, (asked, id), |before| {
        before.replace(asked.body).map(|received| (received.profile, received.ignored))
    })
    .await
}

pub(super) async fn patch(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let parsed = UserId::parse(id).is_ok();
    let patch = Patch::parse(ResourceType::User, asked.body).map_err(|refusal| {
        let refusal = if parsed { refusal } else { Refusal::NotFound };
        refuse(visit, refusal)
    })?;
    change(visit, entered, (asked, id), |before| patch.apply(before).map(|patched| (patched.profile, patched.ignored)))
        .await
}

async fn change(
    visit: &mut Visit<'_>,
    entered: &Entered,
    (asked, id): (&Asked<'_>, &str),
    becomes: impl Fn(&Profile) -> Result<(Profile, Ignored), Refusal> + Send + Sync,
) -> Result<Answer, Failure> {
    for _ in 0..TRIES {
        let Person { user, groups } = find(visit, entered, id).await?;
        let Some(before) = user else { return Err(refuse(visit, Refusal::NotFound)) };
        let admitted = asked.precondition.admits_write(Version(before.item.version));
        let (profile, ignored) =
            admitted.and_then(|()| becomes(&before.profile)).map_err(|refusal| refuse(visit, refusal))?;
        match entered.people(visit).change_user(&before, &profile).await? {
            Changed::Applied(user) => {
                note_ignored(visit, &ignored, 0);
                return show(visit, asked, 200, &Person { user: Some(user), groups });
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
        let Some(before) = find(visit, entered, id).await?.user else {
            return Err(refuse(visit, Refusal::NotFound));
        };
        let admitted = asked.precondition.admits_write(Version(before.item.version));
        admitted.map_err(|refusal| refuse(visit, refusal))?;
        match entered.people(visit).delete_user(&before).await? {
            Changed::Applied(()) => return Ok(empty(204)),
            Changed::Taken(_) | Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

/// A person of the connection. An id that is another connection's is nobody's here.
async fn find(visit: &mut Visit<'_>, entered: &Entered, id: &str) -> Result<Person, Failure> {
    let found = match UserId::parse(id) {
        Ok(id) => Some(entered.people(visit).person(&id).await?).filter(|person| person.user.is_some()),
        Err(_) => None,
    };
    found.ok_or_else(|| refuse(visit, Refusal::NotFound))
}

fn version(person: &Person) -> Version {
    Version(person.user.as_ref().map_or(0, |user| user.item.version))
}

fn show(visit: &mut Visit<'_>, asked: &Asked<'_>, status: u16, person: &Person) -> Result<Answer, Failure> {
    let projection = asked.query(visit, ResourceType::User)?.projection;
    let user = person.user.as_ref().ok_or(Fault::Internal)?;
    let mut whole = whole(user, &asked.base)?;
    let named = person
        .groups
        .iter()
        .map(|(group, _)| Belonging { id: group.item.id.as_str(), display: group.profile.naming() });
    let groups: Vec<Belonging<'_>> = named.collect();
    add_groups(&mut whole, &groups, &asked.base);
    let meta = whole.get("meta").cloned();
    let shown = resource(visit, status, &projection.apply(whole).into())?;
    Ok(with_meta(shown, meta.as_ref(), status))
}

/// The headers say what `meta` does, whatever the client asks to be shown.
pub(super) fn with_meta(answer: Answer, meta: Option<&Value>, status: u16) -> Answer {
    let Answer::Resource { body, .. } = answer else { return answer };
    let of = |header: &'static str, name: &str| Some((header, meta?.get(name)?.as_str()?.to_owned()));
    let location = of("location", "location").filter(|_| status == 201);
    Answer::Resource { status, body, headers: of("etag", "version").into_iter().chain(location).collect() }
}

/// A person as they are answered, without their groups.
pub(super) fn whole(user: &User, base: &str) -> Result<Map<String, Value>, Failure> {
    let instant = super::answer::instant;
    let meta = Meta {
        id: user.item.id.as_str(),
        created: instant(user.item.created)?,
        last_modified: instant(user.item.modified)?,
        version: Version(user.item.version),
        base,
    };
    Ok(document(&user.profile, &meta))
}
