//! A SAML provider's metadata at one look: which keys are trusted from now on.

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use stoa_saml::Certificate;
use stoa_saml::metadata::{Binding, IdpMetadata, MetadataError, parse, parse_signed};
use url::Url;

use super::event::{Event, EventKind, HeldChange};
use super::unread::Unread;
use super::watch::{Held, WaitingKey, Watch};
use crate::connection::IdpDocument;
use crate::quote::quote;

/// How long every fetch must have a new key before it is trusted with nobody's approval.
pub const WAIT: SignedDuration = SignedDuration::from_hours(72);
/// How long every fetch must lack a trusted key before it is dropped.
pub const GONE: SignedDuration = SignedDuration::from_hours(72);
/// A longer time without a look is a time in which anything may have stood there: both waits begin again.
const MAX_GAP: SignedDuration = SignedDuration::from_hours(24);
/// Keys of one provider, trusted and waiting. The verifier takes twenty.
pub const MAX_KEYS: usize = 10;
/// The largest metadata that is read: the bound of its reader.
pub const MAX_METADATA: usize = 4 * 1024 * 1024;
/// The days left at which a certificate's end is reported.
const EXPIRY_DAYS: [u16; 5] = [1, 7, 14, 30, 60];

/// What a connection believes of its provider.
#[derive(Clone, Copy, Debug)]
pub struct Believed<'a> {
    /// From the connection.
    pub idp: &'a IdpDocument,
    /// From the `trust` table.
    pub keys: &'a [TrustedKey],
}

/// A key that is trusted now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey {
    /// Lower-case hex SHA-256 of the certificate.
    pub fingerprint: String,
    /// The certificate's end.
    pub not_after: Timestamp,
    /// Whether a person added it by hand: the metadata does not take it away.
    pub is_kept: bool,
}

/// What one look found.
#[derive(Debug)]
pub enum Reading {
    /// Metadata of the provider; signed by a pinned certificate or not.
    Metadata(Box<IdpMetadata>, bool),
    /// Metadata that only a person may let through, and what it says instead.
    Held(HeldChange, String),
    /// Nothing that could be read, and why.
    Failed(Unread),
    /// The connection names no address, so only the certificates' ends are looked at.
    NotPublished,
}

/// Reads metadata (saml-metadata-2.0-os): of the provider with this entity id, or of the only one. Where certificates
/// are pinned, one of them must have signed it.
pub fn read_metadata(
    xml: &[u8],
    entity_id: Option<&str>,
    pinned: Option<&[Certificate]>,
    now: Timestamp,
) -> Result<IdpMetadata, MetadataError> {
    match pinned {
        Some(pinned) => parse_signed(xml, entity_id, pinned, now),
        None => parse(xml, entity_id, now),
    }
}

/// Reads what was fetched. The provider is chosen by its entity id and by nothing else.
pub fn read(xml: &[u8], entity_id: &str, pinned: &[Certificate], now: Timestamp) -> Reading {
    let is_pinned = !pinned.is_empty();
    let read = |entity_id: Option<&str>| read_metadata(xml, entity_id, is_pinned.then_some(pinned), now);
    match read(Some(entity_id)) {
        Ok(metadata) => Reading::Metadata(Box::new(metadata), is_pinned),
        // A single other provider is this one under another name, or an attack.
        Err(MetadataError::NoIdentityProvider) => match read(None) {
            Ok(other) => Reading::Held(HeldChange::EntityId, quote(&other.entity_id)),
            Err(error) => Reading::Failed(error.into()),
        },
        // Good but for the signature: somebody has stopped signing, or somebody else has written it.
        Err(MetadataError::Refused(refusal)) if is_pinned && parse(xml, Some(entity_id), now).is_ok() => {
            Reading::Held(HeldChange::Unsigned, refusal.code.as_str().to_owned())
        }
        Err(error) => Reading::Failed(error.into()),
    }
}

/// What follows from a look.
#[derive(Debug, Default)]
pub struct Decision {
    /// What has been seen from now on.
    pub watch: Watch,
    /// Certificates that are trusted from now on.
    pub trust: Vec<Certificate>,
    /// Fingerprints that are trusted no longer. A key that is trusted and published remains.
    pub drop: Vec<String>,
    /// What somebody should know.
    pub events: Vec<Event>,
}

/// Holds what was found against what is believed.
pub fn decide(believed: Believed<'_>, watch: Watch, reading: Reading, now: Timestamp) -> Decision {
    let mut decision = Decision { watch, ..Decision::default() };
    match reading {
        Reading::NotPublished => {}
        Reading::Failed(why) => decision.watch.fail(&why.to_string(), now, &mut decision.events),
        Reading::Held(what, got) => decision.hold(what, got, &[], now),
        Reading::Metadata(metadata, is_signed) => {
            let word = Word::of(&metadata, is_signed, &decision.watch, now);
            match reason_to_hold(believed, &metadata, word) {
                Some((what, got)) => {
                    let unknown: Vec<_> = decision.unknown(believed, &metadata).cloned().collect();
                    decision.hold(what, got, &unknown, now);
                }
                None => decision.follow(believed, &metadata, word, now),
            }
        }
    }
    decision.report_expiry(believed, now);
    decision
}

