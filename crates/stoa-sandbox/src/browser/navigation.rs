//! A request on its way through its redirects: what it carries, and what it says about where it began.

use http::Method;
use url::Url;

use super::jar;
use super::origin::{same_origin, same_site};
use super::page::{Cause, Form, Page};
use super::policy::{ContentPolicy, ReferrerPolicy};

/// The page that began a request, with the rules it is under.
#[derive(Clone, Debug)]
pub(super) struct Initiator {
    pub(super) url: Url,
    pub(super) content_policy: ContentPolicy,
    referrer_policy: ReferrerPolicy,
}

impl Initiator {
    pub(super) fn of(page: &Page) -> Self {
        Self {
            url: page.url.clone(),
            content_policy: page.content_policy.clone(),
            referrer_policy: page.referrer_policy,
        }
    }

    pub(super) fn at(url: Url) -> Self {
        Self { url, content_policy: ContentPolicy::default(), referrer_policy: ReferrerPolicy::default() }
    }
}

/// A request on its way, through all its redirects.
#[derive(Clone, Debug)]
pub(super) struct Navigation {
    began: Cause,
    pub(super) cause: Cause,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Option<String>,
    initiator: Option<Initiator>,
    /// Addresses that redirected here. Fetch metadata is about the whole way.
    passed: Vec<Url>,
    pub(super) framed_by: Option<Url>,
}

impl Navigation {
    pub(super) fn to(cause: Cause, url: Url, initiator: Option<Initiator>) -> Self {
        let method = Method::GET;
        Self { began: cause, cause, method, url, body: None, initiator, passed: Vec::new(), framed_by: None }
    }

    pub(super) fn form(cause: Cause, form: &Form, fields: &[(String, String)], initiator: Initiator) -> Self {
        let mut navigation = Self::to(cause, form.action.clone(), Some(initiator));
        let encoded = encode(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if form.post {
            navigation.method = Method::POST;
            navigation.body = Some(encoded);
        } else {
            navigation.url.set_query(Some(&encoded));
        }
        navigation
    }

    /// Fetch §4.4, "HTTP-redirect fetch": a post becomes a GET on 301, 302 and 303, and stays on 307 and 308.
    pub(super) fn redirect(&mut self, status: u16, mut target: Url) {
        if target.fragment().is_none() {
            target.set_fragment(self.url.fragment());
        }
        if self.method == Method::POST && matches!(status, 301..=303) {
            self.method = Method::GET;
            self.body = None;
        }
        self.cause = Cause::Redirect;
        self.passed.push(std::mem::replace(&mut self.url, target));
    }

    /// The page whose `form-action` counts, if a form began this.
    pub(super) fn form_of(&self) -> Option<&Initiator> {
        matches!(self.began, Cause::Form | Cause::AutoForm).then_some(self.initiator.as_ref()).flatten()
    }

    pub(super) fn by_person(&self) -> bool {
        matches!(self.began, Cause::Typed | Cause::Link | Cause::Form)
    }

    pub(super) fn reach(&self) -> jar::Reach {
        // In a frame the page above it decides as well.
        let outsider = self.framed_by.as_ref().filter(|top| !same_site(top, &self.url));
        let initiator = outsider.or(self.initiator.as_ref().map(|initiator| &initiator.url));
        jar::reach(initiator, &self.url, self.framed_by.is_none(), self.method.is_safe())
    }

    /// Fetch Metadata §2.3.
    pub(super) fn fetch_site(&self) -> &'static str {
        let Some(initiator) = &self.initiator else { return "none" };
        let all = || self.passed.iter().chain([&self.url]);
        if all().all(|url| same_origin(&initiator.url, url)) {
            "same-origin"
        } else if all().all(|url| same_site(&initiator.url, url)) {
            "same-site"
        } else {
            "cross-site"
        }
    }

    pub(super) fn referrer(&self) -> Option<String> {
        let page = self.initiator.as_ref()?;
        // What was cut off for one hop stays off for the next ones.
        let mut all = self.passed.iter().chain([&self.url]);
        let strictest = all.find(|url| !same_origin(&page.url, url)).unwrap_or(&self.url);
        page.referrer_policy.referrer(&page.url, strictest)
    }

    /// Fetch §3.2: `null` where the page hides it, or a redirect left an origin that is not the page's own.
    pub(super) fn origin(&self) -> String {
        match &self.initiator {
            Some(page) if !self.tainted(page) && !page.referrer_policy.hides_origin(&page.url, &self.url) => {
                page.url.origin().ascii_serialization()
            }
            Some(_) | None => "null".to_owned(),
        }
    }

    fn tainted(&self, page: &Initiator) -> bool {
        self.passed
            .iter()
            .zip(self.passed.iter().skip(1).chain([&self.url]))
            .any(|(from, to)| !same_origin(from, to) && !same_origin(&page.url, from))
    }
}

pub(super) fn encode<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
