//! One request on its way through a function: what it may call, what came, when that is, what has become known of it,
//! and what it is answered.
//!
//! Whoever asks is a browser or a machine, the body a form or anything else: a visit knows neither, its flow does, and
//! the edge is told with each function how its failures are answered.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use stoa_core::again;
use stoa_core::binding::Pending;
use stoa_core::connection::{Connection, ConnectionState, UrlPolicy};
use stoa_core::destination::Destination;
use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{BindingHash, ConnectionId, Reference};
use stoa_core::keys::KeySet;
use stoa_core::language::Language;
use stoa_core::login::{LoginItem, State, Step, What};
use stoa_core::oidc::Jwks;
use stoa_core::pages::{Frame, Page};
use stoa_core::relay::Relay;
use stoa_core::routes::SecretKind;
use stoa_core::ticket::Ticket;
use stoa_saml::Trust;

use crate::ahead::{Ahead, Early, Wanted};
use crate::clients::Clients;
use crate::egress::Limits;
use crate::incoming::Incoming;
use crate::secrets::{Named, Shared};
use crate::store::{self, By, Note, Written};

/// By then every call to a provider has ended. What is left until the soft deadline is for our own tables.
const OUTSIDE: Duration = Duration::from_secs(6);
/// By then a settlement has ended or is given up. What is left until the soft deadline is for saying so.
const SETTLING: Duration = Duration::from_secs(7);

/// One request on its way through a function.
pub struct Visit<'a> {
    /// What it may call.
    pub clients: &'a Clients,
    /// What came.
    pub incoming: &'a Incoming,
    /// One instant for the whole request. Only a [`wait`](Self::wait) lets time pass.
    pub now: Timestamp,
    /// What has become known.
    pub trail: Trail,
    /// When it came, for [`in_time`](Self::in_time).
    came: Instant,
    ahead: Option<Ahead<'a>>,
    early: Early,
}

/// What has become known on the way through a flow, for the log line, the steps and the page.
#[derive(Default)]
pub struct Trail {
    /// The connection of the route, once it is read.
    pub connection: Option<ConnectionId>,
    /// The login, once it is known which.
    pub login: Option<Reference>,
    /// Where the person wants to go, so that "Try again" leads there too.
    pub destination: Option<Destination>,
    /// `Set-Cookie` values.
    pub cookies: Vec<String>,
    /// Whether a login ended well here.
    pub launched: bool,
    /// How long the person waits in the line before a school, in seconds.
    pub waits: Option<i64>,
    /// Whether Teams shows the answer in its frame.
    pub in_teams: bool,
    /// A failure behind the one that the person sees.
    pub also: Option<Fault>,
    /// Hash of the secret of the browser that an administrator tests with: it is shown what strangers must not see.
    pub tester: Option<BindingHash>,
    /// Whether this very request came with the key of a test link, as the tab's do, which has no cookies, or with the
    /// code or the ticket of a login that such a link began.
    pub by_test_link: bool,
    /// Whether a machine asks, and no login ends here.
    pub is_machine: bool,
    /// What it asks for.
    pub asked: Option<&'static str>,
    /// What was left out of its request, by name.
    pub ignored: Option<String>,
    /// Why its request is refused, as it is told.
    pub refusal: Option<Box<stoa_scim::Refusal>>,
}

/// What a flow answers.
pub enum Answer {
    /// 303, so that a POST becomes a GET. The address may carry a token and is never logged.
    Redirect(String),
    /// A page.
    Page(Page),
    /// Something for machines.
    Document {
        /// HTTP status.
        status: u16,
        /// `Content-Type`.
        kind: &'static str,
        /// What the page says.
        text: String,
    },
    /// A script that never changes under its address, so that browsers may keep it.
    Script(&'static str),
    /// A resource of SCIM's, or a refusal, with headers of its own.
    Resource {
        /// HTTP status.
        status: u16,
        /// JSON; empty where the status has no body.
        body: String,
        /// Names in lower case, and values.
        headers: Vec<(&'static str, String)>,
    },
    /// Nothing (a prefetch).
    Nothing,
}

/// As of when a connection has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh {
    /// As of the last minute.
    LastMinute,
    /// As of now, for whoever tests it: their last change has to count at once.
    Now,
}

/// What a failure makes of the login that it is noted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Nothing: it has begun, and the genuine answer may still come.
    Nothing,
    /// Nothing: it is in this state, and stays there.
    NothingIn(State),
    /// It has begun, and is over.
    Login,
}

impl<'a> Visit<'a> {
    /// Of a request that has just come.
    pub(crate) fn new(clients: &'a Clients, incoming: &'a Incoming) -> Self {
        Self {
            clients,
            incoming,
            now: clients.clock.now(),
            trail: Trail::default(),
            came: Instant::now(),
            ahead: None,
            early: Early::default(),
        }
    }

