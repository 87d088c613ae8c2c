//! What every question uses: calls of the school, and people who are gone afterwards.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use http::Request;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use jiff::Timestamp;
use stoa_core::connection::School;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::keys::Key;
use stoa_core::rehearsal::{GROUP, Opened, Question, opened};
use stoa_core::thinkific::{
    ApiAnswer, ApiMethod, ApiRequest, GraphqlRequest, Profile, SEARCH_PAGES, Searched, Trial, User, WebhooksRequest,
    create_unbound_user, create_user, delete_group, delete_user, find_groups, find_user,
};

use crate::api;
use crate::clients::Clients;
use crate::egress::Limits;
use crate::operator::question::Scene;
use crate::random;

/// The names that our people begin with.
pub(super) const NAMES: [&str; 2] = ["Stoa", "Rehearsal"];
/// Pages of the school's own site.
const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), max_bytes: 2 * 1024 * 1024 };
/// The most pages of groups that are looked through.
const GROUP_PAGES: u32 = 10;

/// A page of the school's site, as a browser sees it that is not led on.
pub(super) struct Shown {
    pub(super) status: u16,
    location: Option<String>,
    /// The cookies that it sets, as they are sent back.
    pub(super) cookies: String,
}

/// One question, at one school.
pub(super) struct Stage<'a> {
    clients: &'a Clients,
    school: &'a School,
    key: &'a Key,
    pub(super) scene: &'a Scene,
    pub(super) now: Timestamp,
    calls: AtomicU32,
}

impl<'a> Stage<'a> {
    pub(super) fn new(
        clients: &'a Clients,
        school: &'a School,
        key: &'a Key,
        scene: &'a Scene,
        now: Timestamp,
    ) -> Self {
        Self { clients, school, key, scene, now, calls: AtomicU32::new(0) }
    }

    /// How many calls of the Admin API were made.
    pub(super) fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The address of one of the question's people, counted from 1.
    pub(super) fn address(&self, number: u8) -> String {
        self.scene.domain.address(self.scene.question, number)
    }

    /// An `external_id` that nobody was ever bound to.
    pub(super) fn new_id() -> Result<String, Failure> {
        Ok(format!("stoa-rehearsal-{}", random::token()?))
    }

    /// Calls the Admin API. A success, a refusal of what was asked (422) and that something is not there (404) are
    /// answers; whatever else tells nothing about the question is an error.
    pub(super) async fn call(&self, request: &ApiRequest) -> Result<ApiAnswer, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let answer = api::call(&self.clients.outbound, self.school, self.key, request, api::TIMEOUT).await?;
        if !matches!(answer.status, 404 | 422) {
            answer.updated()?;
        }
        Ok(answer)
    }

    /// Calls the Webhooks API; any status is an answer.
    pub(super) async fn call_webhooks(&self, request: &WebhooksRequest) -> Result<ApiAnswer, Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        api::call_webhooks(&self.clients.outbound, self.school, self.key, request).await
    }

    /// Calls GraphQL; any status is an answer.
    pub(super) async fn call_graphql(&self, request: &GraphqlRequest) -> Result<ApiAnswer, Failure> {
        api::call_graphql(&self.clients.outbound, self.school, self.key, request).await
    }

    /// Opens an address of the school's site.
    async fn show(&self, url: &str, cookies: Option<&str>) -> Result<Shown, Failure> {
        let mut request = Request::get(url);
        if let Some(cookies) = cookies {
            request = request.header(COOKIE, cookies);
        }
        let request = request.body(Vec::new()).map_err(|_| Fault::ConfigurationBroken)?;
        let answer = self.clients.egress.send(request, LIMITS).await;
        let answer = answer.map_err(|error| Failure::noted(Fault::ThinkificUnavailable, &error.to_string()))?;
        let text = |value: &http::HeaderValue| value.to_str().map(str::to_owned).ok();
        let pair = |cookie: String| cookie.split(';').next().map(|pair| pair.trim().to_owned());
        let cookies = answer.headers().get_all(SET_COOKIE).iter().filter_map(|it| pair(text(it)?));
        Ok(Shown {
            status: answer.status().as_u16(),
            cookies: cookies.collect::<Vec<_>>().join("; "),
            location: answer.headers().get(LOCATION).and_then(text),
        })
    }

    /// The page that lists somebody's courses, which nobody sees who is not signed in.
    pub(super) async fn courses_page(&self, cookies: Option<&str>) -> Result<u16, Failure> {
        let url = format!("{}/enrollments", self.school.document.base_url);
        Ok(self.show(&url, cookies).await?.status)
    }

    /// Opens the SSO address, as a browser would: what became of it, and the cookies.
    pub(super) async fn open(&self, trial: &Trial<'_>) -> Result<(Opened, String), Failure> {
        let error_url = format!("{}/return", self.clients.environment.public_url);
        let url = trial.sign(self.school, self.key, &error_url)?;
        let shown = self.show(url.expose(), None).await?;
        let base_url = &self.school.document.base_url;
        Ok((opened(shown.status, shown.location.as_deref(), base_url, &error_url), shown.cookies))
    }

    /// Makes one of the question's people, bound to an id or to none.
    pub(super) async fn make(&self, number: u8, external_id: Option<&str>) -> Result<User, Failure> {
        let (email, [first_name, last_name]) = (self.address(number), NAMES);
        let profile = Profile { email: &email, first_name, last_name, company: None };
        let request = match external_id {
            Some(id) => create_user(profile, id),
            None => create_unbound_user(profile),
        };
        self.call(&request).await?.created()
    }

    /// The account under an address.
    pub(super) async fn find(&self, email: &str) -> Result<Option<User>, Failure> {
        for page in 1..=SEARCH_PAGES {
            match self.call(&find_user(email, page)).await?.searched(email)? {
                Searched::Found(user) => return Ok(Some(user)),
                Searched::Nobody => return Ok(None),
                Searched::NotYet => {}
            }
        }
        Ok(None)
    }

    /// Asks for one course of the school, whichever.
    pub(super) fn one_course() -> ApiRequest {
        ApiRequest { method: ApiMethod::Get, path: "/courses?limit=1".to_owned(), body: None }
    }

    /// Removes the question's people, and its group. How many people that were.
    pub(super) async fn clear(&self) -> Result<u32, Failure> {
        let mut removed = 0;
        for email in self.scene.domain.addresses(self.scene.question) {
            if let Some(user) = self.find(&email).await? {
                if !user.roles.is_empty() {
                    return Err(Failure::noted(Fault::AccountPrivileged, "an account of the rehearsal has a role"));
                }
                // Gone already is gone.
                let answer = self.call(&delete_user(user.id)).await?;
                if answer.status != 404 {
                    answer.updated()?;
                }
                removed += 1;
            }
        }
        if self.scene.question == Question::GroupRemoval {
            self.clear_group().await?;
        }
        Ok(removed)
    }

    async fn clear_group(&self) -> Result<(), Failure> {
        for page in 1..=GROUP_PAGES {
            let groups = self.call(&find_groups(page)).await?.groups()?;
            for group in groups.items.iter().filter(|group| group.name == GROUP) {
                // As of people.
                let answer = self.call(&delete_group(group.id)).await?;
                if answer.status != 404 {
                    answer.updated()?;
                }
            }
            if !groups.has_more {
                break;
            }
        }
        Ok(())
    }
}
