//! A subscription to one topic.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A subscription to one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Thinkific's id.
    pub id: String,
    /// What it is told of.
    pub topic: String,
    /// Where that is sent.
    pub target_url: String,
    /// `active`, or what Thinkific makes of one that fails for long.
    pub status: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whether deliveries are signed: those of subscriptions that were made by hand may not be.
    pub is_signed: bool,
}

/// How a subscription was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Api,
    ByHand,
}

impl Subscription {
    pub(crate) fn new((topic, target_url): (&str, &str), number: u64, origin: Origin, now: Timestamp) -> Self {
        Self {
            id: format!("{}{number:06}", now.strftime("%Y%m%d%H%M%S%3f")),
            topic: topic.to_owned(),
            target_url: target_url.to_owned(),
            status: "active".to_owned(),
            created_at: now,
            updated_at: now,
            is_signed: origin == Origin::Api,
        }
    }
}
