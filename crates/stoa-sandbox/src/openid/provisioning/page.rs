//! `/sandbox/provisioning`: the console's page, for a person, and the same forms for another process.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Form, Router};
use http::StatusCode;
use http::header::HOST;
use maud::{Markup, html};

use super::{App, Exchange, Step, provision};
use crate::openid::product::Product;
use crate::openid::{Person, Shared};

const ADDRESS: &str = "/sandbox/provisioning";

pub(in crate::openid) fn router() -> Router<Shared> {
    Router::new().route(ADDRESS, get(show).post(press))
}

/// The products with a SCIM client, by the host that was asked.
fn product(headers: &HeaderMap) -> Option<Product> {
    let host = headers.get(HOST)?.to_str().ok()?;
    Product::of_host(host).filter(|product| matches!(product, Product::Entra | Product::Okta))
}

async fn press(State(shared): State<Shared>, headers: HeaderMap, Form(step): Form<Step>) -> Response {
    let Some(product) = product(&headers) else { return StatusCode::NOT_FOUND.into_response() };
    provision(&shared, product, step).await;
    Redirect::to(ADDRESS).into_response()
}

async fn show(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let Some(product) = product(&headers) else { return StatusCode::NOT_FOUND.into_response() };
    let people: Vec<Person> = shared.state().people.iter().filter(|own| own.product == product).cloned().collect();
    let apps = shared.apps.lock().await;
    let nothing = App::default();
    page(product, &people, apps.get(&product).unwrap_or(&nothing)).into_response()
}

fn page(product: Product, people: &[Person], app: &App) -> Html<String> {
    let [address, cycle] = match product {
        Product::Entra => ["Tenant URL", "Provision now: a cycle"],
        Product::Okta | Product::PingFederate | Product::Google => ["Base URL", "Force Sync"],
    };
    crate::web::page(
        product.name(),
        "Provisioning",
        &html! {
            form method="post" action=(ADDRESS) {
                label { (address) input type="url" name="address" value=(app.client.address) required; }
                label { "Token" input type="text" name="token" value=(app.client.token) required; }
                button name="step" value="connect" { "Save and test the connection" }
            }
            h2 { "People" }
            (assignments(people, app))
            h2 { "Groups" }
            (groups(app))
            form method="post" action=(ADDRESS) {
                button name="step" value="cycle" { (cycle) }
            }
            h2 { "Requests, the last one first" }
            (exchanges(&app.client.exchanges))
        },
    )
}

fn assignments(people: &[Person], app: &App) -> Markup {
    html! {
        table {
            @for person in people {
                @let at = app.people.get(&person.login);
                @let is_assigned = at.is_some_and(|at| at.is_assigned);
                tr {
                    td { (person.login) " – " (person.note) }
                    td { (at.and_then(|at| at.there.as_ref()).map_or("not there", |there| there.id.as_str())) }
                    td {
                        form method="post" action=(ADDRESS) {
                            input type="hidden" name="person" value=(person.login);
                            @if is_assigned { button name="step" value="unassign" { "Unassign" } }
                            @else { button name="step" value="assign" { "Assign" } }
                        }
                    }
                }
            }
        }
    }
}

fn groups(app: &App) -> Markup {
    html! {
        form method="post" action=(ADDRESS) {
            label { "Name" input type="text" name="name" required; }
            label { "Logins of its members, with blanks between them" input type="text" name="members"; }
            button name="step" value="push-group" { "Push the group" }
        }
        @for (name, group) in &app.groups {
            form method="post" action=(ADDRESS) {
                input type="hidden" name="name" value=(name);
                (name) ": " (group.members.iter().map(String::as_str).collect::<Vec<_>>().join(" ")) " "
                button name="step" value="unlink-group" { "Unlink and delete" }
            }
        }
    }
}

fn exchanges(exchanges: &[Exchange]) -> Markup {
    html! {
        ul {
            @for exchange in exchanges.iter().rev().take(30) {
                li {
                    (exchange.method) " " (exchange.path) " → "
                    @if exchange.status == 0 { "no answer" } @else { (exchange.status) }
                    @if let Some(error) = &exchange.error { " " strong { (error) } }
                    @if !exchange.body.is_null() { details { summary { "What was sent" } (exchange.body) } }
                }
            }
        }
    }
}
