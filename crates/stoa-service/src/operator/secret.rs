//! Secrets: written from standard input, listed by name, removed where nothing uses them; never read.

use std::fmt;

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry};
use stoa_core::connection::{ConnectionDocument, ConnectionState};
use stoa_core::ids::{ConnectionId, SchoolId};
use stoa_core::keys::KeySet;
use stoa_core::routes::SecretKind;

use super::{OperatorError, StackAccess};
use crate::random;

/// How long a removed secret can be restored, in days. The longest that Secrets Manager has.
const RECOVERY_DAYS: i64 = 30;

/// Which secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretName {
    /// The seal secret.
    Seal,
    /// The pepper. It can be written once only.
    Pepper,
    /// What seals the profiles of directories.
    Directory,
    /// A connection's SAML private keys.
    Saml(ConnectionId),
    /// A connection's OAuth client secret, private key, or WorkOS API key.
    Oidc(ConnectionId),
    /// What WorkOS signs a connection's webhooks with.
    Workos(ConnectionId),
    /// A school's Thinkific API key.
    Thinkific(SchoolId),
    /// The key of the probe's identity provider.
    Probe,
}

impl SecretName {
    /// Reads a name without the stack's prefix: `seal`, `oidc/acme`.
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, id) = match name.split_once('/') {
            Some((kind, id)) => (kind, Some(id)),
            None => (name, None),
        };
        let kind = SecretKind::ALL.iter().find(|known| known.as_str() == kind)?;
        match (kind, id) {
            (SecretKind::Seal, None) => Some(Self::Seal),
            (SecretKind::Pepper, None) => Some(Self::Pepper),
            (SecretKind::Directory, None) => Some(Self::Directory),
            (SecretKind::Probe, None) => Some(Self::Probe),
            (SecretKind::Saml, Some(id)) => ConnectionId::parse(id).ok().map(Self::Saml),
            (SecretKind::Oidc, Some(id)) => ConnectionId::parse(id).ok().map(Self::Oidc),
            (SecretKind::Workos, Some(id)) => ConnectionId::parse(id).ok().map(Self::Workos),
            (SecretKind::Thinkific, Some(id)) => SchoolId::parse(id).ok().map(Self::Thinkific),
            (SecretKind::Seal | SecretKind::Pepper | SecretKind::Directory | SecretKind::Probe, Some(_))
            | (SecretKind::Saml | SecretKind::Oidc | SecretKind::Workos | SecretKind::Thinkific, None) => None,
        }
    }

    fn full(&self, prefix: &str) -> String {
        format!("{prefix}/{self}")
    }
}

/// The name without the stack's prefix.
impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seal => f.write_str(SecretKind::Seal.as_str()),
            Self::Pepper => f.write_str(SecretKind::Pepper.as_str()),
            Self::Directory => f.write_str(SecretKind::Directory.as_str()),
            Self::Probe => f.write_str(SecretKind::Probe.as_str()),
            Self::Saml(id) => write!(f, "{}/{id}", SecretKind::Saml.as_str()),
            Self::Oidc(id) => write!(f, "{}/{id}", SecretKind::Oidc.as_str()),
            Self::Workos(id) => write!(f, "{}/{id}", SecretKind::Workos.as_str()),
            Self::Thinkific(id) => write!(f, "{}/{id}", SecretKind::Thinkific.as_str()),
        }
    }
}

/// Whose a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretOwner {
    /// The stack's: every login needs it.
    Stack,
    /// A connection's, which needs it as it stands, or does not.
    Connection(ConnectionId, bool),
    /// A school's.
    School(SchoolId),
    /// There is no connection or school of that name.
    Nobody,
}

/// A secret, as far as it is listed. Its value is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSecret {
    /// The name without the stack's prefix. Anybody with access to Secrets Manager chooses it.
    pub name: String,
    /// When it was made, in epoch seconds.
    pub created: Option<i64>,
    /// When its value was last written, in epoch seconds.
    pub changed: Option<i64>,
    /// Since when it is marked for deletion, in epoch seconds, if it is. Nobody can read it.
    pub deleted: Option<i64>,
}

