//! What a person sees.

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};

use super::defect::{Defect, Stage};
use super::people::Person;
use super::product::Product;
use super::state::Request;

const STAGES: &[(Stage, &str)] = &[
    (Stage::Answer, "in what the browser carries back"),
    (Stage::Signature, "in the ID token's key and signature"),
    (Stage::Claims, "in what the ID token says"),
    (Stage::Token, "in the token endpoint's response"),
    (Stage::UserInfo, "in the userinfo endpoint's response"),
];

/// The sign-on page. `defect` is the simulator's own field. A `login_hint` chooses the person.
pub(super) fn sign_on(transaction: &str, people: &[Person], request: &Request) -> Html<String> {
    let hint = request.login_hint.as_deref().unwrap_or_default();
    crate::web::page(
        request.realm.product.name(),
        "Sign in",
        &html! {
            p { "To continue to " (request.client) }
            form method="post" action="/signin" {
                input type="hidden" name="transaction" value=(transaction);
                label for="username" { "Who" }
                select #username name="username" {
                    @for person in people {
                        option value=(person.login) selected[person.is_called(hint)] {
                            (person.login) " – " (person.note)
                        }
                    }
                }
                label for="defect" { "What is wrong with this login" }
                select #defect name="defect" {
                    option value="" { "nothing" }
                    (defects())
                }
                button { "Sign in" }
                " "
                button name="cancel" value="1" { "Cancel" }
            }
        },
    )
}

/// Every defect, by where it shows.
pub(super) fn defects() -> Markup {
    html! {
        @for (stage, name) in STAGES {
            optgroup label=(name) {
                @for defect in Defect::ALL.iter().filter(|defect| defect.stage() == *stage) {
                    option { (defect.as_str()) }
                }
            }
        }
    }
}

/// The page that posts an answer (OAuth 2.0 Form Post Response Mode).
pub(super) fn form_post(redirect_uri: &str, parameters: &[(&str, String)]) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html {
            head { title { "Working..." } }
            body onload="javascript:document.forms[0].submit()" {
                form method="post" action=(redirect_uri) {
                    @for (name, value) in parameters { input type="hidden" name=(name) value=(value); }
                    noscript { p { "Script is disabled. Click Submit to continue." } input type="submit" value="Submit"; }
                }
            }
        }
    };
    Html(page.into_string())
}

pub(super) fn maintenance(product: Product) -> Html<String> {
    crate::web::page(product.name(), "Scheduled maintenance", &html! { p { "Please try again later." } })
}
