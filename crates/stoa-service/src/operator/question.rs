//! What the command asks the function `operator`, and what that answers, as JSON.
//!
//! The function does what needs the pepper or a school's key: the command reads no secret. Questions hold addresses and subjects, so they
//! have no `Debug`; answers hold neither.

use std::time::Duration;

use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use serde::{Deserialize, Serialize};
use stoa_core::diagnosis::Looked;
use stoa_core::directory::{KeyHash, TokenHash};
use stoa_core::ids::{ConnectionId, CourseId, CustomerId, EmailKey, PersonKey, Reference, SchoolId};
use stoa_core::rehearsal::{self, Finding, TestDomain};
use stoa_core::thinkific::Course;

use super::{Answerer, OperatorError, StackAccess};

/// The most logins that one question can ask for.
pub(crate) const MOST_LOGINS: u16 = 100;

/// As long as a question may take that is answered from what is stored, or by a call or two.
const ATTEMPT: Duration = Duration::from_secs(10);

/// The same of a question of a rehearsal.
const REHEARSAL: Duration = Duration::from_secs(30);

/// A question.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Question {
    /// The newest proven logins of an address.
    FindLogins {
        /// In which school.
        school: SchoolId,
        /// The address, as on-call typed it.
        email: String,
        /// Begun then or later, in epoch seconds.
        since: i64,
        /// How many, up to [`MOST_LOGINS`].
        limit: u16,
    },
    /// The key of a person.
    FindPerson {
        /// In which school.
        school: SchoolId,
        /// The customer whose people are looked through.
        customer: CustomerId,
        /// How on-call names the person.
        named: Named,
    },
    /// A live look at the school behind a connection, and the logins of an address by its key.
    Look {
        /// Through which connection.
        connection: ConnectionId,
        /// The key of the proven address, where a login has one.
        who: Option<EmailKey>,
    },
    /// What a school is asked to tell.
    Webhooks {
        /// Which school.
        school: SchoolId,
        /// Whether what is missing is asked for, and what is too much ended.
        write: bool,
    },
    /// Which courses and groups a school has.
    Catalogue {
        /// Which school.
        school: SchoolId,
    },
    /// By what groups of a directory are found.
    HashGroups {
        /// Of which connection.
        connection: ConnectionId,
        /// Their names, as the connection's file has them.
        names: Vec<String>,
    },
    /// What a school does that is not documented.
    Rehearse {
        /// Which school.
        school: SchoolId,
        /// What is asked.
        scene: Scene,
    },
    /// What is stored of a bearer token.
    HashScimToken {
        /// Of which connection.
        connection: ConnectionId,
        /// As it was made.
        token: String,
    },
}

/// One question of a rehearsal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// What is asked.
    pub question: rehearsal::Question,
    /// The domain of the people who are made for it.
    pub domain: TestDomain,
    /// The course that they are enrolled in; the first that the school lists, if none is named.
    #[serde(default)]
    pub course: Option<CourseId>,
    /// Nothing is asked; whoever an earlier rehearsal left is removed.
    #[serde(default)]
    pub only_clears: bool,
}

/// What came of one question of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsed {
    /// The answer, if anything was asked.
    pub finding: Option<Finding>,
    /// How many calls it took of those that the school allows in a minute.
    pub calls: u32,
    /// How many people were removed, before and after.
    pub removed: u32,
}

/// What a person is known by.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// The address that is theirs in the school.
    Email(String),
    /// The stable subject, as the identity provider names them.
    Subject(String),
}

impl Question {
    /// What is asked, as it stands in the JSON and in the log.
    pub(crate) const KNOWN: [&str; 8] =
        ["find_logins", "find_person", "hash_scim_token", "webhooks", "look", "rehearse", "catalogue", "hash_groups"];

    /// Its name.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::FindLogins { .. } => Self::KNOWN[0],
            Self::FindPerson { .. } => Self::KNOWN[1],
            Self::HashScimToken { .. } => Self::KNOWN[2],
            Self::Look { .. } => Self::KNOWN[4],
            Self::Webhooks { .. } => Self::KNOWN[3],
            Self::Rehearse { .. } => Self::KNOWN[5],
            Self::Catalogue { .. } => Self::KNOWN[6],
            Self::HashGroups { .. } => Self::KNOWN[7],
        }
    }
}

/// Who is meant, in the keys of the directory.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Meant {
    /// The person's key in `directory`.
    pub(crate) person: PersonKey,
    /// The address, where that was asked for.
    pub(crate) email: Option<EmailKey>,
}

/// What becomes of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Becomes {
    /// It is as it should be.
    Kept,
    /// It is at our address, and not active, one too many, or of no use.
    Removed,
    /// It is missing.
    Created,
    /// It leads elsewhere.
    Left,
}

