//! What a person sees at WorkOS.

use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};

use super::defect::Defect;
use super::organization::Person;
use super::state::Waiting;

/// The sign-on page of the identity provider behind WorkOS. Who is hinted at comes first.
pub(super) fn sign_on(action: &str, people: &[Person], waiting: &Waiting) -> Html<String> {
    crate::web::page(
        "WorkOS",
        "Sign in",
        &html! {
            p { "Through the connection " (waiting.connection) ", to continue to " (waiting.redirect_uri) }
            form method="post" action=(action) {
                label for="person" { "Who" }
                select #person name="person" {
                    @for person in people {
                        option value=(person.idp_id) selected[waiting.login_hint.as_ref() == Some(&person.email)] {
                            (person.email) " – " (person.note)
                        }
                    }
                }
                label for="defect" { "What is wrong with the response" }
                select #defect name="defect" {
                    option value="" { "nothing" }
                    (defects())
                }
                button name="ok" value="1" { "Sign in" }
                " "
                button name="cancel" value="1" { "Cancel" }
            }
        },
    )
}

pub(super) fn defects() -> Markup {
    html! { @for defect in Defect::ALL { option { (defect.as_str()) } } }
}

pub(super) fn error(text: &str) -> Response {
    let page = crate::web::page("WorkOS", "Couldn’t sign in", &html! { p { (text) "." } });
    (StatusCode::BAD_REQUEST, page).into_response()
}
