//! What the API answers about directories and events.

use std::time::{Duration, Instant};

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{HIDDEN, RETENTION, Shared};

/// The most that a page holds, and how many it holds if nothing is said.
const MAX_LIMIT: usize = 100;
const LIMIT: usize = 10;
/// Calls a second for the people of directories.
const CALLS: usize = 4;

pub(in super::super) fn router() -> Router<Shared> {
    Router::new()
        .route("/events", get(events))
        .route("/directories/{id}", get(directory))
        .route("/directory_users", get(users))
        .route("/directory_groups", get(groups))
}

type Parameters = Query<Vec<(String, String)>>;

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message, "errors": []}))).into_response()
}

fn invalid(message: &str) -> Response {
    refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request_parameters", message)
}

fn not_found() -> Response {
    refused(StatusCode::NOT_FOUND, "entity_not_found", "Entity not found.")
}

/// The environment's key, as a bearer token; or what the next answer is to be.
fn check_key(shared: &Shared, headers: &HeaderMap) -> Result<(), Box<Response>> {
    if let Some((status, body)) = shared.state().directories.other_answer() {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Err(Box::new((status, body).into_response()));
    }
    let wanted = format!("Bearer {}", shared.config.api_key.expose());
    match headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) == Some(wanted.as_str()) {
        true => Ok(()),
        false => Err(Box::new((StatusCode::UNAUTHORIZED, Json(json!({"message": "Unauthorized"}))).into_response())),
    }
}

/// What a request asks for: parameters that the API does not know are refused, as are repeated ones.
struct Asked<'a> {
    parameters: &'a [(String, String)],
}

impl<'a> Asked<'a> {
    fn read(parameters: &'a [(String, String)], known: &[&str]) -> Result<Self, Box<Response>> {
        let usual = ["limit", "after", "before", "order"];
        for (name, _) in parameters {
            let times = parameters.iter().filter(|(other, _)| other == name).count();
            if !known.contains(&name.as_str()) && !usual.contains(&name.as_str()) {
                return Err(Box::new(invalid(&format!("property {name} should not exist"))));
            }
            if times > 1 && name != "events[]" {
                return Err(Box::new(invalid(&format!("{name} must be a string"))));
            }
        }
        Ok(Self { parameters })
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A page of what there is, from the oldest on.
    fn page(&self, all: Vec<(String, Value)>) -> Response {
        let limit = self.text("limit").map_or(Ok(LIMIT), str::parse).unwrap_or(0);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return invalid("limit must not be less than 1 or greater than 100");
        }
        // Newest first is the API's own order.
        let all: Vec<(String, Value)> = match self.text("order") {
            Some("asc") => all,
            None | Some("desc") => all.into_iter().rev().collect(),
            Some(_) => return invalid("order must be one of the following values: asc, desc"),
        };
        let start = match self.text("after") {
            None => 0,
            Some(after) => match all.iter().position(|(id, _)| id == after) {
                Some(at) => at + 1,
                None => return invalid("after is not a known id"),
            },
        };
        let page: Vec<&(String, Value)> = all.iter().skip(start).take(limit).collect();
        let has_more = start + page.len() < all.len();
        let after = page.last().filter(|_| has_more).map(|(id, _)| id.as_str());
        let data: Vec<&Value> = page.iter().map(|(_, value)| value).collect();
        Json(json!({"object": "list", "data": data, "list_metadata": {"before": null, "after": after}})).into_response()
    }
}

async fn directory(State(shared): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Err(refusal) = check_key(&shared, &headers) {
        return *refusal;
    }
    let state = shared.state();
    let found = state.directories.directories.iter().find(|directory| directory.id == id);
    found.map_or_else(not_found, |found| Json(found.document(&found.state)).into_response())
}

