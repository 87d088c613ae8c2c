//! A loaded page: what the server said, what a person sees, the forms, and how the browser got there.

use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::jar::CookieRefusal;
use super::policy::{ContentPolicy, ReferrerPolicy, Script};

/// Where a navigation ended.
#[derive(Clone, Debug)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The address after all redirects.
    pub url: Url,
    /// The response's headers.
    pub headers: HeaderMap,
    /// The response's body, as text.
    pub body: String,
    /// The forms in it.
    pub forms: Vec<Form>,
    /// Every request on the way, the last one included.
    pub hops: Vec<Hop>,
    pub(super) links: Vec<Link>,
    pub(super) text: String,
    pub(super) automatic: Option<Automatic>,
    pub(super) content_policy: ContentPolicy,
    pub(super) referrer_policy: ReferrerPolicy,
}

impl Page {
    /// A header's first value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The text a person sees, white space folded.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The form whose action ends in this path.
    pub fn form_to(&self, path: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.action.path().ends_with(path))
    }

    /// The address of the link with this text.
    pub fn link(&self, text: &str) -> Option<&Url> {
        self.links.iter().find(|link| link.text == text).map(|link| &link.url)
    }

    /// What the page would do by itself where scripts run: the index of the form it sends.
    pub fn sends_by_itself(&self) -> Option<&Form> {
        match self.automatic.as_ref()? {
            Automatic::Form(at) => self.forms.get(*at),
            Automatic::Refresh(_) => None,
        }
    }
}

/// A form as a person would send it untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its `id`.
    pub id: Option<String>,
    /// Whether it posts.
    pub post: bool,
    /// Where it goes.
    pub action: Url,
    /// Names and values, in order, hidden ones included, buttons left out.
    pub fields: Vec<(String, String)>,
    /// The buttons that send it.
    pub buttons: Vec<Button>,
}

impl Form {
    /// A field's value.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// A button that sends a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    /// What a person reads on it.
    pub label: String,
    /// What it adds to the form, where it has a name.
    pub field: Option<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) text: String,
    pub(super) url: Url,
}

/// What a page does without its reader.
#[derive(Clone, Debug)]
pub(super) enum Automatic {
    Form(usize),
    Refresh(Url),
}

/// What led to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The person typed the address or used a bookmark.
    Typed,
    /// A link.
    Link,
    /// A form that the person sent.
    Form,
    /// A form that a script sent.
    AutoForm,
    /// A redirect.
    Redirect,
    /// A `meta` refresh.
    Refresh,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Hop {
    /// What led to it.
    pub cause: Cause,
    /// The method that the form asks for.
    pub method: http::Method,
    /// Where it goes.
    pub url: Url,
    /// The answer's status.
    pub status: u16,
    /// From sending the request to the end of the body.
    pub took: Duration,
    /// The names of the cookies that went along.
    pub sent: Vec<String>,
    /// The names of the cookies that the answer set or removed.
    pub set: Vec<String>,
    /// The cookies that the browser would not keep.
    pub refused: Vec<(String, CookieRefusal)>,
}

/// One line for a person. The query is left out: it may hold a token.
impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = self.url.clone();
        plain.set_query(None);
        plain.set_fragment(None);
        write!(f, "{} {:<4} {}", self.status, self.method.as_str(), plain)?;
        if self.url.query().is_some() {
            write!(f, "?…")?;
        }
        write!(f, "  {:.1} ms", self.took.as_secs_f64() * 1000.0)?;
        if !self.set.is_empty() {
            write!(f, "  sets {}", self.set.join(", "))?;
        }
        for (name, refusal) in &self.refused {
            write!(f, "  refused {name}: {refusal:?}")?;
        }
        Ok(())
    }
}

/// What the HTML of a page holds.
#[derive(Default)]
pub(super) struct Content {
    pub(super) forms: Vec<Form>,
    pub(super) links: Vec<Link>,
    pub(super) text: String,
    pub(super) automatic: Option<Automatic>,
    pub(super) referrer_policy: Option<ReferrerPolicy>,
}

pub(super) fn read(html: &str, url: &Url, policy: &ContentPolicy) -> Content {
    let document = Html::parse_document(html);
    let base = first(&document, "base[href]")
        .and_then(|element| url.join(element.attr("href")?).ok())
        .unwrap_or_else(|| url.clone());
    let forms: Vec<Form> = all(&document, "form").filter_map(|element| form(&document, element, url, &base)).collect();
    Content {
        links: all(&document, "a[href]").filter_map(|element| link(element, &base)).collect(),
        text: visible_text(&document),
        automatic: automatic(&document, &forms, &base, policy),
        referrer_policy: first(&document, "meta[name=referrer]")
            .and_then(|element| ReferrerPolicy::parse(element.attr("content")?)),
        forms,
    }
}

fn all<'a>(document: &'a Html, selector: &str) -> impl Iterator<Item = ElementRef<'a>> {
    let found: Vec<_> = Selector::parse(selector).map(|found| document.select(&found).collect()).unwrap_or_default();
    found.into_iter()
}

