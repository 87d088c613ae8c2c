//! What has been seen of a provider so far.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind, HeldChange};
use crate::quote::quote;

/// When a provider that cannot be read becomes an alarm.
const FAILING: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What has been seen of a provider so far: one item for each connection and kind of trust. Instants are epoch seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// The last fetch that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched: Option<i64>,
    /// The first fetch of those that have failed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<i64>,
    /// Fingerprints that were trusted until the metadata no longer had them, and when they were dropped. A signed
    /// document of an earlier time does not bring them back at once.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dropped: BTreeMap<String, i64>,
    /// How long the signed document that held longest was to hold: an earlier one is from an earlier time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<i64>,
    /// Why the last one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Whether the seven days were reported.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub failing_reported: bool,
    /// Keys that are published and not trusted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<WaitingKey>,
    /// Trusted keys that are published no longer, and since when.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, i64>,
    /// Keys that a person has removed: they may stand in the metadata for ever.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<String>,
    /// The change that waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Of each trusted key, the days left that were reported last.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub expiry: BTreeMap<String, u16>,
    /// How the provider describes itself otherwise than the connection has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<String>,
}

/// A key that is published and not trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingKey {
    /// Lower-case hex SHA-256 of the certificate.
    pub fingerprint: String,
    /// The certificate, base64 of its DER.
    pub certificate: String,
    /// Since when every fetch has had it. Absent: a held change came with it, and it waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

/// A change that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What would change.
    pub what: HeldChange,
    /// What the metadata says instead.
    pub got: String,
    /// Since when.
    pub since: i64,
}

/// Keys that a provider's metadata no longer had, and that are remembered: those dropped last.
const MAX_DROPPED: usize = 50;

impl Watch {
    /// Remembers that a key was dropped, and forgets the ones that were so before all others.
    pub(super) fn remember_dropped(&mut self, fingerprint: &str, now: Timestamp) {
        self.dropped.insert(fingerprint.to_owned(), now.as_second());
        while self.dropped.len() > MAX_DROPPED {
            let Some(first) = self.dropped.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone()) else { break };
            self.dropped.remove(&first);
        }
    }

    /// Whether the provider has been out of reach for seven days.
    pub fn is_failing(&self, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| now.as_second() - since >= FAILING.as_secs())
    }

    pub(super) fn succeed(&mut self, now: Timestamp) {
        self.fetched = Some(now.as_second());
        self.failing_since = None;
        self.failure = None;
        self.failing_reported = false;
    }

    pub(super) fn fail(&mut self, why: &str, now: Timestamp, events: &mut Vec<Event>) {
        let why = quote(why);
        if self.failing_since.is_none() {
            self.failing_since = Some(now.as_second());
            events.push(Event::noted(EventKind::FetchFailed, &*why));
        }
        if self.is_failing(now) && !self.failing_reported {
            self.failing_reported = true;
            events.push(Event::noted(EventKind::FetchFailing7Days, &*why));
        }
        self.failure = Some(why);
    }

    /// Reports a difference once.
    pub(super) fn drift(&mut self, found: Option<String>, events: &mut Vec<Event>) {
        let found = found.map(|text| quote(&text));
        if let Some(text) = &found
            && self.drift.as_ref() != Some(text)
        {
            events.push(Event::noted(EventKind::DiscoveryDrift, text.as_str()));
        }
        self.drift = found;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_s_own_text_is_kept_short_and_on_one_line() {
        let mut watch = Watch::default();
        watch.fail(&format!("a\r\n\u{1b}[31mb{}", "c".repeat(1000)), Timestamp::UNIX_EPOCH, &mut Vec::new());
        assert_eq!(watch.failure, Some(format!("a[31mb{}", "c".repeat(194))));
    }
}
