//! A small browser for tests: real HTTP, and the rules that decide whether a login arrives.
//!
//! It resolves `*.localhost` to 127.0.0.1 and opens nothing else. It keeps cookies as RFC 6265bis and Chromium do,
//! follows redirects, sends the forms that a page sends by itself, sends `Origin`, `Referer` and fetch metadata, and
//! obeys `form-action`, the script rules of CSP and `Referrer-Policy`. Scripts are not run, subresources not loaded.
//! What it sends was held against Chromium 156 for the ways that a login takes: cross-site posts, the redirects after
//! them, pages without referrer, and policies that stop a redirect.

mod jar;
mod navigation;
mod origin;
mod page;
mod policy;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, REFERER, SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use http_body_util::Full;
use url::Url;

pub use self::jar::{CookieRefusal, SameSite, StoredCookie};
pub use self::page::{Button, Cause, Form, Hop, Page};

use self::jar::Jar;
use self::navigation::{Initiator, Navigation, encode};
use self::origin::{loopback_port, same_site};
use self::page::Automatic;
use self::policy::{ContentPolicy, ReferrerPolicy};
use crate::clock::Clock;

/// How many requests one navigation may take before a browser gives up.
const MAX_HOPS: usize = 20;
const AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Why a navigation did not end in a page.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The address is not one.
    #[error("not an address: {0}")]
    Address(String),
    /// The address is not on this machine.
    #[error("this browser opens http on *.localhost only, not {0}")]
    NotLoopback(String),
    /// The page's own policy forbids the form, or the redirect after it.
    #[error("form-action of {page} forbids {target}")]
    FormAction {
        /// The page with the policy.
        page: String,
        /// Where its form, or the answer to it, led.
        target: String,
    },
    /// The redirects do not end.
    #[error("too many redirects, last to {0}")]
    TooManyHops(String),
    /// Nobody answered.
    #[error("no connection")]
    Connect(#[from] std::io::Error),
    /// The answer is not HTTP, or was cut.
    #[error("no answer")]
    Http(#[from] hyper::Error),
    /// The answer's body did not arrive.
    #[error("no whole body")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A header is not one.
    #[error("not a header")]
    Header(#[from] http::Error),
}

/// How far a navigation goes by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Follow {
    /// As a browser does: redirects, refreshes, forms that a script sends.
    #[default]
    All,
    /// As a browser without scripts does: redirects and refreshes.
    WithoutScripts,
    /// One request only.
    Nothing,
}

/// A browser. Clones are further tabs: they share the cookies.
#[derive(Clone, Debug)]
pub struct Browser {
    jar: Arc<Mutex<Jar>>,
    clock: Clock,
    follow: Follow,
    accept_cookies: bool,
    headers: HeaderMap,
    /// Cookies of neighbours of a host: those that go before its own, and those that go after.
    neighbours: (String, [Vec<u8>; 2]),
}

impl Default for Browser {
    fn default() -> Self {
        Self::new()
    }
}

impl Browser {
    /// A browser with an empty jar.
    pub fn new() -> Self {
        Self::with_clock(Clock::default())
    }

    /// A browser whose cookies age by this clock.
    pub fn with_clock(clock: Clock) -> Self {
        let jar = Arc::default();
        Self {
            jar,
            clock,
            follow: Follow::All,
            accept_cookies: true,
            headers: HeaderMap::new(),
            neighbours: Default::default(),
        }
    }

    /// A tab that goes only this far by itself.
    #[must_use]
    pub fn following(&self, follow: Follow) -> Self {
        Self { follow, ..self.clone() }
    }

    /// A tab that neither sends nor keeps cookies.
    #[must_use]
    pub fn refusing_cookies(&self) -> Self {
        Self { accept_cookies: false, ..self.clone() }
    }

    /// A tab that adds a header to each request, such as `accept-language` or `sec-purpose`.
    #[must_use]
    pub fn with_header(&self, name: &'static str, value: &'static str) -> Self {
        let mut tab = self.clone();
        tab.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        tab
    }

    /// A tab that sends a host these cookies before and after its own, as neighbours have set them for the domain that
    /// they share with it: any bytes (RFC 6265bis §5.7 refuses control characters only). The older of two goes first.
    #[must_use]
    pub fn beside_cookies(&self, host: &str, before: &[u8], after: &[u8]) -> Self {
        Self { neighbours: (host.to_owned(), [before.to_vec(), after.to_vec()]), ..self.clone() }
    }

    /// Opens an address that the person typed.
    pub async fn get(&self, url: &str) -> Result<Page, BrowserError> {
        self.navigate(Navigation::to(Cause::Typed, parse(url)?, None)).await
    }

    /// Opens an address by a link on `page`.
    pub async fn follow_link(&self, page: &Page, url: &str) -> Result<Page, BrowserError> {
        let url = page.url.join(url).map_err(|_| BrowserError::Address(url.to_owned()))?;
        self.navigate(Navigation::to(Cause::Link, url, Some(Initiator::of(page)))).await
    }

    /// Opens an address in a frame of `page`.
    pub async fn frame(&self, page: &Page, url: &str) -> Result<Page, BrowserError> {
        let url = page.url.join(url).map_err(|_| BrowserError::Address(url.to_owned()))?;
        let mut navigation = Navigation::to(Cause::Link, url, Some(Initiator::of(page)));
        navigation.framed_by = Some(page.url.clone());
        self.navigate(navigation).await
    }

    /// Sends a form of `page`. Each override replaces the field of its name, or is added.
    pub async fn submit(&self, page: &Page, form: &Form, overrides: &[(&str, &str)]) -> Result<Page, BrowserError> {
        let mut fields = form.fields.clone();
        for (name, value) in overrides {
            match fields.iter_mut().find(|(field, _)| field == name) {
                Some(field) => (*value).clone_into(&mut field.1),
                None => fields.push(((*name).to_owned(), (*value).to_owned())),
            }
        }
        self.navigate(Navigation::form(Cause::Form, form, &fields, Initiator::of(page))).await
    }

    /// Sends a form of `page` by the button with this label, or as it stands where there is none.
    pub async fn press(&self, page: &Page, form: &Form, label: &str) -> Result<Page, BrowserError> {
        let button = form.buttons.iter().find(|button| button.label == label);
        let fields: Vec<_> =
            form.fields.iter().cloned().chain(button.and_then(|button| button.field.clone())).collect();
        self.navigate(Navigation::form(Cause::Form, form, &fields, Initiator::of(page))).await
    }

    /// Posts fields as a page at `from` would; `None` is a post that no page began.
    pub async fn post(&self, from: Option<&str>, url: &str, fields: &[(&str, &str)]) -> Result<Page, BrowserError> {
        let initiator = from.map(parse).transpose()?.map(Initiator::at);
        let mut navigation = Navigation::to(Cause::Form, parse(url)?, initiator);
        navigation.method = Method::POST;
        navigation.body = Some(encode(fields.iter().copied()));
        self.navigate(navigation).await
    }

    /// The cookies in the jar.
    pub fn cookies(&self) -> Vec<StoredCookie> {
        self.jar().all(self.clock.now())
    }

    /// A cookie by name.
    pub fn cookie(&self, name: &str) -> Option<StoredCookie> {
        self.cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// Another browser with a copy of this jar, as somebody who stole it would have.
    #[must_use]
    pub fn with_stolen_cookies(&self) -> Self {
        let other = Self { jar: Arc::default(), ..self.clone() };
        self.cookies().into_iter().for_each(|cookie| other.jar().put(cookie));
        other
    }

    /// Forgets the cookies of the site that `url` is on.
    pub fn forget_site(&self, url: &str) -> Result<(), BrowserError> {
        let url = parse(url)?;
        self.jar().forget_site(&url);
        Ok(())
    }

    /// Closes the browser: cookies without an expiry go.
    pub fn end_session(&self) {
        self.jar().end_session();
    }

    /// The clock that cookies age by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    async fn navigate(&self, mut navigation: Navigation) -> Result<Page, BrowserError> {
        let mut hops = Vec::new();
        while hops.len() < MAX_HOPS {
            let response = self.send(&navigation, &mut hops).await?;
            let redirect = redirect_of(&navigation.url, &response).filter(|_| self.follow != Follow::Nothing);
            if let Some(target) = redirect {
                navigation.redirect(response.status().as_u16(), target);
                continue;
            }
            let page = load(&navigation.url, response, std::mem::take(&mut hops));
            match self.next(&page) {
                Some(mut next) => {
                    hops = page.hops;
                    next.framed_by = navigation.framed_by;
                    navigation = next;
                }
                None => return Ok(page),
            }
        }
        Err(BrowserError::TooManyHops(navigation.url.into()))
    }

    /// What the page does without the person.
    fn next(&self, page: &Page) -> Option<Navigation> {
        let initiator = Initiator::of(page);
        match (page.automatic.as_ref()?, self.follow) {
            (_, Follow::Nothing) | (Automatic::Form(_), Follow::WithoutScripts) => None,
            (Automatic::Form(at), Follow::All) => {
                let form = page.forms.get(*at)?;
                Some(Navigation::form(Cause::AutoForm, form, &form.fields, initiator))
            }
            (Automatic::Refresh(url), _) => Some(Navigation::to(Cause::Refresh, url.clone(), Some(initiator))),
        }
    }

    async fn send(&self, navigation: &Navigation, hops: &mut Vec<Hop>) -> Result<Response<Bytes>, BrowserError> {
        let url = &navigation.url;
        let port = loopback_port(url)?;
        if let Some(initiator) = navigation.form_of()
            && !initiator.content_policy.form_may_reach(&initiator.url, url)
        {
            return Err(BrowserError::FormAction { page: initiator.url.to_string(), target: url.to_string() });
        }
        let cookies = if self.accept_cookies {
            let reach = navigation.reach();
            self.jar().matching(url, reach, self.clock.now())
        } else {
            Vec::new()
        };
        let request = self.request(navigation, &cookies)?;
        let started = Instant::now();
        let response = wire::send(port, request).await?;
        let mut hop = Hop {
            cause: navigation.cause,
            method: navigation.method.clone(),
            url: url.clone(),
            status: response.status().as_u16(),
            took: started.elapsed(),
            sent: cookies.into_iter().map(|cookie| cookie.name).collect(),
            set: Vec::new(),
            refused: Vec::new(),
        };
        if self.accept_cookies {
            self.keep_cookies(navigation, &response, &mut hop);
        }
        hops.push(hop);
        Ok(response)
    }

    fn request(&self, navigation: &Navigation, cookies: &[StoredCookie]) -> Result<Request<Full<Bytes>>, BrowserError> {
        let url = &navigation.url;
        let authority = match url.port() {
            Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
            None => url.host_str().unwrap_or_default().to_owned(),
        };
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut request = Request::builder()
            .method(navigation.method.clone())
            .uri(path)
            .header(HOST, authority)
            .header(USER_AGENT, AGENT)
            .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
            .header("accept-language", "en-US,en;q=0.9")
            .header("upgrade-insecure-requests", "1")
            .header("sec-fetch-site", navigation.fetch_site())
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", if navigation.framed_by.is_some() { "iframe" } else { "document" });
        if navigation.by_person() {
            request = request.header("sec-fetch-user", "?1");
        }
        if let Some(referrer) = navigation.referrer() {
            request = request.header(REFERER, referrer);
        }
        if navigation.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if navigation.method == Method::POST {
            request = request.header(ORIGIN, navigation.origin());
        }
        let own = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value).into_bytes());
        let (host, neighbours) = &self.neighbours;
        let [before, after] = if url.host_str() == Some(host) { neighbours.clone() } else { Default::default() };
        let pairs: Vec<_> = std::iter::once(before).chain(own).chain([after]).filter(|pair| !pair.is_empty()).collect();
        if !pairs.is_empty() {
            request = request.header(COOKIE, pairs.join(&b"; "[..]));
        }
        let mut request = request.body(Full::from(navigation.body.clone().unwrap_or_default()))?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        Ok(request)
    }

    fn keep_cookies(&self, navigation: &Navigation, response: &Response<Bytes>, hop: &mut Hop) {
        let third_party = navigation.framed_by.as_ref().is_some_and(|top| !same_site(top, &navigation.url));
        for header in response.headers().get_all(SET_COOKIE) {
            let header = String::from_utf8_lossy(header.as_bytes());
            match self.jar().store(&header, &navigation.url, third_party, self.clock.now()) {
                Ok(name) => hop.set.push(name),
                Err(refused) => hop.refused.push(refused),
            }
        }
    }

    fn jar(&self) -> MutexGuard<'_, Jar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse(url: &str) -> Result<Url, BrowserError> {
    Url::parse(url).map_err(|_| BrowserError::Address(url.to_owned()))
}

fn redirect_of(from: &Url, response: &Response<Bytes>) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    from.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()
}

fn load(url: &Url, response: Response<Bytes>, hops: Vec<Hop>) -> Page {
    let (parts, bytes) = response.into_parts();
    let content_policy = ContentPolicy::of(&parts.headers);
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let html = parts.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let content = if html { page::read(&body, url, &content_policy) } else { page::Content::default() };
    Page {
        status: parts.status.as_u16(),
        url: url.clone(),
        referrer_policy: content.referrer_policy.unwrap_or_else(|| ReferrerPolicy::of(&parts.headers)),
        headers: parts.headers,
        body,
        forms: content.forms,
        hops,
        links: content.links,
        text: content.text,
        automatic: content.automatic,
        content_policy,
    }
}
