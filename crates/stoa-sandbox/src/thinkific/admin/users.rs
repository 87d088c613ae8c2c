//! Accounts, and the ids that they are bound to.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::Shared;
use super::super::account::{NewUser, User};
use super::super::school::School;
use super::super::unprocessable::unprocessable;
use super::listing::{Parameters, fits};
use super::{Asked, listing, not_found};

/// The roles that may be given.
const ROLES: &[&str] = &["affiliate", "course_admin", "group_analyst", "site_admin"];

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/users", get(list).post(create))
        .route("/users/{id}", get(show).put(update).delete(remove))
        .route("/users/{id}/authentications/{provider}", get(authentication))
}

async fn list(State(shared): State<Shared>, Query(query): Asked) -> Response {
    let school = shared.school();
    match query.get("query[email]").filter(|_| !school.loose_email_query) {
        Some(email) => listing::page(
            &query,
            school.accounts.holders(email).filter(|user| asked_for(&school, user, &query)),
            |user| answer(&shared, user),
        ),
        None => listing::page(&query, school.accounts.all().filter(|user| asked_for(&school, user, &query)), |user| {
            answer(&shared, user)
        }),
    }
}

fn asked_for(school: &School, user: &User, query: &Parameters) -> bool {
    let contains = |wanted: &str| user.email.to_lowercase().contains(&wanted.to_lowercase());
    let is_in = |group: &str| {
        let group = group.parse().ok().and_then(|id| school.groups.get(id));
        group.is_some_and(|group| group.members.contains(&user.id))
    };
    let label = query.get("query[custom_profile_field_label]");
    let value = query.get("query[custom_profile_field_value]");
    let has_field = label.zip(value).is_none_or(|(label, value)| user.profile_fields.get(label) == Some(value));
    fits(query, "query[email]", contains)
        && fits(query, "query[role]", |wanted| user.roles.iter().any(|role| role == wanted))
        && fits(query, "query[external_source]", |wanted| user.external_source.as_deref() == Some(wanted))
        && fits(query, "query[group_id]", is_in)
        && has_field
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>, Query(query): Asked) -> Response {
    match find(&shared.school(), &id, &query) {
        Some(user) => Json(answer(&shared, user)).into_response(),
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
    custom_profile_fields: Option<Vec<ProfileValue>>,
    #[serde(default)]
    skip_custom_fields_validation: bool,
}

#[derive(Debug, Deserialize)]
struct ProfileValue {
    custom_profile_field_definition_id: u64,
    value: Option<String>,
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
    if !fields.skip_custom_fields_validation && !has_required_fields(&shared, &fields) {
        wrong.push(("custom_profile_fields", "can't be blank"));
    }
    if wrong.is_empty() && school.is_full() {
        wrong.push(("base", "You have reached the maximum number of students for your plan"));
    }
    if let Some(external_id) = &fields.external_id {
        if fields.provider.as_deref() != Some("SSO") {
            wrong.push(("provider", "is invalid"));
        }
        if external_id.trim().is_empty() {
            wrong.push(("external_id", "can't be blank"));
        }
        if school.accounts.by_external_id(external_id).is_some() {
            wrong.push(("external_id", "has already been taken"));
        }
    }
    if !wrong.is_empty() {
        drop(school);
        return unprocessable(&shared, &wrong);
    }
    let now = shared.config.clock.now();
    let new = NewUser {
        external_id: fields.external_id.clone(),
        roles: fields.roles.clone().unwrap_or_default(),
        ..NewUser::student(
            fields.email.as_deref().unwrap_or_default(),
            fields.first_name.as_deref().unwrap_or_default(),
            fields.last_name.as_deref().unwrap_or_default(),
        )
    };
    let id = school.add(new, now);
    school.change_account(id, now, |user| write(&shared, user, fields));
    let made = school.accounts.get(id);
    made.map_or_else(not_found, |user| (StatusCode::CREATED, Json(answer(&shared, user))).into_response())
}

async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(query): Asked,
    Json(fields): Json<Fields>,
) -> Response {
    let mut school = shared.school();
    let Some(id) = find(&school, &id, &query).map(|user| user.id) else { return not_found() };
    let wrong = faults_of(&school, &fields, Some(id));
    if !wrong.is_empty() {
        drop(school);
        return unprocessable(&shared, &wrong);
    }
    let now = shared.config.clock.now();
    if fields.password.is_some() && shared.config.password_ends_sessions {
        school.sessions.retain(|_, owner| *owner != id);
    }
    school.change_account(id, now, |user| write(&shared, user, fields));
    StatusCode::NO_CONTENT.into_response()
}

async fn remove(State(shared): State<Shared>, Path(id): Path<String>, Query(query): Asked) -> Response {
    let mut school = shared.school();
    let Some(id) = find(&school, &id, &query).map(|user| user.id) else { return not_found() };
    school.remove(id, shared.config.clock.now());
    StatusCode::NO_CONTENT.into_response()
}

async fn authentication(
    State(shared): State<Shared>,
    Path((id, provider)): Path<(String, String)>,
    Query(query): Asked,
) -> Response {
    let school = shared.school();
    let bound = find(&school, &id, &query).and_then(|user| user.external_id.as_deref());
    match bound.filter(|_| provider == "SSO") {
        Some(external_id) => Json(json!({"provider": "SSO", "external_id": external_id})).into_response(),
        None => not_found(),
    }
}

/// By Thinkific's id, or by an external id with a bare `provider` beside it.
fn find<'a>(school: &'a School, id: &str, query: &Parameters) -> Option<&'a User> {
    match query.get("provider").map(String::as_str) {
        Some("SSO") => school.accounts.by_external_id(id),
        Some(_) => None,
        None => school.accounts.get(id.parse().ok()?),
    }
}

fn faults_of(school: &School, fields: &Fields, own: Option<u64>) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    if let Some(email) = fields.email.as_deref().filter(|email| !email.trim().is_empty()) {
        if !email.contains('@') {
            wrong.push(("email", "is invalid"));
        }
        if school.accounts.holders(email).any(|user| Some(user.id) != own) {
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
    if fields.roles.iter().flatten().any(|role| !ROLES.contains(&role.as_str())) {
        wrong.push(("roles", "is invalid"));
    }
    wrong
}

fn has_required_fields(shared: &Shared, fields: &Fields) -> bool {
    let given = |id: u64| {
        let mut values = fields.custom_profile_fields.iter().flatten();
        values.any(|field| field.custom_profile_field_definition_id == id && field.value.is_some())
    };
    shared.config.profile_fields.iter().zip(1..).all(|(field, id)| !field.is_required || given(id))
}

fn write(shared: &Shared, user: &mut User, fields: Fields) {
    for field in fields.custom_profile_fields.into_iter().flatten() {
        let definition = shared.config.profile_fields.iter().zip(1..);
        let known = definition.map(|(known, id)| (id, &known.label));
        let label = known.into_iter().find(|(id, _)| *id == field.custom_profile_field_definition_id);
        if let (Some((_, label)), Some(value)) = (label, field.value) {
            user.profile_fields.insert(label.clone(), value);
        }
    }
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
fn answer(shared: &Shared, user: &User) -> Value {
    let definitions = shared.config.profile_fields.iter().zip(1_u64..);
    let profile_fields: Vec<Value> = definitions
        .filter_map(|(field, id)| {
            let value = user.profile_fields.get(&field.label)?;
            Some(json!({"id": id, "value": value, "label": field.label, "custom_profile_field_definition_id": id}))
        })
        .collect();
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
        "custom_profile_fields": profile_fields,
    })
}
