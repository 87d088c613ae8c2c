//! One account as the school's administrator sees and changes it, without stoa's knowledge.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::Shared;
use super::enrollment::{Enrollment, NewEnrollment};

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    id: u64,
}

/// `what` is one of the page's buttons.
#[derive(Debug, Deserialize)]
pub(super) struct Change {
    id: u64,
    what: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    roles: String,
    course: Option<u64>,
    group: Option<u64>,
}

/// The columns of an enrollment behind whose it is.
pub(super) fn enrollment(shared: &Shared, own: &Enrollment) -> Markup {
    let course = shared.config.courses.iter().find(|course| course.id == own.course_id);
    html! {
        td { (course.map_or("–", |course| course.name.as_str())) }
        td { @match own.activated_at { Some(at) => { (at) } None => { "preview" } } }
        td { @match own.expiry_date { Some(at) => { (at) } None => { "–" } } }
        td { (own.percent_completed) " %" }
    }
}

pub(super) async fn show(State(shared): State<Shared>, Query(which): Query<Which>) -> Response {
    let school = shared.school();
    let Some(user) = school.accounts.get(which.id) else { return StatusCode::NOT_FOUND.into_response() };
    let content = html! {
        p { a href="/sandbox" { "Behind the school" } }
        form method="post" action="/sandbox/account" {
            input type="hidden" name="id" value=(user.id);
            label { "Email" input type="text" name="email" value=(user.email); }
            label { "First name" input type="text" name="first_name" value=(user.first_name); }
            label { "Last name" input type="text" name="last_name" value=(user.last_name); }
            label { "Roles, with commas" input type="text" name="roles" value=(user.roles.join(",")); }
            button name="what" value="save" { "Save" }
            button name="what" value="delete" { "Delete the account" }
        }
        p { "Bound to " (user.external_id.as_deref().unwrap_or("nobody")) ", entered " (user.sign_ins) " times through SSO" }
        h2 { "Enrollments" }
        table {
            @for own in school.enrollments.of_user(user.id) { tr { (enrollment(&shared, own)) } }
        }
        form method="post" action="/sandbox/account" {
            input type="hidden" name="id" value=(user.id);
            label { "Course" select name="course" {
                @for course in &shared.config.courses { option value=(course.id) { (course.name) } }
            } }
            button name="what" value="enroll" { "Enroll" }
            button name="what" value="expire" { "End" }
            button name="what" value="complete" { "Complete" }
        }
        h2 { "Groups" }
        ul {
            @for group in school.groups.all().filter(|group| group.members.contains(&user.id)) { li { (group.name) } }
        }
        form method="post" action="/sandbox/account" {
            input type="hidden" name="id" value=(user.id);
            label { "Group" select name="group" {
                @for group in school.groups.all() { option value=(group.id) { (group.name) } }
            } }
            button name="what" value="join" { "Add" }
            button name="what" value="leave" { "Remove" }
        }
    };
    let title = format!("{} {}", user.first_name, user.last_name);
    crate::web::page("Thinkific", &title, &content).into_response()
}

pub(super) async fn change(State(shared): State<Shared>, Form(form): Form<Change>) -> Response {
    if act(&shared, &form) {
        let to = if form.what == "delete" { "/sandbox".to_owned() } else { format!("/sandbox/account?id={}", form.id) };
        Redirect::to(&to).into_response()
    } else {
        StatusCode::BAD_REQUEST.into_response()
    }
}

/// Whether it could be done.
fn act(shared: &Shared, form: &Change) -> bool {
    let now = shared.config.clock.now();
    let mut school = shared.school();
    if school.accounts.get(form.id).is_none() {
        return false;
    }
    let own = form.course.and_then(|course| school.enrollments.find(form.id, course)).map(|own| own.id);
    match (form.what.as_str(), form.course, form.group, own) {
        ("save", ..) => {
            let is_taken = school.accounts.holders(&form.email).any(|holder| holder.id != form.id);
            !is_taken
                && school.change_account(form.id, now, |user| {
                    user.email.clone_from(&form.email);
                    user.first_name.clone_from(&form.first_name);
                    user.last_name.clone_from(&form.last_name);
                    let roles = form.roles.split(',').map(str::trim).filter(|role| !role.is_empty());
                    user.roles = roles.map(str::to_owned).collect();
                })
        }
        ("delete", ..) => school.remove(form.id, now),
        ("enroll", Some(course_id), _, None) => {
            let user_id = form.id;
            school.enroll(NewEnrollment { user_id, course_id, activated_at: Some(now), expiry_date: None }, now);
            true
        }
        ("enroll", _, _, Some(id)) => school.change_enrollment(id, now, |own| own.expiry_date = None),
        ("expire", _, _, Some(id)) => school.change_enrollment(id, now, |own| own.expiry_date = Some(now)),
        ("complete", Some(course), ..) => school.study(form.id, course, 100, now),
        ("join", _, Some(group), _) => {
            school.groups.get_mut(group).map(|group| group.members.insert(form.id)).is_some()
        }
        ("leave", _, Some(group), _) => {
            school.groups.get_mut(group).map(|group| group.members.remove(&form.id)).is_some()
        }
        _ => false,
    }
}
