//! Courses that are sold together.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::catalog::Bundle;
use super::super::enrollment::NewEnrollment;
use super::super::school::Pending;
use super::super::unprocessable::{fields_unprocessable, sentences_unprocessable};
use super::super::{Effect, Shared};
use super::enrollments::Times;
use super::{Asked, catalog, enrollments, fields, listing, not_found};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/bundles/{id}", get(show))
        .route("/bundles/{id}/courses", get(courses))
        .route("/bundles/{id}/enrollments", get(enrolled).post(enroll).put(update))
}

fn find<'a>(shared: &'a Shared, id: &str) -> Option<&'a Bundle> {
    shared.config.bundles.iter().find(|bundle| bundle.id.to_string() == id)
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let Some(bundle) = find(&shared, &id) else { return not_found() };
    Json(json!({"id": bundle.id, "name": bundle.name, "course_ids": bundle.course_ids})).into_response()
}

async fn courses(State(shared): State<Shared>, Path(id): Path<String>, Query(query): Asked) -> Response {
    let Some(bundle) = find(&shared, &id) else { return not_found() };
    let courses = shared.config.courses.iter().filter(|course| bundle.course_ids.contains(&course.id));
    listing::page(&query, courses, catalog::answer)
}

async fn enrolled(State(shared): State<Shared>, Path(id): Path<String>, Query(query): Asked) -> Response {
    let Some(bundle) = find(&shared, &id) else { return not_found() };
    enrollments::page(&shared, &query, &bundle.course_ids)
}

/// What both writes name: the person, and from when until when.
fn read(shared: &Shared, body: &Map<String, Value>) -> Result<(u64, Times), Box<Response>> {
    let user = fields::id(body, "user_id").value().filter(|id| shared.school().accounts.get(*id).is_some());
    let user = user.ok_or_else(|| Box::new(sentences_unprocessable(&["User could not be found."])))?;
    let times = Times::read(shared, body).map_err(|wrong| Box::new(fields_unprocessable(&wrong)))?;
    Ok((user, times))
}

/// Into each of its courses. Who is in one of them already stays there, as they are.
async fn enroll(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let Some(bundle) = find(&shared, &id) else { return not_found() };
    let (user_id, times) = match read(&shared, &body) {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let (activated_at, expiry_date) = (times.activated_at.value(), times.expiry_date.value());
    let new = |course_id| NewEnrollment { user_id, course_id, activated_at, expiry_date };
    let now = shared.config.clock.now();
    let mut school = shared.school();
    for course in &bundle.course_ids {
        school.accept(Pending::Enroll(new(*course)), shared.config.bundle_enrollment, now);
    }
    match shared.config.bundle_enrollment {
        Effect::AtOnce => StatusCode::CREATED.into_response(),
        Effect::Later(_) => StatusCode::ACCEPTED.into_response(),
    }
}

async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let Some(bundle) = find(&shared, &id) else { return not_found() };
    let (user, times) = match read(&shared, &body) {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let now = shared.config.clock.now();
    let mut school = shared.school();
    let found = |course: &u64| school.enrollments.find(user, *course).map(|enrollment| enrollment.id);
    let ids: Vec<u64> = bundle.course_ids.iter().filter_map(found).collect();
    if ids.is_empty() {
        return not_found();
    }
    for id in ids {
        school.change_enrollment(id, now, |enrollment| times.write(enrollment, shared.config.null_expiry));
    }
    StatusCode::NO_CONTENT.into_response()
}