    /// Asks for what will be needed, while whatever is waited for [`beside`](Self::beside) it comes.
    pub(crate) fn ask_ahead(&mut self, wanted: Wanted) {
        self.ahead = Some(Ahead::begin(self.clients, wanted, self.now));
    }

    /// Waits for a call, while what was asked for ahead comes too.
    pub(crate) async fn beside<T>(&mut self, call: impl Future<Output = T>) -> T {
        match &mut self.ahead {
            Some(ahead) => ahead.beside(call).await,
            None => call.await,
        }
    }

    /// What was asked for ahead.
    async fn early(&mut self) -> &mut Early {
        if let Some(ahead) = self.ahead.take() {
            self.early = ahead.done().await;
        }
        &mut self.early
    }

    /// The connection of the route, named to the log and the page. A switched-off one ends here.
    pub async fn enter(&mut self, fresh: Fresh) -> Result<Arc<Connection>, Failure> {
        let id = self.incoming.connection()?;
        self.enter_through(&id, fresh).await
    }

    /// The same through a connection that the person, and not the route, has named.
    pub async fn enter_through(&mut self, id: &ConnectionId, fresh: Fresh) -> Result<Arc<Connection>, Failure> {
        let connection = self.named(id, fresh).await?;
        match connection.state {
            ConnectionState::Draft | ConnectionState::Tested | ConnectionState::Active => Ok(connection),
            ConnectionState::Disabled => Err(Fault::ConnectionDisabled.into()),
        }
    }

    /// The connection of the route, switched off or not: for what lets nobody in.
    pub async fn leave(&mut self) -> Result<Arc<Connection>, Failure> {
        let id = self.incoming.connection()?;
        self.named(&id, Fresh::LastMinute).await
    }

    async fn named(&mut self, id: &ConnectionId, fresh: Fresh) -> Result<Arc<Connection>, Failure> {
        let (store, now) = (&self.clients.store, self.now);
        let connection = match fresh {
            Fresh::LastMinute => self.beside(store.connection(id, now)).await?,
            Fresh::Now => self.beside(store.connection_now(id, now)).await?,
        };
        self.trail.connection = Some(id.clone());
        Ok(connection)
    }

    /// Identity providers and cookies do not work in a frame.
    pub fn outside_frames(&self) -> Result<(), Failure> {
        if self.incoming.is_framed() { Err(Fault::Framed.into()) } else { Ok(()) }
    }

    /// Whether a page of ours sent this.
    pub fn is_from_us(&self) -> bool {
        self.incoming.is_from_us(self.public_url())
    }

