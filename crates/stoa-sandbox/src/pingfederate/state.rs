//! What the simulator remembers.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::defect::Defect;
use super::partner::SpConnection;
use super::people::Person;
use super::{Config, Published, Reason};
use crate::rotation::Rotation;

/// A login that waits for its person.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) partner: String,
    pub(super) acs_url: String,
    pub(super) in_response_to: Option<String>,
    pub(super) authn_context: Option<String>,
    pub(super) relay_state: Option<String>,
    pub(super) name_id_policy_refused: bool,
}

/// A person's session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) login: String,
    pub(super) at: Timestamp,
}

/// Something that happened, for the control page and for tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// When it happened, by the simulator's clock.
    pub at: Timestamp,
    /// What happened.
    pub what: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// An AuthnRequest was accepted.
    Requested {
        /// From whom.
        partner: String,
        /// Its id.
        id: String,
        /// Whether the person must sign on again.
        force_authn: bool,
        /// Whether it was signed.
        signed: bool,
    },
    /// A Response was issued.
    Issued {
        /// To whom.
        partner: String,
        /// About whom; nobody in a failure.
        login: Option<String>,
        /// With which defect.
        defect: Option<Defect>,
    },
    /// A request was answered with an error page.
    Refused {
        /// What was wrong with the request.
        reason: Reason,
    },
}

/// In words, for whoever reads the control page.
impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested { partner, id, force_authn, signed } => {
                let how = if *signed { "a signed" } else { "an unsigned" };
                write!(f, "{how} request of {partner}, {id}")?;
                if *force_authn { f.write_str(", with a new sign-in") } else { Ok(()) }
            }
            Self::Issued { partner, login, defect } => {
                match login {
                    Some(login) => write!(f, "a Response for {partner} about {login}")?,
                    None => write!(f, "a Response for {partner} about nobody")?,
                }
                defect.map_or(Ok(()), |defect| write!(f, ", with the defect {}", defect.as_str()))
            }
            Self::Refused { reason } => write!(f, "refused with an error page: {reason}"),
        }
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) people: Vec<Person>,
    pub(super) partners: Vec<SpConnection>,
    pub(super) rotation: Rotation,
    pub(super) sessions: HashMap<String, Session>,
    pub(super) waiting: HashMap<String, Waiting>,
    pub(super) previous: HashMap<String, String>,
    pub(super) defects: VecDeque<Defect>,
    pub(super) always: Option<String>,
    pub(super) published: Option<Published>,
    pub(super) events: Vec<Event>,
}

impl State {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            people: config.people.clone(),
            partners: config.partners.clone(),
            rotation: Rotation::default(),
            sessions: HashMap::new(),
            waiting: HashMap::new(),
            previous: HashMap::new(),
            defects: VecDeque::new(),
            always: None,
            published: None,
            events: Vec::new(),
        }
    }

    pub(super) fn person(&self, login: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.login == login)
    }

    pub(super) fn partner(&self, entity_id: &str) -> Option<&SpConnection> {
        self.partners.iter().find(|partner| partner.entity_id == entity_id)
    }

    /// Adds a partner, or replaces the one with this entity id.
    pub(super) fn register(&mut self, partner: SpConnection) {
        self.partners.retain(|known| known.entity_id != partner.entity_id);
        self.partners.push(partner);
    }
}
