//! The pages of `/login`: which address, and which of several connections.

use maud::{Markup, html};

use super::{Frame, Page, policy};
use crate::destination::Destination;
use crate::home_realm::Entry;

impl Frame<'_> {
    /// Asks for the e-mail address. It is posted, so that it is in no address and no history.
    pub fn ask_address(&self, destination: Option<&Destination>, form_action: &str) -> Page {
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (text("address-text")) }
            form method="post" action="/login" {
                label for="email" { (text("address-label")) }
                input #email type="email" name="email" autocomplete="username" required autofocus maxlength="254";
                (return_to(destination))
                button type="submit" { (text("continue")) }
            }
        };
        self.of_origin(&text("title-address"), &body, form_action)
    }

    /// Asks which of the connections of the address's domain is meant.
    pub fn ask_connection(
        &self,
        entries: &[Entry],
        address: &str,
        destination: Option<&Destination>,
        form_action: &str,
    ) -> Page {
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (text("choice-text")) }
            form method="post" action="/login" {
                input type="hidden" name="email" value=(address);
                (return_to(destination))
                @for entry in entries {
                    p { button type="submit" name="connection" value=(entry.connection) { (entry.name) } }
                }
            }
        };
        self.of_origin(&text("title-choice"), &body, form_action)
    }

    /// A page whose form has to say where it comes from: under `no-referrer` a browser would post `Origin: null`.
    fn of_origin(&self, title: &str, body: &Markup, form_action: &str) -> Page {
        let head = html! { meta name="referrer" content="same-origin"; };
        self.page_with_head(200, title, policy(false, form_action), &head, body)
    }
}

fn return_to(destination: Option<&Destination>) -> Markup {
    html! {
        @if let Some(destination) = destination {
            input type="hidden" name="return_to" value=(destination.as_str());
        }
    }
}
