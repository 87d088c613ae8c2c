//! `/sandbox`: the same control as the handle's, for a developer's browser and for other processes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use maud::{Markup, html};
use serde::Deserialize;
use url::Url;

use super::Shared;
use super::client::Client;
use super::defect::Defect;
use super::pages;
use super::people::Person;
use super::product::Product;
use super::state::{Call, State as Memory};
use crate::clock::Clock;
use crate::control::{self, DefectForm};

pub(super) fn router(clock: &Clock) -> Router<Shared> {
    Router::new()
        .route("/sandbox", get(page))
        .route("/sandbox/people", get(people))
        .route("/sandbox/calls", get(calls))
        .route("/sandbox/sign-on-as", post(sign_on_as))
        .route("/sandbox/defect", post(defect))
        .route("/sandbox/keys", post(keys))
        .route("/sandbox/clients", post(clients))
        .route("/sandbox/clock", control::clock(clock))
}

async fn people(State(shared): State<Shared>) -> Json<Vec<Person>> {
    Json(shared.state().people.clone())
}

async fn calls(State(shared): State<Shared>) -> Json<Vec<Call>> {
    Json(shared.state().calls.clone())
}

#[derive(Debug, Deserialize)]
struct SignOnForm {
    product: Product,
    /// A login; empty: ask.
    person: String,
}

async fn sign_on_as(State(shared): State<Shared>, Form(form): Form<SignOnForm>) -> Redirect {
    let mut state = shared.state();
    if form.person.is_empty() {
        state.always.remove(&form.product);
    } else {
        state.always.insert(form.product, form.person);
    }
    control::back()
}

async fn defect(State(shared): State<Shared>, Form(form): Form<DefectForm<Defect>>) -> Redirect {
    form.queue(&mut shared.state().defects);
    control::back()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyStep {
    Announce,
    Rotate,
    Retire,
    Undo,
}

#[derive(Debug, Deserialize)]
struct KeyForm {
    product: Product,
    step: KeyStep,
}

async fn keys(State(shared): State<Shared>, Form(KeyForm { product, step }): Form<KeyForm>) -> Redirect {
    let mut state = shared.state();
    match step {
        KeyStep::Announce => state.rotations.entry(product).or_default().announce(),
        KeyStep::Rotate => state.rotations.entry(product).or_default().rotate(),
        KeyStep::Retire => state.rotations.entry(product).or_default().retire(),
        KeyStep::Undo => state.mend_keys(product),
    }
    control::back()
}

/// What a customer's administrator types into the console.
#[derive(Debug, Deserialize)]
struct ClientForm {
    product: Product,
    client_id: String,
    client_secret: String,
    redirect_uri: String,
}

async fn clients(State(shared): State<Shared>, Form(form): Form<ClientForm>) -> Result<Redirect, StatusCode> {
    let is_address = Url::parse(&form.redirect_uri).is_ok_and(|url| url.has_host() && url.fragment().is_none());
    if form.client_id.is_empty() || form.client_secret.is_empty() || !is_address {
        return Err(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let client = Client::new(form.product, &form.client_id, &form.client_secret, &form.redirect_uri);
    shared.state().register(client);
    Ok(control::back())
}

async fn page(State(shared): State<Shared>) -> Html<String> {
    let state = shared.state();
    crate::web::page(
        "OpenID providers",
        "Behind the sign-in pages",
        &html! {
            (control::defect_form("The next login is", &pages::defects(), state.defects.iter().map(|defect| defect.as_str())))
            @for product in Product::ALL {
                h2 { (product.name()) }
                (sign_on_form(&state, *product))
                form method="post" action="/sandbox/keys" {
                    (hidden(*product))
                    label { "Signing key" }
                    button name="step" value="announce" { "Announce the next" } " "
                    button name="step" value="rotate" { "Rotate" } " "
                    button name="step" value="retire" { "Retire the previous" } " "
                    button name="step" value="undo" { "Undo what defects published" }
                }
                (client_form(*product))
                ul {
                    @for client in state.clients.iter().filter(|client| client.product == *product) {
                        li { (client.id) " → " (client.redirect_uris.join(", ")) }
                    }
                }
            }
            h2 { "Last calls" }
            ul {
                @for call in state.calls.iter().rev().take(20) {
                    li { (call.at) " " (call.product.name()) " " (call.endpoint.to_string()) " "
                        (call.status.map_or_else(|| "cut".to_owned(), |status| status.to_string())) " "
                        (call.error.as_deref().unwrap_or_default()) }
                }
            }
        },
    )
}

fn sign_on_form(state: &Memory, product: Product) -> Markup {
    let people = state.people.iter().filter(|person| person.product == product);
    let people = people.map(|person| (person.login.as_str(), person.login.as_str(), person.note.as_str()));
    control::sign_on_form(&hidden(product), people, state.always.get(&product).map(String::as_str))
}

fn client_form(product: Product) -> Markup {
    html! {
        form method="post" action="/sandbox/clients" {
            (hidden(product))
            label { "Client id" input type="text" name="client_id" required; }
            label { "Client secret" input type="text" name="client_secret" required; }
            label { "Redirect URI" input type="url" name="redirect_uri" required; }
            button { "Register the application" }
        }
    }
}

/// Which product a form is about.
fn hidden(product: Product) -> Markup {
    html! { input type="hidden" name="product" value=(product.id()); }
}
