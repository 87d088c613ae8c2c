//! An OpenID provider's key set and description at one look.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::event::{Event, EventKind};
use super::provider::DiscoveryError;
use super::watch::Watch;
use crate::connection::ProviderDocument;
use crate::oidc::Jwks;

/// What one look found. An `Err` says in words why nothing was read.
pub struct ProviderReading<'a> {
    /// The key set.
    pub keys: Result<Jwks, String>,
    /// The discovery document, where the connection has one to hold it against.
    pub description: Option<(&'a ProviderDocument, Result<ProviderDocument, DescriptionError>)>,
}

/// Why there is no description.
pub enum DescriptionError {
    /// It could not be fetched, or is none.
    Unread(String),
    /// It is somebody else's, or names its issuer otherwise.
    Issuer(String),
}

impl From<DiscoveryError> for DescriptionError {
    fn from(error: DiscoveryError) -> Self {
        match error {
            DiscoveryError::Issuer(_) => Self::Issuer(error.to_string()),
            DiscoveryError::Form => Self::Unread(error.to_string()),
        }
    }
}

/// What follows from a look.
#[derive(Debug)]
pub struct ProviderDecision {
    /// What has been seen from now on.
    pub watch: Watch,
    /// Whether the key set replaces the stored one: it does whenever it could be read.
    pub replace: bool,
    /// What somebody should know.
    pub events: Vec<Event>,
}

/// Holds what was found against what is stored. The key set is the provider's to change; the connection is not.
pub fn decide_provider(
    stored: Option<&Jwks>,
    mut watch: Watch,
    reading: ProviderReading<'_>,
    now: Timestamp,
) -> ProviderDecision {
    let (mut events, mut failure) = (Vec::new(), None);
    let replace = match &reading.keys {
        Ok(keys) => {
            events.extend(stored.and_then(|stored| changed(stored, keys)));
            true
        }
        Err(why) => {
            failure = Some(why.clone());
            false
        }
    };
    match reading.description {
        None => {}
        Some((known, Ok(found))) => watch.drift(differing(known, &found), &mut events),
        Some((_, Err(DescriptionError::Issuer(text)))) => watch.drift(Some(text), &mut events),
        Some((_, Err(DescriptionError::Unread(why)))) => failure = failure.or(Some(why)),
    }
    match failure {
        None => watch.succeed(now),
        Some(why) => watch.fail(&why, now, &mut events),
    }
    ProviderDecision { watch, replace, events }
}

fn changed(stored: &Jwks, keys: &Jwks) -> Option<Event> {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (stored.key_ids().collect(), keys.key_ids().collect());
    let list = |ids: &mut dyn Iterator<Item = &&str>| ids.copied().collect::<Vec<_>>().join(", ");
    let (came, went) = (list(&mut new.difference(&old)), list(&mut old.difference(&new)));
    if came.is_empty() && went.is_empty() {
        return None;
    }
    let detail = super::watch::short(&format!("new: {came}; gone: {went}"));
    Some(Event::noted(EventKind::JwksChanged, detail))
}

/// The members that differ, by name.
fn differing(known: &ProviderDocument, found: &ProviderDocument) -> Option<String> {
    let members = [
        ("authorization_endpoint", known.authorization_endpoint == found.authorization_endpoint),
        ("token_endpoint", known.token_endpoint == found.token_endpoint),
        ("userinfo_endpoint", known.userinfo_endpoint == found.userinfo_endpoint),
        ("jwks_uri", known.jwks_uri == found.jwks_uri),
        ("authorization_response_iss_parameter_supported", known.response_iss == found.response_iss),
    ];
    let names: Vec<_> = members.iter().filter(|(_, same)| !same).map(|(name, _)| *name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
