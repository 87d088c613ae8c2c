//! `/sandbox/…`: the same control as the handle's, for other processes and for a developer's browser.

use axum::extract::{Query, State};
use axum::response::{Html, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use maud::html;
use serde::Deserialize;

use super::defect::Defect;
use super::organization::Organization;
use super::state::Waiting;
use super::{Shared, authorize, directory, pages};
use crate::clock::Clock;
use crate::control::{self, DefectForm};

pub(super) fn router(clock: &Clock) -> Router<Shared> {
    Router::new()
        .route("/sandbox", get(page))
        .route("/sandbox/organizations", get(organizations))
        .route("/sandbox/start", get(start))
        .route("/sandbox/sign-on-as", post(sign_on_as))
        .route("/sandbox/defect", post(defect))
        .route("/sandbox/clock", control::clock(clock))
}

async fn organizations(State(shared): State<Shared>) -> Json<Vec<Organization>> {
    Json(shared.config.organizations.clone())
}

#[derive(Debug, Deserialize)]
struct StartQuery {
    connection: String,
}

/// The tile in the identity provider's portal: a code arrives at the default redirect URI, without a state.
async fn start(State(shared): State<Shared>, Query(query): Query<StartQuery>) -> Response {
    let redirect_uri = shared.state().redirect_uris.first().cloned();
    match (shared.connection(&query.connection), redirect_uri) {
        (Some((_, connection)), Some(redirect_uri)) if connection.active => {
            let connection = connection.id.clone();
            let waiting = Waiting { connection, redirect_uri, state: None, challenge: None, login_hint: None };
            authorize::ask(&shared, waiting)
        }
        _ => pages::error("There is no such linked connection, or no redirect URI"),
    }
}

#[derive(Debug, Deserialize)]
struct SignOnForm {
    /// An identity provider's id; empty: ask.
    person: String,
}

async fn sign_on_as(State(shared): State<Shared>, Form(form): Form<SignOnForm>) -> Redirect {
    shared.state().always = Some(form.person).filter(|person| !person.is_empty());
    control::back()
}

async fn defect(State(shared): State<Shared>, Form(form): Form<DefectForm<Defect>>) -> Redirect {
    form.queue(&mut shared.state().defects);
    control::back()
}

async fn page(State(shared): State<Shared>) -> Html<String> {
    let state = shared.state();
    let people = shared.config.organizations.iter().flat_map(|organization| &organization.people);
    let people = people.map(|person| (person.idp_id.as_str(), person.email.as_str(), person.note.as_str()));
    crate::web::page(
        "WorkOS",
        "Behind the sign-in page",
        &html! {
            (control::defect_form("The next response is, or has", &pages::defects(), state.defects.iter().map(|defect| defect.as_str())))
            (control::sign_on_form(&html! {}, people, state.always.as_deref()))
            h2 { "Customers" }
            ul {
                @for organization in &shared.config.organizations {
                    li {
                        (organization.id) " " (organization.name)
                        @for connection in &organization.connections {
                            " · " a href={ "/sandbox/start?connection=" (connection.id) } { (connection.id) }
                            " (" (connection.kind) ")"
                        }
                    }
                }
            }
            (directory::page(&state.directories))
            h2 { "Redirect URIs" }
            ul { @for uri in &state.redirect_uris { li { (uri) } } }
            h2 { "Calls" }
            ul { @for call in state.calls.iter().rev().take(20) { li { (call.method) " " (call.path) " " (call.status) } } }
        },
    )
}
