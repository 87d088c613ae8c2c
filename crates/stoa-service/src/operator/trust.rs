//! A connection's keys in a person's hands: look, approve, add, remove. Each change says who and why.
//!
//! Every change counts the connection's watch up, as `trust-refresh` does: of two writers at once one is refused, so
//! neither can take the other's last key away.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use stoa_core::connection::{Connection, Protocol, Saml};
use stoa_core::ids::ConnectionId;
use stoa_core::trust::{Believed, Decision, HeldChange, MAX_KEYS, MAX_METADATA, Reading, Watch, decide, read};
use stoa_saml::Certificate;

use super::transaction::{Guards, Writes, put};
use super::{Operator, OperatorError};
use crate::flows::trust_refresh::{pinned, trusted};
use crate::store::{JwksItem, OIDC_JWKS, SAML_WATCH, TEAMS_JWKS, TrustItem, WatchItem};

const HISTORY: &str = "history#";

/// Everything that a connection trusts, and what is known of the rest.
pub struct Trusts {
    /// The keys of a SAML provider.
    pub keys: Vec<TrustItem>,
    /// What `trust-refresh` has seen of them.
    pub watch: Watch,
    /// The key sets of an OpenID provider and of Teams: what it is, the item, and what has been seen.
    pub key_sets: Vec<(&'static str, JwksItem, Watch)>,
    /// What people did, oldest first.
    pub history: Vec<TrustChange>,
}

/// What a person did to a connection's keys: an item beside its watch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrustChange {
    /// `watch#{connection}`
    pub pk: String,
    /// `history#{number}`, the number of the watch's write.
    pub sk: String,
    /// What they did.
    pub what: KeyChange,
    /// Lower-case hex SHA-256 of the certificate.
    pub fingerprint: String,
    /// When, in epoch seconds.
    pub at: i64,
    /// The ARN of who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What a person can do to a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyChange {
    /// Trust one of the metadata's before its time.
    Approve,
    /// Trust one whatever the metadata says.
    Add,
    /// Trust it no longer.
    Remove,
    /// A word of another version's.
    #[serde(untagged)]
    Unknown(String),
}

impl KeyChange {
    /// As stored. An unknown word may hold anything.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Approve => "approve",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Unknown(word) => word,
        }
    }
}

impl Operator {
    /// Everything that a connection trusts.
    pub async fn trusts(&self, id: &ConnectionId) -> Result<Trusts, OperatorError> {
        let connection = self.connection(id).await?;
        let mut key_sets = Vec::new();
        for sk in [OIDC_JWKS, TEAMS_JWKS] {
            if let Some(item) = self.get(&self.names.trust, id.to_string(), sk).await? {
                key_sets.push((sk, item, self.watch(id, sk).await?.watch));
            }
        }
        let keys = match connection.protocol() {
            Protocol::Saml(_) => self.keys(id).await?,
            Protocol::Oidc(_) | Protocol::Workos(_) | Protocol::Teams => Vec::new(),
        };
        let history = self.trust_items(WatchItem::partition(id), HISTORY).await?;
        let history = history.into_iter().map(|item| parse(id, item)).collect::<Result<_, _>>()?;
        Ok(Trusts { keys, watch: self.watch(id, SAML_WATCH).await?.watch, key_sets, history })
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
        let mut watch = self.watch(id, SAML_WATCH).await?.watch;
        let keys = trusted(&self.keys(id).await?, &mut watch, now);
        let keys = keys.map_err(|_| OperatorError::Item(id.to_string()))?;
        Ok(decide(Believed { idp: saml.idp(), keys: &keys }, watch, reading, now))
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
        if self.keys(id).await?.iter().any(|key| key.sk == fingerprint) {
            return Err(OperatorError::AlreadyTrusted(id.clone()));
        }
        let before = self.watch(id, SAML_WATCH).await?;
        let waiting = before.watch.waiting.iter().find(|waiting| waiting.fingerprint == fingerprint);
        let certificate = match waiting {
            Some(waiting) => Certificate::from_base64(&waiting.certificate).ok(),
            None => published(self.metadata(saml, Self::now()).await?, fingerprint),
        };
        let certificate = certificate.ok_or_else(|| OperatorError::NoKey(id.clone(), fingerprint.to_owned()))?;
        self.trust_key(id, &before, &certificate, (KeyChange::Approve, reason)).await?;
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
        let before = self.watch(id, SAML_WATCH).await?;
        self.trust_key(id, &before, certificate, (KeyChange::Add, reason)).await
    }

