//! What is known about a failure, and what is not.

use jiff::Timestamp;

use super::known::Known;
use super::probe::{ApiProbe, ProviderProbe, SiteProbe};
use crate::connection::ConnectionState;
use crate::fault::Fault;
use crate::ids::{ConnectionId, EmailKey, Reference, SchoolId};
use crate::login::{LoginItem, State, What};
use crate::person::PersonState;

/// How long a login may be under way before its silence means something, in seconds.
const SILENT_SECONDS: i64 = 10 * 60;

/// How a login ended, as far as stoa sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Symptom {
    /// It stopped, for this reason.
    Stopped(Fault),
    /// The browser was sent to the identity provider and never came back.
    NotBack,
    /// The identity was proven, and the browser did not follow to the launch.
    NotLaunched,
    /// The person was handed over to the school, which did not send them back. A complaint is about what came after.
    HandedOver,
    /// The test ended well.
    Tested,
    /// The person has a place in the school's line, and their page waits.
    InLine,
    /// It is still under way.
    UnderWay,
    /// The connection takes nobody, so there is no login.
    Closed,
    /// Nothing that failed was found.
    Nothing,
    /// A word of another version's.
    Unknown,
}

impl Symptom {
    /// Of a login's item.
    pub fn of(login: &LoginItem, now: Timestamp) -> Self {
        let age = now.as_second() - login.began;
        match login.steps.last().map(|step| &step.what) {
            Some(What::Stopped(fault)) if login.state != State::Launched => Self::Stopped(*fault),
            None | Some(What::Unknown(_)) => Self::Unknown,
            Some(What::Waiting) if login.state == State::Verified => Self::InLine,
            Some(
                What::Started
                | What::Verified
                | What::Continued
                | What::Waiting
                | What::TakenOver
                | What::Moved
                | What::Launched
                | What::Tested
                | What::Stopped(_),
            ) => match login.state {
                State::Launched if login.test => Self::Tested,
                State::Launched => Self::HandedOver,
                State::Started if age > SILENT_SECONDS => Self::NotBack,
                State::Verified if login.is_ticket_expired(now) => Self::NotLaunched,
                State::Started | State::Verified => Self::UnderWay,
                State::Refused | State::Failed | State::Returned => Self::Unknown,
            },
        }
    }

    /// The code that stands for it in tables: a fault's own, or a word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stopped(fault) => fault.code(),
            Self::NotBack => "not_back",
            Self::NotLaunched => "not_launched",
            Self::HandedOver => "handed_over",
            Self::Tested => "tested",
            Self::InLine => "in_line",
            Self::UnderWay => "under_way",
            Self::Closed => "closed",
            Self::Nothing => "nothing",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the person got where they wanted, as far as stoa sees.
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::HandedOver | Self::Tested)
    }

    /// Whether it is a failure that others may share.
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::Stopped(_) | Self::NotBack | Self::NotLaunched | Self::InLine | Self::Closed)
    }
}

/// A login, as far as it is evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub reference: Reference,
    /// When it began, in epoch seconds.
    pub began: i64,
    /// The same in milliseconds, to say which of two was first.
    pub order: i64,
    /// The connection's version that it began or was proven under.
    pub version: u32,
    /// How it ended.
    pub symptom: Symptom,
    /// The key of the proven address.
    pub who: Option<EmailKey>,
    /// The build that wrote its last step.
    pub build: String,
    /// What its last step wanted.
    pub wanted: Option<String>,
    /// What it got.
    pub got: Option<String>,
    /// Whether it is a test.
    pub test: bool,
}

impl Seen {
    /// Of a login's item.
    pub fn of(login: &LoginItem, now: Timestamp) -> Self {
        let last = login.steps.last();
        Self {
            reference: login.reference.clone(),
            began: login.began,
            order: login.steps.first().map_or(login.began.saturating_mul(1000), |step| step.t),
            version: login.connection_version,
            symptom: Symptom::of(login, now),
            who: login.email_key.clone(),
            build: last.map(|step| step.build.clone()).unwrap_or_default(),
            wanted: last.and_then(|step| step.wanted.clone()),
            got: last.and_then(|step| step.got.clone()),
            test: login.test,
        }
    }
}

