//! DynamoDB: what is stored, and what functions ask of it. Each write is conditional and says what a refused condition
//! returns.

mod admission;
mod connections;
mod directory;
mod due;
mod error;
mod home_realm;
mod items;
mod jwks;
mod launch_reads;
mod logins;
mod lookup;
mod minute;
mod mirror;
mod moves;
mod people;
mod provision;
mod round;
mod tables;
mod tested;
mod trust;
mod turns;
mod uploads;
mod watch;
mod webhooks;
mod write;

use aws_sdk_dynamodb::Client;
use stoa_core::connection::{Connection, UrlPolicy};
use stoa_core::directory::TokensItem;
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::mirror::SchoolMirror;
use stoa_core::oidc::Jwks;
use stoa_saml::Trust;

use crate::environment::Environment;
use crate::held::Held;

pub use admission::{Brought, Joined};
pub(crate) use directory::free_email;
pub use directory::{Claiming, ProvenOwner, Revised};
pub(crate) use due::Due;
pub(crate) use error::{NoAnswer, StoreError};
use items::{AssertionItem, FETCH_EVERY, WebhookItem};
pub use items::{
    ConnectionItem, Form, JwksItem, KeptOutItem, Key, KeyChange, KeySet, RehearsalItem, RoundItem, SchoolItem,
    TestedItem, TrustChange, TrustItem, WatchItem, WatchOver, forms,
};
pub(crate) use items::{
    DomainItem, ErasedItem, HomeRealmItem, ImportItem, Item, ListedId, ListedItem, NO_KEY, PersonChangeItem, Range,
    RefusedLine, SiteItem, UploadItem, UploadProgress, UploadTurnItem, UploadWritten, UsedItem, ValueItem, is_kept_out,
    is_membership,
};
pub(crate) use items::{course_of, due_of, stopped_of};
pub use jwks::{FetchClaim, FetchLeave, KeySource};
pub use launch_reads::{LaunchItems, LaunchReads};
pub use logins::{By, Code, Note, Sealed, Written};
pub(crate) use minute::{minute_of, second_of};
pub(crate) use mirror::{MirroredPage, MirroredUser};
pub use moves::Moving;
pub use people::{Changed, EdgesChanged, Group, Heard, Moved, People, Person, Regrouped, User};
pub(crate) use provision::due_person;
pub use provision::{DuePerson, Synced, Then};
pub use round::Place;
pub(crate) use tables::{Between, Entries, Reads, Tables, Transacted, read};
pub use trust::TrustRead;
pub(crate) use trust::{pinned, trusted};
pub use turns::{Draw, Joining, Part, Turns};
pub(crate) use uploads::Noted;
pub use watch::Watched;
pub(crate) use write::{ABSENT, Outcome, PRESENT, Write};

/// The tables as functions use them, and what a process holds of them: parsed, so that a login parses no key.
pub struct Store {
    tables: Tables,
    url_policy: UrlPolicy,
    held_connections: Held<ConnectionId, Connection>,
    held_trust: Held<ConnectionId, Trust>,
    held_jwks: Held<(ConnectionId, KeySet), Jwks>,
    held_tokens: Held<ConnectionId, TokensItem>,
    noted_tokens: Held<(ConnectionId, String), ()>,
    held_mirrors: Held<SchoolId, SchoolMirror>,
}

impl Store {
    pub(crate) fn new(client: Client, environment: &Environment) -> Self {
        Self {
            tables: Tables::new(client, |table| environment.table(table).to_owned()),
            url_policy: environment.url_policy,
            held_connections: Held::default(),
            held_trust: Held::default(),
            held_jwks: Held::default(),
            held_tokens: Held::default(),
            noted_tokens: Held::default(),
            held_mirrors: Held::default(),
        }
    }
}