    /// Trusts a key no longer, though it stand in the metadata for ever. Never the last one.
    pub async fn remove_key(&self, id: &ConnectionId, fingerprint: &str, reason: &str) -> Result<(), OperatorError> {
        saml(&self.connection(id).await?)?;
        let before = self.watch(id, SAML_WATCH).await?;
        let keys = self.keys(id).await?;
        let is_waiting = before.watch.waiting.iter().any(|waiting| waiting.fingerprint == fingerprint);
        let is_trusted = keys.iter().any(|key| key.sk == fingerprint);
        if !is_trusted && !is_waiting {
            return Err(OperatorError::NoKey(id.clone(), fingerprint.to_owned()));
        }
        let mut watch = before.watch.clone();
        watch.waiting.retain(|waiting| waiting.fingerprint != fingerprint);
        watch.refused.insert(fingerprint.to_owned());
        let mut writes = self.change(&before, watch)?;
        if is_trusted {
            let now = Self::now();
            let other = keys.iter().find(|key| key.sk != fingerprint && key.is_live(now));
            let other = other.ok_or_else(|| OperatorError::LastKey(id.clone()))?;
            writes.push(self.exists(other)?, Guards::LastKey(id.clone()));
            writes.delete(&self.names.trust, id.as_str(), fingerprint)?;
        }
        self.record(&mut writes, &before, fingerprint, (KeyChange::Remove, reason))?;
        self.write("remove the key", writes).await
    }

    async fn trust_key(
        &self,
        id: &ConnectionId,
        before: &WatchItem,
        certificate: &Certificate,
        (what, reason): (KeyChange, &str),
    ) -> Result<(), OperatorError> {
        let fingerprint = certificate.fingerprint();
        if self.keys(id).await?.len() >= MAX_KEYS {
            return Err(OperatorError::TooManyKeys(id.clone()));
        }
        let mut watch = before.watch.clone();
        watch.waiting.retain(|waiting| waiting.fingerprint != fingerprint);
        watch.refused.remove(fingerprint);
        watch.held = watch.held.filter(|held| held.what != HeldChange::AllKeys);
        let mut writes = self.change(before, watch)?;
        let item = TrustItem {
            by: Some(self.by.clone()),
            is_kept: what == KeyChange::Add,
            ..TrustItem::new(id, certificate, Self::now())
        };
        let put = put(&self.names.trust, &item)?.condition_expression("attribute_not_exists(certificate)");
        writes.put(put, Guards::Trusted(id.clone()))?;
        self.record(&mut writes, before, fingerprint, (what, reason))?;
        self.write("trust the key", writes).await
    }

    fn change(&self, before: &WatchItem, watch: Watch) -> Result<Writes, OperatorError> {
        let id = ConnectionId::parse(before.pk.trim_start_matches("watch#"));
        let broken = || OperatorError::Item(before.pk.clone());
        let next = before.next(&self.names.trust, watch).map_err(|_| broken())?;
        let mut writes = Writes::default();
        writes.push(next, Guards::Current(id.map_err(|_| broken())?));
        Ok(writes)
    }

    fn exists(&self, key: &TrustItem) -> Result<TransactWriteItem, OperatorError> {
        let check = ConditionCheck::builder()
            .table_name(&self.names.trust)
            .key("pk", AttributeValue::S(key.pk.clone()))
            .key("sk", AttributeValue::S(key.sk.clone()))
            .condition_expression("attribute_exists(pk)")
            .build()
            .map_err(|_| OperatorError::Item("a write".into()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    fn record(
        &self,
        writes: &mut Writes,
        before: &WatchItem,
        fingerprint: &str,
        (what, reason): (KeyChange, &str),
    ) -> Result<(), OperatorError> {
        let change = TrustChange {
            pk: before.pk.clone(),
            // In the order of the writes, of which each has a number of its own.
            sk: format!("{HISTORY}{:06}", before.n + 1),
            what,
            fingerprint: fingerprint.to_owned(),
            at: Self::now().as_second(),
            by: self.by.clone(),
            reason: reason.to_owned(),
        };
        writes.put(put(&self.names.trust, &change)?, Guards::Nothing)
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

    async fn watch(&self, id: &ConnectionId, sk: &str) -> Result<WatchItem, OperatorError> {
        let item = self.get(&self.names.trust, WatchItem::partition(id), sk).await?;
        Ok(item.unwrap_or_else(|| WatchItem::none(id, sk)))
    }

    async fn keys(&self, id: &ConnectionId) -> Result<Vec<TrustItem>, OperatorError> {
        let items = self.trust_items(id.to_string(), "").await?;
        items.into_iter().filter(TrustItem::is_key).map(|item| parse(id, item)).collect()
    }

    /// The items of a partition of `trust` whose sort key begins so.
    async fn trust_items(
        &self,
        pk: String,
        begin: &str,
    ) -> Result<Vec<HashMap<String, AttributeValue>>, OperatorError> {
        let mut query = self
            .dynamodb
            .query()
            .table_name(&self.names.trust)
            .consistent_read(true)
            .key_condition_expression(if begin.is_empty() {
                "pk = :pk"
            } else {
                "pk = :pk AND begins_with(sk, :begin)"
            })
            .expression_attribute_values(":pk", AttributeValue::S(pk));
        if !begin.is_empty() {
            query = query.expression_attribute_values(":begin", AttributeValue::S(begin.to_owned()));
        }
        let page = query.send().await.map_err(|error| OperatorError::aws("read the table", &error))?;
        Ok(page.items.unwrap_or_default())
    }
}

fn parse<T: for<'de> Deserialize<'de>>(
    id: &ConnectionId,
    item: HashMap<String, AttributeValue>,
) -> Result<T, OperatorError> {
    serde_dynamo::from_item(item).map_err(|_| OperatorError::Item(id.to_string()))
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
