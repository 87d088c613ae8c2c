//! What is done alike for people and for groups: one is read, replaced, patched, deleted and shown.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use stoa_core::failure::Failure;
use stoa_scim::document::Meta;
use stoa_scim::{Edges, Ignored, Patch, Patched, Profile, Projection, Received, Refusal, ResourceType, Version};

use super::answer::{empty, instant, note_ignored, refuse, resource};
use super::door::Entered;
use super::{Asked, TRIES, contended};
use crate::store::{Changed, People};
use crate::visit::{Answer, Visit};

/// A kind of resource, and how its own are kept.
pub(super) trait Kind {
    /// One of them, as it was read.
    type Found: Send + Sync;
    /// As SCIM names the kind.
    const TYPE: ResourceType;
    /// Whether a PATCH is answered with what it made. A client that means one member does not want them all.
    const SHOWS_PATCHED: bool;

    /// Whether it has the form of an id.
    fn is_id(id: &str) -> bool;

    /// One of the connection's; `None`: there is none, or it is another connection's.
    fn find(people: People<'_>, id: &str) -> impl Future<Output = Result<Option<Self::Found>, Failure>> + Send;

    /// One that is about to be written: what an earlier write has left to do is done first.
    fn finish(people: People<'_>, found: Self::Found) -> impl Future<Output = Result<Self::Found, Failure>> + Send;

    /// What the client wrote, and which version that is.
    fn stored(found: &Self::Found) -> (&Profile, Version);

    /// Writes a change, if it is still the version that was read; and how many members are nobody's.
    fn change(
        people: People<'_>,
        before: Self::Found,
        becomes: &Becomes,
        is_exact: bool,
    ) -> impl Future<Output = Result<(Changed<Self::Found>, usize), Failure>> + Send;

    /// Takes one away, if it is still the version that was read.
    fn delete(people: People<'_>, before: &Self::Found) -> impl Future<Output = Result<Changed<()>, Failure>> + Send;

    /// One as it is answered, with what belongs to it as far as it is shown.
    fn document(
        people: People<'_>,
        found: &Self::Found,
        base: &str,
        shows: Shows<'_>,
    ) -> impl Future<Output = Result<Map<String, Value>, Failure>> + Send;
}

/// What becomes of a resource by a request.
pub(super) struct Becomes {
    pub(super) profile: Profile,
    /// Of a group.
    pub(super) members: Members,
    /// What is left out of the request.
    ignored: Ignored,
}

/// What a request says of a group's members.
pub(super) enum Members {
    Kept,
    Whole(BTreeSet<String>),
    Named(Edges),
}

impl From<Received> for Becomes {
    fn from(Received { profile, members, ignored }: Received) -> Self {
        Self { profile, members: members.map_or(Members::Kept, Members::Whole), ignored }
    }
}

impl From<Patched> for Becomes {
    fn from(Patched { profile, edges, ignored, .. }: Patched) -> Self {
        Self { profile, members: Members::Named(edges), ignored }
    }
}

/// What an answer shows.
#[derive(Clone, Copy)]
pub(super) enum Shows<'a> {
    /// What was read, as far as it was asked for.
    Read(&'a Projection),
    /// What was written.
    Written,
}

pub(super) async fn read<K: Kind>(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let projection = asked.query(visit, K::TYPE)?.projection;
    let found = find::<K>(visit, entered, id).await?;
    if asked.precondition.is_known_to_reader(K::stored(&found).1) {
        return Ok(empty(304));
    }
    let whole = K::document(entered.people(visit), &found, &asked.base, Shows::Read(&projection)).await?;
    shown(visit, &projection, 200, whole)
}

pub(super) async fn replace<K: Kind>(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let found =
        change::<K>(visit, entered, (asked, id), |before| before.replace(asked.body).map(Becomes::from)).await?;
    show_written::<K>(visit, entered, (asked, 200), &found).await
}

pub(super) async fn patch<K: Kind>(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    let patch = Patch::parse(K::TYPE, asked.body).map_err(|refusal| {
        let refusal = if K::is_id(id) { refusal } else { Refusal::NotFound };
        refuse(visit, refusal)
    })?;
    let found = change::<K>(visit, entered, (asked, id), |before| patch.apply(before).map(Becomes::from)).await?;
    match K::SHOWS_PATCHED {
        true => show_written::<K>(visit, entered, (asked, 200), &found).await,
        false => Ok(empty(204)),
    }
}

pub(super) async fn delete<K: Kind>(
    visit: &mut Visit<'_>,
    entered: &Entered,
    asked: &Asked<'_>,
    id: &str,
) -> Result<Answer, Failure> {
    for _ in 0..TRIES {
        let before = find_to_write::<K>(visit, entered, id).await?;
        let admitted = asked.precondition.admits_write(K::stored(&before).1);
        admitted.map_err(|refusal| refuse(visit, refusal))?;
        match K::delete(entered.people(visit), &before).await? {
            Changed::Applied(()) => return Ok(empty(204)),
            Changed::Taken(_) | Changed::Meanwhile => {}
        }
    }
    Err(contended())
}

/// Makes a change of what has become of the resource, as long as another one comes first.
async fn change<K: Kind>(
    visit: &mut Visit<'_>,
    entered: &Entered,
    (asked, id): (&Asked<'_>, &str),
    becomes: impl Fn(&Profile) -> Result<Becomes, Refusal> + Send + Sync,
) -> Result<K::Found, Failure> {
    for _ in 0..TRIES {
        let before = find_to_write::<K>(visit, entered, id).await?;
        let (profile, version) = K::stored(&before);
        let becomes = asked.precondition.admits_write(version).and_then(|()| becomes(profile));
        let becomes = becomes.map_err(|refusal| refuse(visit, refusal))?;
        let is_exact = asked.precondition.is_exact();
        match K::change(entered.people(visit), before, &becomes, is_exact).await? {
            (Changed::Applied(found), unknown) => {
                note_ignored(visit, &becomes.ignored, unknown);
                return Ok(found);
            }
            (Changed::Taken(by), _) => return Err(refuse(visit, Refusal::Taken { attribute: by.attribute() })),
            (Changed::Meanwhile, _) => {}
        }
    }
    Err(contended())
}

async fn find<K: Kind>(visit: &mut Visit<'_>, entered: &Entered, id: &str) -> Result<K::Found, Failure> {
    let found = K::find(entered.people(visit), id).await?;
    found.ok_or_else(|| refuse(visit, Refusal::NotFound))
}

async fn find_to_write<K: Kind>(visit: &mut Visit<'_>, entered: &Entered, id: &str) -> Result<K::Found, Failure> {
    let found = find::<K>(visit, entered, id).await?;
    K::finish(entered.people(visit), found).await
}

/// The answer to a write.
pub(super) async fn show_written<K: Kind>(
    visit: &mut Visit<'_>,
    entered: &Entered,
    (asked, status): (&Asked<'_>, u16),
    found: &K::Found,
) -> Result<Answer, Failure> {
    let projection = asked.query(visit, K::TYPE)?.projection;
    let whole = K::document(entered.people(visit), found, &asked.base, Shows::Written).await?;
    shown(visit, &projection, status, whole)
}

/// The headers say what `meta` does, whatever the client asks to be shown.
fn shown(
    visit: &mut Visit<'_>,
    projection: &Projection,
    status: u16,
    whole: Map<String, Value>,
) -> Result<Answer, Failure> {
    let meta = whole.get("meta").cloned();
    let answer = resource(visit, status, &projection.apply(whole).into())?;
    let Answer::Resource { body, .. } = answer else { return Ok(answer) };
    let of = |header: &'static str, name: &str| Some((header, meta.as_ref()?.get(name)?.as_str()?.to_owned()));
    let location = of("location", "location").filter(|_| status == 201);
    Ok(Answer::Resource { status, body, headers: of("etag", "version").into_iter().chain(location).collect() })
}

/// What an answer says of a resource itself. `[created, modified]` are seconds since 1970.
pub(super) fn meta<'a>(
    id: &'a str,
    [created, modified]: [i64; 2],
    version: u64,
    base: &'a str,
) -> Result<Meta<'a>, Failure> {
    let (created, last_modified) = (instant(created)?, instant(modified)?);
    Ok(Meta { id, created, last_modified, version: Version(version), base })
}
