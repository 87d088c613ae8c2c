//! Who is in which course, until when.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::super::enrollment::{Enrollment, NewEnrollment};
use super::super::unprocessable::{fields_unprocessable, sentences_unprocessable};
use super::super::{NullExpiry, Repeated, Shared};
use super::fields::{self, Given};
use super::listing::{Parameters, fits};
use super::{Asked, listing, not_found};

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/enrollments", get(list).post(create)).route("/enrollments/{id}", get(show).put(update))
}

async fn list(State(shared): State<Shared>, Query(query): Asked) -> Response {
    page(&shared, &query, &[])
}

/// Those that pass the filters; of these courses only, if any are named.
pub(super) fn page(shared: &Shared, query: &Parameters, courses: &[u64]) -> Response {
    let (now, school) = (shared.config.clock.now(), shared.school());
    let email_of = |id: u64| school.accounts.get(id).map(|user| user.email.clone()).unwrap_or_default();
    let asked_for = |enrollment: &&Enrollment| {
        let (created, updated) = (enrollment.created_at, enrollment.updated_at);
        (courses.is_empty() || courses.contains(&enrollment.course_id))
            && fits(query, "query[user_id]", |wanted| wanted == enrollment.user_id.to_string())
            && fits(query, "query[course_id]", |wanted| wanted == enrollment.course_id.to_string())
            && fits(query, "query[email]", |wanted| {
                email_of(enrollment.user_id).to_lowercase() == wanted.to_lowercase()
            })
            && fits(query, "query[free_trial]", |wanted| wanted == enrollment.is_free_trial().to_string())
            && fits(query, "query[full]", |wanted| wanted == (!enrollment.is_free_trial()).to_string())
            && fits(query, "query[completed]", |wanted| wanted == enrollment.completed_at.is_some().to_string())
            && fits(query, "query[expired]", |wanted| wanted == enrollment.is_expired(now).to_string())
            && fits_time(query, "created", created)
            && fits_time(query, "updated", updated)
    };
    match query.get("query[user_id]").map(|id| id.parse()) {
        Some(Ok(user)) => listing::page(query, school.enrollments.of_user(user).filter(asked_for), |enrollment| {
            answer(shared, &email_of(enrollment.user_id), enrollment)
        }),
        Some(Err(_)) | None => listing::page(query, school.enrollments.all().filter(asked_for), |enrollment| {
            answer(shared, &email_of(enrollment.user_id), enrollment)
        }),
    }
}

/// `created_on`, `created_before`, `created_on_or_before`, `created_after`, `created_on_or_after`, and of `updated`. A
/// time that cannot be read finds nothing.
fn fits_time(query: &Parameters, what: &str, at: Timestamp) -> bool {
    let holds = |relation: &str, test: &dyn Fn(Timestamp) -> bool| {
        fits(query, &format!("query[{what}_{relation}]"), |wanted| wanted.parse().is_ok_and(test))
    };
    let day = |at: Timestamp| at.as_second().div_euclid(86_400);
    holds("on", &|wanted| day(wanted) == day(at))
        && holds("before", &|wanted| at < wanted)
        && holds("on_or_before", &|wanted| at <= wanted)
        && holds("after", &|wanted| at > wanted)
        && holds("on_or_after", &|wanted| at >= wanted)
}

async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let school = shared.school();
    let Some(enrollment) = id.parse().ok().and_then(|id| school.enrollments.get(id)) else { return not_found() };
    let email = school.accounts.get(enrollment.user_id).map(|user| user.email.clone()).unwrap_or_default();
    Json(answer(&shared, &email, enrollment)).into_response()
}