/// The secrets without which a connection lets nobody in.
pub fn needed_secrets(document: &ConnectionDocument) -> Vec<SecretName> {
    let (id, mut needed) = (&document.id, Vec::new());
    if document.saml.as_ref().is_some_and(|saml| saml.sign_requests || !saml.sp_certificates.is_empty()) {
        needed.push(SecretName::Saml(id.clone()));
    }
    let is_told_by_workos = document.directory.as_ref().is_some_and(|directory| directory.workos.is_some());
    if document.oidc.is_some() || document.workos.is_some() || is_told_by_workos {
        needed.push(SecretName::Oidc(id.clone()));
    }
    if is_told_by_workos {
        needed.push(SecretName::Workos(id.clone()));
    }
    if document.directory.is_some() {
        needed.push(SecretName::Directory);
    }
    if id.is_probe() {
        needed.push(SecretName::Probe);
    }
    needed
}

/// A secret's text on its way in. Redacted in `Debug`.
pub struct SecretText(String);

impl SecretText {
    /// Takes what was read from standard input: either the plain value of one key, or a whole key set as JSON.
    pub fn new(text: &str) -> Result<Self, OperatorError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(OperatorError::Secret("the secret is empty"));
        }
        if text.starts_with('{') {
            KeySet::parse(text).map_err(|_| {
                OperatorError::Secret(
                    "a key set is {\"keys\":[{\"id\":…,\"from\":…,\"value\":…}]}, with at least one key",
                )
            })?;
            return Ok(Self(text.to_owned()));
        }
        let key = serde_json::json!({ "id": "1", "from": 0, "value": text });
        Ok(Self(serde_json::json!({ "keys": [key] }).to_string()))
    }

    /// Makes a random value, for the secrets that are stoa's own.
    pub fn random() -> Result<Self, OperatorError> {
        let random = || random::token().map_err(|_| OperatorError::Secret("no random bytes"));
        Self::new(&format!("{}{}", random()?, random()?))
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText([redacted])")
    }
}

impl StackAccess {
    /// Writes a secret; makes it where it does not exist. A new Thinkific key is noticed by functions at once, since
    /// the school's key version goes up.
    pub async fn put_secret(&self, name: &SecretName, text: SecretText) -> Result<(), OperatorError> {
        let full = name.full(&self.names.secret_prefix);
        let created = self.secrets.create_secret().name(&full).secret_string(&text.0).send().await;
        match created {
            Ok(_) => {}
            Err(SdkError::ServiceError(error)) if error.err().is_resource_exists_exception() => {
                if *name == SecretName::Pepper {
                    return Err(OperatorError::Secret(
                        "the pepper exists and cannot be changed: every person's key depends on it",
                    ));
                }
                self.write_secret(&full, &text).await?;
            }
            // One that is marked for deletion keeps its name. Who writes it wants it back, with this value.
            Err(error) if is_marked_for_deletion(&error) && *name != SecretName::Pepper => {
                self.restore_secret(name).await?;
                self.write_secret(&full, &text).await?;
            }
            Err(error) => return Err(OperatorError::aws("create the secret", &error)),
        }
        match name {
            SecretName::Thinkific(school) => self.announce_key(school).await,
            SecretName::Seal
            | SecretName::Pepper
            | SecretName::Directory
            | SecretName::Saml(_)
            | SecretName::Oidc(_)
            | SecretName::Workos(_)
            | SecretName::Probe => Ok(()),
        }
    }

    async fn write_secret(&self, full: &str, text: &SecretText) -> Result<(), OperatorError> {
        let written = self.secrets.put_secret_value().secret_id(full).secret_string(&text.0).send().await;
        written.map(|_| ()).map_err(|error| OperatorError::aws("write the secret", &error))
    }

    /// Takes a secret's mark for deletion away: its value counts again.
    pub async fn restore_secret(&self, name: &SecretName) -> Result<(), OperatorError> {
        let restored = self.secrets.restore_secret().secret_id(name.full(&self.names.secret_prefix)).send().await;
        restored.map(|_| ()).map_err(|error| OperatorError::aws("restore the secret", &error))
    }

