//! An event, read from a body whose signature is proven.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::progress::{Completion, Progress, percent};
use crate::failure::Failure;
use crate::fault::Fault;

/// The largest body that is looked at, in bytes. An order with its items is a few thousand.
pub const MAX_BODY: usize = 128 * 1024;
/// The oldest event that is believed: Thinkific sends one again for sixteen hours. Receipts are kept for longer.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(72);
/// How far the school's clock may be ahead.
const MAX_AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// The marks of a test delivery stand in its address too, where no real one can have them.
const EXAMPLE: &str = "[TEST]";

/// The topics that stoa subscribes to. Others are taken, and change nothing; `user.signin` would cost a message for each
/// login, and says what `user.signup` and `user.updated` have said already.
pub const TOPICS: &[&str] = &[
    "enrollment.completed",
    "enrollment.created",
    "enrollment.progress",
    "user.deleted",
    "user.signup",
    "user.updated",
];

/// The id of an event: the same for each delivery of it. Digits in older events, a ULID in newer ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EventId(String);

impl EventId {
    /// As the school wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Letters, digits, hyphens and underscores, at most 64; anything else is no id.
    pub fn parse(text: String) -> Option<Self> {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        (is_plain && (1..=64).contains(&text.len())).then_some(Self(text))
    }
}

/// What a school tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// What happened.
    pub happened: Happened,
}

/// What happened, as far as it concerns stoa.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    /// An account came, went, or is another now.
    User(UserTold),
    /// Somebody came further in a course.
    Progress(Progress),
    /// Somebody tried the subscription out by the button in the school's administration. It is about nobody.
    Example,
    /// Something else: an order, a lesson, a topic of a later year.
    Other,
}

/// What an event says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTold {
    /// Thinkific's id.
    pub user: u64,
    /// Its address, as it was typed.
    pub email: Option<String>,
    /// Its roles; none is a student.
    pub roles: Vec<String>,
    /// What happened to it.
    pub change: UserChange,
    /// When it happened, by the school's clock.
    pub at: Timestamp,
}

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserChange {
    /// It was made.
    SignedUp,
    /// Somebody entered it.
    SignedIn,
    /// Its address, a name or a role is another.
    Updated,
    /// It is gone, and with it what was achieved in it.
    Deleted,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    resource: String,
    action: String,
    created_at: Timestamp,
    #[serde(default)]
    payload: Value,
}

#[derive(Deserialize)]
struct Enrollment {
    id: u64,
    course_id: u64,
    #[serde(default)]
    completed_at: Option<Timestamp>,
    #[serde(default)]
    percentage_completed: Value,
    updated_at: Timestamp,
    user: Somebody,
}

#[derive(Deserialize)]
struct Somebody {
    id: u64,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    roles: Option<Vec<String>>,
}

impl Event {
    /// Reads a body. Members that stoa does not know are left out, and so are whole topics.
    pub fn read(body: &[u8], now: Timestamp) -> Result<Self, Failure> {
        let envelope: Envelope = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
        let strange = |wanted: &str| Failure::with(Fault::WebhookMalformed, wanted, "another form");
        let id = EventId::parse(envelope.id).ok_or_else(|| strange("id: up to 64 letters and digits"))?;
        if is_example(&envelope.payload) {
            return Ok(Self { id, happened: Happened::Example });
        }
        let age = now.duration_since(envelope.created_at);
        if age > MAX_AGE || age < -MAX_AHEAD {
            let (wanted, got) = ("an event of the last three days", envelope.created_at.to_string());
            return Err(Failure::with(Fault::WebhookStale, wanted, &got));
        }
        let change = match (envelope.resource.as_str(), envelope.action.as_str()) {
            ("user", "signup") => Some(UserChange::SignedUp),
            ("user", "signin") => Some(UserChange::SignedIn),
            ("user", "updated") => Some(UserChange::Updated),
            ("user", "deleted") => Some(UserChange::Deleted),
            _ => None,
        };
        let happened = match (change, envelope.resource.as_str()) {
            (Some(change), _) => Happened::User(user(envelope.payload, change, envelope.created_at)?),
            (None, "enrollment") => Happened::Progress(progress(envelope.payload, &envelope.action)?),
            (None, _) => Happened::Other,
        };
        Ok(Self { id, happened })
    }
}

