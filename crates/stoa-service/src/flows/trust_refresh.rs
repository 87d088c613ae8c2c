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
    Believed, Decision, DescriptionError, MAX_DISCOVERY, MAX_METADATA, ProviderReading, Reading, TrustedKey, Watch,
    days_until, decide, decide_provider, discovery_url, parse_discovery, read,
};
use stoa_saml::Certificate;

use crate::clients::Clients;
use crate::egress::Limits;
use crate::store::{OIDC_JWKS, SAML_WATCH, TEAMS_JWKS, TrustItem, WatchItem};
use crate::trust_log::{RunLine, Seen, TrustLine};

/// Nobody waits, and some providers are slow.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Connections looked at side by side: each may hold a whole metadata in memory.
const AT_ONCE: usize = 8;

/// The flow.
pub async fn trust_refresh(clients: &Clients, _: Value, request: &str) -> Result<Value, Failure> {
    let began = Instant::now();
    let ids = from_another(clients.store.connection_ids().await?, clients.clock.now());
    let looks =
        stream::iter(ids).map(|id| async move { look_at(clients, &id, request).await }).buffer_unordered(AT_ONCE);
    let seen = looks.fold(Seen::default(), |sum, seen| async move { sum.and(seen) }).await;
    let ended = clients.clock.now().as_millisecond();
    clients.log.write(&RunLine::new(&clients.environment, request, seen, began.elapsed(), ended));
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
            look.line().failed(&failure).write(&clients.log);
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
            Protocol::Oidc(oidc) => self.openid(OIDC_JWKS, &oidc.provider().jwks_uri, Some(oidc)).await?,
            Protocol::Workos(_) | Protocol::Teams => Seen::default(),
        };
        let teams = match &connection.document().teams {
            Some(teams) if teams.token => self.openid(TEAMS_JWKS, &teams.jwks_uri, None).await?,
            Some(_) | None => Seen::default(),
        };
        Ok(own.and(teams))
    }

    async fn saml(&self, saml: &Saml) -> Result<Seen, Failure> {
        let store = &self.clients.store;
        let before = store.watch(self.id, SAML_WATCH).await?;
        let reading = self.metadata(saml).await;
        let items = store.trusted_keys(self.id).await?;
        let mut watch = before.watch.clone();
        let keys = trusted(&items, &mut watch, self.now)?;
        let believed = Believed { idp: saml.idp(), keys: &keys };
        let decision = decide(believed, watch, reading, self.now);
        self.write(SAML_WATCH, &before, &decision).await?;
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

    async fn openid(&self, sk: &'static str, uri: &str, oidc: Option<&Oidc>) -> Result<Seen, Failure> {
        let store = &self.clients.store;
        let before = store.watch(self.id, sk).await?;
        let stored = store.jwks_now(self.id, sk, self.now).await?;
        let fetched = self.fetch_text(uri, MAX_JWKS).await;
        let parsed = match &fetched {
            Ok(text) => Jwks::parse(text).map_err(|error| error.to_string()),
            Err(why) => Err(why.clone()),
        };
        let description = match oidc {
            Some(oidc) => Some((oidc.provider(), self.description(oidc).await)),
            None => None,
        };
        let reading = ProviderReading { keys: parsed, description };
        let decided = decide_provider(Some(&stored), before.watch.clone(), reading, self.now);
        if let (true, Ok(text)) = (decided.replace, &fetched) {
            store.replace_jwks(self.id, (sk, uri), text, self.now).await?;
        }
        let decision = Decision { watch: decided.watch, events: decided.events, ..Decision::default() };
        self.write(sk, &before, &decision).await?;
        Ok(seen(&decision.watch, self.now))
    }

    async fn description(&self, oidc: &Oidc) -> Result<ProviderDocument, DescriptionError> {
        let fetched = self.fetch(&discovery_url(oidc.document()), MAX_DISCOVERY).await;
        let json = fetched.map_err(DescriptionError::Unread)?;
        Ok(parse_discovery(&json, &oidc.document().issuer)?)
    }

    async fn fetch_text(&self, url: &str, max_bytes: usize) -> Result<String, String> {
        String::from_utf8(self.fetch(url, max_bytes).await?).map_err(|_| format!("{url}: not UTF-8"))
    }

    async fn fetch(&self, url: &str, max_bytes: usize) -> Result<Vec<u8>, String> {
        let fetched = self.clients.egress.get(url, Limits { timeout: TIMEOUT, max_bytes }).await;
        fetched.map_err(|error| format!("{url}: {error}"))
    }

    /// Logs what happened only once it has been written. Where somebody else was quicker, the next look decides.
    async fn write(&self, sk: &'static str, before: &WatchItem, decision: &Decision) -> Result<(), Failure> {
        if self.clients.store.write_decision(self.id, (sk, before), decision, self.now).await? {
            for event in &decision.events {
                self.line().about(sk, event).write(&self.clients.log);
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

/// The keys that count now, as the rules read them. One whose end a person has set is refused like one that they
/// removed: the metadata does not bring it back.
pub(crate) fn trusted(items: &[TrustItem], watch: &mut Watch, now: Timestamp) -> Result<Vec<TrustedKey>, Failure> {
    let ended = items.iter().filter(|item| item.until.is_some_and(|until| until <= now.as_second()));
    watch.refused.extend(ended.map(|item| item.fingerprint.clone()));
    let key = |item: &TrustItem| {
        let not_after = item.certificate()?.not_after();
        Ok(TrustedKey { fingerprint: item.fingerprint.clone(), not_after, is_kept: item.is_kept })
    };
    items.iter().filter(|item| item.is_live(now)).map(key).collect()
}

/// The certificates that sign the metadata. A connection whose certificates do not parse does not exist.
pub(crate) fn pinned(saml: &Saml) -> Vec<Certificate> {
    saml.document().metadata_certificates.iter().flat_map(|pem| Certificate::from_pem(pem)).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_whose_end_a_person_set_counts_no_more_and_is_not_waited_for() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let pem = include_str!("../../../stoa-saml/testdata/keys/idp-current.crt");
        let ended = |until| TrustItem { until, ..TrustItem::new(&Certificate::from_pem(pem).unwrap(), now) };
        let look = |until: Option<i64>| {
            let mut watch = Watch::default();
            let keys = trusted(&[ended(until)], &mut watch, now).unwrap();
            (keys.len(), watch.refused.len())
        };
        assert_eq!(look(None), (1, 0));
        assert_eq!(look(Some(now.as_second() + 1)), (1, 0));
        assert_eq!(look(Some(now.as_second())), (0, 1));
        // By the clock of whoever added it, it begins in a minute: nobody has taken it away.
        let early = TrustItem { from: now.as_second() + 60, ..ended(None) };
        let mut watch = Watch::default();
        assert!(trusted(&[early], &mut watch, now).unwrap().is_empty() && watch.refused.is_empty());
    }

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
