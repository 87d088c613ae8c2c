//! Connections into the tables: plan, then one transaction.

use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, Source};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::routes::Index;
use stoa_saml::metadata::IdpMetadata;

use super::difference::differences;
use super::fetch::key_addresses;
use super::home_realm::lead;
use super::transaction::{Guards, Writes};
use super::{ConnectionFile, OperatorError, Published, StackAccess, json};
use crate::store::{
    ABSENT, Between, ConnectionItem, DomainItem, JwksItem, Key, ListedItem, NO_KEY, Range, Reads, TrustItem, Write,
    due_of, stopped_of,
};

/// What an apply did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The connection's name.
    pub id: ConnectionId,
    /// Its version from now on.
    pub version: u32,
    /// Where it stands.
    pub state: ConnectionState,
    /// `field: old → new`, one line each; empty: nothing to do.
    pub changes: Vec<String>,
}

/// A connection that is ready to be written.
pub struct Planned {
    document: ConnectionDocument,
    current: Option<ConnectionItem>,
    published: Published,
    applied: Applied,
    pub(super) reason: Option<String>,
    /// Signing keys of the metadata that the connection does not trust, by fingerprint. Apply does not change them.
    pub untrusted_keys: Vec<String>,
    /// The entity id of the SAML identity provider before, where it is another one now. Its keys stay trusted.
    pub former_idp: Option<String>,
    /// Domains that the stored document does not name.
    pub new_domains: Vec<String>,
    /// Domains that the document names no longer. They stay the customer's.
    pub kept_domains: Vec<String>,
}

impl Planned {
    /// Why the provider's last known description was taken instead of a fresh one, if it was.
    pub fn unreached(&self) -> Option<&str> {
        self.published.unreached.as_deref()
    }

    /// The document that is stored, where the connection is not new.
    pub(super) fn stored(&self) -> Result<Option<ConnectionDocument>, OperatorError> {
        self.current.as_ref().map(ConnectionItem::document).transpose()
    }

    /// The document that would be written.
    pub fn document(&self) -> &ConnectionDocument {
        &self.document
    }

    /// The SAML metadata that was read for it, where some was.
    pub fn metadata(&self) -> Option<&IdpMetadata> {
        self.published.metadata.as_ref()
    }

    /// What would be done.
    pub fn summary(&self) -> &Applied {
        &self.applied
    }

    /// The same, with why it is done, for the history.
    #[must_use]
    pub fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }

    /// Whether the connection is not in the table yet.
    pub fn is_new(&self) -> bool {
        self.current.is_none()
    }

    /// Counts on from a connection whose current item is gone.
    pub(super) fn continue_after(&mut self, last: &ConnectionItem) {
        self.applied.version = last.version + 1;
        self.applied.state = last.state;
    }
}

/// Connections of the same customer and school that have a directory, where a connection has none and asks none.
pub fn directories_beside<'a>(
    document: &ConnectionDocument,
    others: impl IntoIterator<Item = &'a ConnectionDocument>,
) -> Vec<ConnectionId> {
    let directory = document.directory.as_ref();
    if directory.is_some_and(|directory| directory.source != Source::None || directory.of.is_some()) {
        return Vec::new();
    }
    others.into_iter().filter(|other| is_beside(document, other)).map(|other| other.id.clone()).collect()
}

/// Whether another connection has a directory, of the same customer's people at the same school.
fn is_beside(document: &ConnectionDocument, other: &ConnectionDocument) -> bool {
    let has_directory = other.directory.as_ref().is_some_and(|directory| directory.source != Source::None);
    let is_same = document.customer == other.customer && document.school == other.school;
    has_directory && is_same && document.id != other.id
}

fn former_idp(before: &ConnectionDocument, after: &ConnectionDocument) -> Option<String> {
    let entity_id = |document: &ConnectionDocument| Some(document.saml.as_ref()?.idp.as_ref()?.entity_id.clone());
    entity_id(before).filter(|former| entity_id(after).as_ref() != Some(former))
}

impl StackAccess {
    /// Reads a connection's file, checks it, and compares it with what is stored.
    pub async fn plan(&self, file: &ConnectionFile) -> Result<Planned, OperatorError> {
        self.plan_beside(file, &[]).await
    }

    /// The same, where these schools are about to be written.
    pub async fn plan_beside(&self, file: &ConnectionFile, schools: &[SchoolId]) -> Result<Planned, OperatorError> {
        let now = Self::now();
        let (mut document, mut published) = file.read(now)?;
        let current = self.current(&document.id).await?;
        let stored = current.as_ref().map(ConnectionItem::document).transpose()?;
        if !schools.contains(&document.school) && self.school_item(&document.school).await?.is_none() {
            return Err(OperatorError::NoSchool(document.school));
        }
        self.fetch(&mut document, &mut published, stored.as_ref(), now).await?;
        self.compare(document, current, published).await
    }

