//! `/sandbox/…`: the same control as the handle's, for other processes and for a developer's browser.

use std::time::Duration;

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::account::User;
use super::enrollment::Enrollment;
use super::fault::{Fault, FaultTarget, Trouble};
use super::group::Group;
use super::journal::{Call, SsoAttempt};
use super::school::School;
use super::webhooks::Delivery;
use super::{Shared, account_page};
use crate::clock::Clock;
use crate::control;

pub(super) fn router(clock: &Clock) -> Router<Shared> {
    Router::new()
        .route("/sandbox", get(page))
        .route("/sandbox/users", get(users))
        .route("/sandbox/enrollments", get(enrollments))
        .route("/sandbox/groups", get(groups))
        .route("/sandbox/webhooks", get(deliveries))
        .route("/sandbox/calls", get(calls))
        .route("/sandbox/account", get(account_page::show).post(account_page::change))
        .route("/sandbox/sso", get(attempts))
        .route("/sandbox/fault", post(fault))
        .route("/sandbox/clock", control::clock(clock))
}

async fn users(State(shared): State<Shared>) -> Json<Vec<User>> {
    Json(shared.school().accounts.all().cloned().collect())
}

async fn enrollments(State(shared): State<Shared>) -> Json<Vec<Enrollment>> {
    Json(shared.school().enrollments.all().cloned().collect())
}

async fn groups(State(shared): State<Shared>) -> Json<Vec<Group>> {
    Json(shared.school().groups.all().cloned().collect())
}

async fn deliveries(State(shared): State<Shared>) -> Json<Vec<Delivery>> {
    Json(shared.school().webhooks.deliveries.clone())
}

async fn calls(State(shared): State<Shared>) -> Json<Vec<Call>> {
    Json(shared.school().calls.clone())
}

async fn attempts(State(shared): State<Shared>) -> Json<Vec<SsoAttempt>> {
    Json(shared.school().attempts.clone())
}

/// Rows of a table, at most.
const SHOWN: usize = 200;

/// `trouble` is one of the page's choices; `on` is `admin` or `sso`.
#[derive(Debug, Deserialize)]
struct FaultForm {
    trouble: String,
    #[serde(default)]
    on: String,
    times: Option<usize>,
}

const TROUBLES: &[(&str, &str)] = &[
    ("429", "429, for ten seconds"),
    ("500", "500"),
    ("503", "503"),
    ("520", "520 from Cloudflare"),
    ("blocked", "403 from Cloudflare, which asks for a browser"),
    ("taken", "422: the email has already been taken"),
    ("slow", "three seconds late"),
    ("cut", "the connection is cut"),
    ("applied-cut", "the change is made, but the response is lost"),
];

async fn fault(State(shared): State<Shared>, Form(form): Form<FaultForm>) -> Response {
    let trouble = match form.trouble.as_str() {
        "429" => Trouble::RateLimited(Duration::from_secs(10)),
        "taken" => Trouble::Unprocessable { field: "email".to_owned(), message: "has already been taken".to_owned() },
        "slow" => Trouble::Delay(Duration::from_secs(3)),
        "blocked" => Trouble::Blocked,
        "cut" => Trouble::Cut,
        "applied-cut" => Trouble::ApplyThenCut,
        status => match status.parse() {
            Ok(status @ 500..=599) => Trouble::Status(status),
            Ok(_) | Err(_) => return StatusCode::BAD_REQUEST.into_response(),
        },
    };
    let target = if form.on == "sso" { FaultTarget::Sso } else { FaultTarget::Admin };
    shared.school().faults.push(Fault { target, trouble, times: form.times.unwrap_or(1) });
    control::back().into_response()
}

async fn page(State(shared): State<Shared>) -> Html<String> {
    let now = shared.config.clock.now();
    let mut school = shared.school();
    school.settle(now);
    crate::web::page(
        "Thinkific",
        "Behind the school",
        &html! {
            (faults(&school))
            h2 { "Settings, Code & analytics, API" }
            p { "API key: " code { (school.api_key.expose()) } }
            (records(&shared, &school))
            (happened(&school))
        },
    )
}

fn faults(school: &School) -> Markup {
    html! {
        form method="post" action="/sandbox/fault" {
            label for="trouble" { "The next call fails" }
            select #trouble name="trouble" { @for (value, label) in TROUBLES { option value=(value) { (label) } } }
            label for="on" { "Which call" }
            select #on name="on" { option value="admin" { "Admin API" } option value="sso" { "SSO endpoint" } }
            button { "Set" }
        }
        @if !school.faults.is_empty() { p { (school.faults.len()) " set" } }
    }
}

/// What the school has.
fn records(shared: &Shared, school: &School) -> Markup {
    html! {
        h2 { "Accounts" }
        table {
            tr { th { "id" } th { "email" } th { "name" } th { "roles" } th { "external id" } }
            @for user in school.accounts.all().take(SHOWN) {
                tr {
                    td { a href={ "/sandbox/account?id=" (user.id) } { (user.id) } }
                    td { (user.email) } td { (user.first_name) " " (user.last_name) }
                    td { (user.roles.join(", ")) } td { (user.external_id.as_deref().unwrap_or("–")) }
                }
            }
        }
        @if school.accounts.len() > SHOWN { p { (SHOWN) " of " (school.accounts.len()) } }
        h2 { "Groups" }
        table {
            tr { th { "id" } th { "name" } th { "members" } }
            @for group in school.groups.all() {
                tr { td { (group.id) } td { (group.name) } td { (group.members.len()) } }
            }
        }
        h2 { "Enrollments" }
        table {
            tr { th { "account" } th { "course" } th { "since" } th { "until" } th { "done" } }
            @for own in school.enrollments.all().take(SHOWN) {
                tr {
                    td { a href={ "/sandbox/account?id=" (own.user_id) } { (own.user_id) } }
                    (account_page::enrollment(shared, own))
                }
            }
        }
    }
}

/// What it told, and what it was asked.
fn happened(school: &School) -> Markup {
    html! {
        h2 { "Webhooks" }
        table {
            @for own in &school.webhooks.subscriptions {
                tr { td { (own.topic) } td { (own.target_url) } td { (own.status) } }
            }
        }
        h2 { "Last deliveries" }
        table {
            @for sent in school.webhooks.deliveries.iter().rev().take(20) {
                tr {
                    td { (sent.topic) } td { (sent.event) }
                    td { @match sent.tries.last() { Some(last) => { (last.status) } None => { "waits" } } }
                }
            }
        }
        h2 { "Last logins" }
        table {
            @for attempt in school.attempts.iter().rev().take(20) {
                tr {
                    td { (attempt.at) }
                    td { @match &attempt.outcome { Ok(id) => { "account " (id) } Err(refusal) => { (refusal) } } }
                }
            }
        }
        h2 { "Last calls of the Admin API" }
        table {
            @for call in school.calls.iter().rev().take(20) {
                tr { td { (call.status) } td { (call.method) } td { (call.path) } }
            }
        }
    }
}
