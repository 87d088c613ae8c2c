//! The Admin API: users and courses.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use super::gate;
use super::school::{NewUser, School, User, same_email};
use super::unprocessable::unprocessable;

const MAX_LIMIT: usize = 250;

pub(super) fn router(shared: &Shared) -> Router<Shared> {
    Router::new()
        .route("/courses", get(courses))
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(show).put(update).delete(remove))
        .route("/users/{id}/authentications/{provider}", get(authentication))
        .fallback(|| async { not_found() })
        .layer(middleware::from_fn_with_state(shared.clone(), gate::stand))
}

type Parameters = Query<HashMap<String, String>>;

async fn courses(State(shared): State<Shared>, Query(query): Parameters) -> Response {
    let courses = shared.config.courses.iter().map(|course| json!(course)).collect();
    envelope(courses, &query)
}

async fn list(State(shared): State<Shared>, Query(query): Parameters) -> Response {
    let school = shared.school();
    let users = school.users.iter().filter(|user| asked_for(user, &query, school.loose_email_query));
    envelope(users.map(answer).collect(), &query)
}

fn asked_for(user: &User, query: &HashMap<String, String>, loose: bool) -> bool {
    let fits = |name: &str, test: &dyn Fn(&str) -> bool| query.get(name).is_none_or(|wanted| test(wanted));
    let contains = |wanted: &str| user.email.to_lowercase().contains(&wanted.to_lowercase());
    fits("query[email]", &|wanted| same_email(&user.email, wanted) || loose && contains(wanted))
        && fits("query[role]", &|wanted| user.roles.iter().any(|role| role == wanted))
        && fits("query[external_source]", &|wanted| user.external_source.as_deref() == Some(wanted))
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>, Query(query): Parameters) -> Response {
    match find(&shared.school(), &id, &query) {
        Some(user) => Json(answer(user)).into_response(),
        None => not_found(),
    }
}

/// What may be written. An `external_id` is taken by POST only: the update call has no such field.
#[derive(Debug, Deserialize)]
struct Fields {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    company: Option<String>,
    headline: Option<String>,
    bio: Option<String>,
    password: Option<String>,
    roles: Option<Vec<String>>,
    external_source: Option<String>,
    external_id: Option<String>,
    provider: Option<String>,
}

async fn create(State(shared): State<Shared>, Json(fields): Json<Fields>) -> Response {
    let mut school = shared.school();
    let blank = |value: &Option<String>| value.as_deref().is_none_or(|text| text.trim().is_empty());
    let mut wrong = Vec::new();
    for (name, value) in
        [("email", &fields.email), ("first_name", &fields.first_name), ("last_name", &fields.last_name)]
    {
        if blank(value) {
            wrong.push((name, "can't be blank"));
        }
    }
    wrong.extend(faults_of(&school, &fields, None));
    if let Some(external_id) = &fields.external_id {
        if fields.provider.as_deref() != Some("SSO") {
            wrong.push(("provider", "is invalid"));
        }
        if school.by_external_id(external_id).is_some() {
            wrong.push(("external_id", "has already been taken"));
        }
    }
    if !wrong.is_empty() {
        drop(school);
        return unprocessable(&shared, &wrong);
    }
    let new = NewUser { external_id: fields.external_id.clone(), ..NewUser::default() };
    let id = school.add(new, shared.config.clock.now());
    match school.by_id_mut(id) {
        Some(user) => {
            write(user, fields);
            (StatusCode::CREATED, Json(answer(user))).into_response()
        }
        None => not_found(),
    }
}

