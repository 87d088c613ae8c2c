//! Logins that are found by an index: by an address's key, for the command `stoa`, or by their connection.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{ConnectionId, EmailKey, Reference};
use stoa_core::login::LoginItem;
use stoa_core::routes::Index;

use super::{Entries, Item, Key, Reads, Store, read};

impl Store {
    /// The proven logins of an address begun at `since` or later, newest first.
    pub async fn logins_of(&self, email: &EmailKey, since: i64, limit: u16) -> Result<Vec<Reference>, Failure> {
        self.references(&Entries { index: Index::LoginsByEmail, of: email.as_str(), since }, limit).await
    }

    /// The newest logins of a connection begun at `since` or later, newest first, up to a hundred.
    pub async fn newest_logins(&self, connection: &ConnectionId, since: i64) -> Result<Vec<LoginItem>, Failure> {
        let entries = Entries { index: Index::LoginsByConnection, of: connection.as_str(), since };
        let references = self.references(&entries, 100).await?;
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.tables.batch("logins", references.iter().map(Key::login), Reads::Eventual).await?;
        let logins = found.into_iter().map(|(table, item)| read(table, item));
        let mut logins = logins.collect::<Result<Vec<LoginItem>, _>>()?;
        logins.sort_by_key(|login| std::cmp::Reverse(login.began));
        Ok(logins)
    }

    async fn references(&self, entries: &Entries<'_>, limit: u16) -> Result<Vec<Reference>, Failure> {
        let page = self.tables.entries(entries, limit, None).await?;
        let strange = || Failure::noted(Fault::StoreItemStrange, &format!("an entry of {}", entries.index.as_str()));
        let reference = |item: &Item| Reference::parse(item.get("pk")?.as_s().ok()?).ok();
        page.items.iter().map(|item| reference(item).ok_or_else(strange)).collect()
    }
}