/// Whose word a document is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// That of whoever answers at its address.
    Address,
    /// A pinned certificate's, at some time: whoever answers may have kept the document.
    Sometime,
    /// A pinned certificate's, of now: it says how long it holds (saml-metadata-2.0-os §2.3.1), that time is not over, and
    /// none that held as long has been seen: of two with one end, nobody can say which is the later.
    Current,
}

impl Word {
    fn of(metadata: &IdpMetadata, is_signed: bool, watch: &Watch, now: Timestamp) -> Self {
        match (is_signed, metadata.valid_until) {
            (false, _) => Self::Address,
            (true, Some(end)) if end > now && watch.valid_until.is_none_or(|last| end.as_second() > last) => {
                Self::Current
            }
            (true, _) => Self::Sometime,
        }
    }
}

impl Believed<'_> {
    fn trusts(&self, key: &Certificate) -> bool {
        self.keys.iter().any(|trusted| trusted.fingerprint == key.fingerprint())
    }
}

fn reason_to_hold(believed: Believed<'_>, metadata: &IdpMetadata, word: Word) -> Option<(HeldChange, String)> {
    if let Some(endpoint) = strange_endpoint(believed.idp, metadata, word != Word::Address) {
        return Some((HeldChange::Endpoint, quote(endpoint)));
    }
    let fingerprints = || metadata.signing.iter().map(Certificate::fingerprint);
    if word != Word::Current && !metadata.signing.iter().any(|key| believed.trusts(key)) {
        return Some((HeldChange::AllKeys, quote(&fingerprints().collect::<Vec<_>>().join(", "))));
    }
    let all: HashSet<_> = believed.keys.iter().map(|key| key.fingerprint.as_str()).chain(fingerprints()).collect();
    (all.len() > MAX_KEYS).then(|| (HeldChange::TooManyKeys, all.len().to_string()))
}

/// An address that lost its https, or moved to another host with nobody's signature.
fn strange_endpoint<'m>(idp: &IdpDocument, metadata: &'m IdpMetadata, is_signed: bool) -> Option<&'m str> {
    let known = |binding| match binding {
        Binding::Redirect => idp.sso_redirect.as_deref(),
        Binding::Post => idp.sso_post.as_deref(),
    };
    let is_strange = |binding, location: &str| {
        let Some(known) = known(binding).and_then(|url| Url::parse(url).ok()) else { return false };
        let Ok(found) = Url::parse(location) else { return true };
        found.scheme() != known.scheme() || (!is_signed && found.origin() != known.origin())
    };
    let strange = metadata.sso.iter().find(|endpoint| is_strange(endpoint.binding, &endpoint.location));
    strange.map(|endpoint| endpoint.location.as_str())
}

impl Decision {
    /// Published keys that are neither trusted nor removed by a person.
    fn unknown<'m>(&self, believed: Believed<'_>, metadata: &'m IdpMetadata) -> impl Iterator<Item = &'m Certificate> {
        metadata
            .signing
            .iter()
            .filter(move |key| !believed.trusts(key) && !self.watch.refused.contains(key.fingerprint()))
    }

    /// Nothing changes. The unknown keys are kept for whoever approves them, and no key's wait goes on: what stood
    /// beside the change counts neither for a key nor against one.
    fn hold(&mut self, what: HeldChange, got: String, unknown: &[Certificate], now: Timestamp) {
        let is_known = self.watch.held.as_ref().is_some_and(|held| held.what == what && held.got == got);
        if !is_known {
            self.events.push(Event::noted(EventKind::ChangeHeld, format!("{}: {got}", what.as_str())));
            self.watch.held = Some(Held { what, got, since: now.as_second() });
        }
        self.watch.succeed(now);
        self.watch.waiting = unknown.iter().take(MAX_KEYS).map(|key| waiting(key, None)).collect();
        self.watch.missing.clear();
    }

