//! Once an hour: what every identity provider publishes, held against what its connection believes.
//!
//! Connections are not written here, whatever a provider says. One bad connection stops no other, and two runs at once
//! or a run that breaks off change nothing that the next one would not see.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use serde_json::{Value, json};
use stoa_core::connection::{ConnectionState, Oidc, Protocol, ProviderDocument, Saml};
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;
use stoa_core::oidc::{Jwks, MAX_JWKS};
use stoa_core::trust::{
    Believed, Decision, MAX_DISCOVERY, MAX_METADATA, ProviderReading, Reading, Unread, Watch, days_until, decide,
    decide_provider, discovery_url, parse_discovery, read,
};
use stoa_saml::Certificate;

use crate::clients::Clients;
use crate::egress::Limits;
use crate::store::{KeySet, KeySource, WatchOver, Watched, pinned, trusted};
use crate::trust_log::{RunLine, Seen, TrustLine};

/// Nobody waits, and some providers are slow.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Connections looked at side by side: each may hold a whole metadata in memory.
const AT_ONCE: usize = 8;

/// Looks at every connection, several side by side.
pub async fn trust_refresh(clients: &Clients, _: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let ids = from_another(clients.store.connection_ids().await?, clients.clock.now());
    let looks =
        stream::iter(ids).map(|id| async move { look_at(clients, &id, request).await }).buffer_unordered(AT_ONCE);
    let seen = looks.fold(Seen::default(), |sum, seen| async move { sum.and(seen) }).await;
    let ended = clients.clock.now().as_millisecond();
    clients.write(&RunLine::new(&clients.environment, request, seen, began.elapsed(), ended));
    Ok(json!({ "connections": seen.connections, "failed": seen.failed }))
}

/// Each hour begins with another connection: a run that slow providers keep from its end leaves out others each time.
fn from_another(mut ids: Vec<ConnectionId>, now: Timestamp) -> Vec<ConnectionId> {
    let hours = usize::try_from(now.as_second() / 3600).unwrap_or(0);
    let first = hours.checked_rem(ids.len()).unwrap_or(0);
    ids.rotate_left(first);
    ids
}

/// One connection. Its failures are logged, and end here.
async fn look_at(clients: &Clients, id: &ConnectionId, request: &str) -> Seen {
    let look = Look { clients, id, request, now: clients.clock.now() };
    let counted = Seen { connections: 1, ..Seen::default() };
    match look.whole().await {
        Ok(seen) => counted.and(seen),
        Err(failure) => {
            clients.write(&look.line().failed(&failure));
            counted.and(Seen { failed: 1, ..Seen::default() })
        }
    }
}

struct Look<'a> {
    clients: &'a Clients,
    id: &'a ConnectionId,
    request: &'a str,
    now: Timestamp,
}

impl Look<'_> {
    /// Everything that a connection trusts.
    async fn whole(&self) -> Result<Seen, Failure> {
        let connection = self.clients.store.connection_now(self.id, self.now).await?;
        // Nobody gets in through it, and a customer who has left would be an alarm for ever.
        if connection.state == ConnectionState::Disabled {
            return Ok(Seen::default());
        }
        let own = match connection.protocol() {
            Protocol::Saml(saml) => self.saml(saml).await?,
            Protocol::Oidc(oidc) => {
                self.openid(KeySource { set: KeySet::Oidc, uri: &oidc.provider().jwks_uri }, Some(oidc)).await?
            }
            Protocol::Workos(_) | Protocol::Teams => Seen::default(),
        };
        let teams = match &connection.document().teams {
            Some(teams) if teams.token => {
                self.openid(KeySource { set: KeySet::Teams, uri: &teams.jwks_uri }, None).await?
            }
            Some(_) | None => Seen::default(),
        };
        Ok(own.and(teams))
    }

    async fn saml(&self, saml: &Saml) -> Result<Seen, Failure> {
        let store = &self.clients.store;
        let before = store.watch(self.id, WatchOver::Saml).await?;
        let reading = self.metadata(saml).await;
        let items = store.trusted_keys(self.id).await?;
        let mut watch = before.item.watch.clone();
        let keys = trusted(&items, &mut watch, self.now)?;
        let believed = Believed { idp: saml.idp(), keys: &keys };
        let decision = decide(believed, watch, reading, self.now);
        self.write(&before, &decision).await?;
        let ends = keys.iter().map(|key| key.not_after).chain(decision.trust.iter().map(Certificate::not_after));
        // One that has ended still verifies, and must not hide for ever the next one that ends.
        let expiring_days = ends.max().map(|end| days_until(end, self.now)).filter(|days| *days > 0);
        Ok(Seen { expiring_days, ..seen(&decision.watch, self.now) })
    }

    async fn metadata(&self, saml: &Saml) -> Reading {
        let Some(url) = &saml.document().metadata_url else { return Reading::NotPublished };
        match self.fetch(url, MAX_METADATA).await {
            Ok(xml) => read(&xml, &saml.idp().entity_id, &pinned(saml), self.now),
            Err(why) => Reading::Failed(why),
        }
    }

    async fn openid(&self, source: KeySource<'_>, oidc: Option<&Oidc>) -> Result<Seen, Failure> {
        let store = &self.clients.store;
        let before = store.watch(self.id, WatchOver::KeySet(source.set)).await?;
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
        Ok(seen(&decision.watch, self.now))
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
        let fetched = self.clients.egress.get(url, Limits { timeout: TIMEOUT, max_bytes }).await;
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
        let environment = &self.clients.environment;
        TrustLine::new(environment.function, &environment.build, self.request, self.id.as_str())
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
    fn each_hour_begins_with_another_connection() {
        let ids: Vec<_> = ["a", "b", "c"].iter().map(|id| ConnectionId::parse(id).unwrap()).collect();
        let first = |hour: i64| {
            let order = from_another(ids.clone(), Timestamp::from_second(1_790_000_000 + hour * 3600).unwrap());
            assert_eq!(order.len(), 3);
            order[0].to_string()
        };
        let mut begun = [first(0), first(1), first(2)];
        assert_eq!(first(3), begun[0]);
        begun.sort_unstable();
        assert_eq!(begun, ["a", "b", "c"]);
        assert!(from_another(Vec::new(), Timestamp::UNIX_EPOCH).is_empty());
    }
}
