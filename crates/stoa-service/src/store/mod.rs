//! DynamoDB: what is stored, and what functions ask of it. Each write is conditional and says what a refused condition
//! returns.

mod connections;
mod directory;
mod discovery;
mod error;
mod items;
mod jwks;
mod launch_reads;
mod logins;
mod lookup;
mod tables;
mod tested;
mod trust;
mod watch;
mod write;

use aws_sdk_dynamodb::Client;
use stoa_core::connection::UrlPolicy;

use crate::environment::Environment;

pub(crate) use error::{NoAnswer, StoreError};
use items::{AssertionItem, FETCH_EVERY};
pub use items::{
    ConnectionItem, Form, JwksItem, Key, KeyChange, OIDC_JWKS, SAML_WATCH, SchoolItem, TEAMS_JWKS, TestedItem, TrustChange,
    TrustItem, WatchItem, forms,
};
pub(crate) use items::{DiscoveryItem, DomainItem, ListedItem, NO_KEY, PersonChangeItem, Range};
pub use jwks::FetchClaim;
pub use launch_reads::LaunchReads;
pub use logins::{Code, Sealed, Written};
pub(crate) use tables::{Entries, Reads, Tables, Transacted, read};
pub(crate) use write::{ABSENT, Item, Outcome, PRESENT, Write};

/// The tables as functions use them, with what a process holds of them for a minute.
pub struct Store {
    tables: Tables,
    url_policy: UrlPolicy,
    held: connections::Held,
    held_trust: trust::HeldTrust,
    held_jwks: jwks::HeldJwks,
}

impl Store {
    pub(crate) fn new(client: Client, environment: &Environment) -> Self {
        Self {
            tables: Tables::new(client, |table| environment.table(table).to_owned()),
            url_policy: environment.url_policy,
            held: connections::Held::default(),
            held_trust: trust::HeldTrust::default(),
            held_jwks: jwks::HeldJwks::default(),
        }
    }
}
