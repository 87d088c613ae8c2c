//! A connection's keys in a person's hands: look, approve, add, remove. Each change of a SAML key says who and why; a key
//! set is taken as `trust-refresh` takes it, and says no more.
//!
//! Every change counts the connection's watch up, as `trust-refresh` does: of two writers at once one is refused, so
//! neither can take the other's last key away.

use jiff::Timestamp;
use stoa_core::connection::{Connection, Protocol, Saml};
use stoa_core::ids::ConnectionId;
use stoa_core::oidc::{Jwks, MAX_JWKS};
use stoa_core::trust::{
    Believed, Decision, Event, HeldChange, MAX_KEYS, MAX_METADATA, ProviderReading, Reading, Watch, decide,
    decide_provider, read, read_metadata,
};
use stoa_saml::Certificate;

use super::fetch::{KeyAddress, key_addresses};
use super::files::key_set;
use super::transaction::{Guards, Writes};
use super::{OperatorError, StackAccess};
use crate::store::{
    JwksItem, Key, KeyChange, KeySet, KeySource, NO_KEY, Outcome, PRESENT, Range, Reads, TrustChange, TrustItem,
    WatchItem, WatchOver, Write, pinned, trusted,
};

/// Everything that a connection trusts, and what is known of the rest.
pub struct Trusts {
    /// The keys of a SAML provider.
    pub keys: Vec<TrustItem>,
    /// What `trust-refresh` has seen of them.
    pub watch: Watch,
    /// The key sets of an OpenID provider and of Teams.
    pub key_sets: Vec<TrustedKeySet>,
    /// What people did, oldest first.
    pub history: Vec<TrustChange>,
}

/// A key set that a connection trusts.
pub struct TrustedKeySet {
    /// Whose tokens it verifies.
    pub set: KeySet,
    /// As it is stored.
    pub item: JwksItem,
    /// What `trust-refresh` has seen of it.
    pub watch: Watch,
}

/// A key set that was fetched and written.
pub struct TakenKeySet {
    /// Whose tokens it verifies.
    pub set: KeySet,
    /// Where it was fetched.
    pub uri: String,
    /// The names of its keys. They are any text.
    pub key_ids: Vec<String>,
    /// What differs from the set that was there.
    pub changes: Vec<Event>,
}

/// Where somebody has metadata from, other than where the connection's file says.
#[derive(Clone, Debug)]
pub enum MetadataSource {
    /// Where it is published.
    Address(String),
    /// A file that was read.
    File {
        /// Its path, for messages.
        path: String,
        /// What is in it.
        xml: Vec<u8>,
    },
}

impl MetadataSource {
    fn path(&self) -> &str {
        match self {
            Self::Address(path) | Self::File { path, .. } => path,
        }
    }
}

/// What a person does to a key, and why.
struct Act<'a> {
    change: KeyChange,
    reason: &'a str,
}

impl StackAccess {
    /// Everything that a connection trusts.
    pub async fn trusts(&self, id: &ConnectionId) -> Result<Trusts, OperatorError> {
        let connection = self.connection(id).await?;
        let mut key_sets = Vec::new();
        for set in KeySet::ALL {
            if let Some(item) = self.tables.get(&Key::key_set(id, set), Reads::Consistent).await? {
                let watch = self.watch(id, WatchOver::KeySet(set)).await?.watch;
                key_sets.push(TrustedKeySet { set, item, watch });
            }
        }
        let keys = match connection.protocol() {
            Protocol::Saml(_) => self.keys(id).await?,
            Protocol::Oidc(_) | Protocol::Workos(_) | Protocol::Teams => Vec::new(),
        };
        let history = self.tables.query(&Range::trust_changes(id), Reads::Consistent).await?;
        Ok(Trusts { keys, watch: self.watch(id, WatchOver::Saml).await?.watch, key_sets, history })
    }

    /// The key sets that a connection has: its OpenID provider's, and that of Teams tokens.
    pub async fn key_sets(&self, id: &ConnectionId) -> Result<Vec<KeySet>, OperatorError> {
        let connection = self.connection(id).await?;
        Ok(key_addresses(connection.document()).into_iter().map(|address| address.set).collect())
    }

    /// Fetches a connection's key sets and writes them, by the rules of `trust-refresh`: what cannot be read, or has no
    /// usable key, replaces nothing.
    pub async fn take_key_sets(&self, id: &ConnectionId) -> Result<Vec<TakenKeySet>, OperatorError> {
        let connection = self.connection(id).await?;
        let mut taken = Vec::new();
        for address in key_addresses(connection.document()) {
            taken.push(self.take_key_set(id, address).await?);
        }
        Ok(taken)
    }

