//! `/sandbox`: the same control as the handle's, for a developer's browser and for other processes.

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
use super::pages;
use super::people::Person;
use super::product::Product;
use super::state::Call;

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/sandbox", get(page))
        .route("/sandbox/people", get(people))
        .route("/sandbox/calls", get(calls))
        .route("/sandbox/sign-on-as", post(sign_on_as))
        .route("/sandbox/defect", post(defect))
        .route("/sandbox/keys", post(keys))
        .route("/sandbox/clock", post(clock))
}

async fn people(State(shared): State<Shared>) -> Json<Vec<Person>> {
    Json(shared.state().people.clone())
}

async fn calls(State(shared): State<Shared>) -> Json<Vec<Call>> {
    Json(shared.state().calls.clone())
}

#[derive(Debug, Deserialize)]
struct SignOnForm {
    product: String,
    /// Empty: ask.
    login: String,
}

async fn sign_on_as(State(shared): State<Shared>, Form(form): Form<SignOnForm>) -> Response {
    let Some(product) = Product::parse(&form.product) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut state = shared.state();
    if form.login.is_empty() {
        state.always.remove(&product);
    } else {
        state.always.insert(product, form.login);
    }
    Redirect::to("/sandbox").into_response()
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
enum KeyStep {
    Announce,
    Rotate,
    Retire,
    Mend,
}

#[derive(Debug, Deserialize)]
struct KeyForm {
    product: String,
    step: KeyStep,
}

async fn keys(State(shared): State<Shared>, Form(form): Form<KeyForm>) -> Response {
    let Some(product) = Product::parse(&form.product) else { return StatusCode::BAD_REQUEST.into_response() };
    let mut state = shared.state();
    match form.step {
        KeyStep::Announce => state.rotations.entry(product).or_default().announce(),
        KeyStep::Rotate => state.rotations.entry(product).or_default().rotate(),
        KeyStep::Retire => state.rotations.entry(product).or_default().retire(),
        KeyStep::Mend => state.mend_keys(product),
    }
    Redirect::to("/sandbox").into_response()
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
        "OpenID providers",
        "Behind the sign-on pages",
        &html! {
            form method="post" action="/sandbox/defect" {
                label for="defect" { "The next login is" }
                select #defect name="defect" { (pages::defects()) }
                button { "Arm" }
            }
            @for product in Product::ALL {
                h2 { (product.name()) }
                form method="post" action="/sandbox/sign-on-as" {
                    input type="hidden" name="product" value=(product.name());
                    label { "Sign everybody on as"
                        select name="login" {
                            option value="" { "whom the page says" }
                            @for person in state.people.iter().filter(|person| person.product == *product) {
                                option value=(person.login) selected[state.always.get(product) == Some(&person.login)] {
                                    (person.login) " – " (person.note)
                                }
                            }
                        }
                    }
                    button { "Set" }
                }
                form method="post" action="/sandbox/keys" {
                    input type="hidden" name="product" value=(product.name());
                    label { "Signing key" }
                    button name="step" value="announce" { "Announce the next" } " "
                    button name="step" value="rotate" { "Rotate" } " "
                    button name="step" value="retire" { "Retire the previous" } " "
                    button name="step" value="mend" { "Take back what defects published" }
                }
                ul {
                    @for client in state.clients.iter().filter(|client| client.product == *product) {
                        li { (client.id) " → " (client.redirect_uris.join(", ")) }
                    }
                }
            }
            h2 { "Last calls" }
            ul {
                @for call in state.calls.iter().rev().take(20) {
                    li { (call.at) " " (call.product.name()) " " (format!("{:?}", call.endpoint)) " "
                        (call.status.map_or_else(|| "cut".to_owned(), |status| status.to_string())) " "
                        (call.error.as_deref().unwrap_or_default()) }
                }
            }
        },
    )
}