async fn create(State(shared): State<Shared>, Json(body): Json<Map<String, Value>>) -> Response {
    let now = shared.config.clock.now();
    let (user, course) = (fields::id(&body, "user_id").value(), fields::id(&body, "course_id").value());
    let course = course.filter(|id| shared.config.may_enroll_in(*id));
    let mut school = shared.school();
    let user = user.filter(|id| school.accounts.get(*id).is_some());
    let mut wrong = Vec::new();
    if course.is_none() {
        wrong.push("Course could not be found.");
    }
    if user.is_none() {
        wrong.push("User could not be found.");
    }
    let (Some(user), Some(course)) = (user, course) else { return sentences_unprocessable(&wrong) };
    let times = match Times::read(&shared, &body) {
        Ok(times) => times,
        Err(wrong) => return fields_unprocessable(&wrong),
    };
    let existing = school.enrollments.find(user, course).map(|enrollment| enrollment.id);
    let id = match (existing, shared.config.repeated_enrollment) {
        (Some(_), Repeated::Refused) => return sentences_unprocessable(&["User is already enrolled in this course."]),
        (Some(id), Repeated::Updated) => {
            school.change_enrollment(id, now, |enrollment| {
                enrollment.activated_at = times.activated_at.value().or(enrollment.activated_at);
                enrollment.expiry_date = times.expiry_date.value();
            });
            id
        }
        (Some(id), Repeated::Ignored) => id,
        (None, Repeated::Refused | Repeated::Updated | Repeated::Ignored) => school.enroll(
            NewEnrollment {
                user_id: user,
                course_id: course,
                activated_at: times.activated_at.value(),
                expiry_date: times.expiry_date.value(),
            },
            now,
        ),
    };
    let made = school.enrollments.get(id).cloned();
    let email = school.accounts.get(user).map(|user| user.email.clone()).unwrap_or_default();
    made.map_or_else(not_found, |made| (StatusCode::CREATED, Json(answer(&shared, &email, &made))).into_response())
}

async fn update(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Json(body): Json<Map<String, Value>>,
) -> Response {
    let now = shared.config.clock.now();
    let mut school = shared.school();
    let Some(id) = id.parse().ok().filter(|id| school.enrollments.get(*id).is_some()) else { return not_found() };
    match Times::read(&shared, &body) {
        Ok(times) => school.change_enrollment(id, now, |enrollment| times.write(enrollment, shared.config.null_expiry)),
        Err(wrong) => return fields_unprocessable(&wrong),
    };
    StatusCode::NO_CONTENT.into_response()
}

/// When an enrollment counts.
pub(super) struct Times {
    pub(super) activated_at: Given<Timestamp>,
    pub(super) expiry_date: Given<Timestamp>,
}

impl Times {
    pub(super) fn read(shared: &Shared, body: &Map<String, Value>) -> Result<Self, Vec<(&'static str, &'static str)>> {
        let times =
            Self { activated_at: fields::time(body, "activated_at"), expiry_date: fields::time(body, "expiry_date") };
        let mut wrong = Vec::new();
        for (name, given) in [("activated_at", times.activated_at), ("expiry_date", times.expiry_date)] {
            if given == Given::Wrong {
                wrong.push((name, "is invalid"));
            }
        }
        let is_past = times.expiry_date.value().is_some_and(|end| end < shared.config.clock.now());
        if is_past && !shared.config.takes_past_expiry {
            wrong.push(("expiry_date", "must be in the future"));
        }
        if wrong.is_empty() { Ok(times) } else { Err(wrong) }
    }

    pub(super) fn write(&self, enrollment: &mut Enrollment, null_expiry: NullExpiry) {
        enrollment.activated_at = self.activated_at.value().or(enrollment.activated_at);
        match (self.expiry_date, null_expiry) {
            (Given::Value(at), _) => enrollment.expiry_date = Some(at),
            (Given::Null, NullExpiry::Clears) => enrollment.expiry_date = None,
            (Given::Null, NullExpiry::Ignored) | (Given::Absent | Given::Wrong, _) => {}
        }
    }
}

fn answer(shared: &Shared, email: &str, enrollment: &Enrollment) -> Value {
    let name = shared.config.courses.iter().find(|course| course.id == enrollment.course_id);
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": enrollment.id,
        "user_email": email,
        "user_id": enrollment.user_id,
        "course_name": name.map(|course| &course.name),
        "course_id": enrollment.course_id,
        "percentage_completed": f64::from(enrollment.percent_completed) / 100.0,
        "expired": enrollment.is_expired(shared.config.clock.now()),
        "is_free_trial": enrollment.is_free_trial(),
        "completed": enrollment.completed_at.is_some(),
        "started_at": text(enrollment.started_at),
        "activated_at": text(enrollment.activated_at),
        "completed_at": text(enrollment.completed_at),
        "updated_at": enrollment.updated_at.to_string(),
        "expiry_date": text(enrollment.expiry_date),
    })
}