    async fn take_key_set(&self, id: &ConnectionId, address: KeyAddress) -> Result<TakenKeySet, OperatorError> {
        let KeyAddress { set, uri, .. } = address;
        let now = Self::now();
        let text = key_set(&uri, &self.read_from(&uri, MAX_JWKS).await?)?;
        let keys = Jwks::parse(&text).map_err(|source| OperatorError::Jwks { at: uri.clone(), source })?;
        let key_ids = keys.key_ids().map(str::to_owned).collect();
        let before: Option<JwksItem> = self.tables.get(&Key::key_set(id, set), Reads::Consistent).await?;
        // What was there and is no key set is replaced, not held against anything.
        let before = before.and_then(|item| item.keys().ok());
        let reading = ProviderReading { keys: Ok(keys), description: None };
        let changes = decide_provider(before.as_ref(), Watch::default(), reading, now).events;
        let write = KeySource { set, uri: &uri }.replaced(id, &text, now);
        match self.tables.write(write).await.map_err(OperatorError::store("write the key set"))? {
            Outcome::Applied(_) => Ok(TakenKeySet { set, uri, key_ids, changes }),
            Outcome::Refused(_) => Err(OperatorError::Busy),
        }
    }

    /// What `trust-refresh` would make of the metadata as it is read from here and now. Nothing is written.
    pub async fn look(&self, id: &ConnectionId) -> Result<Decision, OperatorError> {
        let connection = self.connection(id).await?;
        let saml = saml(&connection)?;
        if saml.document().metadata_url.is_none() {
            return Err(OperatorError::NothingPublished(id.clone()));
        }
        let now = Self::now();
        let reading = self.metadata(saml, now).await?;
        let mut watch = self.watch(id, WatchOver::Saml).await?.watch;
        let keys = trusted(&self.keys(id).await?, &mut watch, now);
        let keys = keys.map_err(|_| OperatorError::Item(Key { sk: None, ..Key::trusted(id, "") }))?;
        Ok(decide(Believed { idp: saml.idp(), keys: &keys }, watch, reading, now))
    }

    /// What `trust-refresh` would make of this metadata, were it published. Nothing is written.
    pub async fn look_at(&self, id: &ConnectionId, source: &MetadataSource) -> Result<Decision, OperatorError> {
        let connection = self.connection(id).await?;
        let saml = saml(&connection)?;
        let now = Self::now();
        let reading = read(&self.xml(source).await?, &saml.idp().entity_id, &pinned(saml), now);
        let mut watch = self.watch(id, WatchOver::Saml).await?.watch;
        let keys = trusted(&self.keys(id).await?, &mut watch, now);
        let keys = keys.map_err(|_| OperatorError::Item(Key { sk: None, ..Key::trusted(id, "") }))?;
        Ok(decide(Believed { idp: saml.idp(), keys: &keys }, watch, reading, now))
    }

    /// The keys that some metadata names for a connection's identity provider and that the connection does not trust.
    /// Metadata of another provider has none, and where certificates are pinned, neither has metadata that they did not
    /// sign.
    pub async fn new_keys(
        &self,
        id: &ConnectionId,
        source: &MetadataSource,
    ) -> Result<Vec<Certificate>, OperatorError> {
        let connection = self.connection(id).await?;
        let saml = saml(&connection)?;
        let (pinned, xml) = (pinned(saml), self.xml(source).await?);
        let pinned = (!saml.document().metadata_certificates.is_empty()).then_some(pinned.as_slice());
        let metadata = read_metadata(&xml, Some(&saml.idp().entity_id), pinned, Self::now());
        let metadata =
            metadata.map_err(|error| OperatorError::Metadata { path: source.path().to_owned(), source: error })?;
        let trusted = self.keys(id).await?;
        let is_new = |key: &Certificate| trusted.iter().all(|trusted| trusted.fingerprint != key.fingerprint());
        Ok(metadata.signing.into_iter().filter(is_new).collect())
    }

    async fn xml(&self, source: &MetadataSource) -> Result<Vec<u8>, OperatorError> {
        match source {
            MetadataSource::Address(url) => self.read_from(url, MAX_METADATA).await,
            MetadataSource::File { xml, .. } => Ok(xml.clone()),
        }
    }

    /// Trusts a key of the metadata from now on: one that `trust-refresh` has seen, or that is there now.
    pub async fn approve_key(
        &self,
        id: &ConnectionId,
        fingerprint: &str,
        reason: &str,
    ) -> Result<Certificate, OperatorError> {
        let connection = self.connection(id).await?;
        let saml = saml(&connection)?;
        if self.keys(id).await?.iter().any(|key| key.fingerprint == fingerprint) {
            return Err(OperatorError::AlreadyTrusted(id.clone()));
        }
        let before = self.watch(id, WatchOver::Saml).await?;
        let waiting = before.watch.waiting.iter().find(|waiting| waiting.fingerprint == fingerprint);
        let certificate = match waiting {
            Some(waiting) => Certificate::from_base64(&waiting.certificate).ok(),
            None => published(self.metadata(saml, Self::now()).await?, fingerprint),
        };
        let certificate = certificate.ok_or_else(|| OperatorError::NoKey(id.clone(), fingerprint.to_owned()))?;
        self.trust_key(id, &before, &certificate, Act { change: KeyChange::Approve, reason }).await?;
        Ok(certificate)
    }

