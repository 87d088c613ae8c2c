//! Who is found, by a value or one after the other.

use stoa_core::directory::{KeyItem, KeyOf};
use stoa_core::failure::Failure;
use stoa_scim::ResourceType;

use super::People;
use crate::store::items::{ListedId, ValueItem};
use crate::store::{Key, Range, Reads};

impl People<'_> {
    /// Whose a value is that only one may have: one read.
    pub(super) async fn owner(&self, value: &KeyOf) -> Result<Option<String>, Failure> {
        Ok(self.lock(value).await?.filter(|lock| !lock.gone).map(|lock| lock.id))
    }

    /// Whose it is, or was, before they were taken away: one read.
    pub(super) async fn lock(&self, value: &KeyOf) -> Result<Option<KeyItem>, Failure> {
        let key = Key::lock(self.connection, value.by.as_str(), &value.hash);
        Ok(self.store.tables.get(&key, Reads::Consistent).await?)
    }

    /// The ids of those who have a value: one read.
    pub async fn having(&self, value: &KeyOf) -> Result<Vec<String>, Failure> {
        if value.by.is_unique() {
            return Ok(self.owner(value).await?.into_iter().collect());
        }
        let range = Range::found(self.connection, value.by.as_str(), &value.hash);
        let items: Vec<ValueItem> = self.store.tables.query(&range, Reads::Consistent).await?;
        Ok(items.into_iter().filter(|item| !item.kept_out).map(|item| item.id).collect())
    }

    /// Whether there is anybody: one read.
    pub async fn has_any(&self) -> Result<bool, Failure> {
        Ok(!self.store.tables.is_empty(&Range::listed_users(self.connection)).await?)
    }

    /// The ids of all people or groups, in a stable order.
    pub async fn ids(&self, resource: ResourceType) -> Result<Vec<String>, Failure> {
        let range = match resource {
            ResourceType::User => Range::listed_users(self.connection),
            ResourceType::Group => Range::listed_groups(self.connection),
        };
        let listed: Vec<ListedId> = self.store.tables.query(&range, Reads::Consistent).await?;
        Ok(listed.into_iter().map(|listed| listed.sk).collect())
    }
}
