//! What the simulators' control pages, `/sandbox`, have in common.

use axum::Form;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{MethodRouter, post};
use jiff::SignedDuration;
use maud::{Markup, html};
use serde::Deserialize;

use crate::clock::Clock;

/// What [`defect_form`] posts.
#[derive(Debug, Deserialize)]
pub(crate) struct DefectForm<D> {
    pub(crate) defect: D,
}

#[derive(Debug, Deserialize)]
struct ClockForm {
    advance_seconds: i64,
}

/// `/sandbox/clock`: moves a simulator's clock.
pub(crate) fn clock<S: Clone + Send + Sync + 'static>(clock: &Clock) -> MethodRouter<S> {
    post(advance).with_state(clock.clone())
}

async fn advance(State(clock): State<Clock>, Form(form): Form<ClockForm>) -> Redirect {
    clock.advance(SignedDuration::from_secs(form.advance_seconds));
    back()
}

/// Back to the page, as after every form.
pub(crate) fn back() -> Redirect {
    Redirect::to("/sandbox")
}

/// The form that gives the next answer a defect.
pub(crate) fn defect_form(label: &str, defects: &Markup) -> Markup {
    html! {
        form method="post" action="/sandbox/defect" {
            label { (label) select name="defect" { (defects) } }
            button { "Set" }
        }
    }
}

/// The form that signs everybody on as one person. Of each: id, name, and why they are on the list.
pub(crate) fn sign_on_form<'a>(
    hidden: &Markup,
    people: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    chosen: Option<&str>,
) -> Markup {
    html! {
        form method="post" action="/sandbox/sign-on-as" {
            (hidden)
            label { "Sign everybody in as"
                select name="person" {
                    option value="" { "whoever is chosen on the page" }
                    @for (id, name, note) in people {
                        option value=(id) selected[chosen == Some(id)] { (name) " – " (note) }
                    }
                }
            }
            button { "Set" }
        }
    }
}