    /// Trusts a key that a person brings, whatever the metadata says now or later.
    pub async fn add_key(
        &self,
        id: &ConnectionId,
        certificate: &Certificate,
        reason: &str,
    ) -> Result<(), OperatorError> {
        saml(&self.connection(id).await?)?;
        let before = self.watch(id, WatchOver::Saml).await?;
        self.trust_key(id, &before, certificate, Act { change: KeyChange::Add, reason }).await
    }

    /// Trusts a key no longer, though it stand in the metadata for ever. Never the last one.
    pub async fn remove_key(&self, id: &ConnectionId, fingerprint: &str, reason: &str) -> Result<(), OperatorError> {
        saml(&self.connection(id).await?)?;
        let before = self.watch(id, WatchOver::Saml).await?;
        let keys = self.keys(id).await?;
        let is_waiting = before.watch.waiting.iter().any(|waiting| waiting.fingerprint == fingerprint);
        let is_trusted = keys.iter().any(|key| key.fingerprint == fingerprint);
        if !is_trusted && !is_waiting {
            return Err(OperatorError::NoKey(id.clone(), fingerprint.to_owned()));
        }
        let mut watch = before.watch.clone();
        watch.waiting.retain(|waiting| waiting.fingerprint != fingerprint);
        watch.refused.insert(fingerprint.to_owned());
        let mut writes = change(id, &before, watch);
        if is_trusted {
            let now = Self::now();
            let other = keys.iter().find(|key| key.fingerprint != fingerprint && key.is_live(now));
            let other = other.ok_or_else(|| OperatorError::LastKey(id.clone()))?;
            writes.guarded(Key::trusted(id, &other.fingerprint).check(PRESENT), Guards::LastKey(id.clone()));
            writes.push(Key::trusted(id, fingerprint).delete());
        }
        writes.push(self.record(id, &before, fingerprint, Act { change: KeyChange::Remove, reason }));
        self.write("remove the key", writes).await
    }

    async fn trust_key(
        &self,
        id: &ConnectionId,
        before: &WatchItem,
        certificate: &Certificate,
        act: Act<'_>,
    ) -> Result<(), OperatorError> {
        let fingerprint = certificate.fingerprint();
        if self.keys(id).await?.len() >= MAX_KEYS {
            return Err(OperatorError::TooManyKeys(id.clone()));
        }
        let mut watch = before.watch.clone();
        watch.waiting.retain(|waiting| waiting.fingerprint != fingerprint);
        watch.refused.remove(fingerprint);
        watch.held = watch.held.filter(|held| held.what != HeldChange::AllKeys);
        let mut writes = change(id, before, watch);
        let item = TrustItem {
            by: Some(self.by.clone()),
            is_kept: act.change == KeyChange::Add,
            ..TrustItem::new(certificate, Self::now())
        };
        writes.guarded(Key::trusted(id, fingerprint).put(&item).only_if(NO_KEY), Guards::Trusted(id.clone()));
        writes.push(self.record(id, before, fingerprint, act));
        self.write("trust the key", writes).await
    }

    fn record(&self, id: &ConnectionId, before: &WatchItem, fingerprint: &str, act: Act<'_>) -> Write {
        let change = TrustChange {
            what: act.change,
            fingerprint: fingerprint.to_owned(),
            at: Self::now().as_second(),
            by: self.by.clone(),
            reason: act.reason.to_owned(),
        };
        Key::trust_change(id, before.n + 1).put(&change)
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Connection, OperatorError> {
        let item = self.current(id).await?.ok_or_else(|| OperatorError::NoConnection(id.clone()))?;
        Ok(Connection::check(item.document()?, item.version, item.state, self.url_policy)?)
    }

    async fn metadata(&self, saml: &Saml, now: Timestamp) -> Result<Reading, OperatorError> {
        let Some(url) = &saml.document().metadata_url else { return Ok(Reading::NotPublished) };
        let xml = self.read_from(url, MAX_METADATA).await?;
        Ok(read(&xml, &saml.idp().entity_id, &pinned(saml), now))
    }

    async fn watch(&self, id: &ConnectionId, over: WatchOver) -> Result<WatchItem, OperatorError> {
        Ok(self.tables.get(&Key::watch(id, over), Reads::Consistent).await?.unwrap_or_default())
    }

    async fn keys(&self, id: &ConnectionId) -> Result<Vec<TrustItem>, OperatorError> {
        Ok(self.tables.trusted(id, Reads::Consistent).await?)
    }
}

fn change(id: &ConnectionId, before: &WatchItem, watch: Watch) -> Writes {
    let mut writes = Writes::default();
    writes.guarded(before.next(Key::watch(id, WatchOver::Saml), watch), Guards::Current(id.clone()));
    writes
}

fn saml(connection: &Connection) -> Result<&Saml, OperatorError> {
    connection.saml().map_err(|_| OperatorError::NotSaml(connection.id().clone()))
}

/// A key of the metadata, whether a held change came with it or not.
fn published(reading: Reading, fingerprint: &str) -> Option<Certificate> {
    match reading {
        Reading::Metadata(metadata, _) => metadata.signing.into_iter().find(|key| key.fingerprint() == fingerprint),
        Reading::Held(..) | Reading::Failed(_) | Reading::NotPublished => None,
    }
}
