//! What is found by the key of an e-mail address, for the command `stoa`.

use stoa_core::failure::Failure;
use stoa_core::fault::Fault;
use stoa_core::ids::{EmailKey, Reference};
use stoa_core::routes::Index;

use super::{Entries, Item, Store};

impl Store {
    /// The proven logins of an address begun at `since` or later, newest first.
    pub async fn logins_of(&self, email: &EmailKey, since: i64, limit: u16) -> Result<Vec<Reference>, Failure> {
        let entries = Entries { index: Index::LoginsByEmail, of: email.as_str(), since };
        let page = self.tables.entries(&entries, limit, None).await?;
        let strange = || Failure::noted(Fault::StoreItemStrange, "an entry of by-email");
        let reference = |item: &Item| Reference::parse(item.get("pk")?.as_s().ok()?).ok();
        page.items.iter().map(|item| reference(item).ok_or_else(strange)).collect()
    }
}