    /// Marks a secret for deletion. One that something needs stays.
    pub async fn remove_secret(&self, name: &SecretName) -> Result<(), OperatorError> {
        // A school whose item is missing is one that a connection leads to all the same.
        if let SecretName::Thinkific(school) = name {
            for item in self.list().await? {
                if item.document()?.school == *school {
                    return Err(OperatorError::SecretNeeded(name.to_string()));
                }
            }
        }
        match self.owner_of(name).await? {
            SecretOwner::Stack | SecretOwner::School(_) | SecretOwner::Connection(_, true) => {
                return Err(OperatorError::SecretNeeded(name.to_string()));
            }
            SecretOwner::Connection(_, false) | SecretOwner::Nobody => {}
        }
        let full = name.full(&self.names.secret_prefix);
        let removed = self.secrets.delete_secret().secret_id(full).recovery_window_in_days(RECOVERY_DAYS).send().await;
        removed.map(|_| ()).map_err(|error| OperatorError::aws("remove the secret", &error))
    }

    /// Whose a secret of this name is, or would be.
    pub async fn owner_of(&self, name: &SecretName) -> Result<SecretOwner, OperatorError> {
        match name {
            SecretName::Seal | SecretName::Pepper | SecretName::Directory => Ok(SecretOwner::Stack),
            SecretName::Saml(id) | SecretName::Oidc(id) | SecretName::Workos(id) => {
                self.connection_owner(name, id).await
            }
            SecretName::Probe => self.connection_owner(name, &ConnectionId::probe()).await,
            SecretName::Thinkific(id) => Ok(match self.school_item(id).await? {
                Some(_) => SecretOwner::School(id.clone()),
                None => SecretOwner::Nobody,
            }),
        }
    }

    async fn connection_owner(&self, name: &SecretName, id: &ConnectionId) -> Result<SecretOwner, OperatorError> {
        Ok(match self.current(id).await? {
            Some(item) => {
                // Nobody comes in by one that is closed; until a secret is gone for good, it can be restored.
                let is_open = item.state != ConnectionState::Disabled;
                SecretOwner::Connection(id.clone(), is_open && needed_secrets(&item.document()?).contains(name))
            }
            None => SecretOwner::Nobody,
        })
    }

    /// Every secret under the stack's prefix, by name, those included that are marked for deletion.
    pub async fn list_secrets(&self) -> Result<Vec<ListedSecret>, OperatorError> {
        let prefix = format!("{}/", self.names.secret_prefix);
        let filter = Filter::builder().key(FilterNameStringType::Name).values(&prefix).build();
        let (mut listed, mut next) = (Vec::new(), None);
        loop {
            let page = self.secrets.list_secrets().filters(filter.clone()).include_planned_deletion(true);
            let page = page.set_next_token(next).send().await;
            let page = page.map_err(|error| OperatorError::aws("list the secrets", &error))?;
            // Secrets Manager takes the filter for a prefix; what it means by that is its own to say.
            listed.extend(page.secret_list.unwrap_or_default().into_iter().filter_map(|entry| of(entry, &prefix)));
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        listed.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(listed)
    }
}

fn of(entry: SecretListEntry, prefix: &str) -> Option<ListedSecret> {
    let seconds = |at: Option<aws_sdk_secretsmanager::primitives::DateTime>| at.map(|at| at.secs());
    Some(ListedSecret {
        name: entry.name.as_deref()?.strip_prefix(prefix)?.to_owned(),
        created: seconds(entry.created_date),
        changed: seconds(entry.last_changed_date),
        deleted: seconds(entry.deleted_date),
    })
}

fn is_marked_for_deletion<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    matches!(error, SdkError::ServiceError(error) if error.err().code() == Some("InvalidRequestException"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for name in ["seal", "pepper", "directory", "probe", "saml/pg", "oidc/initech", "thinkific/pg-academy"] {
            assert_eq!(SecretName::parse(name).unwrap().to_string(), name);
        }
        for other in ["", "salt", "seal/pg", "saml", "saml/", "saml/../x", "oidc/PG", "stoa/seal", "thinkific/a/b"] {
            assert_eq!(SecretName::parse(other), None, "{other}");
        }
    }
}
