//! What is known, told from what is not.

use serde::{Deserialize, Serialize};

/// A piece of evidence, or why there is none. What is not known is never taken for absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// It is known.
    Seen(T),
    /// Nobody asked, for this reason.
    NotAsked(String),
    /// Whoever asked may not know: this was refused.
    NotAllowed(String),
    /// It was asked for, and there was no answer.
    NotAnswered(String),
}

impl<T> Known<T> {
    /// What is known.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(value) => Some(value),
            Self::NotAsked(_) | Self::NotAllowed(_) | Self::NotAnswered(_) => None,
        }
    }

    /// Why it is not known, as a clause.
    pub fn missing(&self) -> Option<String> {
        match self {
            Self::Seen(_) => None,
            Self::NotAsked(why) => Some(format!("not asked: {why}")),
            Self::NotAllowed(what) => Some(format!("not allowed: {what}")),
            Self::NotAnswered(why) => Some(format!("no answer: {why}")),
        }
    }

    /// The same about a part of it.
    pub fn map<U>(self, part: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Seen(value) => Known::Seen(part(value)),
            Self::NotAsked(why) => Known::NotAsked(why),
            Self::NotAllowed(what) => Known::NotAllowed(what),
            Self::NotAnswered(why) => Known::NotAnswered(why),
        }
    }
}
