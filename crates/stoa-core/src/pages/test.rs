//! The pages of a test login: for everybody, and for the administrator who came by a test link.

use maud::{Markup, html};

use super::{Frame, Page, policy};
use crate::arrived::Arrived;
use crate::failure::Failure;
use crate::ids::Reference;

/// What a login that is no test would send on to the school.
pub struct SentOn<'a> {
    /// The address that would be passed on.
    pub email: &'a str,
    /// The given name.
    pub first_name: &'a str,
    /// The family name.
    pub last_name: &'a str,
    /// The company that would be passed on.
    pub company: Option<&'a str>,
    /// Thinkific's `external_id`.
    pub external_id: &'a str,
    /// Where the person would land.
    pub return_to: &'a str,
}

impl Frame<'_> {
    /// The end of a test login.
    pub fn test_worked(&self, reference: &Reference) -> Page {
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (text("test-text")) }
            dl {
                dt { (text("label-reference")) } dd { (reference) }
                dt { (text("label-build")) } dd { (self.build) }
            }
        };
        self.page(200, &text("title-test"), policy(false, "'none'"), &body)
    }

    /// The same for the administrator: what arrived, what was wanted of it, what would be sent on.
    pub fn test_shown(&self, reference: &Reference, arrived: &Arrived, sent_on: &SentOn<'_>) -> Page {
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (text("test-text")) }
            p { (text("test-shown")) }
            (self.wanted(arrived))
            h2 { (text("heading-sent-on")) }
            p { (text("test-untouched")) }
            table {
                (row(&text("label-email"), sent_on.email))
                (row(&text("label-first-name"), sent_on.first_name))
                (row(&text("label-last-name"), sent_on.last_name))
                @if let Some(company) = sent_on.company { (row(&text("label-company"), company)) }
                (row("external_id", sent_on.external_id))
                (row("return_to", sent_on.return_to))
            }
            (self.everything(arrived))
            dl {
                dt { (text("label-reference")) } dd { (reference) }
                dt { (text("label-build")) } dd { (self.build) }
            }
        };
        self.page(200, &text("title-test"), policy(false, "'none'"), &body)
    }

    /// The page of a fault for the administrator: the exact code, and what strangers must not see.
    pub fn fault_shown(&self, failure: &Failure, reference: &str) -> Page {
        let face = failure.fault.face();
        let text = |id: &str| self.language.text(id);
        let detail = &failure.detail;
        let body = html! {
            p { (text(&format!("fault-{}", face.public))) }
            p { (text("test-shown")) }
            dl {
                dt { (text("label-code")) } dd { (failure.fault.code()) }
                @if let Some(wanted) = &detail.wanted { dt { (text("label-wanted")) } dd { (wanted) } }
                @if let Some(got) = &detail.got { dt { (text("label-got")) } dd { (got) } }
                dt { (text("label-reference")) } dd { (reference) }
                dt { (text("label-build")) } dd { (self.build) }
            }
            @match &failure.arrived {
                Some(arrived) => { (self.wanted(arrived)) (self.everything(arrived)) }
                None => { p { (text("test-unproven")) } }
            }
        };
        self.page(face.status, &text("title-test-failed"), policy(false, "'none'"), &body)
    }

    fn wanted(&self, arrived: &Arrived) -> Markup {
        let text = |id: &str| self.language.text(id);
        html! {
            h2 { (text("heading-wanted")) }
            table {
                tr {
                    th scope="col" { (text("label-purpose")) }
                    th scope="col" { (text("label-attribute")) }
                    th scope="col" { (text("label-value")) }
                }
                @for (purpose, name, value) in arrived.wanted() {
                    tr {
                        th scope="row" { (text(&format!("label-{}", purpose.as_str()))) }
                        td { (name) }
                        td { @if value.is_empty() { em { (text("value-missing")) } } @else { (value) } }
                    }
                }
            }
        }
    }

    fn everything(&self, arrived: &Arrived) -> Markup {
        html! {
            h2 { (self.language.text("heading-arrived")) }
            table { @for (name, value) in arrived.attributes() { (row(name, value)) } }
        }
    }
}

fn row(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}