fn first<'a>(document: &'a Html, selector: &str) -> Option<ElementRef<'a>> {
    all(document, selector).next()
}

fn form(document: &Html, element: ElementRef<'_>, url: &Url, base: &Url) -> Option<Form> {
    let action = match element.attr("action").map(str::trim) {
        None | Some("") => url.clone(),
        Some(action) => base.join(action).ok()?,
    };
    let id = element.attr("id").map(str::to_owned);
    let mut form = Form {
        post: element.attr("method").is_some_and(|method| method.eq_ignore_ascii_case("post")),
        action,
        fields: Vec::new(),
        buttons: Vec::new(),
        id: id.clone(),
    };
    for control in all(document, "input, select, textarea, button") {
        let owner = match control.attr("form") {
            Some(owner) => id.as_deref() == Some(owner),
            None => control.ancestors().any(|ancestor| ancestor.id() == element.id()),
        };
        if owner && control.attr("disabled").is_none() {
            add_control(&mut form, control);
        }
    }
    Some(form)
}

/// HTML §4.10.22.4, "constructing the entry list".
fn add_control(form: &mut Form, control: ElementRef<'_>) {
    let named =
        |value: String| control.attr("name").filter(|name| !name.is_empty()).map(|name| (name.to_owned(), value));
    let value = control.attr("value").map(str::to_owned);
    let kind = control.attr("type").unwrap_or_default().to_ascii_lowercase();
    match (control.value().name(), kind.as_str()) {
        ("input", "submit" | "image") => {
            let label = value.unwrap_or_else(|| "Submit".to_owned());
            form.buttons.push(Button { field: named(label.clone()), label });
        }
        ("button", "" | "submit") => {
            let label = fold(control.text());
            form.buttons.push(Button { field: named(value.unwrap_or_default()), label });
        }
        ("input", "button" | "reset" | "file") | ("button", _) => {}
        ("input", "checkbox" | "radio") if control.attr("checked").is_none() => {}
        ("input", "checkbox" | "radio") => form.fields.extend(named(value.unwrap_or_else(|| "on".to_owned()))),
        ("select", _) => form.fields.extend(selected(control).and_then(named)),
        ("textarea", _) => form.fields.extend(named(control.text().collect())),
        _ => form.fields.extend(named(value.unwrap_or_default())),
    }
}

fn selected(select: ElementRef<'_>) -> Option<String> {
    let option = Selector::parse("option").ok()?;
    let options: Vec<_> = select.select(&option).collect();
    let chosen = options.iter().find(|option| option.attr("selected").is_some()).or(options.first())?;
    Some(chosen.attr("value").map_or_else(|| fold(chosen.text()), str::to_owned))
}

fn link(element: ElementRef<'_>, base: &Url) -> Option<Link> {
    Some(Link { text: fold(element.text()), url: base.join(element.attr("href")?).ok()? })
}

fn visible_text(document: &Html) -> String {
    let pieces = document.tree.root().descendants().filter_map(|node| {
        let text = node.value().as_text()?;
        let hidden = node.ancestors().any(|ancestor| {
            let name = ancestor.value().as_element().map(|element| element.name());
            matches!(name, Some("script" | "style" | "noscript" | "template" | "title"))
        });
        (!hidden).then_some(&**text)
    });
    fold(pieces)
}

fn fold<'a>(pieces: impl Iterator<Item = &'a str>) -> String {
    let joined = pieces.collect::<Vec<_>>().join(" ");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page that posts its only form, or moves on, by itself. Scripts are not run: one that calls `submit()` is taken at
/// its word, if the page's policy lets it run.
fn automatic(document: &Html, forms: &[Form], base: &Url, policy: &ContentPolicy) -> Option<Automatic> {
    let submits = |text: &str| text.contains("submit()") || text.contains(".click()");
    let by_handler = first(document, "body[onload]")
        .is_some_and(|body| body.attr("onload").is_some_and(submits) && policy.script_may_run(Script::Handler));
    let by_script = all(document, "script:not([src])").any(|script| {
        let text: String = script.text().collect();
        let inline = Script::Inline { text: &text, nonce: script.attr("nonce") };
        submits(&text) && policy.script_may_run(inline)
    });
    if (by_handler || by_script) && !forms.is_empty() {
        return Some(Automatic::Form(0));
    }
    refresh(document, base).map(Automatic::Refresh)
}

/// `<meta http-equiv="refresh" content="0;url=…">`, where the wait is at most three seconds.
fn refresh(document: &Html, base: &Url) -> Option<Url> {
    let content = all(document, "meta[http-equiv]")
        .filter(|element| element.attr("http-equiv").is_some_and(|name| name.eq_ignore_ascii_case("refresh")))
        .find_map(|element| element.attr("content"))?;
    let (wait, target) = content.split_once(';')?;
    let (name, address) = target.trim().split_once('=')?;
    let soon = wait.trim().parse::<f32>().is_ok_and(|seconds| seconds <= 3.0);
    let address = address.trim().trim_matches(['\'', '"']);
    (soon && name.trim().eq_ignore_ascii_case("url")).then(|| base.join(address).ok()).flatten()
}
