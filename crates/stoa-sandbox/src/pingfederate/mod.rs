//! A customer's PingFederate: its paths, its defaults, its certificates, its people, and its faults on demand.
//!
//! By default the Response is signed and the Assertion is not, `KeyInfo` is absent, the algorithm is RSA-SHA256, the
//! window is five minutes to either side, the NameID format is unspecified, and attribute names are case-sensitive.
//!
//! `endpoints` takes a partner's request and asks the person, `respond` writes the Response and spoils what a defect
//! names, `forge` wraps what was signed in what was not.

mod choice;
mod control_page;
mod defect;
mod endpoints;
mod forge;
mod keys;
mod pages;
mod partner;
mod people;
mod respond;
mod state;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

pub use self::defect::Defect;
pub use self::keys::KeysError;
pub use self::partner::{Encryption, SpConnection, SpMetadataError};
pub use self::people::Person;
pub use self::state::{Event, EventKind};

use self::keys::Keys;
use self::state::State;
use crate::clock::Clock;
use crate::listen::Server;

/// The host name it is reached by; browsers and the sandbox resolve it to loopback.
pub const HOST: &str = "pingfederate.localhost";

/// How it is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The port on 127.0.0.1; 0 takes any.
    pub port: u16,
    /// Its entity id.
    pub entity_id: String,
    /// The time it believes it is.
    pub clock: Clock,
    /// Who can sign on.
    pub people: Vec<Person>,
    /// Whom it signs people on to.
    pub partners: Vec<SpConnection>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            entity_id: "https://pingfederate.example".to_owned(),
            clock: Clock::default(),
            people: people::samples(),
            partners: Vec::new(),
        }
    }
}

/// What the address of the metadata answers when it is not the metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// Another text.
    Text(String),
    /// No text: an error of this status.
    Status(u16),
}

/// Why it did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or may not be used.
    #[error("the port could not be used")]
    Io(#[from] io::Error),
    /// Its own keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Why a request is answered with an error page and no Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The message is not an AuthnRequest.
    #[error("Invalid SAML message")]
    BadMessage,
    /// The message's signature is missing or wrong.
    #[error("Invalid signature")]
    BadSignature,
    /// The partner's connection is switched off.
    #[error("Connection is not active")]
    InactiveConnection,
    /// Logins may not begin here for this partner.
    #[error("IdP-initiated SSO is not enabled for this connection")]
    IdpInitiatedDisabled,
    /// The message was issued too long ago, or will be.
    #[error("SAML message expired")]
    StaleRequest,
    /// The sign-on form belongs to no login.
    #[error("Unknown or expired transaction")]
    UnknownTransaction,
    /// The assertion consumer service is not the partner's.
    #[error("Unknown assertion consumer service")]
    UnknownAcs,
    /// Nobody knows the partner.
    #[error("Unable to locate connection")]
    UnknownConnection,
    /// The message is addressed to somebody else.
    #[error("Invalid destination")]
    WrongDestination,
    /// Single logout is not configured.
    #[error("SLO is not configured")]
    NoLogout,
    /// The Response could not be written.
    #[error("Unexpected system error")]
    Internal,
}

/// A running PingFederate. It stops when dropped.
#[derive(Debug)]
pub struct PingFederate {
    server: Server,
    shared: Shared,
}

impl PingFederate {
    /// Starts it.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let shared = Shared {
            keys: Arc::new(Keys::load()?),
            state: Arc::new(Mutex::new(State::new(&config))),
            config: Arc::new(config),
        };
        let router = endpoints::router().merge(control_page::router(&shared.config.clock)).with_state(shared.clone());
        let server = crate::web::serve(shared.config.port, router, &shared.config.clock).await?;
        Ok(Self { server, shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its address, without a path.
    pub fn url(&self) -> String {
        format!("http://{HOST}:{}", self.address().port())
    }

    /// Its entity id.
    pub fn entity_id(&self) -> &str {
        &self.shared.config.entity_id
    }

    /// Where a partner's administrator fetches its metadata.
    pub fn metadata_url(&self, partner: &str) -> String {
        format!("{}/pf/federation_metadata.ping?{}", self.url(), query("PartnerSpId", partner))
    }

    /// The link by which a login begins here.
    pub fn start_url(&self, partner: &str, target: Option<&str>) -> String {
        let target = target.map(|target| format!("&{}", query("TargetResource", target))).unwrap_or_default();
        format!("{}/idp/startSSO.ping?{}{target}", self.url(), query("PartnerSpId", partner))
    }

    /// Its metadata as a partner would fetch it.
    pub fn metadata(&self, partner: &str) -> Option<String> {
        endpoints::metadata_for(&self.shared, &self.url(), Some(partner)).ok()
    }

    /// The time it believes it is.
    pub fn clock(&self) -> &Clock {
        &self.shared.config.clock
    }

    /// Adds a partner, or replaces the one with the same entity id.
    pub fn register(&self, partner: SpConnection) {
        self.shared.state().register(partner);
    }

    /// Changes a partner's connection. Whether there is one.
    pub fn edit_partner(&self, entity_id: &str, change: impl FnOnce(&mut SpConnection)) -> bool {
        let mut state = self.shared.state();
        state.partners.iter_mut().find(|partner| partner.entity_id == entity_id).map(change).is_some()
    }

    /// Everybody who can sign on.
    pub fn people(&self) -> Vec<Person> {
        self.shared.state().people.clone()
    }

    /// Adds somebody.
    pub fn add_person(&self, person: Person) {
        self.shared.state().people.push(person);
    }

    /// Changes somebody's record. Whether there is one.
    pub fn edit_person(&self, login: &str, change: impl FnOnce(&mut Person)) -> bool {
        self.shared.state().people.iter_mut().find(|person| person.login == login).map(change).is_some()
    }

    /// Signs everybody on as this person, without asking, until [`Self::ask`].
    pub fn sign_on_as(&self, login: &str) {
        self.shared.state().always = Some(login.to_owned());
    }

    /// Shows the sign-on page again.
    pub fn ask(&self) {
        self.shared.state().always = None;
    }

    /// Gives the next Response this defect. Several queue up.
    pub fn next_defect(&self, defect: Defect) {
        self.shared.state().defects.push_back(defect);
    }

    /// Publishes the next certificate beside the current one.
    pub fn announce_next_certificate(&self) {
        self.shared.state().rotation.announce();
    }

    /// Signs with the next certificate from now on, and publishes it and the old one.
    pub fn rotate_certificate(&self) {
        self.shared.state().rotation.rotate();
    }

    /// Publishes the old certificate no longer.
    pub fn retire_previous_certificate(&self) {
        self.shared.state().rotation.retire();
    }

    /// Answers whoever fetches the metadata with this instead, until it is `None` again.
    pub fn publish_instead(&self, answer: Option<Published>) {
        self.shared.state().published = answer;
    }

    /// What happened, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.shared.state().events.clone()
    }
}

#[derive(Clone, Debug)]
struct Shared {
    keys: Arc<Keys>,
    state: Arc<Mutex<State>>,
    config: Arc<Config>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, what: EventKind) {
        let at = self.config.clock.now();
        self.state().events.push(Event { at, what });
    }
}

fn query(name: &str, value: &str) -> String {
    url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}