    /// Checks a document and compares it with the stored one.
    pub(super) async fn compare(
        &self,
        document: ConnectionDocument,
        current: Option<ConnectionItem>,
        mut published: Published,
    ) -> Result<Planned, OperatorError> {
        let (version, state) = current.as_ref().map_or((0, ConnectionState::Draft), |item| (item.version, item.state));
        Connection::check(document.clone(), version + 1, state, self.url_policy)?;
        let before = current.as_ref().map(ConnectionItem::document).transpose()?;
        if let Some(before) = &before
            && let (Some(was), Some(is)) = (&before.saml, &document.saml)
            && was.sp_entity_id != is.sp_entity_id
        {
            return Err(OperatorError::EntityIdFixed(document.id, was.sp_entity_id.clone()));
        }
        if let Some(before) = before.as_ref().filter(|before| before.school != document.school) {
            self.check_directory_empty(before).await?;
        }
        if let Some(of) = document.directory.as_ref().and_then(|directory| directory.of.as_ref()) {
            self.check_directory_of(&document, of).await?;
        }
        for domain in &document.domains {
            self.check_claim(&document, domain).await?;
        }
        let changes = differences(before.as_ref(), &document);
        let version = if changes.is_empty() { version } else { version + 1 };
        let applied = Applied { id: document.id.clone(), version, state, changes };
        self.fetch_keys(&document, &mut published, before.as_ref()).await?;
        let untrusted_keys = match (&current, &published.metadata) {
            (Some(_), Some(metadata)) => self.untrusted(&document.id, metadata).await?,
            _ => Vec::new(),
        };
        let former_idp = before.as_ref().and_then(|before| former_idp(before, &document));
        let known = before.map(|before| before.domains).unwrap_or_default();
        let new_domains = document.domains.iter().filter(|domain| !known.contains(domain)).cloned().collect();
        let kept_domains = known.into_iter().filter(|domain| !document.domains.contains(domain)).collect();
        Ok(Planned {
            document,
            current,
            published,
            applied,
            reason: None,
            untrusted_keys,
            former_idp,
            new_domains,
            kept_domains,
        })
    }

    /// What was done for people of a directory was done at one school: its accounts' ids are others' elsewhere. Nor may
    /// anything be left to be done there for those who are gone.
    async fn check_directory_empty(&self, before: &ConnectionDocument) -> Result<(), OperatorError> {
        let failed = OperatorError::store("read the directory");
        let is_empty = self.tables.is_empty(&Range::listed_users(&before.id)).await;
        if !is_empty.map_err(failed)? {
            return Err(OperatorError::SchoolFixed(before.id.clone(), before.school.clone()));
        }
        let waiting = [due_of(&before.id), stopped_of("held", &before.id), stopped_of("stuck", &before.id)];
        for of in waiting {
            let between = Between { index: Index::DirectoryByDue, of: &of, first: 0, last: i64::MAX };
            let due = self.tables.earliest(&between, 1).await.map_err(OperatorError::store("read the directory"))?;
            if !due.is_empty() {
                return Err(OperatorError::SchoolBusy(before.id.clone(), before.school.clone()));
            }
        }
        Ok(())
    }

    /// Another connection's directory says whether people may come in only where its people are the same customer's, at
    /// the same school.
    async fn check_directory_of(&self, document: &ConnectionDocument, of: &ConnectionId) -> Result<(), OperatorError> {
        let other = self.current(of).await?.map(|item| item.document()).transpose()?;
        match other.is_some_and(|other| is_beside(document, &other)) {
            true => Ok(()),
            false => Err(OperatorError::NoDirectoryBeside(document.id.clone(), of.clone())),
        }
    }

    /// [`directories_beside`], among those that are stored.
    pub async fn directories_beside(&self, document: &ConnectionDocument) -> Result<Vec<ConnectionId>, OperatorError> {
        let stored = self.list().await?;
        let others = stored.iter().map(ConnectionItem::document).collect::<Result<Vec<_>, _>>()?;
        Ok(directories_beside(document, &others))
    }

    async fn check_claim(&self, document: &ConnectionDocument, domain: &str) -> Result<(), OperatorError> {
        let claim: Option<DomainItem> =
            self.tables.get(&Key::domain(&document.school, domain), Reads::Consistent).await?;
        match claim {
            Some(claim) if claim.customer != document.customer => Err(OperatorError::DomainTaken {
                domain: domain.to_owned(),
                wanted_by: document.customer.clone(),
                owner: Some(claim.customer.into()),
            }),
            Some(_) | None => Ok(()),
        }
    }

