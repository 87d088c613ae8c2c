//! What a student sees.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};

use super::Shared;
use super::account::User;
use super::catalog::Course;
use super::enrollment::NewEnrollment;
use crate::web::cookie;

/// The cookie of a signed-in person.
pub(super) const SESSION: &str = "_thinkific_session";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/", get(home))
        .route("/enrollments", get(enrollments))
        .route("/courses/{slug}", get(course))
        .route("/courses/take/{slug}", get(take).post(complete))
        .route("/users/sign_in", get(sign_in))
        .route("/users/sign_out", get(sign_out))
}

async fn home(State(shared): State<Shared>, headers: HeaderMap) -> Html<String> {
    page(
        "Acme Academy",
        &html! {
            (who(visitor(&shared, &headers).as_ref()))
            p { a href="/enrollments" { "My courses" } }
        },
    )
}

async fn enrollments(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Some(user) = visitor(&shared, &headers) else { return to_sign_in() };
    let open: Vec<&Course> = shared.config.courses.iter().filter(|course| may_take(&shared, &user, course)).collect();
    page(
        "My courses",
        &html! {
            (who(Some(&user)))
            ul {
                @for course in &open {
                    li { a href={ "/courses/take/" (course.slug) } { (course.name) } }
                }
            }
        },
    )
    .into_response()
}

async fn course(State(shared): State<Shared>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let Some(course) = find(&shared, &slug) else { return not_found() };
    page(
        &course.name,
        &html! {
            (who(visitor(&shared, &headers).as_ref()))
            p { a href={ "/courses/take/" (course.slug) } { "Start" } }
        },
    )
    .into_response()
}

async fn take(State(shared): State<Shared>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let Some(course) = find(&shared, &slug) else { return not_found() };
    let Some(user) = visitor(&shared, &headers) else { return to_sign_in() };
    if !may_take(&shared, &user, course) {
        let text =
            html! { (who(Some(&user))) p { "You are not enrolled in this course, or your enrollment has ended." } };
        return (StatusCode::FORBIDDEN, page(&course.name, &text)).into_response();
    }
    page(
        &course.name,
        &html! {
            (who(Some(&user)))
            p { "Lesson 1" }
            form method="post" action={ "/courses/take/" (course.slug) } { button { "Complete" } }
        },
    )
    .into_response()
}

/// Does all that is left of a course. A free one enrolls whoever does so.
async fn complete(State(shared): State<Shared>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let Some(course) = find(&shared, &slug) else { return not_found() };
    let Some(user) = visitor(&shared, &headers) else { return to_sign_in() };
    if !may_take(&shared, &user, course) {
        return Redirect::to(&format!("/courses/take/{slug}")).into_response();
    }
    let now = shared.config.clock.now();
    let mut school = shared.school();
    if school.enrollments.find(user.id, course.id).is_none() {
        let (user_id, course_id) = (user.id, course.id);
        school.enroll(NewEnrollment { user_id, course_id, activated_at: Some(now), expiry_date: None }, now);
    }
    school.study(user.id, course.id, 100, now);
    Redirect::to("/enrollments").into_response()
}

fn may_take(shared: &Shared, user: &User, course: &Course) -> bool {
    let now = shared.config.clock.now();
    let mut school = shared.school();
    school.settle(now);
    course.is_free || school.enrollments.find(user.id, course.id).is_some_and(|own| own.opens_lessons(now))
}

async fn sign_in(State(shared): State<Shared>, headers: HeaderMap) -> Html<String> {
    page("Sign in", &html! { (who(visitor(&shared, &headers).as_ref())) p { "Sign in through your company." } })
}

async fn sign_out(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(session) = cookie(&headers, SESSION) {
        shared.school().sessions.remove(&session);
    }
    let gone = format!("{SESSION}=; Path=/; HttpOnly; Secure; SameSite=Lax; Max-Age=0");
    (StatusCode::FOUND, [(SET_COOKIE, gone), (LOCATION, "/".to_owned())]).into_response()
}

/// Thinkific's own page after a failed SSO that named no address.
pub(super) fn sso_error() -> Response {
    let text = html! { p { "There was a problem signing you in." } };
    (StatusCode::UNPROCESSABLE_ENTITY, page("Something went wrong", &text)).into_response()
}

pub(super) fn broken(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, page("Something went wrong", &html! { p { "Error " (status.as_u16()) } })).into_response()
}

fn not_found() -> Response {
    (StatusCode::NOT_FOUND, page("Not found", &html! { p { "There is no such page." } })).into_response()
}

fn to_sign_in() -> Response {
    Redirect::to("/users/sign_in").into_response()
}

fn visitor(shared: &Shared, headers: &HeaderMap) -> Option<User> {
    shared.school().signed_in(cookie(headers, SESSION).as_deref()).cloned()
}

fn find<'a>(shared: &'a Shared, slug: &str) -> Option<&'a Course> {
    shared.config.courses.iter().find(|course| course.slug == slug)
}

fn who(user: Option<&User>) -> Markup {
    match user {
        Some(user) => html! {
            p { "You are signed in as " strong { (user.first_name) " " (user.last_name) } " (" (user.email) ")." }
            p { a href="/users/sign_out" { "Sign out" } }
        },
        None => html! { p { "You are not signed in." } },
    }
}

fn page(title: &str, content: &Markup) -> Html<String> {
    crate::web::page("Thinkific", title, content)
}
