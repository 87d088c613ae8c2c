//! Groups. People are added by the groups' names; no call here takes them out.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::Shared;
use super::super::group::Group;
use super::super::unprocessable::{sentences_unprocessable, unprocessable};
use super::{Asked, fields, listing, not_found};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/groups", get(list).post(create))
        .route("/groups/{id}", get(show).delete(remove))
        .route("/group_users", post(join))
}

async fn list(State(shared): State<Shared>, Query(query): Asked) -> Response {
    listing::page(&query, shared.school().groups.all(), answer)
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let school = shared.school();
    let group = id.parse().ok().and_then(|id| school.groups.get(id));
    group.map_or_else(not_found, |group| Json(answer(group)).into_response())
}

async fn create(State(shared): State<Shared>, Json(body): Json<Map<String, Value>>) -> Response {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let now = shared.config.clock.now();
    let wrong = match name.trim() {
        "" => Some("can't be blank"),
        name => shared.school().groups.by_name(name).map(|_| "has already been taken"),
    };
    if let Some(wrong) = wrong {
        return unprocessable(&shared, &[("name", wrong)]);
    }
    let mut school = shared.school();
    let id = school.add_group(name.trim(), now);
    school.groups.get(id).map_or_else(not_found, |group| Json(answer(group)).into_response())
}

async fn remove(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let is_removed = id.parse().is_ok_and(|id| shared.school().groups.remove(id));
    if is_removed { StatusCode::NO_CONTENT.into_response() } else { not_found() }
}

/// All of the groups or none. Who is in one of them already stays there.
async fn join(State(shared): State<Shared>, Json(body): Json<Map<String, Value>>) -> Response {
    let mut school = shared.school();
    let user = fields::id(&body, "user_id").value().filter(|id| school.accounts.get(*id).is_some());
    let Some(user) = user else { return sentences_unprocessable(&["User could not be found."]) };
    let names = body.get("group_names").and_then(Value::as_array).filter(|names| !names.is_empty());
    let by_name = |name: &Value| school.groups.by_name(name.as_str()?).map(|group| group.id);
    let groups: Option<Vec<u64>> = names.and_then(|names| names.iter().map(by_name).collect());
    let Some(groups) = groups else { return sentences_unprocessable(&["Invalid group_names"]) };
    for id in groups {
        if let Some(group) = school.groups.get_mut(id) {
            group.members.insert(user);
        }
    }
    StatusCode::CREATED.into_response()
}

fn answer(group: &Group) -> Value {
    json!({"id": group.id, "name": group.name, "token": group.token, "created_at": group.created_at.to_string()})
}
