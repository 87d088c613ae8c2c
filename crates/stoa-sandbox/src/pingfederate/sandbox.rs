//! `/sandbox/…`: the same control as the handle's, for other processes and for a developer's browser.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use http::StatusCode;
use jiff::SignedDuration;
use maud::html;
use serde::Deserialize;

use super::Shared;
use super::defect::Defect;
use super::partner::SpConnection;
use super::people::Person;
use super::state::Event;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sandbox", get(page))
        .route("/sandbox/people", get(people))
        .route("/sandbox/events", get(events))
        .route("/sandbox/partner", post(partner))
        .route("/sandbox/sign-on-as", post(sign_on_as))
        .route("/sandbox/defect", post(defect))
        .route("/sandbox/certificate", post(certificate))
        .route("/sandbox/clock", post(clock))
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

#[derive(Debug, Deserialize)]
struct SignOnForm {
    /// Empty: ask.
    login: String,
}

async fn sign_on_as(State(shared): State<Shared>, Form(form): Form<SignOnForm>) -> Redirect {
    shared.state().always = Some(form.login).filter(|login| !login.is_empty());
    Redirect::to("/sandbox")
}

#[derive(Debug, Deserialize)]
struct DefectForm {
    defect: String,
}

async fn defect(State(shared): State<Shared>, Form(form): Form<DefectForm>) -> Response {
    match Defect::parse(&form.defect) {
        Some(defect) => {
            shared.state().defects.push_back(defect);
            Redirect::to("/sandbox").into_response()
        }
        None => StatusCode::BAD_REQUEST.into_response(),
    }
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
    Redirect::to("/sandbox")
}

#[derive(Debug, Deserialize)]
struct ClockForm {
    advance_seconds: i64,
}

async fn clock(State(shared): State<Shared>, Form(form): Form<ClockForm>) -> Redirect {
    shared.config.clock.advance(SignedDuration::from_secs(form.advance_seconds));
    Redirect::to("/sandbox")
}

async fn page(State(shared): State<Shared>) -> Html<String> {
    let state = shared.state();
    crate::web::page(
        "PingFederate",
        "Behind the sign-on page",
        &html! {
            form method="post" action="/sandbox/defect" {
                label for="defect" { "The next Response is" }
                select #defect name="defect" {
                    @for defect in Defect::ALL { option value=(defect.as_str()) { (defect.as_str()) } }
                }
                button { "Arm" }
            }
            form method="post" action="/sandbox/sign-on-as" {
                label for="login" { "Sign everybody on as" }
                select #login name="login" {
                    option value="" { "whom the page says" }
                    @for person in &state.people {
                        option value=(person.login) selected[state.always.as_deref() == Some(person.login.as_str())] {
                            (person.login) " – " (person.note)
                        }
                    }
                }
                button { "Set" }
            }
            form method="post" action="/sandbox/certificate" {
                label { "Signing certificate" }
                button name="step" value="announce" { "Announce the next" } " "
                button name="step" value="rotate" { "Rotate" } " "
                button name="step" value="retire" { "Retire the previous" }
            }
            h2 { "Partners" }
            ul { @for partner in &state.partners { li { (partner.entity_id) " → " (partner.acs_urls.join(", ")) } } }
            h2 { "Last events" }
            ul { @for event in state.events.iter().rev().take(20) { li { (event.at) " " (format!("{:?}", event.what)) } } }
        },
    )
}
