//! Connections and schools into the tables: plan, then one transaction.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use base64::{Engine, engine::general_purpose::STANDARD};
use stoa_core::connection::{Connection, ConnectionDocument, ConnectionState, IdpDocument, School, SchoolDocument};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_saml::metadata::{Binding, IdpMetadata};

use super::{Operator, OperatorError};
use crate::store::{ConnectionItem, DomainItem, SchoolItem, TrustItem};

/// A connection's file and the metadata that it names.
pub struct ConnectionFile {
    /// Where it was read, for messages.
    pub path: String,
    /// TOML.
    pub text: String,
    /// The contents of `saml.metadata_file`, where one is named.
    pub metadata: Option<Vec<u8>>,
}

/// What an apply did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The connection.
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
    metadata: Option<IdpMetadata>,
    applied: Applied,
}

impl Planned {
    /// What would be done.
    pub fn summary(&self) -> &Applied {
        &self.applied
    }
}

impl Operator {
    /// Reads a connection's file, checks it, and compares it with what is stored.
    pub async fn plan(&self, file: &ConnectionFile) -> Result<Planned, OperatorError> {
        let (document, metadata) = self.read_file(file)?;
        let current = self.current(&document.id).await?;
        let (version, state) = current.as_ref().map_or((0, ConnectionState::Draft), |item| (item.version, item.state));
        Connection::check(document.clone(), version + 1, state, self.url_policy)?;
        if self.school_item(&document.school).await?.is_none() {
            return Err(OperatorError::NoSchool(document.school));
        }
        let before = current.as_ref().map(|item| stored_document(item)).transpose()?;
        if let Some(before) = &before
            && before.saml.sp_entity_id != document.saml.sp_entity_id
        {
            return Err(OperatorError::EntityIdFixed(document.id, before.saml.sp_entity_id.clone()));
        }
        let changes = differences(before.as_ref(), &document);
        let version = if changes.is_empty() { version } else { version + 1 };
        let applied = Applied { id: document.id.clone(), version, state, changes };
        Ok(Planned { document, current, metadata, applied })
    }

    fn read_file(&self, file: &ConnectionFile) -> Result<(ConnectionDocument, Option<IdpMetadata>), OperatorError> {
        let mut document: ConnectionDocument = toml::from_str(&file.text)
            .map_err(|error| OperatorError::File { path: file.path.clone(), message: error.to_string() })?;
        let Some(xml) = &file.metadata else { return Ok((document, None)) };
        let metadata = stoa_saml::metadata::parse(xml, None, Self::now())
            .map_err(|source| OperatorError::Metadata { path: file.path.clone(), source })?;
        let endpoint = |binding| {
            metadata.sso.iter().find(|endpoint| endpoint.binding == binding).map(|endpoint| endpoint.location.clone())
        };
        document.saml.idp = Some(IdpDocument {
            entity_id: metadata.entity_id.clone(),
            sso_redirect: endpoint(Binding::Redirect),
            sso_post: endpoint(Binding::Post),
        });
        document.saml.metadata_file = None;
        Ok((document, Some(metadata)))
    }