    async fn untrusted(&self, id: &ConnectionId, metadata: &IdpMetadata) -> Result<Vec<String>, OperatorError> {
        let mut unknown = Vec::new();
        for certificate in &metadata.signing {
            let fingerprint = certificate.fingerprint();
            let trusted: Option<TrustItem> = self.tables.get(&Key::trusted(id, fingerprint), Reads::Consistent).await?;
            if trusted.is_none() {
                unknown.push(fingerprint.to_owned());
            }
        }
        Ok(unknown)
    }

    /// Writes a plan: version, current item, domain claims and, for a new connection, its keys, all or nothing.
    pub async fn apply(&self, planned: Planned) -> Result<Applied, OperatorError> {
        if planned.applied.changes.is_empty() {
            return Ok(planned.applied);
        }
        let (mut writes, id, now) = (Writes::default(), &planned.document.id, Self::now());
        let item = ConnectionItem {
            pk: Key::connection(id).pk,
            version: planned.applied.version,
            state: planned.applied.state,
            document: json(&planned.document)?,
            at: now.as_second(),
            by: self.by.clone(),
            reason: planned.reason.clone(),
            tester: planned.current.as_ref().and_then(|current| current.tester.clone()),
        };
        versioned(&mut writes, id, &item, planned.current.as_ref());
        let before = planned.current.as_ref().map(|item| Ok::<_, OperatorError>((item.document()?, item.state)));
        let before = before.transpose()?;
        let before = before.as_ref().map(|(document, state)| (document, *state));
        lead(&mut writes, before, (&planned.document, planned.applied.state));
        for domain in &planned.document.domains {
            claim(&mut writes, &planned.document, domain);
        }
        if planned.current.is_none() {
            writes.push(Key::listed(id).put(&ListedItem { connection: id.clone() }));
            // `apply` brings a connection's first keys; whatever comes after goes through the trust rules.
            for certificate in planned.published.metadata.iter().flat_map(|metadata| &metadata.signing) {
                let key = Key::trusted(id, certificate.fingerprint()).put(&TrustItem::new(certificate, now));
                writes.guarded(key.only_if(NO_KEY), Guards::Key(id.clone()));
            }
        }
        for address in key_addresses(&planned.document) {
            if let Some(jwks) = planned.published.key_sets.get(&address.set) {
                // The first keys of an issuer that the connection did not have before replace those of another one.
                let (uri, jwks, at) = (Some(address.uri), Some(jwks.clone()), now.as_second());
                writes.push(Key::key_set(id, address.set).put(&JwksItem { uri, jwks, at, ..JwksItem::default() }));
            }
        }
        self.write("write the connection", writes).await?;
        Ok(planned.applied)
    }

    /// A connection's current item.
    pub async fn current(&self, id: &ConnectionId) -> Result<Option<ConnectionItem>, OperatorError> {
        Ok(self.tables.get(&Key::connection(id), Reads::Consistent).await?)
    }
}

impl ConnectionItem {
    /// The document that the item holds.
    pub fn document(&self) -> Result<ConnectionDocument, OperatorError> {
        serde_json::from_str(&self.document).map_err(|_| OperatorError::Item(self.key()))
    }

    /// A write that is refused if anybody has written the connection since this was read.
    pub(super) fn unchanged(&self, write: Write) -> Write {
        write.only_if("version = :version AND #at = :at").with(":version", self.version).with(":at", self.at)
    }
}

/// The current item over the one that was read, and its copy in the history.
pub(super) fn versioned(
    writes: &mut Writes,
    id: &ConnectionId,
    item: &ConnectionItem,
    before: Option<&ConnectionItem>,
) {
    let current = Key::connection(id).put(item);
    let current = match before {
        None => current.only_if(ABSENT),
        Some(before) => before.unchanged(current),
    };
    writes.guarded(current, Guards::Current(id.clone()));
    let history = ConnectionItem { tester: None, ..item.clone() };
    writes.push(Key::version(id, item.version, item.at).put(&history));
}

fn claim(writes: &mut Writes, document: &ConnectionDocument, domain: &str) {
    let claim = Key::domain(&document.school, domain)
        .put(&DomainItem { customer: document.customer.clone() })
        .only_if("attribute_not_exists(pk) OR customer = :customer")
        .with(":customer", &document.customer);
    writes.guarded(claim, Guards::Domain(domain.to_owned(), document.customer.clone()));
}