async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(query): Parameters,
    Json(fields): Json<Fields>,
) -> Response {
    let mut school = shared.school();
    let Some(id) = find(&school, &id, &query).map(|user| user.id) else { return not_found() };
    let wrong = faults_of(&school, &fields, Some(id));
    if !wrong.is_empty() {
        drop(school);
        return unprocessable(&shared, &wrong);
    }
    if let Some(user) = school.by_id_mut(id) {
        write(user, fields);
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn remove(State(shared): State<Shared>, Path(id): Path<String>, Query(query): Parameters) -> Response {
    let mut school = shared.school();
    let Some(id) = find(&school, &id, &query).map(|user| user.id) else { return not_found() };
    school.remove(id);
    StatusCode::NO_CONTENT.into_response()
}

async fn authentication(
    State(shared): State<Shared>,
    Path((id, provider)): Path<(String, String)>,
    Query(query): Parameters,
) -> Response {
    let school = shared.school();
    let bound = find(&school, &id, &query).and_then(|user| user.external_id.as_deref());
    match bound.filter(|_| provider == "SSO") {
        Some(external_id) => Json(json!({"provider": "SSO", "external_id": external_id})).into_response(),
        None => not_found(),
    }
}

/// By Thinkific's id, or by an external id with a bare `provider` beside it.
fn find<'a>(school: &'a School, id: &str, query: &HashMap<String, String>) -> Option<&'a User> {
    match query.get("provider").map(String::as_str) {
        Some("SSO") => school.by_external_id(id),
        Some(_) => None,
        None => {
            let id: u64 = id.parse().ok()?;
            school.users.iter().find(|user| user.id == id)
        }
    }
}

fn faults_of(school: &School, fields: &Fields, own: Option<u64>) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if let Some(email) = fields.email.as_deref().filter(|email| !email.trim().is_empty()) {
        if !email.contains('@') {
            wrong.push(("email", "is invalid"));
        }
        if school.by_email(email).is_some_and(|user| Some(user.id) != own) {
            wrong.push(("email", "has already been taken"));
        }
    }
    for (name, value) in [("first_name", &fields.first_name), ("last_name", &fields.last_name)] {
        if own.is_some() && value.as_deref().is_some_and(|text| text.trim().is_empty()) {
            wrong.push((name, "can't be blank"));
        }
    }
    if fields.password.as_deref().is_some_and(|password| password.len() < 6) {
        wrong.push(("password", "is too short (minimum is 6 characters)"));
    }
    wrong
}

fn write(user: &mut User, fields: Fields) {
    let set = |slot: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *slot = value;
        }
    };
    set(&mut user.email, fields.email);
    set(&mut user.first_name, fields.first_name);
    set(&mut user.last_name, fields.last_name);
    user.company = fields.company.or(user.company.take());
    user.headline = fields.headline.or(user.headline.take());
    user.bio = fields.bio.or(user.bio.take());
    user.external_source = fields.external_source.or(user.external_source.take());
    user.roles = fields.roles.unwrap_or_else(|| std::mem::take(&mut user.roles));
    user.password = fields.password.or(user.password.take());
}

/// A user as the API shows one: without external id, without state.
fn answer(user: &User) -> Value {
    json!({
        "id": user.id,
        "created_at": user.created_at.to_string(),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": format!("{} {}", user.first_name, user.last_name),
        "company": user.company,
        "email": user.email,
        "roles": user.roles,
        "avatar_url": null,
        "bio": user.bio,
        "headline": user.headline,
        "affiliate_code": null,
        "external_source": user.external_source,
        "affiliate_commission": null,
        "affiliate_commission_type": null,
        "affiliate_payout_email": null,
        "administered_course_ids": [],
        "custom_profile_fields": [],
    })
}

fn envelope(all: Vec<Value>, query: &HashMap<String, String>) -> Response {
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<usize>().ok()).filter(|value| *value > 0);
    let (page, limit) = (number("page").unwrap_or(1), number("limit").unwrap_or(25).min(MAX_LIMIT));
    let (total, pages) = (all.len(), all.len().div_ceil(limit).max(1));
    let first = (page - 1).saturating_mul(limit);
    let items: Vec<Value> = all.into_iter().skip(first).take(limit).collect();
    let last = first + items.len();
    Json(json!({
        "items": items,
        "meta": {"pagination": {
            "current_page": page,
            "next_page": (page < pages).then_some(page + 1),
            "prev_page": (page > 1).then_some(page - 1),
            "total_pages": pages,
            "total_items": total,
            "entries_info": format!("{}-{last} of {total}", first + 1),
        }},
    }))
    .into_response()
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"error": "Record not found."}))).into_response()
}
