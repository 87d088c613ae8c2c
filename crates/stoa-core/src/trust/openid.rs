//! An OpenID provider's key set and description at one look.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::event::{Event, EventKind};
use super::provider::DiscoveryError;
use super::unread::Unread;
use super::watch::Watch;
use crate::connection::ProviderDocument;
use crate::oidc::Jwks;
use crate::quote::quote;

/// What one look found.
pub struct ProviderReading<'a> {
    /// The key set.
    pub keys: Result<Jwks, Unread>,
    /// The discovery document, where the connection has one to hold it against.
    pub description: Option<(&'a ProviderDocument, Result<ProviderDocument, Unread>)>,
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
            failure = Some(why.to_string());
            false
        }
    };
    match reading.description {
        None => {}
        Some((known, Ok(found))) => watch.drift(differing(known, &found), &mut events),
        // Somebody else's document is a change, not a failure.
        Some((_, Err(Unread::Description(error @ DiscoveryError::Issuer(_))))) => {
            watch.drift(Some(error.to_string()), &mut events);
        }
        Some((_, Err(why))) => failure = failure.or_else(|| Some(why.to_string())),
    }
    match failure {
        None => watch.succeed(now),
        Some(why) => watch.fail(&why, now, &mut events),
    }
    ProviderDecision { watch, replace, events }
}

type Contents<'a> = BTreeSet<(&'a str, String)>;

fn changed(stored: &Jwks, keys: &Jwks) -> Option<Event> {
    let (old, new) = (stored.contents(), keys.contents());
    let only_in = |these: &Contents<'_>, those: &Contents<'_>| {
        these.difference(those).map(|(id, _)| *id).collect::<Vec<_>>().join(", ")
    };
    let (came, went) = (only_in(&new, &old), only_in(&old, &new));
    if came.is_empty() && went.is_empty() {
        return None;
    }
    let detail = quote(&format!("new: {came}; gone: {went}"));
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    type Change = fn(&mut ProviderDocument);

    /// RFC 7517 appendix A.1, under another name each time.
    fn keys(ids: &[&str]) -> Jwks {
        let key = |id: &&str| {
            serde_json::json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "kid": id,
                "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
                "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
            })
        };
        let set = serde_json::json!({ "keys": ids.iter().map(key).collect::<Vec<_>>() });
        Jwks::parse(&set.to_string()).unwrap()
    }

    fn description(token: &str) -> ProviderDocument {
        let at = |path: &str| format!("https://idp.example/{path}");
        ProviderDocument {
            authorization_endpoint: at("authorize"),
            token_endpoint: at(token),
            userinfo_endpoint: None,
            jwks_uri: at("keys"),
            response_iss: false,
        }
    }

    fn look(watch: Watch, reading: ProviderReading<'_>) -> (Watch, bool, Vec<&'static str>) {
        let decision = decide_provider(Some(&keys(&["a"])), watch, reading, Timestamp::UNIX_EPOCH);
        let codes = decision.events.iter().map(|event| event.kind.code()).collect();
        (decision.watch, decision.replace, codes)
    }

    fn not_text() -> Unread {
        Unread::NotUtf8 { url: "https://idp.example/keys".to_owned() }
    }

    #[test]
    fn a_key_set_that_was_read_replaces_the_stored_one_and_another_keeps_it() {
        let of = |keys| ProviderReading { keys, description: None };
        let (_, replaces, events) = look(Watch::default(), of(Ok(keys(&["a"]))));
        assert!(replaces && events.is_empty());
        let (_, replaces, events) = look(Watch::default(), of(Ok(keys(&["a", "b"]))));
        assert!(replaces && events == ["jwks_changed"]);
        let (watch, replaces, events) = look(Watch::default(), of(Err(not_text())));
        assert!(!replaces && events == ["fetch_failed"]);
        assert_eq!(look(watch, of(Err(not_text()))).2, [""; 0]);
    }

    #[test]
    fn another_key_under_a_name_that_was_there_is_a_change() {
        // The point that everybody knows: the generator of P-256.
        let other = serde_json::json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "kid": "a",
            "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
        }] });
        let other = Jwks::parse(&other.to_string()).unwrap();
        let reading = ProviderReading { keys: Ok(other), description: None };
        let decision = decide_provider(Some(&keys(&["a"])), Watch::default(), reading, Timestamp::UNIX_EPOCH);
        let details: Vec<_> = decision.events.iter().map(|event| event.detail.as_deref()).collect();
        assert_eq!(details, [Some("new: a; gone: a")]);
    }

    #[test]
    fn c165_another_description_is_reported_once_and_an_unreadable_one_is_a_failure() {
        let known = description("token");
        let of = |found| ProviderReading { keys: Ok(keys(&["a"])), description: Some((&known, found)) };
        assert_eq!(look(Watch::default(), of(Ok(description("token")))).2, [""; 0]);
        let (watch, replaces, events) = look(Watch::default(), of(Ok(description("elsewhere"))));
        assert!(replaces && events == ["discovery_drift"]);
        assert_eq!(watch.drift.as_deref(), Some("token_endpoint"));
        assert_eq!(look(watch.clone(), of(Ok(description("elsewhere")))).2, [""; 0]);
        let changes: [(&str, Change); 4] = [
            ("authorization_endpoint", |to| to.authorization_endpoint.push('x')),
            ("userinfo_endpoint", |to| to.userinfo_endpoint = Some("https://idp.example/userinfo".into())),
            ("jwks_uri", |to| to.jwks_uri.push('x')),
            ("authorization_response_iss_parameter_supported", |to| to.response_iss = true),
        ];
        for (member, change) in changes {
            let mut other = description("token");
            change(&mut other);
            assert_eq!(look(Watch::default(), of(Ok(other))).0.drift.as_deref(), Some(member));
        }
        let issuer = || DiscoveryError::Issuer("https://other.example".into()).into();
        assert_eq!(look(watch, of(Err(issuer()))).2, ["discovery_drift"]);
        assert_eq!(
            look(Watch::default(), of(Err(DiscoveryError::Form(crate::published::PublishedError::Empty).into()))).2,
            ["fetch_failed"]
        );
    }
}
