//! What the simulators remember.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::Config;
use super::client::Client;
use super::defect::Defect;
use super::people::Person;
use super::pkce::Challenge;
use super::product::{Endpoint, Product, Realm};
use crate::rotation::Rotation;

/// An authorization request that was accepted.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) realm: Realm,
    pub(super) client: String,
    pub(super) back: Return,
    pub(super) scopes: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) challenge: Option<Challenge>,
    pub(super) prompt: Vec<String>,
    pub(super) max_age: Option<i64>,
    pub(super) acr: Option<String>,
    pub(super) login_hint: Option<String>,
}

impl Request {
    /// Whether it asks for an ID token, and not for OAuth alone (OIDC core §3.1.2.1).
    pub(super) fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }
}

/// Where an answer goes.
#[derive(Clone, Debug)]
pub(super) struct Return {
    pub(super) redirect_uri: String,
    pub(super) mode: Mode,
    pub(super) state: Option<String>,
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// A person's session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) product: Product,
    pub(super) login: String,
    pub(super) at: Timestamp,
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) request: Request,
    pub(super) login: String,
    pub(super) authenticated_at: Timestamp,
    pub(super) issued_at: Timestamp,
    pub(super) defect: Option<Defect>,
    /// The access token that it was exchanged for.
    pub(super) spent_for: Option<String>,
}

/// What an access token allows.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) grant: Grant,
    pub(super) ends_at: Timestamp,
}

/// One request that a provider answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When it happened, by the simulator's clock.
    pub at: Timestamp,
    /// Whose endpoint.
    pub product: Product,
    /// Which one.
    pub endpoint: Endpoint,
    /// With which status; `None` where the connection was cut.
    pub status: Option<u16>,
    /// The `error` of an OAuth error answer, or the reason on an error page.
    pub error: Option<String>,
}

impl Call {
    /// Whether an application made it, rather than a browser.
    pub fn is_back_channel(&self) -> bool {
        match self.endpoint {
            Endpoint::Discovery | Endpoint::Jwks | Endpoint::Token | Endpoint::UserInfo | Endpoint::Attacker => true,
            Endpoint::Authorize | Endpoint::SignOn => false,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) people: Vec<Person>,
    pub(super) clients: Vec<Client>,
    pub(super) rotations: HashMap<Product, Rotation>,
    /// What defects have added to the key sets.
    pub(super) extra_keys: HashMap<Product, Vec<Value>>,
    pub(super) keys_down: HashSet<Product>,
    pub(super) discovery_changes: HashMap<Product, Value>,
    pub(super) sessions: HashMap<String, Session>,
    pub(super) waiting: HashMap<String, Request>,
    pub(super) codes: HashMap<String, Grant>,
    pub(super) accesses: HashMap<String, Access>,
    /// Client assertions that were used: client and `jti`.
    pub(super) assertions: HashSet<(String, String)>,
    pub(super) defects: VecDeque<Defect>,
    pub(super) always: HashMap<Product, String>,
    pub(super) calls: Vec<Call>,
    pub(super) requests: Vec<BTreeMap<String, String>>,
}

impl State {
    pub(super) fn new(config: &Config) -> Self {
        Self { people: config.people.clone(), clients: config.clients.clone(), ..Self::default() }
    }

    pub(super) fn person(&self, product: Product, login: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.product == product && person.login == login)
    }

    pub(super) fn client(&self, product: Product, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.product == product && client.id == id)
    }

    /// The client of this id, where this authority knows it.
    pub(super) fn client_at(&self, realm: &Realm, id: &str) -> Option<&Client> {
        self.client(realm.product, id).filter(|client| client.is_known_at(realm))
    }

    /// Adds a client, or replaces the one with this id.
    pub(super) fn register(&mut self, client: Client) {
        self.clients.retain(|known| known.product != client.product || known.id != client.id);
        self.clients.push(client);
    }

    /// The code of the client's last finished login.
    pub(super) fn previous_code(&self, client: &str) -> Option<String> {
        let spent = self.codes.iter().filter(|(_, grant)| grant.request.client == client && grant.spent_for.is_some());
        spent.max_by_key(|(_, grant)| grant.issued_at).map(|(code, _)| code.clone())
    }

    pub(super) fn rotation(&self, product: Product) -> Rotation {
        self.rotations.get(&product).copied().unwrap_or_default()
    }

    /// Takes back what defects have published or broken.
    pub(super) fn mend_keys(&mut self, product: Product) {
        self.extra_keys.remove(&product);
        self.keys_down.remove(&product);
    }

    /// Publishes a key besides the ring's, from now on.
    pub(super) fn publish(&mut self, product: Product, keys: impl IntoIterator<Item = Value>) {
        self.extra_keys.entry(product).or_default().extend(keys);
    }
}
