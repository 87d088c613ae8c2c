//! The item of a login: where it stands, what it holds, and how it begins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::binding::{LOGIN_SECONDS, TICKET_SECONDS};
use crate::destination::Destination;
use crate::fault::Fault;
use crate::ids::{Attempt, BindingHash, ConnectionId, EmailKey, ProofHash, Reference, TicketHash};

/// The format that this version writes. The one before is still read, since a deployment happens in mid-login.
pub const ITEM_VERSION: u8 = 1;
/// Steps kept in an item; later ones are dropped.
pub const MAX_STEPS: usize = 20;
/// Steps after which failures are noted no more, so that Verified, Launched and Returned still fit.
pub const MAX_NOTES: usize = MAX_STEPS - 3;
/// How long an ended login can be looked up.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// How long one that never got further is kept.
const STARTED_KEPT_SECONDS: i64 = 24 * 3600;

/// Where a login stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The browser has been sent to the identity provider.
    Started,
    /// The identity is proven and sealed under the ticket.
    Verified,
    /// The token was signed. Terminal.
    Launched,
    /// The identity provider's answer was refused. Terminal.
    Refused,
    /// The identity was proven, but the school's account could not be settled. Terminal.
    Failed,
    /// Thinkific sent the person back. Terminal.
    Returned,
}

impl State {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Verified => "verified",
            Self::Launched => "launched",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Returned => "returned",
        }
    }
}

/// One thing that happened to a login, for `stoa trace`. Attribute names are short: a write unit is a kilobyte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// When, in epoch milliseconds.
    pub t: i64,
    /// The function that wrote it.
    #[serde(rename = "f")]
    pub function: String,
    /// What happened.
    #[serde(rename = "s")]
    pub what: What,
    /// AWS request id of the invocation.
    #[serde(rename = "r")]
    pub request: String,
    /// Git revision and function version.
    #[serde(rename = "b")]
    pub build: String,
    /// What was wanted, where something was refused.
    #[serde(rename = "w", default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What came, unverified, where something was refused.
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub got: Option<String>,
}

/// What happened to a login, in one word of its item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// The browser was sent to the identity provider.
    Started,
    /// The identity was proven and sealed.
    Verified,
    /// The person came over from the Teams tab, and pressed "Continue".
    Continued,
    /// The person got a place in the school's line.
    Waiting,
    /// A school account that was nobody's became the person's.
    TakenOver,
    /// The person became known under the subject that they come with now.
    Moved,
    /// The token was signed.
    Launched,
    /// The test of an administrator ended well.
    Tested,
    /// It stopped, if only for this time: the fault's exact code.
    #[serde(untagged)]
    Stopped(Fault),
    /// A word of another version's.
    #[serde(untagged)]
    Unknown(String),
}

impl What {
    /// As stored. An unknown word may hold anything.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Started => "started",
            Self::Verified => "verified",
            Self::Continued => "continued",
            Self::Waiting => "waiting",
            Self::TakenOver => "takenover",
            Self::Moved => "moved",
            Self::Launched => "launched",
            Self::Tested => "tested",
            Self::Stopped(fault) => fault.code(),
            Self::Unknown(word) => word,
        }
    }

    /// The fault that stopped the login, if it did.
    pub const fn stopped(&self) -> Option<Fault> {
        match self {
            Self::Stopped(fault) => Some(*fault),
            Self::Started
            | Self::Verified
            | Self::Continued
            | Self::Waiting
            | Self::TakenOver
            | Self::Moved
            | Self::Launched
            | Self::Tested
            | Self::Unknown(_) => None,
        }
    }
}

