//! A customer's directory at WorkOS, as the function `workos-sync` has last seen it. Only that one has the API's key.

use stoa_core::dsync::SyncItem;
use stoa_core::ids::ConnectionId;

use super::{OperatorError, StackAccess};
use crate::store::{Key, Reads};

impl StackAccess {
    /// How far stoa has come with it, and how it stood. `None`: it was never asked.
    pub async fn workos_seen(&self, connection: &ConnectionId) -> Result<Option<SyncItem>, OperatorError> {
        let seen = self.tables.get(&Key::workos_sync(connection), Reads::Consistent).await;
        seen.map_err(OperatorError::store("read what WorkOS was asked"))
    }
}
