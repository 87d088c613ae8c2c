//! OpenID providers of four products: PingFederate, Microsoft Entra, Okta and Google, each with its own issuer, paths,
//! claims and refusals, its people, its keys, and its faults on demand.
//!
//! One server answers for all; the host name says which product is meant. Each is as strict as the real one: redirect
//! URIs byte for byte, codes used once and for a while, PKCE, client authentication, access tokens.
//!
//! A login is an exchange of a code (OIDC core §3.1). The browser comes to `authorize`, a person signs on, and `answer`
//! sends it back to the application with a code. The application brings the code to `token`: `client_auth` asks which
//! application it is, and `pkce` whether it is the one that began. `claims` says what the ID token holds, and `forge`
//! signs it, or makes of it what a defect wants. With the access token beside it, `user_info` says more.
//!
//! Entra and Okta also keep the people of an application up to date: `provisioning`.

mod answer;
mod authorize;
mod claims;
mod client;
mod client_auth;
mod control_page;
mod defect;
mod discovery;
mod endpoints;
mod examples;
mod fields;
mod forge;
mod jws;
mod keys;
mod pages;
mod people;
mod pkce;
mod product;
mod provisioning;
mod refuse;
mod state;
mod teams;
mod token;
mod token_error;
mod user_info;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::client::{Algorithm, Client, ClientAuth, ClientSecret};
pub use self::defect::{Defect, Stage};
pub use self::examples::{EXAMPLES, Example, GLOBEX, HOOLI, INITECH, PG_OIDC};
pub use self::keys::KeysError;
pub use self::people::Person;
pub use self::product::{Endpoint, FOREIGN_TENANT, GLOBEX_TENANT, PERSONAL_TENANT, Product, Realm};
pub use self::provisioning::{Exchange, Provisioned, Step};
pub use self::state::Call;
pub use self::teams::{TEAMS_WEB, TeamsKey, TeamsToken};

use self::keys::Keys;
use self::provisioning::App;
use self::state::State;
use crate::clock::Clock;
use crate::listen::Server;

/// How they are set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// The time they believe it is.
    pub clock: Clock,
    /// Who can sign on.
    pub people: Vec<Person>,
    /// Which applications are registered.
    pub clients: Vec<Client>,
}

impl Default for Config {
    fn default() -> Self {
        Self { port: 0, clock: Clock::default(), people: people::samples(), clients: Vec::new() }
    }
}

/// Why they did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used.
    #[error("the port could not be used")]
    Io(#[from] io::Error),
    /// Their own keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Running providers. They stop when dropped.
#[derive(Debug)]
pub struct OpenId {
    server: Server,
    shared: Shared,
}

impl OpenId {
    /// Starts them.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let shared = Shared {
            keys: Arc::new(Keys::load()?),
            state: Arc::new(Mutex::new(State::new(&config))),
            config: Arc::new(config),
            apps: Arc::default(),
        };
        let router = control_page::router(&shared.config.clock).merge(provisioning::router());
        let router = router.fallback(endpoints::answer).with_state(shared.clone());
        let server = crate::web::serve(shared.config.port, router, &shared.config.clock).await?;
        Ok(Self { server, shared })
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A product's address, without a path.
    pub fn url(&self, product: Product) -> String {
        format!("http://{}:{}", product.host(), self.address().port())
    }

    /// A realm's issuer, as its tokens name it.
    pub fn issuer(&self, realm: &Realm) -> String {
        realm.issuer(&self.url(realm.product))
    }

    /// Where a realm's discovery document is.
    pub fn discovery_url(&self, realm: &Realm) -> String {
        format!("{}{}", self.url(realm.product), realm.path(Endpoint::Discovery))
    }

    /// A realm's discovery document.
    pub fn discovery(&self, realm: &Realm) -> String {
        discovery::document(&self.shared, &self.url(realm.product), realm).to_string()
    }

    /// Sets members of a product's discovery documents from now on, as a wrong or hostile provider would; null takes
    /// one away.
    pub fn change_discovery(&self, product: Product, members: serde_json::Value) {
        self.shared.state().discovery_changes.insert(product, members);
    }

    /// Where a realm's key set is.
    pub fn jwks_url(&self, realm: &Realm) -> String {
        format!("{}{}", self.url(realm.product), realm.path(Endpoint::Jwks))
    }

    /// A realm's key set as it is now.
    pub fn jwks(&self, realm: &Realm) -> String {
        discovery::jwks(&self.shared, realm).to_string()
    }

    /// The time they believe it is.
    pub fn clock(&self) -> &Clock {
        &self.shared.config.clock
    }

    /// Adds a client, or replaces the one with the same product and id.
    pub fn register(&self, client: Client) {
        self.shared.state().register(client);
    }

    /// Changes a client's registration. Whether there is one.
    pub fn edit_client(&self, product: Product, id: &str, change: impl FnOnce(&mut Client)) -> bool {
        let mut state = self.shared.state();
        state.clients.iter_mut().find(|client| client.product == product && client.id == id).map(change).is_some()
    }

    /// Everybody who can sign on with a product.
    pub fn people(&self, product: Product) -> Vec<Person> {
        self.shared.state().people.iter().filter(|person| person.product == product).cloned().collect()
    }

    /// Adds somebody.
    pub fn add_person(&self, person: Person) {
        self.shared.state().people.push(person);
    }

    /// Changes somebody's record. Whether there is one.
    pub fn edit_person(&self, product: Product, login: &str, change: impl FnOnce(&mut Person)) -> bool {
        let mut state = self.shared.state();
        state.people.iter_mut().find(|person| person.product == product && person.login == login).map(change).is_some()
    }

    /// Signs everybody on as this person, without asking, until [`Self::ask`].
    pub fn sign_on_as(&self, product: Product, login: &str) {
        self.shared.state().always.insert(product, login.to_owned());
    }

    /// Shows the sign-on page again.
    pub fn ask(&self, product: Product) {
        self.shared.state().always.remove(&product);
    }

    /// Gives the next login this defect. Several queue up.
    pub fn next_defect(&self, defect: Defect) {
        self.shared.state().defects.push_back(defect);
    }

    /// Publishes the next signing key beside the current one.
    pub fn announce_next_key(&self, product: Product) {
        self.shared.state().rotations.entry(product).or_default().announce();
    }

    /// Signs with the next key from now on, and publishes it and the old one.
    pub fn rotate_keys(&self, product: Product) {
        self.shared.state().rotations.entry(product).or_default().rotate();
    }

    /// Publishes the old key no longer.
    pub fn retire_previous_key(&self, product: Product) {
        self.shared.state().rotations.entry(product).or_default().retire();
    }

    /// Takes back the keys that defects have published, and publishes again what they have hidden.
    pub fn mend_keys(&self, product: Product) {
        self.shared.state().mend_keys(product);
    }

    /// What was asked of them since the start or the last [`Self::take_calls`], oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// The same, and forgets it.
    pub fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.shared.state().calls)
    }

    /// The parameters of each authorization request, oldest first.
    pub fn requests(&self) -> Vec<BTreeMap<String, String>> {
        self.shared.state().requests.clone()
    }
}

#[derive(Clone, Debug)]
struct Shared {
    keys: Arc<Keys>,
    state: Arc<Mutex<State>>,
    config: Arc<Config>,
    apps: Arc<tokio::sync::Mutex<BTreeMap<Product, App>>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