fn user(payload: Value, change: UserChange, at: Timestamp) -> Result<UserTold, Failure> {
    let account: Account = serde_json::from_value(payload).map_err(|error| malformed(&error))?;
    Ok(UserTold { user: account.id, email: account.email, roles: account.roles.unwrap_or_default(), change, at })
}

fn progress(payload: Value, action: &str) -> Result<Progress, Failure> {
    let own: Enrollment = serde_json::from_value(payload).map_err(|error| malformed(&error))?;
    let said = match &own.percentage_completed {
        Value::String(text) => percent(text),
        Value::Number(number) => percent(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    // That it is done is said in two ways; either is enough, and outdoes the number.
    let completed = own.completed_at.or_else(|| (action == "completed").then_some(own.updated_at));
    Ok(Progress {
        enrollment: own.id,
        user: own.user.id,
        course: own.course_id,
        percent: completed.map_or(said, |_| Some(100)),
        completion: completed.map_or(Completion::Open, Completion::At),
        updated_at: own.updated_at,
    })
}

/// By the address alone, of the account itself or of the person whom the event is about: a name can be anything.
fn is_example(payload: &Value) -> bool {
    let emails = [payload.get("email"), payload.get("user").and_then(|user| user.get("email"))];
    emails.into_iter().flatten().filter_map(Value::as_str).any(|email| email.trim_start().starts_with(EXAMPLE))
}

/// serde_json's message would quote what was sent.
fn malformed(error: &serde_json::Error) -> Failure {
    let place = format!("{:?} at line {} column {}", error.classify(), error.line(), error.column());
    Failure::with(Fault::WebhookMalformed, "an event of Thinkific's", &place)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn event(topic: (&str, &str), payload: Value) -> Value {
        json!({
            "id": "01HXAAXSZ80KZ0QS58T75YMD8J",
            "resource": topic.0,
            "action": topic.1,
            "tenant_id": "3",
            "created_at": "2026-11-23T11:59:58.924Z",
            "payload": payload,
        })
    }

    fn read(event: &Value) -> Result<Event, Failure> {
        Event::read(event.to_string().as_bytes(), now())
    }

    fn enrollment(changes: Value) -> Value {
        let mut payload = json!({
            "activated_at": "2026-11-01T00:00:00Z", "completed_at": null, "course": {"id": 4, "name": "Safety"},
            "course_id": 4, "created_at": "2026-11-01T00:00:00Z", "expiry_date": null, "free_trial": false, "id": 97472,
            "percentage_completed": "24.0", "started_at": null, "updated_at": "2026-11-23T11:00:00Z",
            "user": {"id": 7, "email": "ada@acme.com", "first_name": "Ada", "last_name": "Example"},
        });
        payload.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        payload
    }

    fn progress_of(action: &str, changes: Value) -> (Option<u8>, bool) {
        let happened = read(&event(("enrollment", action), enrollment(changes))).unwrap().happened;
        let Happened::Progress(progress) = happened else { panic!("{happened:?}") };
        (progress.percent, progress.completion != Completion::Open)
    }

    #[test]
    fn progress_is_what_the_number_says_unless_the_course_is_done() {
        assert_eq!(progress_of("progress", json!({})), (Some(24), false));
        assert_eq!(progress_of("progress", json!({"percentage_completed": 0.24})), (Some(24), false));
        assert_eq!(progress_of("progress", json!({"percentage_completed": "1.0"})), (Some(1), false));
        let done = json!({"percentage_completed": "1.0", "completed_at": "2026-11-23T11:00:00Z"});
        assert_eq!(progress_of("progress", done), (Some(100), true));
        assert_eq!(progress_of("completed", json!({"percentage_completed": "0"})), (Some(100), true));
        assert_eq!(progress_of("created", json!({"percentage_completed": null})), (None, false));
    }

    #[test]
    fn accounts_that_come_change_and_go_are_told_apart() {
        let payload = json!({"id": 7, "email": "Ada@acme.com", "roles": null});
        for (action, change) in [
            ("signup", UserChange::SignedUp),
            ("signin", UserChange::SignedIn),
            ("updated", UserChange::Updated),
            ("deleted", UserChange::Deleted),
        ] {
            let happened = read(&event(("user", action), payload.clone())).unwrap().happened;
            let Happened::User(told) = happened else { panic!("{happened:?}") };
            assert_eq!((told.user, told.email.as_deref(), told.change), (7, Some("Ada@acme.com"), change));
        }
    }

    #[test]
    fn every_other_topic_changes_nothing() {
        for topic in [("order", "created"), ("subscription", "canceled"), ("lesson", "completed"), ("user", "merged")] {
            assert_eq!(read(&event(topic, json!({}))).unwrap().happened, Happened::Other, "{topic:?}");
        }
        assert_eq!(read(&event(("plan", "updated"), Value::Null)).unwrap().happened, Happened::Other);
    }

    #[test]
    fn p23_a_test_delivery_is_about_nobody_whenever_it_was_made() {
        for (topic, payload) in [
            (("user", "signup"), json!({"id": 1, "email": "[TEST] ada@x.test"})),
            (("enrollment", "progress"), enrollment(json!({"user": {"id": 1, "email": " [TEST] ada@x.test"}}))),
            (("order", "created"), json!({"user": {"email": "[TEST]"}})),
        ] {
            let mut event = event(topic, payload);
            event["created_at"] = json!("2017-07-01T12:00:00.000Z");
            assert_eq!(read(&event).unwrap().happened, Happened::Example);
        }
        // A name is anybody's to choose.
        let named = json!({"id": 7, "email": "ada@acme.com", "first_name": "[TEST] Ada", "roles": ["site_admin"]});
        assert!(matches!(read(&event(("user", "updated"), named)).unwrap().happened, Happened::User(_)));
    }

    #[test]
    fn an_event_that_is_too_old_or_not_yet_is_refused() {
        for (at, is_believed) in [
            ("2026-11-20T12:00:00Z", true),
            ("2026-11-20T11:59:59Z", false),
            ("2026-11-23T12:10:00Z", true),
            ("2026-11-23T12:10:01Z", false),
        ] {
            let mut event = event(("order", "created"), json!({}));
            event["created_at"] = json!(at);
            assert_eq!(
                read(&event).map_err(|failure| failure.fault).err(),
                (!is_believed).then_some(Fault::WebhookStale)
            );
        }
    }

    #[test]
    fn what_is_no_event_is_refused_without_a_word_of_it() {
        let fine = event(("user", "signup"), json!({"id": 7}));
        let with = |name: &str, value: Value| {
            let mut event = fine.clone();
            event[name] = value;
            event.to_string()
        };
        let needle = "needle@acme.com";
        for body in [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            format!("\"{needle}\""),
            with("id", json!(7)),
            with("id", json!("")),
            with("id", json!("a#b")),
            with("id", json!("7".repeat(65))),
            with("resource", json!({"a": needle})),
            with("created_at", json!(needle)),
            with("payload", json!({"id": needle})),
            with("payload", json!(needle)),
            format!("{{\"id\":{}", "[".repeat(100_000)),
        ] {
            let failure = Event::read(body.as_bytes(), now()).unwrap_err();
            assert_eq!(failure.fault, Fault::WebhookMalformed, "{body:.60}");
            assert!(!format!("{failure:?}").contains("needle"), "{failure:?}");
        }
    }
}