/// What somebody did to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAct {
    /// Trusted it.
    Trusted,
    /// Trusts it no longer.
    Removed,
    /// `trust-refresh` dropped it, since the metadata no longer had it.
    Dropped,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The connection's document: its version since, and each difference as `path: old → new`.
    Settings {
        /// The version that has the change.
        version: u32,
        /// The last version without it.
        before: u32,
        /// `path: old → new`.
        lines: Vec<String>,
    },
    /// The connection's state.
    State(ConnectionState),
    /// A key of the identity provider's, by its fingerprint.
    Key(KeyAct, String),
    /// The school's file or its key was written. The table keeps the last time only.
    School,
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, in epoch seconds.
    pub at: i64,
    /// Who did it, where that is kept.
    pub by: Option<String>,
    /// The reason that they gave.
    pub reason: Option<String>,
    /// What was changed, and from what to what.
    pub kind: ChangeKind,
}

/// A secret, by what may be known of it without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSeen {
    /// Its name below the prefix, such as `oidc/pg`.
    pub name: String,
    /// When it was last written, in epoch seconds; absent: there is no such secret.
    pub changed: Option<i64>,
    /// Whether another value was there before.
    pub replaced: bool,
    /// Whether it is another connection's.
    pub elsewhere: bool,
}

/// What the connection trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustSeen {
    /// Fingerprints of the keys that are trusted now.
    pub trusted: Vec<String>,
}

/// Who has the address of a login that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Since when the address is theirs, in epoch seconds.
    pub since: i64,
    /// Until when a claim counts that no login has kept yet.
    pub until: Option<i64>,
    /// The owner's state, where the directory has them.
    pub state: Option<PersonState>,
    /// When their account was last looked at: they signed in then.
    pub checked: Option<i64>,
}

/// What of a connection's settings says something about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where people go.
    pub school: SchoolId,
    /// Where it stands.
    pub state: ConnectionState,
    /// Since when, in epoch seconds.
    pub state_since: i64,
    /// Who put it there.
    pub state_by: String,
    /// The reason that they gave.
    pub state_reason: Option<String>,
    /// Whether the earlier integration's ids are known.
    pub has_earlier_ids: bool,
    /// The entity id or issuer of its identity provider, as the connection has it.
    pub provider: String,
}

impl Settings {
    /// Whether anybody may sign in.
    pub const fn takes_everybody(&self) -> bool {
        matches!(self.state, ConnectionState::Active)
    }
}

/// Everything that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The time of the question.
    pub now: Timestamp,
    /// Through which connection.
    pub connection: ConnectionId,
    /// The login that is asked about. None: a complaint without a reference.
    pub login: Option<Seen>,
    /// The connection's settings.
    pub settings: Known<Settings>,
    /// Logins of the connection, newest first, those that are under way included.
    pub logins: Known<Vec<Seen>>,
    /// Logins to the same school through other connections, newest first.
    pub elsewhere: Known<Vec<Seen>>,
    /// Proven logins with the same address, newest first.
    pub same_address: Known<Vec<Seen>>,
    /// Who has the address. `Seen(None)`: nobody.
    pub owner: Known<Option<Owner>>,
    /// What changed, newest first.
    pub changes: Known<Vec<Change>>,
    /// The secrets that the connection and its school need.
    pub secrets: Known<Vec<SecretSeen>>,
    /// What is trusted.
    pub trust: Known<TrustSeen>,
    /// The identity provider, now.
    pub provider: Known<ProviderProbe>,
    /// The school's address, now.
    pub site: Known<SiteProbe>,
    /// The school's Admin API, now.
    pub api: Known<ApiProbe>,
}

impl Evidence {
    /// Of a login alone, where nothing else can be known.
    pub fn of_login(login: &LoginItem, now: Timestamp, why: &str) -> Self {
        fn missing<T>(why: &str) -> Known<T> {
            Known::NotAsked(why.to_owned())
        }
        Self {
            now,
            connection: login.connection.clone(),
            login: Some(Seen::of(login, now)),
            settings: missing(why),
            logins: missing(why),
            elsewhere: missing(why),
            same_address: missing(why),
            owner: missing(why),
            changes: missing(why),
            secrets: missing(why),
            trust: missing(why),
            provider: missing(why),
            site: missing(why),
            api: missing(why),
        }
    }
}