    /// Writes a plan: version, current item, domain claims and, for a new connection, its keys, all or nothing.
    pub async fn apply(&self, planned: Planned) -> Result<Applied, OperatorError> {
        if planned.applied.changes.is_empty() {
            return Ok(planned.applied);
        }
        let mut writes = self.connection_writes(&planned)?;
        for domain in &planned.document.domains {
            writes.push(self.domain_claim(&planned.document, domain)?);
        }
        // `apply` brings a connection's first keys; whatever comes after goes through the trust rules.
        if planned.current.is_none()
            && let Some(metadata) = &planned.metadata
        {
            for certificate in &metadata.signing {
                writes.push(self.first_key(&planned.document.id, certificate)?);
            }
        }
        let claims = planned.document.domains.join(", ");
        match self.dynamodb.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(planned.applied),
            Err(SdkError::ServiceError(error)) if error.err().is_transaction_canceled_exception() => {
                Err(OperatorError::Refused(format!(
                    "nothing was written: somebody else has applied {} meanwhile, or one of the domains {claims} \
                     belongs to another customer of the school",
                    planned.document.id
                )))
            }
            Err(error) => Err(OperatorError::aws("apply", &error)),
        }
    }

    fn connection_writes(&self, planned: &Planned) -> Result<Vec<TransactWriteItem>, OperatorError> {
        let item = ConnectionItem {
            pk: format!("connection#{}", planned.document.id),
            sk: "current".into(),
            version: planned.applied.version,
            state: planned.applied.state,
            document: json(&planned.document)?,
            at: Self::now().as_second(),
            by: self.by.clone(),
            reason: None,
        };
        self.versioned(item, planned.current.as_ref())
    }

    /// The current item over the one that was read, and its copy in the history.
    pub(super) fn versioned(
        &self,
        item: ConnectionItem,
        before: Option<&ConnectionItem>,
    ) -> Result<Vec<TransactWriteItem>, OperatorError> {
        let history = ConnectionItem { sk: format!("version#{:06}#{}", item.version, item.at), ..item.clone() };
        let current = put(&self.names.connections, &item)?;
        let current = match before {
            None => current.condition_expression("attribute_not_exists(pk)"),
            Some(before) => current
                .condition_expression("version = :version AND #at = :at")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":version", AttributeValue::N(before.version.to_string()))
                .expression_attribute_values(":at", AttributeValue::N(before.at.to_string())),
        };
        Ok(vec![finish(current)?, finish(put(&self.names.connections, &history)?)?])
    }

    fn domain_claim(&self, document: &ConnectionDocument, domain: &str) -> Result<TransactWriteItem, OperatorError> {
        let claim = DomainItem {
            pk: format!("domain#{}#{domain}", document.school),
            sk: "claim".into(),
            customer: document.customer.to_string(),
        };
        finish(
            put(&self.names.connections, &claim)?
                .condition_expression("attribute_not_exists(pk) OR customer = :customer")
                .expression_attribute_values(":customer", AttributeValue::S(claim.customer.clone())),
        )
    }

    fn first_key(
        &self,
        id: &ConnectionId,
        certificate: &stoa_saml::Certificate,
    ) -> Result<TransactWriteItem, OperatorError> {
        let key = TrustItem {
            pk: id.to_string(),
            sk: certificate.fingerprint().to_owned(),
            certificate: STANDARD.encode(certificate.der()),
            from: Self::now().as_second(),
            until: None,
        };
        finish(put(&self.names.trust, &key)?.condition_expression("attribute_not_exists(pk)"))
    }

    /// Writes a school. Its key version stays.
    pub async fn apply_school(&self, path: &str, text: &str) -> Result<SchoolDocument, OperatorError> {
        let document: SchoolDocument = toml::from_str(text)
            .map_err(|error| OperatorError::File { path: path.to_owned(), message: error.to_string() })?;
        let before = self.school_item(&document.id).await?;
        School::check(document.clone(), 0, self.url_policy)?;
        let item = SchoolItem {
            pk: format!("school#{}", document.id),
            sk: "current".into(),
            document: json(&document)?,
            key_version: before.map_or(1, |before| before.key_version),
            at: Self::now().as_second(),
            by: self.by.clone(),
        };
        self.put_item(&self.names.connections, &item).await?;
        Ok(document)
    }

    /// Moves a connection to another state, with the reason in its history.
    pub async fn set_state(
        &self,
        id: &ConnectionId,
        state: ConnectionState,
        reason: &str,
    ) -> Result<(), OperatorError> {
        let before = self.current(id).await?.ok_or_else(|| OperatorError::NoConnection(id.clone()))?;
        let item = ConnectionItem {
            state,
            version: before.version + 1,
            at: Self::now().as_second(),
            by: self.by.clone(),
            reason: Some(reason.to_owned()),
            ..before.clone()
        };
        let writes = self.versioned(item, Some(&before))?;
        self.dynamodb
            .transact_write_items()
            .set_transact_items(Some(writes))
            .send()
            .await
            .map_err(|error| OperatorError::aws("set state", &error))?;
        Ok(())
    }

    /// A connection's current item.
    pub async fn current(&self, id: &ConnectionId) -> Result<Option<ConnectionItem>, OperatorError> {
        self.get(&self.names.connections, format!("connection#{id}"), "current").await
    }

    /// A school's item.
    pub async fn school_item(&self, id: &SchoolId) -> Result<Option<SchoolItem>, OperatorError> {
        self.get(&self.names.connections, format!("school#{id}"), "current").await
    }

    pub(super) async fn get<T: for<'de> serde::Deserialize<'de>>(
        &self,
        table: &str,
        pk: String,
        sk: &str,
    ) -> Result<Option<T>, OperatorError> {
        let answer = self
            .dynamodb
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S(pk.clone()))
            .key("sk", AttributeValue::S(sk.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| OperatorError::aws("read", &error))?;
        answer.item.map(|item| serde_dynamo::from_item(item).map_err(|_| OperatorError::Item(pk))).transpose()
    }

    pub(super) async fn put_item<T: serde::Serialize>(&self, table: &str, item: &T) -> Result<(), OperatorError> {
        let item = serde_dynamo::to_item(item).map_err(|_| OperatorError::Item(table.to_owned()))?;
        self.dynamodb
            .put_item()
            .table_name(table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|error| OperatorError::aws("write", &error))?;
        Ok(())
    }
}

fn stored_document(item: &ConnectionItem) -> Result<ConnectionDocument, OperatorError> {
    serde_json::from_str(&item.document).map_err(|_| OperatorError::Item(item.pk.clone()))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, OperatorError> {
    serde_json::to_string(value).map_err(|_| OperatorError::Item("a document".into()))
}

fn put<T: serde::Serialize>(
    table: &str,
    item: &T,
) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder, OperatorError> {
    let item = serde_dynamo::to_item(item).map_err(|_| OperatorError::Item(table.to_owned()))?;
    Ok(Put::builder().table_name(table).set_item(Some(item)))
}

fn finish(put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem, OperatorError> {
    let put = put.build().map_err(|_| OperatorError::Item("a write".into()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// What differs between two documents, by the path of each value.
fn differences(before: Option<&ConnectionDocument>, after: &ConnectionDocument) -> Vec<String> {
    let flat = |document: &ConnectionDocument| {
        let mut values = std::collections::BTreeMap::new();
        flatten("", &serde_json::to_value(document).unwrap_or_default(), &mut values);
        values
    };
    let (old, new) = (before.map(flat).unwrap_or_default(), flat(after));
    let paths: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    paths
        .into_iter()
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| {
            let show = |value: Option<&String>| value.cloned().unwrap_or_else(|| "(none)".into());
            format!("{path}: {} → {}", show(old.get(path)), show(new.get(path)))
        })
        .collect()
}

fn flatten(path: &str, value: &serde_json::Value, into: &mut std::collections::BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, into);
            }
        }
        other => {
            into.insert(path.to_owned(), other.to_string());
        }
    }
}