/// A login's item in `logins`. It names nobody and unlocks nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginItem {
    /// What people quote, and the item's key.
    #[serde(rename = "pk")]
    pub reference: Reference,
    /// [`ITEM_VERSION`] of the writer.
    #[serde(rename = "v")]
    pub format: u8,
    /// Where it stands.
    pub state: State,
    /// Through which connection, and as of which of its versions.
    pub connection: ConnectionId,
    /// The connection's version when the login began; once the identity is proven, the one that it was proven under.
    #[serde(rename = "cv")]
    pub connection_version: u32,
    /// When it began, in epoch seconds.
    pub began: i64,
    /// Hash of the browser's secret. Of a login that began with its proof: of its ticket, or of the Teams tab's code.
    pub binding: BindingHash,
    /// Where the person wants to go; absent: the connection's default.
    #[serde(rename = "to", default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// Whether it can never reach the school.
    #[serde(default, skip_serializing_if = "is_false")]
    pub test: bool,
    /// Whether an administrator's test link began it: then its pages show what strangers must not see.
    #[serde(default, skip_serializing_if = "is_false")]
    pub show: bool,
    /// Whether it was begun because an earlier one had ended: then there is no third.
    #[serde(default, skip_serializing_if = "is_false")]
    pub again: bool,
    /// Whether the person must press "Continue" (unsolicited Responses).
    #[serde(default, skip_serializing_if = "is_false")]
    pub confirm: bool,
    /// The last writer's attempt.
    pub attempt: Attempt,
    /// Codes that the provider has been asked about. Gone once the identity is proven.
    #[serde(default, skip_serializing_if = "is_none")]
    pub tries: u8,
    /// Of the code that the provider is being asked about, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<ProofHash>,
    /// Until when nobody else may ask about that code, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<i64>,
    /// Of the assertion or the code.
    #[serde(rename = "assertion", default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofHash>,
    /// Of the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketHash>,
    /// The identity, encrypted under the ticket and the seal secret; base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// Which seal secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_key: Option<String>,
    /// When the ticket was made, in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<i64>,
    /// Until when the ticket counts although it is older, since its person waits in the school's line; in epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<i64>,
    /// The key of the proven person's e-mail address in the school, for `stoa logins --email`. Earlier versions of
    /// this format did not write it.
    #[serde(rename = "who", default, skip_serializing_if = "Option::is_none")]
    pub email_key: Option<EmailKey>,
    /// What happened.
    pub steps: Vec<Step>,
    /// When DynamoDB may clean it up, in epoch seconds. Decides nothing.
    pub ttl: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_none(count: &u8) -> bool {
    *count == 0
}

/// What `/login` knows when it begins a login.
pub struct Begin {
    /// Through which connection.
    pub connection: ConnectionId,
    /// The connection's version.
    pub version: u32,
    /// Hash of the browser's secret.
    pub binding: BindingHash,
    /// Where to.
    pub destination: Option<Destination>,
    /// Whether it can never reach the school.
    pub test: bool,
    /// Whether an administrator's test link began it.
    pub show: bool,
    /// Whether it follows one that had ended.
    pub again: bool,
}

/// An identity under seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The identity, encrypted under the ticket and the seal secret; unpadded base64url.
    pub identity: String,
    /// Which seal secret.
    pub key: String,
}

/// What a login holds, beside what it begins with, that begins with its proof.
pub struct ProofAtOnce {
    /// The writer's attempt.
    pub attempt: Attempt,
    /// Hash of the proof, where the same one must not be taken twice.
    pub proof: Option<ProofHash>,
    /// Hash of the ticket, where the browser has it from the start.
    pub ticket: Option<TicketHash>,
    /// The identity, under seal.
    pub seal: Seal,
    /// The key of the e-mail address.
    pub email_key: EmailKey,
    /// Whether the person must press "Continue".
    pub confirm: bool,
}

impl LoginItem {
    /// The item of a login that begins.
    pub fn begin(reference: Reference, begin: Begin, attempt: Attempt, step: Step, now: Timestamp) -> Self {
        Self {
            reference,
            format: ITEM_VERSION,
            state: State::Started,
            connection: begin.connection,
            connection_version: begin.version,
            began: now.as_second(),
            binding: begin.binding,
            destination: begin.destination,
            test: begin.test,
            show: begin.show,
            again: begin.again,
            confirm: false,
            attempt,
            tries: 0,
            asked: None,
            asking: None,
            proof: None,
            ticket: None,
            sealed: None,
            seal_key: None,
            verified: None,
            waits: None,
            email_key: None,
            steps: vec![step],
            ttl: now.as_second() + STARTED_KEPT_SECONDS,
        }
    }

    /// The item of a login that begins with its proof, and so in Verified: nobody was sent to an identity provider.
    pub fn begin_proven(reference: Reference, begin: Begin, proof: ProofAtOnce, step: Step, now: Timestamp) -> Self {
        Self {
            state: State::Verified,
            confirm: proof.confirm,
            proof: proof.proof,
            ticket: proof.ticket,
            sealed: Some(proof.seal.identity),
            seal_key: Some(proof.seal.key),
            verified: Some(now.as_second()),
            email_key: Some(proof.email_key),
            ttl: kept_until(now),
            ..Self::begin(reference, begin, proof.attempt, step, now)
        }
    }

    /// Whether the login is too old to be answered.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.as_second() - self.began > LOGIN_SECONDS
    }

    /// Whether its ticket is too old to be redeemed.
    pub fn is_ticket_expired(&self, now: Timestamp) -> bool {
        let is_old = self.verified.is_none_or(|made| now.as_second() - made > TICKET_SECONDS);
        is_old && self.waits.is_none_or(|until| now.as_second() > until)
    }
}

/// The TTL of an item that has got further than Started.
pub fn kept_until(now: Timestamp) -> i64 {
    now.as_second() + KEPT_SECONDS
}
