//! Once an hour: what every identity provider publishes, held against what its connection believes.
//!
//! Connections are not written here, whatever a provider says. One bad connection stops no other, and two runs at once
//! or a run that breaks off change nothing that the next one would not see.
//!
//! A run goes round as far as its time reaches, and the next one goes on there. What was out of reach the last time is
//! looked at after the others, in a quarter of the time that is kept for it: neither can starve the other. A run takes
//! connections on before it looks at them, a few at a time, so that one that breaks it off is not met first by the next.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::connection::{Connection, ConnectionState, Oidc, Protocol, ProviderDocument, Saml, Source};
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;
use stoa_core::oidc::{Jwks, MAX_JWKS};
use stoa_core::trust::{
    Believed, Decision, Event, EventKind, MAX_DISCOVERY, MAX_METADATA, ProviderReading, Reading, Unread, Watch, decide,
    decide_provider, discovery_url, expiry_step, parse_discovery, read,
};
use stoa_saml::Certificate;

use crate::clients::Clients;
use crate::egress::Limits;
use crate::log_line::Head;
use crate::store::{KeySet, KeySource, Place, WatchOver, Watched, pinned, trusted};
use crate::trust_log::{RunLine, Seen, TrustLine};

/// How long a run begins with new connections. What is left until Lambda ends it, at 900 s, is for those under way.
const RUN: Duration = Duration::from_secs(780);
/// Nobody waits, and some providers are slow.
const PATIENCE: Duration = Duration::from_secs(10);
/// Of a run's time, what one provider that does not answer may take at most.
const PATIENT: u32 = 30;
/// Connections looked at side by side, and taken on in one write: each may hold a whole metadata in memory.
const AT_ONCE: usize = 8;

/// Looks at every connection, several side by side. An event may say how long (`seconds`), for whoever runs it by hand.
pub async fn trust_refresh(clients: &Clients, event: Value, request: &str) -> Result<Value, Failure> {
    let seconds = event.get("seconds").and_then(Value::as_u64);
    let time = seconds.map_or(RUN, Duration::from_secs).min(RUN);
    let run = Run { clients, request, began: Instant::now(), time };
    let round = clients.store.round().await?;
    let ids = from_after(clients.store.connection_ids().await?, round.first.as_ref());
    let first = run.look_at(&ids, Place::First, time * 3 / 4).await?;
    let later = from_after(first.later, round.later.as_ref());
    let second = run.look_at(&later, Place::Later, time).await?;
    let (seen, left) = (first.seen.and(second.seen), first.left + second.left);
    let ended = clients.clock.now().as_millisecond();
    clients.write(&RunLine::new(&clients.environment, request, (seen, left), run.began.elapsed(), ended));
    Ok(json!({ "connections": seen.connections, "failed": seen.failed, "left": left }))
}

/// In the order of their names, beginning after one of them, and round to it.
fn from_after(mut ids: Vec<ConnectionId>, last: Option<&ConnectionId>) -> Vec<ConnectionId> {
    ids.sort_unstable();
    let first = last.map_or(0, |last| ids.partition_point(|id| id <= last));
    ids.rotate_left(first);
    ids
}

struct Run<'a> {
    clients: &'a Clients,
    request: &'a str,
    began: Instant,
    time: Duration,
}

/// What came of looking at some connections.
#[derive(Default)]
struct Looked {
    seen: Seen,
    /// Those that were out of reach the last time, and were left for later.
    later: Vec<ConnectionId>,
    /// How many the time did not reach.
    left: usize,
}

/// What came of one connection.
enum Outcome {
    Seen(Seen),
    /// It was out of reach the last time, and is looked at after the others.
    Later,
}

impl Run<'_> {
    /// Looks at them in their order, while a run is younger than `until`.
    async fn look_at(&self, ids: &[ConnectionId], place: Place, until: Duration) -> Result<Looked, Failure> {
        let (mut parts, mut part) = (ids.chunks(AT_ONCE), [].as_slice());
        let (mut looks, mut looked, mut reached) = (FuturesUnordered::new(), Looked::default(), 0);
        loop {
            if part.is_empty() && self.began.elapsed() < until {
                part = parts.next().unwrap_or_default();
                if let Some(last) = part.last() {
                    self.clients.store.take_on(place, last).await?;
                }
            }
            if let (true, Some((id, rest))) = (looks.len() < AT_ONCE, part.split_first()) {
                part = rest;
                looks.push(async move { (id, self.look_at_one(id, place).await) });
                continue;
            }
            let Some((id, outcome)) = looks.next().await else { break };
            reached += 1;
            match outcome {
                Outcome::Seen(seen) => looked.seen = looked.seen.and(seen),
                Outcome::Later => looked.later.push(id.clone()),
            }
        }
        looked.left = ids.len() - reached;
        Ok(looked)
    }

    /// One connection. Its failures are logged, and end here.
    async fn look_at_one(&self, id: &ConnectionId, place: Place) -> Outcome {
        let Self { clients, request, .. } = *self;
        let patience = PATIENCE.min(self.time / PATIENT);
        let look = Look { clients, id, request, now: clients.clock.now(), place, patience };
        let counted = Seen { connections: 1, ..Seen::default() };
        match look.whole().await {
            Ok(Some(seen)) => Outcome::Seen(counted.and(seen)),
            Ok(None) => Outcome::Later,
            Err(failure) => {
                clients.write(&look.line().failed(&failure));
                Outcome::Seen(counted.and(Seen { failed: 1, ..Seen::default() }))
            }
        }
    }
}