    fn follow(&mut self, believed: Believed<'_>, metadata: &IdpMetadata, word: Word, now: Timestamp) {
        let last = self.watch.fetched;
        // A look in the future was a wrong clock's, and so is what has waited since.
        let is_unbroken = last.is_some_and(|last| (now.as_second() - last).abs() <= MAX_GAP.as_secs());
        self.watch.held = None;
        self.watch.succeed(now);
        if word == Word::Current {
            self.watch.valid_until = metadata.valid_until.map(Timestamp::as_second);
        }
        self.watch.drift(differing(believed.idp, metadata), &mut self.events);
        let before = std::mem::take(&mut self.watch.waiting);
        let unknown: Vec<_> = self.unknown(believed, metadata).collect();
        for key in unknown {
            let waits = before.iter().find(|waiting| waiting.fingerprint == key.fingerprint());
            // A document of last year's is signed, too: what was dropped has to wait, or for a person.
            if word == Word::Current && !self.watch.dropped.contains_key(key.fingerprint()) {
                self.trust(key, "a pinned certificate signed the metadata");
                continue;
            }
            let since = waits.and_then(|waiting| waiting.since);
            match since.filter(|_| is_unbroken) {
                Some(since) if now.as_second() - since >= WAIT.as_secs() => {
                    self.trust(key, "every fetch in 72 hours had it");
                }
                Some(since) => self.watch.waiting.push(waiting(key, Some(since))),
                None => {
                    if since.is_none() {
                        self.events.push(Event::of_key(
                            EventKind::KeyAnnounced,
                            key.fingerprint(),
                            Some(key.subject()),
                        ));
                    }
                    self.watch.waiting.push(waiting(key, Some(now.as_second())));
                }
            }
        }
        let published: BTreeSet<_> = metadata.signing.iter().map(Certificate::fingerprint).collect();
        for gone in before.iter().filter(|waiting| !published.contains(waiting.fingerprint.as_str())) {
            self.events.push(Event::of_key(EventKind::KeyWithdrawn, &gone.fingerprint, None));
        }
        self.drop_missing(believed, &published, is_unbroken, now);
    }

    fn trust(&mut self, key: &Certificate, why: &str) {
        self.events.push(Event::of_key(EventKind::KeyTrusted, key.fingerprint(), Some(why)));
        self.trust.push(key.clone());
    }

    /// Metadata with none of the trusted keys is held before it comes to this, or brings new ones under a current
    /// signature. Whatever it says, one key remains.
    fn drop_missing(&mut self, believed: Believed<'_>, published: &BTreeSet<&str>, is_unbroken: bool, now: Timestamp) {
        let before = std::mem::take(&mut self.watch.missing);
        for TrustedKey { fingerprint, is_kept, .. } in believed.keys {
            if *is_kept || published.contains(fingerprint.as_str()) {
                continue;
            }
            let since = before.get(fingerprint).copied();
            if since.is_none() {
                self.events.push(Event::of_key(EventKind::KeyMissing, fingerprint, None));
            }
            let since = since.filter(|_| is_unbroken).unwrap_or(now.as_second());
            let is_last = believed.keys.len() + self.trust.len() - self.drop.len() == 1;
            if now.as_second() - since >= GONE.as_secs() && !is_last {
                self.events.push(Event::of_key(EventKind::KeyDropped, fingerprint, None));
                self.drop.push(fingerprint.clone());
                self.watch.remember_dropped(fingerprint, now);
            } else {
                self.watch.missing.insert(fingerprint.clone(), since);
            }
        }
    }

    /// An expired certificate still verifies, but its owner is about to replace it.
    fn report_expiry(&mut self, believed: Believed<'_>, now: Timestamp) {
        let before = std::mem::take(&mut self.watch.expiry);
        let kept = believed.keys.iter().filter(|key| !self.drop.contains(&key.fingerprint));
        let keys = kept
            .map(|key| (key.fingerprint.as_str(), key.not_after))
            .chain(self.trust.iter().map(|key| (key.fingerprint(), key.not_after())));
        let keys: Vec<_> = keys.collect();
        let latest = keys.iter().map(|(_, end)| *end).max();
        for (fingerprint, end) in keys {
            let left = days_until(end, now);
            let Some(days) = EXPIRY_DAYS.into_iter().find(|days| left <= i64::from(*days)) else { continue };
            if before.get(fingerprint).is_none_or(|reported| days < *reported) {
                let detail = if Some(end) == latest {
                    "no other trusted key is valid longer"
                } else {
                    "another trusted key is valid longer"
                };
                let event = Event::of_key(EventKind::KeyExpiresIn, fingerprint, Some(detail));
                self.events.push(Event { days: Some(days), ..event });
            }
            self.watch.expiry.insert(fingerprint.to_owned(), days);
        }
    }
}

/// How many days are left of a certificate, on the days on which that is told; none once it has ended, which still verifies
/// and must not hide for ever the next one that ends.
pub fn expiry_step(end: Timestamp, now: Timestamp) -> Option<u16> {
    let left = days_until(end, now);
    EXPIRY_DAYS.into_iter().find(|days| left == i64::from(*days))
}

/// Whole days, rounded up; not positive once it is over.
pub fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    (end.as_second() - now.as_second() + 86_399).div_euclid(86_400)
}

fn waiting(key: &Certificate, since: Option<i64>) -> WaitingKey {
    WaitingKey { fingerprint: key.fingerprint().to_owned(), certificate: STANDARD.encode(key.der()), since }
}

/// The endpoints that the connection has otherwise.
fn differing(idp: &IdpDocument, metadata: &IdpMetadata) -> Option<String> {
    let published = |binding| metadata.sso.iter().find(|endpoint| endpoint.binding == binding);
    let is_same = |binding, known: &Option<String>| published(binding).map(|found| &found.location) == known.as_ref();
    let members = [
        ("SingleSignOnService by Redirect", is_same(Binding::Redirect, &idp.sso_redirect)),
        ("SingleSignOnService by POST", is_same(Binding::Post, &idp.sso_post)),
    ];
    let names: Vec<_> = members.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests;
