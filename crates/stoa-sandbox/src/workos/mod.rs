//! WorkOS SSO as a relying party sees it: `/sso/authorize` and `/sso/token` of one environment (WorkOS API reference,
//! "SSO"), strict about what WorkOS documents.
//!
//! The browser comes to `authorize`, a person signs on at the identity provider behind it, and the browser is sent back
//! with a code. The application brings the code and the environment's API key to `token`, and gets the person's profile.

mod authorize;
mod control_page;
mod defect;
mod directory;
mod organization;
mod pages;
mod state;
mod token;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{self, Request};
use axum::middleware::Next;
use axum::response::Response;
use jiff::SignedDuration;

pub use self::defect::Defect;
pub use self::directory::{
    DIRECTORY, DirectoryGroup, DirectoryUser, Endpoint, EventDelivery, EventTry, NewDirectoryUser,
};
pub use self::organization::{CONNECTION, ORGANIZATION, Organization, Person, SsoConnection};
pub use self::state::{Answer, Call};

use self::state::State;
use crate::clock::Clock;
use crate::listen::Server;

/// The host name it is reached by; browsers and the sandbox resolve it to loopback.
pub const HOST: &str = "workos.localhost";
/// How long a code is good for.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// How an environment is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// The environment's client.
    pub client_id: String,
    /// Its API key.
    pub api_key: ApiKey,
    /// The time it believes it is.
    pub clock: Clock,
    /// Its customers.
    pub organizations: Vec<Organization>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            client_id: "client_01SANDBOX".to_owned(),
            api_key: ApiKey("sk_test_0123456789abcdef".to_owned()),
            clock: Clock::default(),
            organizations: Organization::samples(),
        }
    }
}

/// The environment's API key.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// The key itself, for whoever has to store it as a secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

/// A running environment. It stops when dropped.
#[derive(Debug)]
pub struct WorkOs {
    server: Server,
    shared: Shared,
    sender: directory::Sender,
}

impl WorkOs {
    /// Starts it.
    pub async fn start(config: Config) -> io::Result<Self> {
        let shared = Shared {
            state: Arc::new(Mutex::new(State { directories: directory::Directories::sample(), ..State::default() })),
            config: Arc::new(config),
        };
        let router = Router::new()
            .merge(authorize::router())
            .merge(token::router())
            .merge(directory::router())
            .merge(directory::control())
            .merge(control_page::router(&shared.config.clock))
            .layer(axum::middleware::from_fn_with_state(shared.clone(), journal))
            .with_state(shared.clone());
        let server = crate::web::serve(shared.config.port, router, &shared.config.clock).await?;
        let sender = directory::Sender::start(shared.clone());
        Ok(Self { server, shared, sender })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its address, without a path: a connection's `workos.api_url`.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.address().port())
    }

    /// The environment's client.
    pub fn client_id(&self) -> &str {
        &self.shared.config.client_id
    }

    /// The environment's API key.
    pub fn api_key(&self) -> &ApiKey {
        &self.shared.config.api_key
    }

    /// The time it believes it is.
    pub fn clock(&self) -> &Clock {
        &self.shared.config.clock
    }

    /// Allows a redirect URI. The first one is the environment's default.
    pub fn register(&self, redirect_uri: &str) {
        self.shared.state().redirect_uris.push(redirect_uri.to_owned());
    }

    /// The link by which a login begins at the identity provider of a connection.
    pub fn start_url(&self, connection: &str) -> String {
        format!("{}/sandbox/start?connection={connection}", self.url())
    }

    /// Signs everybody on as this person, without asking, until [`Self::ask`].
    pub fn sign_on_as(&self, idp_id: &str) {
        self.shared.state().always = Some(idp_id.to_owned());
    }

    /// Shows the sign-on page again.
    pub fn ask(&self) {
        self.shared.state().always = None;
    }

    /// Answers in this form from now on.
    pub fn answer(&self, form: Answer) {
        self.shared.state().answer = form;
    }

    /// Gives the next answer this defect. Several queue up.
    pub fn next_defect(&self, defect: Defect) {
        self.shared.state().defects.push_back(defect);
    }

    /// The requests that no browser made, so far; then the journal starts again.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.state().calls)
    }
}

#[derive(Clone, Debug)]
struct Shared {
    state: Arc<Mutex<State>>,
    config: Arc<Config>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The customer that a connection belongs to, and the connection.
    fn connection(&self, id: &str) -> Option<(&Organization, &SsoConnection)> {
        self.config.organizations.iter().find_map(|organization| {
            let connection = organization.connections.iter().find(|connection| connection.id == id)?;
            Some((organization, connection))
        })
    }
}

/// Writes down what is not a browser's.
async fn journal(extract::State(shared): extract::State<Shared>, request: Request, next: Next) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let response = next.run(request).await;
    if !authorize::is_for_browsers(&path) && !path.starts_with("/sandbox") {
        let status = response.status().as_u16();
        shared.state().calls.push(Call { method, path, status });
    }
    response
}
