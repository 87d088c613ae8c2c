//! What the simulators' control pages, `/sandbox`, have in common.

use std::collections::VecDeque;

use axum::Form;
use axum::extract::State;
use axum::response::Redirect;
use axum::routing::{MethodRouter, post};
use jiff::SignedDuration;
use maud::{Markup, html};
use serde::de::IntoDeserializer;
use serde::{Deserialize, Deserializer};

use crate::clock::Clock;

/// What [`defect_form`] posts.
#[derive(Debug, Deserialize)]
#[serde(bound = "D: Deserialize<'de>")]
pub(crate) struct DefectForm<D> {
    /// Empty: none, and none of those that were set before.
    #[serde(deserialize_with = "chosen")]
    defect: Option<D>,
}

impl<D> DefectForm<D> {
    /// Puts the defect at the end of those that are waiting.
    pub(crate) fn queue(self, waiting: &mut VecDeque<D>) {
        match self.defect {
            Some(defect) => waiting.push_back(defect),
            None => waiting.clear(),
        }
    }
}

fn chosen<'de, D: Deserialize<'de>, F: Deserializer<'de>>(form: F) -> Result<Option<D>, F::Error> {
    let text = String::deserialize(form)?;
    if text.is_empty() { Ok(None) } else { D::deserialize(text.into_deserializer()).map(Some) }
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

/// The form that gives the next answer a defect, and those that are waiting for one.
pub(crate) fn defect_form<'a>(label: &str, defects: &Markup, waiting: impl Iterator<Item = &'a str>) -> Markup {
    let waiting: Vec<_> = waiting.collect();
    html! {
        form method="post" action="/sandbox/defect" {
            label { (label) select name="defect" { option value="" { "as it should be" } (defects) } }
            button { "Set" }
        }
        @if !waiting.is_empty() { p { "Set: " (waiting.join(", then ")) } }
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