    /// `https://` and the host that browsers use.
    pub fn public_url(&self) -> &'a str {
        &self.clients.environment.public_url
    }

    /// Seal and pepper, each as it came.
    pub(crate) async fn shared_secrets(&mut self) -> Shared {
        match self.early().await.secrets.shared.take() {
            Some(shared) => shared,
            None => self.clients.secrets.shared(self.now).await,
        }
    }

    /// A connection's own secret of one kind.
    pub async fn secret_of(&mut self, kind: SecretKind, connection: &Connection) -> Result<Arc<KeySet>, Failure> {
        self.secret(&Named::of(kind, connection.id()), 0).await
    }

    /// A secret, as of one version of whose it is.
    pub(crate) async fn secret(&mut self, named: &Named, version: u32) -> Result<Arc<KeySet>, Failure> {
        let ahead = self.early().await.secrets.own.take_if(|(asked, _)| asked == named).map(|(_, keys)| keys);
        self.clients.secrets.of(named, version, ahead, self.now).await
    }

    /// Whom a connection trusts, by SAML.
    pub(crate) async fn trust(&mut self, connection: &Connection) -> Result<Arc<Trust>, Failure> {
        let read = match self.early().await.trust.take_if(|(asked, _)| asked == connection.id()) {
            Some((_, read)) => read?,
            None => self.clients.store.trust_read(connection.id(), self.now).await?,
        };
        self.clients.store.trust(connection, read, self.now)
    }

    /// A provider's keys.
    pub(crate) async fn jwks(&mut self, connection: &Connection, set: store::KeySet) -> Result<Arc<Jwks>, Failure> {
        match self.early().await.jwks.take_if(|((asked, of), _)| asked == connection.id() && *of == set) {
            Some((_, keys)) => keys,
            None => self.clients.store.jwks(connection.id(), set, self.now).await,
        }
    }

    /// The logins that this browser has begun, the youngest first.
    pub fn pending(&self) -> Vec<Pending> {
        Pending::among(self.incoming.cookies())
    }

    /// The frame of the pages.
    pub fn frame(&self) -> Frame<'a> {
        let language = Language::negotiate(self.incoming.header("accept-language"));
        Frame { language, build: &self.clients.environment.build }
    }

    /// Where forms may lead. Chromium holds each redirect after a form against this, and they end at a school.
    pub fn form_action(&self) -> &'static str {
        match self.clients.environment.url_policy {
            UrlPolicy::Https => "'self' https:",
            UrlPolicy::LoopbackToo => "'self' https: http:",
        }
    }

    /// Lets time pass.
    pub async fn wait(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
        self.now = self.clients.clock.now();
    }

    /// The limits of a call to whoever somebody else has named, with no more time than the request has left for all of
    /// them together: one that answers each at the last moment holds a function no longer.
    pub fn in_time(&self, limits: Limits) -> Limits {
        let left = OUTSIDE.saturating_sub(self.came.elapsed());
        Limits { timeout: limits.timeout.min(left), ..limits }
    }

    /// How long a settlement may still take.
    pub fn left_to_settle(&self) -> Duration {
        SETTLING.saturating_sub(self.came.elapsed())
    }

    /// A step of a login, as this function takes it.
    pub fn step(&self, what: What) -> Step {
        Step {
            t: self.now.as_millisecond(),
            function: self.clients.environment.function.to_owned(),
            what,
            request: self.incoming.request_id.clone(),
            build: self.clients.environment.build.clone(),
            wanted: None,
            got: None,
        }
    }

    /// The step of a failure.
    pub fn failed_step(&self, failure: &Failure) -> Step {
        Step {
            wanted: failure.detail.wanted.clone(),
            got: failure.detail.got.clone(),
            ..self.step(What::Stopped(failure.fault))
        }
    }

    /// Write 1: a login begins, and is this visit's from now on.
    pub async fn begin(&mut self, login: &LoginItem) -> Result<(), Failure> {
        let store = &self.clients.store;
        match self.beside(store.begin_login(login)).await? {
            Written::Applied => {
                self.trail.login = Some(login.reference.clone());
                Ok(())
            }
            // 60 random bits met an existing reference: as good as never, and the next try has others.
            Written::Refused(_) => Err(Failure::noted(Fault::StoreContended, "the reference exists")),
        }
    }

    /// Adds a failure to the steps of a login of this browser. That it cannot be added must not hide the failure
    /// itself. Returns the login as it was.
    pub async fn note(&mut self, login: &Pending, ends: Ends, failure: &Failure) -> Option<Box<LoginItem>> {
        self.note_bound(&login.reference, &login.hash(), ends, failure).await
    }

    /// The same to a login that is bound so: a reference, which is no secret, ends nobody's login.
    pub async fn note_bound(
        &mut self,
        reference: &Reference,
        binding: &BindingHash,
        ends: Ends,
        failure: &Failure,
    ) -> Option<Box<LoginItem>> {
        let (from, to) = ends.states();
        let note = Note { reference, by: By::Browser(binding), from, to, step: &self.failed_step(failure) };
        match self.clients.store.note_step(&note, self.now).await {
            Ok(login) => {
                if let Some(login) = login.as_ref().filter(|login| login.show) {
                    self.trail.tester = Some(login.binding.clone());
                }
                login
            }
            Err(second) => {
                self.trail.also = Some(second.fault);
                None
            }
        }
    }

    /// Gives the browser its ticket and sends it on.
    pub fn on_to_launch(&mut self, ticket: &Ticket) -> Answer {
        self.trail.cookies.push(ticket.set_cookie());
        Answer::launch(&ticket.reference)
    }

    /// Sends the browser to one fresh login, after one that had ended.
    pub fn begin_again(&mut self, connection: &ConnectionId, to: Option<Destination>) -> Answer {
        self.trail.cookies.push(again::set_cookie(connection));
        Answer::Redirect(Relay::to(to).login_path(connection))
    }
}

impl Answer {
    /// The browser goes on with a login whose ticket it has.
    pub fn launch(reference: &Reference) -> Self {
        Self::Redirect(format!("/launch?login={}", reference.as_str()))
    }
}

impl Fresh {
    /// What a browser with these logins needs.
    pub fn for_browser(pending: &[Pending]) -> Self {
        if pending.iter().any(|login| login.unverified_tester) { Self::Now } else { Self::LastMinute }
    }
}

impl Ends {
    const fn states(self) -> (State, State) {
        match self {
            Self::Nothing => (State::Started, State::Started),
            Self::NothingIn(state) => (state, state),
            Self::Login => (State::Started, State::Refused),
        }
    }
}
