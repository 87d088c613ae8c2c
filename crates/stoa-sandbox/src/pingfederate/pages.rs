//! What a person sees at PingFederate.

use axum::response::{Html, IntoResponse};
use http::StatusCode;
use maud::{DOCTYPE, html};

use super::Reason;
use super::choice::Choice;
use super::people::Person;
use super::state::Waiting;
use crate::web::token;

/// The sign-on page, with PingFederate's own field names.
pub(super) fn sign_on(transaction: &str, people: &[Person], waiting: &Waiting) -> Html<String> {
    crate::web::page(
        "PingFederate",
        "Sign On",
        &html! {
            p { "To continue to " (waiting.partner) }
            form method="post" action={ "/idp/" (transaction) "/resumeSAML20/idp/SSO.ping" } {
                label for="username" { "Who" }
                select #username name="pf.username" {
                    @for person in people {
                        option value=(person.login) { (person.login) " – " (person.note) }
                    }
                }
                (Choice::fields())
                button name="pf.ok" value="clicked" { "Sign On" }
                " "
                button name="pf.cancel" value="clicked" { "Cancel" }
            }
        },
    )
}

/// The page that carries a Response, as PingFederate's template has it.
pub(super) fn auto_post(acs_url: &str, response: &str, relay_state: Option<&str>) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html {
            head { title { "Submit Form" } meta name="viewport" content="width=device-width, initial-scale=1"; }
            body onload="javascript:document.forms[0].submit()" {
                noscript {
                    p {
                        strong { "Note:" }
                        " Since your browser does not support JavaScript, you must press the Resume button once to proceed."
                    }
                }
                form method="post" action=(acs_url) {
                    input type="hidden" name="SAMLResponse" value=(response);
                    @if let Some(relay_state) = relay_state {
                        input type="hidden" name="RelayState" value=(relay_state);
                    }
                    noscript { input type="submit" value="Resume"; }
                }
            }
        }
    };
    Html(page.into_string())
}

pub(super) fn maintenance() -> impl IntoResponse {
    crate::web::page("PingFederate", "Scheduled maintenance", &html! { p { "Please try again later." } })
}

pub(super) fn error(reason: Reason) -> impl IntoResponse {
    let text = html! {
        p { (reason) "." }
        p { "Please contact your system administrator for assistance and give this reference: " (token()) }
    };
    (StatusCode::BAD_REQUEST, crate::web::page("PingFederate", "Single Sign-On Error", &text))
}