struct Look<'a> {
    clients: &'a Clients,
    id: &'a ConnectionId,
    request: &'a str,
    now: Timestamp,
    place: Place,
    patience: Duration,
}

impl Look<'_> {
    /// Everything that a connection trusts. `None` leaves it for later.
    async fn whole(&self) -> Result<Option<Seen>, Failure> {
        let connection = self.clients.store.connection_now(self.id, self.now).await?;
        // Nobody gets in through it, and a customer who has left would be an alarm for ever.
        if connection.state == ConnectionState::Disabled {
            return Ok(Some(Seen::default()));
        }
        let own = match connection.protocol() {
            Protocol::Saml(saml) => self.saml(saml).await?,
            Protocol::Oidc(oidc) => {
                self.openid(KeySource { set: KeySet::Oidc, uri: &oidc.provider().jwks_uri }, Some(oidc)).await?
            }
            Protocol::Workos(_) | Protocol::Teams => Some(Seen::default()),
        };
        let Some(own) = own else { return Ok(None) };
        let teams = match &connection.document().teams {
            Some(teams) if teams.token => {
                self.openid(KeySource { set: KeySet::Teams, uri: &teams.jwks_uri }, None).await?
            }
            Some(_) | None => Some(Seen::default()),
        };
        let Some(teams) = teams else { return Ok(None) };
        Ok(Some(own.and(teams).and(self.credentials(&connection).await?)))
    }

    /// The secret by which we are the provider's client, and the last token of the SCIM client, as far as they end at a
    /// step.
    async fn credentials(&self, connection: &Connection) -> Result<Seen, Failure> {
        let secret = connection.oidc().ok().and_then(|oidc| oidc.document().secret_ends());
        let token = match connection.directory().map(|directory| directory.source) {
            Some(Source::Scim) => self.clients.store.scim_tokens(self.id, self.now).await?.last_end(),
            Some(_) | None => None,
        };
        let ends = [(EventKind::SecretExpiresIn, secret), (EventKind::ScimTokenExpiresIn, token)];
        let mut seen = Seen::default();
        for (kind, end) in ends {
            let Some(days) = end.and_then(|end| expiry_step(end, self.now)) else { continue };
            self.clients.write(&self.line().told(&Event::credential(kind, days)));
            seen.credential_steps += 1;
        }
        Ok(seen)
    }

    /// Whether a provider may take long, and the others go first.
    fn is_for_later(&self, watch: &Watch) -> bool {
        self.place == Place::First && watch.failing_since.is_some()
    }

    async fn saml(&self, saml: &Saml) -> Result<Option<Seen>, Failure> {
        let store = &self.clients.store;
        let before = store.watch(self.id, WatchOver::Saml).await?;
        if self.is_for_later(&before.item.watch) {
            return Ok(None);
        }
        let reading = self.metadata(saml).await;
        let items = store.trusted_keys(self.id).await?;
        let mut watch = before.item.watch.clone();
        let keys = trusted(&items, &mut watch, self.now)?;
        let believed = Believed { idp: saml.idp(), keys: &keys };
        let decision = decide(believed, watch, reading, self.now);
        self.write(&before, &decision).await?;
        let ends = keys.iter().map(|key| key.not_after).chain(decision.trust.iter().map(Certificate::not_after));
        let last = ends.max().and_then(|end| expiry_step(end, self.now));
        let expiry_steps = u32::from(last.is_some()) + self.own_keys(saml);
        Ok(Some(Seen { expiry_steps, ..seen(&decision.watch, self.now) }))
    }

    /// Of the certificates that stand in the connection's own file, those of a setting of which the last ends at a step.
    fn own_keys(&self, saml: &Saml) -> u32 {
        let (published, pinned) = (saml.sp_certificates(), pinned(saml));
        let mut steps = 0;
        for (setting, keys) in [("saml.sp_certificates", published), ("saml.metadata_certificates", &pinned)] {
            let last = keys.iter().max_by_key(|key| key.not_after());
            let step = last.and_then(|key| Some((key, expiry_step(key.not_after(), self.now)?)));
            let Some((key, days)) = step else { continue };
            self.clients.write(&self.line().about(WatchOver::Saml, &Event::own_key(key.fingerprint(), days, setting)));
            steps += 1;
        }
        steps
    }

    async fn metadata(&self, saml: &Saml) -> Reading {
        let Some(url) = &saml.document().metadata_url else { return Reading::NotPublished };
        match self.fetch(url, MAX_METADATA).await {
            Ok(xml) => read(&xml, &saml.idp().entity_id, &pinned(saml), self.now),
            Err(why) => Reading::Failed(why),
        }
    }

    async fn openid(&self, source: KeySource<'_>, oidc: Option<&Oidc>) -> Result<Option<Seen>, Failure> {
        let store = &self.clients.store;
        let before = store.watch(self.id, WatchOver::KeySet(source.set)).await?;
        if self.is_for_later(&before.item.watch) {
            return Ok(None);
        }
        let stored = store.jwks_now(self.id, source.set, self.now).await?;
        let fetched = self.key_set(source.uri).await;
        let description = match oidc {
            Some(oidc) => Some((oidc.provider(), self.description(oidc).await)),
            None => None,
        };
        let (text, keys) = match fetched {
            Ok((text, keys)) => (Some(text), Ok(keys)),
            Err(why) => (None, Err(why)),
        };
        let reading = ProviderReading { keys, description };
        let decided = decide_provider(Some(&stored), before.item.watch.clone(), reading, self.now);
        if let (true, Some(text)) = (decided.replace, &text) {
            store.replace_jwks(self.id, source, text, self.now).await?;
        }
        let decision = Decision { watch: decided.watch, events: decided.events, ..Decision::default() };
        self.write(&before, &decision).await?;
        Ok(Some(seen(&decision.watch, self.now)))
    }

    async fn description(&self, oidc: &Oidc) -> Result<ProviderDocument, Unread> {
        let json = self.fetch(&discovery_url(oidc.document()), MAX_DISCOVERY).await?;
        Ok(parse_discovery(&json, &oidc.document().issuer)?)
    }

    /// As it is published, and read.
    async fn key_set(&self, url: &str) -> Result<(String, Jwks), Unread> {
        let bytes = self.fetch(url, MAX_JWKS).await?;
        let text = String::from_utf8(bytes).map_err(|_| Unread::NotUtf8 { url: url.to_owned() })?;
        let keys = Jwks::parse(&text)?;
        Ok((text, keys))
    }

    async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, Unread> {
        let fetched = self.clients.egress.get(url, Limits { timeout: self.patience, max_bytes }).await;
        fetched.map_err(|error| Unread::Unfetched { url: url.to_owned(), error: error.into() })
    }

    /// Logs what happened only once it has been written. Where somebody else was quicker, the next look decides.
    async fn write(&self, before: &Watched<'_>, decision: &Decision) -> Result<(), Failure> {
        if self.clients.store.write_decision(before, decision, self.now).await? {
            for event in &decision.events {
                self.clients.write(&self.line().about(before.over(), event));
            }
        }
        Ok(())
    }

    fn line(&self) -> TrustLine<'_> {
        TrustLine::new(Head::new(&self.clients.environment, self.request), self.id.as_str())
    }
}

fn seen(watch: &Watch, now: Timestamp) -> Seen {
    Seen {
        failing: u32::from(watch.is_failing(now)),
        waiting: u32::try_from(watch.waiting.len()).unwrap_or(u32::MAX),
        held: u32::from(watch.held.is_some()),
        ..Seen::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_after_the_last_connection_and_comes_round_to_it() {
        let id = |text: &str| ConnectionId::parse(text).unwrap();
        let order = |last: Option<&str>| {
            let ids = ["b", "d", "a", "c"].map(id).to_vec();
            let order = from_after(ids, last.map(id).as_ref());
            order.iter().map(|id| id.as_str().to_owned()).collect::<String>()
        };
        assert_eq!((order(None), order(Some("b")), order(Some("d"))), ("abcd".into(), "cdab".into(), "abcd".into()));
        // One that is gone in the meantime.
        assert_eq!(order(Some("bb")), "cdab");
        assert!(from_after(Vec::new(), Some(&id("a"))).is_empty());
    }
}
