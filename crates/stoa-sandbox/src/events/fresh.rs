//! An event that is good now: the steps before it are taken in a running sandbox.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use http::Request;
use http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE, USER_AGENT};
use serde_json::Value;
use stoa_core::ids::ConnectionId;
use stoa_service::operator::sandbox;
use url::Url;

use crate::browser::{Browser, BrowserError, Follow, Form, Page};
use crate::gateway::event::{Arrival, build};
use crate::gateway::routing;

/// What is asked for.
#[derive(Debug, Args)]
pub struct Fresh {
    /// Which function takes it
    function: Takes,
    /// Where the sandbox's stoa is
    #[arg(long, value_name = "URL", default_value_t = sandbox::url())]
    stoa: String,
    /// Through which connection
    #[arg(long, default_value = "pg", value_parser = ConnectionId::parse)]
    connection: ConnectionId,
    /// Who signs in at the identity provider
    #[arg(long, default_value = "miller.m")]
    person: String,
    /// What the function before this one answered; without it, the sandbox takes the steps before
    #[arg(long, value_name = "FILE")]
    after: Option<PathBuf>,
}

/// The functions whose events depend on the steps before them, or on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Takes {
    Login,
    SamlMetadata,
    SamlAcs,
    OidcCallback,
    ThinkificLaunch,
    ThinkificReturn,
}

/// Why there is no event.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The address of stoa is not one.
    #[error("{0:?} is not an address")]
    Address(String),
    /// The sandbox did not answer.
    #[error("the sandbox did not respond as a login needs: {0}")]
    Browser(#[from] BrowserError),
    /// The file of the answer before cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file that was named.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The answer before is not of a function's form.
    #[error("the previous function's answer cannot be used: {0}")]
    Answer(&'static str),
    /// A step before did not lead on.
    #[error("{0} answered with status {1}, which leads no further")]
    Stopped(&'static str, u16),
    /// The identity provider showed something else than an answer.
    #[error("the identity provider sent no response for {0:?}; is that the login of one of its people?")]
    NoResponse(String),
}

impl EventError {
    /// What the person can do about it, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Browser(_) => {
                Some("Start the sandbox with `cargo run -p stoa-sandbox`, or say where it is with --stoa URL.")
            }
            Self::NoResponse(_) => {
                Some("`saml-acs` needs a SAML connection, `oidc-callback` another: say --connection and --person.")
            }
            Self::Address(_) | Self::File { .. } | Self::Answer(_) | Self::Stopped(..) => None,
        }
    }
}

/// What a function answered, as far as the next step needs it.
struct Answer {
    location: Url,
    cookies: Vec<String>,
}

/// Makes the event.
pub async fn fresh(asked: &Fresh) -> Result<Value, EventError> {
    let stoa = Url::parse(&asked.stoa).map_err(|_| EventError::Address(asked.stoa.clone()))?;
    let walk = Walk { asked, browser: Browser::new(), stoa };
    let connection = &asked.connection;
    match asked.function {
        Takes::Login => walk.get(&walk.at(&format!("/login/{connection}"))?, &[]),
        Takes::SamlMetadata => walk.get(&walk.at(&format!("/saml/{connection}/metadata"))?, &[]),
        Takes::SamlAcs => {
            let login = walk.before(Walk::login).await?;
            let (_, form) = walk.sign_on(&login).await?;
            walk.post(&form, &login.cookies)
        }
        Takes::OidcCallback => {
            let login = walk.before(Walk::login).await?;
            walk.get(&walk.sign_in(&login).await?, &login.cookies)
        }
        Takes::ThinkificLaunch => {
            let acs = walk.before(Walk::acs).await?;
            walk.get(&acs.location, &acs.cookies)
        }
        Takes::ThinkificReturn => {
            let launch = walk.before(Walk::launch).await?;
            let back = launch.location.query_pairs().find(|(name, _)| name == "error_url");
            let back =
                back.and_then(|(_, url)| Url::parse(&url).ok()).ok_or(EventError::Answer("it has no error_url"))?;
            walk.get(&back, &[])
        }
    }
}

struct Walk<'a> {
    asked: &'a Fresh,
    browser: Browser,
    stoa: Url,
}

