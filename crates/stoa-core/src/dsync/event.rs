//! An event, read from a body whose signature is proven, or from a list of the Events API.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::words::{GroupWords, PersonWords, Who, WorkosId, instant};
use crate::failure::Failure;
use crate::fault::Fault;

/// The largest body that is looked at, in bytes. A person with everything that an environment maps is a few thousand.
pub const MAX_BODY: usize = 128 * 1024;
/// The oldest event that is believed by its webhook: WorkOS sends one again for three days. What is older is read from the
/// Events API.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(73);
/// How far WorkOS's clock may be ahead.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// What WorkOS tells.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// Its id: the same for each delivery of it, and in the Events API.
    pub id: WorkosId,
    /// When it happened.
    pub at: Timestamp,
    /// Which directory it is about; `None`: about none.
    pub directory: Option<WorkosId>,
    /// What happened.
    pub happened: Happened,
}

/// What happened, as far as it concerns stoa. Personal, so without `Debug`.
#[derive(Clone, PartialEq)]
pub enum Happened {
    /// The directory is connected.
    Activated,
    /// The directory was deleted at WorkOS. Of its people and groups nothing more is told.
    Deleted,
    /// A person is there, or has changed.
    User(PersonWords),
    /// A person is gone.
    UserGone(Who),
    /// A group is there, or has changed.
    Group(GroupWords),
    /// A group is gone, and with it who belonged to it: of those nothing more is told.
    GroupGone(WorkosId),
    /// A person came into a group. The event describes both.
    Added(Box<(PersonWords, GroupWords)>),
    /// A person left a group.
    Removed {
        /// Who belongs to it no more.
        user: Who,
        /// The group they left.
        group: WorkosId,
    },
    /// Something else: a login, a role, a kind of a later year.
    Other(String),
}

impl Happened {
    /// Its kind, for the log: never a text that came.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Activated => "directory activated",
            Self::Deleted => "directory deleted",
            Self::User(_) => "person told",
            Self::UserGone(_) => "person gone",
            Self::Group(_) => "group told",
            Self::GroupGone(_) => "group gone",
            Self::Added(_) => "member added",
            Self::Removed { .. } => "member removed",
            Self::Other(_) => "event of no use",
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event: String,
    created_at: String,
    #[serde(default)]
    data: Value,
}

impl Event {
    /// Reads the body of a webhook whose signature is proven.
    pub fn read(body: &[u8], now: Timestamp) -> Result<Self, Failure> {
        let document: Value = serde_json::from_slice(body).map_err(|_| malformed("not JSON"))?;
        let event = Self::of(&document)?;
        let age = now.duration_since(event.at);
        if age > MAX_AGE || age < -MAX_AHEAD {
            let wanted = format!("of the last three days before {now:.0}");
            return Err(Failure::with(Fault::WorkosEventStale, wanted, &format!("{:.0}", event.at)));
        }
        Ok(event)
    }

    /// Reads an event of a webhook or of the Events API, of any age.
    pub(super) fn of(document: &Value) -> Result<Self, Failure> {
        let Envelope { id, event, created_at, data } =
            Envelope::deserialize(document).map_err(|_| malformed("no event: id, event, created_at, data"))?;
        let id = WorkosId::parse(&id).ok_or_else(|| malformed("an id of another form"))?;
        let at = instant(&created_at).ok_or_else(|| malformed("created_at is no time"))?;
        let happened = Reader { data: &data, at: at.as_millisecond(), by: id.as_str() }.happened(&event);
        let happened = happened.ok_or_else(|| malformed("data that does not describe what happened"))?;
        let own = if matches!(happened, Happened::Activated | Happened::Deleted) { "id" } else { "directory_id" };
        let directory = data.get(own).and_then(Value::as_str).and_then(WorkosId::parse);
        Ok(Self { id, at, directory, happened })
    }

    /// When it happened, in epoch milliseconds.
    pub fn at(&self) -> i64 {
        self.at.as_millisecond()
    }
}

/// What came is not repeated: it may name a person.
fn malformed(what: &str) -> Failure {
    Failure::noted(Fault::WorkosEventMalformed, what)
}

struct Reader<'a> {
    data: &'a Value,
    at: i64,
    by: &'a str,
}

