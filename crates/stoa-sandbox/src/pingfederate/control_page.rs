//! `/sandbox/…`: the same control as the handle's, for other processes and for a developer's browser.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use http::StatusCode;
use maud::html;
use serde::Deserialize;
use url::Url;

use super::defect::Defect;
use super::partner::SpConnection;
use super::people::Person;
use super::state::Event;
use super::{Shared, choice};
use crate::clock::Clock;
use crate::control::{self, DefectForm};

pub(super) fn router(clock: &Clock) -> Router<Shared> {
    Router::new()
        .route("/sandbox", get(page))
        .route("/sandbox/people", get(people))
        .route("/sandbox/events", get(events))
        .route("/sandbox/partner", post(partner))
        .route("/sandbox/sp-connection", post(sp_connection))
        .route("/sandbox/sign-on-as", post(sign_on_as))
        .route("/sandbox/defect", post(defect))
        .route("/sandbox/certificate", post(certificate))
        .route("/sandbox/clock", control::clock(clock))
}

async fn people(State(shared): State<Shared>) -> Json<Vec<Person>> {
    Json(shared.state().people.clone())
}

async fn events(State(shared): State<Shared>) -> Json<Vec<Event>> {
    Json(shared.state().events.clone())
}

/// The body is a service provider's metadata.
async fn partner(State(shared): State<Shared>, metadata: String) -> Response {
    match SpConnection::from_metadata(&metadata) {
        Ok(partner) => {
            shared.state().register(partner);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// What a customer's administrator types into the console.
#[derive(Debug, Deserialize)]
struct SpConnectionForm {
    entity_id: String,
    acs_url: String,
}

async fn sp_connection(
    State(shared): State<Shared>,
    Form(form): Form<SpConnectionForm>,
) -> Result<Redirect, StatusCode> {
    let is_address = Url::parse(&form.acs_url).is_ok_and(|url| url.has_host() && url.fragment().is_none());
    if form.entity_id.is_empty() || !is_address {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    shared.state().register(SpConnection::typed(form.entity_id, form.acs_url));
    Ok(control::back())
}

#[derive(Debug, Deserialize)]
struct SignOnForm {
    /// A login; empty: ask.
    person: String,
}

async fn sign_on_as(State(shared): State<Shared>, Form(form): Form<SignOnForm>) -> Redirect {
    shared.state().always = Some(form.person).filter(|login| !login.is_empty());
    control::back()
}

async fn defect(State(shared): State<Shared>, Form(form): Form<DefectForm<Defect>>) -> Redirect {
    form.queue(&mut shared.state().defects);
    control::back()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CertificateStep {
    Announce,
    Rotate,
    Retire,
}

#[derive(Debug, Deserialize)]
struct CertificateForm {
    step: CertificateStep,
}

async fn certificate(State(shared): State<Shared>, Form(form): Form<CertificateForm>) -> Redirect {
    let rotation = &mut shared.state().rotation;
    match form.step {
        CertificateStep::Announce => rotation.announce(),
        CertificateStep::Rotate => rotation.rotate(),
        CertificateStep::Retire => rotation.retire(),
    }
    control::back()
}

async fn page(State(shared): State<Shared>) -> Html<String> {
    let state = shared.state();
    let people = state.people.iter().map(|person| (person.login.as_str(), person.login.as_str(), person.note.as_str()));
    crate::web::page(
        "PingFederate",
        "Behind the sign-in page",
        &html! {
            (control::defect_form("The next Response is", &choice::defects(), state.defects.iter().map(|defect| defect.as_str())))
            (control::sign_on_form(&html! {}, people, state.always.as_deref()))
            form method="post" action="/sandbox/certificate" {
                label { "Signing certificate" }
                button name="step" value="announce" { "Announce the next" } " "
                button name="step" value="rotate" { "Rotate" } " "
                button name="step" value="retire" { "Retire the previous" }
            }
            h2 { "Partners" }
            form method="post" action="/sandbox/sp-connection" {
                label { "Partner's Entity ID" input type="text" name="entity_id" required; }
                label { "Assertion Consumer Service URL" input type="url" name="acs_url" required; }
                button { "Create the SP connection" }
            }
            ul { @for partner in &state.partners { li { (partner.entity_id) " → " (partner.acs_urls.join(", ")) } } }
            h2 { "Last events" }
            ul { @for event in state.events.iter().rev().take(20) { li { (event.at) " " (event.what.to_string()) } } }
        },
    )
}
