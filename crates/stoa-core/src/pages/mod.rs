//! The pages that stoa shows, and the headers that go with them.
//!
//! Every page works without JavaScript, on a phone, and with a screen reader. The only scripts submit a form that has
//! a button as well; styles and scripts are allowed by their hashes, nothing else is loaded. The pages of the Teams tab
//! are the exception: they load Microsoft's library, from us.

mod home_realm;
mod teams;
mod test;
mod waiting;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::fault::Fault;
use crate::ids::Reference;
use crate::language::Language;

pub use self::teams::{TEAMS_JS, in_teams};
pub use self::test::SentOn;

const STYLE: &str = "body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2330}\
main{max-width:34rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:.75rem}\
h1{font-size:1.4rem;margin-top:0}dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;\
padding:1rem;background:#f4f5f7;border-radius:.5rem}dt{color:#4a5365}dd{margin:0;font-family:ui-monospace,monospace;\
overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}\
table{width:100%;border-collapse:collapse;font-size:.95rem}th,td{padding:.35rem .5rem;text-align:left;\
vertical-align:top;border-bottom:1px solid #d5d9e0;overflow-wrap:anywhere}th{font-weight:600}\
th[scope=col]{overflow-wrap:normal}th[scope=row]{min-width:6rem}\
label{display:block}input{font:inherit;width:100%;box-sizing:border-box;padding:.6rem;margin:.4rem 0 1rem;\
border:1px solid #6b7587;border-radius:.5rem;background:#fff;color:#1c2330}\
a,button{display:inline-block;font:inherit;padding:.7rem 1.4rem;border:0;border-radius:.5rem;\
background:#12449e;color:#fff;text-decoration:none;cursor:pointer}a:focus,button:focus{outline:3px solid #f0a500}\
@media(max-width:38rem){main{margin:0;padding:1.25rem;border-radius:0;min-height:100vh;box-sizing:border-box}\
th,td{padding:.35rem .25rem}th[scope=col]:first-child{width:6rem}}\
@media(prefers-color-scheme:dark){body{background:#12161d;color:#e8ebf0}main{background:#1c2330}\
dl{background:#12161d}dt{color:#aab3c2}th,td{border-color:#3a4353}\
input{background:#12161d;color:#e8ebf0}a,button{background:#8ab4f8;color:#0b1a33}}";
const SUBMIT_SCRIPT: &str = "document.forms[0].submit()";

/// A page with its own headers.
#[derive(Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// The whole document.
    pub html: String,
    /// The `Content-Security-Policy`.
    pub policy: String,
    /// The `Refresh` of a page that goes on by itself: after how many seconds, and where.
    pub refresh: Option<String>,
}

/// What goes into every page.
pub struct Frame<'a> {
    /// The person's language.
    pub language: Language,
    /// Git revision and function version.
    pub build: &'a str,
}

/// Headers of every answer, pages and redirects alike.
pub const HEADERS: &[(&str, &str)] = &[
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-robots-tag", "noindex"),
    ("cross-origin-opener-policy", "same-origin"),
];

fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest::digest(&digest::SHA256, text.as_bytes())))
}

/// The policy of a page. `form_action` says where its form may lead.
///
/// Chromium holds the redirects that follow a submitted form against `form-action` too, and ours lead on to the
/// identity provider or the school, so pages with a form allow https there.
fn policy(script: bool, form_action: &str) -> String {
    let script = if script { format!("; script-src {}", hash(SUBMIT_SCRIPT)) } else { String::new() };
    format!(
        "default-src 'none'; style-src {}{script}; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'",
        hash(STYLE)
    )
}

impl Frame<'_> {
    fn page(&self, status: u16, title: &str, policy: String, body: &Markup) -> Page {
        self.page_with_head(status, title, policy, &html! {}, body)
    }

    fn page_with_head(&self, status: u16, title: &str, policy: String, head: &Markup, body: &Markup) -> Page {
        let html = html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    (head)
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body { main { h1 { (title) } (body) } }
            }
        };
        Page { status, html: html.into_string(), policy, refresh: None }
    }

    /// The page of a fault: what happened, who can mend it, what to read out.
    ///
    /// `reference` is the login's, or the gateway's request id where no login is known. `again` is where "Try again"
    /// leads.
    pub fn fault(&self, fault: Fault, reference: &str, again: Option<&str>) -> Page {
        let face = fault.face();
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (text(&format!("fault-{}", face.public))) }
            p { (text(&format!("actor-{}", face.actor.as_str()))) }
            @if let (true, Some(address)) = (face.retryable, again) {
                p { a href=(address) { (text("try-again")) } }
            }
            dl {
                dt { (text("label-reference")) } dd { (reference) }
                dt { (text("label-code")) } dd { (face.public) }
                dt { (text("label-build")) } dd { (self.build) }
            }
        };
        self.page(face.status, &text("title-fault"), policy(false, "'none'"), &body)
    }

    /// A form that posts itself, with a button for browsers without JavaScript.
    pub fn self_posting(&self, action: &str, fields: &[(&str, &str)], form_action: &str) -> Page {
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (text("continue-text")) }
            form method="post" action=(action) {
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                button type="submit" { (text("continue")) }
            }
            script { (PreEscaped(SUBMIT_SCRIPT)) }
        };
        self.page(200, &text("title-continue"), policy(true, form_action), &body)
    }

    /// "Continue as Mary M. (m…r@pg.com)?", for a login that the identity provider began. Never submitted by a script.
    ///
    /// `own_login` begins a login of whoever is not that person.
    pub fn confirm(&self, reference: &Reference, hint: &str, own_login: &str, form_action: &str) -> Page {
        let text = |id: &str| self.language.text(id);
        let body = html! {
            p { (self.language.text_with("confirm-text", &[("hint", hint)])) }
            form method="post" action={ "/launch?login=" (reference.as_str()) } {
                button type="submit" { (text("continue")) }
            }
            p { a href=(own_login) { (text("not-me")) } }
        };
        // Under `no-referrer` a browser would post `Origin: null`, and the origin is what shows that the button is ours.
        let head = html! { meta name="referrer" content="same-origin"; };
        self.page_with_head(200, &text("title-confirm"), policy(false, form_action), &head, &body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(accept: &str, reference: &str) -> Page {
        let language = Language::negotiate(Some(accept));
        Frame { language, build: "abc1234" }.fault(Fault::EmailMissing, reference, Some("/login/pg"))
    }

    #[test]
    fn a_fault_page_says_what_happened_who_acts_and_what_to_read_out() {
        let page = render("en", "7KQ3-9FXM-2B4T");
        for part in ["did not send your email", "help desk", "7KQ3-9FXM-2B4T", "email-missing", "abc1234"] {
            assert!(page.html.contains(part), "{part}");
        }
        assert!(render("es", "x").html.contains("lang=\"es\""));
    }

    #[test]
    fn c141_nothing_that_came_from_outside_becomes_markup() {
        let page = render("en", "<script>alert(1)</script>\"'><img onerror=x>");
        assert!(!page.html.contains("<script>") && !page.html.contains("<img"));
        let frame = Frame { language: Language::negotiate(None), build: "b" };
        let form = frame.self_posting("/saml/pg/acs", &[("RelayState", "\"><script>alert(1)</script>")], "'self'");
        assert!(!form.html.contains("<script>alert"));
    }

    #[test]
    fn c140_policies_load_nothing_and_forbid_frames() {
        let policy = render("en", "x").policy;
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"));
    }
}