/// A subscription of a school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// What becomes of it.
    pub becomes: Becomes,
    /// What it tells of.
    pub topic: String,
    /// Where that is sent.
    pub target_url: String,
}

/// The courses and groups of a school.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// Its courses, without those of Thinkific's new course builder.
    pub courses: Vec<Course>,
    /// The names of its groups.
    pub groups: Vec<String>,
    /// Whether these are all: a school may have more than are read.
    pub is_whole: bool,
}

/// An answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The logins, newest first.
    Logins(Vec<Reference>),
    /// The person, where the directory knows one.
    Person(Option<Meant>),
    /// What was seen.
    Looked(Box<Looked>),
    /// The subscriptions of a school, and what becomes of them.
    Webhooks(Vec<Told>),
    /// What a school has.
    Catalogue(Catalogue),
    /// By what the groups are found, in the order in which they were asked for.
    GroupHashes(Vec<KeyHash>),
    /// What a school did.
    Rehearsed(Rehearsed),
    /// What is stored of the token.
    ScimTokenHash(TokenHash),
    /// It could not be answered.
    Refused {
        /// The fault's code.
        fault: String,
        /// What the function noted for on-call.
        detail: Option<String>,
    },
    /// The function's version knows these questions only.
    NotUnderstood {
        /// Their names.
        known: Vec<String>,
        /// For whoever invokes it by hand. An earlier version says nothing.
        #[serde(default)]
        expected: String,
    },
}

impl Reply {
    /// What the function knows, and where questions are to be had.
    pub(crate) fn not_understood() -> Self {
        let expected = "operator answers the questions of `stoa connection plan`, `stoa doctor`, `stoa logins --email`, \
                        `stoa person`, `stoa scim token`, `stoa school rehearse`, `stoa thinkific`, `stoa trace` and \
                        `stoa why`, each an object with the question's name as its one member. events/operator/ has some.";
        Self::NotUnderstood { known: Question::KNOWN.map(str::to_owned).to_vec(), expected: expected.to_owned() }
    }
}

/// The function may have to start, and to wait for a school that is slow.
fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(2 * ATTEMPT).build();
    Builder::default().timeout_config(timeouts)
}

/// A question of a rehearsal takes a dozen calls of the school. Asked twice at a time, it would meet its own people.
fn once() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(REHEARSAL).operation_timeout(REHEARSAL).build();
    Builder::default().timeout_config(timeouts).retry_config(RetryConfig::disabled())
}

impl StackAccess {
    /// Asks the function. It only reads, or does what done twice is done once, so a question may be sent twice.
    pub(super) async fn ask(&self, question: &Question) -> Result<Reply, OperatorError> {
        self.ask_with(question, patient()).await
    }

    /// Asks the function what must not be asked twice at a time.
    pub(super) async fn ask_once(&self, question: &Question) -> Result<Reply, OperatorError> {
        self.ask_with(question, once()).await
    }

    async fn ask_with(&self, question: &Question, config: Builder) -> Result<Reply, OperatorError> {
        let payload = serde_json::to_vec(question).map_err(|_| OperatorError::Unformed)?;
        let answer = self.invoke(&self.names.operator, payload, (Answerer::Operator, config)).await?;
        match serde_json::from_slice(&answer) {
            Ok(Reply::Refused { fault, detail }) => {
                Err(OperatorError::Refused { who: Answerer::Operator, fault, detail })
            }
            Ok(Reply::NotUnderstood { known, .. }) => {
                Err(OperatorError::NotUnderstood { who: Answerer::Operator, known: known.join(", ") })
            }
            Ok(reply) => Ok(reply),
            Err(_) => Err(OperatorError::Answer(Answerer::Operator)),
        }
    }
    /// What a function answers to an event. `who` it is, for whoever reads an error; and how long it is waited for.
    pub(super) async fn invoke(
        &self,
        function: &str,
        payload: Vec<u8>,
        (who, patience): (Answerer, Builder),
    ) -> Result<Vec<u8>, OperatorError> {
        if function.is_empty() {
            return Err(OperatorError::FunctionUnnamed(who));
        }
        let invoked = self.lambda.invoke().function_name(function).payload(Blob::new(payload));
        let answer = invoked.customize().config_override(patience).send().await;
        let answer = answer.map_err(|error| OperatorError::aws(who.asked(), &error))?;
        if let Some(kind) = answer.function_error() {
            return Err(OperatorError::Function { who, kind: kind.to_owned() });
        }
        Ok(answer.payload().map(|payload| payload.as_ref().to_vec()).unwrap_or_default())
    }
}