impl Reader<'_> {
    /// `None`: the data is not what the kind of event has.
    fn happened(&self, event: &str) -> Option<Happened> {
        let part = |name: &str| self.data.get(name);
        let id = |value: Option<&Value>| WorkosId::parse(value?.get("id")?.as_str()?);
        let person = |value: &Value| PersonWords::read(value, self.at, self.by);
        let group = |value: &Value| GroupWords::read(value, self.at, self.by);
        Some(match event {
            "dsync.activated" => Happened::Activated,
            "dsync.deleted" => Happened::Deleted,
            "dsync.user.created" | "dsync.user.updated" => Happened::User(person(self.data)?),
            "dsync.user.deleted" => Happened::UserGone(Who::read(self.data)?),
            "dsync.group.created" | "dsync.group.updated" => Happened::Group(group(self.data)?),
            "dsync.group.deleted" => Happened::GroupGone(id(Some(self.data))?),
            "dsync.group.user_added" => Happened::Added(Box::new((person(part("user")?)?, group(part("group")?)?))),
            "dsync.group.user_removed" => {
                Happened::Removed { user: Who::read(part("user")?)?, group: id(part("group"))? }
            }
            other => Happened::Other(other.to_owned()),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dsync::samples::now;

    fn user() -> Value {
        json!({"id": "directory_user_1", "directory_id": "directory_1", "state": "active", "email": "needle@acme.com"})
    }

    fn group() -> Value {
        json!({"id": "directory_group_1", "directory_id": "directory_1", "name": "Developers"})
    }

    fn event(kind: &str, data: Value) -> Value {
        json!({"id": "event_1", "event": kind, "created_at": "2026-11-23T11:59:59.500Z", "data": data, "context": {}})
    }

    fn kind(event: &Value) -> &'static str {
        Event::read(event.to_string().as_bytes(), now()).map_or_else(
            |failure| failure.fault.code(),
            |event| {
                assert!(event.directory.is_some_and(|id| id.as_str() == "directory_1"));
                event.happened.kind()
            },
        )
    }

    #[test]
    fn each_kind_of_event_is_read_as_what_it_says() {
        let edge = json!({"directory_id": "directory_1", "user": user(), "group": group()});
        for (name, data, wanted) in [
            ("dsync.activated", json!({"id": "directory_1", "state": "active"}), "directory activated"),
            ("dsync.deleted", json!({"id": "directory_1", "state": "deleting"}), "directory deleted"),
            ("dsync.user.created", user(), "person told"),
            ("dsync.user.updated", user(), "person told"),
            ("dsync.user.deleted", user(), "person gone"),
            ("dsync.group.created", group(), "group told"),
            ("dsync.group.updated", group(), "group told"),
            ("dsync.group.deleted", group(), "group gone"),
            ("dsync.group.user_added", edge.clone(), "member added"),
            ("dsync.group.user_removed", edge, "member removed"),
            ("dsync.token.created", json!({"directory_id": "directory_1"}), "event of no use"),
        ] {
            assert_eq!(kind(&event(name, data)), wanted, "{name}");
        }
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        let mut spaced = event("dsync.user.created", user());
        spaced["created_at"] = "2026-11-23 11:59:59.500".into();
        let read = |event: &Value| Event::read(event.to_string().as_bytes(), now()).unwrap().at();
        assert_eq!(read(&spaced), read(&event("dsync.user.created", user())));
    }

    #[test]
    fn an_event_that_is_too_old_or_not_yet_is_left_to_the_events_api() {
        for (at, is_believed) in [
            ("2026-11-20T11:00:00Z", true),
            ("2026-11-20T10:59:59Z", false),
            ("2026-11-23T12:10:00Z", true),
            ("2026-11-23T12:10:01Z", false),
        ] {
            let mut event = event("dsync.user.created", user());
            event["created_at"] = at.into();
            assert_eq!(kind(&event) == "workos_event_stale", !is_believed, "{at}");
            assert!(Event::of(&event).is_ok());
        }
    }

    #[test]
    fn what_is_no_event_is_refused_without_a_word_of_it() {
        let fine = event("dsync.user.created", user());
        let with = |name: &str, value: Value| {
            let mut event = fine.clone();
            event[name] = value;
            event.to_string()
        };
        for body in [
            String::new(),
            "null".to_owned(),
            "\"needle@acme.com\"".to_owned(),
            with("id", json!(7)),
            with("id", json!("needle@acme.com")),
            with("event", json!({"needle": 1})),
            with("created_at", json!("needle")),
            with("data", json!("needle")),
            with("data", json!({"id": "needle@acme.com"})),
            event("dsync.group.user_added", json!({"directory_id": "directory_1", "user": user()})).to_string(),
            event("dsync.group.user_removed", json!({"group": group()})).to_string(),
            format!("{{\"id\":{}", "[".repeat(100_000)),
        ] {
            let failure = Event::read(body.as_bytes(), now()).err().unwrap();
            assert_eq!(failure.fault, Fault::WorkosEventMalformed, "{body:.60}");
            assert!(!format!("{failure:?}").contains("needle"), "{failure:?}");
        }
    }
}