async fn events(State(shared): State<Shared>, headers: HeaderMap, Query(parameters): Parameters) -> Response {
    let read = check_key(&shared, &headers).and_then(|()| {
        Asked::read(&parameters, &["events", "events[]", "organization_id", "range_start", "range_end"])
    });
    let asked = match read {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    // WorkOS's own libraries join them; its documentation repeats the parameter.
    let named = parameters.iter().filter(|(name, _)| name == "events" || name == "events[]");
    let kinds: Vec<&str> = named.flat_map(|(_, kinds)| kinds.split(',')).filter(|kind| !kind.is_empty()).collect();
    if kinds.is_empty() {
        return invalid("events should not be empty");
    }
    let from = asked.text("range_start").map(str::parse::<Timestamp>);
    if matches!(from, Some(Err(_))) || (from.is_some() && asked.text("after").is_some()) {
        return invalid("range_start must be a valid ISO 8601 date string, and stands without after");
    }
    let from = from.and_then(Result::ok);
    let now = shared.config.clock.now();
    let state = shared.state();
    let kept = state.directories.events.iter().filter(|event| {
        let age = now.duration_since(event.at);
        age <= RETENTION && age >= HIDDEN
    });
    let wanted = kept.filter(|event| {
        let is_of = asked.text("organization_id").is_none_or(|id| id == event.organization);
        is_of && kinds.contains(&event.kind) && from.is_none_or(|from| event.at >= from)
    });
    let listed = wanted.map(|event| {
        let mut document = event.document.clone();
        document["object"] = "event".into();
        (event.id.clone(), document)
    });
    let listed: Vec<(String, Value)> = listed.collect();
    drop(state);
    // Events come from the oldest on, if nothing else is said.
    let oldest_first = [parameters.as_slice(), &[("order".to_owned(), "asc".to_owned())]].concat();
    Asked { parameters: &oldest_first }.page(listed)
}

async fn users(State(shared): State<Shared>, headers: HeaderMap, Query(parameters): Parameters) -> Response {
    let read = check_key(&shared, &headers).and_then(|()| Asked::read(&parameters, &["directory", "group"]));
    let asked = match read {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let mut state = shared.state();
    let all = &mut state.directories;
    all.asked.retain(|at| at.elapsed() < Duration::from_secs(1));
    if all.asked.len() >= CALLS {
        return (StatusCode::TOO_MANY_REQUESTS, Json(json!({"message": "Rate limit exceeded."}))).into_response();
    }
    all.asked.push(Instant::now());
    let (of, group) = (asked.text("directory"), asked.text("group"));
    if of.is_some() == group.is_some() {
        return invalid("either directory or group is required");
    }
    let is_its = |own: &&super::Directory| {
        of.is_some_and(|id| own.id == id) || group.is_some_and(|id| own.groups.iter().any(|known| known.id == id))
    };
    let Some(own) = all.directories.iter().find(is_its) else { return not_found() };
    let is_listed = !["unlinked", "validating"].contains(&own.state.as_str());
    let is_member = |user: &str| group.is_none_or(|group| own.members.contains(&(group.to_owned(), user.to_owned())));
    let listed = own.users.iter().filter(|user| is_listed && is_member(&user.id));
    let listed = listed.map(|user| (user.id.clone(), user.document(&own.id, &own.organization)));
    let strange = all.is_strange.then(|| ("strange".to_owned(), json!({"object": "directory_user", "id": 7})));
    asked.page(strange.into_iter().chain(listed).collect())
}

async fn groups(State(shared): State<Shared>, headers: HeaderMap, Query(parameters): Parameters) -> Response {
    let read = check_key(&shared, &headers).and_then(|()| Asked::read(&parameters, &["directory", "user"]));
    let asked = match read {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let state = shared.state();
    let (of, user) = (asked.text("directory"), asked.text("user"));
    if of.is_some() == user.is_some() {
        return invalid("either directory or user is required");
    }
    let is_its = |own: &&super::Directory| {
        of.is_some_and(|id| own.id == id) || user.is_some_and(|id| own.users.iter().any(|known| known.id == id))
    };
    let Some(own) = state.directories.directories.iter().find(is_its) else { return not_found() };
    let has = |group: &str| user.is_none_or(|user| own.members.contains(&(group.to_owned(), user.to_owned())));
    let is_listed = !["unlinked", "validating"].contains(&own.state.as_str());
    let listed = own.groups.iter().filter(|group| is_listed && has(&group.id));
    asked.page(listed.map(|group| (group.id.clone(), group.document())).collect())
}
