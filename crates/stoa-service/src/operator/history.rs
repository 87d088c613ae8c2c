//! A connection's states and versions: who changed what, when and why, and the way back.

use stoa_core::connection::ConnectionState;
use stoa_core::ids::ConnectionId;

use super::apply::{Planned, versioned};
use super::difference::differences;
use super::home_realm::lead;
use super::transaction::Writes;
use super::{Applied, OperatorError, Published, StackAccess};
use crate::store::{ConnectionItem, ListedItem, Range, Reads};

/// A version of a connection, and what it changed.
#[derive(Clone, Debug)]
pub struct Version {
    /// As it was written.
    pub item: ConnectionItem,
    /// `field: old → new`, one line each, against the version before; of the first one all its settings.
    pub changes: Vec<String>,
}

impl StackAccess {
    /// Moves a connection to another state, with the reason in its history. It becomes active only after a test.
    pub async fn set_state(
        &self,
        id: &ConnectionId,
        state: ConnectionState,
        reason: &str,
    ) -> Result<Applied, OperatorError> {
        let before = self.existing(id).await?;
        match state {
            ConnectionState::Active if before.state != state => self.activate(before, reason).await,
            ConnectionState::Active | ConnectionState::Draft | ConnectionState::Tested | ConnectionState::Disabled => {
                self.change_state(before, state, reason).await
            }
        }
    }

    /// A connection's current item. That there is none is the caller's mistake.
    pub(super) async fn existing(&self, id: &ConnectionId) -> Result<ConnectionItem, OperatorError> {
        self.current(id).await?.ok_or_else(|| OperatorError::NoConnection(id.clone()))
    }

    pub(super) async fn change_state(
        &self,
        before: ConnectionItem,
        state: ConnectionState,
        reason: &str,
    ) -> Result<Applied, OperatorError> {
        let document = before.document()?;
        let id = &document.id;
        let mut applied = Applied { id: id.clone(), version: before.version, state, changes: Vec::new() };
        if before.state == state {
            return Ok(applied);
        }
        applied.version += 1;
        applied.changes.push(format!("state: {} → {}", before.state.as_str(), state.as_str()));
        let item = ConnectionItem {
            state,
            version: applied.version,
            at: Self::now().as_second(),
            by: self.by.clone(),
            reason: Some(reason.to_owned()),
            ..before.clone()
        };
        let mut writes = Writes::default();
        versioned(&mut writes, id, &item, Some(&before));
        lead(&mut writes, Some((&document, before.state)), (&document, state));
        self.write("set the state", writes).await?;
        Ok(applied)
    }

    /// Every connection, by name.
    pub async fn list(&self) -> Result<Vec<ConnectionItem>, OperatorError> {
        let mut items = Vec::new();
        for ListedItem { connection } in self.tables.query(&Range::listed(), Reads::Consistent).await? {
            items.extend(self.current(&connection).await?);
        }
        Ok(items)
    }

    /// Every version of a connection, oldest first.
    pub async fn history(&self, id: &ConnectionId) -> Result<Vec<ConnectionItem>, OperatorError> {
        let items: Vec<_> = self.tables.query(&Range::versions(id), Reads::Consistent).await?;
        if items.is_empty() { Err(OperatorError::NoConnection(id.clone())) } else { Ok(items) }
    }

    /// Every version of a connection with what it changed, oldest first.
    pub async fn versions(&self, id: &ConnectionId) -> Result<Vec<Version>, OperatorError> {
        let items = self.history(id).await?;
        let befores = std::iter::once(None).chain(items.iter().map(Some));
        let changed = items.iter().zip(befores).map(|(item, before)| {
            Ok::<_, OperatorError>(Version { item: item.clone(), changes: changes(before, item)? })
        });
        changed.collect()
    }

    /// One version of a connection; without a number, the one in force.
    pub async fn version(&self, id: &ConnectionId, version: Option<u32>) -> Result<ConnectionItem, OperatorError> {
        match version {
            None => self.existing(id).await,
            Some(version) => {
                let mut history = self.history(id).await?.into_iter();
                let found = history.find(|item| item.version == version);
                found.ok_or_else(|| OperatorError::NoVersion(id.clone(), version))
            }
        }
    }

    /// Plans to write the document of an earlier version once more. State and keys stay as they are. It also brings
    /// back a connection whose current item is gone, in its last state.
    pub async fn plan_rollback(&self, id: &ConnectionId, version: u32, reason: &str) -> Result<Planned, OperatorError> {
        let history = self.history(id).await?;
        let wanted = history.iter().find(|item| item.version == version);
        let wanted = wanted.ok_or_else(|| OperatorError::NoVersion(id.clone(), version))?.document()?;
        let mut planned = self.compare(wanted, self.current(id).await?, Published::default()).await?;
        if let (true, Some(last)) = (planned.is_new(), history.last()) {
            planned.continue_after(last);
        }
        planned.reason = Some(reason.to_owned());
        Ok(planned)
    }
}

/// What a version says otherwise than the one before, its state included.
fn changes(before: Option<&ConnectionItem>, item: &ConnectionItem) -> Result<Vec<String>, OperatorError> {
    let document = before.map(ConnectionItem::document).transpose()?;
    let mut changes = differences(document.as_ref(), &item.document()?);
    if let Some(before) = before.filter(|before| before.state != item.state) {
        changes.push(format!("state: {} → {}", before.state.as_str(), item.state.as_str()));
    }
    Ok(changes)
}
