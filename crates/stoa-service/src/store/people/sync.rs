//! How far stoa has come with what WorkOS tells of a directory.

use stoa_core::dsync::SyncItem;
use stoa_core::failure::Failure;
use stoa_core::ids::ConnectionId;

use crate::store::{ABSENT, Key, Reads, Store};

impl Store {
    /// How far; `None`: nothing was ever asked.
    pub async fn workos_sync(&self, connection: &ConnectionId) -> Result<Option<SyncItem>, Failure> {
        Ok(self.tables.get(&Key::workos_sync(connection), Reads::Consistent).await?)
    }

    /// Notes how far, over what was read, and counts the write. `false`: another run has noted something since.
    pub async fn put_workos_sync(&self, connection: &ConnectionId, item: &mut SyncItem) -> Result<bool, Failure> {
        let before = item.rev;
        item.rev += 1;
        let put = Key::workos_sync(connection).put(item);
        let put = match before {
            0 => put.only_if(ABSENT),
            rev => put.only_if("rev = :rev").with(":rev", rev),
        };
        Ok(self.tables.write(put).await?.is_applied())
    }
}