impl Walk<'_> {
    fn at(&self, path: &str) -> Result<Url, EventError> {
        self.stoa.join(path).map_err(|_| EventError::Address(path.to_owned()))
    }

    /// The answer before: the one that was given, or that of the sandbox's own functions.
    async fn before(&self, step: impl AsyncFnOnce(&Self) -> Result<Answer, EventError>) -> Result<Answer, EventError> {
        match &self.asked.after {
            Some(path) => {
                let answer = std::fs::read_to_string(path);
                self.given(&answer.map_err(|source| EventError::File { path: path.clone(), source })?)
            }
            None => step(self).await,
        }
    }

    fn given(&self, answer: &str) -> Result<Answer, EventError> {
        let answer: Value = serde_json::from_str(answer).map_err(|_| EventError::Answer("it is not JSON"))?;
        let location = answer["headers"]["location"].as_str().ok_or(EventError::Answer("it has no location"))?;
        let cookies = answer["cookies"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(Answer { location: self.at(location)?, cookies: cookies.map(pair).collect() })
    }

    async fn login(&self) -> Result<Answer, EventError> {
        let url = self.at(&format!("/login/{}", self.asked.connection))?;
        let page = self.browser.following(Follow::Nothing).get(url.as_str()).await?;
        self.answer("login", &page)
    }

    async fn acs(&self) -> Result<Answer, EventError> {
        let (page, form) = self.sign_on(&self.login().await?).await?;
        let page = self.browser.following(Follow::Nothing).submit(&page, &form, &[]).await?;
        self.answer("saml-acs", &page)
    }

    async fn launch(&self) -> Result<Answer, EventError> {
        let acs = self.acs().await?;
        let page = self.browser.following(Follow::Nothing).get(acs.location.as_str()).await?;
        self.answer("thinkific-launch", &page)
    }

    fn answer(&self, function: &'static str, page: &Page) -> Result<Answer, EventError> {
        let location = page.header("location").ok_or(EventError::Stopped(function, page.status))?;
        let cookies = page.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        Ok(Answer { location: self.at(location)?, cookies: cookies.map(pair).collect() })
    }

    /// At the identity provider: the page with the Response, and its form.
    async fn sign_on(&self, login: &Answer) -> Result<(Page, Form), EventError> {
        let tab = self.browser.following(Follow::WithoutScripts);
        let mut page = tab.get(login.location.as_str()).await?;
        if let Some(form) = page.form_to("/resumeSAML20/idp/SSO.ping").cloned() {
            page = tab.submit(&page, &form, &[("pf.username", &self.asked.person), ("pf.ok", "clicked")]).await?;
        }
        let form = page.sends_by_itself().filter(|form| form.field("SAMLResponse").is_some()).cloned();
        let form = form.ok_or_else(|| EventError::NoResponse(self.asked.person.clone()))?;
        Ok((page, form))
    }

    /// At an OpenID provider: where it sends the browser back to.
    async fn sign_in(&self, login: &Answer) -> Result<Url, EventError> {
        let tab = self.browser.following(Follow::Nothing);
        let mut page = tab.get(login.location.as_str()).await?;
        if let Some(form) = page.form_to("/signin").cloned() {
            page = tab.submit(&page, &form, &[("username", &self.asked.person)]).await?;
        }
        let back = page.header("location").and_then(|location| Url::parse(location).ok());
        back.ok_or_else(|| EventError::NoResponse(self.asked.person.clone()))
    }

    fn get(&self, url: &Url, cookies: &[String]) -> Result<Value, EventError> {
        self.event("GET", url, cookies, None)
    }

    fn post(&self, form: &Form, cookies: &[String]) -> Result<Value, EventError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        self.event("POST", &form.action, cookies, Some(body))
    }

    fn event(&self, method: &str, url: &Url, cookies: &[String], form: Option<String>) -> Result<Value, EventError> {
        let address = || EventError::Address(url.to_string());
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
            .header(USER_AGENT, "Mozilla/5.0 Chrome/141.0.0.0");
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request.body(Bytes::from(form.unwrap_or_default())).map_err(|_| address())?;
        let route = routing::find(method, url.path()).ok_or_else(address)?;
        Ok(build(&request, &route, &Arrival::now(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }
}

/// `name=value` of a `Set-Cookie`.
fn pair(set_cookie: &str) -> String {
    set_cookie.split(';').next().unwrap_or_default().trim().to_owned()
}
