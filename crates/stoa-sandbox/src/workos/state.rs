//! What the simulator remembers.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

use super::defect::Defect;
use super::directory::Directories;

/// A request that was not a browser's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// How it was answered.
    pub status: u16,
}

/// In which form the token endpoint answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// With everything that WorkOS's own crate requires.
    #[default]
    Whole,
    /// Without `token_type` and `expires_in`, which not every example of the documentation has, and without
    /// `raw_attributes`, which is being withdrawn.
    Short,
}

/// A login that waits for its person.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) connection: String,
    pub(super) redirect_uri: String,
    /// `None` in a login that the identity provider began.
    pub(super) state: Option<String>,
    /// The PKCE challenge (RFC 7636 §4.2).
    pub(super) challenge: Option<String>,
    pub(super) login_hint: Option<String>,
}

/// A code that was given out.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) connection: String,
    pub(super) idp_id: String,
    pub(super) challenge: Option<String>,
    pub(super) defect: Option<Defect>,
    pub(super) at: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// The first is the default.
    pub(super) redirect_uris: Vec<String>,
    pub(super) waiting: HashMap<String, Waiting>,
    pub(super) codes: HashMap<String, Code>,
    pub(super) defects: VecDeque<Defect>,
    pub(super) always: Option<String>,
    pub(super) answer: Answer,
    pub(super) calls: Vec<Call>,
    pub(super) directories: Directories,
}
